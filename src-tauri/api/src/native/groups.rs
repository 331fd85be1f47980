//! Groups.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_core::groups::{GroupChange, GroupContents};
use farwire_model::ids::GroupId;
use serde_json::json;

pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.groups())
}

pub(super) async fn ungrouped(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.group_items(None)?)
}

pub(super) async fn items(call: &Call) -> Result<Response, ApiError> {
    let id = GroupId::new(call.id());
    Response::of(&call.api.core.group_items(Some(&id))?)
}

pub(super) async fn create(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let name = fields.need_text("name")?;
    let change = GroupChange {
        name: Some(name),
        ..read(fields)?
    };
    let id = call.api.core.create_group(change).await?;
    Ok(Response::json(json!({ "group_uid": id })))
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let id = GroupId::new(call.id());
    // An unknown group is the first mistake to name, before the body's.
    call.api.core.group_items(Some(&id))?;
    let mut fields = Fields::of(call.body.as_ref())?;
    let name = fields.text("name")?;
    let change = GroupChange {
        name,
        if_revision: call.if_match,
        ..read(fields)?
    };
    call.api.core.update_group(&id, change).await?;
    Ok(Response::json(json!({ "group_uid": id })))
}

pub(super) async fn delete(call: &Call) -> Result<Response, ApiError> {
    let contents = if call.query.flag("recursive")? {
        GroupContents::Delete
    } else {
        GroupContents::Keep
    };
    call.api
        .core
        .delete_group(&GroupId::new(call.id()), contents)
        .await?;
    Ok(Response::empty())
}

fn read(mut fields: Fields) -> Result<GroupChange, ApiError> {
    let parent = fields.text_or_null("parent_uid")?;
    fields.finish()?;
    Ok(GroupChange {
        parent: parent.map(|parent| parent.map(GroupId::new)),
        ..GroupChange::default()
    })
}
