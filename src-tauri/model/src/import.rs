//! What a file says of a machine, before and after it is saved as a connection.

use crate::connection::{ProtocolKind, settings_schema};
use crate::ids::ConnectionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use ts_rs::TS;

/// What a file would make, or has made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ImportView {
    /// By which it can be applied, for a while; none once it was.
    pub import_id: Option<String>,
    /// The connection: the one that was saved, or one that is all the file says already.
    pub uid: Option<ConnectionId>,
    /// Whether a connection was made for it.
    pub is_new: bool,
    /// What the connection is called.
    pub name: String,
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Host name or address.
    pub host: String,
    /// The port in use.
    pub port: u16,
    /// The account, where the file names one. Its password never comes with a file.
    pub username: Option<String>,
    /// The account's domain.
    pub domain: Option<String>,
    /// Dotted settings.
    #[ts(type = "Record<string, boolean | number | string>")]
    #[schemars(schema_with = "settings_schema")]
    pub settings: BTreeMap<String, Value>,
    /// What of it a person should know before connecting.
    pub asks: Vec<ImportAsk>,
}

/// Something that a file asks for, and that a person should know before connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ImportAsk {
    /// What it asks for.
    pub kind: ImportAskKind,
    /// Which, as the file says it; empty where there is nothing to say.
    pub value: String,
    /// Whether that is done.
    pub is_followed: bool,
}

/// What a file can ask for that gives something away or starts something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ImportAskKind {
    /// A program is started instead of the desktop.
    Program,
    /// A single program of the machine, in windows of its own.
    RemoteApp,
    /// The machine's administrative session.
    Admin,
    /// A gateway to go through.
    Gateway,
    /// Folders and disks of this computer.
    Drives,
    /// Printers of this computer.
    Printers,
    /// Smart cards and security keys of this computer.
    Cards,
    /// Serial ports and other devices of this computer.
    Devices,
    /// Cameras of this computer.
    Cameras,
    /// The microphone of this computer.
    Microphone,
    /// Where this computer is.
    Location,
    /// Signing in without Network Level Authentication.
    WeakSignIn,
    /// No warning where the machine's identity is not known.
    NoWarning,
}
