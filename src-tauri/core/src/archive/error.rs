//! Why an archive could not be written or read.

use crate::error::CoreError;
use std::io;
use std::path::{Path, PathBuf};

/// Why an archive could not be written or read. No variant carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is a file of that name.
    #[error("{} exists already: name a file that does not", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("could not {attempt} {}: {source}", path.display())]
    File {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not encrypted as archives are.
    #[error("{} is no archive, or it is damaged: {reason}", path.display())]
    NoArchive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The passphrase does not open it.
    #[error("the passphrase does not open {}: use the one it was exported with", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// Another version wrote it.
    #[error("{} is an archive of version {found}, this program reads {known}: update it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The application failed.
    #[error(transparent)]
    Core(#[from] CoreError),
}

impl ArchiveError {
    pub(super) fn file(
        attempt: &'static str,
        path: &Path,
    ) -> impl Fn(io::Error) -> ArchiveError + use<> {
        let path = path.to_owned();
        move |source| ArchiveError::File {
            attempt,
            path: path.clone(),
            source,
        }
    }

    pub(super) fn no_archive(path: &Path, reason: impl Into<String>) -> Self {
        Self::NoArchive {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}
