//! The picture of a remote screen.

use super::rect::{Rect, Size};

/// One pixel: red, green, blue, and an alpha that is always 255.
pub type Pixel = [u8; 4];

/// The longest side. The largest common wall (four 4K screens in a row) is 15,360 across.
pub const MAX_SIDE: u16 = 16_384;

/// The most pixels, 256 MiB of memory: eight 4K screens fit.
pub const MAX_PIXELS: usize = 64 * 1024 * 1024;

const BLACK: Pixel = [0, 0, 0, 255];

/// Why a picture was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramebufferError {
    /// It has no pixels, a side over [`MAX_SIDE`], or more than [`MAX_PIXELS`].
    #[error(
        "a screen of {width} x {height} pixels is outside what can be shown (at most {MAX_SIDE} a side, {MAX_PIXELS} pixels)"
    )]
    Size {
        /// Pixels across.
        width: u16,
        /// Pixels down.
        height: u16,
    },
}

/// The picture of a remote screen: rows of RGBA pixels without gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Framebuffer {
    size: Size,
    // INVARIANT: holds exactly `size.pixels()` pixels.
    pixels: Vec<Pixel>,
}

impl Framebuffer {
    /// A black picture.
    ///
    /// # Errors
    /// [`FramebufferError::Size`] before anything is allocated.
    pub fn new(size: Size) -> Result<Self, FramebufferError> {
        let Size { width, height } = size;
        if size.pixels() == 0 || width > MAX_SIDE || height > MAX_SIDE || size.pixels() > MAX_PIXELS
        {
            return Err(FramebufferError::Size { width, height });
        }
        Ok(Self {
            size,
            pixels: vec![BLACK; size.pixels()],
        })
    }

    /// Its size; 0 x 0 before the first picture.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All pixels, row after row.
    pub fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    /// All pixels, row after row.
    pub fn pixels_mut(&mut self) -> &mut [Pixel] {
        &mut self.pixels
    }

    /// The part of row `y` that lies in `rect`; `None` outside the picture or the rectangle.
    pub fn row(&self, rect: Rect, y: u16) -> Option<&[Pixel]> {
        self.pixels.get(self.row_range(rect, y)?)
    }

    /// The part of row `y` that lies in `rect`, to write; `None` outside the picture or the rectangle.
    pub fn row_mut(&mut self, rect: Rect, y: u16) -> Option<&mut [Pixel]> {
        let range = self.row_range(rect, y)?;
        self.pixels.get_mut(range)
    }

    /// The rows of `rect` from the top, to write. Empty when it does not fit the picture.
    pub fn rows_mut(&mut self, rect: Rect) -> impl Iterator<Item = &mut [Pixel]> {
        let stride = usize::from(self.size.width).max(1);
        let fits = rect.fits(self.size);
        let (left, width) = (usize::from(rect.x), usize::from(rect.width));
        let (skip, take) = (
            usize::from(rect.y),
            if fits { usize::from(rect.height) } else { 0 },
        );
        self.pixels
            .chunks_exact_mut(stride)
            .skip(skip)
            .take(take)
            .filter_map(move |row| row.get_mut(left..left + width))
    }

    /// The rows of each of these rectangles from its top, to write, all at once. They must not share pixels: a row of one that
    /// does is left out, and so are all of one that does not fit the picture.
    pub fn split(&mut self, rects: &[Rect]) -> Vec<Vec<&mut [Pixel]>> {
        let mut parts: Vec<Vec<&mut [Pixel]>> = rects
            .iter()
            .map(|rect| Vec::with_capacity(usize::from(rect.height)))
            .collect();
        let mut across: Vec<(usize, Rect)> = rects.iter().copied().enumerate().collect();
        across.retain(|(_, rect)| rect.fits(self.size));
        across.sort_by_key(|(_, rect)| rect.x);
        let top = across.iter().map(|(_, rect)| rect.y).min().unwrap_or(0);
        let bottom = across.iter().map(|(_, rect)| rect.bottom()).max();
        let stride = usize::from(self.size.width).max(1);
        let rows = self.pixels.chunks_exact_mut(stride).zip(0_u32..);
        let rows = rows.skip(usize::from(top));
        for (row, y) in rows.take_while(|(_, y)| Some(*y) < bottom) {
            let (mut rest, mut at) = (row, 0);
            for (part, rect) in &across {
                let gap = rect.x.checked_sub(at);
                let (Some(gap), true) = (gap, u32::from(rect.y) <= y && y < rect.bottom()) else {
                    continue;
                };
                let (gap, width) = (usize::from(gap), usize::from(rect.width));
                let whole = std::mem::take(&mut rest);
                let (own, behind) = whole.split_at_mut(gap).1.split_at_mut(width);
                if let Some(part) = parts.get_mut(*part) {
                    part.push(own);
                }
                (rest, at) = (behind, rect.x + rect.width);
            }
        }
        parts
    }

    /// Paints `rect` in one colour; parts outside the picture are left out.
    pub fn fill(&mut self, rect: Rect, colour: Pixel) {
        if let Some(rect) = rect.intersection(self.size.rect()) {
            for row in self.rows_mut(rect) {
                row.fill(colour);
            }
        }
    }

    /// Copies `from` so that its top left lies at (`x`, `y`). Overlap is fine. Does nothing unless both fit.
    pub fn copy(&mut self, from: Rect, x: u16, y: u16) {
        let to = Rect::new(x, y, from.width, from.height);
        if !from.fits(self.size) || !to.fits(self.size) {
            return;
        }
        let stride = usize::from(self.size.width);
        let mut move_row = |row: u16| {
            let source = (usize::from(from.y) + usize::from(row)) * stride + usize::from(from.x);
            let target = (usize::from(y) + usize::from(row)) * stride + usize::from(x);
            self.pixels
                .copy_within(source..source + usize::from(from.width), target);
        };
        // Upwards from the last row when moving down, so that no row is read after it was written.
        if y > from.y {
            (0..from.height).rev().for_each(&mut move_row);
        } else {
            (0..from.height).for_each(&mut move_row);
        }
    }

    fn row_range(&self, rect: Rect, y: u16) -> Option<std::ops::Range<usize>> {
        let inside = rect.fits(self.size) && y >= rect.y && u32::from(y) < rect.bottom();
        let start = usize::from(y) * usize::from(self.size.width) + usize::from(rect.x);
        inside.then_some(start..start + usize::from(rect.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pictures_outside_the_limits_are_refused() {
        for (width, height) in [(0, 1), (1, 0), (MAX_SIDE + 1, 1), (MAX_SIDE, 8192)] {
            assert!(
                Framebuffer::new(Size::new(width, height)).is_err(),
                "{width} x {height}"
            );
        }
        assert!(Framebuffer::new(Size::new(5120, 2880)).is_ok());
    }

    #[test]
    fn rectangles_that_share_no_pixels_are_written_at_once() {
        let rects = [
            Rect::new(6, 1, 4, 3),
            Rect::new(0, 0, 2, 5),
            Rect::new(2, 1, 3, 2),
            Rect::new(3, 3, 7, 2)
                .intersection(Rect::new(2, 4, 8, 1))
                .unwrap(),
            Rect::new(0, 0, 0, 0),
            Rect::new(8, 0, 3, 1),
        ];
        let size = Size::new(10, 5);
        let (mut one, mut other) = (
            Framebuffer::new(size).unwrap(),
            Framebuffer::new(size).unwrap(),
        );
        for (number, rows) in one.split(&rects).into_iter().enumerate() {
            let expected = if number == 5 { 0 } else { rects[number].height };
            assert_eq!(rows.len(), usize::from(expected), "{number}");
            for (down, row) in rows.into_iter().enumerate() {
                row.fill([number as u8, down as u8, 0, 255]);
            }
        }
        for (number, rect) in rects.iter().enumerate().filter(|(number, _)| *number != 5) {
            for (down, row) in other.rows_mut(*rect).enumerate() {
                row.fill([number as u8, down as u8, 0, 255]);
            }
        }
        assert_eq!(one, other);
        // Of two that overlap, no pixel is written twice.
        let both = [Rect::new(0, 0, 6, 2), Rect::new(4, 1, 6, 2)];
        let rows: Vec<usize> = one.split(&both).iter().map(Vec::len).collect();
        assert_eq!(rows, [2, 1]);
    }

    proptest! {
        #[test]
        fn an_overlapping_copy_equals_one_through_a_spare_picture(
            (sx, sy, dx, dy) in (0..12u16, 0..12u16, 0..12u16, 0..12u16), (w, h) in (1..8u16, 1..8u16)
        ) {
            let size = Size::new(20, 20);
            let mut picture = Framebuffer::new(size).unwrap();
            for (position, pixel) in picture.pixels_mut().iter_mut().enumerate() {
                *pixel = [position as u8, (position >> 8) as u8, 0, 255];
            }
            let before = picture.clone();
            picture.copy(Rect::new(sx, sy, w, h), dx, dy);
            for y in 0..20u16 {
                for x in 0..20u16 {
                    let inside = Rect::new(dx, dy, w, h).contains(Rect::new(x, y, 1, 1));
                    let (fx, fy) = if inside { (x - dx + sx, y - dy + sy) } else { (x, y) };
                    let expected = before.pixels()[usize::from(fy) * 20 + usize::from(fx)];
                    prop_assert_eq!(picture.pixels()[usize::from(y) * 20 + usize::from(x)], expected);
                }
            }
        }
    }
}
