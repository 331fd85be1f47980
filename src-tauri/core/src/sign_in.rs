//! What a connection signs in with, and the machine that may be sent to.

use crate::Core;
use crate::credentials::{check_field, place};
use crate::error::CoreError;
use crate::sealed::check_value;
use crate::shared_credentials;
use farwire_model::connection::Connection;
use farwire_model::credentials::{CredentialUse, Credentials, Endpoint, FIELDS};
use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError};

/// Whether a stored secret may go to a machine it was not stored for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// No: nothing is sent.
    Refuse,
    /// Yes: the caller may read secrets anyway.
    Allow,
}

impl Core {
    /// What a connection signs in with: its own credentials, and for keys without one those of the credential it uses.
    ///
    /// # Errors
    /// At stage `auth` when something belongs to another machine than the one about to be spoken to; a locked vault.
    pub(crate) fn sign_in(
        &self,
        connection: &Connection,
        allowed: Option<&Endpoint>,
    ) -> Result<Credentials, CoreError> {
        let mut credentials = Credentials::default();
        // Held until the secrets are open: the master key is replaced together with the records.
        let all = self.saved.read();
        let own = all.credentials.get(connection.id.as_str());
        let shared = match &connection.credential {
            Some(used) => match all.shared.get(used.id.as_str()) {
                Some(shared) => Some((used, shared)),
                None => return Err(gone(used).into()),
            },
            None => None,
        };
        let now = endpoint(connection);
        let is_for = |machine: &Endpoint| *machine == now || allowed == Some(&now);
        let protocol = connection.protocol;
        for field in FIELDS
            .into_iter()
            .filter(|field| field.protocol == protocol)
        {
            let key = field.key;
            if let Some(value) = own.and_then(|own| own.plain.get(key)) {
                credentials.set(key, Secret::new(value.clone()));
            } else if let Some(sealed) = own.and_then(|own| own.sealed.get(key)) {
                if !is_for(&sealed.endpoint) {
                    let what = format!("the stored {key} was stored");
                    return Err(not_sent(
                        &what,
                        &sealed.endpoint,
                        &now,
                        "enter the credentials again",
                    ));
                }
                let place = place(&connection.id, key, &sealed.endpoint);
                credentials.set(key, self.vault.open(&place, &sealed.record)?);
            } else if let Some((used, shared)) = shared {
                let key = field.shared_key();
                let (plain, sealed) = (shared.plain.get(key), shared.sealed.get(key));
                if (plain.is_some() || sealed.is_some()) && !is_for(&used.endpoint) {
                    let what = format!("the credential {} was chosen", shared.name);
                    return Err(not_sent(&what, &used.endpoint, &now, "choose it again"));
                }
                if let Some(value) = plain {
                    credentials.set(key, Secret::new(value.clone()));
                }
                if let Some(record) = sealed {
                    let place = shared_credentials::place(&shared.id, key);
                    credentials.set(key, self.vault.open(&place, record)?);
                }
            }
        }
        Ok(credentials)
    }
}

fn not_sent(what: &str, meant: &Endpoint, now: &Endpoint, remedy: &str) -> CoreError {
    let (meant, now) = (machine(meant), machine(now));
    let message = format!("{what} for {meant}, so nothing was sent to {now}: {remedy}");
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message).into()
}

fn gone(used: &CredentialUse) -> SessionError {
    let message = format!(
        "the credential {} is not saved any more, so nothing was sent: choose another one",
        used.id
    );
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message)
}

/// Credentials for one session, and the machine they were given for.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    credentials: Credentials,
    endpoint: Endpoint,
}

impl Once {
    /// The credentials, for the machine they were given for and no other.
    pub fn for_machine(&self, now: &Endpoint) -> Result<Credentials, CoreError> {
        if self.endpoint == *now {
            return Ok(self.credentials.clone());
        }
        let what = "the credentials were given";
        Err(not_sent(what, &self.endpoint, now, "enter them again"))
    }
}

/// Checks credentials that are used for one session and not stored.
///
/// # Errors
/// A key that is none or another protocol's, a value that is none.
pub(crate) fn once(
    connection: &Connection,
    values: Vec<(String, Secret)>,
) -> Result<Once, CoreError> {
    let mut credentials = Credentials::default();
    for (key, value) in values {
        check_field(connection, &key)?;
        check_value(&key, Some(&value))?;
        credentials.set(&key, value);
    }
    Ok(Once {
        credentials,
        endpoint: endpoint(connection),
    })
}

/// The machine a connection speaks to.
pub(crate) fn endpoint(connection: &Connection) -> Endpoint {
    Endpoint {
        protocol: connection.protocol,
        host: connection.host.clone().unwrap_or_default(),
        port: connection.effective_port(),
        via: connection.via.clone(),
    }
}

/// A machine in words.
pub(crate) fn machine(endpoint: &Endpoint) -> String {
    let Endpoint {
        protocol,
        host,
        port,
        via,
    } = endpoint;
    match via {
        None => format!("{protocol} {host}:{port}"),
        Some(via) => format!("{protocol} {host}:{port} through {via}"),
    }
}
