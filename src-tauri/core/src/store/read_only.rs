//! A data directory on a disk that can only be read: a copy elsewhere is opened, and nothing is saved.
//!
//! A system that finds faults on its disk goes on with it read-only. Whoever repairs it needs the machines and passwords that are
//! saved there.

use super::error::StoreError;
use super::{backup, files, restore};
use base64ct::{Base64UrlUnpadded, Encoding};
use rustix::fs::StatVfsMountFlags;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A private copy of a data directory, from which a store was opened; removed when it is dropped.
#[derive(Debug)]
pub struct WorkingCopy(PathBuf);

impl WorkingCopy {
    /// The copy's data directory.
    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    /// Copies the store and its backups to a file system that can be written.
    ///
    /// # Errors
    /// There is none, or it has no room; nothing is left of the copy then.
    pub(super) fn of(data_dir: &Path) -> Result<Self, StoreError> {
        // The first is in memory and stays when the system's own disk has faults; it may be small.
        let places = [
            std::env::var_os("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .filter(|place| place.is_absolute()),
            Some(std::env::temp_dir()),
            Some(PathBuf::from("/dev/shm")),
        ];
        let mut last = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
        for place in places.iter().flatten() {
            match Self::at(place, data_dir) {
                Ok(copy) => return Ok(copy),
                Err(error) => {
                    tracing::debug!(place = %place.display(), %error, "no copy could be made");
                    last = error;
                }
            }
        }
        Err(StoreError::failed("copying")(last))
    }

    fn at(place: &Path, data_dir: &Path) -> io::Result<Self> {
        let mut random = [0; 9];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let dir = place.join(format!(
            "farwire-{}",
            Base64UrlUnpadded::encode_string(&random)
        ));
        // Refuses what is there: in a place that others write to it would be theirs.
        DirBuilder::new().mode(0o700).create(&dir)?;
        let copy = Self(dir);
        for part in [
            restore::store_dir as fn(&Path) -> PathBuf,
            restore::restoring_dir,
            restore::original_dir,
            backup::backup_dir,
        ] {
            let from = part(data_dir);
            if from.exists() {
                files::copy_private_dir(&from, &part(copy.dir()))?;
            }
        }
        Ok(copy)
    }
}

impl Drop for WorkingCopy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a copy of the store could not be removed");
        }
    }
}

/// Whether the file system of a directory, or of what is there of the way to it, can only be read.
pub(super) fn is_read_only(dir: &Path) -> bool {
    let there = dir.ancestors().find(|there| there.exists());
    let about = there.and_then(|there| rustix::fs::statvfs(there).ok());
    about.is_some_and(|about| about.f_flag.contains(StatVfsMountFlags::RDONLY))
}
