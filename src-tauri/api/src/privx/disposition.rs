//! A file's name in a header: `Content-Disposition` (RFC 6266), with what is not ASCII as RFC 8187 writes it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but `attr-char` (RFC 8187, section 3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header's value for a file of this name. What is no text in the name is shown as U+FFFD.
pub(super) fn attachment(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let is_plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%');
    let plain: String = text
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    if plain == text {
        return format!("attachment; filename=\"{plain}\"");
    }
    let exact = utf8_percent_encode(&text, ESCAPED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_as_headers() {
        for (name, expected) in [
            (&b"a b.bin"[..], "attachment; filename=\"a b.bin\""),
            (
                "żółw.txt".as_bytes(),
                "attachment; filename=\"___w.txt\"; filename*=UTF-8''%C5%BC%C3%B3%C5%82w.txt",
            ),
            (
                b"a\"b\\c\r\nSet-Cookie: x",
                "attachment; filename=\"a_b_c__Set-Cookie: x\"; filename*=UTF-8''a%22b%5Cc%0D%0ASet-Cookie%3A%20x",
            ),
            (
                b"caf\xe9",
                "attachment; filename=\"caf_\"; filename*=UTF-8''caf%EF%BF%BD",
            ),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }
}
