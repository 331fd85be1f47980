//! The settings of a connection that this protocol honours.

use crate::limits::{KEEPALIVE_PERIOD, MAX_KEY_FILES};
use farwire_model::commas;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a connection that this protocol honours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How often a silent link is asked for a sign of life; none asks never.
    pub keepalive: Option<Duration>,
    /// Whether keys of this computer's agent are offered.
    pub uses_agent: bool,
    /// Whether the agent is lent to the machine.
    pub lends_agent: bool,
    /// Whether the X display of this computer is lent to the machine.
    pub lends_display: bool,
    /// Private keys' files to sign in with, in the order in which they are tried.
    pub key_files: Vec<PathBuf>,
}

impl Options {
    /// Reads the dotted settings; what is absent, `null` or out of range is its default.
    pub fn of(settings: &BTreeMap<String, Value>) -> Self {
        let seconds = settings.get("ssh.keepalive").and_then(Value::as_u64);
        let switch = |key: &str| settings.get(key).and_then(Value::as_bool);
        let text = |key: &str| settings.get(key).and_then(Value::as_str);
        Self {
            keepalive: match seconds {
                None => Some(KEEPALIVE_PERIOD),
                Some(0) => None,
                Some(seconds) => Some(Duration::from_secs(seconds)),
            },
            uses_agent: switch("ssh.agent") != Some(false),
            lends_agent: switch("ssh.forward_agent") == Some(true),
            lends_display: switch("ssh.forward_x11") == Some(true),
            key_files: commas::split(text("ssh.key_file").unwrap_or_default())
                .into_iter()
                .take(MAX_KEY_FILES)
                .map(PathBuf::from)
                .collect(),
        }
    }
}
