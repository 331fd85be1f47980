//! What people type and point, and the codec of what viewers send (see [`decode`]).

use crate::codec::CodecChoice;
use crate::quality::Quality;
use crate::terminal::Grid;
use std::sync::Arc;

/// An X11 keysym. Unicode characters without an own one are `0x0100_0000 + code point`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keysym(pub u32);

impl Keysym {
    /// The keysym that types this character (X11 protocol, appendix A).
    pub fn of(character: char) -> Self {
        match character as u32 {
            10 | 13 => Self(0xff0d),
            9 => Self(0xff09),
            8 => Self(0xff08),
            27 => Self(0xff1b),
            // Latin-1 keysyms equal their code points.
            code @ (0x20..=0x7e | 0xa0..=0xff) => Self(code),
            code => Self(0x0100_0000 + code),
        }
    }

    /// Reads a key's name as scripts write it: `Return`, `F5`, `ctrl`, or a single character.
    pub fn named(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            return Some(Self::of(only));
        }
        let lower = name.to_ascii_lowercase();
        if let Some(number) = lower
            .strip_prefix('f')
            .and_then(|rest| rest.parse::<u32>().ok())
        {
            return (1..=24).contains(&number).then(|| Self(0xffbd + number));
        }
        KEY_NAMES
            .into_iter()
            .find_map(|(known, code)| (known == lower).then_some(Self(code)))
    }
}

/// Names of keys that are no characters, in lower case, and their keysyms.
const KEY_NAMES: [(&str, u32); 33] = [
    ("return", 0xff0d),
    ("enter", 0xff0d),
    ("tab", 0xff09),
    ("backspace", 0xff08),
    ("escape", 0xff1b),
    ("esc", 0xff1b),
    ("delete", 0xffff),
    ("insert", 0xff63),
    ("home", 0xff50),
    ("end", 0xff57),
    ("pageup", 0xff55),
    ("pagedown", 0xff56),
    ("left", 0xff51),
    ("up", 0xff52),
    ("right", 0xff53),
    ("down", 0xff54),
    ("shift", 0xffe1),
    ("ctrl", 0xffe3),
    ("control", 0xffe3),
    ("alt", 0xffe9),
    ("altgr", 0xfe03),
    ("meta", 0xffe7),
    ("super", 0xffeb),
    ("win", 0xffeb),
    ("menu", 0xff67),
    ("print", 0xff61),
    ("pause", 0xff13),
    ("capslock", 0xffe5),
    ("numlock", 0xff7f),
    ("scrolllock", 0xff14),
    ("space", 0x0020),
    ("plus", 0x002b),
    ("minus", 0x002d),
];

/// A physical key as Linux evdev numbers it; 0 when unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scancode(pub u16);

/// Pointer buttons held down, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buttons(pub u16);

impl Buttons {
    /// The left one.
    pub const LEFT: u16 = 1;
    /// The middle one.
    pub const MIDDLE: u16 = 2;
    /// The right one.
    pub const RIGHT: u16 = 4;
    /// The one that goes back.
    pub const BACK: u16 = 8;
    /// The one that goes forward.
    pub const FORWARD: u16 = 16;
}

/// What people do to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionInput {
    /// A key went down or up.
    Key {
        /// Down or up.
        is_down: bool,
        /// What it means.
        keysym: Keysym,
        /// Which key it is.
        scancode: Scancode,
    },
    /// The pointer is here, with these buttons held.
    Pointer {
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
        /// Held buttons.
        buttons: Buttons,
    },
    /// The wheel turned; 120 a notch, positive is down and right.
    Wheel {
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
        /// To the right.
        dx: i16,
        /// Down.
        dy: i16,
    },
    /// The local clipboard holds this text.
    Clipboard(String),
    /// The local clipboard holds this text, and the same as HTML. Handlers that pass no HTML on pass the text on.
    ClipboardHtml {
        /// The text alone.
        text: String,
        /// With its form.
        html: String,
    },
    /// The local clipboard holds this picture, a PNG. Handlers that cannot pass pictures on pass over it.
    ClipboardPicture(Arc<[u8]>),
    /// The viewer has this many device pixels.
    Viewport {
        /// Device pixels across.
        width: u16,
        /// Device pixels down.
        height: u16,
        /// 100 for a plain screen.
        scale_percent: u16,
    },
    /// The viewer lost focus: every key and button goes up.
    ReleaseAll,
    /// Types this text as keys.
    Text(String),
    /// What a terminal sends, as it is.
    Bytes(Vec<u8>),
    /// The viewer shows this many characters of a terminal.
    Grid(Grid),
    /// The picture is to be this good from now on.
    Quality(Quality),
    /// The machine is offered these kinds of encoding from now on.
    Codec(CodecChoice),
    /// This computer slept or changed its network: find out quickly whether the link still lives.
    CheckLink,
}

/// What a viewer's message says.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewerMessage {
    /// The frame with this number is drawn.
    Ack(u32),
    /// Whether anybody can see the viewer.
    Visible(bool),
    /// Input for the machine.
    Input(SessionInput),
}

/// Why a viewer's message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message kind is none of ours.
    #[error("a viewer message of kind {kind} does not exist")]
    Unknown {
        /// The kind it claims.
        kind: u8,
    },
    /// The message is too short or too long for its kind.
    #[error("a viewer message of kind {kind} has the wrong length")]
    Length {
        /// Its kind.
        kind: u8,
    },
    /// The text is not UTF-8.
    #[error("a viewer message of kind {kind} is not UTF-8 text")]
    Text {
        /// Its kind.
        kind: u8,
    },
    /// The message has no byte at all.
    #[error("a viewer message is empty")]
    Empty,
}

/// The most bytes of a picture on the clipboard, as PNG.
pub const MAX_PICTURE_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes of any other message: clipboard text of 1 MiB and its header.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024 + 16;

/// Reads one message of a viewer: a kind byte, then little-endian fields.
///
/// | kind | | fields |
/// | --- | --- | --- |
/// | 1 | Ack | u32 frame |
/// | 2 | Key | u8 down, u32 keysym, u16 scancode |
/// | 3 | Pointer | u16 x, u16 y, u16 buttons |
/// | 4 | Wheel | u16 x, u16 y, i16 dx, i16 dy |
/// | 5 | Clipboard | UTF-8 |
/// | 6 | Viewport | u16 width, u16 height, u16 scale in percent |
/// | 7 | Visible | u8 |
/// | 8 | ReleaseAll | |
/// | 9 | Text | UTF-8 |
/// | 10 | Bytes | for a terminal, as they are |
/// | 11 | Grid | u16 columns, u16 rows |
/// | 12 | ClipboardPicture | PNG |
/// | 13 | ClipboardHtml | u32 bytes of the text, the text in UTF-8, HTML in UTF-8 |
///
/// # Errors
/// See [`DecodeError`]; a refused message changes nothing.
pub fn decode(message: &[u8]) -> Result<ViewerMessage, DecodeError> {
    let (&kind, rest) = message.split_first().ok_or(DecodeError::Empty)?;
    let most = match kind {
        12 => MAX_PICTURE_BYTES,
        13 => 2 * MAX_MESSAGE_BYTES,
        _ => MAX_MESSAGE_BYTES,
    };
    if rest.len() > most {
        return Err(DecodeError::Length { kind });
    }
    let text = || String::from_utf8(rest.to_vec()).map_err(|_| DecodeError::Text { kind });
    let decoded = match (kind, rest) {
        (1, &[a, b, c, d]) => ViewerMessage::Ack(u32::from_le_bytes([a, b, c, d])),
        (2, &[down, a, b, c, d, e, f]) => ViewerMessage::Input(SessionInput::Key {
            is_down: down != 0,
            keysym: Keysym(u32::from_le_bytes([a, b, c, d])),
            scancode: Scancode(u16::from_le_bytes([e, f])),
        }),
        (3, &[a, b, c, d, e, f]) => ViewerMessage::Input(SessionInput::Pointer {
            x: u16::from_le_bytes([a, b]),
            y: u16::from_le_bytes([c, d]),
            buttons: Buttons(u16::from_le_bytes([e, f])),
        }),
        (4, &[a, b, c, d, e, f, g, h]) => ViewerMessage::Input(SessionInput::Wheel {
            x: u16::from_le_bytes([a, b]),
            y: u16::from_le_bytes([c, d]),
            dx: i16::from_le_bytes([e, f]),
            dy: i16::from_le_bytes([g, h]),
        }),
        (5, _) => ViewerMessage::Input(SessionInput::Clipboard(text()?)),
        (6, &[a, b, c, d, e, f]) => ViewerMessage::Input(SessionInput::Viewport {
            width: u16::from_le_bytes([a, b]),
            height: u16::from_le_bytes([c, d]),
            scale_percent: u16::from_le_bytes([e, f]),
        }),
        (7, &[shown]) => ViewerMessage::Visible(shown != 0),
        (8, &[]) => ViewerMessage::Input(SessionInput::ReleaseAll),
        (9, _) => ViewerMessage::Input(SessionInput::Text(text()?)),
        (10, bytes) => ViewerMessage::Input(SessionInput::Bytes(bytes.to_vec())),
        (11, &[a, b, c, d]) => ViewerMessage::Input(SessionInput::Grid(Grid {
            columns: u16::from_le_bytes([a, b]),
            rows: u16::from_le_bytes([c, d]),
        })),
        (12, png) => ViewerMessage::Input(SessionInput::ClipboardPicture(png.into())),
        (13, &[a, b, c, d, ref rest @ ..]) => {
            let length = usize::try_from(u32::from_le_bytes([a, b, c, d]));
            let parts = length.ok().and_then(|at| rest.split_at_checked(at));
            let (text, html) = parts.ok_or(DecodeError::Length { kind })?;
            let read = |bytes: &[u8]| {
                String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Text { kind })
            };
            ViewerMessage::Input(SessionInput::ClipboardHtml {
                text: read(text)?,
                html: read(html)?,
            })
        }
        (1..=4 | 6..=8 | 11 | 13, _) => return Err(DecodeError::Length { kind }),
        _ => return Err(DecodeError::Unknown { kind }),
    };
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_names_and_characters_become_keysyms() {
        for (name, expected) in [
            ("a", Some(0x61)),
            ("ä", Some(0xe4)),
            ("€", Some(0x0100_20ac)),
            ("Return", Some(0xff0d)),
            ("F1", Some(0xffbe)),
            ("F24", Some(0xffd5)),
            ("F25", None),
            ("Ctrl", Some(0xffe3)),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(Keysym::named(name), expected.map(Keysym), "{name}");
        }
    }

    #[test]
    fn viewer_messages_of_the_wrong_length_are_refused() {
        for (bytes, expected) in [
            (&[][..], DecodeError::Empty),
            (&[1, 0, 0, 0], DecodeError::Length { kind: 1 }),
            (&[3, 0, 0, 0, 0, 0, 0, 0], DecodeError::Length { kind: 3 }),
            (&[5, 0xff], DecodeError::Text { kind: 5 }),
            (&[77], DecodeError::Unknown { kind: 77 }),
            (&[13, 0, 0, 0], DecodeError::Length { kind: 13 }),
            (&[13, 2, 0, 0, 0, b'a'], DecodeError::Length { kind: 13 }),
            (
                &[13, 1, 0, 0, 0, 0xff, b'b'],
                DecodeError::Text { kind: 13 },
            ),
        ] {
            assert_eq!(decode(bytes), Err(expected), "{bytes:?}");
        }
        for (kind, most) in [
            (5, MAX_MESSAGE_BYTES),
            (10, MAX_MESSAGE_BYTES),
            (12, MAX_PICTURE_BYTES),
            (13, 2 * MAX_MESSAGE_BYTES),
        ] {
            let mut message = vec![kind];
            message.resize(1 + most, 0);
            assert!(decode(&message).is_ok(), "{kind}");
            message.push(0);
            assert_eq!(decode(&message), Err(DecodeError::Length { kind }));
        }
    }

    #[test]
    fn a_wheel_message_keeps_its_signs() {
        assert_eq!(
            decode(&[4, 1, 0, 2, 0, 0x88, 0xff, 120, 0]),
            Ok(ViewerMessage::Input(SessionInput::Wheel {
                x: 1,
                y: 2,
                dx: -120,
                dy: 120
            }))
        );
    }
}
