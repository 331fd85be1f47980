//! Bytes from an open file to another, many requests at once.

use bytes::Bytes;
use farwire_model::transfer::{FileFuture, FileStatus, FilesError, OpenFile};
use futures_util::stream::{self, FuturesOrdered, Stream};
use futures_util::{FutureExt, StreamExt};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Requests of one file under way at once: with 256 KiB each they fill a link of 1 Gbit/s at 100 ms.
pub(super) const AT_ONCE: usize = 64;
/// The most bytes of one file that are written and not acknowledged. After a broken transfer at most so many before the end
/// of what is there may be missing.
pub(super) const UNSURE_BYTES: u64 = 4 * 1024 * 1024;

/// The content from `offset` to before `end`, piece by piece in order; it ends early where the file does.
pub fn content(
    file: Arc<dyn OpenFile>,
    offset: u64,
    end: u64,
) -> impl Stream<Item = Result<Bytes, FilesError>> + Send + 'static {
    let size = u64::from(file.read_size());
    let step = usize::try_from(size).unwrap_or(usize::MAX);
    let pieces = (offset..end).step_by(step).map(move |from| {
        let length = size.min(end - from);
        whole(Arc::clone(&file), from, length)
    });
    stream::iter(pieces).buffered(AT_ONCE)
}

/// Asks again for what a server left out of a piece.
async fn whole(file: Arc<dyn OpenFile>, from: u64, length: u64) -> Result<Bytes, FilesError> {
    let ask = |from, length| file.read(from, u32::try_from(length).unwrap_or(u32::MAX));
    let first = ask(from, length).await?;
    let mut got = first.len() as u64;
    if got == length || got == 0 {
        return Ok(first);
    }
    let mut bytes = first.to_vec();
    while got < length {
        let more = ask(from + got, length - got).await?;
        if more.is_empty() {
            break;
        }
        bytes.extend_from_slice(&more);
        got = bytes.len() as u64;
    }
    Ok(bytes.into())
}

/// Writes that are under way to one file, in order and bounded.
pub(super) struct Writes<'a> {
    file: &'a dyn OpenFile,
    offset: u64,
    at_once: usize,
    under_way: FuturesOrdered<FileFuture<'a, u64>>,
}

impl<'a> Writes<'a> {
    /// Begins to write at an offset.
    pub fn new(file: &'a dyn OpenFile, offset: u64) -> Self {
        let most = UNSURE_BYTES / u64::from(file.write_size().max(1));
        Self {
            file,
            offset,
            at_once: usize::try_from(most).unwrap_or(AT_ONCE).clamp(1, AT_ONCE),
            under_way: FuturesOrdered::new(),
        }
    }

    /// Writes bytes behind the earlier ones, and waits while too much is under way. Answers how many bytes more are there.
    pub async fn put(&mut self, mut bytes: Bytes) -> Result<u64, FilesError> {
        let size = usize::try_from(self.file.write_size()).unwrap_or(usize::MAX);
        let mut done = 0;
        while !bytes.is_empty() {
            if self.under_way.len() >= self.at_once {
                done += self.next().await?;
            }
            let part = bytes.split_to(size.min(bytes.len()));
            let from = self.offset;
            let length = part.len() as u64;
            self.offset += length;
            let file = self.file;
            self.under_way.push_back(Box::pin(async move {
                file.write(from, part).await.map(|()| length)
            }));
        }
        // A request leaves when it is first looked at; what is acknowledged by now is taken along.
        while let Some(Some(written)) = self.under_way.next().now_or_never() {
            done += written?;
        }
        Ok(done)
    }

    /// Waits for the first one that is under way.
    async fn next(&mut self) -> Result<u64, FilesError> {
        self.under_way.next().await.unwrap_or(Ok(0))
    }

    /// Waits for all of them. Answers how many bytes more are there.
    pub async fn finish(&mut self) -> Result<u64, FilesError> {
        let mut done = 0;
        while !self.under_way.is_empty() {
            done += self.next().await?;
        }
        Ok(done)
    }
}

/// Copies what lies between two offsets; `told` hears of bytes that are there. A source that became shorter is an error.
pub(super) async fn copy(
    from: &Arc<dyn OpenFile>,
    to: &dyn OpenFile,
    offset: u64,
    end: u64,
    told: impl Fn(u64),
) -> Result<(), FilesError> {
    let mut pieces = std::pin::pin!(content(Arc::clone(from), offset, end));
    let mut writes = Writes::new(to, offset);
    let mut read = offset;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        read += piece.len() as u64;
        told(writes.put(piece).await?);
    }
    told(writes.finish().await?);
    if read < end {
        let message = "the source became shorter while it was copied: try again";
        return Err(FilesError::new(FileStatus::Failure, message));
    }
    Ok(())
}

/// The SHA-256 of a file's first bytes.
pub(super) async fn digest(file: &Arc<dyn OpenFile>, end: u64) -> Result<[u8; 32], FilesError> {
    let mut pieces = std::pin::pin!(content(Arc::clone(file), 0, end));
    let mut sha = Sha256::new();
    while let Some(piece) = pieces.next().await {
        sha.update(piece?);
    }
    Ok(sha.finalize().into())
}
