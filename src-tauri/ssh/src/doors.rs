//! What a server may open channels for: the addresses that it was asked to listen on, and what a shell lends. No others are let
//! in.

use farwire_model::tunnel::TunnelEnd;
use russh::Channel;
use russh::client::{ChannelOpenHandle, Msg};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Channels of one address that wait to be taken. Full: the server is refused further ones, as if nobody listened.
const WAITING: usize = 32;

/// What the server was asked for. An address: It names the same text again with each channel (RFC 4254, section 7.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    Tcp(String, u16),
    Unix(String),
    /// The agent of this computer.
    Agent,
    /// The X display of this computer.
    Display,
}

impl Address {
    pub fn of(end: &TunnelEnd) -> Self {
        match end {
            TunnelEnd::Tcp { host, port } => Self::Tcp(host.clone(), *port),
            TunnelEnd::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

/// A channel that the server opens: refused by dropping the handle.
pub type Knock = (Channel<Msg>, ChannelOpenHandle);

/// Another tunnel has this address.
#[derive(Debug)]
pub struct Taken;

/// The addresses of one link, shared with its task.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<HashMap<Address, mpsc::Sender<Knock>>>>);

impl Doors {
    fn all(&self) -> MutexGuard<'_, HashMap<Address, mpsc::Sender<Knock>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets channels for an address in.
    pub fn open(&self, address: Address) -> Result<mpsc::Receiver<Knock>, Taken> {
        let mut all = self.all();
        if all.contains_key(&address) {
            return Err(Taken);
        }
        let (sender, knocks) = mpsc::channel(WAITING);
        all.insert(address, sender);
        Ok(knocks)
    }

    /// Lets none in any more.
    pub fn shut(&self, address: &Address) {
        self.all().remove(address);
    }

    /// Hands a channel over to who asked for its address; otherwise, or when too many wait, it is refused.
    pub fn knock(&self, address: &Address, channel: Channel<Msg>, reply: ChannelOpenHandle) {
        let door = self.all().get(address).cloned();
        match door.map(|door| door.try_send((channel, reply))) {
            Some(Ok(())) => {}
            Some(Err(_)) => tracing::debug!("too many channels wait: one more was refused"),
            None => tracing::debug!("the server opened a channel that nobody asked for"),
        }
    }
}
