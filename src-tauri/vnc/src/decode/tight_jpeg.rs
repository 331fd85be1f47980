//! JPEG rectangles inside Tight.

use crate::error::DecodeError;
use crate::wire::Reader;
use farwire_model::frame::{Pixel, Rect};
use mozjpeg::{ColorSpace, Decompress};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Starts of a frame that servers send: baseline, and the same with tables of more bits.
const FRAMES: [u8; 2] = [0xc0, 0xc1];
const OTHER_KIND: &str = "it is of a kind that no server sends";
const OTHER_SIZE: &str = "its size differs from its rectangle's";
/// Colours of a picture, or grey alone.
const MOST_PLANES: u8 = 3;

/// Decodes a JPEG picture of exactly the rectangle's size into its rows.
pub fn decode(rect: Rect, picture: &[u8], rows: &mut [&mut [Pixel]]) -> Result<(), DecodeError> {
    if rect.is_empty() {
        return Ok(());
    }
    check(rect, picture)?;
    // The library ends in this way where it cannot go on; nothing of it is used afterwards.
    let decoded = catch_unwind(AssertUnwindSafe(|| -> io::Result<()> {
        let picture = Decompress::new_mem(picture)?;
        if picture.size() != (usize::from(rect.width), usize::from(rect.height)) {
            return Err(io::Error::other(OTHER_SIZE));
        }
        let mut rest = picture.to_colorspace(ColorSpace::JCS_EXT_RGBA)?;
        for row in rows {
            rest.read_scanlines_into(row.as_flattened_mut())?;
        }
        Ok(())
    }));
    decoded
        .map_err(|panic| match panic.downcast::<String>() {
            Ok(reason) => damaged(&reason),
            Err(_) => damaged("a defect in the decoder"),
        })?
        .map_err(|error| damaged(&error.to_string()))
}

/// Lets through pictures of the rectangle's size in one pass, which take no memory but a few rows. Others would let a few bytes
/// ask for much memory or time, and no server sends them.
fn check(rect: Rect, picture: &[u8]) -> Result<(), DecodeError> {
    let truncated = |_| damaged("its header ends early");
    let mut reader = Reader::new(picture, "a JPEG picture");
    if reader.u16().map_err(truncated)? != 0xffd8 {
        return Err(damaged("it does not begin as a picture"));
    }
    let mut planes = None;
    loop {
        let (start, kind) = (
            reader.u8().map_err(truncated)?,
            reader.u8().map_err(truncated)?,
        );
        let length = usize::from(reader.u16().map_err(truncated)?);
        let segment = length.checked_sub(2).map(|length| reader.take(length));
        let (0xff, Some(segment)) = (start, segment) else {
            return Err(damaged("its header has no meaning"));
        };
        let segment = segment.map_err(truncated)?;
        match (kind, segment) {
            (
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf,
                &[_, h1, h0, w1, w0, count, ..],
            ) => {
                let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
                if (width, height) != (rect.width, rect.height) {
                    return Err(damaged(OTHER_SIZE));
                }
                if !FRAMES.contains(&kind) || count > MOST_PLANES || planes.is_some() {
                    return Err(damaged(OTHER_KIND));
                }
                planes = Some(count);
            }
            (0xda, &[count, ..]) if planes == Some(count) => return Ok(()),
            (0xda, _) => return Err(damaged("it comes in several passes")),
            // Tables of codes and of steps, the distance of restarts, what programs and people note. Of every other kind the
            // decoder may think differently where it ends, and find another picture in it.
            (0xc4 | 0xdb | 0xdd | 0xe0..=0xef | 0xfe, _) => {}
            _ => return Err(damaged(OTHER_KIND)),
        }
    }
}

fn damaged(reason: &str) -> DecodeError {
    DecodeError::Jpeg {
        reason: crate::text::shown(reason.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::frame::{Framebuffer, Size};

    /// A picture of one colour, as a program that saves pictures makes it.
    fn saved(width: u16, height: u16, is_progressive: bool) -> Vec<u8> {
        let mut picture = mozjpeg::Compress::new(ColorSpace::JCS_RGB);
        picture.set_size(width.into(), height.into());
        picture.set_quality(95.0);
        picture.set_optimize_scans(false);
        if is_progressive {
            picture.set_progressive_mode();
        } else {
            picture.set_fastest_defaults();
        }
        let mut picture = picture.start_compress(Vec::new()).unwrap();
        let pixels = [200, 100, 50].repeat(usize::from(width) * usize::from(height));
        picture.write_scanlines(&pixels).unwrap();
        picture.finish().unwrap()
    }

    fn decoded(rect: Rect, picture: &[u8]) -> Result<Framebuffer, DecodeError> {
        let mut frame = Framebuffer::new(Size::new(40, 30)).unwrap();
        let mut parts = frame.split(&[rect]);
        decode(rect, picture, &mut parts.remove(0))?;
        Ok(frame)
    }

    #[test]
    fn a_picture_is_decoded_where_its_rectangle_lies() {
        let rect = Rect::new(7, 5, 21, 13);
        let frame = decoded(rect, &saved(21, 13, false)).unwrap();
        for y in 0..30u16 {
            for x in 0..40u16 {
                let pixel = frame.pixels()[usize::from(y) * 40 + usize::from(x)];
                let expected = match rect.contains(Rect::new(x, y, 1, 1)) {
                    true => [200u8, 100, 50, 255],
                    false => [0, 0, 0, 255],
                };
                let is_near = pixel
                    .iter()
                    .zip(expected)
                    .all(|(is, was)| is.abs_diff(was) < 4);
                assert!(is_near, "{x},{y}: {pixel:?}");
            }
        }
    }

    #[test]
    fn pictures_that_no_server_sends_are_refused_before_they_cost_anything() {
        let good = saved(16, 16, false);
        let rect = Rect::new(0, 0, 16, 16);
        let refused = |picture: &[u8], rect| {
            let error = decoded(rect, picture).unwrap_err();
            assert!(matches!(error, DecodeError::Jpeg { .. }), "{error}");
            error.to_string()
        };
        assert!(refused(&good, Rect::new(0, 0, 16, 17)).contains("size"));
        assert!(refused(&saved(16, 16, true), rect).contains("no server"));
        assert!(refused(b"not a picture at all", rect).contains("begin"));
        // One that says it has three colours and brings the first alone.
        let start = good.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
        let mut in_passes = good.clone();
        in_passes[start + 4] = 1;
        assert!(refused(&in_passes, rect).contains("passes"));
        // Another picture inside what the decoder does not skip, or skips in another way.
        let hidden = saved(16, 400, true);
        for kind in [0, 1, 0xd0, 0xd8, 0xff] {
            let mut carrier = vec![0xff, 0xd8, 0xff, kind];
            carrier.extend(u16::try_from(hidden.len()).unwrap().to_be_bytes());
            carrier.extend(&hidden[2..]);
            carrier.extend(&good[2..]);
            assert!(refused(&carrier, rect).contains("no server"), "{kind:x}");
        }
        // Wherever it is cut or hit, there is an end, and no panic.
        for at in 0..good.len() {
            drop(decoded(rect, &good[..at]));
            for value in [0, 0x7f, 0xff] {
                let mut hit = good.clone();
                hit[at] = value;
                drop(decoded(rect, &hit));
            }
        }
        refused(&good[..start + 8], rect);
    }
}
