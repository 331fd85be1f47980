//! Lists as one text: their parts stand between commas, and a comma in one is written `\,`.

/// The parts of a text, without the blanks around them; empty ones are left out.
pub fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut left = text.chars().peekable();
    while let Some(c) = left.next() {
        match (c, parts.last_mut()) {
            ('\\', Some(part)) if left.next_if_eq(&',').is_some() => part.push(','),
            (',', _) => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    let trimmed = parts.iter().map(|part| part.trim().to_owned());
    trimmed.filter(|part| !part.is_empty()).collect()
}

/// The text of these parts.
pub fn join<T: AsRef<str>>(parts: &[T]) -> String {
    let written = parts.iter().map(|part| part.as_ref().replace(',', "\\,"));
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, parts) in [
            ("", &[][..]),
            (" ,, ", &[]),
            ("/a, ~/b c ,/d", &["/a", "~/b c", "/d"]),
            ("/a\\,b, /c", &["/a,b", "/c"]),
            ("C:\\keys\\me, \\,\\", &["C:\\keys\\me", ",\\"]),
        ] {
            assert_eq!(split(text), parts, "{text}");
            assert_eq!(split(&join(parts)), parts, "{text}");
        }
    }
}
