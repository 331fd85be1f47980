//! One tile of TRLE or ZRLE (RFC 6143, sections 7.7.5 and 7.7.6): raw, solid, packed palette, or runs.

use crate::error::DecodeError;
use crate::pixel::{BLACK, Format};
use crate::wire::Reader;
use farwire_model::frame::{Framebuffer, Pixel, Rect};

/// The colours of a tile.
pub struct Palette {
    colours: [Pixel; 128],
    count: usize,
}

impl Palette {
    /// No colours.
    pub const EMPTY: Self = Self {
        colours: [BLACK; 128],
        count: 0,
    };

    fn read(count: usize, format: &Format, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut palette = Self {
            colours: [BLACK; 128],
            count,
        };
        let bytes = reader.take(count * format.compact_bytes())?;
        let colours = palette.colours.get_mut(..count).unwrap_or_default();
        format.compact_row(colours, bytes);
        Ok(palette)
    }

    /// Indices past the palette are black.
    fn colour(&self, index: u8) -> Pixel {
        self.colours
            .get(usize::from(index))
            .copied()
            .unwrap_or(BLACK)
    }
}

/// Paints tiles, with what carries over from one to the next.
pub struct Tiles<'a> {
    /// How pixels are written.
    pub format: &'a Format,
    /// The last tile's colours, which TRLE can use again; ZRLE has none.
    pub last: Option<&'a mut Palette>,
}

impl Tiles<'_> {
    /// Paints a tile, except a solid one: its colour is answered, because a fill may be cheaper for viewers.
    ///
    /// Nothing carries over from a tile that has not arrived whole.
    pub fn decode(
        &mut self,
        tile: Rect,
        reader: &mut Reader<'_>,
        frame: &mut Framebuffer,
    ) -> Result<Option<Pixel>, DecodeError> {
        let format = self.format;
        let kind = reader.u8()?;
        let palette = match (kind, &self.last) {
            (0, _) => {
                raw(tile, format, reader, frame)?;
                return Ok(None);
            }
            (1, _) => return format.compact(reader).map(Some),
            (128, _) => {
                let mut canvas = runs(tile, frame);
                while !canvas.is_full() {
                    let colour = format.compact(reader)?;
                    canvas.run(colour, run_length(reader)?)?;
                }
                return Ok(None);
            }
            (2..=16, _) => Some(Palette::read(usize::from(kind), format, reader)?),
            (130..=255, _) => Some(Palette::read(usize::from(kind) - 128, format, reader)?),
            (127, Some(last)) if (1..=16).contains(&last.count) => None,
            (129, Some(last)) if last.count > 0 => None,
            _ => {
                return Err(DecodeError::Value {
                    what: "a tile's kind",
                    value: u32::from(kind),
                });
            }
        };
        let Some(colours) = palette.as_ref().or(self.last.as_deref()) else {
            return Ok(None);
        };
        if kind < 128 {
            packed(tile, colours, reader, frame)?;
        } else {
            palette_runs(tile, colours, reader, frame)?;
        }
        if let (Some(last), Some(palette)) = (&mut self.last, palette) {
            **last = palette;
        }
        Ok(None)
    }
}

fn raw(
    tile: Rect,
    format: &Format,
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    let row_bytes = usize::from(tile.width) * format.compact_bytes();
    let bytes = reader.take(row_bytes * usize::from(tile.height))?;
    for (to, from) in frame.rows_mut(tile).zip(bytes.chunks_exact(row_bytes)) {
        format.compact_row(to, from);
    }
    Ok(())
}

fn packed(
    tile: Rect,
    palette: &Palette,
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    match palette.count {
        ..=2 => packed_in::<1, 8>(tile, palette, reader, frame),
        3..=4 => packed_in::<2, 4>(tile, palette, reader, frame),
        _ => packed_in::<4, 2>(tile, palette, reader, frame),
    }
}

/// Constants, so that a byte's pixels need no loop.
fn packed_in<const BITS: u32, const PER_BYTE: usize>(
    tile: Rect,
    palette: &Palette,
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    let row_bytes = usize::from(tile.width).div_ceil(PER_BYTE);
    let bytes = reader.take(row_bytes * usize::from(tile.height))?;
    let mask = (1_u8 << BITS) - 1;
    let unpack = |to: &mut [Pixel], byte: u8| {
        let mut shifted = byte;
        for pixel in to {
            shifted = shifted.rotate_left(BITS);
            *pixel = palette.colour(shifted & mask);
        }
    };
    for (row, bytes) in frame.rows_mut(tile).zip(bytes.chunks_exact(row_bytes)) {
        let (whole, rest) = row.as_chunks_mut::<PER_BYTE>();
        for (to, byte) in whole.iter_mut().zip(bytes) {
            unpack(to, *byte);
        }
        if let Some(byte) = bytes.get(whole.len()) {
            unpack(rest, *byte);
        }
    }
    Ok(())
}

fn palette_runs(
    tile: Rect,
    palette: &Palette,
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    let mut canvas = runs(tile, frame);
    while !canvas.is_full() {
        let index = reader.u8()?;
        let length = if index & 128 == 0 {
            1
        } else {
            run_length(reader)?
        };
        canvas.run(palette.colour(index & 127), length)?;
    }
    Ok(())
}

/// One more than the sum of its bytes; every byte but the last is 255.
fn run_length(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let mut length = 1;
    loop {
        let byte = reader.u8()?;
        length += usize::from(byte);
        if byte != 255 || length > 64 * 64 {
            return Ok(length);
        }
    }
}

/// A place in a tile that runs of pixels move through, from row to row.
struct Runs<'a, I: Iterator<Item = &'a mut [Pixel]>> {
    rows: I,
    row: &'a mut [Pixel],
    left: usize,
}

fn runs(tile: Rect, frame: &mut Framebuffer) -> Runs<'_, impl Iterator<Item = &mut [Pixel]>> {
    Runs {
        left: usize::from(tile.width) * usize::from(tile.height),
        rows: frame.rows_mut(tile),
        row: &mut [],
    }
}

impl<'a, I: Iterator<Item = &'a mut [Pixel]>> Runs<'a, I> {
    fn is_full(&self) -> bool {
        self.left == 0
    }

    fn run(&mut self, colour: Pixel, length: usize) -> Result<(), DecodeError> {
        self.left = self.left.checked_sub(length).ok_or(DecodeError::TooLong {
            what: "a run of pixels",
            length: length as u64,
            limit: self.left as u64,
        })?;
        let mut length = length;
        while length > 0 {
            if self.row.is_empty() {
                let Some(next) = self.rows.next() else {
                    return Ok(());
                };
                self.row = next;
            }
            let here = length.min(self.row.len());
            let (now, later) = std::mem::take(&mut self.row).split_at_mut(here);
            now.fill(colour);
            self.row = later;
            length -= here;
        }
        Ok(())
    }
}
