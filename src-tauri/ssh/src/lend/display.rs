//! The X display of this computer: where it is, and the cookie that it wants.

use super::setup::{COOKIE_NAME, Cookie};
use crate::limits::MAX_COOKIES_BYTES;
use farwire_model::tunnel::TunnelEnd;
use std::path::PathBuf;
use tokio::io::AsyncReadExt;

/// Addresses in a list of cookies: a computer by its name, and any (Xauth.h).
const FAMILY_LOCAL: u16 = 256;
const FAMILY_WILD: u16 = 65535;

/// A display.
pub struct Display {
    /// Where it listens.
    pub end: TunnelEnd,
    /// Which of its screens is meant.
    pub screen: u32,
    /// What it wants to see; none where it wants nothing.
    pub cookie: Option<Cookie>,
    number: u16,
}

impl Display {
    /// The one that programs on this computer draw on.
    ///
    /// # Errors
    /// There is none, in words.
    pub async fn here() -> Result<Self, String> {
        let text = std::env::var("DISPLAY").unwrap_or_default();
        if text.is_empty() {
            return Err("this computer has none (DISPLAY is not set)".to_owned());
        }
        let mut display = Self::parse(&text)
            .ok_or_else(|| "DISPLAY names none that Farwire knows how to reach".to_owned())?;
        let list = cookies().await;
        display.cookie = find(&list, &computer().await, display.number);
        Ok(display)
    }

    /// Reads `:0`, `:0.1`, `unix:0`, `host:10.0`, or the path of a socket that ends so.
    fn parse(text: &str) -> Option<Self> {
        let (host, place) = text.rsplit_once(':')?;
        let (number, screen) = place.split_once('.').unwrap_or((place, "0"));
        let number: u16 = number.parse().ok()?;
        let end = match host {
            "" | "unix" => TunnelEnd::Unix(format!("/tmp/.X11-unix/X{number}")),
            path if path.starts_with('/') => TunnelEnd::Unix(format!("{path}:{number}")),
            host => TunnelEnd::Tcp {
                host: host
                    .trim_start_matches('[')
                    .trim_end_matches(']')
                    .to_owned(),
                port: number.checked_add(6000)?,
            },
        };
        Some(Self {
            end,
            screen: screen.parse().ok()?,
            cookie: None,
            number,
        })
    }
}

/// The list of cookies; empty when there is none that can be read.
async fn cookies() -> Vec<u8> {
    let named = std::env::var_os("XAUTHORITY").filter(|path| !path.is_empty());
    let usual = || std::env::home_dir().map(|home| home.join(".Xauthority"));
    let Some(path) = named.map(PathBuf::from).or_else(usual) else {
        return Vec::new();
    };
    let mut list = Vec::new();
    if let Ok(file) = tokio::fs::File::open(&path).await {
        let read = file.take(MAX_COOKIES_BYTES).read_to_end(&mut list).await;
        if let Err(error) = read {
            tracing::info!(%error, "the list of X cookies could not be read");
        }
    }
    list
}

/// What this computer calls itself; empty where that is not known.
async fn computer() -> Vec<u8> {
    let name = tokio::fs::read("/proc/sys/kernel/hostname").await;
    name.unwrap_or_default().trim_ascii().to_vec()
}

/// The cookie of a display, best one that is of this computer by name: home folders may be shared by several.
pub(super) fn find(list: &[u8], computer: &[u8], number: u16) -> Option<Cookie> {
    let number = number.to_string();
    let fits = entries(list).filter(|entry| {
        entry.name == COOKIE_NAME.as_bytes()
            && (entry.number.is_empty() || entry.number == number.as_bytes())
    });
    let rank = |entry: &Entry<'_>| match entry.family {
        FAMILY_LOCAL if entry.address == computer => 0,
        FAMILY_WILD => 1,
        FAMILY_LOCAL => 2,
        _ => 3,
    };
    fits.min_by_key(rank).map(|entry| Cookie::of(entry.cookie))
}

/// A line of a list of cookies.
struct Entry<'a> {
    family: u16,
    address: &'a [u8],
    number: &'a [u8],
    name: &'a [u8],
    cookie: &'a [u8],
}

/// The entries up to the end, or to what is none.
fn entries(mut list: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let mut rest = list;
        let entry = Entry {
            family: number(&mut rest)?,
            address: part(&mut rest)?,
            number: part(&mut rest)?,
            name: part(&mut rest)?,
            cookie: part(&mut rest)?,
        };
        list = rest;
        Some(entry)
    })
}

fn number(rest: &mut &[u8]) -> Option<u16> {
    let (two, left) = rest.split_first_chunk::<2>()?;
    *rest = left;
    Some(u16::from_be_bytes(*two))
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(number(rest)?);
    let (part, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(family: u16, parts: [&[u8]; 4]) -> Vec<u8> {
        let mut bytes = family.to_be_bytes().to_vec();
        for part in parts {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    #[test]
    fn a_display_is_a_socket_or_an_address() {
        for (text, expected) in [
            (":0", Some(("/tmp/.X11-unix/X0", 0))),
            ("unix:3.1", Some(("/tmp/.X11-unix/X3", 1))),
            ("localhost:10.0", Some(("localhost:6010", 0))),
            ("[::1]:2", Some(("[::1]:6002", 0))),
            (
                "/private/tmp/x/org.xquartz:0",
                Some(("/private/tmp/x/org.xquartz:0", 0)),
            ),
            ("", None),
            (":", None),
            (":x", None),
            ("host:60000", None),
        ] {
            let read = Display::parse(text);
            let read = read.map(|display| (display.end.to_string(), display.screen));
            let expected = expected.map(|(end, screen): (&str, u32)| (end.to_owned(), screen));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn the_cookie_is_that_of_the_display_and_best_of_this_computer() {
        let name = COOKIE_NAME.as_bytes();
        let list = [
            entry(FAMILY_LOCAL, [b"here", b"1", name, b"other display"]),
            entry(FAMILY_LOCAL, [b"there", b"0", name, b"other computer"]),
            entry(FAMILY_WILD, [b"", b"", name, b"any"]),
            entry(
                FAMILY_LOCAL,
                [b"here", b"0", b"XDM-AUTHORIZATION-1", b"other way"],
            ),
            entry(FAMILY_LOCAL, [b"here", b"0", name, b"right"]),
        ];
        let found = |list: &[Vec<u8>]| find(&list.concat(), b"here", 0).map(|cookie| cookie.hex());
        let hex = |text: &[u8]| Some(Cookie::of(text).hex());
        assert_eq!(found(&list), hex(b"right"));
        assert_eq!(found(&list[..4]), hex(b"any"));
        assert_eq!(found(&list[..2]), hex(b"other computer"));
        assert_eq!(found(&list[..1]), None);
    }

    proptest! {
        #[test]
        fn nothing_in_a_list_stops_us(list in proptest::collection::vec(any::<u8>(), 0..200)) {
            find(&list, b"here", 0);
        }
    }
}
