//! The credentials of connections. Each secret is sealed together with the machine it was stored for.

use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::limits::MAX_CREDENTIAL_CHARS;
use crate::origin::Origin;
use farwire_model::connection::Connection;
use farwire_model::credentials::{Credentials, Endpoint, FIELDS, field};
use farwire_model::error::{ErrorCode, Stage};
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The credentials of one connection as they are saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredCredentials {
    /// Whose they are.
    pub connection: ConnectionId,
    /// User names and domains by key.
    pub plain: BTreeMap<String, String>,
    /// Sealed secrets by key.
    pub sealed: BTreeMap<String, Sealed>,
    /// Counts changes, from 1.
    pub revision: u64,
}

/// One sealed secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// The machine it was stored for; part of what the seal covers.
    pub endpoint: Endpoint,
    /// The vault's record.
    pub record: String,
}

/// What the API shows of a connection's credentials.
#[derive(Clone, Debug, Default)]
pub struct CredentialsView {
    /// User names and domains; secrets only where they were asked for.
    pub values: BTreeMap<String, Secret>,
    /// Keys of secrets that are stored and left out.
    pub redacted: Vec<String>,
    /// Counts changes; 0 while nothing was ever stored.
    pub revision: u64,
}

/// Whether a stored secret may go to a machine it was not stored for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// No: nothing is sent.
    Refuse,
    /// Yes: the caller may read secrets anyway.
    Allow,
}

impl Core {
    /// Writes credentials. An absent key stays, `None` deletes one.
    ///
    /// # Errors
    /// An unknown connection, a key that is none or another protocol's, a locked vault; the store.
    pub async fn put_credentials(
        &self,
        by: &Origin,
        id: &ConnectionId,
        values: Vec<(String, Option<Secret>)>,
        if_revision: Option<u64>,
    ) -> Result<(), CoreError> {
        let vault = &self.vault;
        self.saved
            .change(by, |saving| {
                let connection = known_connection(saving.all(), id)?;
                let mut stored = match saving.all().credentials.get(id.as_str()) {
                    Some(stored) => (**stored).clone(),
                    None => StoredCredentials {
                        connection: id.clone(),
                        plain: BTreeMap::new(),
                        sealed: BTreeMap::new(),
                        revision: 0,
                    },
                };
                crate::groups::check_revision(
                    "credentials of",
                    id.as_str(),
                    if_revision,
                    stored.revision,
                )?;
                for (key, value) in values {
                    let is_secret = check_field(&connection, &key)?;
                    check_value(&key, value.as_ref())?;
                    match (is_secret, value) {
                        (true, Some(value)) => {
                            let endpoint = endpoint(&connection);
                            let record = vault.seal(&context(id, &key, &endpoint), &value)?;
                            stored.sealed.insert(key, Sealed { endpoint, record });
                        }
                        (false, Some(value)) => {
                            stored.plain.insert(key, value.expose().to_owned());
                        }
                        (_, None) => {
                            stored.plain.remove(&key);
                            stored.sealed.remove(&key);
                        }
                    }
                }
                stored.revision += 1;
                saving.put(stored).map(|_| ())
            })
            .await
    }

    /// Shows a connection's credentials, secrets only with `reveal`.
    ///
    /// # Errors
    /// An unknown connection; with `reveal` also a locked vault.
    pub fn credentials(
        &self,
        id: &ConnectionId,
        reveal: bool,
    ) -> Result<CredentialsView, CoreError> {
        let all = self.saved.read();
        known_connection(&all, id)?;
        let mut view = CredentialsView::default();
        // `all` is held until the secrets are open: the master key is replaced together with the records.
        let Some(stored) = all.credentials.get(id.as_str()) else {
            return Ok(view);
        };
        view.revision = stored.revision;
        for (key, value) in &stored.plain {
            view.values.insert(key.clone(), Secret::new(value.clone()));
        }
        for (key, sealed) in &stored.sealed {
            if reveal {
                let secret = self
                    .vault
                    .open(&context(id, key, &sealed.endpoint), &sealed.record)?;
                view.values.insert(key.clone(), secret);
            } else {
                view.redacted.push(key.clone());
            }
        }
        Ok(view)
    }

    /// Deletes a connection's credentials.
    ///
    /// # Errors
    /// An unknown connection; the store.
    pub async fn delete_credentials(
        &self,
        by: &Origin,
        id: &ConnectionId,
    ) -> Result<(), CoreError> {
        self.saved
            .change(by, |saving| {
                known_connection(saving.all(), id)?;
                saving.delete::<StoredCredentials>(id.as_str())
            })
            .await
    }

    /// What a connection signs in with.
    ///
    /// # Errors
    /// At stage `auth` when a stored secret belongs to another machine than the one about to be spoken to;
    /// a locked vault.
    pub(crate) fn sign_in(
        &self,
        connection: &Connection,
        allowed: Option<&Endpoint>,
    ) -> Result<Credentials, CoreError> {
        let mut credentials = Credentials::default();
        // Held until the secrets are open: the master key is replaced together with the records.
        let all = self.saved.read();
        let Some(stored) = all.credentials.get(connection.id.as_str()) else {
            return Ok(credentials);
        };
        let now = endpoint(connection);
        let prefix = connection.protocol.credential_prefix();
        let is_ours = |key: &str| key.split('.').next() == Some(prefix);
        for (key, value) in stored.plain.iter().filter(|(key, _)| is_ours(key)) {
            credentials.set(key, Secret::new(value.clone()));
        }
        for (key, sealed) in stored.sealed.iter().filter(|(key, _)| is_ours(key)) {
            if sealed.endpoint != now && allowed != Some(&now) {
                let message = format!(
                    "the stored {key} was stored for {}, so it was not sent to {}: enter the credentials again",
                    machine(&sealed.endpoint),
                    machine(&now),
                );
                return Err(SessionError::new(
                    Stage::Auth,
                    FailureKind::CredentialsMissing,
                    message,
                )
                .into());
            }
            let secret = self.vault.open(
                &context(&connection.id, key, &sealed.endpoint),
                &sealed.record,
            )?;
            credentials.set(key, secret);
        }
        Ok(credentials)
    }
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
        let message = format!(
            "the credentials were given for {}, so they were not sent to {}: enter them again",
            machine(&self.endpoint),
            machine(now),
        );
        Err(SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message).into())
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

fn machine(endpoint: &Endpoint) -> String {
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

/// What a seal covers besides the secret. Moving a record to another connection, key or machine breaks it.
pub(crate) fn context(id: &ConnectionId, key: &str, endpoint: &Endpoint) -> String {
    let via = endpoint.via.as_ref().map_or("", ConnectionId::as_str);
    let Endpoint {
        protocol,
        host,
        port,
        ..
    } = endpoint;
    format!("1|connection|{id}|{key}|{protocol}|{host}|{port}|{via}")
}

/// Whether this connection's protocol has the key, and whether it is a secret.
fn check_field(connection: &Connection, key: &str) -> Result<bool, CoreError> {
    match field(key) {
        Some(field) if field.protocol == connection.protocol => Ok(field.is_secret),
        _ => {
            let known: Vec<_> = FIELDS
                .into_iter()
                .filter(|field| field.protocol == connection.protocol)
                .map(|field| field.key)
                .collect();
            let message = format!(
                "{key} is no credential of {}: it has {}",
                connection.protocol,
                known.join(", ")
            );
            Err(CoreError::field(
                ErrorCode::InvalidRequestData,
                key,
                message,
            ))
        }
    }
}

fn check_value(key: &str, value: Option<&Secret>) -> Result<(), CoreError> {
    if value.is_some_and(|value| value.expose().chars().count() > MAX_CREDENTIAL_CHARS) {
        let message = format!("{key} has at most {MAX_CREDENTIAL_CHARS} characters");
        return Err(CoreError::field(ErrorCode::ValueOutOfBounds, key, message));
    }
    Ok(())
}
