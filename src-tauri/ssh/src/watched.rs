//! The bytes under a link: counted, watched until the server has greeted, and cut off when the link is let go of.

use crate::limits::MAX_BEFORE_GREETING_BYTES;
use farwire_link::ByteStream;
use farwire_model::session::Meter;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What the server said before and as its greeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// The line that begins with `SSH-`; none until it arrived whole.
    pub line: Option<String>,
}

/// A stream that ends as soon as its link is let go of: the task that reads it would otherwise wait for a silent server
/// for ever.
pub struct Watched {
    inner: Box<dyn ByteStream>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    meter: Arc<Meter>,
    greeting: watch::Sender<Greeting>,
    line: Vec<u8>,
    before: usize,
    is_greeted: bool,
}

impl Watched {
    /// Watches a stream until `cut`.
    pub fn new(
        inner: Box<dyn ByteStream>,
        cut: CancellationToken,
        meter: Arc<Meter>,
    ) -> (Self, watch::Receiver<Greeting>) {
        let (greeting, seen) = watch::channel(Greeting::default());
        let watched = Self {
            inner,
            cut: Box::pin(cut.cancelled_owned()),
            meter,
            greeting,
            line: Vec::new(),
            before: 0,
            is_greeted: false,
        };
        (watched, seen)
    }

    /// Looks for the greeting in what arrived (RFC 4253, section 4.2).
    fn look(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            self.before += 1;
            if self.before > MAX_BEFORE_GREETING_BYTES {
                let message = format!(
                    "it sent more than {} KiB and no greeting of an SSH server",
                    MAX_BEFORE_GREETING_BYTES >> 10
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if line.starts_with(b"SSH-") {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                self.greeting.send_replace(Greeting { line: Some(line) });
                self.is_greeted = true;
                return Ok(());
            }
        }
        Ok(())
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let read = buf.filled().get(before..).unwrap_or_default();
        self.meter
            .bytes_in
            .fetch_add(read.len() as u64, Ordering::Relaxed);
        if !self.is_greeted && !read.is_empty() {
            self.look(read)?;
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.meter
                .bytes_out
                .fetch_add(*written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
