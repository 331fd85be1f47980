//! Server messages as they come, and clipboards.

use super::both_ways::{decode, pixels};
use super::support::deflate;
use farwire_vnc::decode::{PROVIDE, Report, TEXT};
use flate2::{Compress, Compression};

/// The longest text that is brought.
const MAX_CUT_TEXT_BYTES: usize = 1 << 20;

/// Any messages. The first byte chooses the pixel format, the second how long the pieces are.
pub fn stream(input: &[u8]) {
    if let [choice, piece, messages @ ..] = input {
        decode(pixels(*choice), usize::from(*piece) + 1, messages);
    }
}

/// A clipboard's messages. The first byte chooses the kind, the second how long the pieces are.
pub fn clipboard(input: &[u8]) {
    let [choice, piece, data @ ..] = input else {
        return;
    };
    let piece = usize::from(*piece) * 16 + 1;
    match choice & 3 {
        0 => drop(text(piece, data, data.len() as i64)),
        1 => drop(text(piece, data, -(data.len() as i64))),
        // The size before the text is the input's, too.
        2 => drop(provided(piece, data)),
        _ => {
            let size = (data.len() as u32).to_be_bytes();
            let reports = provided(piece, &[&size, data].concat());
            let trimmed = data
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |at| at + 1);
            let text = String::from_utf8_lossy(&data[..trimmed]).replace("\r\n", "\n");
            let expected = match data.len() {
                0..=MAX_CUT_TEXT_BYTES => Report::Clipboard(text),
                length => Report::ClipboardTooLong(length),
            };
            assert_eq!(reports, Some(vec![expected]));
        }
    }
}

/// Brings text, compressed, in an extended message.
fn provided(piece: usize, data: &[u8]) -> Option<Vec<Report>> {
    let flags = (PROVIDE | TEXT).to_be_bytes();
    let mut stream = Compress::new(Compression::fast(), true);
    let message = [&flags[..], &deflate(&mut stream, data)].concat();
    text(piece, &message, -(message.len() as i64))
}

/// `ServerCutText` with this length, which is negative for extended messages.
fn text(piece: usize, data: &[u8], length: i64) -> Option<Vec<Report>> {
    let length = i32::try_from(length).unwrap_or_default().to_be_bytes();
    decode(
        pixels(0),
        piece,
        &[&[3, 0, 0, 0][..], &length, data].concat(),
    )
}
