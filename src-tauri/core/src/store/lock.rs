//! One process at a time: a lock file that says who holds it.

use super::error::StoreError;
use super::files;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

/// The lock on a data directory; released when dropped, or by the system when the process dies.
///
/// sled has a lock of its own, but it is inside the directory that is moved aside after damage, and it does not say whose it is.
/// The file stays: removing it would let two processes hold a lock on two files of the same name.
#[derive(Debug)]
pub(super) struct Holder(File);

impl Holder {
    /// Takes the lock or says who has it.
    pub(super) fn take(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join("holder");
        let failed = StoreError::failed("locking");
        let mut file = match files::private_options().open(&path) {
            Ok(file) => file,
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    dir: data_dir.to_owned(),
                    holder: holder_of(&path),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        match written {
            Ok(()) => Ok(Self(file)),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // A process id that no longer holds anything would mislead.
        if let Err(error) = self.0.set_len(0) {
            tracing::debug!(%error, "could not empty the lock file");
        }
        // Closing the file is not enough: a program that is being started just now may hold it until it runs.
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "could not release the lock");
        }
    }
}

fn holder_of(path: &Path) -> String {
    let process = fs::read_to_string(path)
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok());
    match process {
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_is_free_even_while_somebody_has_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let holder = Holder::take(dir.path()).unwrap();
        // As a program does that is being started.
        let inherited = holder.0.try_clone().unwrap();
        assert!(Holder::take(dir.path()).is_err());
        drop(holder);
        assert!(Holder::take(dir.path()).is_ok());
        drop(inherited);
    }
}
