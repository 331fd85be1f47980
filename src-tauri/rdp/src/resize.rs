//! Asks the machine to take the viewer's size, once it says it can.

use crate::limits::RESIZE_REST;
use crate::options::{allowed, allowed_scale};
use farwire_model::frame::Size;
use tokio::time::Instant;

/// The smallest side that is asked for: a window that is being opened or folded away is no wish.
const MIN_SIDE: u16 = 64;

/// The wish for a size.
pub struct Resize {
    is_wanted: bool,
    /// The scale that somebody chose, whatever the viewer has.
    own_scale: Option<u16>,
    /// A size, and how large things are drawn in it, in percent.
    wish: Option<(Size, u16)>,
    /// What was asked for last: a machine that takes another size instead is not asked again.
    asked: (Size, u16),
    due: Option<Instant>,
}

impl Resize {
    /// Nothing asked since the session began with this size and scale.
    pub fn new(is_wanted: bool, first: Size, scale: u16, own_scale: Option<u16>) -> Self {
        Self {
            is_wanted,
            own_scale,
            wish: None,
            asked: (first, scale),
            due: None,
        }
    }

    /// The viewer has this size and scale now.
    pub fn viewport(&mut self, size: Size, scale: u16, now: Instant) {
        if self.is_wanted && size.width.min(size.height) >= MIN_SIDE {
            let scale = self.own_scale.unwrap_or(allowed_scale(scale));
            self.wish = Some((allowed(size), scale));
            self.due = Some(now + RESIZE_REST);
        }
    }

    /// The size and the scale that were asked for last.
    pub fn asked(&self) -> (Size, u16) {
        self.asked
    }

    /// The size and the scale that are wanted, and that the machine was not asked for yet.
    pub fn wish(&self) -> Option<(Size, u16)> {
        self.wish
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The size and the scale to ask for now, if there are new ones.
    pub fn take(&mut self, is_ready: bool, now: Instant) -> Option<(Size, u16)> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.due = None;
        if !is_ready {
            // The channel opens some time after the session: the wish waits for it.
            return None;
        }
        let wish = self.wish.take().filter(|wish| *wish != self.asked)?;
        self.asked = wish;
        Some(wish)
    }

    /// The machine takes wishes from now on.
    pub fn ready(&mut self, now: Instant) {
        if self.wish.is_some() && self.due.is_none() {
            self.due = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_asked_for_once_it_rests_and_only_once() {
        let start = Instant::now();
        let mut resize = Resize::new(true, Size::new(800, 600), 100, None);
        resize.viewport(Size::new(1001, 700), 100, start);
        assert_eq!(resize.take(true, start), None);
        assert_eq!(resize.wish(), Some((Size::new(1000, 700), 100)));
        let rested = start + RESIZE_REST;
        assert_eq!(resize.take(true, rested), Some((Size::new(1000, 700), 100)));
        assert_eq!(resize.wish(), None);
        resize.viewport(Size::new(1000, 700), 100, rested);
        assert_eq!(resize.take(true, rested + RESIZE_REST), None);
        // The same size on a finer screen.
        resize.viewport(Size::new(1000, 700), 200, rested);
        let finer = Some((Size::new(1000, 700), 200));
        assert_eq!(resize.take(true, rested + RESIZE_REST), finer);
    }

    #[test]
    fn a_wish_waits_until_the_machine_takes_it() {
        let start = Instant::now();
        let mut resize = Resize::new(true, Size::new(800, 600), 100, None);
        resize.viewport(Size::new(1000, 700), 100, start);
        let rested = start + RESIZE_REST;
        assert_eq!(resize.take(false, rested), None);
        assert_eq!(resize.due(), None);
        resize.ready(rested);
        assert_eq!(resize.take(true, rested), Some((Size::new(1000, 700), 100)));
    }

    #[test]
    fn windows_that_fold_away_and_fixed_sizes_are_no_wish() {
        let now = Instant::now();
        for (is_wanted, size) in [(true, Size::new(10, 900)), (false, Size::new(1000, 700))] {
            let mut resize = Resize::new(is_wanted, Size::new(800, 600), 100, None);
            resize.viewport(size, 100, now);
            assert_eq!(resize.due(), None);
        }
    }
}
