//! A link that is signed in to, and the channels in it.

use crate::connect::{Call, link_words};
use crate::doors::{Address, Doors, Knock, Taken};
use crate::guard::{Ear, Guard};
use crate::limits::{CHANNEL_LIMIT, GOODBYE_LIMIT, MAX_TEXT_CHARS};
use crate::text;
use farwire_link::ByteStream;
use farwire_model::credentials::{Endpoint, Hop};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use farwire_model::transfer::Program;
use farwire_model::tunnel::TunnelEnd;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, Disconnect};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

/// A link that is signed in to. Dropping it closes it, and those it goes through.
///
/// A channel that is not read holds up every other channel of its link: what must not wait for another's bytes takes a link of
/// its own.
pub struct Connection {
    handle: Handle<Guard>,
    endpoint: Endpoint,
    user: String,
    ear: Ear,
    doors: Doors,
    // Dropped before the link below: the order of fields is the order of closing.
    _cut: DropGuard,
    below: Option<Box<Connection>>,
}

/// Why a channel to an address was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenFailure {
    /// The server forbids it.
    Forbidden,
    /// Nobody answers there.
    Unreachable,
    /// Anything else.
    Other,
}

/// A channel to an address that was not opened.
#[derive(Debug)]
pub(crate) struct Refused {
    /// In which way.
    pub failure: OpenFailure,
    /// The same in words.
    pub error: SessionError,
}

impl Connection {
    pub(crate) fn new(
        handle: Handle<Guard>,
        hop: &Hop,
        ear: Ear,
        doors: Doors,
        cut: DropGuard,
        below: Option<Self>,
    ) -> Self {
        Self {
            handle,
            endpoint: hop.endpoint.clone(),
            user: hop.credentials.username.clone().unwrap_or_default(),
            ear,
            doors,
            _cut: cut,
            below: below.map(Box::new),
        }
    }

    /// `user@host:port`.
    pub fn machine(&self) -> String {
        let Endpoint { host, port, .. } = &self.endpoint;
        format!("{}@{host}:{port}", self.user)
    }

    /// Opens a channel and leaves it, to see whether one can be opened.
    pub(crate) async fn probe(&self, call: &Call) -> Result<(), SessionError> {
        call.stage(Stage::Channel).await;
        let channel = self.session().await?;
        // It is closed with the link in any case.
        let _ = timeout(GOODBYE_LIMIT, channel.close()).await;
        Ok(())
    }

    /// How the link is protected, in words.
    pub fn security(&self) -> String {
        format!("SSH, {}", self.ear.said().cipher)
    }

    /// What the server may open channels for.
    pub(crate) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// What the server showed before signing in; may be empty.
    pub fn banner(&self) -> String {
        self.ear.said().banner
    }

    /// Whether the link has ended.
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Opens a byte stream to an address as the server sees it (RFC 4254, section 7.2).
    ///
    /// # Errors
    /// Kind `Unreachable`, stage `connect`.
    pub async fn direct_tcpip(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn ByteStream>, SessionError> {
        let to = TunnelEnd::Tcp {
            host: host.to_owned(),
            port,
        };
        match timeout(CHANNEL_LIMIT, self.open_to(&to)).await {
            Ok(Ok(channel)) => Ok(Box::new(channel.into_stream())),
            Ok(Err(refused)) => Err(refused.error),
            Err(_) => {
                let why = format!("no answer within {} s", CHANNEL_LIMIT.as_secs());
                let advice = "check the address, as that machine sees it";
                Err(self
                    .refused(&to, OpenFailure::Unreachable, &why, advice)
                    .error)
            }
        }
    }

    /// Opens a channel to an address or a Unix socket as the server sees it. Takes as long as the server tries.
    pub(crate) async fn open_to(&self, to: &TunnelEnd) -> Result<Channel<Msg>, Refused> {
        let opened = match to {
            TunnelEnd::Tcp { host, port } => {
                self.handle
                    .channel_open_direct_tcpip(host, u32::from(*port), "127.0.0.1", 0)
                    .await
            }
            TunnelEnd::Unix(path) => self.handle.channel_open_direct_streamlocal(path).await,
        };
        opened.map_err(|error| match error {
            russh::Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => {
                let advice = match to {
                    TunnelEnd::Tcp { .. } => "allow AllowTcpForwarding on it",
                    TunnelEnd::Unix(_) => {
                        "allow AllowStreamLocalForwarding on it, or check the socket"
                    }
                };
                self.refused(to, OpenFailure::Forbidden, "it forbids that", advice)
            }
            russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed) => self.refused(
                to,
                OpenFailure::Unreachable,
                "nobody answers there",
                "check the address, as that machine sees it",
            ),
            error => self.refused(
                to,
                OpenFailure::Other,
                &link_words(&error),
                "check that machine",
            ),
        })
    }

    fn refused(&self, to: &TunnelEnd, failure: OpenFailure, why: &str, advice: &str) -> Refused {
        let Endpoint { host, port, .. } = &self.endpoint;
        let message = format!("{host}:{port} could not connect on to {to}: {why}; {advice}");
        let error = SessionError::new(Stage::Connect, FailureKind::Unreachable, message);
        Refused { failure, error }
    }

    /// Has the server listen (RFC 4254, section 7.1) and hand each connection over; answers where it listens.
    ///
    /// # Errors
    /// Stage `channel` when it refuses; kind `Lost` when the link is gone.
    pub(crate) async fn listen(
        &self,
        at: &TunnelEnd,
    ) -> Result<(TunnelEnd, mpsc::Receiver<Knock>), SessionError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let fail = |why: &str| {
            let message = format!("{host}:{port} does not listen on {at}: {why}");
            SessionError::new(Stage::Channel, FailureKind::Protocol, message)
        };
        let address = Address::of(at);
        // What is open before the server is asked misses nothing; a port that it chooses is only known afterwards.
        let is_chosen = matches!(at, TunnelEnd::Tcp { port: 0, .. });
        let mut knocks = (!is_chosen)
            .then(|| self.doors.open(address.clone()))
            .transpose()
            .map_err(|Taken| fail("another tunnel of this connection has it"))?;
        let asking = async {
            match at {
                TunnelEnd::Tcp { host, port } => {
                    self.handle.tcpip_forward(host, u32::from(*port)).await
                }
                TunnelEnd::Unix(path) => self.handle.streamlocal_forward(path).await.map(|()| 0),
            }
        };
        let asked = timeout(CHANNEL_LIMIT, asking).await;
        let result = match (asked, at) {
            (Ok(Ok(chosen)), TunnelEnd::Tcp { host, port: 0 }) => match u16::try_from(chosen) {
                Ok(chosen) if chosen > 0 => Ok(TunnelEnd::Tcp {
                    host: host.clone(),
                    port: chosen,
                }),
                _ => Err(fail("it did not say which port it chose")),
            },
            (Ok(Ok(_)), at) => Ok(at.clone()),
            (Ok(Err(russh::Error::RequestDenied)), TunnelEnd::Tcp { .. }) => Err(fail(
                "it refuses; the port may be in use there, below 1024, or AllowTcpForwarding or PermitListen may forbid it",
            )),
            (Ok(Err(russh::Error::RequestDenied)), TunnelEnd::Unix(_)) => Err(fail(
                "it refuses; a file may be there already, or AllowStreamLocalForwarding may forbid it",
            )),
            (Ok(Err(error)), _) => Err(self.lost(Stage::Channel, &error)),
            (Err(_), _) => Err(fail("it does not answer")),
        };
        match result {
            Ok(bound) => {
                let knocks = match knocks.take() {
                    Some(knocks) => knocks,
                    None => {
                        let opened = self.doors.open(Address::of(&bound));
                        opened.map_err(|Taken| fail("another tunnel of this connection has it"))?
                    }
                };
                Ok((bound, knocks))
            }
            Err(error) => {
                if !is_chosen {
                    self.doors.shut(&address);
                }
                Err(error)
            }
        }
    }

    /// Has the server listen no more.
    pub(crate) async fn unlisten(&self, at: &TunnelEnd) {
        self.doors.shut(&Address::of(at));
        let asking = async {
            match at {
                TunnelEnd::Tcp { host, port } => {
                    let port = u32::from(*port);
                    self.handle.cancel_tcpip_forward(host, port).await
                }
                TunnelEnd::Unix(path) => self.handle.cancel_streamlocal_forward(path).await,
            }
        };
        match timeout(GOODBYE_LIMIT, asking).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the server did not stop listening"),
            Err(_) => tracing::debug!("the server did not say that it stopped listening"),
        }
    }

    /// Opens a subsystem such as `sftp` (RFC 4254, section 6.5) as a byte stream. Read it always: see [`Connection`].
    ///
    /// # Errors
    /// Stage `channel`.
    pub async fn subsystem(&self, name: &str) -> Result<Box<dyn ByteStream>, SessionError> {
        let mut channel = self.session().await?;
        channel
            .request_subsystem(true, name)
            .await
            .map_err(|error| self.lost(Stage::Channel, &error))?;
        self.granted(&mut channel, &format!("the subsystem {name}"))
            .await?;
        Ok(Box::new(channel.into_stream()))
    }

    /// Starts a command and is a byte stream to its input and from its output; its complaints are not kept. Read it always:
    /// see [`Connection`].
    ///
    /// # Errors
    /// Stage `channel`.
    pub async fn program(&self, command: &[u8]) -> Result<Box<dyn Program>, SessionError> {
        let mut channel = self.session().await?;
        let asked = channel.exec(true, command).await;
        asked.map_err(|error| self.lost(Stage::Channel, &error))?;
        self.granted(&mut channel, "the command").await?;
        Ok(Box::new(channel.into_stream()))
    }

    /// Opens a channel for a shell, a command or a subsystem.
    pub(crate) async fn session(&self) -> Result<Channel<Msg>, SessionError> {
        let fail = |why: String| {
            let Endpoint { host, port, .. } = &self.endpoint;
            let message = format!(
                "{host}:{port} opened no channel: {why}; it may allow no more sessions on one connection"
            );
            SessionError::new(Stage::Channel, FailureKind::Protocol, message)
        };
        match timeout(CHANNEL_LIMIT, self.handle.channel_open_session()).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(russh::Error::ChannelOpenFailure(_))) => Err(fail("it refuses".to_owned())),
            Ok(Err(error)) => Err(self.lost(Stage::Channel, &error)),
            Err(_) => Err(fail(format!("no answer within {CHANNEL_LIMIT:?}"))),
        }
    }

    /// Waits until the server has granted what was asked for in a channel.
    pub(crate) async fn granted(
        &self,
        channel: &mut Channel<Msg>,
        what: &str,
    ) -> Result<(), SessionError> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let fail = |kind, why: String| {
            let message = format!("{host}:{port} did not start {what}: {why}");
            SessionError::new(Stage::Channel, kind, message)
        };
        let answer = async {
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => return Ok(()),
                    Some(ChannelMsg::Failure) => {
                        let why = "it refuses; see its configuration and the account's rights";
                        return Err(fail(FailureKind::Protocol, why.to_owned()));
                    }
                    None | Some(ChannelMsg::Close) => {
                        let why = "it closed the channel".to_owned();
                        return Err(fail(FailureKind::Protocol, why));
                    }
                    Some(_) => {}
                }
            }
        };
        match timeout(CHANNEL_LIMIT, answer).await {
            Ok(granted) => granted,
            Err(_) => Err(fail(
                FailureKind::Unreachable,
                format!("no answer within {CHANNEL_LIMIT:?}"),
            )),
        }
    }

    /// The link is gone, in words.
    pub(crate) fn lost(&self, stage: Stage, error: &russh::Error) -> SessionError {
        let Endpoint { host, port, .. } = &self.endpoint;
        let why = match self.ear.said().goodbye {
            Some(goodbye) if !goodbye.is_empty() => {
                format!("it said: {}", text::line(&goodbye, MAX_TEXT_CHARS))
            }
            _ => link_words(error),
        };
        let message = format!("the connection to {host}:{port} was lost: {why}");
        SessionError::new(stage, FailureKind::Lost, message)
    }

    /// The round trip to the server, measured by a request that changes nothing.
    ///
    /// # Errors
    /// The link is gone.
    pub async fn ping(&self, limit: Duration) -> Result<Duration, SessionError> {
        let asked = tokio::time::Instant::now();
        match timeout(limit, self.handle.send_ping()).await {
            Ok(Ok(())) => Ok(asked.elapsed()),
            Ok(Err(error)) => Err(self.lost(Stage::Session, &error)),
            Err(_) => Err(self.lost(Stage::Session, &russh::Error::KeepaliveTimeout)),
        }
    }

    /// Says goodbye to the machine; those on the way are let go of with the connection.
    pub(crate) async fn hang_up(&self) {
        let goodbye = self.handle.disconnect(Disconnect::ByApplication, "", "");
        // A server that does not listen any more is left anyway.
        let _ = timeout(GOODBYE_LIMIT, goodbye).await;
    }

    /// Says goodbye, to the machines on the way too.
    pub async fn close(self) {
        self.hang_up().await;
        if let Some(below) = self.below {
            Box::pin(below.close()).await;
        }
    }
}
