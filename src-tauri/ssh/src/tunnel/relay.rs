//! Bytes between a channel and a connection on this computer, until both ends have said all they have to say.

use crate::limits::{GOODBYE_LIMIT, STUCK_LIMIT};
use bytes::{Bytes, BytesMut};
use farwire_link::ByteStream;
use farwire_model::tunnel::TunnelMeter;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// What is read at once on this computer: a packet of the channel.
const CHUNK: usize = 32 << 10;

/// Carries bytes both ways until `over`. An end that says no more is told to the other, which may go on.
///
/// # Errors
/// In words, where one of them was not served to its end.
pub async fn relay(
    channel: Channel<Msg>,
    local: Box<dyn ByteStream>,
    first: Bytes,
    meter: &TunnelMeter,
    stalled: watch::Receiver<bool>,
    over: impl Future<Output = ()>,
) -> Result<(), String> {
    let (mut from_channel, to_channel) = channel.split();
    let (mut from_local, mut to_local) = tokio::io::split(local);
    let ended = {
        let up = std::pin::pin!(up(&mut from_local, &to_channel, first, &meter.bytes_out));
        let down = std::pin::pin!(down(
            &mut from_channel,
            &mut to_local,
            &meter.bytes_in,
            stalled
        ));
        tokio::select! {
            () = over => Ok(()),
            ended = both(up, down) => ended,
        }
    };
    // A server that does not listen any more is left anyway.
    let _ = timeout(GOODBYE_LIMIT, to_channel.close()).await;
    // The other end is told at once, rather than when the last half is dropped.
    let _ = timeout(GOODBYE_LIMIT, to_local.shutdown()).await;
    ended
}

/// What one direction came to.
enum Ended {
    /// Its end said no more; the other may.
    Quiet,
    /// The channel is closed, or the connection here broke: the other direction is over too.
    Over,
    /// As `Over`, for a reason worth telling.
    Cut(String),
}

async fn both(
    mut up: impl Future<Output = Ended> + Unpin,
    mut down: impl Future<Output = Ended> + Unpin,
) -> Result<(), String> {
    let (mut is_up_quiet, mut is_down_quiet) = (false, false);
    while !(is_up_quiet && is_down_quiet) {
        let (ended, is_quiet) = tokio::select! {
            ended = &mut up, if !is_up_quiet => (ended, &mut is_up_quiet),
            ended = &mut down, if !is_down_quiet => (ended, &mut is_down_quiet),
        };
        match ended {
            Ended::Quiet => *is_quiet = true,
            Ended::Over => return Ok(()),
            Ended::Cut(why) => return Err(why),
        }
    }
    Ok(())
}

/// From this computer to the machine. Waits while the machine takes nothing.
async fn up(
    local: &mut (impl AsyncRead + Unpin),
    channel: &ChannelWriteHalf<Msg>,
    first: Bytes,
    count: &AtomicU64,
) -> Ended {
    let mut bytes = first;
    let mut buffer = BytesMut::new();
    loop {
        let length = bytes.len() as u64;
        if channel.data_bytes(bytes).await.is_err() {
            return Ended::Over;
        }
        count.fetch_add(length, Ordering::Relaxed);
        buffer.reserve(CHUNK);
        match local.read_buf(&mut buffer).await {
            Ok(0) => {
                return match channel.eof().await {
                    Ok(()) => Ended::Quiet,
                    Err(_) => Ended::Over,
                };
            }
            Ok(_) => bytes = buffer.split().freeze(),
            Err(_) => return Ended::Over,
        }
    }
}

/// From the machine to this computer.
async fn down(
    channel: &mut ChannelReadHalf,
    local: &mut (impl AsyncWrite + Unpin),
    count: &AtomicU64,
    stalled: watch::Receiver<bool>,
) -> Ended {
    let mut is_quiet = false;
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                let length = data.len() as u64;
                match write(local, &data, &stalled).await {
                    Ok(()) => count.fetch_add(length, Ordering::Relaxed),
                    Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                        return Ended::Cut(format!(
                            "a client took nothing for {} s and held up all others, so it was cut off",
                            STUCK_LIMIT.as_secs()
                        ));
                    }
                    Err(_) => return Ended::Over,
                };
            }
            ChannelMsg::Eof => {
                is_quiet = true;
                if local.shutdown().await.is_err() {
                    return Ended::Over;
                }
                // Only the channel's end follows, unless this side goes on: that is for the other direction to tell.
                break;
            }
            ChannelMsg::Close => return Ended::Over,
            _ => {}
        }
    }
    if !is_quiet {
        return Ended::Over;
    }
    Ended::Quiet
}

/// Writes all of it. A client that takes nothing is waited for, unless it holds up the whole link: what is not read from one
/// channel keeps everything behind it from the others.
async fn write(
    local: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    stalled: &watch::Receiver<bool>,
) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        let mut deadline = Instant::now() + STUCK_LIMIT;
        let written = loop {
            tokio::select! {
                written = local.write(left) => break written?,
                () = sleep_until(deadline) => {
                    if *stalled.borrow() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    deadline = Instant::now() + STUCK_LIMIT;
                }
            }
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        left = left.get(written..).unwrap_or_default();
    }
    local.flush().await
}
