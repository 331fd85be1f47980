//! Room on the disk, looked at before something is written.
//!
//! An engine that runs into the end of the disk may not even read any more: sled finishes splitting its pages while it reads
//! them, and refuses to once a write has failed. So it never gets there, and takes changes again as soon as there is room.

use super::error::StoreError;
use std::path::Path;

/// What is left free. The engine writes ahead in segments of half a MiB, a few at a time.
const KEPT_BYTES: u64 = 8 << 20;

/// How much more than a change the engine writes for it: its log, the page it is on, and that page split.
const AMPLIFICATION: u64 = 4;

/// Refuses what does not fit into the file system that holds `dir`.
///
/// # Errors
/// `NoRoom` when it does not fit, `Failed` when the file system does not tell.
pub(super) fn require(dir: &Path, bytes: usize) -> Result<(), StoreError> {
    let about =
        rustix::fs::statvfs(dir).map_err(|error| StoreError::failed("writing")(error.into()))?;
    let free_bytes = about.f_bavail.saturating_mul(about.f_frsize);
    let needed_bytes = (bytes as u64)
        .saturating_mul(AMPLIFICATION)
        .saturating_add(KEPT_BYTES);
    if free_bytes >= needed_bytes {
        return Ok(());
    }
    Err(StoreError::NoRoom {
        dir: dir.to_owned(),
        free_bytes,
        needed_bytes,
    })
}
