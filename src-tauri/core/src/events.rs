//! Numbered change events for the window and scripts.

use crate::store::{Change, Tree};
use farwire_model::event::{EventAction, EventKind, EventMessage};
use farwire_model::session::SessionView;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// A listener more than this many events behind is told to fetch everything anew.
const QUEUE: usize = 1024;

/// The numbered stream of changes.
pub(crate) struct Events {
    // The number and the sending share a lock, so that numbers arrive in order.
    next: Mutex<u64>,
    sender: broadcast::Sender<EventMessage>,
}

impl Events {
    pub fn new() -> Self {
        Self {
            next: Mutex::new(1),
            sender: broadcast::channel(QUEUE).0,
        }
    }

    pub fn subscribe(&self) -> broadcast::Receiver<EventMessage> {
        self.sender.subscribe()
    }

    /// Tells everybody. Without listeners the event is only counted.
    pub fn send(
        &self,
        kind: EventKind,
        id: &str,
        action: EventAction,
        session: Option<SessionView>,
    ) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let event = EventMessage {
            seq: *next,
            kind,
            id: id.to_owned(),
            action,
            session,
        };
        *next += 1;
        // An error only says that nobody listens.
        let _ = self.sender.send(event);
    }

    /// Tells everybody what became durable in the store.
    pub fn stored(&self, change: &Change) {
        for (tree, key, is_deleted) in change.keys() {
            let kind = match tree {
                Tree::Groups => EventKind::Group,
                Tree::Connections => EventKind::Connection,
                Tree::Credentials => EventKind::Credential,
                Tree::Trust => EventKind::Trust,
                Tree::Settings => EventKind::Settings,
                Tree::Tokens => EventKind::Token,
                Tree::Vault => EventKind::Vault,
                // Nobody looks at them as they change.
                Tree::Meta | Tree::History | Tree::Answers => continue,
            };
            let action = if is_deleted {
                EventAction::Delete
            } else {
                EventAction::Put
            };
            self.send(kind, key, action, None);
        }
    }
}
