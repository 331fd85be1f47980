//! How long the texts may be that people and scripts give. The API's document names them too.

/// Longer names say no more and break lists.
pub const MAX_NAME_CHARS: usize = 256;

/// The most characters of notes: a page, not a file.
pub const MAX_NOTES_CHARS: usize = 20_000;

/// The most tags of one connection.
pub const MAX_TAGS: usize = 64;

/// The most characters of one tag.
pub const MAX_TAG_CHARS: usize = 64;

/// Longer values are no credentials: the largest in use, a 16,384-bit RSA key in PEM, has 13 KiB. All of one connection fit
/// into one record.
pub const MAX_CREDENTIAL_CHARS: usize = 16 * 1024;

/// The most characters of a command. Linux itself takes no longer single word.
pub const MAX_COMMAND_CHARS: usize = 100_000;

/// More text at once is a file transfer, not typing.
pub const MAX_TYPED_CHARS: usize = 10_000;
