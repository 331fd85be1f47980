//! The lines of an OpenSSH client configuration (ssh_config(5)): keywords, quotes, patterns.

/// Splits a line into its keyword, in lower case, and its arguments. `None` for an empty line or a comment.
pub fn words(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=' || c == '"')
        .unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some((keyword.to_lowercase(), arguments(rest)))
}

/// Splits arguments at spaces outside of quotes; a comment ends them.
fn arguments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), c) if c == open => quote = None,
            (None, c @ ('"' | '\'')) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (_, '\\') if letters.peek().is_some_and(|c| "\"'\\".contains(*c)) => {
                word.get_or_insert_default().extend(letters.next());
            }
            (None, c) if c.is_whitespace() => found.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    found.extend(word);
    found
}

/// Whether a name fits one of these patterns and none of those with `!` before them.
pub fn fits<'a>(patterns: impl Iterator<Item = &'a str>, name: &str) -> bool {
    let mut is_fit = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits_one(pattern, name) => return false,
            Some(_) => {}
            None => is_fit |= fits_one(pattern, name),
        }
    }
    is_fit
}

/// Whether a name fits a pattern: `*` is anything, `?` one character.
///
/// Takes time of the product of both lengths at most, whatever the pattern.
pub fn fits_one(pattern: &str, name: &str) -> bool {
    let pattern: Vec<_> = pattern.chars().collect();
    let name: Vec<_> = name.chars().collect();
    let (mut at, mut on) = (0, 0);
    // The last star, and where what it stands for ends.
    let mut star: Option<(usize, usize)> = None;
    while on < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, on));
                at += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(on) => (at, on) = (at + 1, on + 1),
            _ => match &mut star {
                None => return false,
                Some((place, end)) => {
                    *end += 1;
                    (at, on) = (*place + 1, *end);
                }
            },
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_split_as_openssh_splits_them() {
        for (line, expected) in [
            ("  # note", None),
            ("Port 22", Some(("port", vec!["22"]))),
            ("Port=22", Some(("port", vec!["22"]))),
            ("HostName = a.b  # why", Some(("hostname", vec!["a.b"]))),
            ("Host a \"b c\" !d", Some(("host", vec!["a", "b c", "!d"]))),
            ("User \"\"", Some(("user", vec![""]))),
            ("User a#b", Some(("user", vec!["a#b"]))),
            (
                "IdentityFile 'a \\' b'",
                Some(("identityfile", vec!["a ' b"])),
            ),
        ] {
            let read = words(line);
            let read = read.as_ref();
            let read = read.map(|(keyword, arguments)| {
                (
                    keyword.as_str(),
                    arguments.iter().map(String::as_str).collect(),
                )
            });
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn patterns_fit_with_stars_marks_and_denials() {
        for (patterns, name, expected) in [
            (&["web*"][..], "web1.example", true),
            (&["web?"], "web12", false),
            (&["*.example", "!bad.*"], "bad.example", false),
            (&["!bad"], "good", false),
            (&["*"], "", true),
            (&["a*b*c"], "aXbXbc", true),
            (&["a*b*c"], "aXbXb", false),
            (&["Web"], "web", false),
        ] {
            assert_eq!(
                fits(patterns.iter().copied(), name),
                expected,
                "{patterns:?} {name}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line: String, cut: prop::sample::Index) {
            let cut = line.floor_char_boundary(cut.index(line.len() + 1));
            words(&line);
            words(&line[..cut]);
        }

        #[test]
        fn a_name_fits_itself_with_anything_starred(name in "[a-z.]{0,20}", at: prop::sample::Index) {
            let at = at.index(name.len() + 1);
            let starred = format!("{}*", &name[..at]);
            prop_assert!(fits_one(&name, &name));
            prop_assert!(fits_one(&starred, &name));
        }
    }
}
