//! The live session: one task that reads, writes and reports.

use crate::clipboard::{Clipboard, Content};
use crate::establish::{Established, peer};
use crate::limits::{GOODBYE_LIMIT, SHOW_LIMIT, STALL_LIMIT, WAITING_BYTES};
use crate::live::{Ended, Live};
use crate::options::{Anew, Options};
use crate::redirect::Target;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, SessionEvent, Start};
use ironrdp_tokio::MovableTokioFramed;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

/// What comes after a session.
pub enum Next {
    /// Nothing: it was cancelled.
    Nothing,
    /// The session goes on there.
    Sent(Box<Target>),
    /// Another one.
    Again(Anew),
}

/// Carries an established session until it is cancelled or ends. `copied` is what is on the clipboard here already.
///
/// # Errors
/// The link is lost, the machine ended the session, or it cannot be followed.
pub async fn run(
    established: Established,
    start: &mut Start,
    options: &Options,
    copied: Option<Content>,
) -> Result<Next, SessionError> {
    let peer = peer(start);
    let fail = |kind, what: String| SessionError::new(Stage::Session, kind, what);
    let Established {
        framed,
        agreed,
        security,
        heard,
        graphics,
        drive,
        mut answers,
        not_lent,
    } = established;
    let connected = SessionEvent::Connected {
        name: start.endpoint.host.clone(),
        security,
    };
    let channels = (Clipboard::new(heard, copied), graphics, drive);
    let mut live = Live::new(agreed, channels, start, options, connected)
        .map_err(|error| fail(FailureKind::Protocol, format!("{peer} has {error}")))?;
    if let Some(why) = not_lent {
        live.say(&why);
    }
    let (stream, early) = framed.into_inner();
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = MovableTokioFramed::new_with_leftover(reader, early);
    let mut hidden = start.surface.hidden();
    // Also what was so before.
    hidden.mark_changed();
    let Start {
        inputs,
        events,
        cancel,
        meter,
        ..
    } = start;
    let meter = Arc::clone(meter);
    let (mut has_inputs, mut needs_flush) = (true, false);
    // When a server that takes none of the bytes is given up; none while nothing waits for it.
    let mut stalled: Option<Instant> = None;
    let ended = loop {
        let due = live.due();
        let has_bytes = needs_flush || !live.outgoing.is_empty();
        if has_bytes && stalled.is_none() {
            stalled = Some(Instant::now() + STALL_LIMIT);
        }
        // Fair on purpose: with `biased`, a mouse drag would starve the picture. Every branch is cancel safe.
        tokio::select! {
            () = cancel.cancelled() => break Ended::Cancelled,
            read = reader.read_pdu(), if live.takes_frames() => {
                let mut read = Some(read);
                let until = Instant::now() + SHOW_LIMIT;
                let ended = loop {
                    match read.take() {
                        Some(Ok((action, frame))) => {
                            if let Err(ended) = live.frame(action, &frame, reader.last_read_at()) {
                                break Some(ended);
                            }
                        }
                        Some(Err(error)) => break Some(Ended::Lost(broken(&error))),
                        None => break None,
                    }
                    // What arrived together is shown together, but a key waits for none of it.
                    let goes_on = inputs.is_empty()
                        && live.takes_frames()
                        && Instant::now() < until
                        && is_whole(reader.peek());
                    if goes_on {
                        read = Some(reader.read_pdu().await);
                    }
                };
                live.show();
                if let Some(ended) = ended {
                    break ended;
                }
            }
            input = inputs.recv(), if has_inputs && live.takes_input() => match input {
                Some(input) => if let Err(ended) = live.input(input, inputs) {
                    break ended;
                },
                None => has_inputs = false,
            },
            answer = answers.next(), if live.takes_answers() => live.answer_drive(answer),
            // The surface outlives this.
            Ok(()) = hidden.changed() => {
                let is_hidden = *hidden.borrow_and_update();
                live.look(is_hidden);
            }
            written = push(&mut writer, &live.outgoing), if has_bytes => {
                needs_flush = !live.outgoing.is_empty();
                stalled = None;
                match written {
                    Ok(count) => {
                        live.outgoing.drain(..count.min(live.outgoing.len()));
                        meter.bytes_out.fetch_add(count as u64, Ordering::Relaxed);
                    }
                    Err(error) => break Ended::Lost(broken(&error)),
                }
            }
            () = sleep_until(stalled.unwrap_or_else(Instant::now)), if stalled.is_some() => {
                let limit = STALL_LIMIT.as_secs();
                break Ended::Lost(format!("it took nothing for {limit} s"));
            }
            permit = events.reserve(), if !live.waiting.is_empty() => match permit {
                Ok(permit) => if let Some(event) = live.waiting.pop_front() {
                    permit.send(event);
                },
                Err(_) => break Ended::Cancelled,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Err(ended) = live.timers() {
                    break ended;
                }
            }
        }
    };
    live.release_all();
    goodbye(&mut writer, &live.outgoing).await;
    match ended {
        Ended::Cancelled => Ok(Next::Nothing),
        Ended::Sent(target) => Ok(Next::Sent(target)),
        Ended::Again(anew) => Ok(Next::Again(anew)),
        Ended::Lost(why) => {
            let message = format!("lost the session with {peer}: {why}; connect again");
            Err(fail(FailureKind::Lost, message))
        }
        Ended::Over(why) => {
            let message = format!("{peer} ended the session: {why}; connect again to go on");
            Err(fail(FailureKind::Over, message))
        }
        Ended::Fault(why) => {
            let message = format!("cannot follow what {peer} sends: {why}; connect again");
            Err(fail(FailureKind::Protocol, message))
        }
    }
}

/// Whether a message is there from its begin to its end.
fn is_whole(bytes: &[u8]) -> bool {
    matches!(ironrdp_pdu::find_size(bytes), Ok(Some(found)) if found.length <= bytes.len())
}

fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the other side closed it".to_owned(),
        _ => format!("the connection broke ({error})"),
    }
}

/// Sends some of the bytes, or flushes when there are none.
async fn push(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    let some = bytes.get(..WAITING_BYTES).unwrap_or(bytes);
    match writer.write(some).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Sends what is left and closes, as far as that works.
async fn goodbye(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    let end = async {
        writer.write_all(bytes).await?;
        writer.shutdown().await
    };
    if let Ok(Err(error)) = timeout(GOODBYE_LIMIT, end).await {
        tracing::debug!(%error, "the connection did not close cleanly");
    }
}
