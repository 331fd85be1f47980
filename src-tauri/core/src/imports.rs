//! Files of other programs: what they would make, making it, and writing connections as such files.
//!
//! Secrets never come with a file, and never go into one.

use crate::Core;
use crate::connections::{ConnectionChange, apply_setting, known_connection};
use crate::error::CoreError;
use crate::origin::Origin;
use crate::random;
use crate::rdp_file::{self, KEPT, Machine};
use crate::text::checked_host;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::import::ImportView;
use farwire_model::secret::Secret;
use farwire_model::setting::MAX_LINES_CHARS;
use farwire_rdp::file::RdpFile;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use farwire_rdp::file::MAX_FILE_BYTES;

/// How long a file that was read can be applied.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// The most files that wait to be applied; of more, the oldest goes.
const MAX_WAITING: usize = 32;
/// The most characters of the name that a file gives a connection.
const MAX_NAME_CHARS: usize = 100;

/// Files that were read and wait to be applied.
#[derive(Debug, Default)]
pub(crate) struct Imports(Mutex<VecDeque<Waiting>>);

#[derive(Clone, Debug)]
struct Waiting {
    id: String,
    /// In Unix seconds.
    since: i64,
    name: String,
    machine: Machine,
}

impl Imports {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, waiting: Waiting) {
        let mut all = self.lock();
        if all.len() >= MAX_WAITING {
            all.pop_front();
        }
        all.push_back(waiting);
    }

    fn find(&self, id: &str) -> Option<Waiting> {
        let now = random::now();
        let limit = i64::try_from(KEPT_FOR.as_secs()).unwrap_or(i64::MAX);
        let mut all = self.lock();
        all.retain(|one| now.saturating_sub(one.since) <= limit);
        all.iter().find(|one| one.id == id).cloned()
    }

    fn remove(&self, id: &str) {
        self.lock().retain(|one| one.id != id);
    }
}

/// A connection as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What the connection is called.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Core {
    /// Reads an .rdp file, and keeps what it says for a while, so that it can be applied. `name` is the file's own.
    ///
    /// # Errors
    /// It is no such file, or names no machine.
    pub fn read_rdp_file(&self, name: Option<&str>, bytes: &[u8]) -> Result<ImportView, CoreError> {
        let (name, machine) = read(name, bytes)?;
        let id = random::id("i_");
        let found = self.connection_like(&machine);
        let view = view(&name, &machine, Some(id.clone()), found, false);
        self.imports.put(Waiting {
            id,
            since: random::now(),
            name,
            machine,
        });
        Ok(view)
    }

    /// Saves what an .rdp file says as a connection, or finds the one that is all of it already.
    ///
    /// # Errors
    /// It is no such file, or names no machine; the store.
    pub async fn save_rdp_file(
        &self,
        by: &Origin,
        name: Option<&str>,
        bytes: &[u8],
    ) -> Result<ImportView, CoreError> {
        let (name, machine) = read(name, bytes)?;
        self.save_machine(by, &name, machine).await
    }

    /// Saves what a file said that was read before.
    ///
    /// # Errors
    /// It was read too long ago, or never; the store.
    pub async fn apply_import(&self, by: &Origin, id: &str) -> Result<ImportView, CoreError> {
        let waiting = self
            .imports
            .find(id)
            .ok_or_else(|| CoreError::unknown("import", id))?;
        let saved = self
            .save_machine(by, &waiting.name, waiting.machine)
            .await?;
        if !by.is_dry() {
            self.imports.remove(id);
        }
        Ok(saved)
    }

    /// Writes an RDP connection as an .rdp file, with what it takes over from its groups and without secrets.
    ///
    /// # Errors
    /// An unknown connection, one of another protocol or without a host.
    pub fn export_rdp_file(&self, id: &ConnectionId) -> Result<Exported, CoreError> {
        let all = self.saved.read();
        let connection = known_connection(&all, id)?;
        if connection.protocol != ProtocolKind::Rdp {
            return Err(CoreError::Forbidden {
                property: "protocol",
                message: format!(
                    "{} is no RDP connection: only those are .rdp files",
                    connection.name
                ),
            });
        }
        let Some(host) = connection.host.clone() else {
            return Err(CoreError::Forbidden {
                property: "host",
                message: format!("{} has no host yet: enter one first", connection.name),
            });
        };
        let plain = |key: &str| {
            let own = all.credentials.get(id.as_str());
            own.and_then(|own| own.plain.get(key)).cloned()
        };
        let machine = Machine {
            host,
            port: connection.port,
            username: plain("rdp.username"),
            domain: plain("rdp.domain"),
            settings: all.settings_in_force(&connection),
            asks: Vec::new(),
        };
        Ok(Exported {
            name: connection.name.clone(),
            bytes: rdp_file::written(&machine).to_bytes(),
        })
    }

    async fn save_machine(
        &self,
        by: &Origin,
        name: &str,
        machine: Machine,
    ) -> Result<ImportView, CoreError> {
        if let Some(found) = self.connection_like(&machine) {
            return Ok(view(name, &machine, None, Some(found), false));
        }
        let settings = machine.settings.clone().into_iter();
        let change = ConnectionChange {
            name: Some(name.to_owned()),
            protocol: Some(ProtocolKind::Rdp),
            host: Some(Some(machine.host.clone())),
            port: Some(machine.port),
            settings: settings.map(|(key, value)| (key, Some(value))).collect(),
            ..ConnectionChange::default()
        };
        let made = self.create_connection(by, change).await?;
        let account = [
            ("rdp.username", &machine.username),
            ("rdp.domain", &machine.domain),
        ];
        let account: Vec<_> = account
            .into_iter()
            .filter_map(|(key, value)| {
                let value = Secret::new(value.clone()?);
                Some((key.to_owned(), Some(value)))
            })
            .collect();
        if !account.is_empty() && !by.is_dry() {
            self.put_credentials(by, &made, account, None).await?;
        }
        Ok(view(name, &machine, None, Some(made), true))
    }

    /// The connection that is all a file says: it was opened before.
    fn connection_like(&self, machine: &Machine) -> Option<ConnectionId> {
        let all = self.saved.read();
        let is_same = |connection: &Connection| {
            let account = all.credentials.get(connection.id.as_str());
            let plain = |key: &str| account.and_then(|account| account.plain.get(key));
            connection.protocol == ProtocolKind::Rdp
                && connection.via.is_none()
                && connection.host.as_deref() == Some(&*machine.host)
                && connection.port == machine.port
                && connection.settings == machine.settings
                && plain("rdp.username") == machine.username.as_ref()
                && plain("rdp.domain") == machine.domain.as_ref()
        };
        let found = all.connections.values().find(|one| is_same(one));
        found.map(|connection| connection.id.clone())
    }
}

fn read(name: Option<&str>, bytes: &[u8]) -> Result<(String, Machine), CoreError> {
    let refuse =
        |message: String| CoreError::field(ErrorCode::ValueIncorrectFormat, "file", message);
    let file = RdpFile::read(bytes)
        .map_err(|why| refuse(format!("the file cannot be read as .rdp: {why}")))?;
    let mut machine = rdp_file::machine(&file).ok_or_else(|| {
        refuse("the file names no machine: full address is missing, or is no address".to_owned())
    })?;
    if machine.host.starts_with('/') {
        return Err(refuse(
            "the file names no machine but a socket of this computer".to_owned(),
        ));
    }
    machine.host = checked_host(machine.host)?;
    check_settings(&machine)?;
    let stem = name.map(|name| name.strip_suffix(".rdp").unwrap_or(name));
    let shown: String = stem
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect();
    let name = match shown.trim() {
        "" => machine.host.clone(),
        shown => shown.to_owned(),
    };
    Ok((name, machine))
}

/// Refuses what could not be saved, so that a file that is shown can be.
fn check_settings(machine: &Machine) -> Result<(), CoreError> {
    let kept = machine.settings.get(KEPT).and_then(Value::as_str);
    let length = kept.map_or(0, |kept| kept.chars().count());
    if length > MAX_LINES_CHARS {
        let message = format!(
            "the file has {length} characters of lines that Farwire only keeps, and it keeps at most {MAX_LINES_CHARS}; \
             take out the long lines that you do not need, and open it again"
        );
        return Err(CoreError::field(
            ErrorCode::ValueOutOfBounds,
            "file",
            message,
        ));
    }
    let mut saved = BTreeMap::new();
    let mut settings = machine.settings.clone().into_iter();
    settings.try_for_each(|(key, value)| apply_setting(&mut saved, key, Some(value)))
}

fn view(
    name: &str,
    machine: &Machine,
    import: Option<String>,
    uid: Option<ConnectionId>,
    is_new: bool,
) -> ImportView {
    ImportView {
        import_id: import,
        uid,
        is_new,
        name: name.to_owned(),
        protocol: ProtocolKind::Rdp,
        host: machine.host.clone(),
        port: machine
            .port
            .unwrap_or_else(|| ProtocolKind::Rdp.default_port()),
        username: machine.username.clone(),
        domain: machine.domain.clone(),
        settings: machine.settings.clone(),
        asks: machine.asks.clone(),
    }
}
