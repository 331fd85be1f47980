//! Texts of a server, made safe to show.

/// The text without control characters and marks that turn its direction, cut to `limit` characters. Line breaks become
/// one newline each.
pub fn shown(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let lines = text.lines().map(str::trim_end);
    let chars = lines.flat_map(|line| line.chars().chain(std::iter::once('\n')));
    let safe = chars.filter(|c| *c == '\n' || !(c.is_control() || is_mark(*c)));
    shown.extend(safe.take(limit));
    shown.trim_matches('\n').to_owned()
}

/// The text as one line.
pub fn line(text: &str, limit: usize) -> String {
    shown(text, limit).replace('\n', " ")
}

/// Marks that reorder or hide the text around them (Unicode, section 23.2 and the tags).
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_move_the_cursor_or_turn_the_text() {
        for (said, expected) in [
            ("Password: ", "Password:"),
            ("\x1b[2J\x1b]0;title\x07hello", "[2J]0;titlehello"),
            ("one\r\ntwo\r\n\r\n", "one\ntwo"),
            ("user\u{202e}drowssap", "userdrowssap"),
        ] {
            assert_eq!(shown(said, 100), expected, "{said:?}");
        }
        assert_eq!(shown("abcdef", 3), "abc");
        assert_eq!(line("a\nb", 10), "a b");
    }
}
