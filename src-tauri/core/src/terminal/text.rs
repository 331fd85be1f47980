//! A terminal's screen as text.

use super::{Terminal, cells};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::Flags;
use farwire_model::terminal::{Place, ScreenText};

impl Terminal {
    /// The screen as text, with up to so many lines above it.
    pub fn text(&self, lines_above: usize) -> ScreenText {
        let state = self.lock();
        let grid = state.term.grid();
        let above = grid.history_size();
        let first = i32::try_from(above.min(lines_above)).unwrap_or_default();
        let last = i32::from(state.grid.rows);
        let lines = (-first..last).map(|line| {
            let row = &grid[Line(line)];
            let mut text = String::new();
            for column in 0..grid.columns() {
                let Some((shown, marks)) = cells::shown(row, column) else {
                    continue;
                };
                let is_hidden = row[Column(column)].flags.contains(Flags::HIDDEN);
                text.push(if is_hidden { ' ' } else { shown });
                text.extend(marks);
            }
            text.truncate(text.trim_end().len());
            text
        });
        let lines = lines.collect();
        let point = grid.cursor.point;
        let is_shown = state.term.mode().contains(TermMode::SHOW_CURSOR);
        let cursor = is_shown.then(|| Place {
            column: u16::try_from(point.column.0).unwrap_or_default(),
            row: u16::try_from(point.line.0).unwrap_or_default(),
        });
        ScreenText {
            title: state.title.clone(),
            columns: state.grid.columns,
            rows: state.grid.rows,
            cursor,
            above,
            lines,
        }
    }
}
