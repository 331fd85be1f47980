//! What the machine calls a file of the shared folder.

use std::path::PathBuf;

/// Linux takes no longer name and no longer path.
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 4095;
/// A pattern is tried with each name of a folder: no name of Windows is longer.
const MAX_PATTERN_CHARS: usize = 255;

/// A path below the shared folder: plain names, none for the folder itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inner(Vec<String>);

impl Inner {
    /// Reads what the machine asks for: names behind backslashes (MS-RDPEFS 2.2.1.4.1), or behind slashes, as xrdp 0.9 sends
    /// some. `None` for what is more than names to this computer: `.`, `..`, NUL, nothing between two of them.
    pub fn of(asked: &str) -> Option<Self> {
        const BETWEEN: [char; 2] = ['\\', '/'];
        let asked = asked.strip_prefix(BETWEEN).unwrap_or(asked);
        let asked = asked.strip_suffix(BETWEEN).unwrap_or(asked);
        if asked.is_empty() {
            return Some(Self::default());
        }
        let is_plain = |name: &str| {
            !matches!(name, "" | "." | "..") && !name.contains('\0') && name.len() <= MAX_NAME_BYTES
        };
        if asked.len() > MAX_PATH_BYTES || !asked.split(BETWEEN).all(is_plain) {
            return None;
        }
        Some(Self(asked.split(BETWEEN).map(str::to_owned).collect()))
    }

    /// Whether a file may get its last name: with a colon Windows means another stream of a file, which none has here.
    pub fn can_be_made(&self) -> bool {
        self.0.last().is_some_and(|name| !name.contains(':'))
    }

    /// As this computer writes it, below the folder.
    pub fn path(&self) -> PathBuf {
        match self.0.is_empty() {
            true => PathBuf::from("."),
            false => self.0.iter().collect(),
        }
    }

    /// The folder it lies in and its name there; `None` for the shared folder itself.
    pub fn split(&self) -> Option<(Self, &str)> {
        let (name, folder) = self.0.split_last()?;
        Some((Self(folder.to_vec()), name))
    }
}

/// Which names a machine asks for: `*` and `?` as everywhere, `<`, `>` and `"` as Windows writes them for old programs (MS-FSA
/// 2.1.4.4), of which `"` stands for a dot alone. Letters count without their case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<char>);

impl Pattern {
    /// Reads one; `None` for one that is longer than any name.
    pub fn of(asked: &str) -> Option<Self> {
        if asked.chars().nth(MAX_PATTERN_CHARS).is_some() {
            return None;
        }
        let asked = match asked {
            "" | "*.*" | "<.>" => "*",
            asked => asked,
        };
        Some(Self(folded(asked)))
    }

    /// Whether a name is one of those.
    pub fn fits(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), ['*']) || matches(&self.0, &folded(name))
    }
}

fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut here) = (0, 0);
    // Where the last star is, and from where on it was tried.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = name.get(here) {
        match pattern.get(at) {
            Some('*' | '<') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted)
                if matches!(wanted, '?' | '>')
                    || wanted == character
                    || (*wanted == '"' && *character == '.') =>
            {
                (at, here) = (at + 1, here + 1);
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    (at, here) = (back + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    let rest = pattern.get(at..).unwrap_or_default();
    rest.iter().all(|left| matches!(left, '*' | '<'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_a_path() {
        for (asked, expected) in [
            ("", Some(".")),
            ("\\", Some(".")),
            ("\\a", Some("a")),
            ("\\a\\b c\\d.txt", Some("a/b c/d.txt")),
            ("a\\b", Some("a/b")),
            ("\\a\\", Some("a")),
            // A drive's letter is a name as any other.
            ("C:\\a", Some("C:/a")),
            ("\\...", Some("...")),
            ("\\..", None),
            ("..", None),
            ("\\a\\..\\..\\b", None),
            ("\\.", None),
            ("\\a\\.\\b", None),
            // Slashes are as good, and lead no further.
            ("/etc/passwd", Some("etc/passwd")),
            ("/a\\b/", Some("a/b")),
            ("\\/etc/passwd", None),
            ("/..", None),
            ("/a/..", None),
            ("\\a/../../b", None),
            ("\\\\server\\share", None),
            ("\\a\\\\b", None),
            ("\\\\", Some(".")),
            ("\\a\0b", None),
            ("\0", None),
        ] {
            let inner = Inner::of(asked).map(|inner| inner.path());
            assert_eq!(inner, expected.map(PathBuf::from), "{asked:?}");
        }
        assert_eq!(Inner::of(&"x".repeat(256)), None);
        assert_eq!(Inner::of(&"\\x".repeat(2049)), None);
        assert!(Inner::of(&"x".repeat(255)).is_some());
    }

    #[test]
    fn another_stream_of_a_file_is_not_made() {
        for (asked, expected) in [
            ("a", true),
            ("a:b", false),
            ("\\a:b\\c", true),
            ("\\", false),
        ] {
            assert_eq!(Inner::of(asked).unwrap().can_be_made(), expected, "{asked}");
        }
    }

    #[test]
    fn names_are_found_by_what_stands_for_them() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*.*", "a", true),
            ("a", "A", true),
            ("a", "ab", false),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt.gz", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("<\"txt", "a.TXT", true),
            ("a>", "ab", true),
            ("ab*", "ab", true),
            ("ÄB", "äb", true),
        ] {
            let fits = Pattern::of(pattern).unwrap().fits(name);
            assert_eq!(fits, expected, "{pattern} {name}");
        }
        // Whoever thinks of a pattern that is hard to try does not make us wait.
        let pattern = Pattern::of(&("*a".repeat(127) + "b")).unwrap();
        assert!(!pattern.fits(&"a".repeat(255)));
        assert_eq!(Pattern::of(&"*a".repeat(128)), None);
    }
}
