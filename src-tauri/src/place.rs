//! Where a window was, and where it fits on the monitors there are now.

use serde::{Deserialize, Serialize};

/// A part of the desktop, in the toolkit's pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// From the desktop's left edge.
    pub x: i32,
    /// From the desktop's upper edge.
    pub y: i32,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
}

/// Where a window is while it fills neither its monitor nor the whole screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The window with what the desktop draws around it.
    pub area: Area,
    /// By how much that is wider than the window alone.
    pub frame_width: i32,
    /// By how much that is taller than the window alone.
    pub frame_height: i32,
    /// Whether the window fills its monitor now.
    pub is_maximized: bool,
}

impl Area {
    /// In square pixels. Wide enough for whatever a file may say.
    fn size(self) -> i64 {
        i64::from(self.width.max(0)) * i64::from(self.height.max(0))
    }

    fn overlap(self, other: Self) -> i64 {
        let along = |from: i32, length: i32, other_from: i32, other_length: i32| {
            let end = from.saturating_add(length);
            let other_end = other_from.saturating_add(other_length);
            i64::from(end.min(other_end)) - i64::from(from.max(other_from))
        };
        along(self.x, self.width, other.x, other.width).max(0)
            * along(self.y, self.height, other.y, other.height).max(0)
    }

    /// The same, moved and made smaller as far as it must be to lie within `outer`.
    fn within(self, outer: Self) -> Self {
        let (width, height) = (self.width.min(outer.width), self.height.min(outer.height));
        let last_x = outer.x.saturating_add(outer.width - width);
        let last_y = outer.y.saturating_add(outer.height - height);
        Self {
            x: self.x.min(last_x).max(outer.x),
            y: self.y.min(last_y).max(outer.y),
            width,
            height,
        }
    }

    fn in_the_middle_of(self, outer: Self) -> Self {
        let sized = self.within(outer);
        Self {
            x: outer.x + (outer.width - sized.width) / 2,
            y: outer.y + (outer.height - sized.height) / 2,
            ..sized
        }
    }
}

impl Place {
    /// Where the window goes on monitors with these free areas, the first of them the main one.
    ///
    /// A window that reaches over several monitors stays as it is while all of it can be seen; else it goes to the one that
    /// has most of it, and to the middle of the main one where none has any.
    pub fn on(self, monitors: &[Area]) -> Self {
        let seen: i64 = monitors.iter().map(|one| self.area.overlap(*one)).sum();
        if self.area.size() > 0 && seen >= self.area.size() {
            return self;
        }
        let most = monitors.iter().max_by_key(|one| self.area.overlap(**one));
        let area = match (most, monitors.first()) {
            (Some(most), _) if seen > 0 => self.area.within(*most),
            (_, Some(main)) => self.area.in_the_middle_of(*main),
            (_, None) => self.area,
        };
        Self { area, ..self }
    }

    /// The same place on the monitor that the window fills, which a person may have chosen since.
    pub fn maximized_on(self, monitor: Area) -> Self {
        let is_there = self.area.overlap(monitor) * 2 >= self.area.size();
        let area = if is_there {
            self.area
        } else {
            self.area.in_the_middle_of(monitor)
        };
        Self {
            area,
            is_maximized: true,
            ..self
        }
    }

    /// The window's own width and height.
    pub fn inner_size(self) -> (i32, i32) {
        let inner = |outer: i32, frame: i32| outer.saturating_sub(frame).max(1);
        (
            inner(self.area.width, self.frame_width),
            inner(self.area.height, self.frame_height),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: Area = area(0, 24, 1920, 1056);
    const RIGHT: Area = area(1920, 0, 1280, 1024);

    const fn area(x: i32, y: i32, width: i32, height: i32) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    const fn place(area: Area) -> Place {
        Place {
            area,
            frame_width: 2,
            frame_height: 30,
            is_maximized: false,
        }
    }

    #[test]
    fn a_window_is_never_off_the_screen() {
        let both: &[Area] = &[MAIN, RIGHT];
        let one: &[Area] = &[MAIN];
        for (was, monitors, expected) in [
            // Where it was.
            (area(100, 100, 800, 600), both, area(100, 100, 800, 600)),
            (area(2000, 50, 800, 600), both, area(2000, 50, 800, 600)),
            // Over both, and all of it in sight.
            (area(1500, 100, 800, 600), both, area(1500, 100, 800, 600)),
            // Its monitor is gone: the middle of the main one.
            (area(2000, 50, 800, 600), one, area(560, 252, 800, 600)),
            (area(-5000, 9000, 800, 600), both, area(560, 252, 800, 600)),
            // Partly outside: back in, on the monitor with most of it.
            (area(1500, 100, 800, 600), one, area(1120, 100, 800, 600)),
            (area(-200, 0, 800, 600), one, area(0, 24, 800, 600)),
            (area(3000, 900, 800, 600), both, area(2400, 424, 800, 600)),
            // Larger than the monitor.
            (area(1900, 10, 2560, 1400), one, MAIN),
            // Nonsense of a damaged file.
            (area(i32::MAX, i32::MIN, i32::MAX, i32::MAX), one, MAIN),
            (area(0, 0, 0, 0), one, area(960, 552, 0, 0)),
        ] {
            assert_eq!(place(was).on(monitors).area, expected, "{was:?}");
        }
        let anywhere = place(area(5000, 5000, 800, 600));
        assert_eq!(anywhere.on(&[]), anywhere);
    }

    #[test]
    fn a_maximized_window_keeps_its_monitor() {
        let here = place(area(100, 100, 800, 600));
        let on_main = here.maximized_on(MAIN);
        assert_eq!((on_main.area, on_main.is_maximized), (here.area, true));
        let on_right = here.maximized_on(RIGHT);
        assert_eq!(on_right.area, area(2160, 212, 800, 600));
        assert_eq!(on_right.on(&[MAIN, RIGHT]), on_right);
    }

    #[test]
    fn the_frame_is_not_the_window() {
        assert_eq!(place(area(0, 0, 802, 630)).inner_size(), (800, 600));
        assert_eq!(place(area(0, 0, 0, i32::MIN)).inner_size(), (1, 1));
    }
}
