//! The way through a rectangle, tile by tile (Hextile, TRLE, ZRLE): from left to right, then down.

use farwire_model::frame::Rect;

/// A place in a rectangle, in tiles of `SIDE` pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk<const SIDE: u16> {
    x: u16,
    y: u16,
}

impl<const SIDE: u16> Walk<SIDE> {
    /// The next tile; those at the right and lower edge are as small as they must be. `None` after the last.
    pub fn tile(&self, rect: Rect) -> Option<Rect> {
        let tile = Rect::new(
            rect.x.saturating_add(self.x),
            rect.y.saturating_add(self.y),
            SIDE.min(rect.width.checked_sub(self.x)?),
            SIDE.min(rect.height.checked_sub(self.y)?),
        );
        (!tile.is_empty()).then_some(tile)
    }

    /// The tile is done.
    pub fn step(&mut self, rect: Rect) {
        self.x = self.x.saturating_add(SIDE);
        if self.x >= rect.width {
            (self.x, self.y) = (0, self.y.saturating_add(SIDE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_rectangle_once() {
        for (rect, expected) in [
            (
                Rect::new(5, 6, 20, 17),
                vec![
                    (5, 6, 16, 16),
                    (21, 6, 4, 16),
                    (5, 22, 16, 1),
                    (21, 22, 4, 1),
                ],
            ),
            (Rect::new(0, 0, 16, 16), vec![(0, 0, 16, 16)]),
            (Rect::new(0, 0, 0, 9), vec![]),
            (Rect::new(0, 0, 9, 0), vec![]),
        ] {
            let mut walk = Walk::<16>::default();
            let mut tiles = Vec::new();
            while let Some(Rect {
                x,
                y,
                width,
                height,
            }) = walk.tile(rect)
            {
                tiles.push((x, y, width, height));
                walk.step(rect);
            }
            assert_eq!(tiles, expected, "{rect:?}");
        }
    }
}
