//! The machine's mouse pointer (RFC 6143, section 7.8.1, and the registry's "Cursor With Alpha").

use super::{Progress, Target};
use crate::error::DecodeError;
use crate::limits::MAX_CURSOR_SIDE;
use crate::pixel::{BLACK, Format, opaque};
use crate::wire::Reader;
use farwire_model::frame::{Cursor, Pixel, Rect, Size};

/// Pixels and a bit a pixel that says whether it shows. `rect`'s place is the pixel that points.
pub fn masked(
    target: Target<'_>,
    format: &Format,
    rect: Rect,
    input: &[u8],
) -> Result<Progress, DecodeError> {
    check(rect)?;
    let mut reader = Reader::new(input, "a cursor");
    let (width, height) = (usize::from(rect.width), usize::from(rect.height));
    let row_bytes = width * format.bytes();
    let colours = reader.take(row_bytes * height)?;
    let mask_row = width.div_ceil(8);
    let mask = reader.take(mask_row * height)?;
    let mut pixels = vec![BLACK; width * height];
    let rows = colours.chunks_exact(row_bytes.max(1));
    let masks = mask.chunks_exact(mask_row.max(1));
    for ((to, from), mask) in pixels.chunks_exact_mut(width.max(1)).zip(rows).zip(masks) {
        format.row(to, from);
        for (position, pixel) in to.iter_mut().enumerate() {
            if !bit(mask, position) {
                *pixel = [0; 4];
            }
        }
    }
    show(target, rect, pixels);
    Ok(Progress::done(input.len() - reader.rest().len()))
}

/// Two colours and two bits a pixel: which of them, and whether it shows (the registry's "X Cursor").
pub fn two_coloured(target: Target<'_>, rect: Rect, input: &[u8]) -> Result<Progress, DecodeError> {
    check(rect)?;
    if rect.is_empty() {
        show(target, rect, Vec::new());
        return Ok(Progress::done(0));
    }
    let mut reader = Reader::new(input, "a cursor");
    let (front, back) = (opaque(reader.array()?), opaque(reader.array()?));
    let (width, height) = (usize::from(rect.width), usize::from(rect.height));
    let row_bytes = width.div_ceil(8);
    let shapes = reader.take(row_bytes * height)?.chunks_exact(row_bytes);
    let masks = reader.take(row_bytes * height)?.chunks_exact(row_bytes);
    let mut pixels = Vec::with_capacity(width * height);
    for (shape, mask) in shapes.zip(masks) {
        pixels.extend((0..width).map(|position| match bit(mask, position) {
            false => [0; 4],
            true if bit(shape, position) => front,
            true => back,
        }));
    }
    show(target, rect, pixels);
    Ok(Progress::done(input.len() - reader.rest().len()))
}

/// A bit of a row, highest first.
fn bit(row: &[u8], position: usize) -> bool {
    let byte = row.get(position / 8).copied().unwrap_or(0);
    byte << (position % 8) & 0x80 != 0
}

/// RGBA pixels whose colours are already multiplied by their alpha.
pub fn with_alpha(target: Target<'_>, rect: Rect, input: &[u8]) -> Result<Progress, DecodeError> {
    check(rect)?;
    let mut reader = Reader::new(input, "a cursor");
    let encoding = reader.i32()?;
    // Every server sends it raw; any other encoding would need a picture of its own to decode into.
    if encoding != crate::encoding::RAW {
        return Err(DecodeError::Encoding { encoding });
    }
    let bytes = reader.take(usize::from(rect.width) * usize::from(rect.height) * 4)?;
    let pixels = bytes.as_chunks::<4>().0.iter().map(straight).collect();
    show(target, rect, pixels);
    Ok(Progress::done(input.len() - reader.rest().len()))
}

/// The machine itself moved its pointer there (the registry's "Pointer Position").
pub fn moved(target: Target<'_>, rect: Rect) -> Progress {
    target
        .surface
        .paint(|painter| painter.cursor_moved(rect.x, rect.y));
    Progress::done(0)
}

fn straight(&[red, green, blue, alpha]: &[u8; 4]) -> Pixel {
    let divide = |colour: u8| match u32::from(alpha) {
        0 => 0,
        alpha => {
            let value = (u32::from(colour) * 255 + alpha / 2) / alpha;
            u8::try_from(value).unwrap_or(u8::MAX)
        }
    };
    [divide(red), divide(green), divide(blue), alpha]
}

fn check(rect: Rect) -> Result<(), DecodeError> {
    let longest = rect.width.max(rect.height);
    if longest > MAX_CURSOR_SIDE {
        return Err(DecodeError::TooLong {
            what: "a cursor's side",
            length: u64::from(longest),
            limit: u64::from(MAX_CURSOR_SIDE),
        });
    }
    Ok(())
}

fn show(target: Target<'_>, rect: Rect, pixels: Vec<Pixel>) {
    // A width of 0 alone means that there is none.
    let size = if pixels.is_empty() {
        Size::default()
    } else {
        Size::new(rect.width, rect.height)
    };
    let cursor = Cursor {
        size,
        hot_x: rect.x.min(size.width.saturating_sub(1)),
        hot_y: rect.y.min(size.height.saturating_sub(1)),
        pixels,
    };
    target.surface.paint(|painter| painter.cursor(cursor));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_colours_lose_their_alpha_once() {
        for (from, expected) in [
            ([0, 0, 0, 0], [0, 0, 0, 0]),
            ([64, 128, 0, 128], [128, 255, 0, 128]),
            ([10, 20, 30, 255], [10, 20, 30, 255]),
            // A server that did not multiply: no colour wraps.
            ([200, 0, 0, 100], [255, 0, 0, 100]),
        ] {
            assert_eq!(straight(&from), expected, "{from:?}");
        }
    }
}
