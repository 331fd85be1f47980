//! What can be wrong with the bytes a server sends.

use crate::inflate::Damage;
use farwire_model::frame::{FramebufferError, Rect, Size};

/// Why a server's bytes were refused. The session ends; the picture stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early. While a stream is still open this only means: wait for more.
    #[error("the data of {what} ends too early")]
    Truncated {
        /// What was read.
        what: &'static str,
    },
    /// A message type that was never agreed on.
    #[error("message type {kind} was not agreed on")]
    Message {
        /// Its number.
        kind: u8,
    },
    /// An encoding that was never offered.
    #[error("encoding {encoding} was not offered")]
    Encoding {
        /// Its number.
        encoding: i32,
    },
    /// A rectangle outside the picture.
    #[error(
        "a rectangle of {} x {} at {},{} does not fit the screen of {} x {}",
        rect.width, rect.height, rect.x, rect.y, size.width, size.height
    )]
    Outside {
        /// The rectangle.
        rect: Rect,
        /// The picture's size.
        size: Size,
    },
    /// A length over our cap.
    #[error("{what} of {length} is over the limit of {limit}")]
    TooLong {
        /// What was to be read.
        what: &'static str,
        /// The length it claims.
        length: u64,
        /// Our cap.
        limit: u64,
    },
    /// A field with a value that has no meaning.
    #[error("{what} cannot be {value}")]
    Value {
        /// The field.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// Compressed data that is none.
    #[error("compressed data is damaged: {0}")]
    Inflate(#[from] Damage),
    /// Compressed data that yields more than its rectangle holds.
    #[error("compressed pixels go on after the end of their rectangle")]
    Surplus,
    /// A JPEG picture that is none.
    #[error("a JPEG rectangle is damaged: {reason}")]
    Jpeg {
        /// What the JPEG decoder says.
        reason: String,
    },
    /// A screen size we cannot hold.
    #[error(transparent)]
    Screen(#[from] FramebufferError),
}
