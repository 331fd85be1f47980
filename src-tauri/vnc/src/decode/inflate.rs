//! A zlib stream that lives as long as the connection (Tight has four, ZRLE one).

use crate::error::DecodeError;
use crate::limits::MAX_SURPLUS_BYTES;
use flate2::{Decompress, FlushDecompress, Status};

/// A zlib stream that lives as long as the connection.
pub struct Inflate {
    stream: Decompress,
}

impl Inflate {
    /// A stream before its first byte.
    pub fn new() -> Self {
        Self {
            stream: Decompress::new(true),
        }
    }

    /// Starts over, as Tight's control byte can ask for.
    pub fn reset(&mut self) {
        self.stream.reset(true);
    }

    /// Inflates until `output` is full or `input` is used up; answers how many bytes were written.
    pub fn read(&mut self, input: &mut &[u8], output: &mut [u8]) -> Result<usize, DecodeError> {
        let mut written = 0;
        loop {
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let Some(room) = output.get_mut(written..).filter(|room| !room.is_empty()) else {
                return Ok(written);
            };
            let status = self
                .stream
                .decompress(input, room, FlushDecompress::Sync)
                .map_err(|source| DecodeError::Inflate { source })?;
            let used = usize::try_from(self.stream.total_in() - before_in).unwrap_or(usize::MAX);
            let made = usize::try_from(self.stream.total_out() - before_out).unwrap_or(usize::MAX);
            *input = input.get(used..).unwrap_or_default();
            written += made;
            if (used == 0 && made == 0) || status == Status::StreamEnd {
                return Ok(written);
            }
        }
    }

    /// Inflates exactly as much as `output` holds.
    pub fn read_exact(&mut self, input: &mut &[u8], output: &mut [u8]) -> Result<(), DecodeError> {
        if self.read(input, output)? == output.len() {
            Ok(())
        } else {
            Err(DecodeError::Truncated {
                what: "compressed pixels",
            })
        }
    }

    /// Uses up what follows a rectangle's last pixel, so that the next one starts in the right place. `surplus` counts the
    /// rectangle's bytes of that kind, over all pieces it arrives in.
    pub fn finish(&mut self, mut input: &[u8], surplus: &mut usize) -> Result<(), DecodeError> {
        let mut scratch = [0; 512];
        loop {
            let before = input.len();
            let made = self.read(&mut input, &mut scratch)?;
            *surplus += made;
            if *surplus > MAX_SURPLUS_BYTES {
                return Err(DecodeError::Surplus);
            }
            if input.is_empty() && made < scratch.len() {
                return Ok(());
            }
            if made == 0 && input.len() == before {
                // The stream ended inside the rectangle's data.
                return Err(DecodeError::Surplus);
            }
        }
    }
}
