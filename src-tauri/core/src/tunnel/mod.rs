//! Tunnels: what was asked for, each carried by a session of its connection that is for tunnels alone.
//!
//! | file | holds |
//! | --- | --- |
//! | `carry` | one tunnel's life: waiting for a link, listening, trying again |

mod carry;

use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::private_file::is_within;
use crate::random;
use crate::session::{Session, View, check_ssh};
use crate::sign_in::{Allowed, Once, Redirect};
use farwire_model::connection::ProtocolKind;
use farwire_model::error::{ErrorBody, ErrorCode, Stage};
use farwire_model::event::{EventAction, EventKind};
use farwire_model::ids::{ConnectionId, TunnelId};
use farwire_model::secret::Secret;
use farwire_model::session::{Channel, FailureKind, SessionError, SessionState};
use farwire_model::tunnel::{
    TunnelEnd, TunnelKind, TunnelMeter, TunnelPlan, TunnelState, TunnelView,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// More tunnels than this at once is a script gone wrong.
const MAX_TUNNELS: usize = 200;
/// How long a tunnel may take to let go of what it carries.
const END_LIMIT: Duration = Duration::from_secs(5);

/// A tunnel that is asked for.
#[derive(Debug)]
pub struct NewTunnel {
    /// The SSH connection it goes through.
    pub connection: ConnectionId,
    /// What it does.
    pub plan: TunnelPlan,
    /// Credentials for the session that carries it, where one has to be opened; they are not saved.
    pub once: Vec<(String, Secret)>,
    /// Whether stored secrets may go to another machine than the one they were stored for.
    pub redirect: Redirect,
}

/// One tunnel.
pub(crate) struct Tunnel {
    id: TunnelId,
    name: String,
    plan: TunnelPlan,
    is_with_connection: bool,
    session: Arc<Session>,
    meter: Arc<TunnelMeter>,
    stands: watch::Sender<(TunnelState, Option<ErrorBody>)>,
    cancel: CancellationToken,
    done: TaskTracker,
}

impl Tunnel {
    fn view(&self) -> TunnelView {
        let (state, error) = self.stands.borrow().clone();
        let (bytes_in, bytes_out, channels, carried) = self.meter.counts();
        TunnelView {
            tunnel_id: self.id.clone(),
            connection_uid: self.session.connection.clone(),
            name: self.name.clone(),
            session_id: self.session.id.clone(),
            kind: self.plan.kind,
            listen: self.plan.listen.clone(),
            to: self.plan.to.clone(),
            bound: self.meter.bound.borrow().clone(),
            open: self.plan.listen.is_open(),
            with_connection: self.is_with_connection,
            state,
            bytes_in,
            bytes_out,
            channels,
            carried,
            trouble: self.meter.trouble.borrow().clone(),
            error,
        }
    }
}

/// The tunnels there are.
#[derive(Default)]
pub(crate) struct Tunnels {
    all: Mutex<BTreeMap<TunnelId, Arc<Tunnel>>>,
}

impl Tunnels {
    fn all(&self) -> MutexGuard<'_, BTreeMap<TunnelId, Arc<Tunnel>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session is opened with that a tunnel needs.
#[derive(Clone, Default)]
struct SignIn {
    once: Option<Once>,
    allowed: Option<Allowed>,
}

impl Core {
    /// Every tunnel.
    pub fn tunnels(&self) -> Vec<TunnelView> {
        let all: Vec<_> = self.tunnels.all().values().cloned().collect();
        all.iter().map(|tunnel| tunnel.view()).collect()
    }

    /// One tunnel.
    ///
    /// # Errors
    /// An unknown tunnel.
    pub fn tunnel(&self, id: &TunnelId) -> Result<TunnelView, CoreError> {
        self.known_tunnel(id).map(|tunnel| tunnel.view())
    }

    /// Opens a tunnel, and a session of its connection to carry it where there is none. It answers at once; the tunnel says how
    /// it goes, and the session asks what the machine wants to know.
    ///
    /// # Errors
    /// An unknown connection, one of another protocol, a place that is none, too many tunnels; what opening a session says at
    /// once.
    pub async fn open_tunnel(self: &Arc<Self>, new: NewTunnel) -> Result<TunnelView, CoreError> {
        let NewTunnel {
            connection,
            plan,
            once,
            redirect,
        } = new;
        self.follow_configuration(&connection).await;
        let sign_in = SignIn {
            once: self.credentials_once(&connection, once)?,
            allowed: self.allowed(&connection, redirect)?,
        };
        self.begin_tunnel(&connection, plan, false, sign_in)
    }

    /// Closes a tunnel: nothing listens any more, and what it carried is closed.
    ///
    /// # Errors
    /// An unknown tunnel.
    pub async fn close_tunnel(&self, id: &TunnelId) -> Result<(), CoreError> {
        let tunnel = self.known_tunnel(id)?;
        tunnel.cancel.cancel();
        if tokio::time::timeout(END_LIMIT, tunnel.done.wait())
            .await
            .is_err()
        {
            tracing::warn!(tunnel = %id, "a tunnel took too long to end");
        }
        self.forget_tunnel(&tunnel);
        Ok(())
    }

    /// Waits until a tunnel listens.
    ///
    /// # Errors
    /// Why it does not, or that it did not within `limit`.
    pub async fn wait_until_tunnel_is_up(
        &self,
        id: &TunnelId,
        limit: Duration,
    ) -> Result<TunnelView, CoreError> {
        let tunnel = self.known_tunnel(id)?;
        let mut stands = tunnel.stands.subscribe();
        let settled = stands.wait_for(|(state, _)| *state != TunnelState::Starting);
        let settled = tokio::time::timeout(limit, settled).await;
        match settled.map(|stands| stands.map(|stands| stands.clone())) {
            Ok(Ok((TunnelState::Up, _))) => Ok(tunnel.view()),
            Ok(Ok((_, Some(body)))) => Err(CoreError::Reported { body }),
            _ => {
                let message = format!("the tunnel was not up after {} s", limit.as_secs());
                Err(SessionError::new(Stage::Connect, FailureKind::Unreachable, message).into())
            }
        }
    }

    fn known_tunnel(&self, id: &TunnelId) -> Result<Arc<Tunnel>, CoreError> {
        let all = self.tunnels.all();
        all.get(id)
            .cloned()
            .ok_or_else(|| CoreError::unknown("tunnel", id))
    }

    fn begin_tunnel(
        self: &Arc<Self>,
        connection: &ConnectionId,
        plan: TunnelPlan,
        is_with_connection: bool,
        sign_in: SignIn,
    ) -> Result<TunnelView, CoreError> {
        let saved = known_connection(&self.saved.read(), connection)?;
        check_ssh(&saved.name, saved.protocol)?;
        self.check_ends(&plan)?;
        // Held until it is there: two at once would open two sessions.
        let mut all = self.tunnels.all();
        if all.len() >= MAX_TUNNELS {
            let message = format!("{MAX_TUNNELS} tunnels are open: close some first");
            return Err(CoreError::Busy { message });
        }
        let tunnel = Arc::new(Tunnel {
            id: TunnelId::new(random::id(TunnelId::PREFIX)),
            name: saved.name.clone(),
            plan,
            is_with_connection,
            session: self.session_for_tunnels(connection, sign_in)?,
            meter: Arc::default(),
            stands: watch::Sender::new((TunnelState::Starting, None)),
            cancel: self.cancel.child_token(),
            done: TaskTracker::new(),
        });
        all.insert(tunnel.id.clone(), Arc::clone(&tunnel));
        drop(all);
        let view = tunnel.view();
        self.tell_tunnel(&tunnel.id, EventAction::Put);
        let run = carry::run(Arc::downgrade(self), Arc::clone(&tunnel));
        self.tasks.spawn(tunnel.done.track_future(run));
        tunnel.done.close();
        Ok(view)
    }

    /// The session that carries a connection's tunnels; one that failed tries again.
    fn session_for_tunnels(
        self: &Arc<Self>,
        connection: &ConnectionId,
        sign_in: SignIn,
    ) -> Result<Arc<Session>, CoreError> {
        let SignIn { once, allowed } = sign_in;
        let live = self.live_sessions(connection);
        let mut live = live
            .into_iter()
            .filter(|session| session.channel == Channel::Tunnels);
        let Some(session) = live.next() else {
            let view = View::default();
            return self.open_session(connection, Channel::Tunnels, view, once, allowed);
        };
        session.try_again_if_failed(once, allowed);
        Ok(session)
    }

    /// What is on this computer must not be our own: whoever reaches the control socket is the owner.
    fn check_ends(&self, plan: &TunnelPlan) -> Result<(), CoreError> {
        let (key, here) = match plan.kind {
            TunnelKind::Local | TunnelKind::Dynamic => ("listen", Some(&plan.listen)),
            TunnelKind::Remote => ("to", plan.to.as_ref()),
        };
        match here {
            Some(TunnelEnd::Unix(path)) if is_within(Path::new(path), &self.data_dir) => {
                let message = "Farwire's own folder is not for tunnels: choose another path";
                Err(CoreError::field(ErrorCode::ValueOutOfBounds, key, message))
            }
            _ => Ok(()),
        }
    }

    /// Takes a tunnel off the list; the last one of its session ends that.
    fn forget_tunnel(&self, tunnel: &Tunnel) {
        let mut all = self.tunnels.all();
        if all.remove(&tunnel.id).is_none() {
            return;
        }
        let is_last = !all
            .values()
            .any(|other| other.session.id == tunnel.session.id);
        if is_last {
            // Within the lock: a tunnel that begins now must not find it.
            self.drop_session(&tunnel.session.id);
        }
        drop(all);
        self.tell_tunnel(&tunnel.id, EventAction::Delete);
    }

    fn tell_tunnel(&self, id: &TunnelId, action: EventAction) {
        self.events
            .send(EventKind::Tunnel, id.as_str(), action, None);
    }

    /// Opens the tunnels that come with a session of their connection, or ends them with its last one.
    pub(crate) fn follow_tunnels(
        self: &Arc<Self>,
        session: &Session,
        state: SessionState,
        once: Option<&Once>,
        allowed: Option<&Allowed>,
    ) {
        if (session.protocol, session.channel) != (ProtocolKind::Ssh, Channel::Main) {
            return;
        }
        match state {
            SessionState::Connected => {
                let sign_in = SignIn {
                    once: once.cloned(),
                    allowed: allowed.cloned(),
                };
                self.open_tunnels_of(&session.connection, &sign_in);
            }
            SessionState::Failed | SessionState::Closed => {
                let others = self.live_sessions(&session.connection);
                let is_last = !others.iter().any(|other| {
                    other.id != session.id && other.channel == Channel::Main && other.is_alive()
                });
                let all = self.tunnels.all();
                let of_it = all.values().filter(|tunnel| {
                    tunnel.is_with_connection && tunnel.session.connection == session.connection
                });
                for tunnel in of_it.filter(|_| is_last) {
                    tunnel.cancel.cancel();
                }
            }
            SessionState::Connecting | SessionState::Reconnecting => {}
        }
    }

    fn open_tunnels_of(self: &Arc<Self>, connection: &ConnectionId, sign_in: &SignIn) {
        let plans = {
            let all = self.saved.read();
            let Ok(connection) = known_connection(&all, connection) else {
                return;
            };
            let settings = all.settings_in_force(&connection);
            match settings.get("ssh.tunnels") {
                None => Ok(Vec::new()),
                Some(Value::String(text)) => {
                    TunnelPlan::list(text).map_err(|why| (text.clone(), why))
                }
                Some(other) => Err((other.to_string(), "it is no list of tunnels".to_owned())),
            }
        };
        let plans = match plans {
            Ok(plans) => plans,
            Err((text, why)) => {
                self.say_of_tunnel(connection, &text, &why);
                return;
            }
        };
        for plan in plans {
            let is_there = self.tunnels.all().values().any(|tunnel| {
                !tunnel.cancel.is_cancelled()
                    && tunnel.session.connection == *connection
                    && tunnel.plan == plan
            });
            if is_there {
                continue;
            }
            let text = plan.to_string();
            if let Err(error) = self.begin_tunnel(connection, plan, true, sign_in.clone()) {
                self.say_of_tunnel(connection, &text, &error.to_string());
            }
        }
    }

    /// Tells who looks at a shell why a tunnel that came with it is not there.
    fn say_of_tunnel(&self, connection: &ConnectionId, plan: &str, why: &str) {
        let text = format!("The tunnel {plan} is not open: {why}");
        for session in self.live_sessions(connection) {
            if session.channel == Channel::Main {
                session.say(&text);
            }
        }
    }
}
