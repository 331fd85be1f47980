//! Copies of files between machines, as they are asked for and shown.

use crate::error::ErrorBody;
use crate::ids::{ConnectionId, TransferId};
use crate::transfer::RemotePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a file or folder is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct FilePlace {
    /// The connection to its machine; none means this computer.
    pub uid: Option<ConnectionId>,
    /// The path there: a handle, which carries the exact bytes.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub path: RemotePath,
    /// The same for people.
    pub display_path: String,
}

/// What happens where the target has a file of that name already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum Conflict {
    /// The rest is copied, and then somebody is asked.
    #[default]
    Ask,
    /// What is there stays.
    Skip,
    /// It is replaced.
    Overwrite,
    /// It is replaced where it is older than the source.
    Newer,
    /// The copy gets another name: `name (2).txt`.
    Rename,
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum TransferState {
    /// It waits: for others before it, or before it tries again.
    Waiting,
    /// It is copying.
    Running,
    /// Somebody holds it, or the program ended meanwhile: resume goes on where it was.
    Paused,
    /// Everything else is copied; for the rest somebody has to say what happens: resume with a rule.
    Asking,
    /// Something could not be copied: retry tries that again.
    Failed,
    /// All of it is there.
    Done,
    /// Somebody ended it.
    Cancelled,
}

impl TransferState {
    /// Whether nothing more comes.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// A part of a transfer, and what is the matter with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct TransferTrouble {
    /// Its path at the target, for people.
    pub path: String,
    /// What was attempted and why it did not work.
    pub message: String,
}

/// A transfer as the API shows it, and as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct TransferView {
    /// Its identifier.
    pub transfer_id: TransferId,
    /// What is copied.
    pub from: FilePlace,
    /// The copy.
    pub to: FilePlace,
    /// What happens where something is there already.
    pub conflict: Conflict,
    /// Whether each copy is read again and compared.
    pub checksum: bool,
    /// Where it stands.
    pub state: TransferState,
    /// Files altogether; grows while folders are read.
    #[ts(type = "number")]
    pub files: u64,
    /// Files that are done, also those that were skipped.
    #[ts(type = "number")]
    pub files_done: u64,
    /// Links, devices and the like inside a folder, which are left out.
    #[ts(type = "number")]
    pub left_out: u64,
    /// Bytes altogether.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Bytes that are there, also those of an earlier try.
    #[ts(type = "number")]
    pub bytes_done: u64,
    /// Bytes a second, lately.
    #[ts(type = "number")]
    pub rate: u64,
    /// Seconds to go at this rate; none while unknown.
    #[ts(type = "number | null")]
    pub eta_secs: Option<u64>,
    /// What is there already, where the rule is to ask; at most 100.
    pub asked: Vec<String>,
    /// What could not be copied; at most 100.
    pub failed: Vec<TransferTrouble>,
    /// Why it failed, or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ErrorBody>,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub created: i64,
}
