//! The change events the window and scripts listen to.

use crate::session::SessionView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum EventKind {
    /// A group.
    Group,
    /// A connection.
    Connection,
    /// Credentials, of a connection or of their own.
    Credential,
    /// A decision about a host key or certificate.
    Trust,
    /// The application's settings.
    Settings,
    /// A token.
    Token,
    /// The vault's state.
    Vault,
    /// A live session.
    Session,
    /// A transfer of files.
    Transfer,
    /// A tunnel: it stands otherwise, or carried something.
    Tunnel,
    /// Events were missed: fetch everything anew.
    Resync,
}

/// Whether the thing is there now or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum EventAction {
    /// It is new or changed.
    Put,
    /// It is gone.
    Delete,
}

/// One change, numbered from 1 since the program started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventMessage {
    /// Its number.
    #[ts(type = "number")]
    pub seq: u64,
    /// What kind of thing.
    pub kind: EventKind,
    /// Its identifier; empty where there is only one of the kind.
    pub id: String,
    /// There now, or gone.
    pub action: EventAction,
    /// The session as it is now, for events about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub session: Option<SessionView>,
}
