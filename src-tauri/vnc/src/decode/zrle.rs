//! ZRLE (RFC 6143, section 7.7.6): one zlib stream of 64 x 64 tiles, painted while the rectangle arrives.

use super::surplus::finish;
use super::walk::Walk;
use super::{Progress, Target, WORTH_A_FILL};
use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::pixel::Format;
use crate::wire::Reader;
use farwire_model::codec::Codec;
use farwire_model::frame::{Painter, Pixel, Rect, Region};

use super::rle_tile::Tiles;

/// The longest tile: a plain run of one pixel each for 4096 pixels, four bytes of colour and one of length.
const MAX_TILE_BYTES: usize = 1 + 64 * 64 * 5;

/// ZRLE; its zlib stream lives as long as the connection.
pub struct Zrle {
    stream: Inflate,
    /// Compressed bytes of this rectangle that did not arrive yet; `None` before its length did.
    remaining: Option<usize>,
    walk: Walk<64>,
    /// Inflated bytes past this rectangle's last tile.
    surplus: usize,
    damage: Region,
}

impl Zrle {
    /// A stream before its first byte.
    pub fn new() -> Self {
        Self {
            stream: Inflate::default(),
            remaining: None,
            walk: Walk::default(),
            surplus: 0,
            damage: Region::default(),
        }
    }

    /// Paints the tiles that have arrived.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a ZRLE rectangle");
        let remaining = match self.remaining {
            Some(remaining) => remaining,
            None => {
                let remaining = crate::wire::capped("ZRLE data", reader.u32()?, longest(rect))?;
                (self.walk, self.surplus) = (Walk::default(), 0);
                remaining
            }
        };
        let arrived = reader.rest().len().min(remaining);
        let mut compressed = reader.take(arrived)?;
        let is_whole = arrived == remaining;
        self.remaining = Some(remaining - arrived);
        target
            .surface
            .paint(|painter| self.tiles(painter, format, rect, &mut compressed, is_whole))?;
        if self.walk.tile(rect).is_none() {
            finish(&mut self.stream, compressed, &mut self.surplus)?;
        }
        if is_whole {
            self.remaining = None;
            let damage = std::mem::take(&mut self.damage);
            target.surface.paint(|painter| {
                for rect in damage.rects() {
                    painter.damaged(*rect);
                }
            });
            target.meter.set_codec(Codec::Zrle);
        }
        Ok(Progress {
            used: input.len() - reader.rest().len(),
            is_done: is_whole,
        })
    }

    fn tiles(
        &mut self,
        painter: &mut Painter<'_>,
        format: &Format,
        rect: Rect,
        compressed: &mut &[u8],
        is_whole: bool,
    ) -> Result<(), DecodeError> {
        let mut fills = Fills::default();
        let mut tiles = Tiles { format, last: None };
        while let Some(tile) = self.walk.tile(rect) {
            let bytes = self.stream.fill(compressed, MAX_TILE_BYTES)?;
            let mut reader = Reader::new(bytes, "a ZRLE tile");
            let solid = match tiles.decode(tile, &mut reader, painter.frame()) {
                Ok(solid) => solid,
                // The rest of this tile is still on its way; it is painted anew then.
                Err(DecodeError::Truncated { .. }) if !is_whole => break,
                Err(DecodeError::Truncated { .. }) => {
                    return Err(DecodeError::Value {
                        what: "the length of a ZRLE rectangle's data",
                        value: 0,
                    });
                }
                Err(other) => return Err(other),
            };
            let used = bytes.len() - reader.rest().len();
            self.stream.consume(used);
            match solid {
                Some(colour) if tile.area() >= WORTH_A_FILL => fills.add(painter, tile, colour),
                Some(colour) => {
                    painter.frame().fill(tile, colour);
                    self.damage.add(tile);
                }
                None => self.damage.add(tile),
            }
            self.walk.step(rect);
        }
        fills.flush(painter);
        Ok(())
    }
}

/// The longest compressed data a server needs for a rectangle, twice over.
fn longest(rect: Rect) -> usize {
    let tiles = usize::from(rect.width).div_ceil(64) * usize::from(rect.height).div_ceil(64);
    usize::from(rect.width) * usize::from(rect.height) * 8 + tiles * 1024 + 4096
}

/// Joins solid tiles of one colour that lie in a row into one fill.
#[derive(Default)]
struct Fills {
    waiting: Option<(Rect, Pixel)>,
}

impl Fills {
    fn add(&mut self, painter: &mut Painter<'_>, tile: Rect, colour: Pixel) {
        if let Some((rect, known)) = &mut self.waiting
            && *known == colour
            && rect.y == tile.y
            && rect.right() == u32::from(tile.x)
        {
            *rect = rect.union(tile);
            return;
        }
        self.flush(painter);
        self.waiting = Some((tile, colour));
    }

    fn flush(&mut self, painter: &mut Painter<'_>) {
        if let Some((rect, colour)) = self.waiting.take() {
            painter.fill(rect, colour);
        }
    }
}
