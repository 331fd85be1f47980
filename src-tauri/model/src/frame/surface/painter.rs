//! Painting on a surface.

use super::{Cursor, Flow, State};
use crate::frame::framebuffer::{Framebuffer, FramebufferError, Pixel};
use crate::frame::rect::{Rect, Size};
use std::sync::Arc;

/// Write access to a surface. Every change is noted for every viewer.
pub struct Painter<'a> {
    pub(super) state: &'a mut State,
}

impl Painter<'_> {
    /// The picture's size.
    pub fn size(&self) -> Size {
        self.state.frame.size()
    }

    /// The picture, to be decoded into. Tell [`Painter::damaged`] what was written.
    pub fn frame(&mut self) -> &mut Framebuffer {
        &mut self.state.frame
    }

    /// Notes that pixels in `rect` changed.
    pub fn damaged(&mut self, rect: Rect) {
        self.state.drawn(rect);
        if let Some(rect) = rect.intersection(self.state.frame.size().rect()) {
            for slot in &mut self.state.slots {
                slot.owed.damage(rect);
            }
        }
    }

    /// Copies a part of the picture, see [`Framebuffer::copy`].
    pub fn copy(&mut self, from: Rect, x: u16, y: u16) {
        self.state.drawn(Rect::new(x, y, from.width, from.height));
        self.state.frame.copy(from, x, y);
        for slot in &mut self.state.slots {
            slot.owed.copy(from, x, y);
        }
    }

    /// Paints a rectangle in one colour.
    pub fn fill(&mut self, rect: Rect, colour: Pixel) {
        self.state.frame.fill(rect, colour);
        self.filled(rect, colour);
    }

    /// Notes that all pixels in `rect` have one colour now.
    pub fn filled(&mut self, rect: Rect, colour: Pixel) {
        self.state.drawn(rect);
        for slot in &mut self.state.slots {
            slot.owed.fill(rect, colour);
        }
    }

    /// Gives the picture a new size. What both sizes share stays, the rest is black.
    ///
    /// # Errors
    /// [`FramebufferError::Size`]; the picture stays as it was.
    pub fn resize(&mut self, size: Size) -> Result<(), FramebufferError> {
        let mut frame = Framebuffer::new(size)?;
        let kept = Rect::new(
            0,
            0,
            size.width.min(self.size().width),
            size.height.min(self.size().height),
        );
        for y in 0..kept.height {
            if let (Some(to), Some(from)) = (frame.row_mut(kept, y), self.state.frame.row(kept, y))
            {
                to.copy_from_slice(from);
            }
        }
        self.state.frame = frame;
        if let Flow::Resuming(pixel) = &mut self.state.flow {
            // It may lie outside now; all of a new picture is asked for.
            *pixel = None;
        }
        for slot in &mut self.state.slots {
            slot.owed.keyframe(size, self.state.cursor.clone());
        }
        Ok(())
    }

    /// Makes the picture black, in every viewer too. None of that came from the machine.
    ///
    /// # Errors
    /// [`FramebufferError::Size`]; the picture stays as it was.
    pub fn blank(&mut self) -> Result<(), FramebufferError> {
        let size = self.size();
        self.state.frame = Framebuffer::new(size)?;
        for slot in &mut self.state.slots {
            slot.owed.keyframe(size, self.state.cursor.clone());
        }
        Ok(())
    }

    /// Shows another cursor.
    pub fn cursor(&mut self, cursor: Cursor) {
        let cursor = Arc::new(cursor);
        for slot in &mut self.state.slots {
            slot.owed.cursor = Some(Arc::clone(&cursor));
        }
        self.state.cursor = Some(cursor);
    }

    /// Notes that the machine moved its own cursor.
    pub fn cursor_moved(&mut self, x: u16, y: u16) {
        for slot in &mut self.state.slots {
            slot.owed.cursor_at = Some((x, y));
        }
    }
}
