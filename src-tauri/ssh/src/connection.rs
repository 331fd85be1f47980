//! A link that is signed in to, and the channels in it.

use crate::connect::{Call, link_words};
use crate::guard::{Ear, Guard};
use crate::limits::{CHANNEL_LIMIT, GOODBYE_LIMIT, MAX_TEXT_CHARS};
use crate::text;
use crate::watched::ByteStream;
use farwire_model::credentials::{Endpoint, Hop};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use farwire_model::transfer::Program;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelOpenFailure, Disconnect};
use std::time::Duration;
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
    // Dropped before the link below: the order of fields is the order of closing.
    _cut: DropGuard,
    below: Option<Box<Connection>>,
}

impl Connection {
    pub(crate) fn new(
        handle: Handle<Guard>,
        hop: &Hop,
        ear: Ear,
        cut: DropGuard,
        below: Option<Self>,
    ) -> Self {
        Self {
            handle,
            endpoint: hop.endpoint.clone(),
            user: hop.credentials.username.clone().unwrap_or_default(),
            ear,
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
        let opening = self
            .handle
            .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
        let refused = |why: String, advice: &str| {
            let Endpoint {
                host: at, port: on, ..
            } = &self.endpoint;
            let message =
                format!("{at}:{on} could not connect on to {host}:{port}: {why}; {advice}");
            SessionError::new(Stage::Connect, FailureKind::Unreachable, message)
        };
        match timeout(CHANNEL_LIMIT, opening).await {
            Ok(Ok(channel)) => Ok(Box::new(channel.into_stream())),
            Ok(Err(russh::Error::ChannelOpenFailure(
                ChannelOpenFailure::AdministrativelyProhibited,
            ))) => Err(refused(
                "it forbids that".to_owned(),
                "allow AllowTcpForwarding on it",
            )),
            Ok(Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed))) => {
                Err(refused(
                    "nobody answers there".to_owned(),
                    "check the address, as that machine sees it",
                ))
            }
            Ok(Err(error)) => Err(refused(link_words(&error), "check that machine")),
            Err(_) => Err(refused(
                format!("no answer within {} s", CHANNEL_LIMIT.as_secs()),
                "check the address, as that machine sees it",
            )),
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

    /// Says goodbye, to the machines on the way too.
    pub async fn close(self) {
        let goodbye = self.handle.disconnect(Disconnect::ByApplication, "", "");
        // A server that does not listen any more is left anyway.
        let _ = timeout(GOODBYE_LIMIT, goodbye).await;
        if let Some(below) = self.below {
            Box::pin(below.close()).await;
        }
    }
}
