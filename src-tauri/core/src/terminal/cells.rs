//! What a place of the grid shows. The emulator leaves halves of wide characters where a program erases the other half; what
//! is written, drawn and read of them is a space, so that a line is as wide everywhere.

use alacritty_terminal::grid::{Dimensions, Grid, Row};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};

/// Whether a whole wide character begins at a place.
fn is_wide(row: &Row<Cell>, column: usize) -> bool {
    let has = |column: usize, flag: Flags| row[Column(column)].flags.contains(flag);
    has(column, Flags::WIDE_CHAR)
        && column + 1 < row.len()
        && has(column + 1, Flags::WIDE_CHAR_SPACER)
}

/// The character at a place with the marks on it; `None` for the right half of a wide one.
pub fn shown(row: &Row<Cell>, column: usize) -> Option<(char, &[char])> {
    let cell = &row[Column(column)];
    let left = column.checked_sub(1);
    if left.is_some_and(|left| is_wide(row, left)) {
        return None;
    }
    let spacers = Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER;
    let is_broken = cell.flags.contains(Flags::WIDE_CHAR) && !is_wide(row, column);
    if is_broken || cell.flags.intersects(spacers) {
        return Some((' ', &[]));
    }
    let text = if cell.c.is_control() { ' ' } else { cell.c };
    Some((text, cell.zerowidth().unwrap_or_default()))
}

/// How many columns of a line hold something.
pub fn used(grid: &Grid<Cell>, line: Line) -> usize {
    let (row, last) = (&grid[line], grid.last_column());
    if row[last].flags.contains(Flags::WRAPLINE) {
        return last.0 + 1;
    }
    let blank = Cell::default();
    let end = (0..=last.0).rev().find(|at| row[Column(*at)] != blank);
    end.map_or(0, |column| column + 1)
}

/// Whether the next line flows on from this one when both are written. A line that wrapped once is not continued by one
/// that was cleared since.
pub fn is_continued(grid: &Grid<Cell>, line: Line) -> bool {
    let flags = grid[line][grid.last_column()].flags;
    let next = Line(line.0 + 1);
    flags.contains(Flags::WRAPLINE)
        && used(grid, next) > 0
        && (is_wide(&grid[next], 0) || !flags.contains(Flags::LEADING_WIDE_CHAR_SPACER))
}
