//! Errors as HTTP answers.

use crate::request::{Body, Response};
use farwire_core::error::CoreError;
use farwire_core::store::StoreError;
use farwire_core::vault::VaultError;
use farwire_model::error::{ErrorBody, ErrorCode};
use farwire_model::token::Scope;

/// Longer than any message of ours is without what it quotes.
const MAX_MESSAGE_CHARS: usize = 1_000;

/// An answer that says what did not work.
#[derive(Debug)]
pub struct ApiError {
    pub status: u16,
    pub body: ErrorBody,
    pub headers: Vec<(&'static str, String)>,
}

impl ApiError {
    pub fn new(status: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody::new(code, message),
            headers: Vec::new(),
        }
    }

    /// The same, about one field.
    pub fn about(mut self, property: impl Into<String>) -> Self {
        self.body = self.body.about(property);
        self
    }

    /// Always the same body, so that it says nothing about which tokens exist.
    pub fn unauthorized() -> Self {
        let message = "send a valid token: Authorization: Bearer <token>";
        Self::new(401, ErrorCode::PermissionDenied, message)
    }

    pub fn scope_missing(scope: Scope) -> Self {
        CoreError::Denied { scope }.into()
    }

    pub fn no_such_path(path: &str) -> Self {
        Self::new(
            404,
            ErrorCode::BadRequest,
            format!("there is no path {path}"),
        )
    }

    pub fn wrong_verb(method: &str, path: &str, allow: String) -> Self {
        let message = format!("{path} does not take {method}, it takes {allow}");
        Self {
            headers: vec![("allow", allow)],
            ..Self::new(405, ErrorCode::BadRequest, message)
        }
    }

    /// The answer.
    pub fn response(mut self) -> Response {
        // Messages quote what was asked for, which may be as long as a request.
        let message = &mut self.body.error_message;
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
            message.truncate(end);
            message.push('…');
        }
        let body = serde_json::to_vec(&self.body).unwrap_or_default();
        Response {
            status: self.status,
            headers: self.headers,
            body: Body::Json(body),
        }
    }
}

impl From<CoreError> for ApiError {
    fn from(error: CoreError) -> Self {
        let status = match &error {
            CoreError::Unknown { .. } => 404,
            CoreError::Denied { .. } => 403,
            CoreError::Field {
                code: ErrorCode::ValueDuplicate,
                ..
            } => 409,
            CoreError::Field { .. } => 400,
            CoreError::Busy { .. }
            | CoreError::Store {
                source: StoreError::Busy | StoreError::NoRoom { .. } | StoreError::ReadOnly { .. },
            }
            | CoreError::Vault {
                source:
                    VaultError::Store(
                        StoreError::Busy | StoreError::NoRoom { .. } | StoreError::ReadOnly { .. },
                    ),
            } => 503,
            CoreError::Vault {
                source: VaultError::Store(_),
            } => 500,
            CoreError::Forbidden { .. } | CoreError::Conflict { .. } | CoreError::Vault { .. } => {
                409
            }
            CoreError::Stale { .. } => 412,
            CoreError::Session(_) | CoreError::Reported { .. } => 424,
            CoreError::Store { .. } | CoreError::Internal { .. } => 500,
        };
        if status == 500 {
            tracing::error!(%error, "an operation failed");
        }
        Self {
            status,
            body: error.body(),
            headers: Vec::new(),
        }
    }
}
