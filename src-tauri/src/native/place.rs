//! Where a picture lies, in pixels of the screen.

use farwire_model::frame::{Rect, Size};
use serde::Deserialize;

/// A rectangle of the page, in its own pixels from the top left of the window.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What a page says about one picture.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Placement {
    /// The session it is of.
    pub session: String,
    /// What of the window it may cover.
    view: Area,
    /// Where the whole picture would be; parts may lie outside of the view.
    picture: Area,
    /// How wide and high the remote screen was when this was measured.
    size: (u16, u16),
    /// Whether it is smoothed where it is not shown pixel by pixel.
    is_smooth: bool,
}

/// The largest side anything on a screen has: more is a page gone wrong.
const MAX_SIDE: f64 = 65_536.0;

/// A rectangle in pixels of the screen. It may begin outside of what it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Pixels {
    /// What both have in common; empty when that is nothing.
    pub fn intersection(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        Self {
            x,
            y,
            width: (right - x).max(0),
            height: (bottom - y).max(0),
        }
    }

    pub fn is_empty(self) -> bool {
        self.width <= 0 || self.height <= 0
    }
}

/// A placement on a screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The part of the window that is covered, in the toolkit's units.
    pub widget: Pixels,
    /// The whole picture, in pixels of the screen from the widget's top left.
    pub picture: Pixels,
    /// What of it is seen, the same way.
    pub seen: Pixels,
    /// The remote screen that it was measured for.
    pub frame: Size,
    pub is_smooth: bool,
}

impl Placement {
    /// Where that is on a screen that has so many pixels for one of the page's; none where nothing would be seen.
    pub fn on(&self, factor: i32) -> Option<Place> {
        let scale = f64::from(factor);
        let whole = |value: f64| {
            let bounded = value.clamp(-MAX_SIDE, MAX_SIDE);
            // Bounded, so that it fits. Not a number becomes 0.
            #[allow(clippy::cast_possible_truncation)]
            let whole = bounded.round() as i32;
            whole
        };
        // Each edge by itself: rounded sizes would drift from the page's.
        let area = |area: Area| {
            let (x, y) = (whole(area.x * scale), whole(area.y * scale));
            Pixels {
                x,
                y,
                width: whole((area.x + area.width) * scale) - x,
                height: whole((area.y + area.height) * scale) - y,
            }
        };
        let (view, picture) = (area(self.view), area(self.picture));
        let seen = picture.intersection(view);
        if seen.is_empty() || seen.x < 0 || seen.y < 0 {
            return None;
        }
        // Outwards, to whole units of the toolkit.
        let (x, y) = (seen.x.div_euclid(factor), seen.y.div_euclid(factor));
        let up = |value: i32| (value + factor - 1).div_euclid(factor);
        let widget = Pixels {
            x,
            y,
            width: up(seen.x + seen.width) - x,
            height: up(seen.y + seen.height) - y,
        };
        let within = |area: Pixels| Pixels {
            x: area.x - x * factor,
            y: area.y - y * factor,
            ..area
        };
        Some(Place {
            widget,
            picture: within(picture),
            seen: within(seen),
            frame: Size::new(self.size.0, self.size.1),
            is_smooth: self.is_smooth,
        })
    }
}

impl Place {
    /// Whether every remote pixel has one of the screen to itself.
    pub fn is_exact(&self) -> bool {
        self.picture.width == i32::from(self.frame.width)
            && self.picture.height == i32::from(self.frame.height)
    }

    /// What of the window is filled to the last pixel of the screen, in the toolkit's units.
    pub fn filled(&self, factor: i32) -> Pixels {
        let (seen, up) = (self.seen, |value: i32| {
            (value + factor - 1).div_euclid(factor)
        });
        let (left, top) = (up(seen.x), up(seen.y));
        Pixels {
            x: self.widget.x + left,
            y: self.widget.y + top,
            width: (seen.x + seen.width).div_euclid(factor) - left,
            height: (seen.y + seen.height).div_euclid(factor) - top,
        }
    }

    /// What of the widget shows a part of the remote screen, and `margin` remote pixels around it that smoothing mixes in.
    pub fn shown(&self, part: Rect, margin: i32) -> Pixels {
        let along = |at: i32, start: i32, shown: i32, count: u16, is_end: bool| {
            let (at, count) = (i64::from(at), i64::from(count).max(1));
            let scaled = at * i64::from(shown);
            let whole = match is_end {
                true => scaled.div_euclid(count) + i64::from(scaled.rem_euclid(count) != 0),
                false => scaled.div_euclid(count),
            };
            start + i32::try_from(whole).unwrap_or(0)
        };
        let frame = self.frame;
        let Pixels {
            x,
            y,
            width,
            height,
        } = self.picture;
        let (left, top) = (i32::from(part.x) - margin, i32::from(part.y) - margin);
        let right = i32::from(part.x) + i32::from(part.width) + margin;
        let bottom = i32::from(part.y) + i32::from(part.height) + margin;
        let from = (
            along(left, x, width, frame.width, false),
            along(top, y, height, frame.height, false),
        );
        let to = (
            along(right, x, width, frame.width, true),
            along(bottom, y, height, frame.height, true),
        );
        Pixels {
            x: from.0,
            y: from.1,
            width: to.0 - from.0,
            height: to.1 - from.1,
        }
        .intersection(self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    fn pixels(x: i32, y: i32, width: i32, height: i32) -> Pixels {
        Pixels {
            x,
            y,
            width,
            height,
        }
    }

    fn placement(view: Area, picture: Area) -> Placement {
        Placement {
            session: "s_1".to_owned(),
            view,
            picture,
            size: (800, 560),
            is_smooth: true,
        }
    }

    #[test]
    fn a_picture_in_the_middle_of_its_view_is_seen_whole() {
        let place = placement(
            area(240.0, 80.0, 1000.0, 700.0),
            area(340.0, 150.0, 800.0, 560.0),
        );
        let place = place.on(1).unwrap();
        assert_eq!(place.widget, pixels(340, 150, 800, 560));
        assert_eq!(place.picture, pixels(0, 0, 800, 560));
        assert_eq!(place.seen, place.picture);
        assert!(place.is_exact());
    }

    #[test]
    fn of_a_large_picture_only_the_view_is_covered() {
        let place = placement(
            area(10.5, 20.0, 300.0, 200.0),
            area(-89.5, -30.0, 800.0, 560.0),
        );
        let place = place.on(2).unwrap();
        // It begins at pixel 21, in the middle of a unit.
        assert_eq!(place.widget, pixels(10, 20, 301, 200));
        assert_eq!(place.picture, pixels(-199, -100, 1600, 1120));
        assert_eq!(place.seen, pixels(1, 0, 600, 400));
        // The units at both ends are filled by half.
        assert_eq!(place.filled(2), pixels(11, 20, 299, 200));
    }

    #[test]
    fn what_cannot_be_seen_has_no_place() {
        let beside = placement(area(0.0, 0.0, 100.0, 100.0), area(200.0, 0.0, 50.0, 50.0));
        let nowhere = placement(area(f64::NAN, 0.0, 0.0, 0.0), area(0.0, 0.0, 1e300, 1.0));
        let outside = placement(area(-5.0, 0.0, 100.0, 100.0), area(-2.0, 0.0, 50.0, 50.0));
        for placement in [beside, nowhere, outside] {
            assert_eq!(placement.on(1), None, "{placement:?}");
        }
    }

    #[test]
    fn a_changed_part_is_shown_with_what_smoothing_mixes_in() {
        let half = placement(area(0.0, 0.0, 400.0, 280.0), area(0.0, 0.0, 400.0, 280.0));
        let half = half.on(1).unwrap();
        let part = Rect::new(101, 50, 10, 10);
        assert_eq!(half.shown(part, 0), pixels(50, 25, 6, 5));
        assert_eq!(half.shown(part, 4), pixels(48, 23, 10, 9));
        // Never outside of what is seen.
        let corner = Rect::new(790, 550, 10, 10);
        assert_eq!(half.shown(corner, 100), pixels(345, 225, 55, 55));
    }
}
