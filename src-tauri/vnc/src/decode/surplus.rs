//! What a rectangle's zlib data holds behind its last pixel.

use crate::error::DecodeError;
use crate::inflate::Inflate;
use crate::limits::MAX_SURPLUS_BYTES;

/// Uses it up, so that the next rectangle starts in the right place. `surplus` counts the rectangle's bytes of that kind, over
/// all pieces it arrives in.
pub fn finish(
    stream: &mut Inflate,
    mut input: &[u8],
    surplus: &mut usize,
) -> Result<(), DecodeError> {
    loop {
        let count = stream.fill(&mut input, 1)?.len();
        stream.consume(count);
        *surplus += count;
        // Input that is left over without output lies behind the stream's end.
        if *surplus > MAX_SURPLUS_BYTES || (count == 0 && !input.is_empty()) {
            return Err(DecodeError::Surplus);
        }
        if count == 0 {
            return Ok(());
        }
    }
}
