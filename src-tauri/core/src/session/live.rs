//! One live run of a connection, as everybody but its actor sees it.

use super::actor::Command;
use super::log::Log;
use crate::error::CoreError;
use crate::idle::LastUse;
use crate::sign_in::{Allowed, Once};
use crate::terminal::Terminal;
use farwire_model::codec::CodecChoice;
use farwire_model::connection::ProtocolKind;
use farwire_model::frame::{Attached, FrameSink, Notice, Surface};
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::input::SessionInput;
use farwire_model::quality::Quality;
use farwire_model::secret::Secret;
use farwire_model::session::{Channel, Meter, SessionState, SessionView, StateNotice};
use farwire_model::terminal::{ScreenText, TerminalScreen};
use farwire_model::transfer::Files;
use farwire_model::tunnel::TunnelLink;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long an ended session may take to let go of its machine.
const END_LIMIT: Duration = Duration::from_secs(5);

/// A live run of a connection.
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The connection it is a run of.
    pub connection: ConnectionId,
    pub(super) name: String,
    pub(crate) protocol: ProtocolKind,
    /// What it is for.
    pub channel: Channel,
    // Kept by the handler; none while there is no link.
    pub(super) files: watch::Sender<Option<Arc<dyn Files>>>,
    // The same for tunnels.
    pub(crate) tunnels: watch::Sender<Option<Arc<dyn TunnelLink>>>,
    pub(super) surface: Arc<Surface>,
    // Of shells only.
    pub(super) terminal: Option<Arc<Terminal>>,
    // Of shells that keep one.
    pub(super) log: Option<Log>,
    pub(super) meter: Arc<Meter>,
    pub(crate) state: watch::Sender<StateNotice>,
    pub(super) is_view_only: AtomicBool,
    pub(super) fps: AtomicU32,
    // What was asked for last; it outlives a lost link.
    pub(super) quality: Mutex<Quality>,
    pub(super) codecs: Mutex<CodecChoice>,
    // The way to the handler of the current attempt; none while there is no link.
    pub(super) inputs: watch::Sender<Option<mpsc::Sender<SessionInput>>>,
    pub(super) commands: mpsc::Sender<Command>,
    // What somebody gave to sign in with, for this session alone.
    pub(super) once: Mutex<Option<Once>>,
    // Where the answers to the machine's questions go; none while it asks nothing.
    pub(super) answer: Mutex<Option<oneshot::Sender<Vec<Secret>>>>,
    // Whether signing in took somebody who answered.
    pub(super) was_asked: AtomicBool,
    pub(super) last_use: Arc<LastUse>,
    pub(super) cancel: CancellationToken,
    pub(super) done: TaskTracker,
}

impl Session {
    /// What somebody gave to sign in with, for this session alone.
    pub(super) fn once(&self) -> Option<Once> {
        let once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.clone()
    }

    pub(super) fn use_once(&self, given: Option<Once>) {
        *self.once.lock().unwrap_or_else(PoisonError::into_inner) = given;
    }

    /// Whether signing in took somebody who answered.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// The session as the API shows it.
    pub fn view(&self) -> SessionView {
        let state = self.state.borrow().clone();
        let size = self.surface.size();
        SessionView {
            session_id: self.id.clone(),
            connection_uid: self.connection.clone(),
            name: self.name.clone(),
            protocol: self.protocol,
            state: state.state,
            view_only: self.is_view_only.load(Ordering::Relaxed),
            width: size.width,
            height: size.height,
            fps: self.fps.load(Ordering::Relaxed),
            bytes_in: self.meter.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.meter.bytes_out.load(Ordering::Relaxed),
            latency_ms: latency_ms(&self.meter),
            codec: self.meter.codec().to_owned(),
            codec_choice: self.codec_choice(),
            quality: self.quality(),
            quality_level: self.meter.level(),
            stalled: state.stalled,
            security: state.security,
            connection_id: self.channel.id().map(|_| self.id.to_string()),
            channel_id: self.channel.id().map(str::to_owned),
            log: self.log.as_ref().map(|log| log.path.display().to_string()),
            questions: state.questions,
            error: state.error,
        }
    }

    /// The machine's files, where this is a session of files that is up.
    pub fn files(&self) -> Option<Arc<dyn Files>> {
        self.files.borrow().clone()
    }

    /// The terminal of a shell.
    pub fn terminal(&self) -> Option<&Arc<Terminal>> {
        self.terminal.as_ref()
    }

    /// The screen of a shell as text, with up to so many lines above it.
    ///
    /// # Errors
    /// A session that is no shell.
    pub fn screen_text(&self, lines_above: usize) -> Result<ScreenText, CoreError> {
        match &self.terminal {
            Some(terminal) => Ok(terminal.text(lines_above)),
            None => Err(CoreError::Forbidden {
                property: "session",
                message: format!(
                    "{} shows a picture and no text: take a screenshot",
                    self.name
                ),
            }),
        }
    }

    /// Adds a viewer. It is told the state at once and owed the whole picture.
    pub fn attach(&self, sink: Arc<dyn FrameSink>) -> Attached {
        let attached = self.surface.attach(sink);
        attached.tell(Notice::State(self.state.borrow().clone()));
        attached
    }

    /// Passes input on to the machine. An observer's input ends here; what changes nothing there, such as letting go of keys,
    /// always passes.
    ///
    /// Waits while the machine's link is full, so that no key-up is lost. Input without a link is dropped: typing
    /// blindly into a screen that comes back later is worse.
    pub async fn input(&self, input: SessionInput) {
        let is_harmless = matches!(
            input,
            SessionInput::ReleaseAll
                | SessionInput::Key { is_down: false, .. }
                | SessionInput::Quality(_)
                | SessionInput::Codec(_)
                | SessionInput::CheckLink
        );
        if self.is_view_only.load(Ordering::Relaxed) && !is_harmless {
            return;
        }
        // A window that takes its size is no person at work.
        if !is_harmless && !matches!(input, SessionInput::Grid(_)) {
            self.last_use.note();
        }
        let link = self.inputs.borrow().clone();
        match (link, input, &self.terminal) {
            // A closed link means the attempt just ended; there is nobody to tell.
            (Some(link), input, _) => {
                let _ = link.send(input).await;
            }
            // The shell to come begins with the viewer's size.
            (None, SessionInput::Grid(grid), Some(terminal)) => {
                terminal.resize(grid);
            }
            (None, ..) => {}
        }
    }

    /// Gives or takes control. Keys that are down go up.
    pub async fn set_view_only(&self, is_view_only: bool) {
        // Refused from now on; what was let through before is let go of after.
        self.is_view_only.store(is_view_only, Ordering::Relaxed);
        if is_view_only {
            self.input(SessionInput::ReleaseAll).await;
        }
        self.state
            .send_modify(|state| state.view_only = is_view_only);
        self.surface
            .tell(Notice::State(self.state.borrow().clone()));
    }

    /// How good a picture is asked for.
    pub fn quality(&self) -> Quality {
        *self.quality.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for another quality from now on, also after a lost link.
    pub async fn set_quality(&self, quality: Quality) {
        *self.quality.lock().unwrap_or_else(PoisonError::into_inner) = quality;
        self.input(SessionInput::Quality(quality)).await;
    }

    /// Which kinds of encoding the machine is offered.
    pub fn codec_choice(&self) -> CodecChoice {
        *self.codecs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers other kinds of encoding from now on, also after a lost link.
    ///
    /// # Errors
    /// A protocol that has no such choice.
    pub async fn choose_codec(&self, choice: CodecChoice) -> Result<(), CoreError> {
        if self.protocol != ProtocolKind::Rdp {
            let message = format!(
                "{} is no RDP session: its encodings follow its quality, set that instead",
                self.name
            );
            return Err(CoreError::Forbidden {
                property: "codec",
                message,
            });
        }
        *self.codecs.lock().unwrap_or_else(PoisonError::into_inner) = choice;
        self.input(SessionInput::Codec(choice)).await;
        Ok(())
    }

    /// Finds out whether the link still lives; a session that waits before its next try tries at once.
    pub(super) async fn check_link(&self) {
        if self.state.borrow().state == SessionState::Reconnecting {
            // A closed queue means the session is over.
            let _ = self.commands.send(Command::TryNow).await;
        } else {
            self.input(SessionInput::CheckLink).await;
        }
    }

    /// Whether it is up or on its way.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(
            self.state.borrow().state,
            SessionState::Failed | SessionState::Closed
        )
    }

    /// Resolves when it is ended on purpose.
    pub(crate) async fn over(&self) {
        self.cancel.cancelled().await;
    }

    /// Tells whoever looks at it something that he should know.
    pub(crate) fn say(&self, text: &str) {
        self.surface.tell(Notice::Said(text.into()));
    }

    /// Has it try again where it failed; a queue that is full has somebody ask for that already.
    pub(crate) fn try_again_if_failed(&self, once: Option<Once>, allowed: Option<Allowed>) {
        if self.state.borrow().state == SessionState::Failed {
            let again = Command::Reconnect {
                once: once.map(Box::new),
                allowed: allowed.map(Box::new),
            };
            let _ = self.commands.try_send(again);
        }
    }

    /// Whether it failed and nobody looks at it.
    pub(super) fn is_abandoned(&self) -> bool {
        self.state.borrow().state == SessionState::Failed && self.surface.viewers() == 0
    }

    /// Resolves when the session has ended on purpose and viewers were told.
    pub async fn ended(&self) {
        self.done.wait().await;
    }

    pub(super) async fn end(&self) {
        self.cancel.cancel();
        if tokio::time::timeout(END_LIMIT, self.done.wait())
            .await
            .is_err()
        {
            tracing::warn!(session = %self.id, "a session took too long to end");
        }
    }
}

pub(super) fn latency_ms(meter: &Meter) -> Option<f64> {
    let micros = meter.latency_us.load(Ordering::Relaxed);
    (micros > 0).then(|| f64::from(micros) / 1000.0)
}
