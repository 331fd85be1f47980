//! Why the store could not do something.

use super::batch::Tree;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the store could not do something. Cheap to clone: one failed sync answers many commits.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another instance has the store open.
    #[error("the store in {} is in use by {holder}", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// Who has it, as far as that can be read: `process 1234` or `another process`.
        holder: String,
    },
    /// A newer version of the application wrote this store or export.
    #[error(
        "the data is of schema {found}, this version knows up to {supported}: install a newer version"
    )]
    NewerSchema {
        /// The schema found.
        found: u32,
        /// The newest schema this build can read.
        supported: u32,
    },
    /// A record's checksum does not fit its bytes.
    #[error("the record {key} in {} is damaged", tree.name())]
    Damaged {
        /// Where it is.
        tree: Tree,
        /// Its key; bytes that are no text are replaced.
        key: String,
    },
    /// The record was not what the batch expected. Nothing of the batch happened.
    #[error("the record {key} in {} was changed by someone else", tree.name())]
    Conflict {
        /// Where it is.
        tree: Tree,
        /// Its key.
        key: String,
    },
    /// A key or value above its limit. Nothing of the batch happened.
    #[error("the record {key} in {} has {bytes} bytes, more than the {limit} allowed", tree.name())]
    TooLarge {
        /// Where it would have gone.
        tree: Tree,
        /// The beginning of its key.
        key: String,
        /// Its size.
        bytes: usize,
        /// The limit it exceeds.
        limit: usize,
    },
    /// The disk is nearly full. Nothing of the batch happened; changes are taken again once there is room.
    #[error(
        "No space left on device: the file system of {} has {} of {} MiB that are needed; make room and try again",
        dir.display(), .free_bytes >> 20, needed_bytes.div_ceil(1 << 20)
    )]
    NoRoom {
        /// A directory on it.
        dir: PathBuf,
        /// What is free there.
        free_bytes: u64,
        /// What has to be free.
        needed_bytes: u64,
    },
    /// The disk could only be read when the store was opened. Nothing of the batch happened.
    #[error(
        "the file system of {} can only be read: make it writable and start Farwire again",
        dir.display()
    )]
    ReadOnly {
        /// The data directory.
        dir: PathBuf,
    },
    /// More commits are waiting than the queue holds. Try again later.
    #[error("too many changes are waiting for the disk")]
    Busy,
    /// The disk or the engine failed. After a failed write the store takes no more changes until it is opened again.
    #[error("{attempt} the store failed: {source}")]
    Failed {
        /// What was attempted: `opening`, `reading`, `writing`, `backing up` …
        attempt: &'static str,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The store was closed before the commit was durable.
    #[error("the store was closed before the change was saved")]
    Closed,
    /// An import into a store that already holds records.
    #[error("records can only be imported into an empty store")]
    NotEmpty,
    /// There is no backup to restore. Nothing was changed.
    #[error("{} has no {wanted}: farwired restore --list names what there is", dir.display())]
    NoBackup {
        /// The data directory.
        dir: PathBuf,
        /// What was looked for: `backup 20260131T235959Z` or `backup that can be read`.
        wanted: String,
    },
    /// An export that cannot be read. Nothing of it was imported.
    #[error("line {line} of the export cannot be read: {reason}")]
    BadExport {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// Whether the disk had no room for it.
    pub(super) fn is_no_room(&self) -> bool {
        match self {
            Self::NoRoom { .. } => true,
            Self::Failed { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => false,
        }
    }

    /// Wraps what the system said about an attempt.
    pub(super) fn failed(attempt: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Failed {
            attempt,
            source: Arc::new(source),
        }
    }
}
