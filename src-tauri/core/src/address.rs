//! Addresses that nobody saved yet: what OpenSSH's configuration says of them, kept as a connection that follows it: before each
//! connect it is brought up to date.

use crate::Core;
use crate::connections::{ConnectionChange, known_connection};
use crate::error::CoreError;
use crate::origin::Origin;
use crate::text::checked_host;
use farwire_model::commas;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::jump::Jump;
use farwire_model::secret::Secret;
use farwire_ssh::config::{Asked, Computer, Meant, Source, address, meaning};
use serde_json::Value;
use std::path::Path;

/// The configuration of the whole computer; it is asked after the user's own.
const COMMON: (&str, &str) = ("/etc/ssh/ssh_config", "/etc/ssh");

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
        let (name, followed) = (shown(&asked), written(&asked));
        let meant = self.meaning(asked).await?;
        let notes = meant.notes.clone();
        let host = checked_host(meant.host.clone())?;
        let Way {
            key_files,
            jumps,
            user,
        } = Way::of(&meant);
        let known = self
            .following(&followed)
            .or_else(|| self.with_address(&host, meant.port, jumps.as_deref(), user.as_deref()));
        if let Some(connection) = known {
            return Ok(SavedAddress {
                connection,
                is_new: false,
                notes,
            });
        }
        let settings = [
            ("ssh.config", Some(followed)),
            ("ssh.key_file", key_files),
            ("ssh.jump", jumps),
        ];
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

    /// Brings a connection that follows the configuration up to date with it. Where that cannot be, it stays as it was: whether
    /// it can be connected to then shows.
    pub(crate) async fn follow_configuration(&self, id: &ConnectionId) {
        if let Err(error) = self.try_to_follow(id).await {
            tracing::warn!(connection = %id, %error, "the SSH configuration was not followed");
        }
    }

    async fn try_to_follow(&self, id: &ConnectionId) -> Result<(), CoreError> {
        let setting = |connection: &Connection, key: &str| {
            let text = connection.settings.get(key).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let (connection, own_user) = {
            let all = self.saved.read();
            let connection = known_connection(&all, id)?;
            let own = all.credentials.get(id.as_str());
            let user = own.and_then(|own| own.plain.get("ssh.username"));
            (connection, user.cloned())
        };
        let followed = setting(&connection, "ssh.config").filter(|text| !text.is_empty());
        let Some((followed, asked)) =
            followed.and_then(|text| Some((text.clone(), address(&text)?)))
        else {
            return Ok(());
        };
        let meant = self.meaning(asked).await?;
        let Way {
            key_files,
            jumps,
            user,
        } = Way::of(&meant);
        let by = Origin::configuration();
        // A way to a machine is never forgotten because of what could not be read.
        let loses_way =
            way_length(jumps.as_deref()) < way_length(setting(&connection, "ssh.jump").as_deref());
        if !meant.is_read || loses_way && !meant.notes.is_empty() {
            return Err(CoreError::Forbidden {
                property: "ssh.config",
                message: format!("it could not be read whole: {}", meant.notes.join("; ")),
            });
        }
        let is_same = connection.host.as_deref() == Some(&*meant.host)
            && connection.effective_port() == meant.port
            && setting(&connection, "ssh.jump") == jumps
            && setting(&connection, "ssh.key_file") == key_files;
        if !is_same {
            let settings = [
                ("ssh.config", Some(followed)),
                ("ssh.key_file", key_files),
                ("ssh.jump", jumps),
            ];
            let settings = settings
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.map(Value::from)));
            let change = ConnectionChange {
                host: Some(Some(meant.host)),
                port: Some(Some(meant.port).filter(|port| *port != 22)),
                settings: settings.collect(),
                if_revision: Some(connection.revision),
                ..ConnectionChange::default()
            };
            self.update_connection(&by, id, change).await?;
        }
        // Without a name of its own, shared credentials say who signs in.
        if own_user.is_some() && user.is_some() && own_user != user {
            let values = vec![("ssh.username".to_owned(), user.map(Secret::new))];
            self.put_credentials(&by, id, values, None).await?;
        }
        Ok(())
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
            let (own, folder) = (path.unwrap_or_default(), home.join(".ssh"));
            let sources = [
                Source {
                    path: &own,
                    folder: &folder,
                },
                Source {
                    path: Path::new(COMMON.0),
                    folder: Path::new(COMMON.1),
                },
            ];
            meaning(&sources, computer, &asked)
        };
        let read = tokio::task::spawn_blocking(reading).await;
        read.map_err(|error| CoreError::Internal {
            attempt: "reading the SSH configuration",
            message: error.to_string(),
        })
    }

    /// The saved connection that follows what the configuration says of an address.
    fn following(&self, text: &str) -> Option<ConnectionId> {
        let all = self.saved.read();
        let mut connections = all.connections.values();
        let follows = connections.find(|connection| {
            connection.protocol == ProtocolKind::Ssh
                && connection
                    .settings
                    .get("ssh.config")
                    .and_then(Value::as_str)
                    == Some(text)
        });
        follows.map(|connection| connection.id.clone())
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

/// The address as it is asked for again.
fn written(asked: &Asked) -> String {
    let user = asked.user.as_ref().map(|user| format!("{user}@"));
    let host = match asked.host.contains(':') {
        true => format!("[{}]", asked.host),
        false => asked.host.clone(),
    };
    let port = asked.port.map(|port| format!(":{port}"));
    format!(
        "{}{host}{}",
        user.unwrap_or_default(),
        port.unwrap_or_default()
    )
}

/// How a machine is come to, as a connection keeps it.
struct Way {
    key_files: Option<String>,
    jumps: Option<String>,
    user: Option<String>,
}

impl Way {
    /// Keys that are not there are left out, as OpenSSH does.
    fn of(meant: &Meant) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let is_there = |path: &&String| Path::new(path).is_file();
        let key_files: Vec<_> = meant.key_files.iter().filter(is_there).collect();
        let jumps: Vec<_> = meant.jumps.iter().map(Jump::to_string).collect();
        Self {
            key_files: some(commas::join(&key_files)),
            jumps: some(jumps.join(", ")),
            user: some(meant.user.clone()),
        }
    }
}

fn way_length(jumps: Option<&str>) -> usize {
    jumps.map_or(0, |jumps| commas::split(jumps).len())
}
