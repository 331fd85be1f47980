//! From the server's bytes to the picture, without I/O. One encoding a file.

mod clipboard;
mod copy_rect;
mod cursor;
mod desktop;
mod hextile;
mod raw;
mod rle_tile;
mod rre;
mod stream;
mod surplus;
mod tight;
mod tight_filter;
mod tight_jpeg;
mod tight_lane;
mod trle;
mod walk;
mod zlib;
mod zrle;

pub use clipboard::{CAPS, Extended, NOTIFY, PEEK, PROVIDE, REQUEST, TEXT};
pub use stream::Decoder;

use crate::client::Screen;
use farwire_model::frame::{Size, Surface};
use farwire_model::session::Meter;

/// From this many pixels a fill is cheaper for viewers than the pixels themselves.
const WORTH_A_FILL: u64 = 64 * 64;

/// Where decoders paint, and what they count.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The picture.
    pub surface: &'a Surface,
    /// Counters of the session.
    pub meter: &'a Meter,
}

/// How far a rectangle's decoder came with the bytes that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are done with.
    pub used: usize,
    /// Whether the rectangle is finished.
    pub is_done: bool,
}

impl Progress {
    /// The rectangle is finished.
    pub const fn done(used: usize) -> Self {
        Self {
            used,
            is_done: true,
        }
    }
}

/// What the server said besides pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// An update begins: the next one can be asked for while this one is decoded.
    UpdateBegan,
    /// The screen has a new size.
    Resized(Size),
    /// An update is whole.
    UpdateEnded {
        /// Its bytes on the wire.
        bytes: u64,
    },
    /// The server takes wishes for its size; these are its screens.
    Screens(Vec<Screen>),
    /// Our wish for a size was refused, for this reason.
    ResizeRefused(u16),
    /// A fence, with its flags and payload.
    Fence(u32, Vec<u8>),
    /// The machine's clipboard changed.
    Clipboard(String),
    /// The machine's clipboard holds this many bytes of text, which is too much.
    ClipboardTooLong(usize),
    /// It said something else about clipboards.
    Extended(Extended),
    /// The server can send updates without being asked, or has just stopped doing so.
    CanUpdateUnasked,
    /// The server takes keys by their place on the keyboard too.
    TakesKeyCodes,
    /// The server takes more than eight mouse buttons.
    TakesMoreButtons,
    /// Which locks of the machine's keyboard are on: 1 scroll, 2 numbers, 4 capitals.
    Locks(u8),
    /// The machine's name changed.
    Name(String),
    /// The machine rang.
    Bell,
}
