//! From the server's bytes to the picture, without I/O. One encoding a file.

mod copy_rect;
mod cursor;
mod desktop;
mod hextile;
mod inflate;
mod raw;
mod stream;
mod tight;
mod tight_filter;
mod tight_jpeg;
mod zrle;
mod zrle_tile;

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
    /// The server takes wishes for its size; this is its first screen.
    Screens(Screen),
    /// Our wish for a size was refused, for this reason.
    ResizeRefused(u16),
    /// A fence, with its flags and payload.
    Fence(u32, Vec<u8>),
    /// The machine's clipboard changed.
    Clipboard(String),
    /// The machine's name changed.
    Name(String),
    /// The machine rang.
    Bell,
}
