//! What is in an archive: a header, one thing a line, and an end that counts them.

use farwire_model::connection::Connection;
use farwire_model::credentials::Endpoint;
use farwire_model::group::Group;
use farwire_model::ids::{ConnectionId, CredentialId};
use farwire_model::secret::Secret;
use farwire_model::settings::Settings;
use farwire_model::trust::TrustDecision;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The header's mark.
pub(super) const FORMAT: &str = "farwire-archive";

/// The version this program writes, and the newest it reads. Shared credentials came with 2.
pub(super) const VERSION: u32 = 2;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header {
        format: String,
        version: u32,
        app: String,
        /// Unix seconds.
        created: i64,
    },
    Group(Arc<Group>),
    Connection(Arc<Connection>),
    Credentials(Carried),
    SharedCredential(CarriedShared),
    Trust(Arc<TrustDecision>),
    Settings(Arc<Settings>),
    End {
        /// How many lines lie between the header and this.
        records: u64,
    },
}

/// The credentials of one connection, their secrets open.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Carried {
    pub connection: ConnectionId,
    /// User names and domains by key.
    pub plain: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, CarriedSecret>,
}

/// One secret, and the machine it may be sent to.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct CarriedSecret {
    pub endpoint: Endpoint,
    #[serde(serialize_with = "expose")]
    pub secret: Secret,
}

/// Shared credentials, their secrets open.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct CarriedShared {
    pub id: CredentialId,
    pub name: String,
    /// User name and domain by key.
    pub plain: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Exposed>,
}

/// A secret that stands open in an archive.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Exposed(#[serde(serialize_with = "expose")] pub Secret);

fn expose<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}
