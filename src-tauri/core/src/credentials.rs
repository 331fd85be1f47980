//! The credentials of connections. Each secret is sealed together with the machine it was stored for.

use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::groups::check_revision;
use crate::history::next_revision;
use crate::origin::Origin;
use crate::sealed::{self, CredentialsView, HasSecrets, SealedSecret};
use farwire_model::connection::Connection;
use farwire_model::credentials::{Endpoint, FIELDS, field};
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
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

impl HasSecrets for StoredCredentials {
    fn secrets(&self) -> Vec<SealedSecret<'_>> {
        let secrets = self.sealed.iter();
        secrets
            .map(|(key, sealed)| SealedSecret {
                key,
                place: place(&self.connection, key, &sealed.endpoint),
                record: &sealed.record,
            })
            .collect()
    }

    fn plain(&self) -> &BTreeMap<String, String> {
        &self.plain
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn replace_record(&mut self, key: &str, record: String) {
        if let Some(sealed) = self.sealed.get_mut(key) {
            sealed.record = record;
        }
    }
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
                let known = saving
                    .all()
                    .credentials
                    .get(id.as_str())
                    .map(|stored| stored.revision);
                check_revision("credentials of", id.as_str(), if_revision, stored.revision)?;
                let endpoint = saving.all().endpoint(&connection);
                let seal = |key: &str, value: &Secret| {
                    let record = vault.seal(&place(id, key, &endpoint), value)?;
                    let endpoint = endpoint.clone();
                    Ok(Sealed { endpoint, record })
                };
                let is_secret = |key: &str| check_field(&connection, key);
                let StoredCredentials { plain, sealed, .. } = &mut stored;
                sealed::write(values, plain, sealed, is_secret, seal)?;
                stored.revision = next_revision(0, known);
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
        // Held until the secrets are open: the master key is replaced together with the records.
        let all = self.saved.read();
        known_connection(&all, id)?;
        let Some(stored) = all.credentials.get(id.as_str()) else {
            return Ok(CredentialsView::default());
        };
        Ok(sealed::view(&**stored, &self.vault, reveal)?)
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
}

/// What a seal covers besides the secret. Moving a record to another connection, key or machine breaks it.
pub(crate) fn place(id: &ConnectionId, key: &str, endpoint: &Endpoint) -> String {
    let via = endpoint.via.as_ref().map_or("", ConnectionId::as_str);
    let Endpoint {
        protocol,
        host,
        port,
        ..
    } = endpoint;
    let place = format!("1|connection|{id}|{key}|{protocol}|{host}|{port}|{via}");
    match endpoint.through.as_slice() {
        [] => place,
        through => format!("{place}|{}", through.join(",")),
    }
}

/// Whether this connection's protocol has the key, and whether it is a secret.
pub(crate) fn check_field(connection: &Connection, key: &str) -> Result<bool, CoreError> {
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
