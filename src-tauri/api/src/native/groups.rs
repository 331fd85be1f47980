//! Groups.

use crate::answer::Done;
use crate::error::ApiError;
use crate::keys::keys;
use crate::native::connections::SharedSettings;
use crate::route::Call;
use crate::shape::Switch;
use crate::text::Name;
use farwire_core::groups::{GroupChange as Change, GroupContents};
use farwire_model::connection::GroupItem;
use farwire_model::group::GroupView;
use farwire_model::ids::{CredentialId, GroupId};
use schemars::JsonSchema;
use serde::Serialize;

keys! {
    /// A new group.
    pub(super) struct NewGroup {
        /// What people call it.
        name: Name,
        /// The group it lies in; null for the top.
        parent_uid: Option<Option<GroupId>>,
        ..more: Inherited,
    }
}

keys! {
    /// What changes about a group.
    pub(super) struct GroupChange {
        /// What people call it.
        name: Option<Name>,
        /// The group it lies in; null for the top.
        parent_uid: Option<Option<GroupId>>,
        ..more: Inherited,
    }
}

keys! {
    /// What connections in a group take over where they say nothing else.
    pub(super) struct Inherited {
        /// Shared credentials to sign in with; null for none. Needs the scope credentials.
        credential: Option<Option<CredentialId>>,
        ..settings: SharedSettings,
    }
}

keys! {
    /// How a group is deleted.
    pub(super) struct GroupDeletion {
        /// What lies in it goes with it.
        recursive: Option<Switch>,
    }
}

/// The group that was saved.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SavedGroup {
    /// Its identifier.
    group_uid: GroupId,
}

pub(super) async fn list(call: &Call) -> Result<Vec<GroupView>, ApiError> {
    Ok(call.api.core.groups())
}

pub(super) async fn ungrouped(call: &Call) -> Result<Vec<GroupItem>, ApiError> {
    Ok(call.api.core.group_items(None)?)
}

pub(super) async fn items(call: &Call) -> Result<Vec<GroupItem>, ApiError> {
    let id = GroupId::new(call.id());
    Ok(call.api.core.group_items(Some(&id))?)
}

pub(super) async fn create(call: &Call<NewGroup>) -> Result<SavedGroup, ApiError> {
    let NewGroup {
        name,
        parent_uid,
        more,
    } = call.body()?;
    let change = Change {
        name: Some(name.0),
        parent: parent_uid,
        settings: more.settings.0.0,
        credential: more.credential,
        if_revision: None,
    };
    let group_uid = call.api.core.create_group(&call.by, change).await?;
    Ok(SavedGroup { group_uid })
}

pub(super) async fn update(call: &Call<GroupChange>) -> Result<SavedGroup, ApiError> {
    let group_uid = GroupId::new(call.id());
    // An unknown group is the first mistake to name, before the body's.
    call.api.core.group_items(Some(&group_uid))?;
    let GroupChange {
        name,
        parent_uid,
        more,
    } = call.body()?;
    let change = Change {
        name: name.map(|name| name.0),
        parent: parent_uid,
        settings: more.settings.0.0,
        credential: more.credential,
        if_revision: call.if_match,
    };
    call.api
        .core
        .update_group(&call.by, &group_uid, change)
        .await?;
    Ok(SavedGroup { group_uid })
}

pub(super) async fn delete(call: &Call<(), GroupDeletion>) -> Result<Done, ApiError> {
    let contents = match call.query.recursive {
        Some(Switch(true)) => GroupContents::Delete,
        _ => GroupContents::Keep,
    };
    let id = GroupId::new(call.id());
    call.api.core.delete_group(&call.by, &id, contents).await?;
    Ok(Done {})
}
