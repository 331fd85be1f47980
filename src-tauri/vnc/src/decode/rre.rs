//! RRE and CoRRE (RFC 6143, section 7.7.3, and the registry's "CoRRE Encoding"): a background and coloured rectangles.

use super::{Progress, Target};
use crate::error::DecodeError;
use crate::pixel::Format;
use crate::wire::{Reader, capped};
use farwire_model::codec::Codec;
use farwire_model::frame::Rect;

/// How places and sizes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Two bytes each: RRE.
    Wide,
    /// One byte each: CoRRE.
    Narrow,
}

/// How many times over a rectangle may be painted. Encoders cover no pixel twice but where they nest; a few bytes that
/// paint a whole screen, thousands of times, are an attack.
const MAX_TIMES: u64 = 16;

/// RRE and CoRRE, painted as they arrive.
#[derive(Default)]
pub struct Rre {
    /// Rectangles that are still to come; `None` before their count has arrived.
    left: Option<usize>,
    /// Pixels painted so far.
    painted: u64,
}

impl Rre {
    /// Takes as many whole rectangles as have arrived.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        numbers: Numbers,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "an RRE rectangle");
        let mut left = match self.left {
            Some(left) => left,
            None => {
                // Each covers at least a pixel, and none need be covered twice.
                let most = usize::try_from(rect.area()).unwrap_or(usize::MAX);
                let count = capped("the number of RRE rectangles", reader.u32()?, most)?;
                let background = format.pixel(&mut reader)?;
                target
                    .surface
                    .paint(|painter| painter.frame().fill(rect, background));
                self.painted = 0;
                count
            }
        };
        let part_bytes = format.bytes() + if numbers == Numbers::Wide { 8 } else { 4 };
        let arrived = (reader.rest().len() / part_bytes).min(left);
        let mut parts = Reader::new(reader.take(arrived * part_bytes)?, "an RRE rectangle");
        left -= arrived;
        self.left = Some(left);
        target.surface.paint(|painter| {
            for _ in 0..arrived {
                let colour = format.pixel(&mut parts)?;
                let [x, y, width, height] = match numbers {
                    Numbers::Wide => [parts.u16()?, parts.u16()?, parts.u16()?, parts.u16()?],
                    Numbers::Narrow => parts.array::<4>()?.map(u16::from),
                };
                let part = Rect::new(
                    rect.x.saturating_add(x),
                    rect.y.saturating_add(y),
                    width,
                    height,
                );
                // What sticks out is cut off.
                if let Some(part) = part.intersection(rect) {
                    self.painted += part.area();
                    painter.frame().fill(part, colour);
                }
                if self.painted > rect.area() * MAX_TIMES {
                    return Err(DecodeError::TooLong {
                        what: "the area of RRE rectangles",
                        length: self.painted,
                        limit: rect.area() * MAX_TIMES,
                    });
                }
            }
            if left == 0 {
                painter.damaged(rect);
            }
            Ok::<(), DecodeError>(())
        })?;
        if left == 0 {
            self.left = None;
            target.meter.set_codec(match numbers {
                Numbers::Wide => Codec::Rre,
                Numbers::Narrow => Codec::Corre,
            });
        }
        Ok(Progress {
            used: input.len() - reader.rest().len(),
            is_done: left == 0,
        })
    }
}
