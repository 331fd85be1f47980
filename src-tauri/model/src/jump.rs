//! Machines on the way to a machine that no saved connection stands for.

use crate::commas;
use std::fmt;
use std::net::Ipv6Addr;

/// The longest list of machines on the way, in characters.
pub const MAX_JUMPS_CHARS: usize = 2000;

/// A machine on the way: where it is, and how it is signed in to. It has no password; keys and the agent do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Account name.
    pub user: String,
    /// Host name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Private keys' files, in the order in which they are tried.
    pub key_files: Vec<String>,
}

impl Jump {
    /// Reads the machines on the way, the nearest first: `me@outer, me@inner:2222 key ~/.ssh/inner`. There may be
    /// several keys; a comma in a path is written `\,`.
    ///
    /// # Errors
    /// Which part is none, in words.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let parts = commas::split(text).into_iter();
        parts
            .map(|part| {
                Self::parse(&part).ok_or_else(|| {
                    let part: String = part.chars().take(80).collect();
                    format!("{part:?} is no machine: write user@host:port, and key and a path where it has a key of its own")
                })
            })
            .collect()
    }

    fn parse(part: &str) -> Option<Self> {
        let mut words = part.split(" key ").map(str::trim);
        let address = words.next()?;
        let key_files: Vec<_> = words.map(str::to_owned).collect();
        let (user, place) = address.rsplit_once('@')?;
        let (host, port) = split_port(place)?;
        let is_plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        let is_path = |path: &String| !path.is_empty() && !path.contains(char::is_control);
        (is_plain(user) && key_files.iter().all(is_path)).then(|| Self {
            user: user.to_owned(),
            host,
            port: port.unwrap_or(22),
            key_files,
        })
    }

    /// Its address, `host:port`.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Splits `host`, `host:22`, `[::1]:22` or a bare IPv6 address. `None` for what is no address.
pub fn split_port(text: &str) -> Option<(String, Option<u16>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text.to_owned(), None));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("22"))?,
            )
        }
        None => match text.split_once(':') {
            Some(parts) => parts,
            None => return is_host(text).then(|| (text.to_owned(), None)),
        },
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| *port > 0 && is_number)?;
    (is_host(host) || text.starts_with('[')).then(|| (host.to_owned(), Some(port)))
}

/// Whether a text may be a host's name. A dash at the beginning would be an option to other programs.
fn is_host(text: &str) -> bool {
    let is_odd =
        |c: char| c.is_control() || c.is_whitespace() || "/\\@:,[]\"'`$%;|&<>(){}*?!#".contains(c);
    !text.is_empty() && text.len() <= 253 && !text.starts_with('-') && !text.contains(is_odd)
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user, host, port, ..
        } = self;
        match host.contains(':') {
            true => write!(f, "{user}@[{host}]:{port}")?,
            false => write!(f, "{user}@{host}:{port}")?,
        }
        self.key_files
            .iter()
            .try_for_each(|path| write!(f, " key {}", path.replace(',', "\\,")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_machines_is_read_and_written_alike() {
        let text = "me@outer, you@[::1]:2222 key ~/.ssh/a\\,b key key /b,";
        let jumps = Jump::list(text).unwrap();
        let shown: Vec<_> = jumps.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["me@outer:22", "you@[::1]:2222 key ~/.ssh/a\\,b key key /b"]
        );
        assert_eq!(jumps[1].key_files[0], "~/.ssh/a,b");
        assert_eq!(Jump::list(&shown.join(", ")).unwrap(), jumps);
        for wrong in [
            "outer",
            "me@",
            "@outer",
            "me@outer:0",
            "me@out er",
            "me@-oProxy",
            "me@outer key ",
        ] {
            assert!(Jump::list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_port_is_told_from_an_address() {
        for (text, expected) in [
            ("web", Some(("web", None))),
            ("web:2222", Some(("web", Some(2222)))),
            ("::1", Some(("::1", None))),
            ("[::1]:22", Some(("::1", Some(22)))),
            ("[web]:22", None),
            ("web:", None),
            ("web:+1", None),
            ("", None),
            ("-oX", None),
        ] {
            let expected = expected.map(|(host, port): (&str, _)| (host.to_owned(), port));
            assert_eq!(split_port(text), expected, "{text}");
        }
    }
}
