//! The credentials of connections.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use serde_json::{Map, Value, json};

pub(super) async fn show(call: &Call) -> Result<Response, ApiError> {
    let reveal = call.query.flag("reveal")?;
    if reveal && !call.caller.may(Scope::Reveal) {
        return Err(ApiError::scope_missing(Scope::Reveal));
    }
    let view = call
        .api
        .core
        .credentials(&ConnectionId::new(call.id()), reveal)?;
    let mut answer = Map::new();
    for (key, value) in &view.values {
        answer.insert(key.clone(), Value::from(value.expose()));
    }
    answer.insert("redacted".to_owned(), json!(view.redacted));
    answer.insert("revision".to_owned(), json!(view.revision));
    let mut response = Response::json(Value::Object(answer));
    response
        .headers
        .push(("cache-control", "no-store".to_owned()));
    Ok(response)
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before the body's.
    call.api.core.connection(&uid)?;
    let mut fields = Fields::of(call.body.as_ref())?;
    // What a GET answered may be written back as it is: these two are no credentials.
    fields.take("redacted");
    fields.take("revision");
    let values = read(&mut fields)?;
    call.api
        .core
        .put_credentials(&uid, values, call.if_match)
        .await?;
    Ok(Response::empty())
}

pub(super) async fn delete(call: &Call) -> Result<Response, ApiError> {
    call.api
        .core
        .delete_credentials(&ConnectionId::new(call.id()))
        .await?;
    Ok(Response::empty())
}

/// Reads credential keys; `null` deletes one.
pub(super) fn read(fields: &mut Fields) -> Result<Vec<(String, Option<Secret>)>, ApiError> {
    let pairs = fields
        .take_rest()
        .into_iter()
        .map(|(key, value)| match value {
            Value::Null => Ok((key, None)),
            Value::String(text) => Ok((key, Some(Secret::new(text)))),
            _ => Err(fields.wrong_type(&key, "a text or null")),
        });
    pairs.collect()
}
