//! The sessions there are, and what can be asked of one.

use super::actor::{Actor, Command};
use super::live::Session;
use super::log::Log;
use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::random;
use crate::sign_in::{self, Allowed, Once, Redirect};
use crate::terminal::Terminal;
use farwire_model::codec::CodecChoice;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::error::Stage;
use farwire_model::event::{EventAction, EventKind};
use farwire_model::frame::{Size, Surface};
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::quality::Quality;
use farwire_model::secret::Secret;
use farwire_model::session::{
    Channel, FailureKind, Kept, Protocol, SessionError, SessionState, SessionView, StateNotice,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

/// More sessions than this at once is a script gone wrong: each holds a picture in memory.
const MAX_SESSIONS: usize = 200;

/// Commands waiting for a session's actor. Full: the sender waits.
const COMMAND_QUEUE: usize = 16;

/// How a connection is opened.
#[derive(Debug)]
pub struct Connect {
    /// What it is opened for.
    pub channel: Channel,
    /// Whether to begin as an observer.
    pub is_view_only: bool,
    /// Credentials for this session only; they go before stored ones and are not saved.
    pub once: Vec<(String, Secret)>,
    /// Whether stored secrets may go to another machine than the one they were stored for.
    pub redirect: Redirect,
    /// The viewer's size, where one is known.
    pub size: Option<Size>,
    /// Who hears what the machine asks and nothing stored answers.
    pub asks: Asks,
}

/// Who hears what a machine asks and nothing stored answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// Whoever looks at the session.
    #[default]
    People,
    /// Nobody: signing in fails then.
    Nobody,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            channel: Channel::Main,
            is_view_only: false,
            once: Vec::new(),
            redirect: Redirect::Refuse,
            size: None,
            asks: Asks::People,
        }
    }
}

/// Who looks at a session that is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    is_view_only: bool,
    size: Option<Size>,
    asks: Asks,
}

/// A protocol, what for, and who does it.
pub(crate) type Served = (ProtocolKind, Channel, Arc<dyn Protocol>);

/// The sessions there are.
pub(crate) struct Sessions {
    protocols: Vec<Served>,
    live: Mutex<BTreeMap<SessionId, Arc<Session>>>,
}

impl Sessions {
    pub fn new(protocols: Vec<Served>) -> Self {
        Self {
            protocols,
            live: Mutex::default(),
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, Arc<Session>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handler of a protocol.
    pub fn protocol(
        &self,
        kind: ProtocolKind,
        channel: Channel,
    ) -> Result<Arc<dyn Protocol>, SessionError> {
        let mut known = self.protocols.iter();
        let built = known.find(|(known, what, _)| (*known, *what) == (kind, channel));
        built
            .map(|(_, _, protocol)| Arc::clone(protocol))
            .ok_or_else(|| {
                let what = match channel {
                    Channel::Main => {
                        format!("{kind} is not built into this version of Farwire yet")
                    }
                    Channel::Files => {
                        format!("{kind} has no files: open an SSH connection for them")
                    }
                    Channel::Tunnels => {
                        format!("{kind} has no tunnels: open an SSH connection for them")
                    }
                };
                let message = format!("{what}, so nothing was sent");
                SessionError::new(Stage::Session, FailureKind::Protocol, message)
            })
    }
}

impl Core {
    /// Every session.
    pub fn sessions(&self) -> Vec<SessionView> {
        let sessions: Vec<_> = self.sessions.all().values().cloned().collect();
        sessions.iter().map(|session| session.view()).collect()
    }

    /// One session.
    ///
    /// # Errors
    /// An unknown session.
    pub fn session(&self, id: &SessionId) -> Result<Arc<Session>, CoreError> {
        self.sessions
            .all()
            .get(id)
            .cloned()
            .ok_or_else(|| CoreError::unknown("session", id))
    }

    /// Opens a connection and returns at once; the session says how it goes.
    ///
    /// # Errors
    /// What can be known before anything is sent: an unknown connection, no host, a protocol that is not built,
    /// a locked vault, a secret that belongs to another machine, too many sessions.
    pub async fn connect(
        self: &Arc<Self>,
        id: &ConnectionId,
        options: Connect,
    ) -> Result<Arc<Session>, CoreError> {
        self.follow_configuration(id).await;
        let once = self.credentials_once(id, options.once)?;
        let allowed = self.allowed(id, options.redirect)?;
        let view = View {
            is_view_only: options.is_view_only,
            size: options.size,
            asks: options.asks,
        };
        self.open_session(id, options.channel, view, once, allowed)
    }

    /// Opens a session, with credentials that are known to be well formed.
    ///
    /// # Errors
    /// As [`Core::connect`].
    pub(crate) fn open_session(
        self: &Arc<Self>,
        id: &ConnectionId,
        channel: Channel,
        view: View,
        once: Option<Once>,
        allowed: Option<Allowed>,
    ) -> Result<Arc<Session>, CoreError> {
        let attempt = self.attempt(id, channel, once.as_ref(), allowed.as_ref())?;
        let connection = &attempt.connection;
        let is_view_only = view.is_view_only
            || connection
                .settings
                .get("vnc.view_only")
                .and_then(serde_json::Value::as_bool)
                == Some(true);
        let wanted = connection.settings.get("vnc.quality");
        let quality = wanted.and_then(Quality::of).unwrap_or_default();
        let codecs = CodecChoice::of(connection.settings.get(CodecChoice::SETTING));
        let (commands, receiver) = mpsc::channel(COMMAND_QUEUE);
        let cancel = self.cancel.child_token();
        let surface = Surface::new();
        let is_shell = (connection.protocol, channel) == (ProtocolKind::Ssh, Channel::Main);
        let terminal =
            is_shell.then(|| Terminal::new(Arc::clone(&surface), &connection.settings, None));
        let log = match is_shell {
            true => self.begin_log(connection, &surface)?,
            false => None,
        };
        let session = Arc::new(Session {
            id: SessionId::new(random::id(SessionId::PREFIX)),
            connection: connection.id.clone(),
            name: connection.name.clone(),
            protocol: connection.protocol,
            channel,
            files: watch::Sender::new(None),
            tunnels: watch::Sender::new(None),
            surface,
            terminal,
            log,
            meter: Arc::default(),
            state: watch::channel(StateNotice {
                state: SessionState::Connecting,
                stage: None,
                view_only: is_view_only,
                stalled: false,
                security: String::new(),
                questions: None,
                error: None,
                retry_in_ms: None,
            })
            .0,
            is_view_only: AtomicBool::new(is_view_only),
            fps: AtomicU32::new(0),
            quality: Mutex::new(quality),
            codecs: Mutex::new(codecs),
            inputs: watch::channel(None).0,
            commands,
            once: Mutex::new(once),
            answer: Mutex::default(),
            was_asked: AtomicBool::new(false),
            last_use: Arc::clone(&self.last_use),
            cancel: cancel.clone(),
            done: TaskTracker::new(),
        });
        {
            let mut live = self.sessions.all();
            if live.len() >= MAX_SESSIONS {
                // What failed and nobody looks at makes place first.
                live.retain(|_, session| !session.is_abandoned());
            }
            if live.len() >= MAX_SESSIONS {
                return Err(CoreError::Busy {
                    message: format!("{MAX_SESSIONS} sessions are open: close some first"),
                });
            }
            live.insert(session.id.clone(), Arc::clone(&session));
        }
        let actor = Actor {
            core: Arc::downgrade(self),
            session: Arc::clone(&session),
            commands: receiver,
            cancel,
            allowed,
            size: view.size.filter(|_| !is_view_only),
            kept: Kept::default(),
            asks: view.asks,
        };
        session.done.spawn(actor.run(attempt));
        session.done.close();
        self.tell_session(&session, EventAction::Put);
        Ok(session)
    }

    /// The log of a shell, where its connection wants one. Whoever wants one gets no shell without it.
    fn begin_log(
        &self,
        connection: &Connection,
        surface: &Arc<Surface>,
    ) -> Result<Option<Log>, CoreError> {
        let wanted = connection.settings.get("ssh.log");
        if wanted.and_then(serde_json::Value::as_bool) != Some(true) {
            return Ok(None);
        }
        let begun = Log::begin(self.data_dir(), &connection.name, Arc::clone(surface));
        begun.map(Some).map_err(|error| CoreError::Forbidden {
            property: "ssh.log",
            message: format!(
                "the log that {} wants cannot be made: {error}; make room for it, or switch it off",
                connection.name
            ),
        })
    }

    /// Waits until a session is up.
    ///
    /// # Errors
    /// Why it is not: the stage it failed at, or the stage it was at when `limit` was over.
    pub async fn wait_until_up(&self, session: &Session, limit: Duration) -> Result<(), CoreError> {
        let mut state = session.state.subscribe();
        let settled = state.wait_for(|state| {
            matches!(
                state.state,
                SessionState::Connected | SessionState::Failed | SessionState::Closed
            )
        });
        let seen = tokio::time::timeout(limit, settled)
            .await
            .map(|seen| seen.map(|seen| seen.clone()));
        match seen {
            Ok(Ok(state)) if state.state == SessionState::Connected => Ok(()),
            Ok(Ok(StateNotice { error: Some(_), .. })) => Err(self.failure(session)),
            Ok(_) => Err(SessionError::new(
                Stage::Session,
                FailureKind::Lost,
                "the session was closed before it was up",
            )
            .into()),
            Err(_) => {
                let stage = session.state.borrow().stage.unwrap_or(Stage::Connect);
                let message = format!(
                    "{} was not up after {} s; it is still at stage {stage}",
                    session.name,
                    limit.as_secs()
                );
                Err(SessionError::new(stage, FailureKind::Unreachable, message).into())
            }
        }
    }

    /// Why a session failed, as it was reported.
    fn failure(&self, session: &Session) -> CoreError {
        let last = session.state.borrow().clone();
        let stage = last.stage.unwrap_or(Stage::Session);
        match last.error {
            Some(body) => CoreError::Reported { body },
            None => SessionError::new(stage, FailureKind::Lost, "the session ended").into(),
        }
    }

    /// Has every session find out whether its link still lives.
    pub(crate) fn check_links(&self) {
        for session in self.sessions.all().values() {
            let session = Arc::clone(session);
            self.tasks.spawn(async move { session.check_link().await });
        }
    }

    /// Ends a session and lets go of its machine.
    ///
    /// # Errors
    /// An unknown session.
    pub async fn end_session(&self, id: &SessionId) -> Result<(), CoreError> {
        let session = self
            .sessions
            .all()
            .remove(id)
            .ok_or_else(|| CoreError::unknown("session", id))?;
        session.end().await;
        self.tell_session(&session, EventAction::Delete);
        Ok(())
    }

    /// Ends a session without waiting until it has let go of its machine.
    pub(crate) fn drop_session(&self, id: &SessionId) {
        let session = self.sessions.all().remove(id);
        if let Some(session) = session {
            session.cancel.cancel();
            self.tell_session(&session, EventAction::Delete);
        }
    }

    /// The sessions of a connection.
    pub(crate) fn live_sessions(&self, id: &ConnectionId) -> Vec<Arc<Session>> {
        let live = self.sessions.all();
        let of_it = live.values().filter(|session| session.connection == *id);
        of_it.cloned().collect()
    }

    /// Ends every session of a connection; answers how many there were.
    pub async fn disconnect(&self, id: &ConnectionId) -> usize {
        let mut ended = 0;
        for session in self.live_sessions(id) {
            ended += usize::from(self.end_session(&session.id).await.is_ok());
        }
        ended
    }

    pub(crate) async fn end_all_sessions(&self) {
        let sessions = std::mem::take(&mut *self.sessions.all());
        futures_util::future::join_all(sessions.values().map(|session| session.end())).await;
    }

    pub(super) fn tell_session(&self, session: &Session, action: EventAction) {
        let view = (action == EventAction::Put).then(|| session.view());
        self.events
            .send(EventKind::Session, session.id.as_str(), action, view);
    }

    /// Reads credentials that are used for one session only.
    ///
    /// # Errors
    /// An unknown connection; a key that is none or another protocol's.
    pub(crate) fn credentials_once(
        &self,
        id: &ConnectionId,
        values: Vec<(String, Secret)>,
    ) -> Result<Option<Once>, CoreError> {
        let all = self.saved.read();
        let connection = known_connection(&all, id)?;
        if values.is_empty() {
            return Ok(None);
        }
        sign_in::once(&connection, all.endpoint(&connection), values).map(Some)
    }

    /// Tries a session again now, also after a failure that is not tried again by itself.
    ///
    /// # Errors
    /// An unknown session; credentials with a key that is none or another protocol's; a locked vault, and then it goes on as it was.
    pub async fn reconnect(
        &self,
        id: &SessionId,
        once: Vec<(String, Secret)>,
        redirect: Redirect,
    ) -> Result<(), CoreError> {
        let session = self.session(id)?;
        let once = self.credentials_once(&session.connection, once)?;
        let allowed = self.allowed(&session.connection, redirect)?;
        let given = once.clone().or_else(|| session.once());
        self.check_unlocked(
            &session.connection,
            session.channel,
            given.as_ref(),
            allowed.as_ref(),
        )?;
        // A closed queue means the session is over.
        let _ = session
            .commands
            .send(Command::Reconnect {
                once: once.map(Box::new),
                allowed: allowed.map(Box::new),
            })
            .await;
        Ok(())
    }
}
