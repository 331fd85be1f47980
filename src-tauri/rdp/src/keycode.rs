//! Keys by their place: from Linux's numbers (`input-event-codes.h`) to the scancodes of MS-RDPBCGR 2.2.8.1.2.2.1, which are
//! those of the PC's first set.

/// A key on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// Whether the prefix `e0` goes before it.
    pub is_extended: bool,
    /// Its number.
    pub number: u8,
}

/// Linux's number of Pause, which alone has two scancodes in a row.
pub const PAUSE: u16 = 119;

const fn plain(linux: u16, number: u8) -> (u16, Code) {
    let is_extended = false;
    (
        linux,
        Code {
            is_extended,
            number,
        },
    )
}

const fn extended(linux: u16, number: u8) -> (u16, Code) {
    let is_extended = true;
    (
        linux,
        Code {
            is_extended,
            number,
        },
    )
}

/// Keys outside the part where both numberings agree.
const OTHERS: [(u16, Code); 50] = [
    plain(89, 0x73),
    plain(90, 0x78),
    plain(91, 0x77),
    plain(92, 0x79),
    plain(93, 0x70),
    plain(94, 0x7b),
    plain(95, 0x5c),
    extended(96, 0x1c),
    extended(97, 0x1d),
    extended(98, 0x35),
    extended(99, 0x37),
    extended(100, 0x38),
    extended(102, 0x47),
    extended(103, 0x48),
    extended(104, 0x49),
    extended(105, 0x4b),
    extended(106, 0x4d),
    extended(107, 0x4f),
    extended(108, 0x50),
    extended(109, 0x51),
    extended(110, 0x52),
    extended(111, 0x53),
    extended(113, 0x20),
    extended(114, 0x2e),
    extended(115, 0x30),
    extended(116, 0x5e),
    plain(117, 0x59),
    plain(121, 0x7e),
    plain(122, 0x72),
    plain(123, 0x71),
    plain(124, 0x7d),
    extended(125, 0x5b),
    extended(126, 0x5c),
    extended(127, 0x5d),
    extended(163, 0x19),
    extended(164, 0x22),
    extended(165, 0x10),
    extended(166, 0x24),
    plain(183, 0x64),
    plain(184, 0x65),
    plain(185, 0x66),
    plain(186, 0x67),
    plain(187, 0x68),
    plain(188, 0x69),
    plain(189, 0x6a),
    plain(190, 0x6b),
    plain(191, 0x6c),
    plain(192, 0x6d),
    plain(193, 0x6e),
    plain(194, 0x76),
];

/// The scancode of a key; `None` for one without, and for [`PAUSE`].
pub fn of_linux(linux: u16) -> Option<Code> {
    match linux {
        // Escape to F12, in the order of the first PC keyboards.
        1..=83 | 86..=88 => u8::try_from(linux)
            .ok()
            .map(|number| plain(linux, number).1),
        _ => OTHERS
            .into_iter()
            .find_map(|(known, code)| (known == linux).then_some(code)),
    }
}

/// The place of a key that is no character, by its keysym; places differ by layout for none of these.
pub fn place(keysym: u32) -> Option<u16> {
    let linux = match keysym {
        0xff08 => 14,
        0xff09 | 0xfe20 => 15,
        0xff0d => 28,
        0xff13 => PAUSE,
        0xff14 => 70,
        0xff1b => 1,
        0xff50 => 102,
        0xff51 => 105,
        0xff52 => 103,
        0xff53 => 106,
        0xff54 => 108,
        0xff55 => 104,
        0xff56 => 109,
        0xff57 => 107,
        0xff61 => 99,
        0xff63 => 110,
        0xff67 => 127,
        0xff7f => 69,
        0xff8d => 96,
        0xffff => 111,
        0xffe1 => 42,
        0xffe2 => 54,
        0xffe3 => 29,
        0xffe4 => 97,
        0xffe5 => 58,
        0xffe7 | 0xffeb => 125,
        0xffe8 | 0xffec => 126,
        0xffe9 => 56,
        0xffea | 0xfe03 => 100,
        0x0020 => 57,
        0xffbe..=0xffc7 => u16::try_from(keysym - 0xffbe).ok()? + 59,
        0xffc8 | 0xffc9 => u16::try_from(keysym - 0xffc8).ok()? + 87,
        0xffca..=0xffd5 => u16::try_from(keysym - 0xffca).ok()? + 183,
        _ => return None,
    };
    Some(linux)
}

/// Rows of the American keyboard: the place of their first key, what its keys type, and what they type with Shift.
const US_ROWS: [(u16, &str, &str); 4] = [
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
];

/// Where an American keyboard types this character, and whether Shift is held for it.
pub fn us_place(character: char) -> Option<(u16, bool)> {
    US_ROWS.into_iter().find_map(|(first, low, high)| {
        [(low, false), (high, true)]
            .into_iter()
            .find_map(|(row, shift)| {
                let at = row.chars().position(|known| known == character)?;
                Some((first + u16::try_from(at).ok()?, shift))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_scancodes_that_keyboards_send() {
        for (name, linux, expected) in [
            ("Escape", 1, Some((false, 0x01))),
            ("A", 30, Some((false, 0x1e))),
            ("F12", 88, Some((false, 0x58))),
            ("right Ctrl", 97, Some((true, 0x1d))),
            ("Print", 99, Some((true, 0x37))),
            ("AltGr", 100, Some((true, 0x38))),
            ("Delete", 111, Some((true, 0x53))),
            ("left Windows", 125, Some((true, 0x5b))),
            ("F13", 183, Some((false, 0x64))),
            ("F24", 194, Some((false, 0x76))),
            ("Pause", PAUSE, None),
            ("unknown", 0, None),
            ("unknown", 700, None),
        ] {
            let code = of_linux(linux).map(|code| (code.is_extended, code.number));
            assert_eq!(code, expected, "{name}");
        }
    }

    #[test]
    fn keys_without_a_place_get_that_of_their_meaning() {
        for (name, keysym, expected) in [
            ("Return", 0xff0d, Some(28)),
            ("F1", 0xffbe, Some(59)),
            ("F10", 0xffc7, Some(68)),
            ("F11", 0xffc8, Some(87)),
            ("F24", 0xffd5, Some(194)),
            ("a", 0x61, None),
        ] {
            assert_eq!(place(keysym), expected, "{name}");
        }
    }

    #[test]
    fn an_american_keyboard_types_all_of_ascii() {
        for character in ('!'..='~').filter(|character| *character != ' ') {
            assert!(us_place(character).is_some(), "{character}");
        }
        for (character, expected) in [
            ('q', Some((16, false))),
            ('|', Some((43, true))),
            ('/', Some((53, false))),
            ('\'', Some((40, false))),
            ('~', Some((41, true))),
            ('ä', None),
        ] {
            assert_eq!(us_place(character), expected, "{character}");
        }
    }
}
