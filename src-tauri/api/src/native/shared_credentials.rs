//! Credentials as things of their own, which connections use by reference.

use super::credentials::{Reveal, describe_values, reveals, take_values};
use crate::answer::{Done, Private};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::keys::{Keys, Object, keys};
use crate::route::Call;
use crate::text::Name;
use farwire_core::shared_credentials::CredentialChange as Change;
use farwire_model::credentials::{SHARED_FIELDS, SharedCredentialView};
use farwire_model::ids::CredentialId;
use farwire_model::secret::Secret;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

keys! {
    /// New shared credentials.
    pub(super) struct NewCredential {
        /// What people call them.
        name: Name,
        ..values: SharedValues,
    }
}

keys! {
    /// What changes about shared credentials; an absent key stays, null deletes one.
    pub(super) struct CredentialChange passing over "credential_uid", "redacted", "used_by", "revision" {
        /// What people call them.
        name: Option<Name>,
        ..values: SharedValues,
    }
}

/// The keys of shared credentials, by their table.
#[derive(Debug)]
pub(super) struct SharedValues(Vec<(String, Option<Secret>)>);

impl Keys for SharedValues {
    fn describe(object: &mut Object, _: &mut SchemaGenerator) {
        describe_values(object, SHARED_FIELDS.into_iter().map(|field| field.key));
    }

    fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        take_values(fields, SHARED_FIELDS.into_iter().map(|field| field.key)).map(Self)
    }
}

/// The shared credentials that were saved.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SavedCredential {
    /// Their identifier.
    credential_uid: CredentialId,
}

/// The shared credentials that were changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangedCredential {
    /// Their identifier.
    credential_uid: CredentialId,
    /// The revision they have now.
    revision: u64,
}

/// Shared credentials; secrets that are left out are named.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShownCredential {
    /// Their identifier.
    credential_uid: CredentialId,
    /// What people call them.
    name: String,
    /// Account name.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Windows domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    /// Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// Private key, as its file's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The private key's passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<String>,
    /// Secrets that are stored and left out.
    redacted: Vec<String>,
    /// How many connections sign in with them.
    used_by: u64,
    /// Counts changes, from 1.
    revision: u64,
}

pub(super) async fn list(call: &Call) -> Result<Vec<SharedCredentialView>, ApiError> {
    Ok(call.api.core.shared_credentials())
}

pub(super) async fn create(call: &Call<NewCredential>) -> Result<SavedCredential, ApiError> {
    let NewCredential { name, values } = call.body()?;
    let change = Change {
        name: Some(name.0),
        values: values.0,
        if_revision: None,
    };
    let credential_uid = call.api.core.create_credential(&call.by, change).await?;
    Ok(SavedCredential { credential_uid })
}

pub(super) async fn show(call: &Call<(), Reveal>) -> Result<Private<ShownCredential>, ApiError> {
    let reveal = reveals(call)?;
    let credential_uid = CredentialId::new(call.id());
    let shown = call.api.core.shared_credential(&credential_uid, reveal)?;
    let values = shown.values.values;
    let value = |key| values.get(key).map(|value| value.expose().to_owned());
    Ok(Private(ShownCredential {
        credential_uid,
        name: shown.name,
        username: value("username"),
        domain: value("domain"),
        password: value("password"),
        key: value("key"),
        passphrase: value("passphrase"),
        redacted: shown.values.redacted,
        used_by: shown.used_by,
        revision: shown.values.revision,
    }))
}

pub(super) async fn update(call: &Call<CredentialChange>) -> Result<ChangedCredential, ApiError> {
    let credential_uid = CredentialId::new(call.id());
    // Unknown credentials are the first mistake to name, before the body's.
    call.api.core.shared_credential(&credential_uid, false)?;
    let CredentialChange { name, values } = call.body()?;
    let change = Change {
        name: name.map(|name| name.0),
        values: values.0,
        if_revision: call.if_match,
    };
    let core = &call.api.core;
    let revision = core.update_credential(&call.by, &credential_uid, change);
    Ok(ChangedCredential {
        revision: revision.await?,
        credential_uid,
    })
}

pub(super) async fn delete(call: &Call) -> Result<Done, ApiError> {
    let uid = CredentialId::new(call.id());
    call.api.core.delete_credential(&call.by, &uid).await?;
    Ok(Done {})
}
