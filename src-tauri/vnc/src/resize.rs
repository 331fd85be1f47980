//! Asks the server to take the viewer's size (the registry's "SetDesktopSize"), once it says it can.

use crate::client::{self, Screen};
use crate::limits::RESIZE_REST;
use farwire_model::frame::{MAX_PIXELS, MAX_SIDE, Size};
use tokio::time::Instant;

/// The smallest side that is asked for: a window that is being opened or folded away is no wish.
const MIN_SIDE: u16 = 64;

/// The wish for a size, and what the server says to it.
pub struct Resize {
    is_wanted: bool,
    /// The server's first screen; none until it says that it takes wishes.
    screen: Option<Screen>,
    wish: Option<Size>,
    /// What was asked for last. A refused wish is not repeated.
    asked: Option<Size>,
    due: Option<Instant>,
}

impl Resize {
    /// Nothing asked yet. `first` is the viewer's size at the start.
    pub fn new(is_wanted: bool, first: Option<Size>, now: Instant) -> Self {
        let mut resize = Self {
            is_wanted,
            screen: None,
            wish: None,
            asked: None,
            due: None,
        };
        if let Some(size) = first {
            resize.viewport(size, now);
            resize.due = resize.due.map(|_| now);
        }
        resize
    }

    /// The viewer has this size now.
    pub fn viewport(&mut self, size: Size, now: Instant) {
        let is_sane = size.width.min(size.height) >= MIN_SIDE
            && size.width.max(size.height) <= MAX_SIDE
            && size.pixels() <= MAX_PIXELS;
        if self.is_wanted && is_sane {
            self.wish = Some(size);
            self.due = Some(now + RESIZE_REST);
        }
    }

    /// The server takes wishes; these are its screens. A wish keeps the first, over everything: a window is one screen.
    pub fn supported(&mut self, screens: &[Screen]) {
        self.screen = Some(screens.first().copied().unwrap_or_default());
    }

    /// What the person should read when the server refused for this reason.
    pub fn refused(&self, code: u16) -> String {
        let Some(Size { width, height }) = self.asked else {
            return format!("The machine refused a new size: {}.", refusal(code));
        };
        format!(
            "The machine refused the size {width} x {height}: {}.",
            refusal(code)
        )
    }

    /// When to call [`Resize::write_due`].
    pub fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.screen.is_some())
    }

    /// Appends the wish, if it is due and differs from what is there.
    pub fn write_due(&mut self, out: &mut Vec<u8>, current: Size, now: Instant) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        if let (Some(screen), Some(wish)) = (self.screen, self.wish.take())
            && wish != current
            && self.asked != Some(wish)
        {
            client::set_desktop_size(out, wish, screen);
            self.asked = Some(wish);
        }
    }

    /// The server has this size now: any size may be asked for again.
    pub fn resized(&mut self) {
        self.asked = None;
    }
}

/// A refusal's reason in words.
fn refusal(code: u16) -> &'static str {
    match code {
        1 => "its administrator forbids it",
        2 => "it has not enough memory",
        3 => "it cannot show this size",
        4 => "the machine's owner must agree",
        _ => "it does not say why",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::frame::Rect;
    use std::time::Duration;

    const SCREEN: Screen = Screen {
        id: 7,
        rect: Rect::new(0, 0, 800, 600),
        flags: 9,
    };

    fn written(resize: &mut Resize, current: Size, now: Instant) -> Vec<u8> {
        let mut out = Vec::new();
        resize.write_due(&mut out, current, now);
        out
    }

    #[tokio::test]
    async fn a_wish_waits_for_the_server_and_for_the_window_to_rest() {
        let start = Instant::now();
        let current = Size::new(800, 600);
        let mut resize = Resize::new(true, None, start);
        resize.viewport(Size::new(640, 480), start);
        let later = start + Duration::from_millis(200);
        resize.viewport(Size::new(1024, 768), later);
        assert_eq!(resize.due(), None, "the server has not said that it can");
        resize.supported(&[SCREEN]);
        assert!(written(&mut resize, current, start + RESIZE_REST).is_empty());
        let message = written(&mut resize, current, later + RESIZE_REST);
        assert_eq!(message[..8], [251, 0, 4, 0, 3, 0, 1, 0]);
        assert_eq!(message[8..12], [0, 0, 0, 7]);
        assert_eq!(message[20..24], [0, 0, 0, 9]);
        resize.viewport(Size::new(1024, 768), later);
        let again = written(&mut resize, current, later + RESIZE_REST);
        assert!(again.is_empty(), "a refused wish is not repeated");
        assert!(resize.refused(1).contains("1024 x 768: its administrator"));
    }

    #[tokio::test]
    async fn nothing_is_asked_unless_it_is_wanted_and_sane() {
        let now = Instant::now();
        for (is_wanted, size) in [(false, Size::new(640, 480)), (true, Size::new(640, 1))] {
            let mut resize = Resize::new(is_wanted, Some(size), now);
            resize.supported(&[SCREEN]);
            assert_eq!(resize.due(), None, "{size:?}");
        }
    }
}
