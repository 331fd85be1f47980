//! The durable store: named trees of small records, changed by batches that survive a power cut once acknowledged.
//!
//! | file | holds |
//! | --- | --- |
//! | `batch` | trees, batches, and what subscribers are told |
//! | `commit` | the answer to a commit |
//! | `record` | checksums, and long values in parts |
//! | `engine` | records in a database: whole batches, reads |
//! | `transaction` | one batch as changes of raw keys and values |
//! | `database` | what differs between engines, and which one is used |
//! | `sled_database` | sled, with the sync it leaves out |
//! | `close` | closing sled for good |
//! | `redb_database` | redb, the second engine, with the feature `redb` |
//! | `writer` | the one thread that writes: transaction, flush, sync, acknowledge |
//! | `schema` | versions and identity of a store |
//! | `room` | room on the disk, looked at before something is written |
//! | `sync` | syncing, and a witness of what was acknowledged |
//! | `kept_store` | the store behind the trait |
//! | `open` | opening a data directory |
//! | `restore` | what happens to a damaged store, and a backup in the place of a store |
//! | `intact` | whether the files are as a clean end left them |
//! | `snapshot` | everything as of one moment |
//! | `lock` | one process at a time |
//! | `read_only` | a copy, where the disk can only be read |
//! | `export` | JSON lines out and in |
//! | `backup` | the daily export, and those that are there |
//! | `files` | private directories and files, syncing directories, time stamps |
//!
//! A data directory holds `store/` (the engine's files), `backups/`, `holder` (the lock, with the process id in it), and after
//! trouble `store.damaged-<time>/`, `records.damaged-<time>.jsonl` and `store.replaced-<time>/`, which only a person deletes.

mod backup;
mod batch;
#[cfg(not(feature = "redb"))]
mod close;
mod commit;
mod database;
mod engine;
mod error;
mod export;
mod files;
mod intact;
mod kept_store;
mod lock;
mod open;
mod read_only;
mod record;
#[cfg(feature = "redb")]
mod redb_database;
mod restore;
mod room;
mod schema;
#[cfg(not(feature = "redb"))]
mod sled_database;
mod snapshot;
mod sync;
mod transaction;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use backup::{Backup, backup, backup_if_due, backups, read_backup};
pub use batch::{Batch, Change, Tree};
pub use commit::Commit;
pub use error::StoreError;
pub(crate) use files::{create_private_dirs, stamped_name};
pub use open::{Opened, full_disk, open};
pub use read_only::WorkingCopy;
pub use record::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
pub use restore::restore_backup;
pub use schema::{META_STORE_UUID, SCHEMA_VERSION};
pub use snapshot::Snapshot;

use std::io::{BufRead, Write};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Saved records, whatever engine keeps them.
///
/// Reads block for at most a page read from disk. They may see a batch a moment before it is durable, but never half
/// of a batch within one call; only an acknowledged commit is certain to survive. Dropping the last reference finishes and
/// acknowledges what is queued, and lets another process in.
pub trait Store: Send + Sync {
    /// The value of a record, `None` when there is none.
    ///
    /// # Errors
    /// `Damaged` when its checksum does not fit, `Failed` when it cannot be read.
    fn get(&self, tree: Tree, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Shows all records whose key begins with `prefix`, in the order of their keys' bytes. Changes wait for its end.
    ///
    /// # Errors
    /// `Damaged` when one record's checksum does not fit, `Failed` when they cannot be read; some were shown then.
    fn visit(
        &self,
        tree: Tree,
        prefix: &str,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError>;

    /// The same as a list.
    ///
    /// # Errors
    /// As [`Store::visit`].
    fn scan(&self, tree: Tree, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut all = Vec::new();
        self.visit(tree, prefix, &mut |key, value| {
            all.push((key.to_owned(), value.to_vec()));
        })?;
        Ok(all)
    }

    /// Queues a batch. The answer comes once it is durable, with a number that grows with each commit, also over restarts;
    /// a batch that changes nothing is answered with the number of the last one that did.
    fn commit(&self, batch: Batch) -> Commit;

    /// Every durable change from now on. A receiver that falls more than [`CHANGE_CAPACITY`] behind misses the oldest.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Change>>;

    /// Writes every record as JSON lines between a header and a footer; returns how many. Sealed secrets stay sealed.
    ///
    /// # Errors
    /// `Damaged` and `Failed` as for reads, and `Failed` when `to` takes no more.
    fn export(&self, to: &mut dyn Write) -> Result<u64, StoreError>;

    /// Reads what [`Store::export`] wrote into this empty store, all or nothing; returns how many records. Blocks until durable.
    /// The store takes over the exported one's identity, so that its master key is found again.
    ///
    /// # Errors
    /// `NotEmpty`, `BadExport`, `NewerSchema`, or what a commit gives.
    fn import(&self, from: &mut dyn BufRead) -> Result<u64, StoreError>;
}

/// How many changes a subscriber may be behind before it misses some: more than a screen of clicks, less than memory worth naming.
pub const CHANGE_CAPACITY: usize = 1024;
