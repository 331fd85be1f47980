//! What the server may do on its own: show its key, say something, hang up, and open channels for the addresses that it was
//! asked to listen on and for what a shell lends. Everything else is refused.

use crate::doors::{Address, Doors};
use crate::host_key;
use crate::limits::{MAX_BANNER_CHARS, MAX_TEXT_CHARS};
use crate::text;
use farwire_model::credentials::Endpoint;
use farwire_model::error::Stage;
use farwire_model::session::{SessionError, SessionEvent};
use farwire_model::trust::{KnownHost, TrustCheck};
use russh::Channel;
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Why a link ended.
#[derive(Debug)]
pub enum Fault {
    /// The library says so.
    Link(russh::Error),
    /// The server's key is not accepted.
    Untrusted(Box<SessionError>),
}

impl From<russh::Error> for Fault {
    fn from(error: russh::Error) -> Self {
        Self::Link(error)
    }
}

/// What the server said on its own so far.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The text it shows before signing in (RFC 4252, section 5.4).
    pub banner: String,
    /// Why it hung up.
    pub goodbye: Option<String>,
    /// The negotiated cipher.
    pub cipher: String,
}

/// Shared with the link's task.
#[derive(Clone, Debug, Default)]
pub struct Ear(Arc<Mutex<Said>>);

impl Ear {
    /// What was said so far.
    pub fn said(&self) -> Said {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, note: impl FnOnce(&mut Said)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Answers for one link what the server does on its own.
pub struct Guard {
    pub endpoint: Endpoint,
    pub trust: Arc<dyn TrustCheck>,
    pub known: KnownHost,
    pub events: mpsc::Sender<SessionEvent>,
    pub ear: Ear,
    pub doors: Doors,
}

impl Handler for Guard {
    type Error = Fault;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        // A receiver that is gone cancels the run elsewhere.
        let stage = SessionEvent::Stage(Stage::HostKey);
        self.events.send(stage).await.unwrap_or_default();
        host_key::check(shown, &self.endpoint, &self.known, &*self.trust)
            .await
            .map_err(|error| Fault::Untrusted(Box::new(error)))?;
        Ok(true)
    }

    async fn kex_done(
        &mut self,
        _: Option<&[u8]>,
        names: &russh::Names,
        _: &mut Session,
    ) -> Result<(), Fault> {
        let cipher = names.cipher.as_ref().to_owned();
        self.ear.note(|said| said.cipher = cipher);
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), Fault> {
        self.ear.note(|said| {
            let room = MAX_BANNER_CHARS.saturating_sub(said.banner.chars().count());
            let more = text::shown(banner, room);
            if !more.is_empty() {
                if !said.banner.is_empty() {
                    said.banner.push('\n');
                }
                said.banner.push_str(&more);
            }
        });
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        match reason {
            DisconnectReason::ReceivedDisconnect(goodbye) => {
                let message = text::line(&goodbye.message, MAX_TEXT_CHARS);
                self.ear.note(|said| said.goodbye = Some(message));
                Ok(())
            }
            DisconnectReason::Error(fault) => Err(fault),
        }
    }

    // Channels that the server opens. Dropping the reply refuses.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        channel: Channel<Msg>,
        address: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        if let Ok(port) = u16::try_from(port) {
            let address = Address::Tcp(address.to_owned(), port);
            self.doors.knock(&address, channel, reply);
        }
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        self.doors
            .knock(&Address::Unix(path.to_owned()), channel, reply);
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        self.doors.knock(&Address::Agent, channel, reply);
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        channel: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        self.doors.knock(&Address::Display, channel, reply);
        Ok(())
    }

    // None of the others is ever asked for.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }
}
