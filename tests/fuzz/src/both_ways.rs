//! Decodes the same bytes whole and in pieces: both must do the same, and stay within their caps.

use super::support::{Decoding, assert_same};
use farwire_model::frame::Size;
use farwire_vnc::decode::Report;
use farwire_vnc::{DecodeError, PixelFormat};

/// A small screen, of several tiles of every kind, the last ones cut off.
pub const SIZE: Size = Size::new(150, 100);

/// A screen that grew beyond this is not looked at any further: noise asks for the largest again and again.
const MAX_PIXELS: usize = 1 << 18;
/// What may wait for more bytes: Tight's longest data and what stands before it.
const MAX_WAITING_BYTES: usize = (4 << 20) + 1024;
/// The longest text of a clipboard, where each byte became the three of a replacement character.
const MAX_TEXT_BYTES: usize = 3 << 20;
/// The longest name: 256 characters of at most four bytes.
const MAX_NAME_BYTES: usize = 1024;
/// A fence's payload.
const MAX_FENCE_BYTES: usize = 64;

/// Pixel formats as they are said: the four that are asked for, and others that servers have.
const FORMATS: [[u8; 16]; 8] = [
    [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0],
    [16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0],
    [8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0],
    [8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0],
    [32, 30, 0, 1, 3, 255, 3, 255, 3, 255, 20, 10, 0, 0, 0, 0],
    [16, 15, 1, 1, 0, 31, 0, 31, 0, 31, 10, 5, 0, 0, 0, 0],
    [16, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];

/// The pixel format that the lowest two bits and the seventh choose.
pub fn pixels(choice: u8) -> PixelFormat {
    let format = FORMATS[usize::from(choice & 3 | choice >> 4 & 4)];
    PixelFormat::from_wire(format).unwrap_or(PixelFormat::FULL)
}

/// Decodes messages whole and in pieces of at most so many bytes; answers what was reported, if they could be followed.
pub fn decode(pixels: PixelFormat, piece: usize, messages: &[u8]) -> Option<Vec<Report>> {
    let mut whole = Decoding::at(SIZE, pixels);
    let first = follow(&mut whole, messages, messages.len());
    if matches!(first, End::TooLarge) {
        return None;
    }
    let mut parts = Decoding::at(SIZE, pixels);
    match (first, follow(&mut parts, messages, piece)) {
        // Within one piece it may have become small again.
        (End::TooLarge, _) | (_, End::TooLarge) => return None,
        (End::Followed { waiting: first }, End::Followed { waiting: second }) => {
            assert_eq!(first, second, "bytes that wait for more");
        }
        // Of two faults either may be met first: what has arrived is decoded before the rest is looked at.
        (End::Refused(_), End::Refused(_)) => return None,
        (End::Refused(error), _) => panic!("only whole, not in pieces of {piece}: {error}"),
        (_, End::Refused(error)) => panic!("only in pieces of {piece}, not whole: {error}"),
    }
    assert_eq!(whole.reports, parts.reports);
    assert_same(
        &whole.surface.snapshot(),
        &parts.surface.snapshot(),
        "whole and in pieces",
    );
    Some(whole.reports)
}

/// How the messages were taken.
enum End {
    /// All of them, up to bytes that wait for more.
    Followed { waiting: usize },
    /// They break the format.
    Refused(DecodeError),
    /// The screen became larger than is looked at.
    TooLarge,
}

/// Feeds the bytes as the decoding thread does.
fn follow(decoding: &mut Decoding, messages: &[u8], piece: usize) -> End {
    let mut pending = Vec::new();
    for part in messages.chunks(piece.max(1)) {
        pending.extend_from_slice(part);
        loop {
            let fed = decoding.feed(&pending);
            check(decoding);
            let used = match fed {
                Ok(used) => used,
                Err(error) => return End::Refused(error),
            };
            pending.drain(..used);
            if decoding.surface.size().pixels() > MAX_PIXELS {
                return End::TooLarge;
            }
            if used == 0 || pending.is_empty() {
                break;
            }
        }
        assert!(pending.len() <= MAX_WAITING_BYTES, "{} wait", pending.len());
    }
    End::Followed {
        waiting: pending.len(),
    }
}

/// What holds after every piece.
fn check(decoding: &Decoding) {
    decoding.surface.paint(|painter| {
        let size = painter.size();
        assert_eq!(painter.frame().pixels().len(), size.pixels(), "{size:?}");
    });
    for report in &decoding.reports {
        let (length, most) = match report {
            Report::Clipboard(text) => (text.len(), MAX_TEXT_BYTES),
            Report::Name(name) => (name.len(), MAX_NAME_BYTES),
            Report::Fence(_, payload) => (payload.len(), MAX_FENCE_BYTES),
            _ => continue,
        };
        assert!(length <= most, "{length} bytes reported");
    }
}
