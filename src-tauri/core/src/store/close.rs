//! Closing sled for good.

use super::{files, sled_database};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a closed engine may go on holding sled's lock while its background jobs end.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Waits, when dropped, until sled has let go of its files.
///
/// sled's background jobs hold its lock for a moment after the database is dropped; an instance that opens in that moment would be refused.
#[derive(Debug)]
pub(super) struct Released(PathBuf);

impl Released {
    /// For the sled database in a directory.
    pub(super) fn of(dir: &Path) -> Self {
        Self(dir.to_owned())
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        if let Err(error) = files::make_tree_private(&self.0) {
            tracing::warn!(%error, "could not make the store's files private");
        }
        let started = Instant::now();
        while started.elapsed() < CLOSE_LIMIT {
            // Dropping the file releases the lock again.
            match File::open(sled_database::db_file(&self.0)).map(|file| file.try_lock()) {
                Ok(Err(TryLockError::WouldBlock)) => {
                    thread::sleep(Duration::from_millis(1));
                }
                _ => return,
            }
        }
        tracing::warn!("the store's files are still in use");
    }
}
