//! TRLE (RFC 6143, section 7.7.5): tiles of 16 x 16, painted as they arrive.

use super::rle_tile::{Palette, Tiles};
use super::walk::Walk;
use super::{Progress, Target};
use crate::error::DecodeError;
use crate::pixel::Format;
use crate::wire::Reader;
use farwire_model::codec::Codec;
use farwire_model::frame::Rect;

/// TRLE; a tile's colours carry over to the next.
pub struct Trle {
    walk: Walk<16>,
    palette: Palette,
}

impl Trle {
    /// Before the first tile.
    pub fn new() -> Self {
        Self {
            walk: Walk::default(),
            palette: Palette::EMPTY,
        }
    }

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
            let mut tiles = Tiles {
                format,
                last: Some(&mut self.palette),
            };
            while let Some(tile) = self.walk.tile(rect) {
                let mut reader = Reader::new(rest, "a TRLE tile");
                match tiles.decode(tile, &mut reader, painter.frame()) {
                    Err(DecodeError::Truncated { .. }) => return Ok(false),
                    Ok(Some(colour)) => painter.frame().fill(tile, colour),
                    other => drop(other?),
                }
                rest = reader.rest();
                self.walk.step(rect);
            }
            painter.damaged(rect);
            Ok::<bool, DecodeError>(true)
        })?;
        if is_done {
            *self = Self::new();
            target.meter.set_codec(Codec::Trle);
        }
        Ok(Progress {
            used: input.len() - rest.len(),
            is_done,
        })
    }
}
