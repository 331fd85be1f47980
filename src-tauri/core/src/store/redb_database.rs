//! redb: the second engine, which the same tests hold as the first, and the way out should sled fail us.

use super::database::{Database, OpenError, RawChange, Visit};
use redb::{
    DatabaseError, Durability, ReadableDatabase, StorageError, TableDefinition, WriteTransaction,
};
use std::io;
use std::path::{Path, PathBuf};

/// Page cache, as large as sled's.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

#[derive(Debug)]
struct Redb(redb::Database);

fn table(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

/// Opens or creates the database in a directory that is there. May panic on damage.
pub(super) fn open(dir: &Path, trees: &[&'static str]) -> Result<Box<dyn Database>, OpenError> {
    let opened = redb::Database::builder()
        .set_cache_size(CACHE_BYTES)
        // Damage is an error then, and no panic.
        .set_check_integrity_on_open(true)
        .create(db_file(dir));
    let db = opened.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::locked(dir),
        DatabaseError::Storage(StorageError::Io(error)) => OpenError::of(error),
        other => OpenError::Damaged(other.to_string()),
    })?;
    let redb = Redb(db);
    // Tables that nobody opened for writing yet cannot be read.
    redb.in_one_step(Durability::Immediate, |step| {
        trees
            .iter()
            .try_for_each(|tree| step.open_table(table(tree)).map(drop).map_err(other))
    })
    .map_err(OpenError::of)?;
    Ok(Box::new(redb))
}

/// Where redb keeps everything; also the file its lock is on.
pub(super) fn db_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

impl Redb {
    fn in_one_step(
        &self,
        durability: Durability,
        work: impl FnOnce(&WriteTransaction) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut step = self.0.begin_write().map_err(other)?;
        step.set_durability(durability).map_err(other)?;
        work(&step)?;
        step.commit().map_err(other)
    }
}

/// Keeps what the system said, where it was the system.
fn other(error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(error) => error,
        redb::Error::Corrupted(reason) => io::Error::new(io::ErrorKind::InvalidData, reason),
        error => io::Error::other(error),
    }
}

impl Database for Redb {
    fn get(&self, tree: &'static str, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let step = self.0.begin_read().map_err(other)?;
        let table = step.open_table(table(tree)).map_err(other)?;
        let value = table.get(key).map_err(other)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, tree: &'static str, prefix: &[u8], visit: &mut Visit<'_>) -> io::Result<()> {
        let step = self.0.begin_read().map_err(other)?;
        let table = step.open_table(table(tree)).map_err(other)?;
        for entry in table.range(prefix..).map_err(other)? {
            let (key, value) = entry.map_err(other)?;
            if !key.value().starts_with(prefix) {
                break;
            }
            visit(key.value(), value.value())?;
        }
        Ok(())
    }

    fn write(&self, changes: Vec<RawChange>) -> io::Result<()> {
        // Durable with the next flush, so that a group shares one sync.
        self.in_one_step(Durability::None, |step| {
            for change in &changes {
                let mut table = step.open_table(table(change.tree)).map_err(other)?;
                let key = change.key.as_slice();
                match &change.value {
                    Some(value) => table.insert(key, value.as_slice()).map_err(other)?,
                    None => table.remove(key).map_err(other)?,
                };
            }
            Ok(())
        })
    }

    fn flush(&self) -> io::Result<()> {
        self.in_one_step(Durability::Immediate, |_| Ok(()))
    }

    fn sync(&self) -> io::Result<()> {
        // A durable commit ends in a true sync.
        Ok(())
    }
}
