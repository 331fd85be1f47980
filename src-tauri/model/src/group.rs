//! Groups: a tree that connections hang in.

use crate::ids::GroupId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A group as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its identifier.
    pub id: GroupId,
    /// What people call it. Several groups may have the same name.
    pub name: String,
    /// The group it lies in; none at the top.
    pub parent: Option<GroupId>,
    /// Counts changes, from 1.
    pub revision: u64,
}

/// A group as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export, rename = "Group")]
pub struct GroupView {
    /// Its identifier.
    pub group_uid: GroupId,
    /// Its name.
    pub name: String,
    /// The group it lies in.
    pub parent_uid: Option<GroupId>,
    /// Connections directly in it.
    #[ts(type = "number")]
    pub count: u64,
    /// Counts changes, from 1.
    #[ts(type = "number")]
    pub revision: u64,
}
