//! What is decoded, brought to the shared picture: only the parts that changed.

use crate::limits::MAX_CURSOR_SIDE;
use farwire_model::frame::{Cursor, FramebufferError, Pixel, Rect, Size, Surface};
use ironrdp_egfx::compositor::OutputUpdate;
use ironrdp_graphics::image_processing::PixelFormat;
use ironrdp_graphics::pointer::DecodedPointer;
use ironrdp_pdu::geometry::InclusiveRectangle;
use ironrdp_session::image::DecodedImage;

/// The picture that is decoded into.
pub struct Picture {
    /// Where the decoder writes.
    pub image: DecodedImage,
    size: Size,
    /// Whether something was brought over that nobody was told of yet.
    is_fresh: bool,
}

impl Picture {
    /// A black picture, here and on the surface.
    ///
    /// # Errors
    /// A size outside what can be shown, before anything is allocated for it.
    pub fn new(size: Size, surface: &Surface) -> Result<Self, FramebufferError> {
        surface.resumed(None);
        surface.paint(|painter| match painter.size() == size {
            // What is left of the session before is not what this one shows.
            true => painter.blank(),
            false => painter.resize(size),
        })?;
        surface.publish();
        Ok(Self {
            image: DecodedImage::new(PixelFormat::RgbA32, size.width, size.height),
            size,
            is_fresh: false,
        })
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Brings parts of the picture over. The decoder's rectangles count their last row and column in.
    pub fn bring(&mut self, surface: &Surface, parts: &[InclusiveRectangle]) {
        let parts: Vec<Rect> = parts.iter().filter_map(|part| self.rect(part)).collect();
        if parts.is_empty() {
            return;
        }
        let (data, stride) = (self.image.data(), self.image.stride());
        surface.paint(|painter| {
            for rect in parts {
                let left = usize::from(rect.x) * size_of::<Pixel>();
                let rows = data.chunks_exact(stride.max(1)).skip(usize::from(rect.y));
                for (to, from) in painter.frame().rows_mut(rect).zip(rows) {
                    copy_row(to, from.get(left..).unwrap_or_default());
                }
                painter.damaged(rect);
            }
        });
        self.is_fresh = true;
    }

    /// Brings over what the graphics pipeline drew, whose rectangles end before their last row and column.
    pub fn paint(&mut self, surface: &Surface, parts: &[OutputUpdate]) {
        surface.paint(|painter| {
            for OutputUpdate { region, data, .. } in parts {
                let width = region.right.saturating_sub(region.left);
                let height = region.bottom.saturating_sub(region.top);
                let whole = Rect::new(region.left, region.top, width, height);
                let stride = usize::from(width) * size_of::<Pixel>();
                if let Some(rect) = whole.intersection(self.size.rect()) {
                    let rows = data.chunks_exact(stride.max(1));
                    for (to, from) in painter.frame().rows_mut(rect).zip(rows) {
                        copy_row(to, from);
                    }
                    painter.damaged(rect);
                }
            }
        });
        self.is_fresh |= !parts.is_empty();
    }

    /// Whether something was brought over since this was asked last.
    pub fn take_fresh(&mut self) -> bool {
        std::mem::take(&mut self.is_fresh)
    }

    fn rect(&self, part: &InclusiveRectangle) -> Option<Rect> {
        let width = part.right.checked_sub(part.left)?.checked_add(1)?;
        let height = part.bottom.checked_sub(part.top)?.checked_add(1)?;
        Rect::new(part.left, part.top, width, height).intersection(self.size.rect())
    }
}

/// Copies a row of RGBA. What the decoder leaves in the alpha means nothing.
fn copy_row(to: &mut [Pixel], from: &[u8]) {
    let (from, _) = from.as_chunks::<4>();
    for (to, [red, green, blue, _]) in to.iter_mut().zip(from) {
        *to = [*red, *green, *blue, 255];
    }
}

/// The machine's pointer; `None` for one that is no picture.
pub fn cursor(pointer: &DecodedPointer) -> Option<Cursor> {
    let size = Size::new(pointer.width, pointer.height);
    let (pixels, rest) = pointer.bitmap_data.as_chunks::<4>();
    let is_sane = pointer.width.max(pointer.height) <= MAX_CURSOR_SIDE
        && rest.is_empty()
        && pixels.len() == size.pixels();
    is_sane.then(|| Cursor {
        size,
        hot_x: pointer.hotspot_x.min(pointer.width.saturating_sub(1)),
        hot_y: pointer.hotspot_y.min(pointer.height.saturating_sub(1)),
        pixels: pixels.to_vec(),
    })
}

/// No pointer at all.
pub fn hidden() -> Cursor {
    Cursor {
        size: Size::default(),
        hot_x: 0,
        hot_y: 0,
        pixels: Vec::new(),
    }
}

/// The system's own pointer, which machines name without drawing it.
pub fn arrow() -> Cursor {
    const ROWS: [&str; 19] = [
        "#           ",
        "##          ",
        "#.#         ",
        "#..#        ",
        "#...#       ",
        "#....#      ",
        "#.....#     ",
        "#......#    ",
        "#.......#   ",
        "#........#  ",
        "#.........# ",
        "#......#####",
        "#...#..#    ",
        "#..##..#    ",
        "#.#  #..#   ",
        "##   #..#   ",
        "#     #..#  ",
        "      #..#  ",
        "       ##   ",
    ];
    let pixel = |drawn| match drawn {
        b'#' => [0, 0, 0, 255],
        b'.' => [255, 255, 255, 255],
        _ => [0; 4],
    };
    Cursor {
        size: Size::new(12, 19),
        hot_x: 0,
        hot_y: 0,
        pixels: ROWS.iter().flat_map(|row| row.bytes().map(pixel)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrow_fills_its_size() {
        let arrow = arrow();
        assert_eq!(arrow.pixels.len(), arrow.size.pixels());
    }

    #[test]
    fn a_pointer_that_claims_more_than_it_has_is_left_out() {
        let pointer = |width, height, bytes| DecodedPointer {
            width,
            height,
            hotspot_x: 9,
            hotspot_y: 0,
            bitmap_data: vec![0; bytes],
        };
        assert_eq!(
            cursor(&pointer(2, 2, 16)).map(|cursor| cursor.hot_x),
            Some(1)
        );
        for wrong in [pointer(2, 2, 12), pointer(2, 2, 17), pointer(500, 1, 2000)] {
            assert_eq!(cursor(&wrong), None);
        }
    }

    #[test]
    fn parts_are_brought_over_opaque_and_cut_to_the_picture() {
        let surface = Surface::new();
        let mut picture = Picture::new(Size::new(4, 2), &surface).unwrap();
        let part = |left, top, right, bottom| InclusiveRectangle {
            left,
            top,
            right,
            bottom,
        };
        assert!(!picture.take_fresh());
        picture.bring(&surface, &[part(2, 1, 9, 9), part(5, 0, 4, 0)]);
        assert!(picture.take_fresh());
        assert!(
            surface
                .snapshot()
                .pixels()
                .iter()
                .all(|pixel| *pixel == [0, 0, 0, 255])
        );
        picture.bring(&surface, &[part(9, 9, 9, 9)]);
        assert!(!picture.take_fresh());
    }

    #[test]
    fn a_size_nobody_can_show_is_refused() {
        let surface = Surface::new();
        assert!(Picture::new(Size::new(60_000, 60_000), &surface).is_err());
        assert!(Picture::new(Size::new(0, 5), &surface).is_err());
    }
}
