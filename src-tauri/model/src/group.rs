//! Groups: a tree that connections hang in.

use crate::connection::settings_schema;
use crate::ids::{CredentialId, GroupId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
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
    /// Dotted settings for connections in it that say nothing else.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    /// The shared credentials that connections in it sign in with where they have none of their own.
    #[serde(default)]
    pub credential: Option<CredentialId>,
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
    /// Dotted settings for connections in it that say nothing else.
    #[ts(type = "Record<string, boolean | number | string>")]
    #[schemars(schema_with = "settings_schema")]
    pub settings: BTreeMap<String, Value>,
    /// The shared credentials that connections in it sign in with where they have none of their own.
    pub credential: Option<CredentialId>,
    /// Connections directly in it.
    #[ts(type = "number")]
    pub count: u64,
    /// Counts changes, from 1.
    #[ts(type = "number")]
    pub revision: u64,
}
