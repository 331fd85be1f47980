//! The connection test: the session's own code, stage by stage, with times.

use super::attempt::Attempt;
use crate::Core;
use crate::error::CoreError;
use crate::sign_in::Redirect;
use crate::trust::SavedTrust;
use farwire_model::ask::Nobody;
use farwire_model::error::Stage;
use farwire_model::frame::Surface;
use farwire_model::ids::ConnectionId;
use farwire_model::session::{
    Channel, FailureKind, HostKeyView, Purpose, SessionError, SessionEvent, StageResult, Start,
    TestReport,
};
use farwire_model::trust::{
    Identity, IdentityKind, KnownHost, TrustCheck, TrustState, TrustVerdict,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A test that takes longer says where it hangs.
const LIMIT: Duration = Duration::from_secs(40);

impl Core {
    /// Goes through every stage of a connection once and reports each. Nothing stays open.
    ///
    /// # Errors
    /// An unknown connection, no host. What the machine does wrong is in the report instead.
    pub async fn test_connection(
        &self,
        id: &ConnectionId,
        redirect: Redirect,
    ) -> Result<TestReport, CoreError> {
        self.follow_configuration(id).await;
        let allowed = self.allowed(id, redirect)?;
        match self.attempt(id, Channel::Main, None, allowed.as_ref()) {
            Ok(attempt) => Ok(self.probe(attempt).await),
            Err(CoreError::Session(error)) => Ok(report(Vec::new(), Some((error, 0.0)), None)),
            Err(error) => Err(error),
        }
    }

    async fn probe(&self, attempt: Attempt) -> TestReport {
        let seen = Arc::new(Mutex::new(None));
        let trust = Watching {
            inner: self.saved_trust(),
            seen: Arc::clone(&seen),
        };
        let (event_sender, mut events) = mpsc::channel(16);
        // Nobody types during a test.
        let (_, inputs) = mpsc::channel(1);
        let cancel = self.cancel.child_token();
        let _stop = cancel.clone().drop_guard();
        let start = Start {
            endpoint: attempt.endpoint,
            credentials: attempt.credentials,
            files: tokio::sync::watch::Sender::new(None),
            tunnels: tokio::sync::watch::Sender::new(None),
            jumps: attempt.jumps,
            settings: attempt.connection.settings,
            size: None,
            purpose: Purpose::Probe,
            surface: Surface::new(),
            screen: None,
            log: None,
            meter: Arc::default(),
            events: event_sender,
            inputs,
            trust: Arc::new(trust),
            ask: Arc::new(Nobody),
            kept: farwire_model::session::Kept::default(),
            cancel,
        };
        let mut stages = Vec::new();
        let mut current = (Stage::Resolve, Instant::now());
        let mut run = tokio::task::JoinSet::new();
        run.spawn(attempt.protocol.run(start));
        let deadline = Instant::now() + LIMIT;
        let result = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => {
                    if let SessionEvent::Stage(next) = event && next != current.0 {
                        stages.push(passed(current));
                        current = (next, Instant::now());
                    }
                }
                Some(result) = run.join_next() => break match result {
                    Ok(result) => result,
                    Err(_) => Err(SessionError::new(current.0, FailureKind::Protocol,
                        "the test was stopped by a fault in Farwire while reading what the machine sent")),
                },
                () = tokio::time::sleep_until(deadline) => break Err(SessionError::new(
                    current.0, FailureKind::Unreachable,
                    format!("the machine did not get past stage {} within {} s", current.0, LIMIT.as_secs()))),
            }
        };
        let host_key = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match result {
            Ok(()) => {
                stages.push(passed(current));
                report(stages, None, host_key)
            }
            Err(error) => report(stages, Some((error, millis(current.1))), host_key),
        }
    }
}

fn millis(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}

fn passed((stage, since): (Stage, Instant)) -> StageResult {
    StageResult {
        stage,
        ok: true,
        ms: millis(since),
        message: "went well".to_owned(),
    }
}

fn report(
    mut stages: Vec<StageResult>,
    failed: Option<(SessionError, f64)>,
    host_key: Option<HostKeyView>,
) -> TestReport {
    let ok = failed.is_none();
    stages.extend(failed.map(|(error, ms)| StageResult {
        stage: error.stage,
        ok: false,
        ms,
        message: error.message,
    }));
    TestReport {
        ok,
        stages,
        host_key,
    }
}

/// Remembers the identity the machine showed.
struct Watching {
    inner: SavedTrust,
    seen: Arc<Mutex<Option<HostKeyView>>>,
}

impl TrustCheck for Watching {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async move {
            let (algorithm, fingerprint) =
                (identity.algorithm.clone(), identity.fingerprint.clone());
            let verdict = self.inner.check(identity).await;
            let state = match &verdict {
                TrustVerdict::Trusted => TrustState::Trusted,
                TrustVerdict::Unknown => TrustState::Unknown,
                TrustVerdict::Changed { .. } => TrustState::Changed,
            };
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(HostKeyView {
                algorithm,
                fingerprint,
                state,
            });
            verdict
        })
    }

    fn known_host(
        &self,
        host: String,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = KnownHost> + Send + '_>> {
        self.inner.known_host(host, port)
    }

    fn accepted(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String> {
        self.inner.accepted(kind, host, port)
    }

    fn seen_algorithm(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String> {
        self.inner.seen_algorithm(kind, host, port)
    }
}
