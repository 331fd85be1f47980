//! The actor that owns one session: it runs the handler, tells viewers, and tries again.

use super::asking::Asking;
use super::attempt::Attempt;
use super::live::{Session, latency_ms};
use super::registry::Asks;
use crate::Core;
use crate::sign_in::{Allowed, Once};
use farwire_model::ask::Nobody;
use farwire_model::codec::CodecChoice;
use farwire_model::error::{ErrorBody, ErrorCode, Stage};
use farwire_model::event::EventAction;
use farwire_model::frame::{Notice, Size};
use farwire_model::session::{
    FailureKind, Kept, Purpose, SessionError, SessionEvent, SessionState, Start, StateNotice, Stats,
};
use farwire_model::terminal::TerminalScreen;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Events waiting for the actor. Full: the handler waits, so nothing structural is lost.
const EVENT_QUEUE: usize = 64;

/// Input waiting for the handler. Full: the viewer's reader waits, so no key-up is lost.
const INPUT_QUEUE: usize = 256;

/// Waits between tries after a lost link; the last one repeats.
const BACK_OFF: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// A link that held this long was good: waits begin with the shortest again when it is lost.
const STEADY: Duration = Duration::from_secs(30);

/// How often counters are told to viewers.
const STATS_EVERY: Duration = Duration::from_secs(1);

/// How often while the picture stands still: all that grows then is what asking the machine whether it is there takes, and a
/// page that shows that every second wakes four processes for it.
const STATS_AT_REST: Duration = Duration::from_secs(10);

pub(super) enum Command {
    /// Try again now.
    Reconnect {
        /// Credentials that replace earlier ones.
        once: Option<Box<Once>>,
        /// The machine stored secrets may go to although they were not stored for it.
        allowed: Option<Box<Allowed>>,
    },
    /// Try again now, if it waits before the next try.
    TryNow,
}

/// How one run of the handler ended.
enum Ended {
    /// The session was ended on purpose.
    Closed,
    /// Somebody asked to begin again.
    Again,
    /// It failed.
    Failed(SessionError),
}

pub(super) struct Actor {
    pub core: Weak<Core>,
    pub session: Arc<Session>,
    pub commands: mpsc::Receiver<Command>,
    pub cancel: CancellationToken,
    pub allowed: Option<Allowed>,
    pub size: Option<Size>,
    /// What one run leaves for the next.
    pub kept: Kept,
    pub asks: Asks,
}

impl Actor {
    pub async fn run(mut self, first: Attempt) {
        let mut attempt = Some(first);
        let mut was_up = false;
        let mut failures = 0_usize;
        let mut up_since = None;
        loop {
            let run = match attempt.take() {
                Some(attempt) => Ok(attempt),
                None => self.next_attempt().await,
            };
            let ended = match run {
                Ok(attempt) => self.run_once(attempt, &mut up_since).await,
                Err(body) => {
                    if self.fail(body).await {
                        continue;
                    }
                    break;
                }
            };
            was_up |= up_since.is_some();
            match ended {
                Ended::Closed => break,
                Ended::Again => self.tell(SessionState::Connecting, None, None),
                Ended::Failed(error) if was_up && error.kind.is_passing() => {
                    if up_since
                        .take()
                        .is_some_and(|since: Instant| since.elapsed() > STEADY)
                    {
                        failures = 0;
                    }
                    let wait = BACK_OFF
                        .get(failures)
                        .or(BACK_OFF.last())
                        .copied()
                        .unwrap_or_default();
                    failures += 1;
                    tracing::info!(session = %self.session.id, %error, ?wait, "link lost");
                    self.tell(SessionState::Reconnecting, Some(error.body()), Some(wait));
                    if !self.pause(wait).await {
                        break;
                    }
                }
                Ended::Failed(error) => {
                    if error.kind == FailureKind::Refused {
                        // Refused once is refused again: the next try uses what is stored by then, or what is typed.
                        self.session.use_once(None);
                    }
                    tracing::info!(session = %self.session.id, stage = %error.stage, %error, "session failed");
                    if !self.fail_at(error.stage, error.body()).await {
                        break;
                    }
                }
            }
        }
        self.tell(SessionState::Closed, None, None);
        self.session.use_once(None);
    }

    /// Reads what is saved again: a password may have been changed meanwhile.
    async fn next_attempt(&self) -> Result<Attempt, ErrorBody> {
        let gone = || ErrorBody::new(ErrorCode::GeneralError, "Farwire is shutting down");
        let core = self.core.upgrade().ok_or_else(gone)?;
        core.follow_configuration(&self.session.connection).await;
        core.attempt(
            &self.session.connection,
            self.session.channel,
            self.session.once().as_ref(),
            self.allowed.as_ref(),
        )
        .map_err(|error| error.body())
    }

    async fn run_once(&mut self, attempt: Attempt, up_since: &mut Option<Instant>) -> Ended {
        let Some(core) = self.core.upgrade() else {
            return Ended::Closed;
        };
        let (event_sender, mut events) = mpsc::channel(EVENT_QUEUE);
        let (input_sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let stop = self.cancel.child_token();
        let mut settings = attempt.connection.settings;
        settings.insert("vnc.quality".to_owned(), self.session.quality().into());
        let codecs = self.session.codec_choice().word();
        settings.insert(CodecChoice::SETTING.to_owned(), codecs.into());
        let start = Start {
            endpoint: attempt.endpoint,
            credentials: attempt.credentials,
            jumps: attempt.jumps,
            settings,
            size: self.size,
            purpose: Purpose::Live,
            surface: Arc::clone(&self.session.surface),
            screen: self
                .session
                .terminal
                .clone()
                .map(|screen| screen as Arc<dyn TerminalScreen>),
            log: self.session.log.as_ref().map(|log| log.output.clone()),
            meter: Arc::clone(&self.session.meter),
            events: event_sender,
            inputs,
            files: self.session.files.clone(),
            tunnels: self.session.tunnels.clone(),
            trust: Arc::new(core.saved_trust()),
            kept: self.kept.clone(),
            ask: match self.asks {
                Asks::Nobody => Arc::new(Nobody),
                Asks::People => Arc::new(Asking {
                    session: Arc::clone(&self.session),
                    core: self.core.clone(),
                }),
            },
            cancel: stop.clone(),
        };
        drop(core);
        let mut handler = JoinSet::new();
        handler.spawn(attempt.protocol.run(start));
        let mut stage = Stage::Resolve;
        let mut stats = tokio::time::interval(STATS_EVERY);
        stats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut counted = Counted::new(&self.session);
        let ended = loop {
            // Fair on purpose: a flood of one kind must not starve the others.
            tokio::select! {
                Some(event) = events.recv() => {
                    if let SessionEvent::Stage(next) = &event {
                        stage = *next;
                    }
                    if matches!(event, SessionEvent::Connected { .. }) {
                        *up_since = Some(Instant::now());
                        self.session.inputs.send_replace(Some(input_sender.clone()));
                    }
                    self.report(event).await;
                }
                _ = stats.tick() => counted.tell(&self.session),
                command = self.commands.recv() => match command {
                    Some(Command::TryNow) => {}
                    Some(Command::Reconnect { once, allowed }) => {
                        self.take(once.map(|once| *once), allowed.map(|allowed| *allowed));
                        break Ended::Again;
                    }
                    None => break Ended::Closed,
                },
                Some(result) = handler.join_next() => {
                    // Events sent before the end are told before it.
                    while let Ok(event) = events.try_recv() {
                        if let SessionEvent::Stage(next) = &event {
                            stage = *next;
                        }
                        self.report(event).await;
                    }
                    break match result {
                        _ if self.cancel.is_cancelled() => Ended::Closed,
                        Ok(Ok(())) => Ended::Failed(SessionError::new(
                            stage, FailureKind::Lost, "the machine closed the session")),
                        Ok(Err(error)) => Ended::Failed(error),
                        Err(fault) => {
                            tracing::error!(session = %self.session.id, error = %fault, "a handler stopped");
                            Ended::Failed(SessionError::new(stage, FailureKind::Protocol,
                                "the session was stopped by a fault in Farwire while reading what the machine sent"))
                        }
                    };
                }
            }
        };
        self.session.inputs.send_replace(None);
        self.session.files.send_replace(None);
        self.session.tunnels.send_replace(None);
        stop.cancel();
        // The handler lets go of its keys and its socket; the events it still sends must not hold it back.
        let drain = async { while events.recv().await.is_some() {} };
        let finish = async { while handler.join_next().await.is_some() {} };
        let limit = Duration::from_secs(2);
        let _ = tokio::time::timeout(limit, futures_util::future::join(drain, finish)).await;
        handler.shutdown().await;
        ended
    }

    async fn report(&self, event: SessionEvent) {
        let surface = &self.session.surface;
        match event {
            SessionEvent::Stage(stage) => {
                self.session.state.send_modify(|state| {
                    state.stage = Some(stage);
                    state.retry_in_ms = None;
                });
                surface.tell(Notice::State(self.session.state.borrow().clone()));
            }
            SessionEvent::Connected { name, security } => {
                tracing::info!(session = %self.session.id, protocol = %self.session.protocol, "connected");
                self.session
                    .state
                    .send_modify(|state| state.security = security);
                self.tell(SessionState::Connected, None, None);
                surface.tell(Notice::Name(name.into()));
                if let Some(core) = self.core.upgrade() {
                    core.note_connected(&self.session.connection).await;
                }
            }
            SessionEvent::Name(name) => surface.tell(Notice::Name(name.into())),
            SessionEvent::Clipboard(text) => surface.tell(Notice::Clipboard(text.into())),
            SessionEvent::ClipboardPicture(png) => surface.tell(Notice::ClipboardPicture(png)),
            SessionEvent::ClipboardHtml { text, html } => {
                let (text, html) = (text.into(), html.into());
                surface.tell(Notice::ClipboardHtml { text, html });
            }
            SessionEvent::Bell => surface.tell(Notice::Bell),
            SessionEvent::Said(text) => surface.tell(Notice::Said(text.into())),
            SessionEvent::Locks(locks) => surface.tell(Notice::Locks(locks)),
            SessionEvent::Stalled(is_stalled) => {
                self.session
                    .state
                    .send_modify(|state| state.stalled = is_stalled);
                surface.tell(Notice::State(self.session.state.borrow().clone()));
            }
        }
    }

    /// Notes a new state and tells viewers and listeners.
    fn tell(&self, state: SessionState, error: Option<ErrorBody>, retry_in: Option<Duration>) {
        self.session.state.send_modify(|notice: &mut StateNotice| {
            notice.state = state;
            notice.stalled = false;
            notice.error = error;
            notice.retry_in_ms =
                retry_in.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            if state == SessionState::Connected {
                notice.stage = None;
            }
        });
        self.session
            .surface
            .tell(Notice::State(self.session.state.borrow().clone()));
        if let Some(core) = self.core.upgrade() {
            core.tell_session(&self.session, EventAction::Put);
            let (once, allowed) = (self.session.once(), self.allowed.as_ref());
            core.follow_tunnels(&self.session, state, once.as_ref(), allowed);
        }
    }

    async fn fail_at(&mut self, stage: Stage, body: ErrorBody) -> bool {
        self.session
            .state
            .send_modify(|notice| notice.stage = Some(stage));
        self.fail(body).await
    }

    /// Rests in the failed state until somebody tries again; `false` when the session ends instead.
    async fn fail(&mut self, body: ErrorBody) -> bool {
        self.tell(SessionState::Failed, Some(body), None);
        tokio::select! {
            () = self.cancel.cancelled() => false,
            command = self.commands.recv() => self.again(command),
        }
    }

    /// Waits before the next try; `false` when the session ends instead.
    async fn pause(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        tokio::select! {
            () = self.cancel.cancelled() => false,
            () = tokio::time::sleep_until(until) => true,
            command = self.commands.recv() => self.again(command),
        }
    }

    fn again(&mut self, command: Option<Command>) -> bool {
        match command {
            None => return false,
            Some(Command::TryNow) => {}
            Some(Command::Reconnect { once, allowed }) => {
                self.take(once.map(|once| *once), allowed.map(|allowed| *allowed));
                self.tell(SessionState::Connecting, None, None);
            }
        }
        true
    }

    fn take(&mut self, once: Option<Once>, allowed: Option<Allowed>) {
        if once.is_some() {
            self.session.use_once(once);
        }
        self.allowed = allowed;
    }
}

/// Counters as they were when viewers were last told.
struct Counted {
    updates: u64,
    at: Instant,
    /// What viewers were told last, and when.
    last: Option<(Stats, Instant)>,
}

impl Counted {
    fn new(session: &Session) -> Self {
        Self {
            updates: session.meter.updates.load(Ordering::Relaxed),
            at: Instant::now(),
            last: None,
        }
    }

    fn tell(&mut self, session: &Session) {
        let updates = session.meter.updates.load(Ordering::Relaxed);
        let secs = self.at.elapsed().as_secs_f64();
        if secs < 0.5 {
            return;
        }
        let gained = updates.saturating_sub(self.updates);
        // Whole updates a second; a session has far fewer than 2^32.
        let fps = u32::try_from(gained).unwrap_or(u32::MAX);
        let fps = if secs > 1.5 {
            (f64::from(fps) / secs).round().max(0.0) as u32
        } else {
            fps
        };
        self.updates = updates;
        self.at = Instant::now();
        session.fps.store(fps, Ordering::Relaxed);
        let size = session.surface.size();
        let stats = Stats {
            fps,
            bytes_in: session.meter.bytes_in.load(Ordering::Relaxed),
            bytes_out: session.meter.bytes_out.load(Ordering::Relaxed),
            latency_ms: latency_ms(&session.meter),
            codec: session.meter.codec().to_owned(),
            width: size.width,
            height: size.height,
        };
        let is_known = self.last.as_ref().is_some_and(|(told, at)| {
            let is_still = (0, 0) == (told.fps, stats.fps)
                && (told.width, told.height, &told.codec)
                    == (stats.width, stats.height, &stats.codec);
            *told == stats || is_still && at.elapsed() < STATS_AT_REST
        });
        if !is_known {
            session.surface.tell(Notice::Stats(stats.clone()));
            self.last = Some((stats, self.at));
        }
    }
}
