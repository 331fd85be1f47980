//! Keys by their place: from Linux's numbers (`input-event-codes.h`) to the PC's first scancode set, which the registry's
//! "QEMU Extended Key Event" counts in. `0x80` stands for the prefix `e0`.

/// Keys outside the part where both numberings agree.
const OTHERS: [(u16, u8); 51] = [
    (89, 0x73),
    (90, 0x78),
    (91, 0x77),
    (92, 0x79),
    (93, 0x70),
    (94, 0x7b),
    (95, 0x5c),
    (96, 0x9c),
    (97, 0x9d),
    (98, 0xb5),
    (99, 0x54),
    (100, 0xb8),
    (102, 0xc7),
    (103, 0xc8),
    (104, 0xc9),
    (105, 0xcb),
    (106, 0xcd),
    (107, 0xcf),
    (108, 0xd0),
    (109, 0xd1),
    (110, 0xd2),
    (111, 0xd3),
    (113, 0xa0),
    (114, 0xae),
    (115, 0xb0),
    (116, 0xde),
    (117, 0x59),
    (119, 0xc6),
    (121, 0x7e),
    (122, 0x72),
    (123, 0x71),
    (124, 0x7d),
    (125, 0xdb),
    (126, 0xdc),
    (127, 0xdd),
    (163, 0x99),
    (164, 0xa2),
    (165, 0x90),
    (166, 0xa4),
    (183, 0x5d),
    (184, 0x5e),
    (185, 0x5f),
    (186, 0x55),
    (187, 0x83),
    (188, 0xf7),
    (189, 0x84),
    (190, 0x5a),
    (191, 0x74),
    (192, 0xf9),
    (193, 0x6d),
    (194, 0x6f),
];

/// The key's number in the first scancode set; `None` for a key without one.
pub fn first_set(linux: u16) -> Option<u32> {
    match linux {
        // Escape to F12, in the order of the first PC keyboards.
        1..=83 | 86..=88 => Some(u32::from(linux)),
        _ => OTHERS
            .into_iter()
            .find_map(|(known, code)| (known == linux).then_some(u32::from(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_numbers_that_keyboards_send() {
        for (name, linux, expected) in [
            ("Escape", 1, Some(0x01)),
            ("A", 30, Some(0x1e)),
            ("F12", 88, Some(0x58)),
            ("right Ctrl", 97, Some(0x9d)),
            ("AltGr", 100, Some(0xb8)),
            ("Delete", 111, Some(0xd3)),
            ("left Windows", 125, Some(0xdb)),
            ("unknown", 0, None),
            ("unknown", 85, None),
            ("unknown", 700, None),
        ] {
            assert_eq!(first_set(linux), expected, "{name}");
        }
    }
}
