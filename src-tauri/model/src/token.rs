//! Tokens of the HTTP API and what they may do.

use crate::ids::TokenId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// What a caller may do. A token has a set of these.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum Scope {
    /// See saved things and sessions.
    Read,
    /// Change saved things.
    Write,
    /// Open, steer and end sessions.
    Connect,
    /// Move files.
    Files,
    /// Write secrets.
    Credentials,
    /// Accept host keys and certificates.
    Trust,
    /// Read secrets, or send one to an endpoint it was not stored for.
    Reveal,
    /// Settings, tokens, audit.
    Admin,
}

impl Scope {
    /// Every scope, in the order people read them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::Connect,
        Self::Files,
        Self::Credentials,
        Self::Trust,
        Self::Reveal,
        Self::Admin,
    ];

    /// What the first token gets.
    pub const FIRST_TOKEN: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Connect,
        Self::Files,
        Self::Credentials,
        Self::Trust,
    ];

    /// The scope as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Connect => "connect",
            Self::Files => "files",
            Self::Credentials => "credentials",
            Self::Trust => "trust",
            Self::Reveal => "reveal",
            Self::Admin => "admin",
        }
    }

    /// Reads one scope; `None` for a word that is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token as it is saved: only its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its identifier.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the token's text, in hexadecimal.
    pub hash: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made, in Unix seconds.
    pub created: i64,
    /// When it stops working, in Unix seconds.
    pub expires: Option<i64>,
    /// When it was last used, in Unix seconds; written at most once a minute.
    pub last_used: Option<i64>,
}

/// A token as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct TokenView {
    /// Its identifier.
    pub id: TokenId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made, in Unix seconds.
    #[ts(type = "number")]
    pub created: i64,
    /// When it stops working, in Unix seconds.
    #[ts(type = "number | null")]
    pub expires: Option<i64>,
    /// When it was last used, in Unix seconds.
    #[ts(type = "number | null")]
    pub last_used: Option<i64>,
}
