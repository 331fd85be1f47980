//! Bytes from an open file to another, many requests at once.

use super::spread::Spread;
use bytes::Bytes;
use farwire_model::transfer::{FileFuture, FileStatus, FilesError, OpenFile};
use futures_util::stream::{self, FuturesOrdered, Stream};
use futures_util::{FutureExt, StreamExt};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Writes of one file under way at once on each link.
pub(super) const AT_ONCE: usize = 64;
/// The most bytes of one file that are written and not acknowledged. After a broken transfer at most so many before the end
/// of what is there may be missing.
pub(super) const UNSURE_BYTES: u64 = 4 << 20;
/// The same for the largest files: four links of 80 MiB/s each at 50 ms.
const MOST_UNSURE_BYTES: u64 = 16 << 20;

/// The most bytes of a file of this size that are written and not acknowledged: a fortieth of it, so that what was broken off
/// repeats little, and as many as the links need where that allows. The next try may go another way: nothing else decides.
pub(super) fn unsure_bytes(size: u64) -> u64 {
    (size / 40).clamp(UNSURE_BYTES, MOST_UNSURE_BYTES)
}

/// The content from `offset` to before `end`, piece by piece in order; it ends early where the file does.
pub fn content(
    file: Arc<dyn OpenFile>,
    offset: u64,
    end: u64,
) -> impl Stream<Item = Result<Bytes, FilesError>> + Send + 'static {
    let reads = Reads::new(&Spread::new(file), offset, end);
    stream::unfold(reads, async |mut reads| Some((reads.next().await?, reads)))
}

/// Reads that are under way, over all links no more than one is worth: what comes before its turn waits in memory, and is lost with
/// a broken transfer. What they bring comes in order.
struct Reads {
    file: Arc<Spread>,
    from: u64,
    end: u64,
    under_way: FuturesOrdered<FileFuture<'static, Bytes>>,
}

impl Reads {
    fn new(file: &Arc<Spread>, from: u64, end: u64) -> Self {
        Self {
            file: Arc::clone(file),
            from,
            end,
            under_way: FuturesOrdered::new(),
        }
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Option<Result<Bytes, FilesError>> {
        let at_once = self.file.first.reads_at_once();
        while self.from < self.end && self.under_way.len() < at_once {
            let size = u64::from(self.file.first.read_size().max(1));
            let length = size.min(self.end - self.from);
            let piece = whole(Arc::clone(&self.file), self.from, length);
            self.under_way.push_back(Box::pin(piece));
            self.from += length;
        }
        self.under_way.next().await
    }
}

/// Asks again for what a server left out of a piece.
async fn whole(file: Arc<Spread>, from: u64, length: u64) -> Result<Bytes, FilesError> {
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
    file: &'a Spread,
    offset: u64,
    unsure: u64,
    under_way: FuturesOrdered<FileFuture<'a, u64>>,
}

impl<'a> Writes<'a> {
    /// Begins to write at an offset, with at most so many bytes under way.
    pub fn new(file: &'a Spread, offset: u64, unsure: u64) -> Self {
        Self {
            file,
            offset,
            unsure,
            under_way: FuturesOrdered::new(),
        }
    }

    /// Writes bytes behind the earlier ones, and waits while too much is under way. Answers how many bytes more are there.
    pub async fn put(&mut self, mut bytes: Bytes) -> Result<u64, FilesError> {
        let size = u64::from(self.file.first.write_size().max(1));
        let most = usize::try_from(self.unsure / size).unwrap_or(usize::MAX);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let at_once = most.clamp(1, self.file.writes_at_once());
        let mut done = 0;
        while !bytes.is_empty() {
            if self.under_way.len() >= at_once {
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

/// Copies what lies between two offsets, with at most `unsure` bytes written and not acknowledged; `told` hears of bytes that
/// are there. A source that became shorter is an error.
pub(super) async fn copy(
    from: &Arc<Spread>,
    to: &Spread,
    offset: u64,
    end: u64,
    unsure: u64,
    told: impl Fn(u64),
) -> Result<(), FilesError> {
    let mut pieces = Reads::new(from, offset, end);
    let mut writes = Writes::new(to, offset, unsure);
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
pub(super) async fn digest(file: &Arc<Spread>, end: u64) -> Result<[u8; 32], FilesError> {
    let mut pieces = Reads::new(file, 0, end);
    let mut sha = Sha256::new();
    while let Some(piece) = pieces.next().await {
        sha.update(piece?);
    }
    Ok(sha.finalize().into())
}
