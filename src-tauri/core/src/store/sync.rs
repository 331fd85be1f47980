//! What sled leaves undone: syncing its files, and keeping a number outside of them to notice what went missing.
//!
//! sled's flush ends in `sync_file_range`, which does not reach the disk's metadata or cache: without a sync of our own,
//! 28 of 60 simulated power cuts lost acknowledged records. And sled takes damage near the end of its log for a write that
//! was cut short, and forgets everything behind it without a word. The witness is a file with the number of the newest
//! acknowledged batch, written after each sync. The database may be ahead of it, never behind.

use super::writer::Sync;
use super::{engine, files, record};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const WITNESS: &str = "acknowledged";

/// The sync of sled's files through handles of our own.
pub(super) fn file_sync(dir: &Path) -> io::Result<Sync> {
    let db = File::open(engine::db_file(dir))?;
    let witness = files::private_options().open(dir.join(WITNESS))?;
    // What the last process wrote too: it may have died before it synced it.
    db.sync_data()?;
    Ok(Box::new(move |sequence| {
        db.sync_data()?;
        // Not synced itself: an older number is still true.
        witness.write_all_at(&record::with_checksum(&sequence.to_le_bytes()), 0)
    }))
}

/// The number of the newest batch that was acknowledged, as far as is known; 0 where the witness is missing or torn.
pub(super) fn acknowledged(dir: &Path) -> io::Result<u64> {
    let bytes = match fs::read(dir.join(WITNESS)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let number = record::without_checksum(&bytes).and_then(|value| value.try_into().ok());
    Ok(number.map_or(0, u64::from_le_bytes))
}
