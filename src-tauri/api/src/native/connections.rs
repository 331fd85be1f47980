//! Saved connections.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_core::connections::ConnectionChange;
use farwire_model::connection::ProtocolKind;
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, GroupId};
use serde_json::{Value, json};

pub(super) async fn nearby(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.nearby().await?)
}

pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    Response::of(
        &call
            .api
            .core
            .connections(call.query.get("q").unwrap_or_default()),
    )
}

pub(super) async fn show(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.connection(&ConnectionId::new(call.id()))?)
}

pub(super) async fn create(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let name = fields.need_text("name")?;
    let change = ConnectionChange {
        name: Some(name),
        ..read(fields)?
    };
    let uid = call.api.core.create_connection(change).await?;
    Ok(Response::json(json!({ "uid": uid })))
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before its fields.
    call.api.core.connection(&uid)?;
    let mut fields = Fields::of(call.body.as_ref())?;
    let name = fields.text("name")?;
    let change = ConnectionChange {
        name,
        if_revision: call.if_match,
        ..read(fields)?
    };
    let revision = call.api.core.update_connection(&uid, change).await?;
    Ok(Response::json(json!({ "uid": uid, "revision": revision })))
}

pub(super) async fn delete(call: &Call) -> Result<Response, ApiError> {
    call.api
        .core
        .delete_connection(&ConnectionId::new(call.id()))
        .await?;
    Ok(Response::empty())
}

pub(super) async fn duplicate(call: &Call) -> Result<Response, ApiError> {
    let uid = call
        .api
        .core
        .duplicate_connection(&ConnectionId::new(call.id()))
        .await?;
    Ok(Response::json(json!({ "uid": uid })))
}

fn read(mut fields: Fields) -> Result<ConnectionChange, ApiError> {
    let protocol = match fields.text("protocol")? {
        None => None,
        Some(text) => Some(ProtocolKind::parse(&text).ok_or_else(|| {
            let message = format!("{text:?} is no protocol: VNC, RDP, SSH, NEAR or APPLE");
            ApiError::new(400, ErrorCode::InvalidRequestData, message).about("protocol")
        })?),
    };
    let mut change = ConnectionChange {
        protocol,
        host: fields.text_or_null("host")?,
        port: fields.number_or_null("port")?,
        via: fields
            .text_or_null("via")?
            .map(|via| via.map(ConnectionId::new)),
        group: fields
            .text_or_null("category_uid")?
            .map(|group| group.map(GroupId::new)),
        tags: fields.texts("tags")?,
        is_favorite: fields.flag("favorite")?,
        notes: fields.text_or_null("notes")?.map(Option::unwrap_or_default),
        mac: fields.text_or_null("mac")?,
        ..ConnectionChange::default()
    };
    for (key, value) in fields.take_rest() {
        if !key.contains('.') {
            return Err(fields.unknown(&key));
        }
        let value = match value {
            Value::Null => None,
            value => Some(value),
        };
        change.settings.push((key, value));
    }
    Ok(change)
}
