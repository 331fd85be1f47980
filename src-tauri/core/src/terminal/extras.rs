//! What a screen keeps beside its characters, marks on them and links, and how little of it.
//!
//! The emulator keeps any number of marks a character and of bytes a link. A machine that sends them without end must not
//! take memory without end.

use alacritty_terminal::grid::{Dimensions, Grid};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Cell;

/// Marks and bytes of links that may come to a screen before it is looked through: 16 MiB of memory at most.
pub const MAX_EXTRAS: usize = 4 << 20;

/// Marks that a character keeps when its screen is looked through. Scripts that need most have fewer.
const MAX_MARKS: usize = 8;

/// What came to each screen since it was looked through last.
#[derive(Debug, Default)]
pub struct Extras {
    first: usize,
    other: usize,
}

impl Extras {
    /// That of a screen.
    pub fn of(&mut self, is_other: bool) -> &mut usize {
        match is_other {
            true => &mut self.other,
            false => &mut self.first,
        }
    }
}

/// Takes marks beyond the first few off every character, and every link.
pub fn trim(grid: &mut Grid<Cell>) {
    let last = grid.last_column().0;
    for line in grid.topmost_line().0..=grid.bottommost_line().0 {
        let row = &mut grid[Line(line)];
        for column in 0..=last {
            let cell = &mut row[Column(column)];
            if cell.extra.is_some() {
                shorten(cell);
            }
        }
    }
    shorten(&mut grid.cursor.template);
    shorten(&mut grid.saved_cursor.template);
}

fn shorten(cell: &mut Cell) {
    let marks: Vec<_> = cell.zerowidth().unwrap_or_default().to_vec();
    let colour = cell.underline_color();
    cell.extra = None;
    for mark in marks.into_iter().take(MAX_MARKS) {
        cell.push_zerowidth(mark);
    }
    if colour.is_some() {
        cell.set_underline_color(colour);
    }
}
