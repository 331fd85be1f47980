//! Zlib (the registry's "Zlib Encoding"): raw pixels in one zlib stream, painted while the rectangle arrives.

use super::surplus::finish;
use super::{Progress, Target};
use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::pixel::Format;
use crate::wire::{Reader, capped};
use farwire_model::codec::Codec;
use farwire_model::frame::Rect;

/// Zlib; its stream lives as long as the connection.
pub struct Zlib {
    stream: Inflate,
    rows_done: u16,
    /// Compressed bytes of this rectangle that did not arrive yet; `None` before its length did.
    remaining: Option<usize>,
    /// Inflated bytes past this rectangle's last row.
    surplus: usize,
}

impl Zlib {
    /// A stream before its first byte.
    pub fn new() -> Self {
        Self {
            stream: Inflate::default(),
            rows_done: 0,
            remaining: None,
            surplus: 0,
        }
    }

    /// Paints the rows that have arrived.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a zlib rectangle");
        let row_bytes = usize::from(rect.width) * format.bytes();
        let remaining = match self.remaining {
            Some(remaining) => remaining,
            None => {
                // Data that does not shrink grows by less than a thousandth; twice its size is no honest server.
                let longest = row_bytes * usize::from(rect.height) * 2 + 4096;
                let remaining = capped("zlib data", reader.u32()?, longest)?;
                (self.rows_done, self.surplus) = (0, 0);
                remaining
            }
        };
        let arrived = reader.rest().len().min(remaining);
        let mut compressed = reader.take(arrived)?;
        self.remaining = Some(remaining - arrived);
        if row_bytes > 0 {
            self.rows(target, format, rect, row_bytes, &mut compressed)?;
        }
        let is_painted = row_bytes == 0 || self.rows_done == rect.height;
        if is_painted {
            finish(&mut self.stream, compressed, &mut self.surplus)?;
        }
        let is_done = arrived == remaining;
        if is_done {
            self.remaining = None;
            if !is_painted {
                return Err(DecodeError::Value {
                    what: "the length of a zlib rectangle's data",
                    value: 0,
                });
            }
            target.surface.paint(|painter| painter.damaged(rect));
            target.meter.set_codec(Codec::Zlib);
        }
        Ok(Progress {
            used: input.len() - reader.rest().len(),
            is_done,
        })
    }

    fn rows(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        row_bytes: usize,
        compressed: &mut &[u8],
    ) -> Result<(), DecodeError> {
        while self.rows_done < rect.height {
            let bytes = self.stream.fill(compressed, row_bytes)?;
            let whole = u16::try_from(bytes.len() / row_bytes).unwrap_or(u16::MAX);
            let rows = whole.min(rect.height - self.rows_done);
            if rows == 0 {
                return Ok(());
            }
            let band = Rect::new(rect.x, rect.y + self.rows_done, rect.width, rows);
            target.surface.paint(|painter| {
                let pairs = painter.frame().rows_mut(band);
                for (to, from) in pairs.zip(bytes.chunks_exact(row_bytes)) {
                    format.row(to, from);
                }
            });
            self.stream.consume(usize::from(rows) * row_bytes);
            self.rows_done += rows;
        }
        Ok(())
    }
}
