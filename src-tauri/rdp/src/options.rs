//! The settings of a connection that this protocol honours.

use crate::clipboard::Content;
use crate::wishes::Wishes;
use crate::{layout, speed};
use farwire_model::codec::CodecChoice;
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

/// Of a plain screen, in percent.
const PLAIN_SCALE: u16 = 100;

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
    /// How large things are drawn at first, in percent.
    pub scale: u16,
    /// How large they are always drawn, if somebody chose that.
    pub own_scale: Option<u16>,
    /// Which encodings the machine is offered.
    pub codecs: CodecChoice,
    /// Whether the machine can be connected to anew from here.
    pub can_begin_anew: bool,
    /// Windows' number of the keyboard's layout.
    pub layout: u32,
    /// What the session is asked for besides.
    pub wishes: Wishes,
    /// Why the folder that was to be lent is not lent where the session goes.
    pub not_lent: Option<String>,
}

impl Options {
    /// Reads the dotted settings; what is absent, `null` or out of range is its default.
    pub fn of(start: &Start) -> Self {
        let setting = |key: &str| start.settings.get(key);
        let word = |key: &str| setting(key).and_then(|value| value.as_str());
        let number = |key: &str| {
            let value = setting(key).and_then(|value| value.as_u64())?;
            u16::try_from(value).ok()
        };
        let fixed = number("rdp.width").zip(number("rdp.height"));
        let fixed = fixed.map(|(width, height)| Size::new(width, height));
        let own_scale = number("rdp.scale").map(allowed_scale);
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
            scale: own_scale.unwrap_or(PLAIN_SCALE),
            own_scale,
            codecs: CodecChoice::of(setting(CodecChoice::SETTING)),
            can_begin_anew: true,
            layout: word("rdp.keyboard")
                .and_then(layout::number)
                .unwrap_or_else(layout::own),
            wishes: Wishes::of(start),
            not_lent: None,
        }
    }
}

/// What a session is begun anew with: what the one before had, and what it was told and had not done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anew {
    /// The size.
    pub size: Size,
    /// How large things are drawn, in percent.
    pub scale: u16,
    /// The viewer's size, where the machine was not asked for it yet.
    pub wish: Option<Size>,
    /// The encodings that are offered.
    pub codecs: CodecChoice,
    /// What is on the clipboard here.
    pub copied: Option<Content>,
}

impl Options {
    /// Whether the machine is offered the graphics pipeline, which has full colours only.
    pub fn has_pipeline(&self) -> bool {
        self.codecs != CodecChoice::Bitmaps && self.depth == 32
    }

    /// Whether it is offered H.264 for a session of this size.
    pub fn has_h264(&self, size: Size) -> bool {
        match self.codecs {
            CodecChoice::Auto => !speed::is_too_slow(size),
            CodecChoice::H264 => true,
            CodecChoice::RemoteFx | CodecChoice::Bitmaps => false,
        }
    }
}

/// The nearest scale a machine may be asked for (MS-RDPEDISP 2.2.2.2.1).
pub fn allowed_scale(percent: u16) -> u16 {
    percent.clamp(PLAIN_SCALE, 500)
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
