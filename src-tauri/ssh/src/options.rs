//! The settings of a connection that this protocol honours.

use crate::limits::KEEPALIVE_PERIOD;
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
    /// A private key's file to sign in with.
    pub key_file: Option<PathBuf>,
}

impl Options {
    /// Reads the dotted settings; what is absent, `null` or out of range is its default.
    pub fn of(settings: &BTreeMap<String, Value>) -> Self {
        let seconds = settings.get("ssh.keepalive").and_then(Value::as_u64);
        let text = |key: &str| settings.get(key).and_then(Value::as_str);
        Self {
            keepalive: match seconds {
                None => Some(KEEPALIVE_PERIOD),
                Some(0) => None,
                Some(seconds) => Some(Duration::from_secs(seconds)),
            },
            uses_agent: settings.get("ssh.agent").and_then(Value::as_bool) != Some(false),
            key_file: text("ssh.key_file")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        }
    }
}
