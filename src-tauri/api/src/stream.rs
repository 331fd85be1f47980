//! A session's pixels and input over one WebSocket, and the change events over another. The socket itself is the
//! transport's: here it is a stream and a sink of messages.

use farwire_core::Core;
use farwire_core::session::Session;
use farwire_core::terminal::{Piece, View};
use farwire_model::event::{EventAction, EventKind, EventMessage};
use farwire_model::frame::{Attached, FrameSink, encode_frame, encode_terminal, frame_end};
use farwire_model::ids::TokenId;
use farwire_model::input::{MAX_PICTURE_BYTES, SessionInput, ViewerMessage, decode};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// The longest message a viewer may send: a picture of the clipboard and its header.
pub const MAX_VIEWER_MESSAGE_BYTES: usize = MAX_PICTURE_BYTES + 16;

/// Frames a viewer may have in hand. Two keep it busy while the next is cut; more would show old pictures.
const MAX_FRAMES_IN_FLIGHT: u32 = 2;

/// A viewer that takes longer to accept a message is gone; the page sends one a second at least while it is shown.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// How long the end of a stream may take: a viewer that has not read its last picture by then is gone, or as good as gone.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// The viewer's side of a canvas: woken by the session, sends when it has credit.
#[derive(Default)]
struct CanvasSink {
    news: Notify,
    sent: AtomicU32,
    acknowledged: AtomicU32,
    is_hidden: AtomicBool,
    /// It is shown again and waits for the whole picture, also where it has that already.
    is_asking: AtomicBool,
    /// Something was cut for it that it may not have got.
    is_sending: AtomicBool,
}

impl FrameSink for CanvasSink {
    fn wake(&self) {
        self.news.notify_one();
    }

    fn takes_pictures(&self) -> bool {
        self.is_ready()
    }
}

impl CanvasSink {
    /// Whether one more frame may be sent. A hidden viewer draws nothing, so it gets no pixels: they coalesce until
    /// it is shown.
    fn is_ready(&self) -> bool {
        let sent = self.sent.load(Ordering::Relaxed);
        let in_flight = sent.wrapping_sub(self.acknowledged.load(Ordering::Relaxed));
        in_flight < MAX_FRAMES_IN_FLIGHT && !self.is_hidden.load(Ordering::Relaxed)
    }
}

/// Why a stream ended, for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The viewer went away.
    #[error("the viewer closed the stream")]
    Closed,
    /// The viewer sent something that is no message of ours.
    #[error("the viewer sent a message that cannot be read: {0}")]
    Decode(#[from] farwire_model::input::DecodeError),
    /// The viewer does not read any more.
    #[error("the viewer took no message for {SEND_LIMIT:?}")]
    Stalled,
}

/// Carries one viewer of a session until either side ends or `cancel` is called.
pub async fn carry_session(
    session: Arc<Session>,
    mut incoming: impl Stream<Item = Vec<u8>> + Unpin,
    mut outgoing: impl Sink<Vec<u8>> + Unpin,
    cancel: CancellationToken,
) -> Result<(), StreamError> {
    let sink = Arc::new(CanvasSink::default());
    let attached = session.attach(Arc::clone(&sink) as Arc<dyn FrameSink>);
    let mut is_over = false;
    let ended = tokio::select! {
        ended = send(&session, &sink, &attached, &mut outgoing) => ended,
        ended = receive(&session, &sink, &attached, &mut incoming) => ended,
        () = session.ended() => {
            is_over = true;
            Ok(())
        }
        () = cancel.cancelled() => Ok(()),
    };
    // What this viewer held down must not stay down.
    session.input(SessionInput::ReleaseAll).await;
    // Pixels are only for whoever may still look.
    let takes_picture = || is_over && !cancel.is_cancelled();
    let last = farewell(&sink, &attached, &mut outgoing, takes_picture);
    let _ = tokio::time::timeout(FAREWELL_LIMIT, last).await;
    let _ = tokio::time::timeout(Duration::from_secs(1), outgoing.close()).await;
    ended
}

/// Sends the last notices, such as "closed", and what is owed of the last picture, also to a viewer that was hidden: it cannot ask
/// for that later. Nothing changes any more, so it comes to an end. A viewer that is gone does not matter any more.
async fn farewell(
    sink: &CanvasSink,
    attached: &Attached,
    outgoing: &mut (impl Sink<Vec<u8>> + Unpin),
    takes_picture: impl Fn() -> bool,
) {
    if sink.is_sending.load(Ordering::Relaxed) {
        attached.owe_keyframe();
    }
    let mut number = sink.sent.load(Ordering::Relaxed);
    loop {
        number = number.wrapping_add(1);
        let cut = attached.take(|frame, owed| encode_frame(frame, owed, number, takes_picture()));
        let (messages, has_frame) = cut.unwrap_or_default();
        for message in messages {
            let sending = outgoing.send(message);
            let sent = tokio::time::timeout(Duration::from_secs(1), sending).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        if !has_frame {
            return;
        }
    }
}

async fn send(
    session: &Session,
    sink: &CanvasSink,
    attached: &Attached,
    outgoing: &mut (impl Sink<Vec<u8>> + Unpin),
) -> Result<(), StreamError> {
    let mut view = View::default();
    loop {
        let next = sink.sent.load(Ordering::Relaxed).wrapping_add(1);
        let is_ready = sink.is_ready();
        let cut = attached.take(|frame, owed| encode_frame(frame, owed, next, is_ready));
        let (mut messages, mut has_frame) = cut.unwrap_or_default();
        let mut again = None;
        if let Some(terminal) = session.terminal().filter(|_| is_ready && !has_frame) {
            let drawn = match terminal.take(&mut view) {
                Piece::Nothing => None,
                Piece::Later(wait) => {
                    again = Some(wait);
                    None
                }
                Piece::Output(bytes) => Some((bytes, None)),
                Piece::Screen(grid, bytes) => Some((bytes, Some(grid))),
            };
            if let Some((bytes, grid)) = drawn {
                messages.extend(encode_terminal(&bytes, grid, next));
                has_frame = true;
            }
        }
        if is_ready && sink.is_asking.swap(false, Ordering::Relaxed) && !has_frame {
            messages.push(frame_end(next, true));
            has_frame = true;
        }
        if messages.is_empty() {
            let rest = async {
                match again {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sink.news.notified() => {}
                () = rest => {}
            }
            continue;
        }
        if has_frame {
            // Counted before it is sent: the answer may overtake this task.
            sink.sent.store(next, Ordering::Relaxed);
        }
        sink.is_sending.store(true, Ordering::Relaxed);
        let sending = async {
            for message in messages {
                outgoing
                    .feed(message)
                    .await
                    .map_err(|_| StreamError::Closed)?;
            }
            outgoing.flush().await.map_err(|_| StreamError::Closed)
        };
        tokio::time::timeout(SEND_LIMIT, sending)
            .await
            .map_err(|_| StreamError::Stalled)??;
        sink.is_sending.store(false, Ordering::Relaxed);
    }
}

async fn receive(
    session: &Session,
    sink: &CanvasSink,
    attached: &Attached,
    incoming: &mut (impl Stream<Item = Vec<u8>> + Unpin),
) -> Result<(), StreamError> {
    while let Some(message) = incoming.next().await {
        match decode(&message)? {
            ViewerMessage::Ack(number) => {
                // A number from the future would grant credit for ever.
                let sent = sink.sent.load(Ordering::Relaxed);
                if sent.wrapping_sub(number) <= MAX_FRAMES_IN_FLIGHT {
                    sink.acknowledged.store(number, Ordering::Relaxed);
                }
                sink.news.notify_one();
            }
            ViewerMessage::Visible(is_visible) => {
                sink.is_hidden.store(!is_visible, Ordering::Relaxed);
                sink.is_asking.store(is_visible, Ordering::Relaxed);
                attached.set_shown(is_visible);
                sink.news.notify_one();
            }
            ViewerMessage::Input(input) => session.input(input).await,
        }
    }
    Err(StreamError::Closed)
}

/// Carries the change events, as JSON text, until either side ends or `cancel` is called.
///
/// With `since` it begins with what came after the event of that number, or with a resync when some of that is gone.
pub async fn carry_events(
    core: Arc<Core>,
    since: Option<u64>,
    mut incoming: impl Stream<Item = Vec<u8>> + Unpin,
    mut outgoing: impl Sink<String> + Unpin,
    cancel: CancellationToken,
) {
    let (missed, mut events) = match since {
        Some(number) => core.events_since(number),
        None => (Some(Vec::new()), core.subscribe()),
    };
    let mut missed = VecDeque::from(missed.unwrap_or_else(|| vec![resync(&core)]));
    loop {
        let event = if let Some(event) = missed.pop_front() {
            event
        } else {
            tokio::select! {
                () = cancel.cancelled() => break,
                message = incoming.next() => match message {
                    // Nothing is expected from a listener, but a ping or a stray byte does no harm.
                    Some(_) => continue,
                    None => break,
                },
                event = events.recv() => match event {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_)) => resync(&core),
                    Err(RecvError::Closed) => break,
                },
            }
        };
        let Ok(text) = serde_json::to_string(&event) else {
            continue;
        };
        let sending = tokio::time::timeout(SEND_LIMIT, outgoing.send(text)).await;
        if !matches!(sending, Ok(Ok(()))) {
            break;
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), outgoing.close()).await;
}

/// Tells a listener to fetch everything anew: what it has is older than this number.
fn resync(core: &Core) -> EventMessage {
    EventMessage {
        seq: core.newest_event(),
        kind: EventKind::Resync,
        id: String::new(),
        action: EventAction::Put,
        session: None,
    }
}

/// Carries a stream for as long as the token that asked for it is good; then it is cancelled and ends in its own way.
pub async fn while_good<T>(
    core: &Core,
    token: Option<TokenId>,
    cancel: &CancellationToken,
    carrying: impl Future<Output = T>,
) -> T {
    let gone = async {
        match &token {
            Some(token) => core.token_gone(token).await,
            None => std::future::pending().await,
        }
    };
    let mut carrying = pin!(carrying);
    tokio::select! {
        ended = &mut carrying => ended,
        () = gone => {
            cancel.cancel();
            carrying.await
        }
    }
}
