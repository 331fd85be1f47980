//! Keyboard layouts: their names, and the numbers Windows knows them by.

use farwire_model::connection::KEYBOARDS;
use std::path::Path;

/// Windows' numbers of the layouts in [`KEYBOARDS`], in their order.
const NUMBERS: [u32; KEYBOARDS.len()] = [
    0x0409, 0x0809, 0x0407, 0x0407, 0x0807, 0x040c, 0x080c, 0x1009, 0x040a, 0x080a, 0x0410, 0x0816,
    0x0416, 0x0413, 0x0406, 0x0414, 0x041d, 0x040b, 0x0415, 0x0405, 0x040e, 0x041f, 0x0419, 0x0411,
];

/// The layout that letters stand on as on American keyboards, and that is told when none is known.
pub const US: u32 = 0x0409;

/// Windows' number of a layout; `None` for a name that is none of [`KEYBOARDS`].
pub fn number(name: &str) -> Option<u32> {
    let mut known = KEYBOARDS.into_iter().zip(NUMBERS);
    known.find_map(|(known, number)| (known == name).then_some(number))
}

/// The layout of this computer's keyboard, as far as its settings tell; else the American one.
pub fn own() -> u32 {
    let set = std::env::var("XKB_DEFAULT_LAYOUT").ok();
    let files = ["/etc/default/keyboard", "/etc/vconsole.conf"].map(|path| read(Path::new(path)));
    set.as_deref()
        .and_then(first)
        .or_else(|| files.iter().flatten().find_map(|text| in_file(text)))
        .unwrap_or(US)
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The first layout of a list such as `de,us`.
fn first(list: &str) -> Option<u32> {
    number(list.split(',').next()?.trim())
}

/// The layout in a file of `NAME=value` lines.
fn in_file(text: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let is_layout = name.trim() == "XKBLAYOUT";
        is_layout
            .then(|| first(value.trim().trim_matches(['"', '\''])))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_have_the_numbers_of_windows() {
        for (name, expected) in [
            ("us", Some(US)),
            ("de", Some(0x0407)),
            ("latam", Some(0x080a)),
            ("jp", Some(0x0411)),
            ("xx", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }

    #[test]
    fn the_first_known_layout_of_a_file_counts() {
        for (text, expected) in [
            ("XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de,us\"\n", Some(0x0407)),
            ("XKBLAYOUT=us", Some(US)),
            ("# XKBLAYOUT=fr\nXKBLAYOUT='gb'", Some(0x0809)),
            ("XKBLAYOUT=\"xx\"", None),
            ("", None),
        ] {
            assert_eq!(in_file(text), expected, "{text}");
        }
    }
}
