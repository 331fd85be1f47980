//! Records in a database: sealed values, whole batches, and reads that never see half of one.

use super::batch::{Batch, Tree};
use super::database::{Database, OpenError, RawChange, Visit, chosen};
use super::error::StoreError;
use super::restore::Whole;
use super::schema::{self, SCHEMA_VERSION};
use super::snapshot::Snapshot;
use super::{files, record, room, transaction};
use std::borrow::Cow;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// The name of the tree with the parts of long values.
const PARTS: &str = "parts";

/// Why a store could not be opened.
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

/// An open database with records in it.
#[derive(Debug)]
pub(super) struct Engine {
    database: Box<dyn Database>,
    dir: PathBuf,
    /// Held for writing while a batch is applied and for reading by reads, so that each sees whole batches.
    gate: RwLock<()>,
}

impl Engine {
    /// Opens or creates the database, and makes its files private and durable.
    pub(super) fn open(dir: &Path) -> Result<Self, OpenFailure> {
        let refused = |error| OpenFailure::Refused(StoreError::failed("opening")(error));
        // Private before the engine creates its first file, which it does by the umask.
        files::private_dir(dir).map_err(refused)?;
        let mut trees: Vec<&str> = Tree::ALL.into_iter().map(Tree::name).collect();
        trees.push(PARTS);
        let database = match panic::catch_unwind(|| chosen::open(dir, &trees)) {
            Ok(Ok(database)) => database,
            Ok(Err(OpenError::Damaged(reason))) => return Err(Damage::total(reason)),
            Ok(Err(OpenError::Refused(error))) => return Err(OpenFailure::Refused(error)),
            Err(_panic) => return Err(Damage::total("reading it panicked")),
        };
        files::make_tree_private(dir)
            .and_then(|()| files::sync_dir(dir))
            .and_then(|()| dir.parent().map_or(Ok(()), files::sync_dir))
            .map_err(refused)?;
        Ok(Self {
            database,
            dir: dir.to_owned(),
            gate: RwLock::new(()),
        })
    }

    /// One record.
    pub(super) fn get(&self, tree: Tree, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.read(tree, key)
    }

    /// Shows the records of a tree whose key begins with `prefix`.
    pub(super) fn visit(
        &self,
        tree: Tree,
        prefix: &str,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.visit_tree(tree, prefix, visit)
    }

    /// The records of a tree whose key begins with `prefix`.
    #[cfg(test)]
    pub(super) fn scan(
        &self,
        tree: Tree,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut all = Vec::new();
        self.visit(tree, prefix, &mut |key, value| {
            all.push((key.to_owned(), value.to_vec()));
        })?;
        Ok(all)
    }

    /// Everything in some trees, as of one moment.
    pub(super) fn snapshot(&self, trees: &[Tree]) -> Result<Snapshot, StoreError> {
        // Before the gate, which is not to be entered twice. A batch may come between; the number is too low then, never too high.
        let (uuid, sequence) = (schema::uuid(self)?, schema::sequence(self)?);
        let schema = schema::version(self)?.unwrap_or(SCHEMA_VERSION);
        let _whole_batches = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for &tree in trees {
            self.visit_tree(tree, "", &mut |key, value| {
                if !schema::is_own(tree, key) {
                    all.push((tree, key.to_owned(), value.to_vec()));
                }
            })?;
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
        for tree in Tree::ALL {
            self.raw(tree, b"", &mut |key, bytes| {
                let is_text = std::str::from_utf8(key).is_ok();
                if !is_text || self.unsealed(tree, key, bytes)?.is_none() {
                    damaged.push(DamagedRecord {
                        tree,
                        key: key.to_vec(),
                        bytes: bytes.to_vec(),
                    });
                }
                Ok(())
            })?;
        }
        Ok(damaged)
    }

    /// Removes damaged records by their raw keys and puts whole ones in, in one step; parts they had stay behind. Not durable before
    /// [`Engine::flush`] and a sync.
    pub(super) fn replace_raw(
        &self,
        damaged: &[DamagedRecord],
        whole: &[Whole<'_>],
    ) -> Result<(), StoreError> {
        let removal = |record: &DamagedRecord| RawChange {
            tree: record.tree.name(),
            key: record.key.clone(),
            value: None,
        };
        let mut changes: Vec<_> = damaged.iter().map(removal).collect();
        for &(tree, key, value) in whole {
            transaction::change(tree, key, Some(value), None, PARTS, &mut changes);
        }
        room::require(&self.dir, changes.iter().map(RawChange::bytes).sum())?;
        self.write(changes)
    }

    /// Sets a record's bytes without an envelope, to imitate damage.
    #[cfg(test)]
    pub(super) fn insert_raw(&self, tree: Tree, key: &[u8], bytes: &[u8]) {
        self.write(vec![RawChange {
            tree: tree.name(),
            key: key.to_vec(),
            value: Some(bytes.to_vec()),
        }])
        .unwrap();
    }

    /// How many parts of long values there are.
    #[cfg(test)]
    pub(super) fn parts_len(&self) -> usize {
        let mut count = 0;
        let mut counting = |_: &[u8], _: &[u8]| {
            count += 1;
            Ok(())
        };
        self.database.scan(PARTS, b"", &mut counting).unwrap();
        count
    }

    /// Whether there is no record except the store's own facts about itself.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        for tree in Tree::ALL {
            let mut is_empty = true;
            self.raw(tree, b"", &mut |_, _| {
                is_empty = false;
                Ok(())
            })?;
            if tree != Tree::Meta && !is_empty {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks a batch's expectations and makes its changes, or does neither. Not durable yet.
    pub(super) fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let _whole_batches = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        for (tree, key, expected) in transaction::expectations(batch) {
            if self.read(tree, key)?.as_deref() != expected {
                return Err(StoreError::Conflict {
                    tree,
                    key: key.to_owned(),
                });
            }
        }
        let mut changes = Vec::new();
        for ((tree, key), value) in transaction::writes(batch) {
            let before = guarded("writing", || self.database.get(tree.name(), key.as_bytes()))?;
            transaction::change(tree, key, value, before.as_deref(), PARTS, &mut changes);
        }
        if changes.is_empty() {
            return Ok(());
        }
        room::require(&self.dir, changes.iter().map(RawChange::bytes).sum())?;
        self.write(changes)
    }

    /// Sets a short record outside of any batch. Not durable yet.
    pub(super) fn put_short(&self, tree: Tree, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write(vec![RawChange {
            tree: tree.name(),
            key: key.as_bytes().to_vec(),
            value: Some(record::seal(value).head),
        }])
    }

    /// Hands everything to the system. It survives a crash of the program then, but not yet a power cut.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        guarded("writing", || self.database.flush())
    }

    /// Makes what was flushed survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.database.sync()
    }

    fn write(&self, changes: Vec<RawChange>) -> Result<(), StoreError> {
        guarded("writing", || self.database.write(changes))
    }

    fn raw(&self, tree: Tree, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StoreError> {
        guarded("reading", || self.database.scan(tree.name(), prefix, visit))
    }

    fn read(&self, tree: Tree, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(stored) = guarded("reading", || self.database.get(tree.name(), key.as_bytes()))?
        else {
            return Ok(None);
        };
        let value = guarded("reading", || self.unsealed(tree, key.as_bytes(), &stored))?;
        let value = value.ok_or_else(|| record::damaged(tree, key.as_bytes()))?;
        Ok(Some(value.into_owned()))
    }

    fn visit_tree(
        &self,
        tree: Tree,
        prefix: &str,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        let mut damaged = None;
        let outcome = self.raw(tree, prefix.as_bytes(), &mut |key, bytes| {
            match (std::str::from_utf8(key), self.unsealed(tree, key, bytes)?) {
                (Ok(key), Some(value)) => visit(key, &value),
                _ => {
                    damaged = Some(record::damaged(tree, key));
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
            Ok(())
        });
        damaged.map_or(outcome, Err)
    }

    fn unsealed<'a>(
        &self,
        tree: Tree,
        key: &[u8],
        stored: &'a [u8],
    ) -> io::Result<Option<Cow<'a, [u8]>>> {
        record::unseal(tree, key, stored, |part| self.database.get(PARTS, &part))
    }
}

/// A record whose checksum does not fit.
#[derive(Debug)]
pub(super) struct DamagedRecord {
    pub(super) tree: Tree,
    pub(super) key: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// Runs code of the engine, which panics on some damage, and gives its errors a context.
fn guarded<T>(
    attempt: &'static str,
    work: impl FnOnce() -> io::Result<T>,
) -> Result<T, StoreError> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(StoreError::failed(attempt)),
        Err(_panic) => {
            let panicked = io::Error::other("the storage engine panicked");
            Err(StoreError::failed(attempt)(panicked))
        }
    }
}
