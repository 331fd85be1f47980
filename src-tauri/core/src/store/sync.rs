//! Syncing what was written, and a number outside of the database to notice what went missing.
//!
//! sled takes damage near the end of its log for a write that was cut short, and forgets everything behind it without a
//! word. The witness is a file with the number of the newest acknowledged batch, written after each sync. The database may
//! be ahead of it, never behind.

use super::engine::Engine;
use super::writer::Sync;
use super::{files, record};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const WITNESS: &str = "acknowledged";

/// The sync of an engine's database in `dir`.
pub(super) fn with_witness(engine: &Arc<Engine>, dir: &Path) -> io::Result<Sync> {
    let witness = files::private_options().open(dir.join(WITNESS))?;
    let engine = Arc::clone(engine);
    Ok(Box::new(move |sequence| {
        engine.sync()?;
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
