//! Whether a link still lives, and how long it takes there and back.

use crate::connection::Connection;
use crate::limits::{CLOSED_SEEN, PING_PERIOD, STALL_SHOWN, WAKE_LIMIT};
use farwire_model::error::Stage;
use farwire_model::session::{SessionError, SessionEvent};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, timeout};

/// Measures the round trip, tells when there is none for a moment and when there is one again, and resolves when the link is
/// gone. Whether there is none for a moment also stands in `stalled`.
pub async fn watch_link(
    connection: &Connection,
    latency_us: &AtomicU32,
    events: &mpsc::Sender<SessionEvent>,
    stalled: &watch::Sender<bool>,
    checks: &mut mpsc::Receiver<()>,
) -> SessionError {
    tokio::select! {
        error = measure(connection, latency_us, events, stalled, checks) => error,
        () = closed(connection) => connection.lost(Stage::Session, &russh::Error::Disconnect),
    }
}

/// Resolves when the link's own task has ended.
async fn closed(connection: &Connection) {
    let mut ticks = interval(CLOSED_SEEN);
    while !connection.is_closed() {
        ticks.tick().await;
    }
}

async fn measure(
    connection: &Connection,
    latency_us: &AtomicU32,
    events: &mpsc::Sender<SessionEvent>,
    stalled: &watch::Sender<bool>,
    checks: &mut mpsc::Receiver<()>,
) -> SessionError {
    let mut is_stalled = false;
    let tell = async |is_stalled| {
        stalled.send_replace(is_stalled);
        // A receiver that is gone cancels the run elsewhere.
        let event = SessionEvent::Stalled(is_stalled);
        events.send(event).await.unwrap_or_default();
    };
    loop {
        let limit = tokio::select! {
            () = sleep(PING_PERIOD) => None,
            Some(()) = checks.recv() => Some(WAKE_LIMIT),
        };
        let asked = Instant::now();
        let mut ping = std::pin::pin!(connection.ping(limit.unwrap_or(Duration::from_secs(3600))));
        let result = match timeout(STALL_SHOWN, &mut ping).await {
            Ok(result) => result,
            Err(_) => {
                is_stalled = true;
                tell(true).await;
                // The link's keep-alive gives up on a dead one.
                ping.await
            }
        };
        if let Err(error) = result {
            return error;
        }
        let micros = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
        latency_us.store(micros.max(1), Ordering::Relaxed);
        if std::mem::take(&mut is_stalled) {
            tell(false).await;
        }
    }
}
