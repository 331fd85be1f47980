//! Input events as bytes: the short way, or the long one for servers that only know that (MS-RDPBCGR 2.2.8.1.1.3).

use ironrdp_core::{EncodeResult, encode_vec};
use ironrdp_pdu::input::fast_path::{
    FastPathInput, FastPathInputEvent, KeyboardFlags, SynchronizeFlags,
};
use ironrdp_pdu::input::sync::SyncToggleFlags;
use ironrdp_pdu::input::{
    InputEvent, InputEventPdu, ScanCodePdu, SyncPdu, UnicodePdu, scan_code, unicode,
};
use ironrdp_pdu::rdp::capability_sets::InputFlags;
use ironrdp_pdu::rdp::headers::ShareDataPdu;

/// Whether a server takes events the short way. Some close the connection when they come like that unasked.
pub fn is_short(flags: InputFlags) -> bool {
    flags.intersects(InputFlags::FASTPATH_INPUT | InputFlags::FASTPATH_INPUT_2)
}

/// The events the short way.
///
/// # Errors
/// None for events that can be made here.
pub fn short(events: &[FastPathInputEvent], out: &mut Vec<u8>) -> EncodeResult<()> {
    for some in events.chunks(FastPathInput::MAX_EVENTS) {
        if let Ok(input) = FastPathInput::new(some.to_vec()) {
            out.extend(encode_vec(&input)?);
        }
    }
    Ok(())
}

/// The events as one message of the long way.
pub fn long(events: Vec<FastPathInputEvent>) -> ShareDataPdu {
    ShareDataPdu::Input(InputEventPdu(
        events.into_iter().filter_map(event).collect(),
    ))
}

fn event(event: FastPathInputEvent) -> Option<InputEvent> {
    Some(match event {
        FastPathInputEvent::KeyboardEvent(flags, code) => InputEvent::ScanCode(ScanCodePdu {
            flags: keyboard(flags),
            key_code: u16::from(code),
        }),
        FastPathInputEvent::UnicodeKeyboardEvent(flags, unit) => InputEvent::Unicode(UnicodePdu {
            flags: match flags.contains(KeyboardFlags::RELEASE) {
                true => unicode::KeyboardFlags::RELEASE,
                false => unicode::KeyboardFlags::empty(),
            },
            unicode_code: unit,
        }),
        FastPathInputEvent::MouseEvent(mouse) => InputEvent::Mouse(mouse),
        FastPathInputEvent::MouseEventEx(mouse) => InputEvent::MouseX(mouse),
        FastPathInputEvent::SyncEvent(flags) => InputEvent::Sync(SyncPdu {
            flags: toggles(flags),
        }),
        FastPathInputEvent::MouseEventRel(_) | FastPathInputEvent::QoeEvent(_) => return None,
    })
}

fn keyboard(flags: KeyboardFlags) -> scan_code::KeyboardFlags {
    [
        (KeyboardFlags::RELEASE, scan_code::KeyboardFlags::RELEASE),
        (KeyboardFlags::EXTENDED, scan_code::KeyboardFlags::EXTENDED),
        (
            KeyboardFlags::EXTENDED1,
            scan_code::KeyboardFlags::EXTENDED_1,
        ),
    ]
    .into_iter()
    .filter(|(short, _)| flags.contains(*short))
    .fold(scan_code::KeyboardFlags::empty(), |all, (_, long)| {
        all | long
    })
}

fn toggles(flags: SynchronizeFlags) -> SyncToggleFlags {
    SyncToggleFlags::from_bits_truncate(u32::from(flags.bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_what_they_are_the_long_way() {
        let flags = KeyboardFlags::RELEASE | KeyboardFlags::EXTENDED;
        let ShareDataPdu::Input(InputEventPdu(events)) = long(vec![
            FastPathInputEvent::KeyboardEvent(flags, 0x53),
            FastPathInputEvent::SyncEvent(SynchronizeFlags::CAPS_LOCK),
        ]) else {
            panic!("another message");
        };
        let expected = [
            InputEvent::ScanCode(ScanCodePdu {
                flags: scan_code::KeyboardFlags::RELEASE | scan_code::KeyboardFlags::EXTENDED,
                key_code: 0x53,
            }),
            InputEvent::Sync(SyncPdu {
                flags: SyncToggleFlags::CAPS_LOCK,
            }),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn many_events_go_out_in_as_many_messages_as_it_takes() {
        let events = vec![
            FastPathInputEvent::KeyboardEvent(KeyboardFlags::empty(), 1);
            FastPathInput::MAX_EVENTS + 1
        ];
        let mut out = Vec::new();
        short(&events, &mut out).unwrap();
        // Two events of two bytes each, and as many headers.
        assert!(out.len() > events.len() * 2 + 2, "{} bytes", out.len());
    }
}
