//! zlib streams, beside another library.

use farwire_vnc::inflate::Inflate;
use flate2::{Decompress, FlushDecompress, Status};

/// More output than this is not waited for.
const MAX_OUTPUT_BYTES: usize = 8 << 20;

/// A block's header has at most 17 bits, 19 lengths of three bits, and 316 of 14 bits.
const MAX_HEADER_BYTES: usize = 600;

/// What a stream yields, and whether it was refused.
#[derive(PartialEq, Eq)]
struct Outcome {
    bytes: Vec<u8>,
    is_refused: bool,
}

/// Blocks of a stream, behind a header that is right. The first bytes say how long the pieces are, and how much is asked for.
pub fn inflate(input: &[u8]) {
    if let [piece, wanted, blocks @ ..] = input {
        let wanted = usize::from(*wanted) * usize::from(*wanted) + 1;
        inflates_as_another(blocks, usize::from(*piece) + 1, wanted);
    }
}

/// Inflates blocks in pieces, and as a whole with the other library.
///
/// # Panics
/// They do not come to the same.
pub fn inflates_as_another(blocks: &[u8], piece: usize, wanted: usize) {
    let (ours, mut theirs) = (ours(blocks, piece, wanted), theirs(blocks));
    if ours.is_refused && !theirs.is_refused {
        // It reads a block's header to the end before it looks whether its codes are any.
        theirs = self::theirs(&[blocks, &[0; MAX_HEADER_BYTES]].concat());
    }
    assert_eq!(ours.is_refused, theirs.is_refused, "one refuses it");
    // The other library may hold back what came before the fault.
    if !ours.is_refused {
        assert!(ours.bytes == theirs.bytes, "they yield other bytes");
    }
}

fn ours(blocks: &[u8], piece: usize, wanted: usize) -> Outcome {
    let (mut stream, mut bytes) = (Inflate::default(), Vec::new());
    let stream_bytes = [&[0x78, 0x01], blocks].concat();
    for mut rest in stream_bytes.chunks(piece) {
        loop {
            let Ok(ready) = stream.fill(&mut rest, wanted) else {
                return Outcome {
                    bytes,
                    is_refused: true,
                };
            };
            // Nothing is held back: fewer than were wanted come only once the input is used up.
            let count = ready.len();
            bytes.extend_from_slice(ready);
            stream.consume(count);
            if count < wanted || bytes.len() > MAX_OUTPUT_BYTES {
                break;
            }
        }
    }
    bytes.truncate(MAX_OUTPUT_BYTES);
    Outcome {
        bytes,
        is_refused: false,
    }
}

fn theirs(blocks: &[u8]) -> Outcome {
    let (mut stream, mut bytes, mut rest) = (Decompress::new(false), Vec::new(), blocks);
    let mut room = vec![0; 64 << 10];
    let mut is_refused = false;
    while bytes.len() < MAX_OUTPUT_BYTES {
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(rest, &mut room, FlushDecompress::Sync);
        let (read, written) = (stream.total_in() - read, stream.total_out() - written);
        rest = &rest[read as usize..];
        bytes.extend_from_slice(&room[..written as usize]);
        is_refused = status.is_err();
        if is_refused || matches!(status, Ok(Status::StreamEnd)) || (read == 0 && written == 0) {
            break;
        }
    }
    bytes.truncate(MAX_OUTPUT_BYTES);
    Outcome { bytes, is_refused }
}
