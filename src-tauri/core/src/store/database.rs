//! What differs between engines: raw keys and values in named trees, changed several at once.

use super::error::StoreError;
use std::fmt::Debug;
use std::io;
use std::path::Path;

// The engine is chosen here, and nowhere else.
#[cfg(feature = "redb")]
pub(super) use super::redb_database as chosen;
#[cfg(not(feature = "redb"))]
pub(super) use super::sled_database as chosen;

/// Sees a raw key and its value, and may end the scan with an error.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> io::Result<()> + 'a;

/// One raw change.
#[derive(Debug)]
pub(super) struct RawChange {
    /// The name of the tree.
    pub(super) tree: &'static str,
    /// The key.
    pub(super) key: Vec<u8>,
    /// The new value; `None` = delete.
    pub(super) value: Option<Vec<u8>>,
}

impl RawChange {
    /// Its size.
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// An open database. It closes for good when it is dropped: another process can open it then.
pub(super) trait Database: Debug + Send + Sync {
    /// One value.
    fn get(&self, tree: &'static str, key: &[u8]) -> io::Result<Option<Vec<u8>>>;

    /// Shows all entries whose key begins with `prefix`, by key. `visit` may read, and must not write.
    fn scan(&self, tree: &'static str, prefix: &[u8], visit: &mut Visit<'_>) -> io::Result<()>;

    /// Makes all changes or none, in their order. Not durable yet.
    fn write(&self, changes: Vec<RawChange>) -> io::Result<()>;

    /// Hands everything to the system. It survives a crash of the program then, but not in every engine a power cut.
    fn flush(&self) -> io::Result<()>;

    /// Makes what was flushed survive a power cut.
    fn sync(&self) -> io::Result<()>;
}

/// Why a database could not be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// Its files are not what the engine wrote.
    Damaged(String),
    /// Anything else: a lock, permissions, a full disk.
    Refused(StoreError),
}

impl OpenError {
    /// Tells damage from a system that refuses.
    pub(super) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Refused(StoreError::failed("opening")(error)),
        }
    }

    /// Somebody else has it open.
    pub(super) fn locked(dir: &Path) -> Self {
        Self::Refused(StoreError::Locked {
            dir: dir.to_owned(),
            holder: "another process".to_owned(),
        })
    }
}
