//! What sled leaves undone: syncing its files, and keeping a number outside of them to notice what went missing.
//!
//! sled's flush ends in `sync_file_range`, which does not reach the disk's metadata or cache: without a sync of our own,
//! 28 of 60 simulated power cuts lost acknowledged records. And sled takes damage near the end of its log for a write that
//! was cut short, and forgets everything behind it without a word. The witness is a file with the number of the newest
//! acknowledged batch, written after each sync. The database may be ahead of it, never behind.

use super::writer::Sync;
use super::{engine, files, record};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const WITNESS: &str = "acknowledged";

/// The sync of sled's files through handles of our own.
pub(super) fn file_sync(dir: &Path) -> io::Result<Sync> {
    let db = File::open(engine::db_file(dir))?;
    let witness = files::private_options().open(dir.join(WITNESS))?;
    let mut blobs = Blobs {
        dir: engine::blob_dir(dir),
        synced: HashSet::new(),
    };
    // Blobs and log of the last process too: it may have died before it synced them.
    blobs.sync()?;
    db.sync_data()?;
    Ok(Box::new(move |sequence| {
        blobs.sync()?;
        db.sync_data()?;
        // Not synced itself: an older number is still true.
        witness.write_all_at(&record::seal(&sequence.to_le_bytes()), 0)
    }))
}

/// The number of the newest batch that was acknowledged, as far as is known; 0 where the witness is missing or torn.
pub(super) fn acknowledged(dir: &Path) -> io::Result<u64> {
    let bytes = match fs::read(dir.join(WITNESS)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let number = record::unseal(&bytes).and_then(|value| value.try_into().ok());
    Ok(number.map_or(0, u64::from_le_bytes))
}

/// sled puts pages over half a megabyte into files of their own, which it never syncs.
struct Blobs {
    dir: PathBuf,
    synced: HashSet<OsString>,
}

impl Blobs {
    fn sync(&mut self) -> io::Result<()> {
        let mut present = HashSet::new();
        let mut is_changed = false;
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            if !self.synced.contains(&name) {
                is_changed = true;
                // sled removes blobs it no longer needs at any time.
                files::ignore_missing(
                    File::open(self.dir.join(&name)).and_then(|file| file.sync_data()),
                )?;
            }
            present.insert(name);
        }
        self.synced = present;
        if is_changed {
            files::sync_dir(&self.dir)?;
        }
        Ok(())
    }
}
