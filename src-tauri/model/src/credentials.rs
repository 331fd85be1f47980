//! Credentials: which fields each protocol has, and what a handler is given.

use crate::connection::ProtocolKind;
use crate::ids::ConnectionId;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};

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
