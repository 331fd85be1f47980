//! A shell on a terminal (RFC 4254, section 6), carried until either side ends it.

use crate::connection::Connection;
use crate::lend::Lent;
use crate::limits::{MAX_TEXT_CHARS, WAITING_REPLIES};
use crate::options::Options;
use crate::text;
use crate::watch::watch_link;
use bytes::Bytes;
use farwire_model::error::Stage;
use farwire_model::input::SessionInput;
use farwire_model::session::{FailureKind, SessionError, SessionEvent, Start};
use farwire_model::terminal::{Grid, TerminalScreen};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::env;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The kind of terminal that programs on the machine are told.
const TERM: &str = "xterm-256color";

/// How a shell ended.
#[derive(Debug, Default)]
struct Ending {
    status: Option<u32>,
    signal: Option<String>,
}

/// Starts a shell and carries it.
///
/// # Errors
/// Stage `channel` when there is none; stage `session`, kind `Over`, when it ended or the link was lost.
pub async fn run(connection: Connection, start: Start) -> Result<(), SessionError> {
    let Start {
        screen,
        log,
        settings,
        events,
        mut inputs,
        meter,
        cancel,
        ..
    } = start;
    let Some(screen) = screen else {
        let message = "a shell needs a screen to be shown on";
        let error = SessionError::new(Stage::Session, FailureKind::Protocol, message);
        return Err(error);
    };
    let tell = async |event| events.send(event).await.unwrap_or_default();
    tell(SessionEvent::Stage(Stage::Channel)).await;
    let mut channel = connection.session().await?;
    let grid = screen.grid();
    let asked = channel.request_pty(
        true,
        TERM,
        u32::from(grid.columns),
        u32::from(grid.rows),
        0,
        0,
        &[],
    );
    asked
        .await
        .map_err(|error| connection.lost(Stage::Channel, &error))?;
    connection.granted(&mut channel, "a terminal").await?;
    for (name, value) in language() {
        // Servers take only the names they were told to; nothing is answered.
        let told = channel.set_env(false, name, value).await;
        told.map_err(|error| connection.lost(Stage::Channel, &error))?;
    }
    let mut lent = Lent::offer(&connection, &mut channel, &Options::of(&settings)).await?;
    let asked = channel.request_shell(true).await;
    asked.map_err(|error| connection.lost(Stage::Channel, &error))?;
    connection.granted(&mut channel, "a shell").await?;
    screen.begin();
    tell(SessionEvent::Connected {
        name: connection.machine(),
        security: connection.security(),
    })
    .await;
    let banner = connection.banner();
    if !banner.is_empty() {
        screen.feed(format!("{}\r\n", banner.replace('\n', "\r\n")).as_bytes());
    }
    for note in std::mem::take(&mut lent.notes) {
        screen.feed(format!("{note}\r\n").as_bytes());
    }
    let (mut from, to) = channel.split();
    let (replies, mut waiting) = mpsc::channel(WAITING_REPLIES);
    let (checks, mut asked_for) = mpsc::channel(1);
    let stalled = watch::Sender::default();
    let ended = tokio::select! {
        () = cancel.cancelled() => None,
        ending = read(&mut from, &*screen, log.as_ref(), &replies) => Some(Ok(ending)),
        error = write(&to, &mut inputs, &mut waiting, &screen, &checks) => {
            Some(Err(connection.lost(Stage::Session, &error)))
        }
        never = lent.serve(&stalled) => match never {},
        error = watch_link(&connection, &meter.latency_us, &events, &stalled, &mut asked_for) => Some(Err(error)),
    };
    let Some(ended) = ended else {
        connection.close().await;
        return Ok(());
    };
    let message = match ended {
        // The link's end closes its channels first.
        Ok(ending) if ending.status.is_none() && ending.signal.is_none() => {
            let limit = Duration::from_millis(200);
            if connection.is_closed() || connection.ping(limit).await.is_err() {
                connection
                    .lost(Stage::Session, &russh::Error::Disconnect)
                    .message
            } else {
                "the shell ended".to_owned()
            }
        }
        Ok(Ending {
            signal: Some(signal),
            ..
        }) => {
            format!("the shell was ended by signal {signal}")
        }
        Ok(Ending { status, .. }) => {
            format!("the shell ended with status {}", status.unwrap_or_default())
        }
        Err(error) => error.message,
    };
    connection.close().await;
    Err(SessionError::new(
        Stage::Session,
        FailureKind::Over,
        message,
    ))
}

/// This computer's language and character set, for programs on the machine: `LANG` and all that begins with `LC_`, as other
/// clients send them.
fn language() -> Vec<(String, String)> {
    let known = env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let is_language = name == "LANG" || name.starts_with("LC_");
        (is_language && !value.is_empty() && value.len() <= MAX_TEXT_CHARS).then_some((name, value))
    });
    known.collect()
}

/// Takes everything in, always: what is not read holds up the whole link.
async fn read(
    from: &mut ChannelReadHalf,
    screen: &dyn TerminalScreen,
    log: Option<&mpsc::Sender<Bytes>>,
    replies: &mpsc::Sender<Vec<u8>>,
) -> Ending {
    let mut ending = Ending::default();
    while let Some(message) = from.wait().await {
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                let reply = screen.feed(&data);
                if let Some(log) = log {
                    // A log that ended is told of by whoever writes it.
                    let _ = log.send(data).await;
                }
                if !reply.is_empty() {
                    // Full: see the limit.
                    let _ = replies.try_send(reply);
                }
                // Whole buffers may be ready at once: others get their turn.
                tokio::task::yield_now().await;
            }
            ChannelMsg::ExitStatus { exit_status } => ending.status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                ending.signal = Some(text::line(&format!("{signal_name:?}"), MAX_TEXT_CHARS));
            }
            _ => {}
        }
    }
    ending
}

/// Sends what is typed. Waits while the machine takes nothing.
async fn write(
    to: &ChannelWriteHalf<Msg>,
    inputs: &mut mpsc::Receiver<SessionInput>,
    replies: &mut mpsc::Receiver<Vec<u8>>,
    screen: &Arc<dyn TerminalScreen>,
    checks: &mpsc::Sender<()>,
) -> russh::Error {
    loop {
        let sent = tokio::select! {
            Some(reply) = replies.recv() => to.data_bytes(reply).await,
            input = inputs.recv() => match input {
                // The session ends the run elsewhere.
                None => std::future::pending().await,
                Some(SessionInput::Bytes(bytes)) => to.data_bytes(bytes).await,
                Some(SessionInput::Text(text)) => to.data_bytes(text.replace("\r\n", "\r").replace('\n', "\r")).await,
                Some(SessionInput::Key { is_down: true, keysym, .. }) => {
                    let bytes = screen.key(keysym);
                    if bytes.is_empty() { Ok(()) } else { to.data_bytes(bytes).await }
                }
                Some(SessionInput::Key { is_down: false, keysym, .. }) => {
                    screen.key_up(keysym);
                    Ok(())
                }
                Some(SessionInput::Grid(grid)) => {
                    let Grid { columns, rows } = screen.resize(grid);
                    to.window_change(u32::from(columns), u32::from(rows), 0, 0).await
                }
                Some(SessionInput::CheckLink) => {
                    // One that waits already is enough.
                    let _ = checks.try_send(());
                    Ok(())
                }
                Some(_) => Ok(()),
            },
        };
        if let Err(error) = sent {
            return error;
        }
    }
}
