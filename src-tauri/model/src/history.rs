//! What was changed, by whom, and what each change did to each thing.

use crate::ids::ChangeId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A kind of saved thing whose changes are remembered and can be taken back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum ThingKind {
    /// A group.
    Group,
    /// A connection.
    Connection,
    /// The credentials of a connection.
    Credentials,
    /// Credentials as a thing of their own.
    Credential,
    /// A decision about a host key or certificate.
    Trust,
}

/// What a change did to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum ChangeAction {
    /// It is new.
    Create,
    /// It is different.
    Update,
    /// It is gone.
    Delete,
}

/// A thing that a change touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ChangedThing {
    /// What it is.
    pub kind: ThingKind,
    /// Its identifier; for credentials the connection's.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What happened to it.
    pub action: ChangeAction,
}

/// One field of a thing, before and after a change. A secret's value is never shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ChangedField {
    /// The key as the API writes it.
    pub key: String,
    /// What it was; `null` where there was nothing, and for secrets.
    #[ts(type = "unknown")]
    pub from: Value,
    /// What it is; `null` where there is nothing, and for secrets.
    #[ts(type = "unknown")]
    pub to: Value,
    /// Whether the value is a secret.
    pub secret: bool,
}

/// A thing with all that a change did to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ChangedThingFields {
    /// What it is.
    pub kind: ThingKind,
    /// Its identifier; for credentials the connection's. Of a thing that would be made, the one it would not get.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What happened to it.
    pub action: ChangeAction,
    /// The fields that differ.
    pub fields: Vec<ChangedField>,
}

/// A remembered change, as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ChangeView {
    /// Its identifier.
    pub id: ChangeId,
    /// When it was made, in Unix seconds.
    #[ts(type = "number")]
    pub at: i64,
    /// Who made it: the identifier of a token, or `ui`.
    pub who: String,
    /// What people call who made it.
    pub who_name: String,
    /// The run it belongs to, as the script named it.
    pub run: Option<String>,
    /// The changes it took back.
    pub undoes: Vec<ChangeId>,
    /// The change whose version it brought back.
    pub restores: Option<ChangeId>,
    /// Whether it was taken back since.
    pub undone: bool,
    /// The kinds of things it touched.
    pub kinds: Vec<ThingKind>,
    /// How many things it touched.
    #[ts(type = "number")]
    pub count: u64,
    /// The first of them.
    pub things: Vec<ChangedThing>,
}

/// A remembered change with everything it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ChangeDetails {
    /// The change.
    pub change: ChangeView,
    /// What it did to each thing.
    pub changes: Vec<ChangedThingFields>,
}

/// What a request would do, when it is asked with `dry_run=1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct DryRun {
    /// Always `true`: nothing was changed.
    pub dry_run: bool,
    /// What it would do to each thing.
    pub changes: Vec<ChangedThingFields>,
}
