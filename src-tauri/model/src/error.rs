//! Closed error codes, the stages of a connection, and the error body of the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// The error codes of the API. Closed: the window and every dialect match on them exhaustively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[ts(export)]
#[allow(
    missing_docs,
    reason = "the names are the API's own and say what they mean"
)]
pub enum ErrorCode {
    InvalidRequestData,
    RequiredValueMissing,
    ValueIncorrectType,
    ValueIncorrectFormat,
    ValueOutOfBounds,
    ValueDuplicate,
    PermissionDenied,
    BadRequest,
    ConfigurationError,
    MaxLoad,
    TooManyConnections,
    OutOfResources,
    GeneralError,
    IntraServiceCommunicationError,
    DatabaseError,
    CacheError,
}

/// What the API answers when something did not work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ErrorBody {
    /// The closed code.
    pub error_code: ErrorCode,
    /// What was attempted and what to do. Never a secret.
    pub error_message: String,
    /// The field, or the stage of a connection, that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub property: Option<String>,
    /// Further parts of the same shape.
    #[serde(default)]
    pub details: Vec<ErrorBody>,
}

impl ErrorBody {
    /// An error with a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error_code: code,
            error_message: message.into(),
            property: None,
            details: Vec::new(),
        }
    }

    /// The same, about one field or stage.
    pub fn about(mut self, property: impl Into<String>) -> Self {
        self.property = Some(property.into());
        self
    }
}

/// Where in its way up a connection is, or where it failed. Closed list.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Stage {
    /// Looking up the host's addresses.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// The server's greeting and protocol version.
    Banner,
    /// TLS, and whether its certificate is trusted.
    Tls,
    /// Agreement on algorithms and security types.
    KeyExchange,
    /// Whether the host key is trusted.
    HostKey,
    /// Signing in.
    Auth,
    /// Opening a channel inside the connection.
    Channel,
    /// The session itself.
    Session,
}

impl Stage {
    /// The stage as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Banner => "banner",
            Self::Tls => "tls",
            Self::KeyExchange => "key_exchange",
            Self::HostKey => "host_key",
            Self::Auth => "auth",
            Self::Channel => "channel",
            Self::Session => "session",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
