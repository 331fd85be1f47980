//! Addresses that nobody saved yet: what `~/.ssh/config` says of them, kept as a connection.

use crate::Core;
use crate::connections::ConnectionChange;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::text::checked_host;
use farwire_model::connection::ProtocolKind;
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::jump::Jump;
use farwire_model::secret::Secret;
use farwire_ssh::config::{Asked, Computer, Meant, address, meaning};
use serde_json::Value;
use std::path::Path;

/// A connection that an address stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedAddress {
    /// The connection.
    pub connection: ConnectionId,
    /// Whether it was made for this address; otherwise it was there.
    pub is_new: bool,
    /// What of the configuration is not supported, or could not be read.
    pub notes: Vec<String>,
}

impl Core {
    /// Finds the SSH connection that an address stands for by `~/.ssh/config`, or saves one. It is `[user@]host[:port]`, with
    /// `ssh` or `ssh://` before it or not.
    ///
    /// # Errors
    /// It is no address; the store.
    pub async fn save_address(&self, by: &Origin, text: &str) -> Result<SavedAddress, CoreError> {
        let trimmed = text.trim();
        let bare = trimmed.strip_prefix("ssh ").unwrap_or(trimmed).trim();
        let asked = address(bare).ok_or_else(|| {
            let message = "an address is [user@]host[:port], with ssh before it or not";
            CoreError::field(ErrorCode::ValueIncorrectFormat, "address", message)
        })?;
        let name = shown(&asked);
        let meant = self.meaning(asked).await?;
        let mut notes = meant.notes.clone();
        let host = checked_host(meant.host.clone())?;
        let key_file = key_file(&meant, &mut notes);
        let jumps: Vec<_> = meant.jumps.iter().map(Jump::to_string).collect();
        let jumps = Some(jumps.join(", ")).filter(|jumps| !jumps.is_empty());
        let user = Some(meant.user).filter(|user| !user.is_empty());
        let known = self.with_address(&host, meant.port, jumps.as_deref(), user.as_deref());
        if let Some(connection) = known {
            return Ok(SavedAddress {
                connection,
                is_new: false,
                notes,
            });
        }
        let settings = [("ssh.key_file", key_file), ("ssh.jump", jumps)];
        let settings = settings
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), Some(Value::from(value?)))));
        let change = ConnectionChange {
            name: Some(name),
            protocol: Some(ProtocolKind::Ssh),
            host: Some(Some(host)),
            port: Some(Some(meant.port).filter(|port| *port != 22)),
            settings: settings.collect(),
            ..ConnectionChange::default()
        };
        let connection = self.create_connection(by, change).await?;
        if let Some(user) = user.filter(|_| !by.is_dry()) {
            let values = vec![("ssh.username".to_owned(), Some(Secret::new(user)))];
            self.put_credentials(by, &connection, values, None).await?;
        }
        Ok(SavedAddress {
            connection,
            is_new: true,
            notes,
        })
    }

    async fn meaning(&self, asked: Asked) -> Result<Meant, CoreError> {
        // It lies beside the list of known hosts.
        let folder = self.known_hosts.as_deref().and_then(Path::parent);
        let path = folder.map(|folder| folder.join("config"));
        let reading = move || {
            let home = std::env::home_dir().unwrap_or_default();
            let account = ["USER", "LOGNAME"]
                .into_iter()
                .find_map(|name| std::env::var(name).ok());
            let computer = Computer {
                home: &home,
                user: &account.unwrap_or_default(),
            };
            meaning(&path.unwrap_or_default(), computer, &asked)
        };
        let read = tokio::task::spawn_blocking(reading).await;
        read.map_err(|error| CoreError::Internal {
            attempt: "reading the SSH configuration",
            message: error.to_string(),
        })
    }

    /// The saved SSH connection that goes there in this way, as this user.
    fn with_address(
        &self,
        host: &str,
        port: u16,
        jumps: Option<&str>,
        user: Option<&str>,
    ) -> Option<ConnectionId> {
        let all = self.saved.read();
        let mut connections = all.connections.values();
        let found = connections.find(|connection| {
            let own = all.credentials.get(connection.id.as_str());
            let own = own
                .and_then(|own| own.plain.get("ssh.username"))
                .map(String::as_str);
            let way = connection.settings.get("ssh.jump").and_then(Value::as_str);
            connection.protocol == ProtocolKind::Ssh
                && connection.host.as_deref() == Some(host)
                && connection.effective_port() == port
                && connection.via.is_none()
                && way == jumps
                && own == user
        });
        found.map(|connection| connection.id.clone())
    }
}

/// The address as it names a connection.
fn shown(asked: &Asked) -> String {
    match asked.port {
        Some(port) if port != 22 && asked.host.contains(':') => format!("[{}]:{port}", asked.host),
        Some(port) if port != 22 => format!("{}:{port}", asked.host),
        _ => asked.host.clone(),
    }
}

/// The first key that is there: one can be named.
fn key_file(meant: &Meant, notes: &mut Vec<String>) -> Option<String> {
    let there = meant
        .key_files
        .iter()
        .filter(|path| Path::new(path).is_file());
    let mut there = there.cloned();
    let first = there.next();
    for other in there {
        notes.push(format!(
            "IdentityFile {other} is not tried: only the first one that is there"
        ));
    }
    first
}
