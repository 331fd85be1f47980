//! Tunnels: a link of their own that carries ports and sockets both ways.
//!
//! | file | holds |
//! | --- | --- |
//! | `listener` | listening on this computer, connecting on from it |
//! | `socks` | what a client of a SOCKS5 proxy says |
//! | `relay` | bytes between a channel and a connection here |
//!
//! All channels of a link share it: one whose client takes nothing holds up the others once what fits into memory is full. It
//! is cut off after a while, see `STUCK_LIMIT`.

mod listener;
mod relay;
mod socks;
#[cfg(test)]
mod tests;

use crate::connect::{Call, connect};
use crate::connection::{Connection, OpenFailure, Refused};
use crate::limits::{GOODBYE_LIMIT, MAX_CHANNELS, MAX_TEXT_CHARS, TUNNEL_WINDOW};
use crate::text;
use crate::watch::watch_link;
use bytes::{Bytes, BytesMut};
use farwire_link::ByteStream;
use farwire_model::error::Stage;
use farwire_model::input::SessionInput;
use farwire_model::session::{Protocol, Purpose, Run, SessionError, SessionEvent, Start};
use farwire_model::tunnel::{Carrying, TunnelEnd, TunnelKind, TunnelLink, TunnelMeter, TunnelPlan};
use listener::Listener;
pub(crate) use listener::connect as connect_here;
pub(crate) use relay::relay;
use russh::client::Msg;
use russh::{Channel, ChannelOpenFailure};
use socks::Reply;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Opens links for tunnels.
#[derive(Clone, Copy, Debug, Default)]
pub struct SshTunnels;

impl Protocol for SshTunnels {
    fn run(&self, start: Start) -> Run {
        Box::pin(async move {
            let (call, hops) = Call::of(&start);
            let call = Call {
                window: Some(TUNNEL_WINDOW),
                ..call
            };
            let connection = tokio::select! {
                () = start.cancel.cancelled() => return Ok(()),
                connection = connect(&call, &hops) => connection?,
            };
            if start.purpose == Purpose::Probe {
                connection.probe(&call).await?;
                connection.close().await;
                return Ok(());
            }
            serve(connection, start).await
        })
    }
}

/// Lets tunnels through until the run is cancelled or the link ends.
async fn serve(connection: Connection, start: Start) -> Result<(), SessionError> {
    let Start {
        tunnels,
        events,
        mut inputs,
        meter,
        cancel,
        ..
    } = start;
    let link = Arc::new(Link {
        connection,
        places: Arc::new(Semaphore::new(MAX_CHANNELS)),
        tasks: TaskTracker::new(),
        ended: CancellationToken::new(),
        stalled: watch::Sender::new(false),
    });
    // However this ends, nothing of it goes on.
    let _ended = link.ended.clone().drop_guard();
    tunnels.send_replace(Some(Arc::clone(&link) as Arc<dyn TunnelLink>));
    let up = SessionEvent::Connected {
        name: link.connection.machine(),
        security: link.connection.security(),
    };
    // A receiver that is gone cancels the run elsewhere.
    events.send(up).await.unwrap_or_default();
    let (checks, mut asked_for) = mpsc::channel(1);
    let listen = async {
        while let Some(input) = inputs.recv().await {
            if input == SessionInput::CheckLink {
                // One that waits already is enough.
                let _ = checks.try_send(());
            }
        }
        // The session ends the run elsewhere.
        std::future::pending().await
    };
    let lost = tokio::select! {
        () = cancel.cancelled() => None,
        () = listen => None,
        error = watch_link(&link.connection, &meter.latency_us, &events, &link.stalled, &mut asked_for) => Some(error),
    };
    tunnels.send_replace(None);
    link.ended.cancel();
    link.tasks.close();
    // What still closes its channels is left: the link's end closes them.
    let _ = timeout(GOODBYE_LIMIT, link.tasks.wait()).await;
    link.connection.hang_up().await;
    lost.map_or(Ok(()), Err)
}

/// A link that tunnels go through.
struct Link {
    connection: Connection,
    // How many connections can still be carried.
    places: Arc<Semaphore>,
    // Of every connection that is carried.
    tasks: TaskTracker,
    ended: CancellationToken,
    stalled: watch::Sender<bool>,
}

impl TunnelLink for Link {
    fn carry(
        self: Arc<Self>,
        plan: TunnelPlan,
        meter: Arc<TunnelMeter>,
        cancel: CancellationToken,
    ) -> Carrying {
        Box::pin(async move {
            let tunnel = Tunnel {
                link: self,
                meter,
                // Ends with this future, too.
                cancel: cancel.child_token(),
                tasks: TaskTracker::new(),
            };
            let guard = tunnel.cancel.clone().drop_guard();
            let carried = match &plan.to {
                None => tunnel.listen_here(&plan.listen, None).await,
                Some(to) if plan.kind == TunnelKind::Remote => {
                    tunnel.listen_there(&plan.listen, to).await
                }
                Some(to) => tunnel.listen_here(&plan.listen, Some(to)).await,
            };
            drop(guard);
            tunnel.meter.bound.send_replace(None);
            tunnel.tasks.close();
            // A channel that the machine is still opening is closed once it is open.
            let _ = timeout(GOODBYE_LIMIT, tunnel.tasks.wait()).await;
            carried
        })
    }
}

/// One tunnel on a link.
#[derive(Clone)]
struct Tunnel {
    link: Arc<Link>,
    meter: Arc<TunnelMeter>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

/// A connection that is carried, for as long as this is held.
struct Place {
    meter: Arc<TunnelMeter>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.meter.channels.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tunnel {
    fn lost(&self) -> SessionError {
        self.link
            .connection
            .lost(Stage::Session, &russh::Error::Disconnect)
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> Place {
        self.meter.channels.fetch_add(1, Ordering::Relaxed);
        Place {
            meter: Arc::clone(&self.meter),
            _permit: permit,
        }
    }

    fn trouble(&self, why: &str) {
        let why = text::line(why, MAX_TEXT_CHARS);
        tracing::debug!(why, "a connection was not carried");
        self.meter.trouble.send_replace(Some(why));
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.track_future(task);
        self.link.tasks.spawn(task);
    }

    /// Listens on this computer; the machine connects on, to where each SOCKS client says when nothing else is given.
    async fn listen_here(
        &self,
        at: &TunnelEnd,
        to: Option<&TunnelEnd>,
    ) -> Result<(), SessionError> {
        let (listener, bound) = Listener::bind(at).await?;
        self.meter.bound.send_replace(Some(bound));
        loop {
            let accepted = tokio::select! {
                () = self.cancel.cancelled() => return Ok(()),
                () = self.link.ended.cancelled() => return Err(self.lost()),
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok((stream, permit)) => {
                    let (tunnel, to, place) = (self.clone(), to.cloned(), self.place(permit));
                    self.spawn(async move {
                        let _place = place;
                        tunnel.carry_out(stream, to).await;
                    });
                }
                Err(error) => {
                    self.trouble(&format!("could not take a connection on {at}: {error}"));
                    // Too many open files, most likely: others may be closed by then.
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Takes a connection when there is a place for it; until then clients wait.
    async fn accept(
        &self,
        listener: &Listener,
    ) -> io::Result<(Box<dyn ByteStream>, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.link.places).acquire_owned().await;
        let permit = permit.map_err(io::Error::other)?;
        Ok((listener.accept().await?, permit))
    }

    /// One connection that was made here.
    async fn carry_out(&self, mut stream: Box<dyn ByteStream>, to: Option<TunnelEnd>) {
        let mut early = BytesMut::new();
        let is_proxy = to.is_none();
        let to = match to {
            Some(to) => to,
            None => {
                let asked = tokio::select! {
                    () = self.over() => return,
                    asked = socks::ask(&mut *stream, &mut early) => asked,
                };
                match asked {
                    Ok(to) => to,
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        return self.trouble(&error.to_string());
                    }
                    Err(error) => {
                        return tracing::debug!(%error, "a SOCKS client left before it said where it wants to");
                    }
                }
            }
        };
        // Not given up half-way: the machine would open the channel later, and nobody would close it.
        let opened = tokio::select! {
            () = self.link.ended.cancelled() => return,
            opened = self.link.connection.open_to(&to) => opened,
        };
        let channel = match opened {
            Ok(channel) => channel,
            Err(Refused { failure, error }) => {
                if is_proxy {
                    let reply = match failure {
                        OpenFailure::Forbidden => Reply::Forbidden,
                        OpenFailure::Unreachable => Reply::Unreachable,
                        OpenFailure::Other => Reply::Failed,
                    };
                    // It may have left meanwhile.
                    let reply = reply.bytes();
                    let _ = timeout(GOODBYE_LIMIT, stream.write_all(&reply)).await;
                }
                return self.trouble(&error.message);
            }
        };
        if is_proxy {
            let reply = Reply::Succeeded.bytes();
            let told = timeout(GOODBYE_LIMIT, stream.write_all(&reply)).await;
            if !matches!(told, Ok(Ok(()))) {
                return close(&channel).await;
            }
        }
        self.relay(channel, stream, early.freeze()).await;
    }

    /// Has the machine listen; this computer connects on.
    async fn listen_there(&self, at: &TunnelEnd, to: &TunnelEnd) -> Result<(), SessionError> {
        let listening = tokio::select! {
            () = self.link.ended.cancelled() => return Err(self.lost()),
            listening = self.link.connection.listen(at) => listening,
        };
        let (bound, mut knocks) = listening?;
        self.meter.bound.send_replace(Some(bound.clone()));
        let ended = loop {
            let knock = tokio::select! {
                () = self.cancel.cancelled() => break Ok(()),
                () = self.link.ended.cancelled() => return Err(self.lost()),
                knock = knocks.recv() => knock,
            };
            let Some((channel, reply)) = knock else {
                break Err(self.lost());
            };
            let Ok(permit) = Arc::clone(&self.link.places).try_acquire_owned() else {
                reply.reject(ChannelOpenFailure::ResourceShortage).await;
                self.trouble(&format!(
                    "more than {MAX_CHANNELS} connections at once: one was refused"
                ));
                continue;
            };
            let (tunnel, to, place) = (self.clone(), to.clone(), self.place(permit));
            self.spawn(async move {
                let _place = place;
                match listener::connect(&to).await {
                    Ok(stream) => {
                        reply.accept().await;
                        tunnel.relay(channel, stream, Bytes::new()).await;
                    }
                    Err(why) => {
                        reply.reject(ChannelOpenFailure::ConnectFailed).await;
                        tunnel.trouble(&why);
                    }
                }
            });
        };
        self.link.connection.unlisten(&bound).await;
        ended
    }

    async fn relay(&self, channel: Channel<Msg>, stream: Box<dyn ByteStream>, early: Bytes) {
        self.meter.carried.fetch_add(1, Ordering::Relaxed);
        let stalled = self.link.stalled.subscribe();
        let relayed = relay::relay(channel, stream, early, &self.meter, stalled, self.over());
        if let Err(why) = relayed.await {
            self.trouble(&why);
        }
    }

    /// Resolves when the tunnel or its link has ended.
    async fn over(&self) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = self.link.ended.cancelled() => {}
        }
    }
}

async fn close(channel: &Channel<Msg>) {
    // A server that does not listen any more is left anyway.
    let _ = timeout(GOODBYE_LIMIT, channel.close()).await;
}
