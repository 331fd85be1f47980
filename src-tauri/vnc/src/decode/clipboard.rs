//! What a server says about its clipboard: Latin-1 text (RFC 6143, section 7.6.4) or the registry's "Extended Clipboard".

use super::Report;
use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::limits::{MAX_CUT_TEXT_BYTES, MAX_SKIPPED_TEXT_BYTES};
use crate::text::from_latin1;
use crate::wire::{Reader, capped};

/// The format text; the others are of no use to us.
pub const TEXT: u32 = 1;
/// The formats' bits.
const FORMATS: u32 = 0xffff;
/// What the sender can do, with a size a format.
pub const CAPS: u32 = 1 << 24;
/// Asks for data.
pub const REQUEST: u32 = 1 << 25;
/// Asks which formats there are.
pub const PEEK: u32 = 1 << 26;
/// Says which formats there are.
pub const NOTIFY: u32 = 1 << 27;
/// Brings data.
pub const PROVIDE: u32 = 1 << 28;

/// An extended clipboard message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extended {
    /// What the server understands, and how much text it takes unasked.
    Caps {
        /// The messages it understands, a bit each.
        actions: u32,
        /// Bytes of text it takes unasked; 0 when it wants to be told first.
        unasked: u32,
    },
    /// It asks for our text.
    Request,
    /// It asks whether we have text.
    Peek,
    /// It says whether it has text.
    Notify {
        /// Whether there is text.
        has_text: bool,
    },
}

/// What follows the type of `ServerCutText`. Answers how much of it is to be read past.
pub fn cut_text(
    reader: &mut Reader<'_>,
    report: &mut dyn FnMut(Report),
) -> Result<usize, DecodeError> {
    reader.take(3)?;
    let length = reader.i32()?;
    let is_extended = length < 0;
    let length = capped(
        "clipboard text",
        length.unsigned_abs(),
        MAX_SKIPPED_TEXT_BYTES,
    )?;
    if length > MAX_CUT_TEXT_BYTES {
        report(Report::ClipboardTooLong(length));
        return Ok(length);
    }
    let bytes = reader.take(length)?;
    if is_extended {
        extended(bytes, report)?;
    } else {
        report(Report::Clipboard(from_latin1(bytes)));
    }
    Ok(0)
}

fn extended(bytes: &[u8], report: &mut dyn FnMut(Report)) -> Result<(), DecodeError> {
    let mut reader = Reader::new(bytes, "an extended clipboard message");
    // It has arrived whole, so what is missing never comes.
    let short = |_| DecodeError::Value {
        what: "the length of an extended clipboard message",
        value: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    };
    let flags = reader.u32().map_err(short)?;
    let has_text = flags & TEXT != 0;
    let said = if flags & CAPS != 0 {
        let mut unasked = 0;
        for bit in 0..16 {
            if flags & FORMATS & 1 << bit != 0 {
                let size = reader.u32().map_err(short)?;
                unasked = if bit == 0 { size } else { unasked };
            }
        }
        Extended::Caps {
            actions: flags,
            unasked,
        }
    } else if flags & REQUEST != 0 {
        Extended::Request
    } else if flags & PEEK != 0 {
        Extended::Peek
    } else if flags & NOTIFY != 0 {
        Extended::Notify { has_text }
    } else {
        if flags & PROVIDE != 0 && has_text {
            provided(reader.rest(), report)?;
        }
        return Ok(());
    };
    report(Report::Extended(said));
    Ok(())
}

/// Text is the first format: its size, then UTF-8 with `\r\n` and a zero at the end, in a zlib stream of its own.
fn provided(compressed: &[u8], report: &mut dyn FnMut(Report)) -> Result<(), DecodeError> {
    let (mut stream, mut rest) = (Inflate::default(), compressed);
    let Some(size) = stream.fill(&mut rest, 4)?.first_chunk::<4>() else {
        return Err(DecodeError::Value {
            what: "the length of provided clipboard text",
            value: 0,
        });
    };
    let size = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
    stream.consume(4);
    if size > MAX_CUT_TEXT_BYTES {
        report(Report::ClipboardTooLong(size));
        return Ok(());
    }
    let mut text = Vec::with_capacity(size);
    while text.len() < size {
        let bytes = stream.fill(&mut rest, 1)?;
        let count = bytes.len().min(size - text.len());
        if count == 0 {
            break;
        }
        text.extend(bytes.iter().take(count));
        stream.consume(count);
    }
    while text.last() == Some(&0) {
        text.pop();
    }
    let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
    report(Report::Clipboard(text));
    Ok(())
}
