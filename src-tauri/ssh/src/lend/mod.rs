//! What a shell lends to the machine, where its settings say so: the agent of this computer, and its X display.
//!
//! | file | holds |
//! | --- | --- |
//! | `display` | which display this computer has, and the cookie that it wants |
//! | `setup` | what a program says to a display first |
//!
//! Programs there reach them through channels that the server opens; it is let in only for what was asked for in this shell. A
//! display is lent under a cookie made up for it: the machine never sees the real one.

mod display;
mod setup;

use crate::connection::Connection;
use crate::doors::{Address, Knock};
use crate::limits::{MAX_LENT, SETUP_LIMIT};
use crate::options::Options;
use crate::tunnel::{connect_here, relay};
use bytes::{Bytes, BytesMut};
use display::Display;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use farwire_model::tunnel::{TunnelEnd, TunnelMeter};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelOpenFailure};
use setup::{COOKIE_NAME, Cookie, Setup};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What a shell lends.
#[derive(Default)]
pub struct Lent {
    agent: Option<(TunnelEnd, mpsc::Receiver<Knock>)>,
    display: Option<(Arc<LentDisplay>, mpsc::Receiver<Knock>)>,
    /// What could not be lent and why, in words.
    pub notes: Vec<String>,
}

/// A display, and the cookie that it is lent under.
struct LentDisplay {
    display: Display,
    made_up: Cookie,
}

impl Lent {
    /// Offers what the settings say. What this computer has not, or the machine does not take, is a note: the shell works
    /// without it.
    ///
    /// # Errors
    /// The link is gone, or does not answer.
    pub async fn offer(
        connection: &Connection,
        channel: &mut Channel<Msg>,
        options: &Options,
    ) -> Result<Self, SessionError> {
        let mut lent = Self::default();
        if options.lends_agent {
            lent.offer_agent(connection, channel).await?;
        }
        if options.lends_display {
            lent.offer_display(connection, channel).await?;
        }
        Ok(lent)
    }

    async fn offer_agent(
        &mut self,
        connection: &Connection,
        channel: &mut Channel<Msg>,
    ) -> Result<(), SessionError> {
        let socket = std::env::var("SSH_AUTH_SOCK").unwrap_or_default();
        if socket.is_empty() {
            let note =
                "the SSH agent is not lent: this computer has none (SSH_AUTH_SOCK is not set)";
            self.notes.push(note.to_owned());
            return Ok(());
        }
        let knocks = open(connection, Address::Agent)?;
        let asked = channel.agent_forward(true).await;
        asked.map_err(|error| connection.lost(Stage::Channel, &error))?;
        match connection.granted(channel, "agent forwarding").await {
            Ok(()) => self.agent = Some((TunnelEnd::Unix(socket), knocks)),
            Err(error) if error.kind == FailureKind::Protocol => self.notes.push(
                "the SSH agent is not lent: the machine refuses; see AllowAgentForwarding there"
                    .to_owned(),
            ),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn offer_display(
        &mut self,
        connection: &Connection,
        channel: &mut Channel<Msg>,
    ) -> Result<(), SessionError> {
        let display = match Display::here().await {
            Ok(display) => display,
            Err(why) => {
                self.notes.push(format!("the display is not lent: {why}"));
                return Ok(());
            }
        };
        let Some(made_up) = Cookie::made_up() else {
            let note = "the display is not lent: this computer gives no random numbers";
            self.notes.push(note.to_owned());
            return Ok(());
        };
        let knocks = open(connection, Address::Display)?;
        let asked = channel.request_x11(true, false, COOKIE_NAME, made_up.hex(), display.screen);
        asked
            .await
            .map_err(|error| connection.lost(Stage::Channel, &error))?;
        match connection.granted(channel, "X11 forwarding").await {
            Ok(()) => self.display = Some((Arc::new(LentDisplay { display, made_up }), knocks)),
            Err(error) if error.kind == FailureKind::Protocol => self.notes.push(
                "the display is not lent: the machine refuses; see X11Forwarding there, and whether xauth is installed"
                    .to_owned(),
            ),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Carries what programs on the machine say to the agent and the display. It ends when it is dropped, with all of them.
    pub async fn serve(mut self, stalled: &watch::Sender<bool>) -> Infallible {
        let mut carried = JoinSet::new();
        loop {
            tokio::select! {
                (agent, (channel, reply)) = next(&mut self.agent) => {
                    if carried.len() >= MAX_LENT {
                        reply.reject(ChannelOpenFailure::ResourceShortage).await;
                        continue;
                    }
                    let stalled = stalled.subscribe();
                    carried.spawn(async move {
                        match connect_here(&agent).await {
                            Ok(stream) => {
                                reply.accept().await;
                                carry(channel, stream, stalled).await;
                            }
                            Err(why) => {
                                reply.reject(ChannelOpenFailure::ConnectFailed).await;
                                tracing::info!("a program did not reach the agent: {why}");
                            }
                        }
                    });
                }
                (lent, (channel, reply)) = next(&mut self.display) => {
                    if carried.len() >= MAX_LENT {
                        reply.reject(ChannelOpenFailure::ResourceShortage).await;
                        continue;
                    }
                    let stalled = stalled.subscribe();
                    carried.spawn(async move {
                        reply.accept().await;
                        if let Err(why) = show(channel, &lent, stalled).await {
                            tracing::info!("a program did not reach the display: {why}");
                        }
                    });
                }
                Some(ended) = carried.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "what was lent stopped");
                    }
                }
            }
        }
    }
}

fn open(connection: &Connection, address: Address) -> Result<mpsc::Receiver<Knock>, SessionError> {
    connection.doors().open(address).map_err(|_| {
        let message = "another shell of this link lends the same";
        SessionError::new(Stage::Channel, FailureKind::Protocol, message)
    })
}

/// The next channel; never, when this is not lent.
async fn next<T: Clone>(lent: &mut Option<(T, mpsc::Receiver<Knock>)>) -> (T, Knock) {
    if let Some((what, knocks)) = lent
        && let Some(knock) = knocks.recv().await
    {
        return (what.clone(), knock);
    }
    pending().await
}

async fn carry(
    channel: Channel<Msg>,
    stream: Box<dyn crate::ByteStream>,
    stalled: watch::Receiver<bool>,
) {
    let meter = TunnelMeter::default();
    let carried = relay(channel, stream, Bytes::new(), &meter, stalled, pending());
    if let Err(why) = carried.await {
        tracing::info!("what was lent was cut off: {why}");
    }
}

/// Lets one program draw, if it knows the cookie.
async fn show(
    mut channel: Channel<Msg>,
    lent: &LentDisplay,
    stalled: watch::Receiver<bool>,
) -> Result<(), String> {
    let begun = begin(&mut channel, lent).await;
    let (mut stream, first) = match begun {
        Ok(begun) => begun,
        Err(why) => {
            // The link may be gone already.
            channel.close().await.unwrap_or_default();
            return Err(why);
        }
    };
    let sent = timeout(SETUP_LIMIT, stream.write_all(&first)).await;
    if !matches!(sent, Ok(Ok(()))) {
        channel.close().await.unwrap_or_default();
        return Err("the display takes nothing".to_owned());
    }
    carry(channel, stream, stalled).await;
    Ok(())
}

/// Reads what a program says first, and connects to the display; answers what it is to be told.
async fn begin(
    channel: &mut Channel<Msg>,
    lent: &LentDisplay,
) -> Result<(Box<dyn crate::ByteStream>, Vec<u8>), String> {
    let mut said = BytesMut::new();
    let whole = async {
        while matches!(Setup::read(&said), Setup::Cut) {
            match channel.wait().await {
                Some(ChannelMsg::Data { data }) => said.extend_from_slice(&data),
                Some(ChannelMsg::Close | ChannelMsg::Eof) | None => {
                    return Err("it left".to_owned());
                }
                Some(_) => {}
            }
        }
        Ok(())
    };
    let whole = timeout(SETUP_LIMIT, whole).await;
    whole.map_err(|_| "it says nothing".to_owned())??;
    let Setup::Whole(setup) = Setup::read(&said) else {
        return Err("it does not speak X11".to_owned());
    };
    if !setup.knows(&lent.made_up) {
        return Err("it does not know the cookie".to_owned());
    }
    let stream = connect_here(&lent.display.end).await?;
    let mut first = setup.with(lent.display.cookie.as_ref());
    first.extend_from_slice(said.get(setup.length..).unwrap_or_default());
    Ok((stream, first))
}
