//! Follows control sequences (ECMA-48) without carrying them out: where each begins and ends, and which lines scroll.

use memchr::memchr;

/// The longest string a machine may send in one control sequence, such as what it wants in the clipboard. The emulator
/// would keep any length.
const MAX_STRING_BYTES: u64 = 2 << 20;

/// Ends any control sequence: CAN.
const CANCEL: &[u8] = b"\x18";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Plain text.
    #[default]
    Text,
    /// Inside a character of several bytes, this many to come.
    Character(u8),
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
}

/// Parameters of a control sequence that are read: two numbers are far shorter.
const MAX_PARAMETER_BYTES: usize = 32;

impl Scan {
    /// Looks at bytes. Answers how many of them may be taken in now, and what must be taken in after them to keep the
    /// emulator out of an endless string.
    pub fn advance(&mut self, bytes: &[u8]) -> (usize, Option<&'static [u8]>) {
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
            if self.at == At::String && self.open > MAX_STRING_BYTES {
                self.at = At::Dropped;
                return (place, Some(CANCEL));
            }
        }
        (place, None)
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
            (At::String, _) => At::String,
            (At::Escape, b'[') => {
                self.parameters.clear();
                At::Control
            }
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::String,
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
            (At::Character(1), 0x80..=0xbf) => At::Text,
            (At::Character(left), 0x80..=0xbf) => At::Character(left - 1),
            (_, 0xc2..=0xdf) => self.character(1),
            (_, 0xe0..=0xef) => self.character(2),
            (_, 0xf0..=0xf4) => self.character(3),
            _ => At::Text,
        };
        if self.at == At::Text {
            self.open = 0;
        }
    }

    fn character(&mut self, left: u8) -> At {
        self.open = 1;
        At::Character(left)
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
            assert_eq!(scan.advance(bytes), (bytes.len(), None), "{bytes:?}");
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
            let (taken, repair) = scan.advance(&block);
            passed += taken;
            if repair.is_some() {
                break repair;
            }
        };
        assert_eq!(repair, Some(CANCEL));
        assert!((MAX_STRING_BYTES as usize).abs_diff(passed) < block.len());
        assert_eq!(scan.open_bytes(), 0);
    }
}
