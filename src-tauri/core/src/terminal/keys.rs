//! What keys send to a program on a terminal (ECMA-48 and xterm's control sequences).

use alacritty_terminal::term::TermMode;
use farwire_model::input::Keysym;

/// The keys that are held and change what others send.
#[derive(Debug, Default)]
pub struct Held {
    is_shift: bool,
    is_control: bool,
    is_alt: bool,
}

impl Held {
    /// A key went down; what it sends.
    pub fn down(&mut self, key: Keysym, mode: TermMode) -> Vec<u8> {
        if self.note(key, true) {
            return Vec::new();
        }
        let mut sent = self.sent(key, mode);
        if self.is_alt && !sent.is_empty() && sent.first() != Some(&0x1b) {
            sent.insert(0, 0x1b);
        }
        sent
    }

    /// A key went up.
    pub fn up(&mut self, key: Keysym) {
        self.note(key, false);
    }

    fn note(&mut self, key: Keysym, is_down: bool) -> bool {
        match key.0 {
            0xffe1 | 0xffe2 => self.is_shift = is_down,
            0xffe3 | 0xffe4 => self.is_control = is_down,
            0xffe7..=0xffea => self.is_alt = is_down,
            0xffeb | 0xffec | 0xfe03 | 0xffe5 | 0xff7f => {}
            _ => return false,
        }
        true
    }

    /// xterm's number of the held keys; 1 for none.
    fn modifier(&self) -> u8 {
        1 + u8::from(self.is_shift) + 2 * u8::from(self.is_alt) + 4 * u8::from(self.is_control)
    }

    fn sent(&self, key: Keysym, mode: TermMode) -> Vec<u8> {
        let cursor = |last: char| match (self.modifier(), mode.contains(TermMode::APP_CURSOR)) {
            (1, true) => format!("\x1bO{last}"),
            (1, false) => format!("\x1b[{last}"),
            (held, _) => format!("\x1b[1;{held}{last}"),
        };
        let numbered = |number: u8| match self.modifier() {
            1 => format!("\x1b[{number}~"),
            held => format!("\x1b[{number};{held}~"),
        };
        let text = match key.0 {
            0xff0d | 0xff8d => "\r".to_owned(),
            0xff09 if self.is_shift => "\x1b[Z".to_owned(),
            0xff09 => "\t".to_owned(),
            0xff08 => "\x7f".to_owned(),
            0xff1b => "\x1b".to_owned(),
            0xff52 => cursor('A'),
            0xff54 => cursor('B'),
            0xff53 => cursor('C'),
            0xff51 => cursor('D'),
            0xff50 => cursor('H'),
            0xff57 => cursor('F'),
            0xff63 => numbered(2),
            0xffff => numbered(3),
            0xff55 => numbered(5),
            0xff56 => numbered(6),
            code @ 0xffbe..=0xffc1 => {
                let letter = ['P', 'Q', 'R', 'S'];
                let letter = usize::try_from(code - 0xffbe)
                    .ok()
                    .and_then(|place| letter.get(place))
                    .copied()
                    .unwrap_or('P');
                match self.modifier() {
                    1 => format!("\x1bO{letter}"),
                    held => format!("\x1b[1;{held}{letter}"),
                }
            }
            code @ 0xffc2..=0xffc9 => {
                let numbers = [15, 17, 18, 19, 20, 21, 23, 24];
                let place = usize::try_from(code - 0xffc2).unwrap_or_default();
                numbered(numbers.get(place).copied().unwrap_or(15))
            }
            code => return self.character(code),
        };
        text.into_bytes()
    }

    fn character(&self, code: u32) -> Vec<u8> {
        let character = match code {
            0x20..=0x7e | 0xa0..=0xff => char::from_u32(code),
            0x0100_0000.. => char::from_u32(code - 0x0100_0000),
            _ => None,
        };
        let Some(character) = character else {
            return Vec::new();
        };
        if self.is_control {
            let control = match character.to_ascii_lowercase() {
                letter @ 'a'..='z' => Some(letter as u8 & 0x1f),
                '@' | ' ' | '2' => Some(0),
                '[' | '3' => Some(0x1b),
                '\\' | '4' => Some(0x1c),
                ']' | '5' => Some(0x1d),
                '^' | '6' => Some(0x1e),
                '_' | '7' | '/' => Some(0x1f),
                '?' | '8' => Some(0x7f),
                _ => None,
            };
            if let Some(control) = control {
                return vec![control];
            }
        }
        character.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(names: &[&str], mode: TermMode) -> Vec<u8> {
        let mut held = Held::default();
        let mut sent = Vec::new();
        for name in names {
            sent = held.down(Keysym::named(name).unwrap(), mode);
        }
        sent
    }

    #[test]
    fn keys_send_what_xterm_sends() {
        for (names, expected) in [
            (&["a"][..], "a"),
            (&["ä"], "ä"),
            (&["€"], "€"),
            (&["Return"], "\r"),
            (&["ctrl", "c"], "\x03"),
            (&["ctrl", "["], "\x1b"),
            (&["alt", "x"], "\x1bx"),
            (&["Up"], "\x1b[A"),
            (&["ctrl", "Left"], "\x1b[1;5D"),
            (&["shift", "Tab"], "\x1b[Z"),
            (&["F1"], "\x1bOP"),
            (&["F5"], "\x1b[15~"),
            (&["F12"], "\x1b[24~"),
            (&["ctrl", "Delete"], "\x1b[3;5~"),
            (&["PageUp"], "\x1b[5~"),
            (&["BackSpace"], "\x7f"),
            (&["shift"], ""),
        ] {
            assert_eq!(
                pressed(names, TermMode::NONE),
                expected.as_bytes(),
                "{names:?}"
            );
        }
        assert_eq!(pressed(&["Up"], TermMode::APP_CURSOR), b"\x1bOA");
    }

    #[test]
    fn a_key_that_went_up_is_held_no_more() {
        let mut held = Held::default();
        held.down(Keysym(0xffe3), TermMode::NONE);
        held.up(Keysym(0xffe3));
        assert_eq!(held.down(Keysym(0x63), TermMode::NONE), b"c");
    }
}
