//! Room on the disk, looked at before something is written.
//!
//! An engine that runs into the end of the disk may not even read any more: sled finishes splitting its pages while it reads
//! them, and refuses to once a write has failed. So it never gets there, and takes changes again as soon as there is room.

use super::error::StoreError;
use super::files;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// What is left free. The engine writes ahead in segments of half a MiB, a few at a time.
const KEPT_BYTES: u64 = 8 << 20;

/// How much more than a change the engine writes for it: its log, the page it is on, and that page split.
const AMPLIFICATION: u64 = 4;

/// A file in the data folder that is given up when others have filled the disk, so that the store can be opened and read.
const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 2 << 20;

/// Puts room aside for a start on a full disk, where there is enough.
///
/// # Errors
/// The file cannot be written; nothing is left of it then.
pub(super) fn put_aside(data_dir: &Path) -> io::Result<()> {
    let path = data_dir.join(RESERVE);
    let is_there = fs::metadata(&path).is_ok_and(|about| about.len() == RESERVE_BYTES as u64);
    if is_there || require_bytes(data_dir, RESERVE_BYTES as u64).is_err() {
        return Ok(());
    }
    let write = || {
        let mut file = files::create_private_file(&path)?;
        // Written, since a hole takes no room.
        file.write_all(&vec![0; RESERVE_BYTES])?;
        file.sync_all()
    };
    write().inspect_err(|_| {
        let _ = give_up(data_dir);
    })
}

/// Gives up what was put aside; whether there was something.
///
/// # Errors
/// It cannot be removed.
pub(super) fn give_up(data_dir: &Path) -> io::Result<bool> {
    match fs::remove_file(data_dir.join(RESERVE)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses what does not fit into the file system that holds `dir`.
///
/// # Errors
/// `NoRoom` when it does not fit, `Failed` when the file system does not tell.
pub(super) fn require(dir: &Path, bytes: usize) -> Result<(), StoreError> {
    require_bytes(dir, (bytes as u64).saturating_mul(AMPLIFICATION))
}

fn require_bytes(dir: &Path, bytes: u64) -> Result<(), StoreError> {
    let about =
        rustix::fs::statvfs(dir).map_err(|error| StoreError::failed("writing")(error.into()))?;
    let free_bytes = about.f_bavail.saturating_mul(about.f_frsize);
    let needed_bytes = bytes.saturating_add(KEPT_BYTES);
    if free_bytes >= needed_bytes {
        return Ok(());
    }
    Err(StoreError::NoRoom {
        dir: dir.to_owned(),
        free_bytes,
        needed_bytes,
    })
}
