//! Requests and replies over one stream: many at once, told apart by their numbers.

use super::wire::{self, Packet, Reply, Request};
use bytes::{Buf, Bytes, BytesMut};
use farwire_model::transfer::{FileStatus, FilesError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Requests under way at once. With reads of 256 KiB: 16 MiB, which fills a link of 1 Gbit/s at 100 ms.
pub const MAX_REQUESTS: usize = 64;
/// Packets waiting to be written. Requests take one place each; the rest is for closing what nobody waits for. Full: the
/// asker waits, and a handle nobody waits for stays open until the link ends.
const OUTGOING: usize = 4 * MAX_REQUESTS;
/// The longest the server may take for its first packet.
const HELLO_LIMIT: Duration = Duration::from_secs(30);
/// With requests under way, a link on which nothing moves for this long, twice in a row, is lost.
const STALL: Duration = Duration::from_secs(30);
/// How much is read at once while no packet says how long it is.
const READ_BYTES: usize = 64 * 1024;

/// The way to a server. Dropping the last one ends it.
#[derive(Debug)]
pub struct Link {
    outgoing: mpsc::Sender<Packet>,
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Shared {
    pending: Mutex<Pending>,
    /// Grows with everything that moves.
    moved: AtomicU64,
    cancel: CancellationToken,
}

#[derive(Debug, Default)]
struct Pending {
    next: u32,
    waiting: HashMap<u32, Waiting>,
    /// Why there are no more replies.
    ended: Option<FilesError>,
}

#[derive(Debug)]
struct Waiting {
    /// None where nobody wants to know.
    reply: Option<oneshot::Sender<Reply>>,
    /// The request's place among those at once, until it is answered, whether or not somebody still waits.
    _place: Option<OwnedSemaphorePermit>,
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why it is over; the first reason stays.
    fn end(&self, status: FileStatus, message: &str) {
        let mut pending = self.pending();
        let error = FilesError::new(status, message);
        pending.ended.get_or_insert(error);
        // Whoever waits finds its sender gone.
        pending.waiting.clear();
        drop(pending);
        self.cancel.cancel();
    }
}

impl Pending {
    fn add(&mut self, waiting: Waiting) -> u32 {
        loop {
            self.next = self.next.wrapping_add(1);
            if !self.waiting.contains_key(&self.next) {
                self.waiting.insert(self.next, waiting);
                return self.next;
            }
        }
    }
}

impl Link {
    /// Greets the server. Answers the names of its extensions too.
    ///
    /// # Errors
    /// `ConnectionLost`, `BadMessage`: it does not speak SFTP version 3.
    pub async fn start<S>(mut stream: S) -> Result<(Self, Vec<Bytes>), FilesError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut buffer = BytesMut::new();
        let hello = tokio::time::timeout(HELLO_LIMIT, hello(&mut stream, &mut buffer)).await;
        let extensions = hello.map_err(|_| {
            let secs = HELLO_LIMIT.as_secs();
            let message = format!("the server's file service said nothing for {secs} s");
            FilesError::new(FileStatus::ConnectionLost, message)
        })??;
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            moved: AtomicU64::new(0),
            cancel: CancellationToken::new(),
        });
        let (outgoing, packets) = mpsc::channel(OUTGOING);
        let (reader, writer) = tokio::io::split(stream);
        let tasks = TaskTracker::new();
        tasks.spawn(write(writer, packets, Arc::clone(&shared)));
        let closing = outgoing.downgrade();
        tasks.spawn(read(reader, buffer, closing, Arc::clone(&shared)));
        tasks.close();
        let link = Self {
            outgoing,
            shared,
            room: Arc::new(Semaphore::new(MAX_REQUESTS)),
            tasks,
        };
        Ok((link, extensions))
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// Why the link ended.
    pub async fn ask(&self, request: Request) -> Result<Reply, FilesError> {
        let lost = |_| self.lost();
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let slot = tokio::select! {
            slot = self.outgoing.reserve() => slot.map_err(|_| self.lost())?,
            () = self.shared.cancel.cancelled() => return Err(self.lost()),
        };
        let (sender, receiver) = oneshot::channel();
        {
            let mut pending = self.shared.pending();
            if let Some(error) = &pending.ended {
                return Err(error.clone());
            }
            let id = pending.add(Waiting {
                reply: Some(sender),
                _place: place,
            });
            slot.send(request.numbered(id));
        }
        receiver.await.map_err(lost)
    }

    /// Closes a handle without waiting.
    pub fn close_later(&self, handle: &Bytes) {
        close_later(&self.shared, &self.outgoing, handle);
    }

    /// Resolves when there will be no more replies, with the reason.
    pub async fn ended(&self) -> FilesError {
        self.shared.cancel.cancelled().await;
        self.lost()
    }

    /// Ends it and waits until the stream is let go of.
    pub async fn close(&self) {
        self.shared.end(
            FileStatus::NoConnection,
            "the connection for files was closed",
        );
        self.tasks.wait().await;
    }

    fn lost(&self) -> FilesError {
        let ended = self.shared.pending().ended.clone();
        ended.unwrap_or_else(|| {
            FilesError::new(
                FileStatus::ConnectionLost,
                "the connection for files is gone",
            )
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.end(
            FileStatus::NoConnection,
            "the connection for files was closed",
        );
    }
}

fn close_later(shared: &Shared, outgoing: &mpsc::Sender<Packet>, handle: &Bytes) {
    let mut pending = shared.pending();
    if pending.ended.is_some() {
        return;
    }
    let id = pending.add(Waiting {
        reply: None,
        _place: None,
    });
    let packet = Request::new(wire::CLOSE).string(handle).numbered(id);
    if outgoing.try_send(packet).is_err() {
        pending.waiting.remove(&id);
    }
}

async fn hello<S>(stream: &mut S, buffer: &mut BytesMut) -> Result<Vec<Bytes>, FilesError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let lost = |error: std::io::Error| {
        let message = format!("the server's file service went away: {error}");
        FilesError::new(FileStatus::ConnectionLost, message)
    };
    let bad = |message: &str| FilesError::new(FileStatus::BadMessage, message);
    stream.write_all(&wire::init()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let first = loop {
        match wire::packet(buffer) {
            Ok(Some(packet)) => break packet,
            Ok(None) => {}
            Err(_)
                if buffer
                    .iter()
                    .take(4)
                    .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | 27)) =>
            {
                return Err(bad(
                    "the account's login script prints text, which stands in the way of files: let it print nothing where there is no terminal",
                ));
            }
            Err(_) => return Err(bad("what answers is no SFTP server")),
        }
        if stream.read_buf(buffer).await.map_err(lost)? == 0 {
            let message =
                "the server ended its file service at once: it may not be allowed for this account";
            return Err(FilesError::new(FileStatus::ConnectionLost, message));
        }
    };
    match wire::version(first) {
        Ok((3.., extensions)) => Ok(extensions),
        Ok((version, _)) => {
            let message =
                format!("the server speaks version {version} of SFTP only, and 3 is needed");
            Err(bad(&message))
        }
        Err(_) => Err(bad("what answers is no SFTP server")),
    }
}

async fn write<W: AsyncWrite + Unpin>(
    writer: W,
    mut packets: mpsc::Receiver<Packet>,
    shared: Arc<Shared>,
) {
    // Many small requests leave as one piece.
    let mut writer = BufWriter::with_capacity(32 * 1024, writer);
    let writing = async {
        while let Some(Packet(head, mut content)) = packets.recv().await {
            writer.write_all(&head).await?;
            shared.moved.fetch_add(1, Ordering::Relaxed);
            while content.has_remaining() {
                writer.write_buf(&mut content).await?;
                shared.moved.fetch_add(1, Ordering::Relaxed);
            }
            if packets.is_empty() {
                writer.flush().await?;
            }
        }
        std::io::Result::Ok(())
    };
    tokio::select! {
        written = writing => if let Err(error) = written {
            let message = format!("the connection for files was lost: {error}");
            shared.end(FileStatus::ConnectionLost, &message);
        },
        () = shared.cancel.cancelled() => {}
    }
    // The other side learns that nothing more comes.
    let _ = tokio::time::timeout(Duration::from_secs(1), writer.get_mut().shutdown()).await;
}

async fn read<R: AsyncRead + Unpin>(
    mut reader: R,
    mut buffer: BytesMut,
    closing: mpsc::WeakSender<Packet>,
    shared: Arc<Shared>,
) {
    let mut moved = 0;
    loop {
        match take_replies(&mut buffer, &closing, &shared) {
            Ok(()) => {}
            Err(message) => return shared.end(FileStatus::BadMessage, message),
        }
        if buffer.capacity() == buffer.len() {
            buffer.reserve(READ_BYTES);
        }
        let reading = tokio::time::timeout(STALL, reader.read_buf(&mut buffer));
        let read = tokio::select! {
            read = reading => read,
            () = shared.cancel.cancelled() => return,
        };
        match read {
            Ok(Ok(0)) => {
                return shared.end(
                    FileStatus::ConnectionLost,
                    "the server ended the connection for files",
                );
            }
            Ok(Ok(_)) => {
                shared.moved.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Err(error)) => {
                let message = format!("the connection for files was lost: {error}");
                return shared.end(FileStatus::ConnectionLost, &message);
            }
            Err(_) => {
                let now = shared.moved.load(Ordering::Relaxed);
                if now == moved && !shared.pending().waiting.is_empty() {
                    let secs = 2 * STALL.as_secs();
                    let message = format!("the server has not answered for up to {secs} s");
                    return shared.end(FileStatus::ConnectionLost, &message);
                }
                moved = now;
            }
        }
    }
}

fn take_replies(
    buffer: &mut BytesMut,
    closing: &mpsc::WeakSender<Packet>,
    shared: &Shared,
) -> Result<(), &'static str> {
    const BROKEN: &str = "the server's file service sent something that is no SFTP";
    while let Some(packet) = wire::packet(buffer).map_err(|_| BROKEN)? {
        let (id, reply) = wire::reply(packet).map_err(|_| BROKEN)?;
        let waiting = shared.pending().waiting.remove(&id);
        let waiting = waiting.ok_or("the server's file service answered what nobody asked")?;
        let Some(sender) = waiting.reply else {
            continue;
        };
        // Who asked went away: what was opened for him is closed.
        if let Err(Reply::Handle(handle)) = sender.send(reply)
            && let Some(outgoing) = closing.upgrade()
        {
            close_later(shared, &outgoing, &handle);
        }
    }
    Ok(())
}
