//! Names and addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest DNS name, in characters (RFC 1035, section 2.3.4).
const MAX_NAME_CHARS: usize = 253;

/// The longest part of a DNS name, in bytes (RFC 1035, section 2.3.4).
const MAX_PART_BYTES: usize = 63;

/// Why a text is neither a host's name nor an address without brackets, as a half sentence; `None` where it is one.
///
/// A name may have letters of every language and underscores, and a dot at its end. What ends in a number is an address
/// (RFC 1123, section 2.1), so `10.0.0.999` is no name. An IPv6 address may name its interface: `fe80::1%eth0` (RFC 4007,
/// section 11).
pub fn fault(text: &str) -> Option<&'static str> {
    if text.contains(':') {
        let (address, zone) = text.split_once('%').unwrap_or((text, "eth0"));
        let is_address = address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && is_word(zone);
        return (!is_address)
            .then_some("a host has no port and no scheme, or is an IPv6 address such as fe80::1");
    }
    if text.is_empty() || !is_word(text) {
        return Some(
            "a host is a name or an address such as press-04.example or 10.20.4.31, without port or scheme",
        );
    }
    if text.chars().count() > MAX_NAME_CHARS {
        return Some("a host's name has at most 253 characters");
    }
    let mut parts = text.strip_suffix('.').unwrap_or(text).split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.clone().next_back().is_some_and(is_number) {
        return text
            .parse::<Ipv4Addr>()
            .is_err()
            .then_some("an IPv4 address has four numbers from 0 to 255, such as 10.20.4.31");
    }
    if parts
        .clone()
        .any(|part| part.is_empty() || part.len() > MAX_PART_BYTES)
    {
        return Some("between the dots of a host's name are 1 to 63 characters");
    }
    // At the beginning of all it would be an option to other programs.
    parts
        .any(|part| part.starts_with('-'))
        .then_some("no part of a host's name begins with a dash")
}

fn is_word(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_alphanumeric() || "-._".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_and_nothing_else() {
        let longest = "a".repeat(63);
        let good = [
            "press-04.example",
            "press-04.example.",
            "PRESS_04",
            "_printers.example",
            "4711-a",
            "3com.example",
            "1e100",
            "bücher.example",
            "10.20.4.31",
            "255.255.255.255",
            "::1",
            "fe80::1%eth0",
            "fe80::1%br-lan.7",
            "::ffff:10.0.0.1",
            &longest,
        ];
        for host in good {
            assert_eq!(fault(host), None, "{host:?}");
        }
        let too_long = "a".repeat(64);
        let much_too_long = "a.".repeat(127);
        for (host, why) in [
            ("", "without port"),
            ("a b", "without port"),
            ("a/b", "without port"),
            ("a\u{0}b", "without port"),
            ("10.0.0.1%eth0", "without port"),
            ("host:5900", "no port"),
            ("vnc://host", "no port"),
            ("fe80::1%", "no port"),
            ("fe80::1%a b", "no port"),
            ("fe80::12345", "no port"),
            ("-x", "dash"),
            ("a.-b", "dash"),
            (".", "1 to 63"),
            ("..", "1 to 63"),
            ("a..b", "1 to 63"),
            (".a", "1 to 63"),
            (&too_long, "1 to 63"),
            (&much_too_long, "253"),
            ("10.0.0.999", "IPv4"),
            ("10.0.0", "IPv4"),
            ("10.0.0.1.2", "IPv4"),
            ("host.7", "IPv4"),
            ("4711", "IPv4"),
        ] {
            let told = fault(host);
            assert!(
                told.is_some_and(|told| told.contains(why)),
                "{host:?}: {told:?}"
            );
        }
    }
}
