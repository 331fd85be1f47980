//! Credentials: which fields each protocol has, those that connections share, and what a handler is given.

use crate::connection::ProtocolKind;
use crate::ids::{ConnectionId, CredentialId};
use crate::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use ts_rs::TS;

/// The machine a secret was stored for. It is sent to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Host name or address, as saved.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The SSH connection it goes through.
    pub via: Option<ConnectionId>,
    /// The addresses of the machines on the way, `host:port`, the nearest first: when one of them moves, what goes through it
    /// speaks to another machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

/// A machine on the way to another: its address and how it is signed in to.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The machine.
    pub endpoint: Endpoint,
    /// What it is signed in to with.
    pub credentials: Credentials,
    /// Its connection's dotted settings; an absent key means its default.
    pub settings: BTreeMap<String, Value>,
}

/// One credential key of the API, such as `ssh.passphrase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key as the API writes it.
    pub key: &'static str,
    /// Whose it is.
    pub protocol: ProtocolKind,
    /// Whether its value is sealed and left out of answers.
    pub is_secret: bool,
}

const fn plain(key: &'static str, protocol: ProtocolKind) -> Field {
    Field {
        key,
        protocol,
        is_secret: false,
    }
}

const fn sealed(key: &'static str, protocol: ProtocolKind) -> Field {
    Field {
        key,
        protocol,
        is_secret: true,
    }
}

/// Every credential key there is.
pub const FIELDS: [Field; 13] = [
    plain("rxp.username", ProtocolKind::Near),
    sealed("rxp.password", ProtocolKind::Near),
    plain("rdp.username", ProtocolKind::Rdp),
    sealed("rdp.password", ProtocolKind::Rdp),
    plain("rdp.domain", ProtocolKind::Rdp),
    plain("apple.username", ProtocolKind::Apple),
    sealed("apple.password", ProtocolKind::Apple),
    plain("vnc.username", ProtocolKind::Vnc),
    sealed("vnc.password", ProtocolKind::Vnc),
    plain("ssh.username", ProtocolKind::Ssh),
    sealed("ssh.password", ProtocolKind::Ssh),
    sealed("ssh.key", ProtocolKind::Ssh),
    sealed("ssh.passphrase", ProtocolKind::Ssh),
];

/// Looks a credential key up; `None` for a key that is none.
pub fn field(key: &str) -> Option<Field> {
    FIELDS.into_iter().find(|field| field.key == key)
}

/// One key of shared credentials. They serve every protocol, so that it names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedField {
    /// The key as the API writes it.
    pub key: &'static str,
    /// Whether its value is sealed and left out of answers.
    pub is_secret: bool,
}

impl Field {
    /// The key of shared credentials that stands for this one: the same without the protocol.
    pub fn shared_key(self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, key)| key)
    }
}

const fn shared(key: &'static str, is_secret: bool) -> SharedField {
    SharedField { key, is_secret }
}

/// Every key of shared credentials.
pub const SHARED_FIELDS: [SharedField; 5] = [
    shared("username", false),
    shared("domain", false),
    shared("password", true),
    shared("key", true),
    shared("passphrase", true),
];

/// Looks a key of shared credentials up; `None` for a key that is none.
pub fn shared_field(key: &str) -> Option<SharedField> {
    SHARED_FIELDS.into_iter().find(|field| field.key == key)
}

/// Which shared credentials a connection signs in with, and the machine that was decided for. They are sent to no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialUse {
    /// The shared credentials.
    pub id: CredentialId,
    /// The machine the connection spoke to when they were chosen.
    pub endpoint: Endpoint,
}

/// Shared credentials as the API lists them. No secret is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export, rename = "SharedCredential")]
pub struct SharedCredentialView {
    /// Their identifier.
    pub credential_uid: CredentialId,
    /// What people call them.
    pub name: String,
    /// Account name.
    pub username: Option<String>,
    /// Windows domain.
    pub domain: Option<String>,
    /// The keys of the secrets that are stored.
    pub secrets: Vec<String>,
    /// How many connections sign in with them.
    #[ts(type = "number")]
    pub used_by: u64,
    /// Counts changes, from 1.
    #[ts(type = "number")]
    pub revision: u64,
}

/// What a handler signs in with.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Account name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Windows domain.
    pub domain: Option<String>,
    /// Private key, as its file's text.
    pub key: Option<Secret>,
    /// The private key's passphrase.
    pub passphrase: Option<Secret>,
}

impl Credentials {
    /// Puts one field of the API in its place; keys without a place are ignored.
    pub fn set(&mut self, key: &str, value: Secret) {
        match key.rsplit('.').next() {
            Some("username") => self.username = Some(value.expose().to_owned()),
            Some("domain") => self.domain = Some(value.expose().to_owned()),
            Some("password") => self.password = Some(value),
            Some("key") => self.key = Some(value),
            Some("passphrase") => self.passphrase = Some(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_credential_of_every_protocol_can_be_shared() {
        for field in FIELDS {
            let shared = shared_field(field.shared_key()).map(|shared| shared.is_secret);
            assert_eq!(shared, Some(field.is_secret), "{}", field.key);
        }
    }
}
