//! From the framebuffer's pixels to those of a surface: blue, green, red and nothing on most machines, in rows with gaps.

use super::place::{Pixels, Place};
use farwire_model::frame::{Draw, Framebuffer, Pixel, Rect};
use fast_image_resize::images::{CroppedImageMut, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// How far smoothing reaches, in remote pixels, where one of them is shown by one or more; further where many share one.
const REACH: f64 = 3.0;

/// What quotients of sides may be off by, in remote pixels: far more than they are, and far less than can be seen.
const HAIR: f64 = 1e-6;

/// Writes parts of pictures, scaled where they must be.
#[derive(Default)]
pub struct Painter {
    resizer: Resizer,
}

/// How far smoothing mixes remote pixels.
pub fn reach(place: &Place) -> i32 {
    if place.is_exact() || !place.is_smooth {
        return 1;
    }
    let across = f64::from(place.frame.width) / f64::from(place.picture.width.max(1));
    let down = f64::from(place.frame.height) / f64::from(place.picture.height.max(1));
    // A few pixels: sides are at most 16,384, shown by at least one.
    #[allow(clippy::cast_possible_truncation)]
    let reach = (REACH * across.max(down).max(1.0)).ceil() as i32;
    reach
}

impl Painter {
    /// Writes `part` of what a place shows of a picture of its size into a surface that holds what is seen of it, in rows of `stride` bytes.
    pub fn paint(
        &mut self,
        frame: &Framebuffer,
        place: &Place,
        part: Pixels,
        surface: &mut [u8],
        stride: usize,
    ) {
        if part.is_empty() {
            return;
        }
        if place.is_exact() {
            copy(frame, place, part, surface, stride);
        } else {
            self.scale(frame, place, part, surface, stride);
        }
    }

    /// Does in a surface of a picture that is shown pixel by pixel what was done in the picture itself. False, and nothing is
    /// done, where the surface does not hold all that it takes.
    pub fn repeat(&self, draw: &Draw, place: &Place, surface: &mut [u8], stride: usize) -> bool {
        let seen = |part: Rect| {
            let shown = place.shown(part, 0);
            let is_whole =
                shown.width == i32::from(part.width) && shown.height == i32::from(part.height);
            is_whole.then_some(shown)
        };
        match *draw {
            Draw::Copy { from, x, y } => {
                let to = Rect::new(x, y, from.width, from.height);
                let (Some(from), Some(to)) = (seen(from), seen(to)) else {
                    return false;
                };
                shift(place, from, to, surface, stride);
            }
            Draw::Fill { rect, colour } => {
                // The fourth byte as in rows that are written: nothing looks at it.
                let [red, green, blue, rest] = colour;
                let colour = [blue, green, red, rest];
                for row in rows_of(surface, stride, place, place.shown(rect, 0)) {
                    row.as_chunks_mut().0.fill(colour);
                }
            }
        }
        true
    }

    fn scale(
        &mut self,
        frame: &Framebuffer,
        place: &Place,
        part: Pixels,
        surface: &mut [u8],
        stride: usize,
    ) {
        let size = frame.size();
        let (Ok(width), Ok(height)) = (u32::try_from(part.width), u32::try_from(part.height))
        else {
            return;
        };
        let across = f64::from(size.width) / f64::from(place.picture.width);
        let down = f64::from(size.height) / f64::from(place.picture.height);
        // Not a hair over the edge, which is refused: quotients are not exact.
        let within = |at: i32, length: i32, scale: f64, side: u16| {
            let start = f64::from(at) * scale;
            (
                start,
                (f64::from(length) * scale).min(f64::from(side) - start - HAIR),
            )
        };
        let (left, wide) = within(part.x - place.picture.x, part.width, across, size.width);
        let (top, high) = within(part.y - place.picture.y, part.height, down, size.height);
        let algorithm = match place.is_smooth {
            false => ResizeAlg::Nearest,
            // Sharp without rings where pixels are thrown together, smooth without blur where they are pulled apart.
            true if across > 1.0 => ResizeAlg::Convolution(FilterType::Hamming),
            true => ResizeAlg::Convolution(FilterType::CatmullRom),
        };
        let options = ResizeOptions::new()
            .resize_alg(algorithm)
            .crop(left, top, wide, high)
            .use_alpha(false);
        let bytes = frame.pixels().as_flattened();
        let (frame_width, frame_height) = (u32::from(size.width), u32::from(size.height));
        let Ok(source) = ImageRef::new(frame_width, frame_height, bytes, PixelType::U8x4) else {
            return;
        };
        let side = |value: usize| u32::try_from(value).unwrap_or(0);
        let (across, down) = (side(stride / 4), side(surface.len() / stride.max(1)));
        let Ok(mut whole) = Image::from_slice_u8(across, down, surface, PixelType::U8x4) else {
            return;
        };
        let (left, top) = (part.x - place.seen.x, part.y - place.seen.y);
        let (Ok(left), Ok(top)) = (u32::try_from(left), u32::try_from(top)) else {
            return;
        };
        let Ok(mut target) = CroppedImageMut::new(&mut whole, left, top, width, height) else {
            return;
        };
        if let Err(error) = self.resizer.resize(&source, &mut target, &options) {
            tracing::debug!(%error, "a picture was not scaled");
            return;
        }
        for row in rows_of(surface, stride, place, part) {
            for pixel in row.as_chunks_mut::<4>().0 {
                *pixel = turned(*pixel);
            }
        }
    }
}

fn copy(frame: &Framebuffer, place: &Place, part: Pixels, surface: &mut [u8], stride: usize) {
    let side = |value: i32| u16::try_from(value).unwrap_or(0);
    let rect = Rect::new(
        side(part.x - place.picture.x),
        side(part.y - place.picture.y),
        side(part.width),
        side(part.height),
    );
    let lines = rect.y..rect.y.saturating_add(rect.height);
    for (to, line) in rows_of(surface, stride, place, part).zip(lines) {
        if let Some(from) = frame.row(rect, line) {
            write_row(to, from);
        }
    }
}

/// Copies a part of the surface to another place of the same size.
fn shift(place: &Place, from: Pixels, to: Pixels, surface: &mut [u8], stride: usize) {
    let whole = |value: i32| usize::try_from(value).unwrap_or(0);
    let start = |part: Pixels, row: usize| {
        (whole(part.y - place.seen.y) + row) * stride + whole(part.x - place.seen.x) * 4
    };
    let (bytes, rows) = (whole(from.width) * 4, whole(from.height));
    let mut move_row = |row: usize| {
        let (source, target) = (start(from, row), start(to, row));
        if source.max(target) + bytes <= surface.len() {
            surface.copy_within(source..source + bytes, target);
        }
    };
    // Upwards from the last row when moving down, so that no row is read after it was written.
    if to.y > from.y {
        (0..rows).rev().for_each(&mut move_row);
    } else {
        (0..rows).for_each(&mut move_row);
    }
}

/// The rows of a part of the surface, from its top.
fn rows_of<'a>(
    surface: &'a mut [u8],
    stride: usize,
    place: &Place,
    part: Pixels,
) -> impl Iterator<Item = &'a mut [u8]> {
    let whole = |value: i32| usize::try_from(value).unwrap_or(0);
    let left = whole(part.x - place.seen.x) * 4;
    let bytes = whole(part.width) * 4;
    surface
        .chunks_mut(stride.max(1))
        .skip(whole(part.y - place.seen.y))
        .take(whole(part.height))
        .filter_map(move |row| row.get_mut(left..left + bytes))
}

/// Every machine this is built for keeps blue, green and red in this order, the lowest byte first.
fn write_row(to: &mut [u8], from: &[Pixel]) {
    let from = from.as_flattened();
    let (Ok(bytes), Ok(width)) = (u32::try_from(to.len()), u32::try_from(to.len() / 4)) else {
        return;
    };
    if let Err(error) = yuv::rgba_to_bgra(from, bytes, to, bytes, width, 1) {
        tracing::debug!(%error, "a row was not written");
    }
}

/// A pixel of the framebuffer as one of the surface.
fn turned(pixel: Pixel) -> [u8; 4] {
    let pixel = u32::from_le_bytes(pixel);
    let turned = (pixel & 0xff00) | (pixel & 0xff) << 16 | (pixel >> 16) & 0xff;
    turned.to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::frame::Size;

    #[test]
    fn what_is_repeated_in_a_surface_is_what_the_picture_has() {
        let size = Size::new(60, 40);
        let mut frame = Framebuffer::new(size).unwrap();
        for (at, pixel) in frame.pixels_mut().iter_mut().enumerate() {
            *pixel = [at as u8, (at >> 8) as u8, 7, 255];
        }
        let area = |x, y, width, height| Pixels {
            x,
            y,
            width,
            height,
        };
        let copy = |from, x, y| Draw::Copy { from, x, y };
        let fill = |rect| Draw::Fill {
            rect,
            colour: [200, 100, 50, 255],
        };
        // All of the picture, and a part of it that begins inside.
        for (picture, seen, cases) in [
            (
                area(0, 0, 60, 40),
                area(0, 0, 60, 40),
                &[
                    (copy(Rect::new(0, 4, 60, 36), 0, 0), true),
                    (copy(Rect::new(0, 0, 60, 30), 0, 7), true),
                    (copy(Rect::new(3, 5, 40, 20), 9, 5), true),
                    (copy(Rect::new(9, 5, 40, 20), 3, 5), true),
                    (fill(Rect::new(50, 30, 10, 10)), true),
                ][..],
            ),
            (
                area(-10, -5, 60, 40),
                area(2, 0, 30, 20),
                &[
                    (copy(Rect::new(14, 8, 20, 10), 13, 6), true),
                    (copy(Rect::new(5, 8, 20, 10), 13, 6), false),
                    (copy(Rect::new(14, 8, 20, 10), 30, 6), false),
                    (fill(Rect::new(0, 0, 60, 12)), true),
                ],
            ),
        ] {
            let place = Place {
                widget: seen,
                picture,
                seen,
                frame: size,
                is_smooth: true,
            };
            // Rows have gaps, as those of real surfaces may.
            let stride = usize::try_from(seen.width).unwrap() * 4 + 12;
            let lines = usize::try_from(seen.height).unwrap();
            let mut painter = Painter::default();
            for (draw, is_done) in cases {
                let (mut surface, mut expected) =
                    (vec![0; stride * lines], vec![0; stride * lines]);
                painter.paint(&frame, &place, seen, &mut surface, stride);
                assert_eq!(
                    painter.repeat(draw, &place, &mut surface, stride),
                    *is_done,
                    "{draw:?}"
                );
                let mut drawn = frame.clone();
                match *draw {
                    Draw::Copy { from, x, y } => drawn.copy(from, x, y),
                    Draw::Fill { rect, colour } => drawn.fill(rect, colour),
                }
                let after = if *is_done { &drawn } else { &frame };
                painter.paint(after, &place, seen, &mut expected, stride);
                let mut same = surface.chunks(stride).zip(expected.chunks(stride));
                assert!(
                    same.all(|(one, other)| one[..stride - 12] == other[..stride - 12]),
                    "{draw:?}"
                );
            }
        }
    }

    #[test]
    fn every_part_of_a_scaled_picture_is_written() {
        let size = Size::new(800, 560);
        let mut frame = Framebuffer::new(size).unwrap();
        frame.fill(size.rect(), [1, 2, 3, 255]);
        let mut painter = Painter::default();
        for width in (200..1300).step_by(77) {
            let height = width * 7 / 10 + width % 3;
            let whole = |x, y, width, height| Pixels {
                x,
                y,
                width,
                height,
            };
            let picture = whole(0, 0, width, height);
            let place = Place {
                widget: picture,
                picture,
                seen: picture,
                frame: size,
                is_smooth: true,
            };
            let stride = usize::try_from(width).unwrap() * 4;
            for part in [
                picture,
                whole(0, 30, 40, height - 30),
                whole(width - 41, 17, 41, 60),
                whole(3, height - 5, width - 3, 5),
            ] {
                let mut surface = vec![0; stride * usize::try_from(height).unwrap()];
                painter.paint(&frame, &place, part, &mut surface, stride);
                let rows = rows_of(&mut surface, stride, &place, part);
                let is_whole =
                    |row: &mut [u8]| row.as_chunks::<4>().0.iter().all(|p| p[..3] == [3, 2, 1]);
                assert!(
                    rows.into_iter().all(is_whole),
                    "{part:?} of {width} x {height}"
                );
            }
        }
    }
}
