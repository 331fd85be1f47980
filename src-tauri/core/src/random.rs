//! Random bytes, identifiers and the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes from the operating system's generator.
///
/// The generator cannot fail on the systems we run on; if it did, an identifier or token could be guessed, so the
/// program stops instead.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no random bytes");
        std::process::abort();
    }
    bytes
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digit = |nibble| match nibble {
        0..10 => b'0' + nibble,
        _ => b'a' - 10 + nibble,
    };
    // Digits are text always.
    String::from_utf8(nibbles.map(digit).collect()).unwrap_or_default()
}

/// A new identifier: the prefix and 60 random bits, enough that two never meet in one store.
pub(crate) fn id(prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random = bytes::<12>();
    let letters = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    prefix
        .chars()
        .chain(letters.map(|&letter| char::from(letter)))
        .collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Microseconds since 1970.
pub(crate) fn now_micros() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
