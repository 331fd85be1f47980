//! What came of a command that was run on a machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Executed {
    /// Its exit status; none when a signal ended it.
    pub status: Option<u32>,
    /// The signal that ended it, such as `TERM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// What it printed, at most 1 MiB; what is no UTF-8 is replaced.
    pub stdout: String,
    /// What it complained with, at most 1 MiB.
    pub stderr: String,
    /// Whether there was more of either.
    pub truncated: bool,
}
