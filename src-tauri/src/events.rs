//! Change events, to the page and whoever else is interested.

use farwire_model::event::{EventAction, EventKind, EventMessage};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// The name under which the page listens.
pub const NAME: &str = "farwire-event";

/// Hands every event to `emit` until the source ends or `cancel` is called. Where events were missed, says so.
pub async fn forward(
    mut events: Receiver<EventMessage>,
    cancel: CancellationToken,
    emit: impl Fn(EventMessage),
) {
    loop {
        let event = tokio::select! {
            () = cancel.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => emit(event),
            Err(RecvError::Lagged(_)) => emit(EventMessage {
                seq: 0,
                kind: EventKind::Resync,
                id: String::new(),
                action: EventAction::Put,
                session: None,
            }),
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::sync::broadcast;

    fn event(seq: u64) -> EventMessage {
        EventMessage {
            seq,
            kind: EventKind::Group,
            id: "g".to_owned(),
            action: EventAction::Put,
            session: None,
        }
    }

    #[tokio::test]
    async fn a_page_that_missed_events_is_told_to_fetch_anew() {
        let (sender, receiver) = broadcast::channel(2);
        for seq in 1..=4 {
            sender.send(event(seq)).unwrap();
        }
        drop(sender);
        let told = Mutex::new(Vec::new());
        forward(receiver, CancellationToken::new(), |event| {
            told.lock().unwrap().push((event.kind, event.seq))
        })
        .await;
        let expected = [
            (EventKind::Resync, 0),
            (EventKind::Group, 3),
            (EventKind::Group, 4),
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn forwarding_ends_when_it_is_cancelled() {
        let (_sender, receiver) = broadcast::channel(2);
        let cancel = CancellationToken::new();
        cancel.cancel();
        forward(receiver, cancel, |_| {}).await;
    }
}
