//! Who gets in: so many connections at once, and those of strangers only while nobody else wants their places.

use super::{Shared, serve};
use crate::crowd;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at once. One more takes the place of the oldest that has shown no token yet; where all have, it is told 503.
const MAX_CONNECTIONS: usize = 64;
/// Connections that wait for a place, or to be told so, at once; the rest are closed without a word.
const MAX_WAITING: usize = 16;
/// How long a place takes to get free, and being told that there is none.
const WAIT: Duration = Duration::from_secs(1);

/// The places of all connections.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    strangers: Arc<Strangers>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            strangers: Arc::default(),
        }
    }
}

/// Connections that have shown no token yet, by their number.
#[derive(Debug, Default)]
struct Strangers(Mutex<(u64, BTreeMap<u64, CancellationToken>)>);

impl Strangers {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, CancellationToken>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the oldest to go; whether there was one.
    fn send_away(&self) -> bool {
        let oldest = self.lock().1.pop_first();
        oldest.map(|(_, wanted)| wanted.cancel()).is_some()
    }
}

/// A connection's place among those allowed at once.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    wanted: CancellationToken,
    strangers: Arc<Strangers>,
    is_kept: AtomicBool,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn new(shared: &Shared, permit: OwnedSemaphorePermit) -> Arc<Self> {
        let strangers = &shared.places.strangers;
        let wanted = shared.cancel.child_token();
        let number = {
            let mut all = strangers.lock();
            let number = all.0;
            all.0 += 1;
            all.1.insert(number, wanted.clone());
            number
        };
        Arc::new(Self {
            number,
            wanted,
            strangers: Arc::clone(strangers),
            is_kept: AtomicBool::new(false),
            _permit: permit,
        })
    }

    /// Called when somebody else wants it, and when the server stops.
    pub fn wanted(&self) -> CancellationToken {
        self.wanted.clone()
    }

    /// Its connection is no stranger's any more.
    pub fn keep(&self) {
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            self.strangers.lock().1.remove(&self.number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.keep();
    }
}

/// Lets connections in until the server stops.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => admit(socket, &shared),
            Err(error) => {
                // Out of file handles, mostly: others must end first.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn admit(socket: TcpStream, shared: &Arc<Shared>) {
    let _ = socket.set_nodelay(true);
    let Places { free, waiting, .. } = &shared.places;
    if let Ok(permit) = Arc::clone(free).try_acquire_owned() {
        let place = Place::new(shared, permit);
        shared.tasks.spawn(serve(socket, Arc::clone(shared), place));
    } else if let Ok(waiting) = Arc::clone(waiting).try_acquire_owned() {
        let shared = Arc::clone(shared);
        shared.tasks.clone().spawn(async move {
            let Places {
                free, strangers, ..
            } = &shared.places;
            let permit = match strangers.send_away() {
                true => timeout(WAIT, Arc::clone(free).acquire_owned()).await.ok(),
                false => None,
            };
            if let Some(Ok(permit)) = permit {
                let place = Place::new(&shared, permit);
                drop(waiting);
                serve(socket, Arc::clone(&shared), place).await;
            } else {
                let _ = timeout(WAIT, crowd::refuse(socket, MAX_CONNECTIONS)).await;
            }
        });
    }
}
