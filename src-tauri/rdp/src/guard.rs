//! Holds what channels claim to bring against our caps, before anything is kept of it.

use crate::limits::MAX_CHANNEL_BYTES;

/// Why a server's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A message on a channel over [`MAX_CHANNEL_BYTES`].
    #[error("a message of {0} bytes on a channel")]
    TooLong(u32),
}

/// Which channels there are.
pub struct Guard {
    /// The channel that pixels and control messages come on.
    io_channel: u16,
    /// The channel that the link is measured on, if there is one.
    message_channel: Option<u16>,
    /// The channel the dynamic ones go through, if there is one.
    dynamic_channel: Option<u16>,
}

impl Guard {
    /// A session's channels.
    pub fn new(
        io_channel: u16,
        message_channel: Option<u16>,
        dynamic_channel: Option<u16>,
    ) -> Self {
        Self {
            io_channel,
            message_channel,
            dynamic_channel,
        }
    }

    /// Looks at a message before it is decoded: a TPKT frame (MS-RDPBCGR 2.2.6.1).
    ///
    /// # Errors
    /// See [`Refused`]. What is no message on a channel passes: the decoder refuses what it cannot read.
    pub fn check(&self, frame: &[u8]) -> Result<(), Refused> {
        let Some((channel, body)) = data(frame) else {
            return Ok(());
        };
        if channel == self.io_channel {
            return Ok(());
        }
        let Some((length, rest)) = body.split_first_chunk() else {
            return Ok(());
        };
        within(u32::from_le_bytes(*length))?;
        let is_dynamic = Some(channel) == self.dynamic_channel;
        match rest.split_first_chunk() {
            // The first part of a message, whose header the dynamic channels' own lies behind.
            Some((flags, inner)) if is_dynamic && u32::from_le_bytes(*flags) & 1 != 0 => {
                dynamic_length(inner).map_or(Ok(()), within)
            }
            _ => Ok(()),
        }
    }

    /// Whether a message is of a static channel: of the clipboard, of drives, of the dynamic ones. None of those knows that the
    /// session changes its size.
    pub fn is_of_channel(&self, frame: &[u8]) -> bool {
        data(frame).is_some_and(|(channel, _)| {
            channel != self.io_channel && Some(channel) != self.message_channel
        })
    }
}

fn within(length: u32) -> Result<(), Refused> {
    match usize::try_from(length) {
        Ok(length) if length <= MAX_CHANNEL_BYTES => Ok(()),
        _ => Err(Refused::TooLong(length)),
    }
}

/// The length that the first part of a message on a dynamic channel claims for all of it (MS-RDPEDYC 2.2.3.1 and 2.2.3.3);
/// `None` for other messages.
fn dynamic_length(message: &[u8]) -> Option<u32> {
    let (header, rest) = message.split_first()?;
    if !matches!(header >> 4, 2 | 6) {
        return None;
    }
    let field = |bits: u8| match bits & 3 {
        0 => 1,
        1 => 2,
        _ => 4,
    };
    let length = rest.get(field(*header)..)?.get(..field(header >> 2))?;
    let value = |all, byte: &u8| all << 8 | u32::from(*byte);
    Some(length.iter().rev().fold(0, value))
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
        let guard = Guard::new(1003, None, Some(1005));
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
    fn a_message_on_a_dynamic_channel_may_not_claim_more_than_the_cap() {
        let guard = Guard::new(1003, None, Some(1005));
        let cap = u32::try_from(MAX_CHANNEL_BYTES).unwrap();
        let first = |channel, command: u8, length: u32| {
            let mut frame = frame(channel, 8, false);
            // A channel's number of two bytes, a length of four.
            frame.extend([command << 4 | 2 << 2 | 1, 7, 0]);
            frame.extend(length.to_le_bytes());
            frame
        };
        for (channel, command, length, expected) in [
            (1005, 2, cap, Ok(())),
            (1005, 2, cap + 1, Err(Refused::TooLong(cap + 1))),
            (1005, 6, u32::MAX, Err(Refused::TooLong(u32::MAX))),
            // Data without a length of its own; a channel that is none of these.
            (1005, 3, u32::MAX, Ok(())),
            (1004, 2, u32::MAX, Ok(())),
        ] {
            let frame = first(channel, command, length);
            assert_eq!(
                guard.check(&frame),
                expected,
                "{channel} {command} {length}"
            );
        }
        assert_eq!(dynamic_length(&[0x20, 1, 200, 9]), Some(200));
        assert_eq!(dynamic_length(&[0x24, 1, 0x34, 0x12]), Some(0x1234));
        assert_eq!(dynamic_length(&[0x24, 1, 0x34]), None);
    }

    #[test]
    fn messages_of_static_channels_are_told_from_the_session_s_own() {
        let guard = Guard::new(1003, Some(1008), Some(1005));
        for (channel, expected) in [(1003, false), (1008, false), (1004, true), (1005, true)] {
            let frame = frame(channel, 8, true);
            assert_eq!(guard.is_of_channel(&frame), expected, "{channel}");
        }
        // The end of the session is none either.
        assert!(!guard.is_of_channel(&[3, 0, 0, 9, 2, 0xf0, 0x80, 0x21, 0x80]));
    }

    #[test]
    fn what_is_no_message_on_a_channel_passes() {
        let guard = Guard::new(1003, None, None);
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
