//! The credentials of connections.

use crate::answer::{Done, Private};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::keys::{Keys, Object, keys};
use crate::route::Call;
use crate::shape::Switch;
use farwire_core::limits::MAX_CREDENTIAL_CHARS;
use farwire_model::credentials::FIELDS;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

keys! {
    /// Credentials of one protocol; an absent key stays, null deletes one.
    pub(super) struct Credentials passing over "redacted", "revision" {
        ..values: Values,
    }
}

keys! {
    /// Credentials of one protocol.
    pub(super) struct CredentialsOnce {
        ..values: Values,
    }
}

/// The credential keys, by the table of all protocols.
#[derive(Debug)]
pub(super) struct Values(pub Vec<(String, Option<Secret>)>);

impl Keys for Values {
    fn describe(object: &mut Object, _: &mut SchemaGenerator) {
        describe_values(object, FIELDS.into_iter().map(|field| field.key));
    }

    fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        take_values(fields, FIELDS.into_iter().map(|field| field.key)).map(Self)
    }
}

/// Writes down keys whose values are credentials.
pub(super) fn describe_values(object: &mut Object, keys: impl Iterator<Item = &'static str>) {
    for key in keys {
        let schema =
            json_schema!({ "type": ["string", "null"], "maxLength": MAX_CREDENTIAL_CHARS });
        object.add(key, "", schema);
    }
}

/// Takes out keys whose values are credentials; null deletes one.
pub(super) fn take_values(
    fields: &mut Fields,
    keys: impl Iterator<Item = &'static str>,
) -> Result<Vec<(String, Option<Secret>)>, ApiError> {
    let mut values = Vec::new();
    for key in keys {
        if let Some(value) = fields.read_or_null(key)? {
            values.push((key.to_owned(), value));
        }
    }
    Ok(values)
}

keys! {
    /// What is shown of credentials.
    pub(super) struct Reveal {
        /// Secrets too, for tokens that may read them.
        reveal: Option<Switch>,
    }
}

/// Credentials as they are stored; secrets that are left out are named.
#[derive(Debug, Serialize)]
pub(super) struct CredentialsView {
    #[serde(flatten)]
    values: BTreeMap<String, Value>,
    redacted: Vec<String>,
    revision: u64,
}

impl JsonSchema for CredentialsView {
    fn schema_name() -> Cow<'static, str> {
        "CredentialsView".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut object = Object::default();
        for field in FIELDS {
            object.add(field.key, "", json_schema!({ "type": "string" }));
        }
        let secrets = FIELDS.into_iter().filter(|field| field.is_secret);
        let secrets: Vec<_> = secrets.map(|field| field.key).collect();
        let redacted =
            json_schema!({ "type": "array", "items": { "type": "string", "enum": secrets } });
        object.add(
            "redacted",
            "Secrets that are stored and left out.",
            redacted,
        );
        let revision = json_schema!({ "type": "integer", "minimum": 0 });
        object.add(
            "revision",
            "Counts changes; 0 while nothing was ever stored.",
            revision,
        );
        json_schema!({
            "type": "object",
            "properties": object.properties,
            "required": ["redacted", "revision"],
            "additionalProperties": false,
        })
    }
}

pub(super) async fn show(call: &Call<(), Reveal>) -> Result<Private<CredentialsView>, ApiError> {
    let reveal = reveals(call)?;
    let uid = ConnectionId::new(call.id());
    let view = call.api.core.credentials(&uid, reveal)?;
    let values = view.values.into_iter();
    Ok(Private(CredentialsView {
        values: values
            .map(|(key, value)| (key, Value::from(value.expose())))
            .collect(),
        redacted: view.redacted,
        revision: view.revision,
    }))
}

/// Whether secrets are to be shown, to a caller that may read them.
pub(super) fn reveals(call: &Call<(), Reveal>) -> Result<bool, ApiError> {
    let reveal = call.query.reveal.is_some_and(|reveal| reveal.0);
    if reveal && !call.caller.may(Scope::Reveal) {
        return Err(ApiError::scope_missing(Scope::Reveal));
    }
    Ok(reveal)
}

pub(super) async fn update(call: &Call<Credentials>) -> Result<Done, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before the body's.
    call.api.core.connection(&uid)?;
    let values = call.body()?.values.0;
    call.api
        .core
        .put_credentials(&call.by, &uid, values, call.if_match)
        .await?;
    Ok(Done {})
}

pub(super) async fn delete(call: &Call) -> Result<Done, ApiError> {
    let uid = ConnectionId::new(call.id());
    call.api.core.delete_credentials(&call.by, &uid).await?;
    Ok(Done {})
}

impl CredentialsOnce {
    /// The values that are there.
    pub(super) fn given(self) -> Vec<(String, Secret)> {
        let values = self.values.0.into_iter();
        values
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}
