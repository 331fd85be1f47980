//! What can be done with the paths of a server.

use super::file::RemoteFile;
use super::link::Link;
use super::wire::{self, Named, Reply, Request};
use crate::connection::Connection;
use bytes::Bytes;
use farwire_model::transfer::{
    Attributes, FileEntry, FileFuture, FileStatus, Files, FilesError, Links, Open, OpenFile,
    Program, RemotePath, Space, is_name,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// The most bytes of one read: what fits into a packet, and OpenSSH's own limit.
const MAX_READ: u32 = 255 * 1024;
/// What every server can do (section 3).
const SURE_READ: u32 = 32 * 1024;
/// The most bytes of one write, where the server says that it takes so many: each takes an answer, and wakes both sides.
const MAX_WRITE: u32 = 255 * 1024;
/// What every server takes.
const SURE_WRITE: u32 = 32 * 1024;
/// Requests for parts of a folder under way at once. OpenSSH answers a hundred entries each.
const LISTINGS: usize = 8;
/// A folder with more entries is not listed: a server that never ends would fill the memory.
const MAX_ENTRIES: usize = 1_000_000;
/// And so would one with long names.
const MAX_ENTRY_BYTES: usize = 128 * 1024 * 1024;
/// The most characters of a server's words in a message.
const MAX_WORDS: usize = 200;
/// The longest account name that is shown.
const MAX_OWNER_CHARS: usize = 64;

/// The files of a server, over SFTP.
#[derive(Debug)]
pub struct Sftp {
    link: Arc<Link>,
    extensions: Vec<Bytes>,
    read_size: u32,
    write_size: u32,
    round_trip: Duration,
    // Where commands are run, too.
    connection: Option<Weak<Connection>>,
}

impl Sftp {
    /// Speaks to an SFTP server at the other end of a stream.
    ///
    /// # Errors
    /// `ConnectionLost` and `BadMessage`: what answers is no SFTP server.
    pub async fn start<S>(stream: S) -> Result<Self, FilesError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let greeted = Instant::now();
        let (link, extensions) = Link::start(stream).await?;
        let mut sftp = Self {
            link: Arc::new(link),
            extensions,
            read_size: SURE_READ,
            write_size: SURE_WRITE,
            round_trip: greeted.elapsed(),
            connection: None,
        };
        if sftp.has("limits@openssh.com") {
            let request = Request::extended("limits@openssh.com");
            let asked = Instant::now();
            let answer = sftp.link.ask(request).await?;
            // The greeting waited for the service to start, too.
            sftp.round_trip = sftp.round_trip.min(asked.elapsed());
            if let Reply::Extended(answer) = answer
                && let Ok([_, read, write]) = wire::numbers(answer)
            {
                // 0 stands for no limit of its own.
                let within = |limit: u64, most: u32| match u32::try_from(limit) {
                    Ok(0) | Err(_) => most,
                    Ok(limit) => limit.min(most),
                };
                sftp.read_size = within(read, MAX_READ);
                sftp.write_size = within(write, MAX_WRITE);
            }
        }
        Ok(sftp)
    }

    /// Runs commands over a connection, too.
    pub(crate) fn beside(self, connection: &Arc<Connection>) -> Self {
        Self {
            connection: Some(Arc::downgrade(connection)),
            ..self
        }
    }

    /// Resolves when the connection is gone, with the reason.
    pub async fn ended(&self) -> FilesError {
        self.link.ended().await
    }

    /// Ends the connection and lets go of the stream.
    pub async fn close(&self) {
        self.link.close().await;
    }

    fn has(&self, extension: &str) -> bool {
        let mut known = self.extensions.iter();
        known.any(|known| known == extension.as_bytes())
    }

    async fn do_with(&self, kind: u8, path: &RemotePath, what: &str) -> Result<(), FilesError> {
        let request = Request::new(kind).string(path.as_bytes());
        done(self.link.ask(request).await?, || format!("{what} {path}"))
    }

    /// Asks for the one path that answers.
    async fn path_of(&self, kind: u8, path: &RemotePath) -> Result<RemotePath, FilesError> {
        let attempt = || format!("resolve {path}");
        let request = Request::new(kind).string(path.as_bytes());
        match self.link.ask(request).await? {
            Reply::Names(names) => match names.into_iter().next() {
                Some(named) => RemotePath::new(named.name).map_err(|_| unexpected(attempt)),
                None => Err(unexpected(attempt)),
            },
            Reply::Status(code, words) => Err(refused(code, &words, attempt)),
            _ => Err(unexpected(attempt)),
        }
    }

    async fn handle(
        &self,
        request: Request,
        attempt: impl Fn() -> String,
    ) -> Result<Bytes, FilesError> {
        match self.link.ask(request).await? {
            Reply::Handle(handle) => Ok(handle),
            Reply::Status(code, words) => Err(refused(code, &words, attempt)),
            _ => Err(unexpected(attempt)),
        }
    }

    async fn entries(&self, folder: &RemotePath) -> Result<Vec<FileEntry>, FilesError> {
        let attempt = || format!("list {folder}");
        let opened = Request::new(wire::OPENDIR).string(folder.as_bytes());
        let listing = Listing {
            link: Arc::clone(&self.link),
            handle: self.handle(opened, attempt).await?,
        };
        let ask = || {
            listing
                .link
                .ask(Request::new(wire::READDIR).string(&listing.handle))
        };
        let mut asked: FuturesUnordered<_> = (0..LISTINGS).map(|_| ask()).collect();
        let mut entries = Vec::new();
        let mut held = 0;
        let mut is_whole = false;
        while let Some(reply) = asked.next().await {
            match reply? {
                Reply::Names(names) if !names.is_empty() => {
                    for named in names {
                        let Some(entry) = entry(named, attempt)? else {
                            continue;
                        };
                        held += entry.name.len();
                        entries.push(entry);
                    }
                    if entries.len() > MAX_ENTRIES || held > MAX_ENTRY_BYTES {
                        let message = format!(
                            "could not {}: it has more than {MAX_ENTRIES} entries",
                            attempt()
                        );
                        return Err(FilesError::new(FileStatus::Failure, message));
                    }
                    if !is_whole {
                        asked.push(ask());
                    }
                }
                Reply::Status(1, _) => is_whole = true,
                Reply::Status(code, words) => return Err(refused(code, &words, attempt)),
                _ => return Err(unexpected(attempt)),
            }
        }
        Ok(entries)
    }
}

/// An open folder, closed when it is dropped.
struct Listing {
    link: Arc<Link>,
    handle: Bytes,
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.link.close_later(&self.handle);
    }
}

impl Files for Sftp {
    fn home(&self) -> FileFuture<'_, RemotePath> {
        Box::pin(async {
            let here = RemotePath::parse("~")
                .map_err(|_| unexpected(|| "find the home folder".to_owned()))?;
            self.path_of(wire::REALPATH, &here).await
        })
    }

    fn real_path<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath> {
        Box::pin(self.path_of(wire::REALPATH, path))
    }

    fn list<'a>(&'a self, folder: &'a RemotePath) -> FileFuture<'a, Vec<FileEntry>> {
        Box::pin(self.entries(folder))
    }

    fn attributes<'a>(&'a self, path: &'a RemotePath, links: Links) -> FileFuture<'a, Attributes> {
        Box::pin(async move {
            let kind = match links {
                Links::Follow => wire::STAT,
                Links::Keep => wire::LSTAT,
            };
            let request = Request::new(kind).string(path.as_bytes());
            attributes_of(self.link.ask(request).await?, || format!("look at {path}"))
        })
    }

    fn set_attributes<'a>(
        &'a self,
        path: &'a RemotePath,
        attributes: &'a Attributes,
    ) -> FileFuture<'a, ()> {
        Box::pin(async move {
            let request = Request::new(wire::SETSTAT).string(path.as_bytes());
            let reply = self.link.ask(request.attributes(attributes)).await?;
            done(reply, || format!("set permissions or times of {path}"))
        })
    }

    fn read_link<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, RemotePath> {
        Box::pin(self.path_of(wire::READLINK, path))
    }

    fn make_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        Box::pin(async move {
            let request = Request::new(wire::MKDIR).string(path.as_bytes());
            let reply = self
                .link
                .ask(request.attributes(&Attributes::default()))
                .await?;
            done(reply, || format!("make the folder {path}"))
        })
    }

    fn remove_folder<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        Box::pin(self.do_with(wire::RMDIR, path, "remove the folder"))
    }

    fn remove_file<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, ()> {
        Box::pin(self.do_with(wire::REMOVE, path, "remove"))
    }

    fn rename<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()> {
        Box::pin(async move {
            let request = Request::new(wire::RENAME);
            let request = request.string(from.as_bytes()).string(to.as_bytes());
            let attempt = || format!("rename {from} to {to}");
            done(self.link.ask(request).await?, attempt)
        })
    }

    fn replace<'a>(&'a self, from: &'a RemotePath, to: &'a RemotePath) -> FileFuture<'a, ()> {
        const EXTENSION: &str = "posix-rename@openssh.com";
        Box::pin(async move {
            if self.has(EXTENSION) {
                let request = Request::extended(EXTENSION);
                let request = request.string(from.as_bytes()).string(to.as_bytes());
                let attempt = || format!("rename {from} to {to}");
                return done(self.link.ask(request).await?, attempt);
            }
            let renamed = self.rename(from, to).await;
            match renamed {
                // The protocol's own renaming refuses what is there. For a moment there is no file of that name then.
                Err(error)
                    if error.status == FileStatus::Failure
                        && self.attributes(to, Links::Keep).await.is_ok() =>
                {
                    self.remove_file(to).await?;
                    self.rename(from, to).await
                }
                renamed => renamed,
            }
        })
    }

    fn open<'a>(&'a self, path: &'a RemotePath, how: Open) -> FileFuture<'a, Arc<dyn OpenFile>> {
        Box::pin(async move {
            let (flags, mode) = match how {
                Open::Read => (wire::OPEN_READ, None),
                // What was written is read again where it is to be compared.
                Open::Write => (wire::OPEN_READ | wire::OPEN_WRITE, None),
                Open::Create { permissions } => {
                    let flags = wire::OPEN_READ
                        | wire::OPEN_WRITE
                        | wire::OPEN_CREATE
                        | wire::OPEN_EXCLUSIVE;
                    (flags, Some(permissions & 0o7777))
                }
            };
            let attributes = Attributes {
                mode,
                ..Attributes::default()
            };
            let request = Request::new(wire::OPEN).string(path.as_bytes());
            let request = request.u32(flags).attributes(&attributes);
            let handle = self.handle(request, || format!("open {path}")).await?;
            let file: Arc<dyn OpenFile> = Arc::new(RemoteFile {
                link: Arc::clone(&self.link),
                handle,
                path: path.clone(),
                read_size: self.read_size,
                write_size: self.write_size,
                can_sync: self.has("fsync@openssh.com"),
                is_closed: AtomicBool::new(false),
            });
            Ok(file)
        })
    }

    fn space<'a>(&'a self, path: &'a RemotePath) -> FileFuture<'a, Option<Space>> {
        const EXTENSION: &str = "statvfs@openssh.com";
        Box::pin(async move {
            if !self.has(EXTENSION) {
                return Ok(None);
            }
            let attempt = || format!("ask for the room at {path}");
            let request = Request::extended(EXTENSION).string(path.as_bytes());
            match self.link.ask(request).await? {
                Reply::Extended(answer) => {
                    // Block size, fragment size, then in fragments: all, free, free for this account.
                    let [_, fragment, all, _, free] =
                        wire::numbers(answer).map_err(|_| unexpected(attempt))?;
                    Ok(Some(Space {
                        total: all.saturating_mul(fragment),
                        free: free.saturating_mul(fragment),
                    }))
                }
                Reply::Status(code, words) => Err(refused(code, &words, attempt)),
                _ => Err(unexpected(attempt)),
            }
        })
    }

    fn round_trip(&self) -> Duration {
        self.round_trip
    }

    fn run<'a>(&'a self, command: &'a [u8]) -> FileFuture<'a, Box<dyn Program>> {
        Box::pin(async move {
            let connection = self.connection.as_ref().and_then(Weak::upgrade);
            let refused = |message: String| FilesError::new(FileStatus::Unsupported, message);
            let connection =
                connection.ok_or_else(|| refused("there is nobody to run a command".to_owned()))?;
            let started = connection.program(command).await;
            started.map_err(|error| refused(error.message))
        })
    }
}

/// An entry, where it is one of the folder's own; a server that names something else is not believed at all.
fn entry(named: Named, attempt: impl Fn() -> String) -> Result<Option<FileEntry>, FilesError> {
    if matches!(&named.name[..], b"." | b"..") {
        return Ok(None);
    }
    if !is_name(&named.name) {
        let message = format!(
            "could not {}: the server names an entry that lies elsewhere",
            attempt()
        );
        return Err(FilesError::new(FileStatus::BadMessage, message));
    }
    Ok(Some(FileEntry {
        // Copied, so that the packet it came in is not held.
        name: named.name.to_vec(),
        owner_names: owner_names(&named.long),
        attributes: named.attributes,
    }))
}

/// The third and fourth word of `-rw-r--r--    1 root     users ...`, the form section 7 recommends.
fn owner_names(long: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(long);
    let mut words = text.split_ascii_whitespace();
    let mode = words.next()?;
    if !(10..=11).contains(&mode.len()) || !mode.starts_with(['-', 'd', 'l', 'b', 'c', 'p', 's']) {
        return None;
    }
    let mut word = |index| Some(words.nth(index)?.chars().take(MAX_OWNER_CHARS).collect());
    Some((word(1)?, word(0)?))
}

/// Success, or why not.
pub(super) fn done(reply: Reply, attempt: impl Fn() -> String) -> Result<(), FilesError> {
    match reply {
        Reply::Status(0, _) => Ok(()),
        Reply::Status(code, words) => Err(refused(code, &words, attempt)),
        _ => Err(unexpected(attempt)),
    }
}

pub(super) fn attributes_of(
    reply: Reply,
    attempt: impl Fn() -> String,
) -> Result<Attributes, FilesError> {
    match reply {
        Reply::Attributes(attributes) => Ok(attributes),
        Reply::Status(code, words) => Err(refused(code, &words, attempt)),
        _ => Err(unexpected(attempt)),
    }
}

/// What the server said, in our words and in its own.
pub(super) fn refused(code: u32, words: &[u8], attempt: impl Fn() -> String) -> FilesError {
    let status = FileStatus::of(code);
    let words: String = String::from_utf8_lossy(words)
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_WORDS)
        .collect();
    let reason = match status {
        FileStatus::NoSuchFile => "there is no such file or folder".to_owned(),
        FileStatus::PermissionDenied => "this account is not allowed to".to_owned(),
        FileStatus::Unsupported => "the server cannot do that".to_owned(),
        _ if words.is_empty() => "the server refused without a reason".to_owned(),
        _ => format!("the server said {words:?}"),
    };
    FilesError::new(status, format!("could not {}: {reason}", attempt()))
}

pub(super) fn unexpected(attempt: impl Fn() -> String) -> FilesError {
    let message = format!(
        "could not {}: the server answered something else",
        attempt()
    );
    FilesError::new(FileStatus::BadMessage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_read_from_the_long_form() {
        let long = b"-rw-r--r--    1 anna     users        12 Jan  1 00:00 a b";
        let expected = Some(("anna".to_owned(), "users".to_owned()));
        assert_eq!(owner_names(long), expected);
        for other in [&b""[..], b"a b c d", b"-rw-r--r--", b"-rw-r--r-- 1 anna"] {
            assert_eq!(owner_names(other), None);
        }
    }

    #[test]
    fn a_servers_words_are_cut_and_cleaned() {
        let words = [b"\x1b[2Jno\n".to_vec(), vec![b'x'; 1000]].concat();
        let error = refused(4, &words, || "list /".to_owned());
        assert_eq!(error.status, FileStatus::Failure);
        assert!(error.message.len() < 260 && !error.message.contains(['\x1b', '\n']));
    }
}
