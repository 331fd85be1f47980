//! A passphrase from a file that only its owner can read.

use farwire_model::secret::Secret;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest passphrase file. A passphrase is a line, not a document; a mistaken path must not be read whole.
const MAX_FILE_BYTES: u64 = 4096;

/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Why a passphrase file was refused.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseFileError {
    /// It cannot be read.
    #[error("could not read the passphrase file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read or change it.
    #[error("others may read or change the passphrase file {} (mode {mode:03o}): run chmod 600 on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is empty, longer than 4096 bytes, not a plain file, or not UTF-8.
    #[error("the passphrase file {} is {problem}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Reads a passphrase from a file and strips one line break at its end.
///
/// # Errors
/// `Unreadable`, `Exposed` and `Unfit`, as they say.
pub fn read_passphrase_file(path: &Path) -> Result<Secret, PassphraseFileError> {
    let unreadable = |source| PassphraseFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let unfit = |problem| PassphraseFileError::Unfit {
        path: path.to_owned(),
        problem,
    };
    // The checks look at the open file: the name could lead elsewhere a moment later.
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unfit("not a plain file"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(PassphraseFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::with_capacity(4097));
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => unfit("not UTF-8"),
            _ => unreadable(error),
        })?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(unfit("too long"));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(unfit("empty"));
    }
    Ok(Secret::new(line))
}
