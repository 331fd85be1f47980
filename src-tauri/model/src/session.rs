//! What a protocol handler is given, what it reports, and how a session looks from outside.

use crate::ask::{Ask, Questions};
use crate::codec::{Codec, CodecChoice};
use crate::connection::ProtocolKind;
use crate::credentials::{Credentials, Endpoint, Hop};
use crate::error::{ErrorBody, ErrorCode, Stage};
use crate::frame::{Size, Surface};
use crate::ids::{ConnectionId, SessionId};
use crate::input::SessionInput;
use crate::quality::Quality;
use crate::secret::Secret;
use crate::terminal::TerminalScreen;
use crate::transfer::Files;
use crate::trust::{Identity, TrustCheck};
use crate::tunnel::TunnelLink;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The protocol's own: a screen, a shell.
    Main,
    /// Files.
    Files,
    /// Tunnels.
    Tunnels,
}

impl Channel {
    /// The channel as the API names it; none for the protocol's own.
    pub fn id(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Files => Some("files"),
            Self::Tunnels => Some("tunnels"),
        }
    }
}

/// Why a handler is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To show and steer the machine until cancelled.
    Live,
    /// To go through every stage once, report them, and leave.
    Probe,
}

/// Everything a handler needs for one run.
pub struct Start {
    /// The machine.
    pub endpoint: Endpoint,
    /// What to sign in with.
    pub credentials: Credentials,
    /// The SSH machines it is reached through, the nearest first.
    pub jumps: Vec<Hop>,
    /// The connection's dotted settings; an absent key means its default.
    pub settings: BTreeMap<String, Value>,
    /// The viewer's size, where one is known: a wish.
    pub size: Option<Size>,
    /// Live or probe.
    pub purpose: Purpose,
    /// Where pixels, sizes and cursors go.
    pub surface: Arc<Surface>,
    /// Where a shell's output goes; none for other protocols, and for a probe.
    pub screen: Option<Arc<dyn TerminalScreen>>,
    /// Where a shell's output goes besides; none where no log is kept. Bounded: a full queue holds the handler back.
    pub log: Option<mpsc::Sender<Bytes>>,
    /// Counters the handler keeps.
    pub meter: Arc<Meter>,
    /// Everything else it reports. Bounded: a full queue holds the handler back.
    pub events: mpsc::Sender<SessionEvent>,
    /// What people type and point. Bounded: a full queue holds the sender back, so no key-up is lost.
    pub inputs: mpsc::Receiver<SessionInput>,
    /// Asked about every host key and certificate.
    pub trust: Arc<dyn TrustCheck>,
    /// Asked what the machine wants to know and no credential answers.
    pub ask: Arc<dyn Ask>,
    /// Where a handler of files puts them while it is up.
    pub files: watch::Sender<Option<Arc<dyn Files>>>,
    /// Where a handler of tunnels puts the link they go through while it is up.
    pub tunnels: watch::Sender<Option<Arc<dyn TunnelLink>>>,
    /// What the run before left for this one.
    pub kept: Kept,
    /// Ends the run.
    pub cancel: CancellationToken,
}

/// What a handler keeps in memory between the runs of one session, such as the cookie by which a machine knows it again. It is
/// for the account and the machine that it came from and for no other.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Option<(Origin, Secret)>>>);

/// Whose it is that is kept: the machine, and the account on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The machine.
    pub endpoint: Endpoint,
    /// The account and its domain, as they were given.
    pub account: (Option<String>, Option<String>),
}

impl Origin {
    /// Of what a run speaks to.
    pub fn of(start: &Start) -> Self {
        let Credentials {
            username, domain, ..
        } = &start.credentials;
        Self {
            endpoint: start.endpoint.clone(),
            account: (username.clone(), domain.clone()),
        }
    }
}

impl Kept {
    /// Keeps something of a machine, in place of what was there.
    pub fn put(&self, of: &Origin, what: Secret) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((of.clone(), what));
    }

    /// Throws away what was kept.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What was kept of this account of this machine.
    pub fn get(&self, of: &Origin) -> Option<Secret> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.as_ref().filter(|(from, _)| from == of);
        found.map(|(_, what)| what.clone())
    }
}

/// A run of a protocol handler.
pub type Run = Pin<Box<dyn Future<Output = Result<(), SessionError>> + Send>>;

/// A protocol handler.
pub trait Protocol: Send + Sync {
    /// Connects, then carries the session until it is cancelled or ends.
    ///
    /// It reports [`SessionEvent::Stage`] as each stage begins and [`SessionEvent::Connected`] once.
    /// `Ok` means: cancelled, or the probe is done.
    fn run(&self, start: Start) -> Run;
}

/// What a handler reports besides pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionEvent {
    /// A stage begins; the one before it went well.
    Stage(Stage),
    /// The session is up.
    Connected {
        /// What the machine calls itself.
        name: String,
        /// How the link is protected, in words: `TLS 1.3`, `not encrypted`.
        security: String,
    },
    /// The machine changed its name.
    Name(String),
    /// The machine's clipboard changed.
    Clipboard(String),
    /// The machine's clipboard holds this picture, a PNG.
    ClipboardPicture(Arc<[u8]>),
    /// The machine's clipboard holds this text, and the same as HTML.
    ClipboardHtml {
        /// The text alone.
        text: String,
        /// With its form.
        html: String,
    },
    /// The machine rang.
    Bell,
    /// Something the person should know, such as why a wish was refused.
    Said(String),
    /// The machine has not answered for a moment (`true`), or answers again.
    Stalled(bool),
    /// Which locks of the machine's keyboard are on: 1 scroll, 2 numbers, 4 capitals.
    Locks(u8),
}

/// Why a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It could not be reached, or did not answer in time.
    Unreachable,
    /// It refused the credentials.
    Refused,
    /// It asks for credentials that are not there.
    CredentialsMissing,
    /// Its identity is unknown or changed.
    Untrusted,
    /// It speaks in a way we cannot follow.
    Protocol,
    /// It closed a session that was up.
    Lost,
    /// A shell that was up has ended. Another one is another shell, so nobody opens it unasked: what is typed on would go
    /// to the wrong program.
    Over,
}

impl FailureKind {
    /// The API's code for it.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Unreachable => ErrorCode::IntraServiceCommunicationError,
            Self::Refused
            | Self::CredentialsMissing
            | Self::Untrusted
            | Self::Protocol
            | Self::Lost
            | Self::Over => ErrorCode::GeneralError,
        }
    }

    /// Whether trying again by itself can help.
    pub fn is_passing(self) -> bool {
        match self {
            Self::Unreachable | Self::Lost | Self::Protocol => true,
            Self::Refused | Self::CredentialsMissing | Self::Untrusted | Self::Over => false,
        }
    }
}

/// Why a run failed, where, and what a person can do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SessionError {
    /// The stage it failed at.
    pub stage: Stage,
    /// What kind of failure.
    pub kind: FailureKind,
    /// What was attempted, on what, and what to do. Never a secret.
    pub message: String,
    /// The identity that is not trusted.
    pub identity: Option<Identity>,
    /// The fingerprint that was accepted before.
    pub known: Option<String>,
}

impl SessionError {
    /// A failure without an identity in it.
    pub fn new(stage: Stage, kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            stage,
            kind,
            message: message.into(),
            identity: None,
            known: None,
        }
    }

    /// The error as the API answers it: `property` is the stage, `details[0]` the fingerprint seen,
    /// `details[1]` the known one.
    pub fn body(&self) -> ErrorBody {
        let mut body =
            ErrorBody::new(self.kind.code(), self.message.clone()).about(self.stage.as_str());
        let fingerprints = self.identity.iter().map(|identity| &identity.fingerprint);
        body.details = fingerprints
            .chain(&self.known)
            .map(|text| ErrorBody::new(self.kind.code(), text.clone()).about("fingerprint"))
            .collect();
        body
    }
}

/// Counters of one session; written by the handler, read by everybody.
#[derive(Debug, Default)]
pub struct Meter {
    /// Bytes received from the machine.
    pub bytes_in: AtomicU64,
    /// Bytes sent to the machine.
    pub bytes_out: AtomicU64,
    /// Finished updates of the picture.
    pub updates: AtomicU64,
    /// The newest measured round trip in microseconds; 0 while none is known.
    pub latency_us: AtomicU32,
    /// The newest encoding, see [`Codec`].
    codec: AtomicU8,
    /// One more than the level of quality that the machine was asked for; 0 while there is none.
    level: AtomicU8,
}

impl Meter {
    /// Notes how the newest pixels were encoded.
    pub fn set_codec(&self, codec: Codec) {
        self.codec.store(codec as u8, Ordering::Relaxed);
    }

    /// Notes the level of quality, 0 to 9, that the machine was asked for; none for exact pixels.
    pub fn set_level(&self, level: Option<u8>) {
        let stored = level.map_or(0, |level| level.saturating_add(1));
        self.level.store(stored, Ordering::Relaxed);
    }

    /// The level of quality that the machine was asked for last; none for exact pixels.
    pub fn level(&self) -> Option<u8> {
        self.level.load(Ordering::Relaxed).checked_sub(1)
    }

    /// How the newest pixels were encoded; empty before the first.
    pub fn codec(&self) -> &'static str {
        let stored = self.codec.load(Ordering::Relaxed);
        Codec::ALL
            .into_iter()
            .find_map(|(codec, name)| (codec as u8 == stored).then_some(name))
            .unwrap_or("")
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum SessionState {
    /// On its way up for the first time.
    Connecting,
    /// Up.
    Connected,
    /// The link was lost; trying again.
    Reconnecting,
    /// It never came up, or came down for a reason that trying again does not cure.
    Failed,
    /// Ended on purpose.
    Closed,
}

/// A session as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct SessionView {
    /// Its identifier.
    pub session_id: SessionId,
    /// The connection it is a run of.
    pub connection_uid: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Where it stands.
    pub state: SessionState,
    /// Whether input is refused.
    pub view_only: bool,
    /// The picture's width in pixels; 0 before the first.
    pub width: u16,
    /// The picture's height in pixels; 0 before the first.
    pub height: u16,
    /// Updates a second, over the last second.
    pub fps: u32,
    /// Bytes received.
    #[ts(type = "number")]
    pub bytes_in: u64,
    /// Bytes sent.
    #[ts(type = "number")]
    pub bytes_out: u64,
    /// The newest round trip in milliseconds; none while unknown.
    pub latency_ms: Option<f64>,
    /// How the newest pixels were encoded.
    pub codec: String,
    /// Which kinds of encoding the machine is offered: RDP only, `auto` elsewhere.
    pub codec_choice: CodecChoice,
    /// How good a picture is asked for.
    pub quality: Quality,
    /// The level, 0 to 9, that this comes to at the moment; none for exact pixels.
    pub quality_level: Option<u8>,
    /// Whether the machine has not answered for a moment.
    pub stalled: bool,
    /// How the link is protected, in words; empty before it is up.
    pub security: String,
    /// For a session of files or tunnels: its name in the routes for files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub connection_id: Option<String>,
    /// For a session of files or tunnels: the name of its channel, `files` or `tunnels`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub channel_id: Option<String>,
    /// Where the log of a shell is, if one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub log: Option<String>,
    /// What the machine asks while signing in; answer with `PUT /session/<id>/answers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub questions: Option<Questions>,
    /// Why it failed, or why it is reconnecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ErrorBody>,
}

/// What a viewer is told when a session's state changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct StateNotice {
    /// Where it stands.
    pub state: SessionState,
    /// The stage being tried, while connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stage: Option<Stage>,
    /// Whether input is refused.
    pub view_only: bool,
    /// Whether the machine has not answered for a moment, so that the picture may be old.
    #[serde(default)]
    pub stalled: bool,
    /// How the link is protected, in words.
    #[serde(default)]
    pub security: String,
    /// What the machine asks while signing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub questions: Option<Questions>,
    /// Why it failed, or why it is reconnecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ErrorBody>,
    /// Milliseconds until the next try, while reconnecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub retry_in_ms: Option<u64>,
}

/// What a viewer is told about once a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Stats {
    /// Updates in the last second.
    pub fps: u32,
    /// Bytes received so far.
    #[ts(type = "number")]
    pub bytes_in: u64,
    /// Bytes sent so far.
    #[ts(type = "number")]
    pub bytes_out: u64,
    /// The newest round trip in milliseconds; none while unknown.
    pub latency_ms: Option<f64>,
    /// How the newest pixels were encoded.
    pub codec: String,
    /// The picture's width in pixels.
    pub width: u16,
    /// The picture's height in pixels.
    pub height: u16,
}

/// One stage of a connection test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct StageResult {
    /// Which stage.
    pub stage: Stage,
    /// Whether it went well.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What happened, and what to do where it went wrong.
    pub message: String,
}

/// What a connection test found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct TestReport {
    /// Whether every stage went well.
    pub ok: bool,
    /// The stages that were tried, in order.
    pub stages: Vec<StageResult>,
    /// The identity the machine showed, where the protocol has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub host_key: Option<HostKeyView>,
}

/// The identity a machine showed during a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct HostKeyView {
    /// Key type or signature algorithm.
    #[serde(rename = "type")]
    pub algorithm: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Where it stands.
    pub state: crate::trust::TrustState,
}
