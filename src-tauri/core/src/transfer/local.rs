//! This computer's files, behind the same trait as another machine's.

use bytes::Bytes;
use farwire_model::transfer::{
    Attributes, FileEntry, FileFuture, FileStatus, Files, FilesError, Links, Open, OpenFile,
    Program, RemotePath, Space,
};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with, statvfs};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, FileTimes, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// Bytes of one read or write: what one read of an SFTP server brings.
const PIECE: u32 = 255 * 1024;

/// Reads ahead: enough for a disk, and little enough to stay in the processor's cache.
const READS_AT_ONCE: usize = 4;
/// Buffers of one file that are kept: those of [`super::pipe::UNSURE_BYTES`] that are on their way.
const MAX_BUFFERS: usize = 32;

/// The files of this computer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocalFiles;

/// The files of this computer, for the person before it.
pub fn local_files() -> Arc<dyn Files> {
    Arc::new(LocalFiles)
}

/// The path as the system takes it.
pub(crate) fn system_path(path: &RemotePath) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path.as_bytes()))
}

fn failed(attempt: &str, error: &io::Error) -> FilesError {
    let status = match error.kind() {
        io::ErrorKind::NotFound => FileStatus::NoSuchFile,
        io::ErrorKind::PermissionDenied => FileStatus::PermissionDenied,
        io::ErrorKind::Unsupported => FileStatus::Unsupported,
        _ => FileStatus::Failure,
    };
    FilesError::new(
        status,
        format!("could not {attempt} on this computer: {error}"),
    )
}

/// Runs what blocks on a thread that may.
fn blocking<'a, T: Send + 'static>(
    attempt: String,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> FileFuture<'a, T> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.unwrap_or_else(|fault| Err(io::Error::other(fault)));
        done.map_err(|error| failed(&attempt, &error))
    })
}

pub(super) fn attributes_of(metadata: &Metadata) -> Attributes {
    let seconds = |time: i64| u32::try_from(time.max(0)).unwrap_or(u32::MAX);
    Attributes {
        size: Some(metadata.size()),
        owner: Some((metadata.uid(), metadata.gid())),
        mode: Some(metadata.mode()),
        times: Some((seconds(metadata.atime()), seconds(metadata.mtime()))),
    }
}

pub(super) fn apply(file: &File, attributes: &Attributes) -> io::Result<()> {
    if let Some(size) = attributes.size {
        file.set_len(size)?;
    }
    if let Some(mode) = attributes.permissions() {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    if let Some((accessed, modified)) = attributes.times {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(u64::from(seconds));
        let times = FileTimes::new().set_accessed(at(accessed));
        file.set_times(times.set_modified(at(modified)))?;
    }
    Ok(())
}

fn remote_path(path: PathBuf) -> io::Result<RemotePath> {
    RemotePath::new(path.into_os_string().into_vec()).map_err(io::Error::other)
}

fn list(folder: &Path) -> io::Result<Vec<FileEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push(FileEntry {
            name: entry.file_name().into_vec(),
            attributes: attributes_of(&entry.metadata()?),
            owner_names: None,
        });
    }
    Ok(entries)
}

impl Files for LocalFiles {
    fn home(&self) -> FileFuture<'_, RemotePath> {
        blocking("find the home folder".to_owned(), || {
            let missing = || io::Error::new(io::ErrorKind::NotFound, "HOME is not set");
            remote_path(std::env::home_dir().ok_or_else(missing)?)
        })
    }

    fn real_path<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath> {
        let place = system_path(path);
        blocking(format!("resolve {path}"), move || {
            remote_path(fs::canonicalize(place)?)
        })
    }

    fn list<'a>(&'a self, folder: &'a RemotePath) -> FileFuture<'a, Vec<FileEntry>> {
        let place = system_path(folder);
        blocking(format!("list {folder}"), move || list(&place))
    }

    fn attributes<'a>(&'a self, path: &'a RemotePath, links: Links) -> FileFuture<'a, Attributes> {
        let place = system_path(path);
        blocking(format!("look at {path}"), move || {
            let metadata = match links {
                Links::Follow => fs::metadata(place)?,
                Links::Keep => fs::symlink_metadata(place)?,
            };
            Ok(attributes_of(&metadata))
        })
    }

    fn set_attributes<'a>(
        &'a self,
        path: &'a RemotePath,
        attributes: &'a Attributes,
    ) -> FileFuture<'a, ()> {
        let (place, attributes) = (system_path(path), attributes.clone());
        blocking(format!("set permissions or times of {path}"), move || {
            apply(&File::open(place)?, &attributes)
        })
    }

    fn read_link<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath> {
        let place = system_path(path);
        blocking(format!("resolve {path}"), move || {
            remote_path(fs::read_link(place)?)
        })
    }

    fn make_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        let place = system_path(path);
        blocking(format!("make the folder {path}"), move || {
            DirBuilder::new().mode(0o777).create(place)
        })
    }

    fn remove_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        let place = system_path(path);
        blocking(format!("remove the folder {path}"), move || {
            fs::remove_dir(place)
        })
    }

    fn remove_file<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        let place = system_path(path);
        blocking(format!("remove {path}"), move || fs::remove_file(place))
    }

    fn rename<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()> {
        let (old, new) = (system_path(from), system_path(to));
        blocking(format!("rename {from} to {to}"), move || {
            Ok(renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE)?)
        })
    }

    fn replace<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()> {
        let (old, new) = (system_path(from), system_path(to));
        blocking(format!("rename {from} to {to}"), move || {
            fs::rename(old, new)
        })
    }

    fn open<'a>(&'a self, path: &'a RemotePath, how: Open) -> FileFuture<'a, Arc<dyn OpenFile>> {
        let place = system_path(path);
        let shown = path.to_string();
        blocking(format!("open {path}"), move || {
            let mut options = OpenOptions::new();
            match how {
                Open::Read => options.read(true),
                Open::Create { permissions } => options
                    .write(true)
                    .read(true)
                    .create_new(true)
                    .mode(permissions & 0o7777),
                // What somebody put in the place of a file begun earlier is not written through.
                Open::Write => options
                    .write(true)
                    .read(true)
                    .custom_flags(OFlags::NOFOLLOW.bits().cast_signed()),
            };
            let file: Arc<dyn OpenFile> = Arc::new(LocalFile {
                file: Arc::new(options.open(place)?),
                buffers: Arc::default(),
                shown,
            });
            Ok(file)
        })
    }

    fn space<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, Option<Space>> {
        let place = system_path(path);
        blocking(format!("ask for the room at {path}"), move || {
            let room = statvfs(place)?;
            Ok(Some(Space {
                total: room.f_blocks.saturating_mul(room.f_frsize),
                free: room.f_bavail.saturating_mul(room.f_frsize),
            }))
        })
    }

    fn round_trip(&self) -> Duration {
        Duration::ZERO
    }

    fn run<'a>(&'a self, _: &'a [u8]) -> FileFuture<'a, Box<dyn Program>> {
        let message = "this computer's own files need no program";
        let refused = FilesError::new(FileStatus::Unsupported, message);
        Box::pin(std::future::ready(Err(refused)))
    }
}

/// Memory that is read into again and again: what is new to a process is cleared for it first.
type Buffers = Mutex<Vec<Vec<u8>>>;

/// Memory that goes back when nobody needs what is in it.
struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    back: Arc<Buffers>,
}

impl Buffer {
    fn of(back: Arc<Buffers>) -> Self {
        let kept = back.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self {
            bytes: kept.unwrap_or_default(),
            length: 0,
            back,
        }
    }

    /// Room for so many bytes.
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
        self.bytes.get_mut(..length).unwrap_or_default()
    }

    fn filled(mut self, length: usize) -> Bytes {
        self.length = length;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut back = self.back.lock().unwrap_or_else(PoisonError::into_inner);
        if back.len() < MAX_BUFFERS {
            back.push(bytes);
        }
    }
}

struct LocalFile {
    file: Arc<File>,
    buffers: Arc<Buffers>,
    shown: String,
}

impl LocalFile {
    fn with<T: Send + 'static>(
        &self,
        attempt: &str,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> FileFuture<'_, T> {
        let file = Arc::clone(&self.file);
        blocking(format!("{attempt} {}", self.shown), move || work(&file))
    }
}

impl OpenFile for LocalFile {
    fn attributes(&self) -> FileFuture<'_, Attributes> {
        self.with("look at", |file| Ok(attributes_of(&file.metadata()?)))
    }

    fn set_attributes<'a>(&'a self, attributes: &'a Attributes) -> FileFuture<'a, ()> {
        let attributes = attributes.clone();
        self.with("set permissions or times of", move |file| {
            apply(file, &attributes)
        })
    }

    fn read(&self, offset: u64, length: u32) -> FileFuture<'_, Bytes> {
        let length = usize::try_from(length.min(PIECE)).unwrap_or(0);
        let buffers = Arc::clone(&self.buffers);
        self.with("read", move |file| {
            let mut buffer = Buffer::of(buffers);
            let read = file.read_at(buffer.room(length), offset)?;
            Ok(buffer.filled(read))
        })
    }

    fn write(&self, offset: u64, bytes: Bytes) -> FileFuture<'_, ()> {
        self.with("write", move |file| file.write_all_at(&bytes, offset))
    }

    fn read_size(&self) -> u32 {
        PIECE
    }

    fn write_size(&self) -> u32 {
        PIECE
    }

    fn reads_at_once(&self) -> usize {
        READS_AT_ONCE
    }

    fn sync(&self) -> FileFuture<'_, bool> {
        self.with("sync", |file| file.sync_all().map(|()| true))
    }

    fn close(&self) -> FileFuture<'_, ()> {
        // The system closes it with the last reference.
        Box::pin(std::future::ready(Ok(())))
    }
}
