//! What the API says of the application itself.

use crate::settings::{ApiSettings, Appearance, TerminalSettings, VaultSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Whether the HTTP API listens, for the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct ListenerState {
    /// Whether it listens.
    pub listening: bool,
    /// Where.
    pub url: Option<String>,
    /// Since when, in Unix seconds.
    #[ts(type = "number | null")]
    pub since: Option<i64>,
    /// Why it does not although it should.
    pub error: Option<String>,
}

/// The application's settings, and what the API knows beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct SettingsView {
    /// The HTTP API.
    pub api: ApiSettings,
    /// How the window looks.
    pub appearance: Appearance,
    /// How shells look.
    pub terminal: TerminalSettings,
    /// When the vault locks by itself.
    pub vault: VaultSettings,
    /// Whether the HTTP API listens; none for farwired, which always does.
    pub api_state: Option<ListenerState>,
    /// Where the first token's text lies.
    pub token_file: String,
    /// What happened to the saved data when it was opened, such as that it was damaged and a backup restored.
    pub notice: Option<String>,
}

/// A backup of everything saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct BackupView {
    /// Its identifier.
    pub id: String,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub created: i64,
    /// How many records it says it has; none when its end is missing.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
    /// Its size.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// What restoring a backup did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct RestoreView {
    /// How many saved things changed, came back or went.
    #[ts(type = "number")]
    pub changed: u64,
    /// The backup of what was saved before; none if that was nothing.
    pub before: Option<String>,
}

/// Where the vault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum VaultPhase {
    /// Secrets can be neither read nor written.
    Locked,
    /// The key store or a key derivation is at work.
    Unlocking,
    /// Secrets can be read and written.
    Ready,
}

/// Where the master key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum VaultSource {
    /// The system's key store.
    Keyring,
    /// A passphrase.
    Passphrase,
}

/// The vault as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct VaultView {
    /// Where it stands.
    pub state: VaultPhase,
    /// Where the master key came from, once it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source: Option<VaultSource>,
    /// Why it is locked, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<String>,
    /// Whether a passphrase opens it, beside the key store or alone.
    pub has_passphrase: bool,
}

/// What this program is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct VersionView {
    /// Always `Farwire`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from; released builds know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commit: Option<String>,
    /// The version of the API.
    pub api: u32,
    /// Names this run of the program.
    pub instance: String,
    /// By token: the HMAC-SHA-256 of the caller's nonce, keyed with the token's SHA-256 in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub proofs: Option<BTreeMap<String, String>>,
}
