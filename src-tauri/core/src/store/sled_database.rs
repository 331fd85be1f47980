//! sled, with the sync it leaves out.
//!
//! Its flush ends in `sync_file_range`, which does not reach the disk's metadata or cache: without a sync of our own, 28 of
//! 60 simulated power cuts lost acknowledged records.

use super::close::Released;
use super::database::{Database, OpenError, RawChange, Visit};
use super::files;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Page cache. Holds some 50,000 records; more gained nothing.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Debug)]
struct Sled {
    trees: BTreeMap<&'static str, sled::Tree>,
    db: sled::Db,
    /// The log, through a handle of our own.
    file: File,
    /// INVARIANT: the last field, so that it is dropped after sled.
    _released: Released,
}

/// Opens or creates the database in a directory that is there. May panic on damage.
pub(super) fn open(dir: &Path, trees: &[&'static str]) -> Result<Box<dyn Database>, OpenError> {
    remove_unfinished(dir).map_err(OpenError::of)?;
    let opened = || -> sled::Result<_> {
        let db = sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            // Every commit flushes by itself.
            .flush_every_ms(None)
            .open()?;
        let trees = trees
            .iter()
            .map(|tree| Ok((*tree, db.open_tree(tree)?)))
            .collect::<sled::Result<BTreeMap<_, _>>>()?;
        Ok((db, trees))
    };
    let (db, trees) = opened().map_err(|error| match error {
        // sled makes an `Other` of the lock's "would block", so its text is all there is to go by.
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            OpenError::locked(dir)
        }
        sled::Error::Io(error) => OpenError::of(error),
        other => OpenError::Damaged(other.to_string()),
    })?;
    let released = Released::of(dir);
    db.flush().map_err(|error| OpenError::of(error.into()))?;
    sync_new(dir).map_err(OpenError::of)?;
    let file = File::open(db_file(dir)).map_err(OpenError::of)?;
    Ok(Box::new(Sled {
        trees,
        db,
        file,
        _released: released,
    }))
}

/// sled writes a snapshot under another name first, and takes what a full disk or the end of the process left of one for the
/// newest snapshot. Nobody else has the folder open: the data folder's own lock is held.
fn remove_unfinished(dir: &Path) -> io::Result<()> {
    for entry in dir.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "generating") {
            tracing::info!(path = %path.display(), "removed an unfinished snapshot");
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Where sled keeps its log; the file that has to be synced, and the one its lock is on.
pub(super) fn db_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// sled writes its settings and creates its files without syncing them or the directories they are in. What the last process
/// wrote is synced with them: it may have died before it did.
fn sync_new(dir: &Path) -> io::Result<()> {
    for file in [db_file(dir), dir.join("conf")] {
        File::open(file)?.sync_all()?;
    }
    files::sync_dir(&dir.join("blobs"))
}

impl Sled {
    fn tree(&self, name: &str) -> io::Result<&sled::Tree> {
        // Always found: `open` opens every tree there is.
        let tree = self.trees.get(name);
        tree.ok_or_else(|| io::Error::other("the tree is not open"))
    }
}

impl Database for Sled {
    fn get(&self, tree: &'static str, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.tree(tree)?.get(key)?.map(|value| value.to_vec()))
    }

    fn scan(&self, tree: &'static str, prefix: &[u8], visit: &mut Visit<'_>) -> io::Result<()> {
        for entry in self.tree(tree)?.scan_prefix(prefix) {
            let (key, value) = entry?;
            visit(&key, &value)?;
        }
        Ok(())
    }

    fn write(&self, changes: Vec<RawChange>) -> io::Result<()> {
        let mut by_tree: BTreeMap<&str, Vec<&RawChange>> = BTreeMap::new();
        for change in &changes {
            by_tree.entry(change.tree).or_default().push(change);
        }
        let names = by_tree.keys().map(|name| self.tree(name).cloned());
        let trees = names.collect::<io::Result<Vec<_>>>()?;
        // The closure may run more than once; it has no effect outside the transaction.
        let outcome = trees.as_slice().transaction(|views| {
            for (view, changes) in views.iter().zip(by_tree.values()) {
                for change in changes {
                    let key = change.key.as_slice();
                    match &change.value {
                        Some(value) => view.insert(key, value.as_slice())?,
                        None => view.remove(key)?,
                    };
                }
            }
            Ok::<_, ConflictableTransactionError<Infallible>>(())
        });
        outcome.map_err(|error| match error {
            TransactionError::Abort(never) => match never {},
            TransactionError::Storage(error) => error.into(),
        })
    }

    fn flush(&self) -> io::Result<()> {
        self.db.flush()?;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
