//! What can go wrong in the application, each with its code.

use crate::store::StoreError;
use crate::vault::VaultError;
use farwire_model::error::{ErrorBody, ErrorCode};
use farwire_model::session::SessionError;
use farwire_model::token::Scope;

/// Why an operation on the application did not work.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// Nothing has this identifier.
    #[error("no {kind} {id} is saved")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// The identifier as given.
        id: String,
    },
    /// A field's value cannot be taken.
    #[error("{message}")]
    Field {
        /// In which way it is wrong.
        code: ErrorCode,
        /// The field.
        property: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The state of things forbids it now.
    #[error("{message}")]
    Forbidden {
        /// What stands in the way.
        property: &'static str,
        /// Why, and what to do.
        message: String,
    },
    /// The caller lacks a scope for this.
    #[error("this needs a token with the scope {scope}")]
    Denied {
        /// The scope.
        scope: Scope,
    },
    /// What is there already forbids it; the body says what.
    #[error("{}", body.error_message)]
    Conflict {
        /// What stands in the way, one detail each.
        body: ErrorBody,
    },
    /// Somebody else changed the thing first.
    #[error("{kind} {id} has revision {actual}, not {expected}: fetch it again before changing it")]
    Stale {
        /// What it is.
        kind: &'static str,
        /// Its identifier.
        id: String,
        /// The revision the caller knows.
        expected: u64,
        /// The revision it has.
        actual: u64,
    },
    /// The remote machine failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The remote machine failed some time ago, and this was reported.
    #[error("{}", body.error_message)]
    Reported {
        /// What was reported.
        body: ErrorBody,
    },
    /// Too much of something is going on.
    #[error("{message}")]
    Busy {
        /// Which limit.
        message: String,
    },
    /// The store failed.
    #[error("could not save or read: {source}")]
    Store {
        /// What the store says.
        #[from]
        source: StoreError,
    },
    /// The vault failed.
    #[error("{source}")]
    Vault {
        /// What the vault says.
        #[from]
        source: VaultError,
    },
    /// Our own fault.
    #[error("{attempt} failed: {message}")]
    Internal {
        /// What was attempted.
        attempt: &'static str,
        /// What went wrong.
        message: String,
    },
}

impl CoreError {
    /// A field's value cannot be taken.
    pub fn field(code: ErrorCode, property: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field {
            code,
            property: property.into(),
            message: message.into(),
        }
    }

    /// Nothing has this identifier.
    pub fn unknown(kind: &'static str, id: impl ToString) -> Self {
        Self::Unknown {
            kind,
            id: id.to_string(),
        }
    }

    /// The error as the API answers it.
    pub fn body(&self) -> ErrorBody {
        let message = self.to_string();
        match self {
            Self::Unknown { .. } => ErrorBody::new(ErrorCode::BadRequest, message),
            Self::Field { code, property, .. } => {
                ErrorBody::new(*code, message).about(property.clone())
            }
            Self::Forbidden { property, .. } => {
                ErrorBody::new(ErrorCode::ConfigurationError, message).about(*property)
            }
            Self::Denied { scope } => {
                ErrorBody::new(ErrorCode::PermissionDenied, message).about(scope.as_str())
            }
            Self::Stale { .. } => {
                ErrorBody::new(ErrorCode::ValueIncorrectFormat, message).about("revision")
            }
            Self::Session(error) => error.body(),
            Self::Reported { body } | Self::Conflict { body } => body.clone(),
            Self::Busy { .. } => ErrorBody::new(ErrorCode::MaxLoad, message),
            Self::Store {
                source: StoreError::Busy,
            } => ErrorBody::new(ErrorCode::MaxLoad, message),
            Self::Store { .. } => ErrorBody::new(ErrorCode::DatabaseError, message),
            Self::Vault {
                source: VaultError::Store(_),
            } => ErrorBody::new(ErrorCode::DatabaseError, message),
            Self::Vault { .. } => {
                ErrorBody::new(ErrorCode::ConfigurationError, message).about("vault")
            }
            Self::Internal { .. } => ErrorBody::new(ErrorCode::GeneralError, message),
        }
    }
}
