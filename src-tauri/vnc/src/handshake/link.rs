//! The connection while it is being set up: exact reads and writes, each within a limit.

use crate::limits::{MAX_REASON_BYTES, STEP_LIMIT};
use farwire_link::ByteStream;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, Meter, SessionError, Start};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// The connection while it is being set up.
pub struct Link<S = Box<dyn ByteStream>> {
    stream: S,
    /// How the machine is called in messages.
    peer: String,
    meter: Arc<Meter>,
}

impl Link {
    /// Wraps a fresh connection.
    pub fn new(stream: Box<dyn ByteStream>, start: &Start) -> Self {
        Self {
            stream,
            peer: format!("{}:{}", start.endpoint.host, start.endpoint.port),
            meter: Arc::clone(&start.meter),
        }
    }
}

impl<S: ByteStream> Link<S> {
    /// The connection itself, for what comes after.
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// The same link over another stream, which most likely wraps this one.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Link<T> {
        Link {
            stream: wrap(self.stream),
            peer: self.peer,
            meter: self.meter,
        }
    }

    /// How the machine is called in messages.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// Exactly `N` bytes.
    pub async fn read<const N: usize>(&mut self, stage: Stage) -> Result<[u8; N], SessionError> {
        let mut bytes = [0; N];
        self.read_into(stage, &mut bytes).await?;
        Ok(bytes)
    }

    /// Exactly as many bytes as `bytes` holds.
    pub async fn read_into(&mut self, stage: Stage, bytes: &mut [u8]) -> Result<(), SessionError> {
        let read = timeout(STEP_LIMIT, self.stream.read_exact(bytes)).await;
        self.check(stage, read)?;
        self.meter
            .bytes_in
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// A number.
    pub async fn read_u32(&mut self, stage: Stage) -> Result<u32, SessionError> {
        self.read(stage).await.map(u32::from_be_bytes)
    }

    /// Why the server refuses: a length and text, of which the start is enough.
    pub async fn read_reason(&mut self, stage: Stage) -> Result<String, SessionError> {
        let length = usize::try_from(self.read_u32(stage).await?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(MAX_REASON_BYTES)];
        self.read_into(stage, &mut bytes).await?;
        Ok(crate::text::shown(&bytes))
    }

    /// Sends all of `bytes`.
    pub async fn write(&mut self, stage: Stage, bytes: &[u8]) -> Result<(), SessionError> {
        let written = timeout(STEP_LIMIT, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        let written = written.await;
        self.check(stage, written)?;
        self.meter
            .bytes_out
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// A failure that begins with the machine's name.
    pub fn fail(&self, stage: Stage, kind: FailureKind, what: &str) -> SessionError {
        SessionError::new(stage, kind, format!("{} {what}", self.peer))
    }

    fn check<T>(
        &self,
        stage: Stage,
        result: Result<io::Result<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, SessionError> {
        let doing = match stage {
            Stage::Banner => "greeting it",
            Stage::Tls => "setting up encryption",
            Stage::KeyExchange => "agreeing on how to sign in",
            Stage::Auth => "signing in",
            _ => "opening the session",
        };
        let what = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => format!(
                "closed the connection while {doing}; it may allow no further viewers or not this address"
            ),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                let what = format!(
                    "sent what cannot be right while {doing}: {error}; somebody may stand in between"
                );
                return Err(self.fail(stage, FailureKind::Protocol, &what));
            }
            Ok(Err(error)) => format!("broke the connection while {doing}: {error}; try again"),
            Err(_) => format!(
                "did not answer within {} s while {doing}; check that a VNC server listens on this port",
                STEP_LIMIT.as_secs()
            ),
        };
        Err(self.fail(stage, FailureKind::Unreachable, &what))
    }
}
