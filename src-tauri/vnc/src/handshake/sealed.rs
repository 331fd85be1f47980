//! A stream under AES-EAX: each message has a length, its bytes and a proof (rfbproto, "RSA-AES Security Type").

use super::eax::{Eax, PROOF_BYTES};
use crate::limits::SEALED_BYTES;
use farwire_link::ByteStream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};

/// The length before each message.
const HEADER_BYTES: usize = 2;

/// A stream under AES-EAX. It holds one message in each direction, of 64 KiB at most.
///
/// Cancel safe: what was taken off the stream or accepted for it is kept here.
pub struct Sealed {
    inner: BufReader<Box<dyn ByteStream>>,
    opens: Eax,
    seals: Eax,
    incoming: Incoming,
    /// Sealed bytes, and how many of them are sent.
    outgoing: (Vec<u8>, usize),
}

/// Where reading stands.
enum Incoming {
    /// The message's bytes as far as they have arrived, and how many that are: header, body and proof.
    Sealed(Vec<u8>, usize),
    /// An open message, and how much of it was taken.
    Open(Vec<u8>, usize),
}

impl Sealed {
    /// Goes on over `inner`, from the first message in either direction.
    pub fn new(inner: Box<dyn ByteStream>, opens: Eax, seals: Eax) -> Self {
        Self {
            inner: BufReader::with_capacity(SEALED_BYTES * 2, inner),
            opens,
            seals,
            incoming: Incoming::Sealed(vec![0; HEADER_BYTES], 0),
            outgoing: (Vec::new(), 0),
        }
    }

    /// The stream below. Bytes that arrived already are lost, so this is for when the server waits for us.
    pub fn into_inner(self) -> Box<dyn ByteStream> {
        self.inner.into_inner()
    }

    /// Sends what is sealed, as far as the stream below takes it.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (bytes, sent) = &mut self.outgoing;
        while let Some(rest) = bytes.get(*sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.inner).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *sent += count,
            }
        }
        bytes.clear();
        *sent = 0;
        Poll::Ready(Ok(()))
    }

    fn seal(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        let header = length.to_be_bytes();
        let (bytes, _) = &mut self.outgoing;
        bytes.extend(header);
        bytes.extend(message);
        let body = bytes.get_mut(HEADER_BYTES..).unwrap_or_default();
        let proof = self.seals.seal(&header, body).map_err(io::Error::other)?;
        bytes.extend(proof);
        Ok(())
    }
}

impl AsyncRead for Sealed {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let (bytes, have) = match &mut this.incoming {
                Incoming::Open(message, taken) => {
                    let rest = message.get(*taken..).unwrap_or_default();
                    let count = rest.len().min(buffer.remaining());
                    if count > 0 {
                        buffer.put_slice(rest.get(..count).unwrap_or_default());
                        *taken += count;
                        return Poll::Ready(Ok(()));
                    }
                    if !rest.is_empty() {
                        // There is no room to read into.
                        return Poll::Ready(Ok(()));
                    }
                    let mut header = std::mem::take(message);
                    header.clear();
                    header.resize(HEADER_BYTES, 0);
                    this.incoming = Incoming::Sealed(header, 0);
                    continue;
                }
                Incoming::Sealed(bytes, have) => (bytes, have),
            };
            if let Some(room) = bytes.get_mut(*have..).filter(|room| !room.is_empty()) {
                let mut room = ReadBuf::new(room);
                ready!(Pin::new(&mut this.inner).poll_read(context, &mut room))?;
                match (room.filled().len(), *have) {
                    // The end, between two messages.
                    (0, 0) => return Poll::Ready(Ok(())),
                    (0, _) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    (count, _) => *have += count,
                }
                continue;
            }
            let Some((header, rest)) = bytes.split_first_chunk_mut::<HEADER_BYTES>() else {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            };
            if rest.is_empty() {
                // At least the proof follows.
                let length = usize::from(u16::from_be_bytes(*header));
                bytes.resize(HEADER_BYTES + length + PROOF_BYTES, 0);
                continue;
            }
            let (message, proof) = rest.split_at_mut(rest.len() - PROOF_BYTES);
            this.opens
                .open(header, message, proof)
                .map_err(|_| changed())?;
            let end = bytes.len() - PROOF_BYTES;
            let mut open = std::mem::take(bytes);
            open.truncate(end);
            this.incoming = Incoming::Open(open, HEADER_BYTES);
        }
    }
}

fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a message is not what the machine sent",
    )
}

impl AsyncWrite for Sealed {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // One message waits at most.
        ready!(this.poll_drain(context))?;
        let message = bytes.get(..SEALED_BYTES).unwrap_or(bytes);
        if message.is_empty() {
            return Poll::Ready(Ok(0));
        }
        this.seal(message)?;
        // It is accepted now. What the stream below does not take at once goes with the next write or flush.
        if let Poll::Ready(Err(error)) = this.poll_drain(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(message.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(context))?;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(context))?;
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}
