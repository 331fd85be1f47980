//! The copy of a machine's file on this computer, and how it comes and goes.

use bytes::Bytes;
use farwire_core::transfer::{Upload, content, local_files};
use farwire_model::transfer::{FileKind, FileStatus, Files, FilesError, Links, Open, RemotePath};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that is opened so: it goes all the way to and fro with each save, to be compared.
pub const MAX_BYTES: u64 = 64 << 20;

/// Why a file did not come or go.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is larger than [`MAX_BYTES`].
    #[error(
        "{path} is larger than {} MB: copy it to this computer, and open that",
        MAX_BYTES >> 20
    )]
    TooLarge {
        /// The file.
        path: RemotePath,
    },
    /// A folder, or a device.
    #[error("{path} is no file")]
    NoFile {
        /// What it is about.
        path: RemotePath,
    },
    /// What was read is not as long as the file was said to be, or that was not said.
    #[error(
        "{path} changed while it was read, or its size is not known: copy it to this computer, and open that"
    )]
    NoSize {
        /// The file.
        path: RemotePath,
    },
    /// What is on the machine is not what was read or written last.
    #[error("{path} was changed on the machine meanwhile")]
    ChangedThere {
        /// The file.
        path: RemotePath,
    },
    /// The copy could not be written or read.
    #[error("could not {attempt} {}", file.display())]
    Here {
        /// What was tried.
        attempt: &'static str,
        /// The file or the folder here.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The machine refused, or the link to it broke.
    #[error("{source}")]
    There {
        /// What was tried, and what the machine said.
        #[from]
        source: FilesError,
    },
}

/// What a file is, as far as it can be told without reading it.
pub type Stamp = (u64, i64, i64, u64);

type Hash = [u8; 32];

/// A copy of a machine's file, alone in a folder.
#[derive(Debug)]
pub struct FileCopy {
    remote: RemotePath,
    file: PathBuf,
    /// Of what is on the machine, as far as is known.
    there: Hash,
}

impl FileCopy {
    /// Copies a file of a machine into a new folder, which only its owner may look into.
    ///
    /// # Errors
    /// No file, one too large, and what both sides say. Nothing is left then.
    pub async fn fetch(
        files: &dyn Files,
        remote: RemotePath,
        folder: PathBuf,
    ) -> Result<Self, CopyError> {
        let file = folder.join(safe_name(&remote));
        let fetched = fetch(files, &remote, &file).await;
        if fetched.is_err() {
            remove(&folder);
        }
        Ok(Self {
            there: fetched?,
            remote,
            file,
        })
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How it stands; `None` while a program is about to replace it.
    pub fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(&self.file)
            .ok()
            .filter(fs::Metadata::is_file)?;
        let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
        Some((metadata.len(), seconds, nanoseconds, metadata.ino()))
    }

    /// Whether it holds something else than its machine's.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn is_changed(&self) -> Result<bool, CopyError> {
        let path = self.here()?;
        Ok(hash_of(&*local_files(), &path).await? != self.there)
    }

    /// Puts it in the place of the machine's file; of one that was changed there meanwhile only where `overwrites`.
    ///
    /// # Errors
    /// `ChangedThere`, and what both sides say; what is on the machine is as it was then.
    pub async fn send(&mut self, files: Arc<dyn Files>, overwrites: bool) -> Result<(), CopyError> {
        let is_known = match hash_of(&*files, &self.remote).await {
            Ok(now) => now == self.there,
            // One that is gone was changed too.
            Err(CopyError::There { source }) if source.status == FileStatus::NoSuchFile => false,
            Err(error @ CopyError::There { .. }) => return Err(error),
            Err(_) => false,
        };
        if !is_known && !overwrites {
            let path = self.remote.clone();
            return Err(CopyError::ChangedThere { path });
        }
        let (_, here) = pieces(&*local_files(), &self.here()?).await?;
        let hash = Arc::new(Mutex::new(Sha256::new()));
        let hashed = Arc::clone(&hash);
        // What is sent is what is known to be there, whatever is written here meanwhile.
        let sent = here.inspect(move |piece| {
            if let Ok(piece) = piece {
                hashed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .update(piece);
            }
        });
        let upload = Upload::to(files, &self.remote).await?;
        upload.write(Box::pin(sent)).await?;
        let hash = hash.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.there = hash.finalize().into();
        Ok(())
    }

    /// Removes it, with its folder and what programs left there.
    pub fn remove(&self) {
        if let Some(folder) = self.file.parent() {
            remove(folder);
        }
    }

    fn here(&self) -> Result<RemotePath, CopyError> {
        RemotePath::new(self.file.as_os_str().as_bytes())
            .map_err(io::Error::other)
            .map_err(self::here("name", &self.file))
    }
}

fn here(attempt: &'static str, file: &Path) -> impl FnOnce(io::Error) -> CopyError {
    move |source| CopyError::Here {
        attempt,
        file: file.to_path_buf(),
        source,
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the private copy of a file is left");
    }
}

async fn fetch(files: &dyn Files, remote: &RemotePath, file: &Path) -> Result<Hash, CopyError> {
    let (size, mut pieces) = pieces(files, remote).await?;
    let folder = file.parent().unwrap_or(file);
    let mut maker = DirBuilder::new();
    maker.recursive(true).mode(0o700);
    maker
        .create(folder)
        .map_err(here("make the folder", folder))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut copy = options.open(file).map_err(here("write", file))?;
    let mut hash = Sha256::new();
    let mut read = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        read += piece.len() as u64;
        hash.update(&piece);
        copy.write_all(&piece).map_err(here("write", file))?;
    }
    if read != size {
        let path = remote.clone();
        return Err(CopyError::NoSize { path });
    }
    Ok(hash.finalize().into())
}

async fn hash_of(files: &dyn Files, path: &RemotePath) -> Result<Hash, CopyError> {
    let (_, mut pieces) = pieces(files, path).await?;
    let mut hash = Sha256::new();
    while let Some(piece) = pieces.next().await {
        hash.update(piece?);
    }
    Ok(hash.finalize().into())
}

/// The size of a file, and all of it in order.
async fn pieces(
    files: &dyn Files,
    path: &RemotePath,
) -> Result<
    (
        u64,
        impl Stream<Item = Result<Bytes, FilesError>> + Send + Unpin + 'static,
    ),
    CopyError,
> {
    let attributes = files.attributes(path, Links::Follow).await?;
    let path = path.clone();
    if attributes.kind() != FileKind::File {
        return Err(CopyError::NoFile { path });
    }
    let Some(size) = attributes.size else {
        return Err(CopyError::NoSize { path });
    };
    if size > MAX_BYTES {
        return Err(CopyError::TooLarge { path });
    }
    let file = files.open(&path, Open::Read).await?;
    // Not more than it said it has, however it grows.
    Ok((size, Box::pin(content(file, 0, size))))
}

/// The name of the copy: that of the file, without what no name of a person's has in it.
fn safe_name(path: &RemotePath) -> OsString {
    let name = path.name().unwrap_or(b"file");
    let letters = name.iter().map(|&byte| match byte {
        b'/' | 0..0x20 | 0x7f => b'_',
        other => other,
    });
    let name: Vec<u8> = letters.collect();
    match name.as_slice() {
        b"" | b"." | b".." => OsString::from("file"),
        _ => OsString::from_vec(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn path(place: &Path) -> RemotePath {
        RemotePath::new(place.as_os_str().as_bytes()).unwrap()
    }

    async fn fetched(folder: &Path) -> FileCopy {
        let there = path(&folder.join("notes.txt"));
        FileCopy::fetch(&*local_files(), there, folder.join("copy"))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_is_saved_here_is_saved_there() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("notes.txt");
        fs::write(&there, "one").unwrap();
        let mut copy = fetched(folder.path()).await;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("copy")), 0o700);
        assert_eq!(mode(copy.file()), 0o600);
        assert!(!copy.is_changed().await.unwrap());
        for text in ["two", ""] {
            fs::write(copy.file(), text).unwrap();
            assert!(copy.is_changed().await.unwrap());
            copy.send(local_files(), false).await.unwrap();
            assert_eq!(fs::read_to_string(&there).unwrap(), text);
            assert!(!copy.is_changed().await.unwrap());
        }
        copy.remove();
        assert!(!folder.path().join("copy").exists());
    }

    #[tokio::test]
    async fn what_was_changed_there_stays_until_somebody_decides() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("notes.txt");
        fs::write(&there, "one").unwrap();
        let mut copy = fetched(folder.path()).await;
        fs::write(copy.file(), "mine").unwrap();
        fs::write(&there, "theirs").unwrap();
        let refused = copy.send(local_files(), false).await.unwrap_err();
        assert!(
            matches!(refused, CopyError::ChangedThere { .. }),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&there).unwrap(), "theirs");
        fs::remove_file(&there).unwrap();
        let refused = copy.send(local_files(), false).await.unwrap_err();
        assert!(
            matches!(refused, CopyError::ChangedThere { .. }),
            "{refused}"
        );
        copy.send(local_files(), true).await.unwrap();
        assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
    }

    #[tokio::test]
    async fn what_cannot_be_opened_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let large = folder.path().join("large");
        let file = fs::File::create(&large).unwrap();
        file.set_len(MAX_BYTES + 1).unwrap();
        for (place, said) in [
            (inner, "is no file"),
            (large, "is larger than 64 MB"),
            (folder.path().join("missing"), "could not look at"),
        ] {
            let copy = folder.path().join("copy");
            let refused = FileCopy::fetch(&*local_files(), path(&place), copy.clone()).await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
            assert!(!copy.exists());
        }
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        for (remote, name) in [
            (&b"/home/a b.txt"[..], &b"a b.txt"[..]),
            (b"/x/..", b"file"),
            (b"/x/a\nb\x7f", b"a_b_"),
            (b"/x/\xff", b"\xff"),
        ] {
            let path = RemotePath::new(remote).unwrap();
            assert_eq!(safe_name(&path).as_bytes(), name);
        }
    }
}
