//! Zlib (the registry's "Zlib Encoding"): raw pixels in one zlib stream, painted while the rectangle arrives.

use super::inflate::Inflate;
use super::{Progress, Target};
use crate::error::DecodeError;
use crate::pixel::Format;
use crate::wire::{Reader, capped};
use farwire_model::frame::Rect;
use farwire_model::session::Codec;

/// How much is inflated before it is painted: it stays in the processor's cache.
const BAND_BYTES: usize = 64 << 10;

/// Zlib; its stream lives as long as the connection.
pub struct Zlib {
    stream: Inflate,
    band: Vec<u8>,
    /// Bytes of `band` that are inflated.
    filled: usize,
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
            stream: Inflate::new(),
            band: Vec::new(),
            filled: 0,
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
                (self.filled, self.rows_done, self.surplus) = (0, 0, 0);
                remaining
            }
        };
        let arrived = reader.rest().len().min(remaining);
        let mut compressed = reader.take(arrived)?;
        self.remaining = Some(remaining - arrived);
        if row_bytes > 0 {
            self.rows(target, format, rect, row_bytes, &mut compressed)?;
        }
        // Empty unless every row is painted: nothing else leaves compressed bytes behind.
        self.stream.finish(compressed, &mut self.surplus)?;
        let is_done = arrived == remaining;
        if is_done {
            self.remaining = None;
            if row_bytes > 0 && self.rows_done < rect.height {
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
        let band_rows = (BAND_BYTES / row_bytes).max(1);
        while self.rows_done < rect.height {
            let left = rect.height - self.rows_done;
            let rows = u16::try_from(band_rows).unwrap_or(u16::MAX).min(left);
            let size = usize::from(rows) * row_bytes;
            if self.band.len() < size {
                self.band.resize(size, 0);
            }
            let room = self.band.get_mut(self.filled..size).unwrap_or_default();
            self.filled += self.stream.read(compressed, room)?;
            if self.filled < size {
                return Ok(());
            }
            self.filled = 0;
            let band = Rect::new(rect.x, rect.y + self.rows_done, rect.width, rows);
            self.rows_done += rows;
            target.surface.paint(|painter| {
                let pairs = painter.frame().rows_mut(band);
                for (to, from) in pairs.zip(self.band.chunks_exact(row_bytes)) {
                    format.row(to, from);
                }
            });
        }
        Ok(())
    }
}
