//! Files of another machine: paths, attributes, and what can be done with them.
//!
//! Names are bytes: a Unix file name need not be text. A [`RemotePath`] carries the exact bytes; its handle is how they
//! travel through JSON, its display form is what people read.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The longest path: Linux's own limit. Longer ones are refused before anything is sent.
pub const MAX_PATH_BYTES: usize = 4096;

/// What every handle begins with. A typed path that begins so can be typed as `./path:…`.
const HANDLE: &str = "path:";

/// Why a text or bytes are no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing in it.
    #[error("a path is empty")]
    Empty,
    /// It is longer than [`MAX_PATH_BYTES`].
    #[error("a path has at most {MAX_PATH_BYTES} bytes")]
    TooLong,
    /// There is a NUL byte in it.
    #[error("a path holds no NUL byte")]
    Nul,
    /// It begins as a handle and is none.
    #[error("the path was changed on its way: send it back as it was answered")]
    BrokenHandle,
}

/// A path on another machine: 1 to 4096 bytes without NUL, parts separated by `/`. A relative one begins in the home folder.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemotePath(Vec<u8>);

impl RemotePath {
    /// The path of these bytes.
    ///
    /// # Errors
    /// `Empty`, `TooLong`, `Nul`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, PathError> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(PathError::Empty);
        }
        if bytes.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if bytes.contains(&0) {
            return Err(PathError::Nul);
        }
        Ok(Self(bytes))
    }

    /// Reads a handle, or a path as a person types it: `~` is the home folder.
    ///
    /// # Errors
    /// As [`RemotePath::new`], and `BrokenHandle`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if let Some(escaped) = text.strip_prefix(HANDLE) {
            return Self::new(unescape(escaped).ok_or(PathError::BrokenHandle)?);
        }
        match text.strip_prefix("~/") {
            _ if text == "~" => Self::new("."),
            Some(inside) => Self::new(["./", inside].concat()),
            None => Self::new(text),
        }
    }

    /// The exact bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The exact bytes as ASCII text, for [`RemotePath::parse`]. Opaque to everybody else.
    pub fn handle(&self) -> String {
        let mut text = String::from(HANDLE);
        for &byte in &self.0 {
            if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
        text
    }

    /// The path of an entry of this folder.
    ///
    /// # Errors
    /// `TooLong`; `Nul` also for a name that is none, see [`is_name`].
    pub fn join(&self, name: &[u8]) -> Result<Self, PathError> {
        if !is_name(name) {
            return Err(PathError::Nul);
        }
        let mut bytes = self.0.clone();
        if bytes.last() != Some(&b'/') {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self::new(bytes)
    }

    /// The last part; none where that is no name, as in `/` or `..`.
    pub fn name(&self) -> Option<&[u8]> {
        let name = self.trimmed().rsplit(|byte| *byte == b'/').next()?;
        is_name(name).then_some(name)
    }

    /// The folder it lies in: `.` for a relative path of one part, `/` for the topmost.
    pub fn parent(&self) -> Self {
        let trimmed = self.trimmed();
        let parent = match trimmed.iter().rposition(|byte| *byte == b'/') {
            None if trimmed.is_empty() => &b"/"[..],
            None => b".",
            Some(0) => b"/",
            Some(slash) => trimmed.get(..slash).unwrap_or(b"/"),
        };
        Self(parent.to_vec())
    }

    /// The same without slashes at its end.
    fn trimmed(&self) -> &[u8] {
        let end = self.0.iter().rposition(|byte| *byte != b'/');
        self.0.get(..end.map_or(0, |end| end + 1)).unwrap_or(&[])
    }
}

/// As people read it: what is no text is shown as U+FFFD, so that two paths can look alike.
impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.handle())
    }
}

impl Serialize for RemotePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.handle())
    }
}

impl<'de> Deserialize<'de> for RemotePath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Whether bytes can name one entry of a folder: not empty, not `.` or `..`, without `/` and NUL. Everything a machine calls
/// an entry is held against this before it becomes part of a path here or there.
pub fn is_name(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes != b"."
        && bytes != b".."
        && !bytes.iter().any(|byte| matches!(byte, 0 | b'/'))
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(left.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    Some(bytes)
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe.
    Other,
}

/// What is known of a file, or is to be set (SFTP version 3, section 5). Absent: not said, or left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bytes.
    pub size: Option<u64>,
    /// Numbers of the owner and of the group.
    pub owner: Option<(u32, u32)>,
    /// Type and permissions, as in `st_mode`.
    pub mode: Option<u32>,
    /// Last read and last changed, in Unix seconds.
    pub times: Option<(u32, u32)>,
}

impl Attributes {
    /// What it is; a server that does not say is taken to speak of a file.
    pub fn kind(&self) -> FileKind {
        match self.mode.map(|mode| mode & 0o170_000) {
            None | Some(0 | 0o100_000) => FileKind::File,
            Some(0o040_000) => FileKind::Folder,
            Some(0o120_000) => FileKind::Link,
            Some(_) => FileKind::Other,
        }
    }

    /// The permissions without the type: at most `0o7777`.
    pub fn permissions(&self) -> Option<u32> {
        self.mode.map(|mode| mode & 0o7777)
    }
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name: see [`is_name`].
    pub name: Vec<u8>,
    /// Its own attributes: a link is not followed.
    pub attributes: Attributes,
    /// The names of owner and group, where the server tells them.
    pub owner_names: Option<(String, String)>,
}

/// How a file operation ended (SFTP version 3, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// 1: nothing more comes.
    Eof,
    /// 2: there is no such file.
    NoSuchFile,
    /// 3: it is not allowed.
    PermissionDenied,
    /// 4: it failed for a reason that has no number.
    Failure,
    /// 5: a message could not be understood.
    BadMessage,
    /// 6: there is no connection.
    NoConnection,
    /// 7: the connection was lost.
    ConnectionLost,
    /// 8: the server cannot do it.
    Unsupported,
}

impl FileStatus {
    /// The protocol's number.
    pub fn code(self) -> u32 {
        match self {
            Self::Eof => 1,
            Self::NoSuchFile => 2,
            Self::PermissionDenied => 3,
            Self::Failure => 4,
            Self::BadMessage => 5,
            Self::NoConnection => 6,
            Self::ConnectionLost => 7,
            Self::Unsupported => 8,
        }
    }

    /// The status of a number other than 0; one that is unknown is a failure.
    pub fn of(code: u32) -> Self {
        match code {
            1 => Self::Eof,
            2 => Self::NoSuchFile,
            3 => Self::PermissionDenied,
            5 => Self::BadMessage,
            6 => Self::NoConnection,
            7 => Self::ConnectionLost,
            8 => Self::Unsupported,
            _ => Self::Failure,
        }
    }

    /// Whether trying again over a new connection can help.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::NoConnection | Self::ConnectionLost)
    }
}

/// A file operation that did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilesError {
    /// How it ended.
    pub status: FileStatus,
    /// What was attempted, on what, and what the server said.
    pub message: String,
}

impl FilesError {
    /// An error of a status.
    pub fn new(status: FileStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

/// What a file operation comes to.
pub type FileFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, FilesError>> + Send + 'a>>;

/// What happens at a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// What it points to is meant.
    Follow,
    /// The link itself is meant.
    Keep,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// To read what is there.
    Read,
    /// To write a new file with these permissions; fails where something is there already, also a link.
    Create {
        /// At most `0o7777`.
        permissions: u32,
    },
    /// To go on writing a file that is there.
    Write,
}

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes altogether.
    pub total: u64,
    /// Bytes this account can still write.
    pub free: u64,
}

/// The files of another machine. Dropping a future leaves nothing open there.
pub trait Files: Send + Sync {
    /// The home folder, absolute.
    fn home(&self) -> FileFuture<'_, RemotePath>;
    /// The same path, absolute and without links.
    fn real_path<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath>;
    /// Every entry of a folder but `.` and `..`, in the server's order.
    fn list<'a>(&'a self, folder: &'a RemotePath) -> FileFuture<'a, Vec<FileEntry>>;
    /// What is known of a file.
    fn attributes<'a>(&'a self, path: &'a RemotePath, links: Links) -> FileFuture<'a, Attributes>;
    /// Sets what is given.
    fn set_attributes<'a>(
        &'a self,
        path: &'a RemotePath,
        attributes: &'a Attributes,
    ) -> FileFuture<'a, ()>;
    /// Where a link points to.
    fn read_link<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath>;
    /// Makes a folder.
    fn make_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()>;
    /// Removes an empty folder.
    fn remove_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()>;
    /// Removes a file or a link.
    fn remove_file<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()>;
    /// Gives a file another name; fails where something is there already.
    fn rename<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()>;
    /// The same, in the place of a file that may be there: in one step where the server can, so that there is always one.
    fn replace<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()>;
    /// Opens a file.
    fn open<'a>(&'a self, path: &'a RemotePath, how: Open) -> FileFuture<'a, Arc<dyn OpenFile>>;
    /// Room where a path lies; none where the server cannot tell.
    fn space<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, Option<Space>>;
    /// How long one answer takes, as it was measured when they were opened; nothing for this computer's own.
    fn round_trip(&self) -> Duration;
    /// Starts a command in the home folder, as a shell there reads it: `Unsupported` where no commands are run.
    fn run<'a>(&'a self, command: &'a [u8]) -> FileFuture<'a, Box<dyn Program>>;
}

/// A program on the machine: what it prints is read, and it reads what is written; shutting that down ends its input. Dropping it
/// leaves the program.
pub trait Program: AsyncRead + AsyncWrite + Send + Unpin {}
impl<P: AsyncRead + AsyncWrite + Send + Unpin> Program for P {}

/// An open file. Reads and writes may run at once; each says where. Dropping it closes it without saying how that went.
pub trait OpenFile: Send + Sync {
    /// What is known of it.
    fn attributes(&self) -> FileFuture<'_, Attributes>;
    /// Sets what is given.
    fn set_attributes<'a>(&'a self, attributes: &'a Attributes) -> FileFuture<'a, ()>;
    /// Reads at most `length` bytes and at most [`OpenFile::read_size`]; fewer, and at the end none, where there are no more.
    fn read(&self, offset: u64, length: u32) -> FileFuture<'_, Bytes>;
    /// Writes all of `bytes`, at most [`OpenFile::write_size`].
    fn write(&self, offset: u64, bytes: Bytes) -> FileFuture<'_, ()>;
    /// The most bytes of one read that are worth asking for.
    fn read_size(&self) -> u32;
    /// The most bytes of one write.
    fn write_size(&self) -> u32;
    /// Reads under way at once that are worth asking for.
    fn reads_at_once(&self) -> usize;
    /// Has the server put it on the disk; `false` where it cannot be asked to.
    fn sync(&self) -> FileFuture<'_, bool>;
    /// Closes it and says whether all went well.
    fn close(&self) -> FileFuture<'_, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(bytes: &[u8]) -> RemotePath {
        RemotePath::new(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn a_handle_carries_the_exact_bytes(bytes in proptest::collection::vec(1_u8.., 1..100)) {
            let path = path(&bytes);
            let handle = path.handle();
            prop_assert!(handle.is_ascii());
            prop_assert_eq!(RemotePath::parse(&handle).unwrap(), path);
        }
    }

    #[test]
    fn typed_paths_and_handles_are_told_apart() {
        for (text, expected) in [
            ("/a b", &b"/a b"[..]),
            ("~", b"."),
            ("~/x", b"./x"),
            ("path:/%FF", b"/\xff"),
            ("./path:/%FF", b"./path:/%FF"),
        ] {
            assert_eq!(RemotePath::parse(text).unwrap().as_bytes(), expected);
        }
        for (text, error) in [
            ("", PathError::Empty),
            ("a\0b", PathError::Nul),
            ("path:/%00", PathError::Nul),
            ("path:/%F", PathError::BrokenHandle),
            ("path:%zz", PathError::BrokenHandle),
            (&"x".repeat(4097), PathError::TooLong),
        ] {
            assert_eq!(RemotePath::parse(text), Err(error), "{text:.20}");
        }
    }

    #[test]
    fn a_path_has_a_name_and_a_folder() {
        for (whole, name, parent) in [
            (&b"/a/b"[..], Some(&b"b"[..]), &b"/a"[..]),
            (b"/a/b//", Some(b"b"), b"/a"),
            (b"/a", Some(b"a"), b"/"),
            (b"a", Some(b"a"), b"."),
            (b"/", None, b"/"),
            (b"/a/..", None, b"/a"),
        ] {
            let path = path(whole);
            assert_eq!((path.name(), path.parent().as_bytes()), (name, parent));
        }
    }

    #[test]
    fn what_is_no_name_becomes_no_part_of_a_path() {
        for name in [
            &b""[..],
            b".",
            b"..",
            b"/etc/passwd",
            b"a/b",
            b"a\0",
            b"../x",
        ] {
            assert!(!is_name(name) && path(b"/in").join(name).is_err());
        }
        assert_eq!(path(b"/").join(b"\xff...").unwrap().as_bytes(), b"/\xff...");
    }
}
