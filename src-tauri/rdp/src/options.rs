//! The settings of a connection that this protocol honours.

use crate::layout;
use crate::wishes::Wishes;
use farwire_model::frame::Size;
use farwire_model::session::Start;

/// How a session may be protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Network Level Authentication where the machine has it, else TLS alone. A machine that had it once must have it again.
    #[default]
    Auto,
    /// Network Level Authentication or nothing.
    Nla,
    /// TLS, and the machine's own sign-in screen.
    Tls,
}

/// The size a session begins with when neither the settings nor a viewer tells one.
const DEFAULT_SIZE: Size = Size::new(1280, 800);

/// The settings of a connection that this protocol honours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How the session may be protected.
    pub security: Security,
    /// The size it begins with.
    pub size: Size,
    /// Ask the machine to take the viewer's size.
    pub follows_viewport: bool,
    /// Bits a pixel: 32, 24, 16 or 15.
    pub depth: u32,
    /// Windows' number of the keyboard's layout.
    pub layout: u32,
    /// What the session is asked for besides.
    pub wishes: Wishes,
}

impl Options {
    /// Reads the dotted settings; what is absent, `null` or out of range is its default.
    pub fn of(start: &Start) -> Self {
        let setting = |key: &str| start.settings.get(key);
        let word = |key: &str| setting(key).and_then(|value| value.as_str());
        let side = |key: &str| {
            let value = setting(key).and_then(|value| value.as_u64())?;
            u16::try_from(value).ok()
        };
        let fixed = side("rdp.width").zip(side("rdp.height"));
        let fixed = fixed.map(|(width, height)| Size::new(width, height));
        let resize = setting("rdp.resize").and_then(|value| value.as_bool());
        // A size that somebody chose stays, unless they chose this too.
        let follows_viewport = resize.unwrap_or(fixed.is_none());
        let viewport = start.size.filter(|_| follows_viewport);
        Self {
            security: match word("rdp.security") {
                Some("nla") => Security::Nla,
                Some("tls") => Security::Tls,
                _ => Security::Auto,
            },
            size: allowed(fixed.or(viewport).unwrap_or(DEFAULT_SIZE)),
            follows_viewport,
            depth: match word("rdp.colours") {
                Some("true") => 24,
                Some("high") => 16,
                Some("low") => 15,
                _ => 32,
            },
            layout: word("rdp.keyboard")
                .and_then(layout::number)
                .unwrap_or_else(layout::own),
            wishes: Wishes::of(start),
        }
    }
}

/// The nearest size a machine may be asked for: an even width, each side 200 to 8192 (MS-RDPEDISP 2.2.2.2.1).
pub fn allowed(size: Size) -> Size {
    let side = |value: u16| value.clamp(200, 8192);
    Size::new(side(size.width) & !1, side(size.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_brought_to_what_a_machine_may_be_asked_for() {
        for (asked, expected) in [
            ((1281, 801), (1280, 801)),
            ((10, 10), (200, 200)),
            ((9000, 9000), (8192, 8192)),
        ] {
            let (width, height) = asked;
            assert_eq!(
                allowed(Size::new(width, height)),
                Size::new(expected.0, expected.1)
            );
        }
    }
}
