//! The lines of an .rdp file, `name:kind:value`, as Windows' own client writes and reads them.

/// The most bytes of a file: real ones have 2 or 3 KiB, with a signature some more.
pub const MAX_FILE_BYTES: usize = 256 * 1024;

/// The most lines that are read: there are about 120 names.
const MAX_LINES: usize = 1_000;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `s`: text.
    Text,
    /// `i`: a whole number.
    Number,
    /// `b`: bytes in hexadecimal.
    Bytes,
}

impl Kind {
    fn of(letter: &str) -> Option<Self> {
        match letter {
            "s" | "S" => Some(Self::Text),
            "i" | "I" => Some(Self::Number),
            "b" | "B" => Some(Self::Bytes),
            _ => None,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Text => 's',
            Self::Number => 'i',
            Self::Bytes => 'b',
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name, in lower case.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// Its value, as it is written; neither control characters nor spaces around it.
    pub value: String,
}

/// Why a file is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRdp {
    /// It is too long.
    #[error("an .rdp file has at most {MAX_FILE_BYTES} bytes")]
    TooLong,
    /// No line of it has the form.
    #[error("it has no line such as full address:s:host")]
    NoLine,
}

/// The lines of a file, each name once, in their order. Passwords and other secrets never get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RdpFile {
    lines: Vec<Line>,
}

impl RdpFile {
    /// Reads a file: UTF-8, UTF-16 of either order, with or without a mark, or an old code page.
    ///
    /// Of a name that comes twice the last line counts. Lines of another form are passed over.
    ///
    /// # Errors
    /// It is too long, or no .rdp file.
    pub fn read(bytes: &[u8]) -> Result<Self, NotRdp> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(NotRdp::TooLong);
        }
        let file = Self::of_text(&text(bytes));
        match file.lines.is_empty() {
            true => Err(NotRdp::NoLine),
            false => Ok(file),
        }
    }

    /// Reads lines that are text already.
    pub fn of_text(text: &str) -> Self {
        let mut file = Self::default();
        for line in text.lines().filter_map(line).take(MAX_LINES) {
            file.put(line);
        }
        file
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// A text's value; `None` where there is none, or an empty one.
    pub fn text(&self, name: &str) -> Option<&str> {
        let line = self.find(name)?;
        (line.kind == Kind::Text && !line.value.is_empty()).then_some(&line.value)
    }

    /// A number's value.
    pub fn number(&self, name: &str) -> Option<i64> {
        let line = self.find(name)?;
        let is_number = line.kind == Kind::Number;
        is_number.then(|| line.value.parse().ok()).flatten()
    }

    /// Sets a line, at its place or at the end. What no line can hold is left out.
    pub fn set(&mut self, name: &str, kind: Kind, value: &str) {
        let written = format!("{name}:{}:{value}", kind.letter());
        if let Some(line) = line(&written) {
            self.put(line);
        }
    }

    /// Takes a line out.
    pub fn remove(&mut self, name: &str) {
        self.lines.retain(|line| line.name != name);
    }

    /// The lines as text.
    pub fn to_text(&self, line_end: &str) -> String {
        let lines = self.lines.iter();
        lines
            .map(|Line { name, kind, value }| format!("{name}:{}:{value}{line_end}", kind.letter()))
            .collect()
    }

    /// The file as Windows' own client writes it: UTF-16 with its mark, CRLF.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = self.to_text("\r\n");
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    fn find(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    fn put(&mut self, line: Line) {
        match self.lines.iter_mut().find(|known| known.name == line.name) {
            Some(known) => *known = line,
            None => self.lines.push(line),
        }
    }
}

/// Reads a line; `None` for one of another form, and for one that may hold a secret.
fn line(text: &str) -> Option<Line> {
    let mut parts = text.trim().splitn(3, ':');
    let (name, kind, value) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.trim().to_lowercase();
    let kind = Kind::of(kind.trim())?;
    let value = value.trim();
    let is_of_kind = match kind {
        Kind::Text => true,
        Kind::Number => value.parse::<i64>().is_ok(),
        Kind::Bytes => value.bytes().all(|byte| byte.is_ascii_hexdigit()),
    };
    let is_plain = !name.is_empty() && !text.trim().contains(char::is_control);
    let is_kept = is_plain && is_of_kind && !is_secret(&name) && !is_seal(&name);
    is_kept.then(|| Line {
        name,
        kind,
        value: value.to_owned(),
    })
}

/// Whether a line holds a secret: `password 51`, sealed for one account of one computer, and what gateways are shown.
fn is_secret(name: &str) -> bool {
    ["password", "token", "secret", "cookie"]
        .into_iter()
        .any(|word| name.contains(word))
}

/// Whether a line vouches for the others, which it cannot once one of them was left out.
fn is_seal(name: &str) -> bool {
    matches!(name, "signature" | "signscope")
}

fn text(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        // Names are ASCII letters, so that half of their bytes tells.
        [_, 0, _, 0, ..] => wide(bytes, u16::from_le_bytes),
        [0, _, 0, _, ..] => wide(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // An old code page: which one nobody knows, and most names are ASCII.
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &str = "full address:s:host:3390\r\nscreen mode id:i:2\r\n";

    #[test]
    fn a_file_is_read_however_its_text_is_written() {
        let wide =
            |unit: fn(u16) -> [u8; 2]| -> Vec<u8> { PLAIN.encode_utf16().flat_map(unit).collect() };
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            PLAIN.as_bytes().to_vec(),
            PLAIN.replace("\r\n", "\n").into_bytes(),
            marked(&[0xef, 0xbb, 0xbf], PLAIN.as_bytes()),
            wide(u16::to_le_bytes),
            marked(&[0xff, 0xfe], &wide(u16::to_le_bytes)),
            marked(&[0xfe, 0xff], &wide(u16::to_be_bytes)),
        ] {
            let file = RdpFile::read(&bytes).unwrap();
            assert_eq!(file.text("full address"), Some("host:3390"), "{bytes:x?}");
            assert_eq!(file.number("screen mode id"), Some(2));
            assert_eq!(file.lines().len(), 2);
        }
        let old = RdpFile::read(b"username:s:J\xfcrg\n").unwrap();
        assert_eq!(old.text("username"), Some("J\u{fc}rg"));
    }

    #[test]
    fn secrets_and_broken_lines_are_left_out() {
        let text = "Full Address:S: host \r\n\
             password 51:b:01000000d08c9ddf\r\n\
             gatewayaccesstoken:s:abc\r\n\
             signature:s:AQABAAEA\r\n\
             prompt for credentials:i:1\r\n\
             session bpp:i:many\r\n\
             pcb:b:zz\r\n\
             ; a remark\r\n\
             tab:s:a\tb\r\n\
             full address:s:other\r\n";
        let file = RdpFile::of_text(text);
        assert_eq!(
            file.to_text("\n"),
            "full address:s:other\nprompt for credentials:i:1\n"
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for (bytes, why) in [
            (&b""[..], NotRdp::NoLine),
            (b"\x89PNG\r\n\x1a\n", NotRdp::NoLine),
            (b"[remmina]\nserver=host\n", NotRdp::NoLine),
            (&vec![b'a'; MAX_FILE_BYTES + 1], NotRdp::TooLong),
        ] {
            assert_eq!(RdpFile::read(bytes), Err(why));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_what_was_read_is_written_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(file) = RdpFile::read(&bytes) {
                prop_assert_eq!(RdpFile::read(&file.to_bytes()), Ok(file));
            }
        }

        #[test]
        fn lines_come_back_as_they_were(lines in proptest::collection::vec(("[a-z ]{1,12}", "[sib]", "\\PC{0,20}"), 1..20)) {
            let text: String = lines.iter().map(|(name, kind, value)| format!("{name}:{kind}:{value}\r\n")).collect();
            let file = RdpFile::of_text(&text);
            prop_assert_eq!(&RdpFile::of_text(&file.to_text("\n")), &file);
            if !file.lines().is_empty() {
                prop_assert_eq!(RdpFile::read(&file.to_bytes()), Ok(file));
            }
        }
    }
}
