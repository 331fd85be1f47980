//! Raw pixels (RFC 6143, section 7.7.1), painted row by row as they arrive.

use super::{Progress, Target};
use crate::error::DecodeError;
use crate::pixel::Format;
use farwire_model::codec::Codec;
use farwire_model::frame::Rect;

/// Raw pixels, painted row by row as they arrive.
#[derive(Default)]
pub struct Raw {
    rows_done: u16,
}

impl Raw {
    /// Takes as many whole rows as have arrived.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let row_bytes = usize::from(rect.width) * format.bytes();
        if row_bytes == 0 {
            return Ok(Progress::done(0));
        }
        let arrived = u16::try_from(input.len() / row_bytes).unwrap_or(u16::MAX);
        let rows = arrived.min(rect.height - self.rows_done);
        let band = Rect::new(rect.x, rect.y + self.rows_done, rect.width, rows);
        self.rows_done += rows;
        let is_done = self.rows_done == rect.height;
        target.surface.paint(|painter| {
            let frame = painter.frame();
            for (to, from) in frame.rows_mut(band).zip(input.chunks_exact(row_bytes)) {
                format.row(to, from);
            }
            if is_done {
                painter.damaged(rect);
            }
        });
        if is_done {
            self.rows_done = 0;
            target.meter.set_codec(Codec::Raw);
        }
        Ok(Progress {
            used: usize::from(rows) * row_bytes,
            is_done,
        })
    }
}
