//! sled behind a narrow door: its trees, reads, one batch as one transaction, and an orderly close.

use super::batch::{Batch, Tree};
use super::close::Released;
use super::error::StoreError;
use super::schema::{self, SCHEMA_VERSION};
use super::snapshot::Snapshot;
use super::{files, record, transaction};
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Page cache. Holds some 50,000 records; more gained nothing.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// The name of the tree with the parts of long values.
const PARTS: &str = "parts";

/// Why sled could not be opened.
#[derive(Debug)]
pub(super) enum OpenFailure {
    /// Its files are not what it wrote. They can be moved aside.
    Damage(Damage),
    /// Anything else: a lock, permissions, a full disk. The files stay where they are.
    Refused(StoreError),
}

/// What is known of a damaged database.
#[derive(Debug)]
pub(super) struct Damage {
    /// What is wrong with it.
    pub(super) reason: String,
    /// What can still be read, where that is the whole store as it was some changes ago.
    pub(super) survivor: Option<Snapshot>,
}

impl Damage {
    /// Damage of which nothing useful can be read.
    pub(super) fn total(reason: impl Into<String>) -> OpenFailure {
        OpenFailure::Damage(Self {
            reason: reason.into(),
            survivor: None,
        })
    }
}

/// An open sled database.
#[derive(Debug)]
pub(super) struct Engine {
    trees: Vec<(Tree, sled::Tree)>,
    /// Where long values are, in parts.
    parts: sled::Tree,
    db: sled::Db,
    /// Held for writing while a batch is applied and for reading by reads, so that each sees whole batches.
    gate: RwLock<()>,
    /// INVARIANT: the last field, so that it is dropped after sled.
    _released: Released,
}

impl Engine {
    /// Opens or creates the database, reads all of it once, and makes its files private and durable.
    pub(super) fn open(dir: &Path) -> Result<Self, OpenFailure> {
        let refused = |error| OpenFailure::Refused(StoreError::failed("opening")(error));
        // Private before sled creates its first file, which it does by the umask.
        files::private_dir(dir).map_err(refused)?;
        let opened = panic::catch_unwind(|| {
            let db = sled::Config::new()
                .path(dir)
                .cache_capacity(CACHE_BYTES)
                // Every commit flushes by itself.
                .flush_every_ms(None)
                .open()?;
            let trees = Tree::ALL
                .into_iter()
                .map(|tree| Ok((tree, db.open_tree(tree.name())?)))
                .collect::<sled::Result<Vec<_>>>()?;
            let parts = db.open_tree(PARTS)?;
            Ok((db, trees, parts))
        });
        let (db, trees, parts) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Err(open_failure(dir, error)),
            Err(_panic) => return Err(Damage::total("reading it panicked")),
        };
        let engine = Self {
            trees,
            parts,
            db,
            gate: RwLock::new(()),
            _released: Released::of(dir),
        };
        engine.flush().map_err(OpenFailure::Refused)?;
        files::make_tree_private(dir)
            .and_then(|()| sync_new_store(dir))
            .map_err(refused)?;
        Ok(engine)
    }

    /// One record.
    pub(super) fn get(&self, tree: Tree, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let sled_tree = self.tree(tree)?;
        match guarded("reading", || sled_tree.get(key))? {
            Some(stored) => self.value(tree, key.as_bytes(), &stored).map(Some),
            None => Ok(None),
        }
    }

    /// The records of a tree whose key begins with `prefix`.
    pub(super) fn scan(
        &self,
        tree: Tree,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.read_tree(tree, prefix)
    }

    /// Everything in some trees, as of one moment.
    pub(super) fn snapshot(&self, trees: &[Tree]) -> Result<Snapshot, StoreError> {
        // Before the gate, which is not to be entered twice. A batch may come between; the number is too low then, never too high.
        let (uuid, sequence) = (schema::uuid(self)?, schema::sequence(self)?);
        let schema = schema::version(self)?.unwrap_or(SCHEMA_VERSION);
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for &tree in trees {
            let records = self.read_tree(tree, "")?.into_iter();
            all.extend(
                records
                    .filter(|(key, _)| !schema::is_own(tree, key))
                    .map(|(key, value)| (tree, key, value)),
            );
        }
        Ok(Snapshot {
            schema,
            uuid,
            sequence,
            records: all,
        })
    }

    /// Reads everything; returns the records whose checksum does not fit, with their bytes.
    pub(super) fn verify(&self) -> Result<Vec<DamagedRecord>, StoreError> {
        let mut damaged = Vec::new();
        for (tree, sled_tree) in &self.trees {
            guarded("reading", || {
                for entry in sled_tree.iter() {
                    let (key, bytes) = entry?;
                    let value = record::unseal(*tree, &key, &bytes, |part| self.parts.get(part))?;
                    if value.is_none() || std::str::from_utf8(&key).is_err() {
                        damaged.push(DamagedRecord {
                            tree: *tree,
                            key: key.to_vec(),
                            bytes: bytes.to_vec(),
                        });
                    }
                }
                Ok(())
            })?;
        }
        Ok(damaged)
    }

    /// Removes a record by its raw key; parts it may have stay behind. Not durable before [`Engine::flush`] and a sync.
    pub(super) fn remove_raw(&self, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        let sled_tree = self.tree(tree)?;
        guarded("writing", || sled_tree.remove(key).map(drop))
    }

    /// Sets a record's bytes without an envelope, to imitate damage.
    #[cfg(test)]
    pub(super) fn insert_raw(&self, tree: Tree, key: &[u8], bytes: &[u8]) {
        self.tree(tree).unwrap().insert(key, bytes).unwrap();
    }

    /// How many parts of long values there are.
    #[cfg(test)]
    pub(super) fn parts_len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is no record except the store's own facts about itself.
    pub(super) fn is_empty(&self) -> bool {
        self.trees
            .iter()
            .all(|(tree, sled_tree)| *tree == Tree::Meta || sled_tree.is_empty())
    }

    /// Checks a batch's expectations and makes its changes, or does neither. Not durable yet.
    pub(super) fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut trees = Vec::with_capacity(batch.work.len());
        for tree in batch.work.keys() {
            trees.push(self.tree(*tree)?.clone());
        }
        let _whole_batches = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        panic::catch_unwind(AssertUnwindSafe(|| {
            transaction::apply(batch, trees, &self.parts)
        }))
        .unwrap_or_else(|_panic| Err(StoreError::failed("writing")(panicked())))
    }

    /// Sets a short record outside of any batch. Not durable yet.
    pub(super) fn put_short(&self, tree: Tree, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let sled_tree = self.tree(tree)?;
        let head = record::seal(value).head;
        guarded("writing", || sled_tree.insert(key, head).map(drop))
    }

    /// Hands everything to the system. It survives a crash of the program then, but not yet a power cut.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        guarded("writing", || self.db.flush().map(drop))
    }

    fn tree(&self, wanted: Tree) -> Result<&sled::Tree, StoreError> {
        // Always found: `open` opens every tree there is.
        self.trees
            .iter()
            .find_map(|(tree, sled_tree)| (*tree == wanted).then_some(sled_tree))
            .ok_or(StoreError::Closed)
    }

    fn read_tree(&self, tree: Tree, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let sled_tree = self.tree(tree)?;
        let raw = guarded("reading", || {
            sled_tree
                .scan_prefix(prefix)
                .collect::<sled::Result<Vec<_>>>()
        })?;
        raw.iter()
            .map(|(key, bytes)| {
                let text = std::str::from_utf8(key).map_err(|_| record::damaged(tree, key))?;
                Ok((text.to_owned(), self.value(tree, key, bytes)?))
            })
            .collect()
    }

    fn value(&self, tree: Tree, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        guarded("reading", || {
            record::unseal(tree, key, stored, |part| self.parts.get(part))
        })?
        .ok_or_else(|| record::damaged(tree, key))
    }
}

/// A record whose checksum does not fit.
#[derive(Debug)]
pub(super) struct DamagedRecord {
    pub(super) tree: Tree,
    pub(super) key: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// Where sled keeps its log; the file that has to be synced, and the one its lock is on.
pub(super) fn db_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// sled writes its settings and creates its files without syncing them or the directories they are in.
fn sync_new_store(dir: &Path) -> io::Result<()> {
    for file in [db_file(dir), dir.join("conf")] {
        File::open(file)?.sync_all()?;
    }
    files::sync_dir(&dir.join("blobs"))?;
    files::sync_dir(dir)?;
    dir.parent().map_or(Ok(()), files::sync_dir)
}

/// Runs sled code, which panics on some damage, and gives its errors a context.
fn guarded<T>(
    attempt: &'static str,
    work: impl FnOnce() -> sled::Result<T>,
) -> Result<T, StoreError> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::failed(attempt)(error.into())),
        Err(_panic) => Err(StoreError::failed(attempt)(panicked())),
    }
}

fn panicked() -> io::Error {
    io::Error::other("the storage engine panicked")
}

fn open_failure(dir: &Path, error: sled::Error) -> OpenFailure {
    match error {
        // sled makes an `Other` of the lock's "would block", so its text is all there is to go by.
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            OpenFailure::Refused(StoreError::Locked {
                dir: dir.to_owned(),
                holder: "another process".to_owned(),
            })
        }
        sled::Error::Io(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                Damage::total(error.to_string())
            }
            _ => OpenFailure::Refused(StoreError::Failed {
                attempt: "opening",
                source: Arc::new(error),
            }),
        },
        other => Damage::total(other.to_string()),
    }
}
