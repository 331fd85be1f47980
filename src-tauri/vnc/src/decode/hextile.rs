//! Hextile (RFC 6143, section 7.7.4): tiles of 16 x 16, painted as they arrive.

use super::walk::Walk;
use super::{Progress, Target};
use crate::error::DecodeError;
use crate::pixel::{BLACK, Format};
use crate::wire::Reader;
use farwire_model::codec::Codec;
use farwire_model::frame::{Framebuffer, Pixel, Rect};

const IS_RAW: u8 = 1;
const HAS_BACKGROUND: u8 = 2;
const HAS_FOREGROUND: u8 = 4;
const HAS_RECTS: u8 = 8;
const ARE_COLOURED: u8 = 16;

/// Hextile; its two colours carry over from tile to tile.
pub struct Hextile {
    walk: Walk<16>,
    background: Pixel,
    foreground: Pixel,
}

impl Default for Hextile {
    fn default() -> Self {
        Self {
            walk: Walk::default(),
            background: BLACK,
            foreground: BLACK,
        }
    }
}

impl Hextile {
    /// Takes as many whole tiles as have arrived.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        if rect.is_empty() {
            return Ok(Progress::done(0));
        }
        let mut rest = input;
        let is_done = target.surface.paint(|painter| {
            while let Some(tile) = self.walk.tile(rect) {
                let mut reader = Reader::new(rest, "a Hextile tile");
                match self.tile(tile, format, &mut reader, painter.frame()) {
                    Err(DecodeError::Truncated { .. }) => return Ok(false),
                    other => other?,
                }
                rest = reader.rest();
                self.walk.step(rect);
            }
            painter.damaged(rect);
            Ok::<bool, DecodeError>(true)
        })?;
        if is_done {
            *self = Self::default();
            target.meter.set_codec(Codec::Hextile);
        }
        Ok(Progress {
            used: input.len() - rest.len(),
            is_done,
        })
    }

    /// Paints one tile. Nothing of it is remembered when it has not arrived whole; what it painted until then is
    /// painted again.
    fn tile(
        &mut self,
        tile: Rect,
        format: &Format,
        reader: &mut Reader<'_>,
        frame: &mut Framebuffer,
    ) -> Result<(), DecodeError> {
        let flags = reader.u8()?;
        if flags & IS_RAW != 0 {
            let row_bytes = usize::from(tile.width) * format.bytes();
            let bytes = reader.take(row_bytes * usize::from(tile.height))?;
            for (to, from) in frame.rows_mut(tile).zip(bytes.chunks_exact(row_bytes)) {
                format.row(to, from);
            }
            return Ok(());
        }
        let (mut background, mut foreground) = (self.background, self.foreground);
        if flags & HAS_BACKGROUND != 0 {
            background = format.pixel(reader)?;
        }
        if flags & HAS_FOREGROUND != 0 {
            foreground = format.pixel(reader)?;
        }
        let count = if flags & HAS_RECTS != 0 {
            usize::from(reader.u8()?)
        } else {
            0
        };
        let is_coloured = flags & ARE_COLOURED != 0;
        let bytes = reader.take(count * if is_coloured { format.bytes() + 2 } else { 2 })?;
        frame.fill(tile, background);
        let mut parts = Reader::new(bytes, "a Hextile tile");
        for _ in 0..count {
            let colour = if is_coloured {
                format.pixel(&mut parts)?
            } else {
                foreground
            };
            let [place, extent] = parts.array()?;
            let part = Rect::new(
                tile.x + u16::from(place >> 4),
                tile.y + u16::from(place & 15),
                u16::from(extent >> 4) + 1,
                u16::from(extent & 15) + 1,
            );
            // Servers that round up at the edge exist; what sticks out is cut off.
            if let Some(part) = part.intersection(tile) {
                frame.fill(part, colour);
            }
        }
        self.background = background;
        self.foreground = foreground;
        Ok(())
    }
}
