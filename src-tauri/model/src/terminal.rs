//! A terminal's screen, as a protocol handler sees it.

use crate::input::Keysym;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Grid {
    /// Characters across.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Grid {
    /// The size a terminal has until a viewer says another: that of a VT100.
    pub const DEFAULT: Self = Self {
        columns: 80,
        rows: 24,
    };

    /// The most characters across: wider is no screen.
    pub const MAX_COLUMNS: u16 = 1000;
    /// The most lines.
    pub const MAX_ROWS: u16 = 500;

    /// The size within what a terminal can have. One of a single column or line confuses programs.
    pub fn clamped(self) -> Self {
        Self {
            columns: self.columns.clamp(2, Self::MAX_COLUMNS),
            rows: self.rows.clamp(2, Self::MAX_ROWS),
        }
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A place on a terminal's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// From the left, from 0.
    pub column: u16,
    /// From the top of the screen, from 0.
    pub row: u16,
}

/// A terminal's screen as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenText {
    /// The title the machine gave; empty when it gave none.
    pub title: String,
    /// Characters across.
    pub columns: u16,
    /// Lines of the screen.
    pub rows: u16,
    /// Where the cursor is; none while it is hidden.
    pub cursor: Option<Place>,
    /// Lines above the screen that there are.
    pub above: usize,
    /// The lines that were asked for above the screen, then those of the screen, without blanks at their ends.
    pub lines: Vec<String>,
}

/// Where a shell's output goes. It belongs to the session and outlives the link.
pub trait TerminalScreen: Send + Sync {
    /// Another shell begins.
    fn begin(&self);

    /// Takes output in; answers what the machine asked of the terminal.
    fn feed(&self, bytes: &[u8]) -> Vec<u8>;

    /// Its size.
    fn grid(&self) -> Grid;

    /// Takes another size; answers the one it has then.
    fn resize(&self, grid: Grid) -> Grid;

    /// What a key that went down sends now, with the keys that are held; nothing for one that sends nothing.
    fn key(&self, keysym: Keysym) -> Vec<u8>;

    /// A key went up.
    fn key_up(&self, keysym: Keysym);
}
