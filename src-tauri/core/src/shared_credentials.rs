//! Credentials as things of their own: saved once, and used by any number of connections.
//!
//! Their secrets are sealed for no machine. Each connection that uses them remembers the machine that was decided for
//! ([`CredentialUse`]), and they are sent to no other.

use crate::Core;
use crate::decision::check_may_choose;
use crate::error::CoreError;
use crate::groups::check_revision;
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Change};
use crate::sealed::{self, CredentialsView, HasSecrets, SealedSecret};
use crate::sign_in::no_password;
use crate::text::checked_name;
use farwire_model::connection::Connection;
use farwire_model::credentials::{
    CredentialUse, SHARED_FIELDS, SharedCredentialView, shared_field,
};
use farwire_model::error::ErrorCode;
use farwire_model::ids::CredentialId;
use farwire_model::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Shared credentials as they are saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SharedCredential {
    /// Their identifier.
    pub id: CredentialId,
    /// What people call them.
    pub name: String,
    /// User name and domain by key.
    pub plain: BTreeMap<String, String>,
    /// The vault's records of the secrets by key.
    pub sealed: BTreeMap<String, String>,
    /// The token that made them, as long as nobody else wrote a secret into them: it knows what it sends where. None when a
    /// person or somebody who may read secrets made them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Counts changes, from 1.
    pub revision: u64,
}

impl HasSecrets for SharedCredential {
    fn secrets(&self) -> Vec<SealedSecret<'_>> {
        let secrets = self.sealed.iter();
        secrets
            .map(|(key, record)| SealedSecret {
                key,
                place: place(&self.id, key),
                record,
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
        self.sealed.insert(key.to_owned(), record);
    }
}

/// What a change of shared credentials says. An absent field stays.
#[derive(Clone, Debug, Default)]
pub struct CredentialChange {
    /// A new name.
    pub name: Option<String>,
    /// Values by key; `None` deletes one.
    pub values: Vec<(String, Option<Secret>)>,
    /// The revision the caller knows; the change is refused when it is old.
    pub if_revision: Option<u64>,
}

/// Shared credentials with what may be seen of them.
#[derive(Clone, Debug)]
pub struct SharedCredentials {
    /// What people call them.
    pub name: String,
    /// Their values.
    pub values: CredentialsView,
    /// How many connections sign in with them.
    pub used_by: u64,
}

impl Core {
    /// Every shared credentials, by name, without a secret.
    pub fn shared_credentials(&self) -> Vec<SharedCredentialView> {
        let all = self.saved.read();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for connection in all.connections.values() {
            if let Some(id) = all.credential_of(connection) {
                *counts.entry(id.as_str()).or_default() += 1;
            }
        }
        let mut views: Vec<_> = all
            .shared
            .values()
            .map(|shared| SharedCredentialView {
                credential_uid: shared.id.clone(),
                name: shared.name.clone(),
                username: shared.plain.get("username").cloned(),
                domain: shared.plain.get("domain").cloned(),
                secrets: shared.sealed.keys().cloned().collect(),
                used_by: counts.get(shared.id.as_str()).copied().unwrap_or_default(),
                revision: shared.revision,
            })
            .collect();
        views.sort_by_cached_key(|view| view.name.to_lowercase());
        views
    }

    /// One of them, secrets only with `reveal`.
    ///
    /// # Errors
    /// Unknown ones; with `reveal` also a locked vault.
    pub fn shared_credential(
        &self,
        id: &CredentialId,
        reveal: bool,
    ) -> Result<SharedCredentials, CoreError> {
        // Held until the secrets are open: the master key is replaced together with the records.
        let all = self.saved.read();
        let shared = known_credential(&all, id)?;
        Ok(SharedCredentials {
            name: shared.name.clone(),
            values: sealed::view(&*shared, &self.vault, reveal)?,
            used_by: users(&all, id).count() as u64,
        })
    }

    /// The password of one of them, for a person to take along.
    ///
    /// # Errors
    /// Unknown ones, ones without a password; a locked vault.
    pub fn shared_password(&self, id: &CredentialId) -> Result<Secret, CoreError> {
        // Held until the secret is open: the master key is replaced together with the records.
        let all = self.saved.read();
        let shared = known_credential(&all, id)?;
        let Some(record) = shared.sealed.get("password") else {
            return Err(no_password(format!("{} has no password", shared.name)));
        };
        Ok(self.vault.open(&place(id, "password"), record)?)
    }

    /// Saves new shared credentials.
    ///
    /// # Errors
    /// A field that cannot be taken; with a secret a locked vault; the store.
    pub async fn create_credential(
        &self,
        by: &Origin,
        change: CredentialChange,
    ) -> Result<CredentialId, CoreError> {
        if change.name.is_none() {
            return Err(CoreError::field(
                ErrorCode::RequiredValueMissing,
                "name",
                "shared credentials need a name",
            ));
        }
        let id = CredentialId::new(random::id(CredentialId::PREFIX));
        let mut shared = SharedCredential {
            id: id.clone(),
            name: String::new(),
            plain: BTreeMap::new(),
            sealed: BTreeMap::new(),
            author: Some(by.who.clone()).filter(|_| !by.may_reveal),
            revision: 1,
        };
        let by = self.known_by_mac(by, &change)?;
        let made = self.saved.create(&by, |saving| {
            self.apply_credential(&by, &mut shared, change)?;
            saving.put(shared)?;
            Ok(id.as_str().to_owned())
        });
        made.await.map(CredentialId::new)
    }

    /// A request asked for twice is known by a hash of its body. Anybody who reads the store could guess a password by that one, so
    /// that here it is a MAC, where there are secrets.
    fn known_by_mac(&self, by: &Origin, change: &CredentialChange) -> Result<Origin, CoreError> {
        let mut by = by.clone();
        if let Some(once) = &mut by.once {
            let is_secret = |key: &str| shared_field(key).is_none_or(|field| field.is_secret);
            let has_secrets = change
                .values
                .iter()
                .any(|(key, value)| value.is_some() && is_secret(key));
            if has_secrets {
                once.request = self.vault.fingerprint("once", &bytes_of(change))?;
            }
        }
        Ok(by)
    }

    /// Changes shared credentials; answers their revision.
    ///
    /// # Errors
    /// Unknown ones, a field that cannot be taken, an old revision; with a secret a locked vault; the store.
    pub async fn update_credential(
        &self,
        by: &Origin,
        id: &CredentialId,
        change: CredentialChange,
    ) -> Result<u64, CoreError> {
        self.saved
            .change(by, |saving| {
                let mut shared = (*known_credential(saving.all(), id)?).clone();
                let known = change.if_revision;
                check_revision("credential", id.as_str(), known, shared.revision)?;
                self.apply_credential(by, &mut shared, change)?;
                shared.revision += 1;
                saving.put(shared).map(|shared| shared.revision)
            })
            .await
    }

    /// Deletes shared credentials that no connection uses.
    ///
    /// # Errors
    /// Unknown ones, ones in use; the store.
    pub async fn delete_credential(&self, by: &Origin, id: &CredentialId) -> Result<(), CoreError> {
        self.saved
            .change(by, |saving| {
                let shared = known_credential(saving.all(), id)?;
                saving.delete::<SharedCredential>(id.as_str())?;
                check_unused(saving.all(), id, &shared.name)
            })
            .await
    }

    fn apply_credential(
        &self,
        by: &Origin,
        shared: &mut SharedCredential,
        change: CredentialChange,
    ) -> Result<(), CoreError> {
        if let Some(name) = change.name {
            shared.name = checked_name(name)?;
        }
        let mut written = change.values.iter().filter(|(_, value)| value.is_some());
        let is_secret_new = written.any(|(key, _)| is_secret(key).unwrap_or(true));
        if is_secret_new && shared.author.as_ref() != Some(&by.who) {
            // For good: who wrote over a secret could take that back, and must not have chosen machines for it meanwhile.
            shared.author = None;
        }
        let id = shared.id.clone();
        sealed::write(
            change.values,
            &mut shared.plain,
            &mut shared.sealed,
            is_secret,
            |key, value| self.vault.seal(&place(&id, key), value),
        )
    }
}

/// The shared credentials with this identifier.
pub(crate) fn known_credential(
    all: &All,
    id: &CredentialId,
) -> Result<Arc<SharedCredential>, CoreError> {
    let known = all.shared.get(id.as_str()).cloned();
    known.ok_or_else(|| CoreError::unknown("credential", id))
}

/// Lets a connection use shared credentials for the machine it speaks to now, or none.
///
/// # Errors
/// A caller who may not write credentials, unknown credentials.
pub(crate) fn choose(
    saving: &mut Change<'_>,
    by: &Origin,
    connection: &mut Connection,
    id: Option<CredentialId>,
) -> Result<(), CoreError> {
    check_choice(saving.all(), by, id.as_ref())?;
    saving.chosen.insert(connection.id.to_string());
    let endpoint = saving.all().endpoint(connection);
    connection.credential = id.map(|id| CredentialUse { id, endpoint });
    Ok(())
}

/// Refuses to let something use shared credentials that are not there, and to whoever may not write credentials.
pub(crate) fn check_choice(
    all: &All,
    by: &Origin,
    id: Option<&CredentialId>,
) -> Result<(), CoreError> {
    check_may_choose(by)?;
    match id.filter(|id| !all.shared.contains_key(id.as_str())) {
        None => Ok(()),
        Some(missing) => Err(CoreError::field(
            ErrorCode::InvalidRequestData,
            "credential",
            format!("no credential {missing} is saved"),
        )),
    }
}

/// Refuses to let go of credentials that connections or groups use.
pub(crate) fn check_unused(all: &All, id: &CredentialId, name: &str) -> Result<(), CoreError> {
    let mut groups = all.groups.values();
    if let Some(group) = groups.find(|group| group.credential.as_ref() == Some(id)) {
        let message = format!(
            "{name} was not deleted, as the group {} gives it to what lies in it: choose another credential there first",
            group.name
        );
        return Err(CoreError::Forbidden {
            property: "credential",
            message,
        });
    }
    let connections = match users(all, id).count() {
        0 => return Ok(()),
        1 => "a connection uses it".to_owned(),
        count => format!("{count} connections use it"),
    };
    let message = format!(
        "{name} was not deleted, as {connections}: choose another credential there first; \
        GET /connections?filter=credential=={id} lists them"
    );
    Err(CoreError::Forbidden {
        property: "credential",
        message,
    })
}

fn users<'a>(all: &'a All, id: &'a CredentialId) -> impl Iterator<Item = &'a Arc<Connection>> {
    let is_user = move |connection: &&Arc<Connection>| all.credential_of(connection) == Some(id);
    all.connections.values().filter(is_user)
}

/// What a seal covers besides the secret. Moving a record to other credentials or another key breaks it.
pub(crate) fn place(id: &CredentialId, key: &str) -> String {
    format!("1|credential|{id}|{key}")
}

fn is_secret(key: &str) -> Result<bool, CoreError> {
    shared_field(key)
        .map(|field| field.is_secret)
        .ok_or_else(|| {
            let known: Vec<_> = SHARED_FIELDS.into_iter().map(|field| field.key).collect();
            let message = format!("{key} is no credential: there are {}", known.join(", "));
            CoreError::field(ErrorCode::InvalidRequestData, key, message)
        })
}

/// What is asked for, as bytes that differ wherever it does.
fn bytes_of(change: &CredentialChange) -> Zeroizing<Vec<u8>> {
    let name = change.name.as_deref().map(|name| ("name", Some(name)));
    let values = change
        .values
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_ref().map(Secret::expose)));
    let mut bytes = Zeroizing::new(Vec::new());
    for (key, value) in name.into_iter().chain(values) {
        for part in [Some(key), value] {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part.unwrap_or_default().as_bytes());
        }
    }
    bytes
}
