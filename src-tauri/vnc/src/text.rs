//! Text that crosses the link: Latin-1 clipboards, and names and reasons that are shown to people.

use crate::limits::MAX_TEXT_CHARS;

/// What may be shown of a server's text: no control or direction-changing characters, at most 256 characters.
pub fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let kept = text.chars().map(|character| match character {
        '\n' | '\t' => ' ',
        other => other,
    });
    let kept: String = kept
        .filter(|character| !character.is_control() && !turns_text(*character))
        .take(MAX_TEXT_CHARS)
        .collect();
    kept.trim().to_owned()
}

/// Characters that reorder or hide what stands around them.
fn turns_text(character: char) -> bool {
    matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
}

/// Decodes the clipboard text of RFC 6143, section 7.6.4.
pub fn from_latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Encodes clipboard text for RFC 6143, section 7.5.6: line ends become `\n`, characters outside Latin-1 `?`.
pub fn to_latin1(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n")
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipboard_text_becomes_latin1() {
        for (text, expected) in [
            ("a\r\nb\rc\n", &b"a\nb\rc\n"[..]),
            ("Grüße €", b"Gr\xfc\xdfe ?"),
            ("", b""),
        ] {
            assert_eq!(to_latin1(text), expected, "{text:?}");
        }
        assert_eq!(from_latin1(b"Gr\xfc\xdfe"), "Grüße");
    }

    #[test]
    fn shown_text_cannot_move_what_stands_around_it() {
        for (bytes, expected) in [
            ("desk\u{202e}top\u{0}\n".as_bytes(), "desktop"),
            (b"a\xffb", "a\u{fffd}b"),
            (b"two\nlines", "two lines"),
        ] {
            assert_eq!(shown(bytes), expected);
        }
        assert_eq!(shown(&[b'x'; 1000]).len(), MAX_TEXT_CHARS);
    }
}
