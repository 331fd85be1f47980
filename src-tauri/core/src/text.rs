//! Checks of text that people and scripts give.

use crate::error::CoreError;
use crate::limits::MAX_NAME_CHARS;
use farwire_model::error::ErrorCode;
use farwire_model::host;

/// A name as it is saved: trimmed, not empty, without control characters.
pub(crate) fn checked_name(name: String) -> Result<String, CoreError> {
    let trimmed = name.trim();
    // Counted and searched as it was given: the API's document says the same of what is sent.
    let count = name.chars().count();
    if trimmed.is_empty() {
        let message = "a name needs at least one character";
        return Err(CoreError::field(
            ErrorCode::ValueOutOfBounds,
            "name",
            message,
        ));
    }
    if count > MAX_NAME_CHARS {
        let message =
            format!("a name has at most {MAX_NAME_CHARS} characters, this one has {count}");
        return Err(CoreError::field(
            ErrorCode::ValueOutOfBounds,
            "name",
            message,
        ));
    }
    if name.chars().any(char::is_control) {
        let message = "a name has no control characters such as line breaks";
        return Err(CoreError::field(
            ErrorCode::ValueIncorrectFormat,
            "name",
            message,
        ));
    }
    Ok(trimmed.to_owned())
}

/// A path to a Unix socket may be as long as the system takes.
const MAX_SOCKET_BYTES: usize = 107;

/// A host name or address as it is saved: without scheme, port, space or control characters; or the absolute path of a
/// Unix socket.
pub(crate) fn checked_host(text: String) -> Result<String, CoreError> {
    let trimmed = text.trim();
    let bare = trimmed
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(trimmed);
    let is_socket = bare.starts_with('/')
        && bare.len() <= MAX_SOCKET_BYTES
        && !bare.ends_with('/')
        && !bare.chars().any(char::is_control);
    let message = match host::fault(bare) {
        None => return Ok(bare.to_owned()),
        Some(_) if is_socket => return Ok(bare.to_owned()),
        Some(_) if bare.starts_with('/') => {
            "the path of a socket has at most 107 bytes and no slash at its end"
        }
        Some(why) => why,
    };
    Err(CoreError::field(
        ErrorCode::ValueIncorrectFormat,
        "host",
        message,
    ))
}

/// A MAC address as it is saved: six pairs in lower case with colons.
pub(crate) fn checked_mac(mac: &str) -> Result<String, CoreError> {
    let digits: String = mac
        .chars()
        .filter(|letter| !matches!(letter, ':' | '-' | '.'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if digits.len() == 12 && digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        let pairs: Vec<&str> = (0..6)
            .filter_map(|pair| digits.get(pair * 2..pair * 2 + 2))
            .collect();
        return Ok(pairs.join(":"));
    }
    let message = "a MAC address has six pairs of hexadecimal digits, such as 3c:ec:ef:10:4b:1f";
    Err(CoreError::field(
        ErrorCode::ValueIncorrectFormat,
        "mac",
        message,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_and_nothing_else() {
        for (host, expected) in [
            ("press-04.example", Some("press-04.example")),
            (" 10.20.4.31 ", Some("10.20.4.31")),
            ("[::1]", Some("::1")),
            ("fe80::1%eth0", Some("fe80::1%eth0")),
            ("bücher.example", Some("bücher.example")),
            ("/run/vm 7/screen.sock", Some("/run/vm 7/screen.sock")),
            ("/", None),
            ("run/screen.sock", None),
            ("-x", None),
            ("10.0.0.999", None),
            ("", None),
            ("a\u{0}b", None),
        ] {
            assert_eq!(
                checked_host(host.to_owned()).ok().as_deref(),
                expected,
                "{host:?}"
            );
        }
    }

    #[test]
    fn mac_addresses_are_saved_in_one_form() {
        for (mac, expected) in [
            ("3C-EC-EF-10-4B-1F", Some("3c:ec:ef:10:4b:1f")),
            ("3cec.ef10.4b1f", Some("3c:ec:ef:10:4b:1f")),
            ("3c:ec:ef:10:4b", None),
            ("zz:ec:ef:10:4b:1f", None),
        ] {
            assert_eq!(checked_mac(mac).ok().as_deref(), expected, "{mac}");
        }
    }
}
