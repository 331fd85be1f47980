//! Holds what channels claim to bring against our caps, before anything is kept of it.

use crate::limits::{MAX_CHANNEL_BYTES, MAX_DYNAMIC_BYTES};

/// Why a server's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A message on a channel over [`MAX_CHANNEL_BYTES`].
    #[error("a message of {0} bytes on a channel")]
    TooLong(u32),
    /// More than [`MAX_DYNAMIC_BYTES`] on the dynamic channels of a session.
    #[error("more than {MAX_DYNAMIC_BYTES} bytes for the display's channel")]
    TooMuch,
}

/// What channels brought so far.
pub struct Guard {
    /// The channel that pixels and control messages come on.
    io_channel: u16,
    /// The channel the dynamic ones go through, if there is one.
    dynamic_channel: Option<u16>,
    dynamic_bytes: usize,
}

impl Guard {
    /// Nothing came yet.
    pub fn new(io_channel: u16, dynamic_channel: Option<u16>) -> Self {
        Self {
            io_channel,
            dynamic_channel,
            dynamic_bytes: 0,
        }
    }

    /// Looks at a message before it is decoded: a TPKT frame (MS-RDPBCGR 2.2.6.1).
    ///
    /// # Errors
    /// See [`Refused`]. What is no message on a channel passes: the decoder refuses what it cannot read.
    pub fn check(&mut self, frame: &[u8]) -> Result<(), Refused> {
        let Some((channel, body)) = data(frame) else {
            return Ok(());
        };
        if channel == self.io_channel {
            return Ok(());
        }
        if Some(channel) == self.dynamic_channel {
            self.dynamic_bytes = self.dynamic_bytes.saturating_add(body.len());
            if self.dynamic_bytes > MAX_DYNAMIC_BYTES {
                return Err(Refused::TooMuch);
            }
        }
        let Some((length, _)) = body.split_first_chunk() else {
            return Ok(());
        };
        let length = u32::from_le_bytes(*length);
        match usize::try_from(length) {
            Ok(length) if length <= MAX_CHANNEL_BYTES => Ok(()),
            _ => Err(Refused::TooLong(length)),
        }
    }
}

/// The channel of a `SendDataIndication` and what it carries (T.125, packed as in MS-RDPBCGR 4.1.14).
fn data(frame: &[u8]) -> Option<(u16, &[u8])> {
    // TPKT, X.224 data, the kind of message, who sends, the channel, its priority.
    let [
        3,
        _,
        _,
        _,
        2,
        0xf0,
        0x80,
        kind,
        _,
        _,
        high,
        low,
        _,
        rest @ ..,
    ] = frame
    else {
        return None;
    };
    if kind >> 2 != 26 {
        return None;
    }
    let body = match rest {
        [first, _, body @ ..] if first & 0x80 != 0 => body,
        [_, body @ ..] => body,
        [] => return None,
    };
    Some((u16::from_be_bytes([*high, *low]), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(channel: u16, total: u32, long: bool) -> Vec<u8> {
        let mut frame = vec![3, 0, 0, 0, 2, 0xf0, 0x80, 26 << 2, 0, 1];
        frame.extend(channel.to_be_bytes());
        frame.push(0x70);
        frame.extend_from_slice(if long { &[0x80, 8] } else { &[8] });
        frame.extend(total.to_le_bytes());
        frame.extend([3, 0, 0, 0]);
        frame
    }

    #[test]
    fn a_channel_may_not_claim_more_than_the_cap() {
        let mut guard = Guard::new(1003, Some(1005));
        let cap = u32::try_from(MAX_CHANNEL_BYTES).unwrap();
        for (channel, total, expected) in [
            (1004, 8, Ok(())),
            (1004, cap, Ok(())),
            (1004, cap + 1, Err(Refused::TooLong(cap + 1))),
            (1005, u32::MAX, Err(Refused::TooLong(u32::MAX))),
            // What the session's own channel begins with is no such length.
            (1003, u32::MAX, Ok(())),
        ] {
            for long in [false, true] {
                assert_eq!(
                    guard.check(&frame(channel, total, long)),
                    expected,
                    "{channel} {total}"
                );
            }
        }
    }

    #[test]
    fn dynamic_channels_have_a_cap_together() {
        let mut guard = Guard::new(1003, Some(1005));
        let one = frame(1005, 8, false);
        let passed = (0..=MAX_DYNAMIC_BYTES)
            .take_while(|_| guard.check(&one).is_ok())
            .count();
        assert_eq!(passed, MAX_DYNAMIC_BYTES / 8);
        assert_eq!(guard.check(&one), Err(Refused::TooMuch));
    }

    #[test]
    fn what_is_no_message_on_a_channel_passes() {
        let mut guard = Guard::new(1003, None);
        for frame in [
            &[][..],
            &[3, 0, 0, 5],
            &frame(1004, 8, false)[..13],
            &frame(1004, 8, false)[..14],
        ] {
            assert_eq!(guard.check(frame), Ok(()));
        }
    }
}
