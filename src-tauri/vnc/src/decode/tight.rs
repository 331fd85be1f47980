//! Tight (the community's RFB registry, "Tight Encoding"): solid, JPEG, or one of four zlib streams under a filter.

use super::inflate::Inflate;
use super::{Progress, Target, WORTH_A_FILL, tight_filter as filter, tight_jpeg};
use crate::error::DecodeError;
use crate::pixel::{BLACK, Format};
use crate::wire::Reader;
use farwire_model::frame::{Pixel, Rect};
use farwire_model::session::Codec;

/// Data shorter than this is sent as it is.
const MIN_COMPRESSED_BYTES: usize = 12;

/// How much is inflated before it is painted: a compromise that stays in the processor's cache.
const BAND_BYTES: usize = 64 << 10;

/// Tight; its four zlib streams live as long as the connection.
pub struct Tight {
    streams: [Inflate; 4],
    band: Vec<u8>,
    jpeg: Vec<u8>,
}

/// How a band of bytes becomes pixels.
enum Filter {
    Copy,
    Palette {
        colours: Box<[Pixel; 256]>,
        count: usize,
    },
    Gradient,
}

impl Filter {
    fn row_bytes(&self, format: &Format, width: usize) -> usize {
        match self {
            Self::Copy | Self::Gradient => width * format.compact_bytes(),
            Self::Palette { count: ..=2, .. } => width.div_ceil(8),
            Self::Palette { .. } => width,
        }
    }
}

impl Tight {
    /// Streams before their first byte.
    pub fn new() -> Self {
        Self {
            streams: std::array::from_fn(|_| Inflate::new()),
            band: Vec::new(),
            jpeg: Vec::new(),
        }
    }

    /// Takes the rectangle once it has arrived whole: its compressed data is at most 4 MiB by the format.
    pub fn decode(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        input: &[u8],
    ) -> Result<Progress, DecodeError> {
        let mut reader = Reader::new(input, "a Tight rectangle");
        let control = reader.u8()?;
        match control >> 4 {
            8 => {
                let colour = format.compact(&mut reader)?;
                self.reset(control);
                fill(target, rect, colour);
            }
            9 => {
                let length = compact_length(&mut reader)?;
                let picture = reader.take(length)?;
                self.reset(control);
                tight_jpeg::decode(target, rect, picture, &mut self.jpeg)?;
            }
            0..=7 => self.basic(target, format, rect, control, &mut reader)?,
            kind => {
                return Err(DecodeError::Value {
                    what: "Tight's compression",
                    value: u32::from(kind),
                });
            }
        }
        target.meter.set_codec(match control >> 4 {
            9 => Codec::TightJpeg,
            _ => Codec::Tight,
        });
        Ok(Progress::done(input.len() - reader.rest().len()))
    }

    fn basic(
        &mut self,
        target: Target<'_>,
        format: &Format,
        rect: Rect,
        control: u8,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let kind = control >> 4;
        let filter = if kind & 4 == 0 {
            Filter::Copy
        } else {
            read_filter(format, reader)?
        };
        let row_bytes = filter.row_bytes(format, usize::from(rect.width));
        let size = row_bytes * usize::from(rect.height);
        if size < MIN_COMPRESSED_BYTES {
            let bytes = reader.take(size)?;
            self.reset(control);
            let mut gradient = filter::Gradient::default();
            paint(target, format, rect, &filter, &mut gradient, bytes);
        } else {
            let length = compact_length(reader)?;
            let mut compressed = reader.take(length)?;
            self.reset(control);
            let Some(stream) = self.streams.get_mut(usize::from(kind & 3)) else {
                return Ok(());
            };
            let band_rows = u16::try_from(BAND_BYTES / row_bytes)
                .unwrap_or(u16::MAX)
                .max(1);
            let mut gradient = filter::Gradient::default();
            let mut top = 0;
            while top < rect.height {
                let rows = band_rows.min(rect.height - top);
                let bytes = row_bytes * usize::from(rows);
                if self.band.len() < bytes {
                    self.band.resize(bytes, 0);
                }
                let band = self.band.get_mut(..bytes).unwrap_or_default();
                stream
                    .read_exact(&mut compressed, band)
                    .map_err(incomplete)?;
                let place = Rect::new(rect.x, rect.y + top, rect.width, rows);
                paint(target, format, place, &filter, &mut gradient, band);
                top += rows;
            }
            stream.finish(compressed)?;
        }
        target.surface.paint(|painter| painter.damaged(rect));
        Ok(())
    }

    /// The lower half of the control byte starts streams over.
    fn reset(&mut self, control: u8) {
        for (number, stream) in self.streams.iter_mut().enumerate() {
            if control >> number & 1 == 1 {
                stream.reset();
            }
        }
    }
}

/// A rectangle that has arrived whole cannot be waited for.
fn incomplete(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Truncated { .. } => DecodeError::Value {
            what: "the length of a Tight rectangle's data",
            value: 0,
        },
        other => other,
    }
}

fn fill(target: Target<'_>, rect: Rect, colour: Pixel) {
    target.surface.paint(|painter| {
        if rect.area() >= WORTH_A_FILL {
            painter.fill(rect, colour);
        } else {
            painter.frame().fill(rect, colour);
            painter.damaged(rect);
        }
    });
}

fn paint(
    target: Target<'_>,
    format: &Format,
    rect: Rect,
    filter: &Filter,
    gradient: &mut filter::Gradient,
    bytes: &[u8],
) {
    let row_bytes = filter.row_bytes(format, usize::from(rect.width)).max(1);
    target.surface.paint(|painter| {
        let rows = painter
            .frame()
            .rows_mut(rect)
            .zip(bytes.chunks_exact(row_bytes));
        match filter {
            Filter::Copy => rows.for_each(|(to, from)| format.compact_row(to, from)),
            Filter::Palette {
                colours,
                count: ..=2,
            } => {
                rows.for_each(|(to, from)| filter::two_colours(to, from, colours));
            }
            Filter::Palette { colours, .. } => {
                rows.for_each(|(to, from)| filter::palette(to, from, colours));
            }
            Filter::Gradient => rows.for_each(|(to, from)| gradient.row(format, to, from)),
        }
    });
}

fn read_filter(format: &Format, reader: &mut Reader<'_>) -> Result<Filter, DecodeError> {
    match reader.u8()? {
        0 => Ok(Filter::Copy),
        1 => {
            let count = usize::from(reader.u8()?) + 1;
            let bytes = reader.take(count * format.compact_bytes())?;
            let mut colours = Box::new([BLACK; 256]);
            format.compact_row(colours.get_mut(..count).unwrap_or_default(), bytes);
            Ok(Filter::Palette { colours, count })
        }
        2 if format.channels().is_some() => Ok(Filter::Gradient),
        value => Err(DecodeError::Value {
            what: "Tight's filter",
            value: u32::from(value),
        }),
    }
}

/// One to three bytes, seven bits each and eight in the last: at most 4 MiB, so it needs no cap of its own.
fn compact_length(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let first = usize::from(reader.u8()?);
    if first & 0x80 == 0 {
        return Ok(first);
    }
    let second = usize::from(reader.u8()?);
    let low = first & 0x7f | (second & 0x7f) << 7;
    if second & 0x80 == 0 {
        return Ok(low);
    }
    Ok(low | usize::from(reader.u8()?) << 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_lengths_take_one_to_three_bytes() {
        for (bytes, expected) in [
            (&[0x7f][..], Some(127)),
            (&[0x90, 0x4e], Some(10_000)),
            (&[0xff, 0xff, 0xff], Some(4_194_303)),
            (&[0x80], None),
        ] {
            let mut reader = Reader::new(bytes, "a test");
            assert_eq!(compact_length(&mut reader).ok(), expected, "{bytes:?}");
        }
    }
}
