//! Files in a row, as `tar` reads and writes them (POSIX.1-1988 `ustar`, and GNU's long names).

use farwire_model::transfer::MAX_PATH_BYTES;
use std::io::{self, Read};

/// Everything is padded to so many bytes.
pub const BLOCK: usize = 512;

/// The most bytes of what a member says about the next one, which is read and not used.
const MAX_EXTENDED_BYTES: u64 = 64 << 10;

/// What is said of a file before its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its name, as the program wrote it.
    pub name: Vec<u8>,
    /// Bytes of its content.
    pub size: u64,
    /// Permissions.
    pub mode: u32,
    /// When it was changed, in Unix seconds.
    pub modified: u32,
    /// Whether it is a regular file with content of its own.
    pub is_file: bool,
}

/// The header of a regular file whose name is a number.
pub fn header(number: usize, size: u64, mode: u32, modified: u32) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| {
        if let Some(place) = block.get_mut(at..at + text.len()) {
            place.copy_from_slice(text.as_bytes());
        }
    };
    put(0, &format!("{number:08}"));
    put(100, &format!("{:07o}", mode & 0o7777));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, &format!("{modified:011o}"));
    // The sum is taken with blanks in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    if let Some(place) = block.get_mut(148..156) {
        place.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    block
}

/// Bytes that pad a content.
pub fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    match over {
        0 => 0,
        over => BLOCK - over,
    }
}

/// Members one after the other. The content of each is read, as far as it is wanted, before the next one is asked for.
pub struct Reader<R> {
    inner: R,
    /// Of the content of the newest member.
    left: u64,
    padding: usize,
}

impl<R: Read> Reader<R> {
    /// Reads from a stream.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            left: 0,
            padding: 0,
        }
    }

    /// The next member; none at the end.
    ///
    /// # Errors
    /// What came is not such a stream, or it broke off.
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        let mut long_name = None;
        loop {
            self.skip()?;
            let mut block = [0; BLOCK];
            self.inner.read_exact(&mut block)?;
            if block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let mut member = read(&block)?;
            (self.left, self.padding) = (member.size, padding(member.size));
            match block.get(156) {
                Some(b'L') => {
                    let mut name = self.content(MAX_PATH_BYTES as u64 + 1)?;
                    name.truncate(
                        name.iter()
                            .position(|byte| *byte == 0)
                            .unwrap_or(name.len()),
                    );
                    long_name = Some(name);
                    continue;
                }
                Some(b'K' | b'x' | b'g') => {
                    self.content(MAX_EXTENDED_BYTES)?;
                    continue;
                }
                Some(b'0' | 0) => member.is_file = true,
                // Links say a size without having a content.
                _ => (self.left, self.padding) = (0, 0),
            }
            if let Some(name) = long_name.take() {
                member.name = name;
            }
            return Ok(Some(member));
        }
    }

    /// All of a content, if it is no more than `most`.
    fn content(&mut self, most: u64) -> io::Result<Vec<u8>> {
        if self.left > most {
            return Err(broken("a name is too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Passes over what is left of a content.
    fn skip(&mut self) -> io::Result<()> {
        let left = self.left + self.padding as u64;
        (self.left, self.padding) = (0, 0);
        let passed = io::copy(&mut self.inner.by_ref().take(left), &mut io::sink())?;
        match passed == left {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The content of the newest member.
impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let room = buffer.len().min(most);
        let read = self
            .inner
            .read(buffer.get_mut(..room).unwrap_or_default())?;
        if read == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn read(block: &[u8; BLOCK]) -> io::Result<Member> {
    let field = |at: usize, length: usize| block.get(at..at + length).unwrap_or_default();
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| match at {
            148..156 => u64::from(b' '),
            _ => u64::from(*byte),
        })
        .sum();
    if octal(field(148, 8)) != Some(sum) {
        return Err(broken("a sum is wrong"));
    }
    let name = field(0, 100);
    let end = name.iter().position(|byte| *byte == 0);
    let number = |at, length| octal(field(at, length)).unwrap_or(0);
    Ok(Member {
        name: name
            .get(..end.unwrap_or(name.len()))
            .unwrap_or_default()
            .to_vec(),
        size: octal(field(124, 12)).ok_or_else(|| broken("a size is no number"))?,
        mode: u32::try_from(number(100, 8)).unwrap_or(0) & 0o7777,
        modified: u32::try_from(number(136, 12)).unwrap_or(u32::MAX),
        is_file: false,
    })
}

/// Octal digits between blanks and zero bytes.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(|c| c == ' ' || c == '\0');
    match digits {
        "" => Some(0),
        digits => u64::from_str_radix(digits, 8).ok(),
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn archive(contents: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, content) in contents.iter().enumerate() {
            let size = content.len() as u64;
            bytes.extend_from_slice(&header(number, size, 0o640, 1_000_000_000));
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len() + padding(size), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let contents = [&b""[..], b"one", &[7; 512], &[8; 513]];
        let bytes = archive(&contents);
        let mut reader = Reader::new(&*bytes);
        for (number, content) in contents.iter().enumerate() {
            let member = reader.next().unwrap().unwrap();
            assert_eq!(member.name, format!("{number:08}").as_bytes());
            assert_eq!((member.mode, member.modified), (0o640, 1_000_000_000));
            assert!(member.is_file);
            // One that is not read is passed over.
            if number != 1 {
                let mut read = Vec::new();
                reader.read_to_end(&mut read).unwrap();
                assert_eq!(read, *content);
            }
        }
        assert_eq!(reader.next().unwrap(), None);
    }

    #[test]
    fn a_name_without_end_is_no_name() {
        let mut block = header(1, 1 << 40, 0, 0);
        block[156] = b'L';
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let endless = block.chain(io::repeat(b'a'));
        assert!(Reader::new(endless).next().is_err());
    }

    proptest! {
        #[test]
        fn no_stream_makes_it_panic_or_read_without_end(
            at in 0_usize..2048, byte: u8, cut in 0_usize..2048,
        ) {
            let mut bytes = archive(&[b"one", &[7; 600]]);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(cut);
            let mut reader = Reader::new(&*bytes);
            for _ in 0..10 {
                match reader.next() {
                    Ok(Some(member)) => prop_assert!(member.name.len() <= 100),
                    _ => break,
                }
            }
        }
    }
}
