//! One tunnel's life: it waits for a link, listens, and tries again.

use super::Tunnel;
use crate::Core;
use farwire_model::error::{ErrorBody, Stage};
use farwire_model::event::EventAction;
use farwire_model::session::{FailureKind, SessionError, SessionState};
use farwire_model::tunnel::{TunnelLink, TunnelState};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How often listeners are told that something was carried.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Waits before a tunnel that was up listens again; the last one repeats. A server that lost us may hold on to its port.
const BACK_OFF: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// Carries a tunnel until it is cancelled or its session ends, then takes it off the list.
pub(super) async fn run(core: Weak<Core>, tunnel: Arc<Tunnel>) {
    let carrier = Carrier {
        core: core.clone(),
        tunnel: Arc::clone(&tunnel),
    };
    tokio::select! {
        // What is under way is cancelled through its own token, so that it ends in order.
        () = carrier.live() => {}
        () = tunnel.session.over() => {}
    }
    tunnel.cancel.cancel();
    if let Some(core) = core.upgrade() {
        core.forget_tunnel(&tunnel);
    }
}

struct Carrier {
    core: Weak<Core>,
    tunnel: Arc<Tunnel>,
}

impl Carrier {
    async fn live(&self) {
        let mut failures = None;
        while let Some(link) = self.next_link().await {
            let was_up = self.carry(link, &mut failures).await;
            let error = match was_up {
                Ok(()) => return,
                Err(error) if error.kind == FailureKind::Lost => {
                    self.stand(TunnelState::Starting, Some(error.body()));
                    continue;
                }
                Err(error) => error,
            };
            self.stand(TunnelState::Failed, Some(error.body()));
            let wait = failures.as_mut().map(|failures: &mut usize| {
                let wait = BACK_OFF.get(*failures).or(BACK_OFF.last()).copied();
                *failures += 1;
                wait.unwrap_or_default()
            });
            // One that never was up waits until somebody changes something: the session begins anew.
            if !self.rest(wait).await {
                return;
            }
        }
    }

    /// Waits for a link; none when the tunnel is cancelled.
    async fn next_link(&self) -> Option<Arc<dyn TunnelLink>> {
        let session = &self.tunnel.session;
        let mut links = session.tunnels.subscribe();
        let mut states = session.state.subscribe();
        loop {
            let state = states.borrow_and_update().clone();
            match state.state {
                SessionState::Failed => self.stand(TunnelState::Failed, state.error),
                SessionState::Connecting | SessionState::Reconnecting => {
                    self.stand(TunnelState::Starting, state.error);
                }
                SessionState::Connected | SessionState::Closed => {}
            }
            tokio::select! {
                () = self.tunnel.cancel.cancelled() => return None,
                Ok(link) = links.wait_for(Option::is_some) => return link.clone(),
                Ok(()) = states.changed() => {}
                else => return None,
            }
        }
    }

    /// Carries it over one link, and tells what it carried. `failures` begins to count once it was up.
    async fn carry(
        &self,
        link: Arc<dyn TunnelLink>,
        failures: &mut Option<usize>,
    ) -> Result<(), SessionError> {
        let tunnel = &self.tunnel;
        let mut bound = tunnel.meter.bound.subscribe();
        let mut trouble = tunnel.meter.trouble.subscribe();
        // In a task of its own: a fault in it ends this tunnel alone.
        let mut carrying = JoinSet::new();
        let (plan, meter) = (tunnel.plan.clone(), Arc::clone(&tunnel.meter));
        carrying.spawn(link.carry(plan, meter, tunnel.cancel.clone()));
        let mut ticks = interval(TOLD_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = tunnel.meter.counts();
        loop {
            tokio::select! {
                Some(ended) = carrying.join_next() => {
                    return match ended {
                        Ok(ended) => ended,
                        Err(fault) => {
                            tracing::error!(tunnel = %tunnel.id, error = %fault, "a tunnel stopped");
                            let message = "the tunnel was stopped by a fault in Farwire";
                            Err(SessionError::new(Stage::Channel, FailureKind::Protocol, message))
                        }
                    };
                }
                Ok(()) = bound.changed() => {
                    if bound.borrow_and_update().is_some() {
                        *failures = Some(0);
                        self.stand(TunnelState::Up, None);
                    }
                }
                _ = ticks.tick() => {
                    let now = tunnel.meter.counts();
                    let is_troubled = trouble.has_changed().unwrap_or_default();
                    if now != told || is_troubled {
                        trouble.mark_unchanged();
                        told = now;
                        self.tell();
                    }
                }
            }
        }
    }

    /// Waits so long, or until the session begins anew; `false` when the tunnel is cancelled.
    async fn rest(&self, wait: Option<Duration>) -> bool {
        let mut links = self.tunnel.session.tunnels.subscribe();
        let again = async {
            match wait {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.tunnel.cancel.cancelled() => false,
            Ok(()) = links.changed() => true,
            () = again => true,
        }
    }

    /// Notes where it stands, and tells.
    fn stand(&self, state: TunnelState, error: Option<ErrorBody>) {
        let stands = (state, error);
        let is_new = self.tunnel.stands.send_if_modified(|known| {
            let is_new = *known != stands;
            *known = stands.clone();
            is_new
        });
        if !is_new {
            return;
        }
        self.tell();
        if let (TunnelState::Failed, Some(body), Some(core)) =
            (state, &stands.1, self.core.upgrade())
            && self.tunnel.is_with_connection
        {
            let plan = self.tunnel.plan.to_string();
            core.say_of_tunnel(&self.tunnel.session.connection, &plan, &body.error_message);
        }
    }

    fn tell(&self) {
        if let Some(core) = self.core.upgrade() {
            core.tell_tunnel(&self.tunnel.id, EventAction::Put);
        }
    }
}
