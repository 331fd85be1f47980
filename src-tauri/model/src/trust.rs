//! What was decided about host keys and certificates.

use crate::ids::TrustId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use ts_rs::TS;

/// What kind of identity a machine showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum IdentityKind {
    /// An SSH host key.
    Ssh,
    /// A TLS certificate, or the key a VNC server shows in its place.
    Tls,
}

/// The identity a machine showed while connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What kind it is.
    pub kind: IdentityKind,
    /// Host name or address, as saved in the connection.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Key type or signature algorithm, e.g. `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:` and the unpadded base64 of the hash, as OpenSSH writes it.
    pub fingerprint: String,
}

/// Where a machine's identity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum TrustState {
    /// Never seen, or seen and not decided about.
    Unknown,
    /// A person accepted it.
    Trusted,
    /// It differs from the one a person accepted.
    Changed,
}

/// The answer to "may I talk to this machine?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustVerdict {
    /// A person accepted exactly this identity.
    Trusted,
    /// Nobody has decided about this machine.
    Unknown,
    /// Another identity was accepted for this machine.
    Changed {
        /// The accepted fingerprint.
        known: String,
    },
}

/// What is known of a machine before it shows its host key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHost {
    /// Types of its accepted keys, such as `ssh-ed25519`: it is asked for one of these, so that a machine with several
    /// keys does not look changed.
    pub algorithms: Vec<String>,
    /// Fingerprints of the authorities whose certificates it may show.
    pub authorities: Vec<String>,
    /// Fingerprints of keys and authorities that must not be accepted from it.
    pub revoked: Vec<String>,
}

/// Asks whether an identity was accepted. Never accepts anything by itself.
pub trait TrustCheck: Send + Sync {
    /// Looks the identity up and notes that it was seen.
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>>;

    /// The fingerprint a person accepted for a machine, if there is one: such a machine is never spoken to in a way that does
    /// not show its identity.
    fn accepted(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String>;

    /// What the identity an accepted machine showed last was called, see [`Identity::algorithm`]. None for a machine that
    /// nobody has accepted.
    fn seen_algorithm(&self, _kind: IdentityKind, _host: &str, _port: u16) -> Option<String> {
        None
    }

    /// What is known of an SSH machine before it shows its key.
    fn known_host(
        &self,
        _host: String,
        _port: u16,
    ) -> Pin<Box<dyn Future<Output = KnownHost> + Send + '_>> {
        Box::pin(std::future::ready(KnownHost::default()))
    }
}

/// A decision as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustDecision {
    /// Its identifier.
    pub id: TrustId,
    /// What was seen last.
    pub seen: Identity,
    /// The accepted fingerprint; none while nobody has decided.
    pub accepted: Option<String>,
    /// When it was first seen, in Unix seconds.
    pub first_seen: i64,
    /// When it was last seen, in Unix seconds.
    pub last_seen: i64,
}

impl TrustDecision {
    /// Where this machine's identity stands.
    pub fn state(&self) -> TrustState {
        match &self.accepted {
            None => TrustState::Unknown,
            Some(accepted) if *accepted == self.seen.fingerprint => TrustState::Trusted,
            Some(_) => TrustState::Changed,
        }
    }
}

/// A decision as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct TrustView {
    /// Its identifier.
    pub id: TrustId,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// SSH host key or TLS certificate.
    pub kind: IdentityKind,
    /// Key type or signature algorithm.
    pub algorithm: String,
    /// The fingerprint it showed last.
    pub fingerprint: String,
    /// Another fingerprint that was accepted before, when it changed.
    pub known_fingerprint: Option<String>,
    /// Where it stands.
    pub state: TrustState,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub first_seen: i64,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub last_seen: i64,
}
