//! What a program says to an X display first, with the cookie in it (X Window System Protocol, "Connection Setup").

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;

/// The one way to prove oneself to a display that everybody speaks.
pub const COOKIE_NAME: &str = "MIT-MAGIC-COOKIE-1";
/// Before the name of the way and the cookie.
const HEADER: usize = 12;
/// The longest name of a way, and the longest cookie: those there are have 19 and 16 bytes.
const MAX_PART: usize = 256;

/// What proves to a display that a program may draw.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(Vec<u8>);

impl Cookie {
    /// One that no display knows. None when the system gives no random bytes.
    pub fn made_up() -> Option<Self> {
        let mut bytes = vec![0; 16];
        rand::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// As `x11-req` wants it (RFC 4254, section 6.3.1).
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a program says first.
pub struct Said<'a> {
    /// Byte order, a gap, and the protocol's version.
    begin: &'a [u8],
    is_big_endian: bool,
    name: &'a [u8],
    cookie: &'a [u8],
    /// Its bytes.
    pub length: usize,
}

/// What came of reading it.
pub enum Setup<'a> {
    /// It is all there.
    Whole(Said<'a>),
    /// More is to come.
    Cut,
    /// It is something else.
    Wrong,
}

impl<'a> Setup<'a> {
    pub fn read(bytes: &'a [u8]) -> Self {
        let is_big_endian = match bytes.first() {
            None => return Self::Cut,
            Some(b'B') => true,
            Some(b'l') => false,
            Some(_) => return Self::Wrong,
        };
        let number = |at: usize| {
            let two = bytes.get(at..at + 2)?.try_into().ok()?;
            Some(usize::from(match is_big_endian {
                true => u16::from_be_bytes(two),
                false => u16::from_le_bytes(two),
            }))
        };
        let (Some(name_length), Some(cookie_length), true) =
            (number(6), number(8), bytes.len() >= HEADER)
        else {
            return Self::Cut;
        };
        if name_length > MAX_PART || cookie_length > MAX_PART {
            return Self::Wrong;
        }
        let cookie_at = HEADER + name_length.next_multiple_of(4);
        let length = cookie_at + cookie_length.next_multiple_of(4);
        let part = |at: usize, length: usize| bytes.get(at..at + length);
        match (
            part(0, 6),
            part(HEADER, name_length),
            part(cookie_at, cookie_length),
        ) {
            (Some(begin), Some(name), Some(cookie)) if bytes.len() >= length => Self::Whole(Said {
                begin,
                is_big_endian,
                name,
                cookie,
                length,
            }),
            _ => Self::Cut,
        }
    }
}

impl Said<'_> {
    /// Whether it proves itself with this cookie.
    pub fn knows(&self, cookie: &Cookie) -> bool {
        self.name == COOKIE_NAME.as_bytes()
            && verify_slices_are_equal(self.cookie, &cookie.0).is_ok()
    }

    /// The same with another cookie, or none.
    pub fn with(&self, cookie: Option<&Cookie>) -> Vec<u8> {
        let (name, cookie): (&[u8], &[u8]) = match cookie {
            Some(cookie) => (COOKIE_NAME.as_bytes(), &cookie.0),
            None => (&[], &[]),
        };
        let mut bytes = self.begin.to_vec();
        for length in [name.len(), cookie.len()] {
            let length = u16::try_from(length).unwrap_or_default();
            bytes.extend(match self.is_big_endian {
                true => length.to_be_bytes(),
                false => length.to_le_bytes(),
            });
        }
        bytes.extend([0; 2]);
        for part in [name, cookie] {
            bytes.extend(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(cookie: &Cookie, order: u8) -> Vec<u8> {
        let begin = [order, 0, 11, 0, 0, 0];
        let said = Said {
            begin: &begin,
            is_big_endian: order == b'B',
            name: &[],
            cookie: &[],
            length: 0,
        };
        said.with(Some(cookie))
    }

    fn whole(bytes: &[u8]) -> Said<'_> {
        match Setup::read(bytes) {
            Setup::Whole(said) => said,
            Setup::Cut | Setup::Wrong => panic!("{bytes:?}"),
        }
    }

    #[test]
    fn the_cookie_is_checked_and_replaced() {
        let (made_up, real) = (Cookie::made_up().unwrap(), Cookie::of(b"fifteen and one"));
        for order in *b"lB" {
            let mut bytes = said(&made_up, order);
            bytes.extend(b"the rest");
            let read = whole(&bytes);
            assert_eq!(&bytes[read.length..], b"the rest");
            assert!(read.knows(&made_up) && !read.knows(&real));
            let replaced = read.with(Some(&real));
            assert_eq!(replaced.len() % 4, 0);
            assert!(whole(&replaced).knows(&real));
            let bare = read.with(None);
            assert_eq!(bare.len(), HEADER);
            assert!(!whole(&bare).knows(&Cookie::of(b"")));
        }
    }

    #[test]
    fn what_is_not_x11_or_too_long_is_told_from_what_is_cut() {
        let bytes = said(&Cookie::made_up().unwrap(), b'l');
        for end in 0..bytes.len() {
            assert!(matches!(Setup::read(&bytes[..end]), Setup::Cut), "{end}");
        }
        assert!(matches!(Setup::read(b"GET / HTTP/1.1"), Setup::Wrong));
        let long = [b'l', 0, 11, 0, 0, 0, 255, 255, 16, 0, 0, 0];
        assert!(matches!(Setup::read(&long), Setup::Wrong));
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_stops_us(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Setup::Whole(said) = Setup::read(&bytes) {
                prop_assert!(said.length <= bytes.len());
                whole(&said.with(Some(&Cookie::of(b"x"))));
            }
        }
    }
}
