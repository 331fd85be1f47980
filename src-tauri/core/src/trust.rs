//! Decisions about host keys and certificates. Nothing is accepted without a person or a script saying so.

use crate::Core;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Saved};
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::error::ErrorCode;
use farwire_model::ids::TrustId;
use farwire_model::trust::{
    Identity, IdentityKind, KnownHost, TrustCheck, TrustDecision, TrustState, TrustVerdict,
    TrustView,
};
use farwire_ssh::MAX_KNOWN_HOSTS_BYTES;
use farwire_ssh::known_hosts::{self, Lines};
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// How often "last seen" is written for an unchanged identity, in seconds.
const LAST_SEEN_SECS: i64 = 3600;

impl Core {
    /// Every decision, changed and undecided ones first.
    pub fn trust(&self) -> Vec<TrustView> {
        let all = self.saved.read();
        let mut views: Vec<_> = all.trust.values().map(|decision| view(decision)).collect();
        drop(all);
        views.sort_by(|a, b| {
            let rank = |view: &TrustView| match view.state {
                TrustState::Changed => 0,
                TrustState::Unknown => 1,
                TrustState::Trusted => 2,
            };
            (rank(a), &a.host, a.port).cmp(&(rank(b), &b.host, b.port))
        });
        views
    }

    /// Accepts the identity with this fingerprint for a machine. One that was never seen is taken for what the connections
    /// that are saved for it will ask about.
    ///
    /// # Errors
    /// A fingerprint that has not its form; the store.
    pub async fn accept(
        &self,
        by: &Origin,
        host: String,
        port: u16,
        fingerprint: String,
    ) -> Result<TrustId, CoreError> {
        let is_well_formed = fingerprint.strip_prefix("SHA256:").is_some_and(|rest| {
            // 32 bytes in base64 without padding.
            rest.len() == 43
                && rest
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/')
        });
        if !is_well_formed {
            let message = "a fingerprint is SHA256: and 43 base64 characters, as the connection test shows it";
            return Err(CoreError::field(
                ErrorCode::ValueIncorrectFormat,
                "fingerprint",
                message,
            ));
        }
        let host = crate::text::checked_host(host)?;
        self.saved
            .change(by, |saving| {
                let now = random::now();
                let at_machine = |decision: &&Arc<TrustDecision>| {
                    decision.seen.host == host && decision.seen.port == port
                };
                let known = saving.all().trust.values().filter(at_machine);
                let exact = known
                    .clone()
                    .find(|decision| decision.seen.fingerprint == fingerprint);
                let mut decision = match exact.or_else(|| known.clone().next()) {
                    Some(decision) => (**decision).clone(),
                    None => TrustDecision {
                        id: TrustId::new(random::id(TrustId::PREFIX)),
                        seen: Identity {
                            kind: kind_of_unseen(saving.all(), &host, port),
                            host,
                            port,
                            algorithm: String::new(),
                            fingerprint: fingerprint.clone(),
                        },
                        accepted: None,
                        first_seen: now,
                        last_seen: now,
                    },
                };
                decision.accepted = Some(fingerprint);
                saving.put(decision).map(|decision| decision.id.clone())
            })
            .await
    }

    /// Forgets a decision: the machine is unknown again.
    ///
    /// # Errors
    /// An unknown decision; the store.
    pub async fn forget(&self, by: &Origin, id: &TrustId) -> Result<(), CoreError> {
        self.saved
            .change(by, |saving| {
                if !saving.all().trust.contains_key(id.as_str()) {
                    return Err(CoreError::unknown("trust decision", id));
                }
                saving.delete::<TrustDecision>(id.as_str())
            })
            .await
    }
}

impl Core {
    /// Looks identities up in what is saved, and in OpenSSH's list of known hosts.
    pub(crate) fn saved_trust(&self) -> SavedTrust {
        SavedTrust {
            saved: Arc::clone(&self.saved),
            known_hosts: self.known_hosts.clone(),
        }
    }
}

/// What a machine that showed nothing yet will show: a certificate where only other protocols than SSH are saved for it.
fn kind_of_unseen(all: &All, host: &str, port: u16) -> IdentityKind {
    let is_there = |connection: &&Arc<Connection>| {
        connection.effective_port() == port && connection.host.as_deref() == Some(host)
    };
    let mut protocols = all
        .connections
        .values()
        .filter(is_there)
        .map(|saved| saved.protocol);
    let first = protocols.next();
    let is_shell = first.is_none_or(|first| first == ProtocolKind::Ssh)
        || protocols.any(|other| other == ProtocolKind::Ssh);
    if is_shell {
        IdentityKind::Ssh
    } else {
        IdentityKind::Tls
    }
}

/// Looks identities up in the saved decisions. What somebody decided here goes before OpenSSH's list of known hosts.
pub(crate) struct SavedTrust {
    saved: Arc<Saved>,
    known_hosts: Option<PathBuf>,
}

impl SavedTrust {
    /// What OpenSSH's list says of a host. A list that cannot be read says nothing, so that its hosts are unknown.
    async fn listed(&self, host: String, port: u16) -> Lines {
        let Some(path) = self.known_hosts.clone() else {
            return Lines::default();
        };
        let read = move || {
            let file = std::fs::File::open(path)?;
            let mut text = Vec::new();
            file.take(MAX_KNOWN_HOSTS_BYTES).read_to_end(&mut text)?;
            let text = String::from_utf8_lossy(&text);
            Ok::<_, std::io::Error>(known_hosts::lookup(&text, &host, port))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(lines)) => lines,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the list of known hosts was not read");
                Lines::default()
            }
            Err(error) => {
                tracing::error!(%error, "reading the list of known hosts stopped");
                Lines::default()
            }
        }
    }

    /// Notes that an identity was seen, and looks it up in the saved decisions.
    async fn note(&self, identity: Identity) -> TrustVerdict {
        // What is known is looked up inside the change, so that a decision made meanwhile is never overwritten.
        let noted = self.saved.note(|saving| {
            let now = random::now();
            let known = find(saving.all(), &identity);
            let is_old_news = known.as_ref().is_some_and(|known| {
                known.seen == identity && now - known.last_seen < LAST_SEEN_SECS
            });
            let decision = match known {
                Some(known) => TrustDecision {
                    seen: identity.clone(),
                    last_seen: now,
                    ..(*known).clone()
                },
                None => TrustDecision {
                    id: TrustId::new(random::id(TrustId::PREFIX)),
                    seen: identity.clone(),
                    accepted: None,
                    first_seen: now,
                    last_seen: now,
                },
            };
            let verdict = verdict(&decision);
            if !is_old_news {
                saving.put(decision)?;
            }
            Ok(verdict)
        });
        match noted.await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(%error, "could not note an identity that was seen");
                let known = find(&self.saved.read(), &identity);
                known.map_or(TrustVerdict::Unknown, |known| {
                    verdict(&TrustDecision {
                        seen: identity,
                        ..(*known).clone()
                    })
                })
            }
        }
    }
}

impl TrustCheck for SavedTrust {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async move {
            let (host, port) = (identity.host.clone(), identity.port);
            if identity.kind != IdentityKind::Ssh
                || self.accepted(identity.kind, &host, port).is_some()
            {
                return self.note(identity).await;
            }
            let listed = self.listed(host, port).await;
            if listed.has(&identity.fingerprint) {
                return TrustVerdict::Trusted;
            }
            let known = listed.instead_of(&identity.algorithm);
            let verdict = self.note(identity).await;
            match (verdict, known) {
                (TrustVerdict::Unknown, Some(known)) => TrustVerdict::Changed { known },
                (verdict, _) => verdict,
            }
        })
    }

    fn known_host(
        &self,
        host: String,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = KnownHost> + Send + '_>> {
        Box::pin(async move {
            let decided: Vec<_> = {
                let all = self.saved.read();
                let known = all.trust.values().filter(|decision| {
                    let seen = &decision.seen;
                    seen.kind == IdentityKind::Ssh && seen.host == host && seen.port == port
                });
                let trusted = known.filter(|decision| decision.state() == TrustState::Trusted);
                trusted
                    .map(|decision| decision.seen.algorithm.clone())
                    .collect()
            };
            let listed = self.listed(host, port).await;
            let algorithms = match decided.is_empty() {
                true => listed.keys.into_iter().map(|key| key.algorithm).collect(),
                false => decided,
            };
            KnownHost {
                algorithms,
                authorities: listed.authorities,
                revoked: listed.revoked,
            }
        })
    }

    fn accepted(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String> {
        let all = self.saved.read();
        let mut known = all.trust.values().filter(|decision| {
            let seen = &decision.seen;
            seen.kind == kind && seen.host == host && seen.port == port
        });
        known.find_map(|decision| decision.accepted.clone())
    }

    fn seen_algorithm(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String> {
        let all = self.saved.read();
        let mut known = all.trust.values().filter(|decision| {
            let seen = &decision.seen;
            seen.kind == kind && seen.host == host && seen.port == port
        });
        known.find_map(|decision| {
            let is_accepted = decision.accepted.is_some();
            is_accepted.then(|| decision.seen.algorithm.clone())
        })
    }
}

fn verdict(decision: &TrustDecision) -> TrustVerdict {
    match (&decision.accepted, decision.state()) {
        (_, TrustState::Trusted) => TrustVerdict::Trusted,
        (Some(known), _) => TrustVerdict::Changed {
            known: known.clone(),
        },
        (None, _) => TrustVerdict::Unknown,
    }
}

/// The decision about this machine, of the same kind of identity and, for host keys, of the same key type.
fn find(all: &All, identity: &Identity) -> Option<Arc<TrustDecision>> {
    let same_machine = |decision: &&Arc<TrustDecision>| {
        let seen = &decision.seen;
        seen.host == identity.host && seen.port == identity.port
    };
    let at_machine = || all.trust.values().filter(same_machine);
    let exact =
        at_machine().find(|decision| decision.accepted.as_ref() == Some(&identity.fingerprint));
    exact
        .or_else(|| at_machine().find(|decision| decision.seen.kind == identity.kind))
        .cloned()
}

fn view(decision: &TrustDecision) -> TrustView {
    let state = decision.state();
    TrustView {
        id: decision.id.clone(),
        host: decision.seen.host.clone(),
        port: decision.seen.port,
        kind: decision.seen.kind,
        algorithm: decision.seen.algorithm.clone(),
        fingerprint: decision.seen.fingerprint.clone(),
        known_fingerprint: decision
            .accepted
            .clone()
            .filter(|_| state == TrustState::Changed),
        state,
        first_seen: decision.first_seen,
        last_seen: decision.last_seen,
    }
}
