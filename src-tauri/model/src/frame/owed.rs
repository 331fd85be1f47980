//! What one viewer has not been shown yet.

use super::Pixel;
use super::rect::{Rect, Region, Size};
use super::surface::{Cursor, Notice};
use std::sync::Arc;

/// A drawing command that needs no pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// Copies `from` so that its top left lies at (`x`, `y`).
    Copy {
        /// Where the pixels are.
        from: Rect,
        /// Their new left edge.
        x: u16,
        /// Their new top edge.
        y: u16,
    },
    /// Paints a rectangle in one colour.
    Fill {
        /// Where.
        rect: Rect,
        /// The colour.
        colour: Pixel,
    },
}

/// Past this many commands the pixels themselves are cheaper for a viewer that far behind.
const MAX_DRAWS: usize = 64;

/// What one viewer has not been shown yet. Pixels coalesce: the newest win. Structural notices coalesce by kind and
/// are never dropped.
#[derive(Debug, Default)]
pub struct Owed {
    /// The picture has a new size; everything before is void.
    pub size: Option<Size>,
    /// Commands, in order, to run before `dirty` is drawn.
    pub draws: Vec<Draw>,
    /// Where pixels changed; cut from the framebuffer when the viewer is ready.
    pub dirty: Region,
    /// A new cursor.
    pub cursor: Option<Arc<Cursor>>,
    /// The machine moved its own cursor.
    pub cursor_at: Option<(u16, u16)>,
    /// Notices by kind, newest only.
    pub notices: Vec<Notice>,
}

impl Owed {
    /// Whether the picture is not what the viewer has seen.
    pub fn has_picture(&self) -> bool {
        !self.draws.is_empty() || !self.dirty.is_empty()
    }

    /// Whether there is something besides pixels.
    pub fn has_news(&self) -> bool {
        self.size.is_some()
            || self.cursor.is_some()
            || self.cursor_at.is_some()
            || !self.notices.is_empty()
    }

    /// Owes the whole picture.
    pub fn keyframe(&mut self, size: Size, cursor: Option<Arc<Cursor>>) {
        self.size = Some(size);
        self.draws.clear();
        self.dirty.clear();
        self.dirty.add(size.rect());
        self.cursor = cursor;
    }

    pub(super) fn damage(&mut self, rect: Rect) {
        self.dirty.add(rect);
    }

    pub(super) fn copy(&mut self, from: Rect, x: u16, y: u16) {
        // The viewer's copy of the source must be current when the command runs, before any owed pixels.
        let to = Rect::new(x, y, from.width, from.height);
        if self.dirty.touches(from) || self.draws.len() >= MAX_DRAWS {
            self.dirty.add(to);
        } else {
            self.draws.push(Draw::Copy { from, x, y });
        }
    }

    pub(super) fn fill(&mut self, rect: Rect, colour: Pixel) {
        if self.draws.len() >= MAX_DRAWS {
            self.dirty.add(rect);
        } else {
            self.draws.push(Draw::Fill { rect, colour });
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.notices
            .retain(|known| std::mem::discriminant(known) != std::mem::discriminant(&notice));
        self.notices.push(notice);
    }
}
