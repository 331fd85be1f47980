//! The connection on its way up: what is read is capped, and every wait has a limit.

use crate::limits::MAX_MESSAGE_BYTES;
use farwire_link::ByteStream;
use ironrdp_connector::{
    ConnectorError, ConnectorErrorExt as _, ConnectorResult, Sequence, custom_err, general_err,
};
use ironrdp_core::{DecodeResult, WriteBuf, other_err};
use ironrdp_pdu::PduHint;
use ironrdp_tokio::{FramedWrite as _, MovableTokioFramed};
use std::time::Duration;

/// A stream that is read message by message.
pub type Framed = MovableTokioFramed<Box<dyn ByteStream>>;

/// Why a stage was not finished.
#[derive(Debug)]
pub enum Stopped {
    /// It took longer than this.
    TimedOut(Duration),
    /// The protocol's own reason.
    Because(ConnectorError),
}

/// Runs a stage, for no longer than `limit`.
pub async fn within<T>(
    limit: Duration,
    stage: impl Future<Output = ConnectorResult<T>>,
) -> Result<T, Stopped> {
    match tokio::time::timeout(limit, stage).await {
        Ok(done) => done.map_err(Stopped::Because),
        Err(_) => Err(Stopped::TimedOut(limit)),
    }
}

/// Reads what a sequence waits for, has it answer, and sends the answer.
pub async fn step(framed: &mut Framed, sequence: &mut dyn Sequence) -> ConnectorResult<()> {
    let mut answer = WriteBuf::new();
    match sequence.next_pdu_hint() {
        Some(hint) => {
            let message = read(framed, hint).await?;
            let received_at = framed.last_read_at();
            sequence.step(&message, received_at, &mut answer)?;
        }
        None => {
            sequence.step_no_input(&mut answer)?;
        }
    }
    write(framed, answer.filled()).await
}

/// Reads one message of at most [`MAX_MESSAGE_BYTES`].
pub async fn read(framed: &mut Framed, hint: &dyn PduHint) -> ConnectorResult<Vec<u8>> {
    let length = loop {
        match find(hint, framed.peek()).map_err(ConnectorError::decode)? {
            Some(length) => break length,
            None if framed.peek().len() > MAX_MESSAGE_BYTES => {
                return Err(general_err!("a message without an end"));
            }
            None => more(framed).await?,
        }
    };
    while framed.peek().len() < length {
        more(framed).await?;
    }
    let (_, buffer) = framed.get_inner_mut();
    Ok(buffer.split_to(length).to_vec())
}

/// The length of the message that begins here, once that is known.
fn find(hint: &dyn PduHint, bytes: &[u8]) -> DecodeResult<Option<usize>> {
    let Some((is_expected, length)) = hint.find_size(bytes)? else {
        return Ok(None);
    };
    if length > MAX_MESSAGE_BYTES {
        return Err(other_err!("message", "it is longer than any of its kind"));
    }
    if !is_expected {
        return Err(other_err!("message", "it comes too early"));
    }
    Ok(Some(length))
}

async fn more(framed: &mut Framed) -> ConnectorResult<()> {
    use tokio::io::AsyncReadExt as _;
    let (stream, buffer) = framed.get_inner_mut();
    let read = stream.read_buf(buffer).await;
    match read.map_err(|error| custom_err!("read", error))? {
        0 => {
            let closed = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            Err(custom_err!("read", closed))
        }
        _ => Ok(()),
    }
}

/// Sends an answer, if there is one.
pub async fn write(framed: &mut Framed, answer: &[u8]) -> ConnectorResult<()> {
    if answer.is_empty() {
        return Ok(());
    }
    let written = framed.write_all(answer).await;
    written.map_err(|error| custom_err!("write", error))
}
