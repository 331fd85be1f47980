//! Sizes, rectangles and regions, in whole pixels from the top left.

/// A width and a height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

impl Size {
    /// A size.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// How many pixels it holds.
    pub fn pixels(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// The rectangle that covers it.
    pub const fn rect(self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }
}

/// A rectangle. Its right and lower edge may lie beyond 65,535, so they are read as `u32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Pixels from the left.
    pub x: u16,
    /// Pixels from the top.
    pub y: u16,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

impl Rect {
    /// A rectangle.
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The first column to the right of it.
    pub fn right(self) -> u32 {
        u32::from(self.x) + u32::from(self.width)
    }

    /// The first row below it.
    pub fn bottom(self) -> u32 {
        u32::from(self.y) + u32::from(self.height)
    }

    /// How many pixels it holds.
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether it holds no pixel.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Self) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// Whether it lies wholly inside a picture of this size.
    pub fn fits(self, size: Size) -> bool {
        size.rect().contains(self)
    }

    /// The part both have; `None` where they share no pixel.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let width = self.right().min(other.right()).checked_sub(u32::from(x))?;
        let height = self
            .bottom()
            .min(other.bottom())
            .checked_sub(u32::from(y))?;
        let part = Self::new(
            x,
            y,
            u16::try_from(width).ok()?,
            u16::try_from(height).ok()?,
        );
        (!part.is_empty()).then_some(part)
    }

    /// The smallest rectangle around both.
    pub fn union(self, other: Self) -> Self {
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        let width = self.right().max(other.right()) - u32::from(x);
        let height = self.bottom().max(other.bottom()) - u32::from(y);
        Self::new(
            x,
            y,
            u16::try_from(width).unwrap_or(u16::MAX),
            u16::try_from(height).unwrap_or(u16::MAX),
        )
    }
}

/// A set of pixels as a few rectangles. It may cover more than was added, never less.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    rects: Vec<Rect>,
}

/// More rectangles than this cost a viewer more in messages than the pixels they save.
const MAX_RECTS: usize = 16;

impl Region {
    /// Adds a rectangle. Rectangles merge when their union wastes less than 30 %, and always past 16.
    pub fn add(&mut self, rect: Rect) {
        if rect.is_empty() {
            return;
        }
        let mut rect = rect;
        // Each merge removes one rectangle, so this ends.
        while let Some(position) = self
            .rects
            .iter()
            .position(|&known| merges_well(known, rect))
        {
            rect = self.rects.swap_remove(position).union(rect);
        }
        if self.rects.len() >= MAX_RECTS {
            let cheapest = self
                .rects
                .iter()
                .enumerate()
                .min_by_key(|(_, known)| known.union(rect).area().saturating_sub(known.area()))
                .map(|(position, _)| position);
            if let Some(position) = cheapest {
                let merged = self.rects.swap_remove(position).union(rect);
                return self.add(merged);
            }
        }
        self.rects.push(rect);
    }

    /// Whether any of it lies inside `rect`.
    pub fn touches(&self, rect: Rect) -> bool {
        self.rects
            .iter()
            .any(|known| known.intersection(rect).is_some())
    }

    /// Whether it holds no pixel.
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.rects.clear();
    }

    /// Takes one rectangle out.
    pub fn pop(&mut self) -> Option<Rect> {
        self.rects.pop()
    }

    /// Puts back a part of a rectangle that was popped, unmerged.
    pub fn push_part(&mut self, rect: Rect) {
        if !rect.is_empty() {
            self.rects.push(rect);
        }
    }

    /// The rectangles, in no order. They may overlap.
    pub fn rects(&self) -> &[Rect] {
        &self.rects
    }
}

fn merges_well(a: Rect, b: Rect) -> bool {
    let union = a.union(b).area();
    let shared = a.intersection(b).map_or(0, Rect::area);
    let needed = a.area() + b.area() - shared;
    (union - needed) * 10 < union * 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_rect() -> impl Strategy<Value = Rect> {
        (0..200u16, 0..200u16, 0..60u16, 0..60u16).prop_map(|(x, y, w, h)| Rect::new(x, y, w, h))
    }

    proptest! {
        #[test]
        fn a_region_covers_everything_that_was_added_in_at_most_16_rectangles(rects in prop::collection::vec(any_rect(), 0..80)) {
            let mut region = Region::default();
            for &rect in &rects {
                region.add(rect);
            }
            prop_assert!(region.rects().len() <= MAX_RECTS);
            for rect in rects {
                for x in rect.x..rect.x + rect.width {
                    for y in [rect.y, rect.y + rect.height.saturating_sub(1)] {
                        if rect.height > 0 {
                            let covered = region.rects().iter().any(|known| known.contains(Rect::new(x, y, 1, 1)));
                            prop_assert!(covered, "{x},{y} is lost");
                        }
                    }
                }
            }
        }

        #[test]
        fn an_intersection_lies_in_both(a in any_rect(), b in any_rect()) {
            match a.intersection(b) {
                Some(part) => prop_assert!(a.contains(part) && b.contains(part)),
                None => prop_assert!(a.is_empty() || b.is_empty()
                    || a.right() <= u32::from(b.x) || b.right() <= u32::from(a.x)
                    || a.bottom() <= u32::from(b.y) || b.bottom() <= u32::from(a.y)),
            }
        }
    }
}
