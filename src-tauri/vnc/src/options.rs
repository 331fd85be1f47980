//! The settings of a connection that this protocol honours.

use crate::pixel_format::Depth;
use farwire_model::quality::Quality;
use farwire_model::session::{Purpose, Start};

/// Little work for the server, most of the gain: measured best for full-HD desktops on a LAN.
pub const DEFAULT_COMPRESSION: u8 = 2;

/// The settings of a connection that this protocol honours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Leave other viewers connected.
    pub is_shared: bool,
    /// Ask the server to take the viewer's size.
    pub follows_viewport: bool,
    /// How good a picture is asked for.
    pub quality: Quality,
    /// The server's effort, 0 to 9; none leaves it to the quality.
    pub compression: Option<u8>,
    /// How many colours.
    pub depth: Depth,
}

/// What the server is told about quality and effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Tight's JPEG quality, 0 to 9; none means exact pixels.
    pub quality: Option<u8>,
    /// The server's effort, 0 to 9.
    pub compression: u8,
}

impl Options {
    /// Reads the dotted settings; what is absent, `null`, automatic or out of range is its default.
    pub fn of(start: &Start) -> Self {
        let flag = |key: &str| start.settings.get(key).and_then(|value| value.as_bool());
        let compression = start.settings.get("vnc.compression");
        let depth = start.settings.get("vnc.colours");
        Self {
            // A probe must never throw a person out.
            is_shared: start.purpose == Purpose::Probe || flag("vnc.shared").unwrap_or(true),
            follows_viewport: flag("vnc.resize").unwrap_or(false),
            quality: start
                .settings
                .get("vnc.quality")
                .and_then(Quality::of)
                .unwrap_or_default(),
            compression: compression
                .and_then(|value| value.as_u64())
                .and_then(|number| u8::try_from(number).ok())
                .filter(|level| *level <= 9),
            depth: depth
                .and_then(|value| value.as_str())
                .and_then(Depth::of)
                .unwrap_or_default(),
        }
    }
}
