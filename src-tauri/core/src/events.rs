//! Numbered change events for the window and scripts.

use crate::Core;
use crate::random;
use crate::store::{Change, Tree};
use farwire_model::event::{EventAction, EventKind, EventMessage};
use farwire_model::session::SessionView;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// A listener more than this many events behind is told to fetch everything anew.
const QUEUE: usize = 1024;
/// How many events are kept for listeners that come back: minutes of a busy evening.
const KEPT: usize = 4096;

/// The numbered stream of changes.
pub(crate) struct Events {
    // Numbering, keeping and sending share a lock, so that numbers arrive in order and without a gap.
    kept: Mutex<Kept>,
    sender: broadcast::Sender<EventMessage>,
}

struct Kept {
    next: u64,
    events: VecDeque<EventMessage>,
}

impl Events {
    pub fn new() -> Self {
        Self {
            kept: Mutex::new(Kept {
                // Beyond every number of an earlier run, so that nobody takes one of those for one of these.
                next: first_number(),
                events: VecDeque::new(),
            }),
            sender: broadcast::channel(QUEUE).0,
        }
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<EventMessage> {
        self.sender.subscribe()
    }

    /// What came after the event of this number, and everything from now on. `None` in place of the first when some of it is
    /// gone: everything has to be fetched anew.
    pub fn since(
        &self,
        number: u64,
    ) -> (Option<Vec<EventMessage>>, broadcast::Receiver<EventMessage>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let oldest = kept.events.front().map_or(kept.next, |event| event.seq);
        let is_known = number.saturating_add(1) >= oldest && number < kept.next;
        let missed = || {
            let later = kept.events.iter().filter(|event| event.seq > number);
            later.cloned().collect()
        };
        (is_known.then(missed), receiver)
    }

    /// The number of the newest event.
    pub fn newest(&self) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next.saturating_sub(1)
    }

    /// Tells everybody.
    pub fn send(
        &self,
        kind: EventKind,
        id: &str,
        action: EventAction,
        session: Option<SessionView>,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let event = EventMessage {
            seq: kept.next,
            kind,
            id: id.to_owned(),
            action,
            session,
        };
        kept.next += 1;
        if kept.events.len() >= KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(event.clone());
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

/// Grows by a million a second, far more than events come, and stays below 2^53, which scripts can count to.
fn first_number() -> u64 {
    random::now_micros()
}

impl Core {
    /// What came after the event of this number, and everything from now on; `None` in place of the first when some is gone.
    pub fn events_since(
        &self,
        number: u64,
    ) -> (Option<Vec<EventMessage>>, broadcast::Receiver<EventMessage>) {
        self.events.since(number)
    }

    /// The number of the newest event.
    pub fn newest_event(&self) -> u64 {
        self.events.newest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(events: &Events, since: u64) -> Option<Vec<u64>> {
        let missed = events.since(since).0?;
        Some(missed.into_iter().map(|event| event.seq).collect())
    }

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed_or_is_told_that_it_cannot() {
        let events = Events::new();
        let first = events.newest() + 1;
        let send = || events.send(EventKind::Group, "g_1", EventAction::Put, None);
        assert_eq!(seqs(&events, first - 1), Some(vec![]));
        send();
        send();
        assert_eq!(seqs(&events, first - 1), Some(vec![first, first + 1]));
        assert_eq!(seqs(&events, first), Some(vec![first + 1]));
        assert_eq!(seqs(&events, first + 1), Some(vec![]));
        assert_eq!(seqs(&events, first + 2), None, "from a run to come");
        assert_eq!(seqs(&events, first - 2), None, "from an earlier run");
        for _ in 0..KEPT {
            send();
        }
        assert_eq!(seqs(&events, first), None, "too long ago");
        assert_eq!(seqs(&events, first + 1).map(|seqs| seqs.len()), Some(KEPT));
    }
}
