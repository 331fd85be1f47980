//! Who asked for what, and what came of it.

use crate::error::ErrorCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One line of the audit: a request that was to change or open something, or to read a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct AuditEntry {
    /// When it was answered, in Unix seconds.
    #[ts(type = "number")]
    pub at: i64,
    /// The identifier of a token, `ui` or `page`.
    pub who: String,
    /// What people call who asked.
    pub who_name: String,
    /// The verb.
    pub method: String,
    /// The path as it was asked for, without what follows the question mark.
    pub path: String,
    /// The run it belongs to, as the script named it.
    pub run: Option<String>,
    /// The HTTP status it was answered with.
    pub status: u16,
    /// What went wrong, in the API's closed codes; `null` when nothing did.
    pub error_code: Option<ErrorCode>,
}
