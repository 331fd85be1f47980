//! An open file.

use super::client::{attributes_of, done, refused, unexpected};
use super::link::{Link, MAX_REQUESTS};
use super::wire::{self, Reply, Request};
use bytes::Bytes;
use farwire_model::transfer::{
    Attributes, FileFuture, FileStatus, FilesError, OpenFile, RemotePath,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct RemoteFile {
    pub link: Arc<Link>,
    pub handle: Bytes,
    /// For what is said when something does not work.
    pub path: RemotePath,
    pub read_size: u32,
    pub write_size: u32,
    pub can_sync: bool,
    pub is_closed: AtomicBool,
}

impl RemoteFile {
    fn request(&self, kind: u8) -> Request {
        Request::new(kind).string(&self.handle)
    }
}

impl OpenFile for RemoteFile {
    fn attributes(&self) -> FileFuture<'_, Attributes> {
        Box::pin(async {
            let attempt = || format!("look at {}", self.path);
            let reply = self.link.ask(self.request(wire::FSTAT)).await?;
            attributes_of(reply, attempt)
        })
    }

    fn set_attributes<'a>(&'a self, attributes: &'a Attributes) -> FileFuture<'a, ()> {
        Box::pin(async {
            let request = self.request(wire::FSETSTAT).attributes(attributes);
            let attempt = || format!("set permissions or times of {}", self.path);
            done(self.link.ask(request).await?, attempt)
        })
    }

    fn read(&self, offset: u64, length: u32) -> FileFuture<'_, Bytes> {
        Box::pin(async move {
            let length = length.min(self.read_size);
            let request = self.request(wire::READ).u64(offset).u32(length);
            let attempt = || format!("read {}", self.path);
            match self.link.ask(request).await? {
                Reply::Data(data) if u32::try_from(data.len()).is_ok_and(|got| got <= length) => {
                    Ok(data)
                }
                Reply::Status(1, _) => Ok(Bytes::new()),
                Reply::Status(code, words) => Err(refused(code, &words, attempt)),
                _ => Err(unexpected(attempt)),
            }
        })
    }

    fn write(&self, offset: u64, bytes: Bytes) -> FileFuture<'_, ()> {
        Box::pin(async move {
            let attempt = || format!("write {}", self.path);
            if u32::try_from(bytes.len()).map_or(true, |length| length > self.write_size) {
                let message = format!("could not {}: too much at once", attempt());
                return Err(FilesError::new(FileStatus::Failure, message));
            }
            let request = self.request(wire::WRITE).u64(offset).content(bytes);
            done(self.link.ask(request).await?, attempt)
        })
    }

    fn read_size(&self) -> u32 {
        self.read_size
    }

    fn write_size(&self) -> u32 {
        self.write_size
    }

    fn reads_at_once(&self) -> usize {
        MAX_REQUESTS
    }

    fn sync(&self) -> FileFuture<'_, bool> {
        Box::pin(async {
            if !self.can_sync {
                return Ok(false);
            }
            let request = Request::extended("fsync@openssh.com").string(&self.handle);
            done(self.link.ask(request).await?, || {
                format!("sync {}", self.path)
            })?;
            Ok(true)
        })
    }

    fn close(&self) -> FileFuture<'_, ()> {
        Box::pin(async {
            self.is_closed.store(true, Ordering::Relaxed);
            let reply = self.link.ask(self.request(wire::CLOSE)).await?;
            done(reply, || format!("close {}", self.path))
        })
    }
}

impl Drop for RemoteFile {
    fn drop(&mut self) {
        if !self.is_closed.load(Ordering::Relaxed) {
            self.link.close_later(&self.handle);
        }
    }
}
