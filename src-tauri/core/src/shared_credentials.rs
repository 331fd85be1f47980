//! Credentials as things of their own: saved once, and used by any number of connections.
//!
//! Their secrets are sealed for no machine. Each connection that uses them remembers the machine that was decided for
//! ([`CredentialUse`]), and they are sent to no other.

use crate::Core;
use crate::error::CoreError;
use crate::groups::check_revision;
use crate::origin::Origin;
use crate::random;
use crate::saved::All;
use crate::sealed::{self, CredentialsView, HasSecrets, SealedSecret};
use crate::text::checked_name;
use farwire_model::connection::Connection;
use farwire_model::credentials::{
    CredentialUse, SHARED_FIELDS, SharedCredentialView, shared_field,
};
use farwire_model::error::ErrorCode;
use farwire_model::ids::CredentialId;
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
        for used in all
            .connections
            .values()
            .filter_map(|c| c.credential.as_ref())
        {
            *counts.entry(used.id.as_str()).or_default() += 1;
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
            revision: 1,
        };
        let by = without_secrets(by, &change);
        let made = self.saved.create(&by, |saving| {
            self.apply_credential(&mut shared, change)?;
            saving.put(shared)?;
            Ok(id.as_str().to_owned())
        });
        made.await.map(CredentialId::new)
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
                self.apply_credential(&mut shared, change)?;
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
        shared: &mut SharedCredential,
        change: CredentialChange,
    ) -> Result<(), CoreError> {
        if let Some(name) = change.name {
            shared.name = checked_name(name)?;
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
    all: &All,
    by: &Origin,
    connection: &mut Connection,
    id: Option<CredentialId>,
) -> Result<(), CoreError> {
    check_may_choose(by)?;
    if let Some(missing) = id
        .as_ref()
        .filter(|id| !all.shared.contains_key(id.as_str()))
    {
        return Err(CoreError::field(
            ErrorCode::InvalidRequestData,
            "credential",
            format!("no credential {missing} is saved"),
        ));
    }
    connection.credential = id.map(|id| CredentialUse {
        id,
        endpoint: crate::sign_in::endpoint(connection),
    });
    Ok(())
}

/// Who chooses the machine that secrets go to could read them there, so that writing a connection is not enough.
pub(crate) fn check_may_choose(by: &Origin) -> Result<(), CoreError> {
    if by.may_write_credentials {
        return Ok(());
    }
    Err(CoreError::Denied {
        scope: Scope::Credentials,
    })
}

/// Refuses to let go of credentials that connections use.
pub(crate) fn check_unused(all: &All, id: &CredentialId, name: &str) -> Result<(), CoreError> {
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

fn users<'a>(all: &'a All, id: &CredentialId) -> impl Iterator<Item = &'a Arc<Connection>> {
    let is_user = move |connection: &&Arc<Connection>| {
        let used = connection.credential.as_ref();
        used.is_some_and(|used| used.id == *id)
    };
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

/// A request asked for twice is known by a hash of its body. Anybody who reads the store could guess a password by that
/// one, so that here only what is no secret tells two requests apart.
fn without_secrets(by: &Origin, change: &CredentialChange) -> Origin {
    let mut by = by.clone();
    if let Some(once) = &mut by.once {
        let (mut plain, mut secrets) = (BTreeMap::new(), BTreeSet::new());
        for (key, value) in &change.values {
            match shared_field(key) {
                Some(field) if !field.is_secret => {
                    plain.insert(key, value.as_ref().map(Secret::expose));
                }
                _ => {
                    secrets.insert(key);
                }
            }
        }
        once.request = format!("credential {:?} {plain:?} {secrets:?}", change.name);
    }
    by
}
