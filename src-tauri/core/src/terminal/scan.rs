//! Follows control sequences (ECMA-48) without carrying them out: where each begins and ends, and which lines scroll.

use memchr::memchr;
use unicode_width::UnicodeWidthChar;

/// The longest string a machine may send in one control sequence, such as what it wants in the clipboard. The emulator
/// would keep any length.
const MAX_STRING_BYTES: u64 = 2 << 20;

/// The longest link (OSC 8): that of a browser's address line.
const MAX_LINK_BYTES: u64 = 4096;

/// Ends any control sequence: CAN.
const CANCEL: &[u8] = b"\x18";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Plain text.
    #[default]
    Text,
    /// Inside a character of several bytes, this many to come; what is known of it.
    Character(u8, u32),
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte.
    Intermediate,
    /// Inside a control sequence.
    Control,
    /// Inside a string: OSC, DCS, SOS, PM, APC.
    String,
    /// Inside a string that is too long: thrown away until its end.
    Dropped,
}

/// Where a stream of bytes stands.
#[derive(Debug, Default)]
pub struct Scan {
    at: At,
    /// Bytes since the open sequence began.
    open: u64,
    parameters: Vec<u8>,
    /// The lines that scroll, from 1, as the machine asked for them last.
    region: Option<(u16, u16)>,
    /// Whether the open string is a command of the operating system's (OSC), and a link's.
    is_osc: bool,
    is_link: bool,
    /// Whether the sequence that just ended may have put the other screen in front.
    has_switched: bool,
    /// What came since it was asked for last and is kept beside the characters of a screen.
    extras: usize,
}

/// What of some bytes may be taken in at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The bytes.
    pub bytes: usize,
    /// What must be taken in after them to keep the emulator out of an endless string.
    pub repair: Option<&'static [u8]>,
}

/// Parameters of a control sequence that are read: two numbers are far shorter.
const MAX_PARAMETER_BYTES: usize = 32;

impl Scan {
    /// Looks at bytes, up to where the screen may change for the other one.
    pub fn advance(&mut self, bytes: &[u8]) -> Taken {
        self.has_switched = false;
        let mut place = 0;
        while let Some(&byte) = bytes.get(place) {
            if self.at == At::Text {
                let rest = bytes.get(place..).unwrap_or_default();
                // Nothing but text for a while is the common case.
                if byte < 0x80 && byte != 0x1b {
                    let next = memchr(0x1b, rest).unwrap_or(rest.len());
                    let text = rest.get(..next).unwrap_or_default();
                    let ascii = text.iter().position(|byte| *byte >= 0x80);
                    place += ascii.unwrap_or(text.len());
                    continue;
                }
            }
            place += 1;
            self.step(byte);
            let limit = match self.is_link {
                true => MAX_LINK_BYTES,
                false => MAX_STRING_BYTES,
            };
            if self.at == At::String && self.open > limit {
                self.at = At::Dropped;
                let repair = Some(CANCEL);
                return Taken {
                    bytes: place,
                    repair,
                };
            }
            if self.has_switched {
                break;
            }
        }
        Taken {
            bytes: place,
            repair: None,
        }
    }

    fn step(&mut self, byte: u8) {
        self.open += 1;
        self.at = match (self.at, byte) {
            (At::Dropped, 0x07 | 0x18 | 0x1a) => At::Text,
            // ESC ends whatever was open; what began there has been carried out, or never will be.
            (_, 0x1b) => {
                self.open = 1;
                At::Escape
            }
            (At::Dropped, _) => At::Dropped,
            // CAN and SUB end everything.
            (_, 0x18 | 0x1a) => At::Text,
            (At::String, 0x07) => At::Text,
            (At::String, byte) => {
                self.is_link = match self.open {
                    3 => self.is_osc && byte == b'8',
                    4 => self.is_link && byte == b';',
                    _ => self.is_link,
                };
                self.extras += usize::from(self.is_link);
                At::String
            }
            (At::Escape, b'[') => {
                self.parameters.clear();
                At::Control
            }
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => {
                (self.is_osc, self.is_link) = (byte == b']', false);
                At::String
            }
            (At::Escape, b'c') => {
                self.region = None;
                At::Text
            }
            (At::Escape | At::Intermediate, 0x20..=0x2f) => At::Intermediate,
            // A control character is carried out inside a sequence.
            (at @ (At::Escape | At::Intermediate | At::Control), 0x00..=0x1f) => at,
            (At::Escape | At::Intermediate, _) => At::Text,
            (At::Control, 0x40..=0x7e) => {
                self.finish(byte);
                At::Text
            }
            (At::Control, _) => {
                if self.parameters.len() < MAX_PARAMETER_BYTES {
                    self.parameters.push(byte);
                }
                At::Control
            }
            (At::Character(left, known), 0x80..=0xbf) => {
                let code = known << 6 | u32::from(byte & 0x3f);
                if left > 1 {
                    At::Character(left - 1, code)
                } else {
                    let is_mark = char::from_u32(code).is_some_and(|c| c.width() == Some(0));
                    self.extras += usize::from(is_mark);
                    At::Text
                }
            }
            (_, 0xc2..=0xdf) => self.character(1, byte & 0x1f),
            (_, 0xe0..=0xef) => self.character(2, byte & 0x0f),
            (_, 0xf0..=0xf4) => self.character(3, byte & 0x07),
            _ => At::Text,
        };
        if self.at == At::Text {
            self.open = 0;
        }
    }

    fn character(&mut self, left: u8, known: u8) -> At {
        self.open = 1;
        At::Character(left, u32::from(known))
    }

    fn finish(&mut self, last: u8) {
        match (self.parameters.as_slice(), last) {
            (parameters, b'r') => {
                let Ok(text) = std::str::from_utf8(parameters) else {
                    return;
                };
                let (top, bottom) = text.split_once(';').unwrap_or((text, ""));
                let number = |text: &str| match text {
                    "" => Some(0),
                    text => text.parse::<u16>().ok(),
                };
                if let (Some(top), Some(bottom)) = (number(top), number(bottom)) {
                    self.region = ((top, bottom) != (0, 0)).then_some((top, bottom));
                }
            }
            (b"!", b'p') => self.region = None,
            (parameters, b'h' | b'l') if parameters.first() == Some(&b'?') => {
                self.has_switched = true;
            }
            _ => {}
        }
    }

    /// How many of the newest bytes belong to a sequence that is not at its end.
    pub fn open_bytes(&self) -> u64 {
        match self.at {
            At::Text | At::Dropped => 0,
            _ => self.open,
        }
    }

    /// How much came, since this was asked last, that is kept beside the characters of a screen: marks on characters, each
    /// counting one, and links, by their bytes.
    pub fn take_extras(&mut self) -> usize {
        std::mem::take(&mut self.extras)
    }

    /// The lines that scroll, when not all do; the last one is 0 when that is the screen's last.
    pub fn region(&self) -> Option<(u16, u16)> {
        self.region
    }

    /// The terminal took another size: all lines scroll again.
    pub fn forget_region(&mut self) {
        self.region = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_what_the_emulator_has_not_carried_out() {
        for (bytes, open) in [
            (&b"text"[..], 0),
            (b"text\x1b", 1),
            (b"text\x1b[1;3", 5),
            (b"\x1b[1;31m", 0),
            (b"\x1b]0;title", 9),
            (b"\x1b]0;title\x07", 0),
            (b"\x1b]0;title\x1b\\", 0),
            (b"\x1b]0;title\x1b", 1),
            (b"\x1bP1$q", 5),
            (b"\x1b(", 2),
            (b"\x1b(0", 0),
            (b"\xe2\x82", 2),
            (b"\xe2\x82\xac", 0),
            (b"\xe2\x82\x1b[", 2),
            (b"\xff\xff", 0),
            (b"\x1b[3\x18", 0),
        ] {
            let mut scan = Scan::default();
            let taken = scan.advance(bytes);
            assert_eq!(
                (taken.bytes, taken.repair),
                (bytes.len(), None),
                "{bytes:?}"
            );
            assert_eq!(scan.open_bytes(), open, "{bytes:?}");
            // The same, byte by byte.
            let mut scan = Scan::default();
            for byte in bytes {
                scan.advance(&[*byte]);
            }
            assert_eq!(scan.open_bytes(), open, "{bytes:?} in pieces");
        }
    }

    #[test]
    fn the_lines_that_scroll_are_known() {
        for (bytes, region) in [
            (&b"\x1b[2;5r"[..], Some((2, 5))),
            (b"\x1b[2r", Some((2, 0))),
            (b"\x1b[2;5r\x1b[r", None),
            (b"\x1b[2;5r\x1bc", None),
            (b"\x1b[2;5r\x1b[!p", None),
            (b"\x1b[?2;5r", None),
        ] {
            let mut scan = Scan::default();
            scan.advance(bytes);
            assert_eq!(scan.region(), region, "{bytes:?}");
        }
    }

    #[test]
    fn a_string_without_end_is_cut_off() {
        let mut scan = Scan::default();
        scan.advance(b"\x1b]52;c;");
        let block = vec![b'A'; 64 << 10];
        let mut passed = 0;
        let repair = loop {
            let taken = scan.advance(&block);
            passed += taken.bytes;
            if taken.repair.is_some() {
                break taken.repair;
            }
        };
        assert_eq!(repair, Some(CANCEL));
        assert!((MAX_STRING_BYTES as usize).abs_diff(passed) < block.len());
        assert_eq!(scan.open_bytes(), 0);
    }

    #[test]
    fn links_and_marks_are_counted_and_a_link_is_short() {
        for (bytes, extras) in [
            (&b"plain"[..], 0),
            ("e\u{301} \u{4e2d}".as_bytes(), 1),
            (b"\x1b]0;8;title\x07", 0),
            (b"\x1b]8;;http://a\x07", 11),
        ] {
            let mut scan = Scan::default();
            scan.advance(bytes);
            assert_eq!(scan.take_extras(), extras, "{bytes:?}");
        }
        let mut scan = Scan::default();
        let link = [&b"\x1b]8;;"[..], &[b'a'; 5000]].concat();
        let taken = scan.advance(&link);
        assert_eq!(taken.bytes as u64, MAX_LINK_BYTES + 1);
        assert_eq!(taken.repair, Some(CANCEL));
    }

    #[test]
    fn bytes_end_where_the_other_screen_may_come() {
        let mut scan = Scan::default();
        let bytes = b"one\x1b[?1049htwo";
        assert_eq!(scan.advance(bytes).bytes, bytes.len() - 3);
        assert_eq!(scan.advance(b"two").bytes, 3);
    }
}
