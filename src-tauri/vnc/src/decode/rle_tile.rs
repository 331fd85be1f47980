//! One ZRLE tile: raw, solid, packed palette, or runs.

use crate::error::DecodeError;
use crate::pixel::{BLACK, opaque, three_byte_row};
use crate::wire::Reader;
use farwire_model::frame::{Framebuffer, Pixel, Rect};

/// Paints a tile, except a solid one: its colour is answered, because a fill may be cheaper for viewers.
pub fn decode(
    tile: Rect,
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<Option<Pixel>, DecodeError> {
    match reader.u8()? {
        0 => raw(tile, reader, frame)?,
        1 => return Ok(Some(opaque(reader.array()?))),
        count @ 2..=16 => {
            let colours = palette(usize::from(count), reader)?;
            packed(tile, count, &colours, reader, frame)?;
        }
        128 => {
            let mut canvas = runs(tile, frame);
            while !canvas.is_full() {
                let colour = opaque(reader.array()?);
                let length = run_length(reader)?;
                canvas.run(colour, length)?;
            }
        }
        kind @ 130..=255 => {
            let colours = palette(usize::from(kind) - 128, reader)?;
            palette_runs(tile, &colours, reader, frame)?;
        }
        kind => {
            return Err(DecodeError::Value {
                what: "a ZRLE tile's kind",
                value: u32::from(kind),
            });
        }
    }
    Ok(None)
}

fn raw(tile: Rect, reader: &mut Reader<'_>, frame: &mut Framebuffer) -> Result<(), DecodeError> {
    let row_bytes = usize::from(tile.width) * 3;
    let bytes = reader.take(row_bytes * usize::from(tile.height))?;
    for (to, from) in frame.rows_mut(tile).zip(bytes.chunks_exact(row_bytes)) {
        three_byte_row(to, from);
    }
    Ok(())
}

fn palette(count: usize, reader: &mut Reader<'_>) -> Result<[Pixel; 128], DecodeError> {
    let mut colours = [BLACK; 128];
    let bytes = reader.take(count * 3)?;
    for (to, from) in colours.iter_mut().zip(bytes.as_chunks::<3>().0) {
        *to = opaque(*from);
    }
    Ok(colours)
}

fn packed(
    tile: Rect,
    count: u8,
    colours: &[Pixel; 128],
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    let bits = match count {
        ..=2 => 1,
        3..=4 => 2,
        _ => 4,
    };
    let per_byte = 8 / bits;
    let row_bytes = usize::from(tile.width).div_ceil(per_byte);
    let bytes = reader.take(row_bytes * usize::from(tile.height))?;
    let mask = (1_u8 << bits) - 1;
    for (row, bytes) in frame.rows_mut(tile).zip(bytes.chunks_exact(row_bytes)) {
        for (to, byte) in row.chunks_mut(per_byte).zip(bytes) {
            let mut shifted = *byte;
            for pixel in to {
                shifted = shifted.rotate_left(bits as u32);
                // Indices past the palette are black: at most 15, so this lookup always succeeds.
                *pixel = colours
                    .get(usize::from(shifted & mask))
                    .copied()
                    .unwrap_or(BLACK);
            }
        }
    }
    Ok(())
}

fn palette_runs(
    tile: Rect,
    colours: &[Pixel; 128],
    reader: &mut Reader<'_>,
    frame: &mut Framebuffer,
) -> Result<(), DecodeError> {
    let mut canvas = runs(tile, frame);
    while !canvas.is_full() {
        let index = reader.u8()?;
        let colour = colours
            .get(usize::from(index & 127))
            .copied()
            .unwrap_or(BLACK);
        let length = if index & 128 == 0 {
            1
        } else {
            run_length(reader)?
        };
        canvas.run(colour, length)?;
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
