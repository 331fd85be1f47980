//! What one run of a handler needs: the machine, those on the way to it, and what each is signed in to with.

use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::sign_in::{Allowed, Once};
use farwire_model::commas;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::credentials::{Credentials, Endpoint, Hop};
use farwire_model::ids::ConnectionId;
use farwire_model::jump::Jump;
use farwire_model::session::{Channel, Protocol};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

impl Core {
    /// Everything one run of a handler needs, read fresh from what is saved.
    pub(super) fn attempt(
        &self,
        id: &ConnectionId,
        channel: Channel,
        once: Option<&Once>,
        allowed: Option<&Allowed>,
    ) -> Result<Attempt, CoreError> {
        let (connection, settings, endpoint, way, unsaved) = {
            let all = self.saved.read();
            let connection = known_connection(&all, id)?;
            let settings = all.settings_in_force(&connection);
            let way = all.way(&connection).into_iter().map(|on_it| {
                let settings = all.settings_in_force(&on_it);
                (all.endpoint(&on_it), on_it, settings)
            });
            let way: Vec<_> = way.collect();
            let unsaved = unsaved_hops(&connection, &settings)?;
            (
                Arc::clone(&connection),
                settings,
                all.endpoint(&connection),
                way,
                unsaved,
            )
        };
        let protocol = self.sessions.protocol(connection.protocol, channel)?;
        if connection.host.is_none() {
            return Err(CoreError::Forbidden {
                property: "host",
                message: format!("{} has no host yet: set one, then connect", connection.name),
            });
        }
        if connection.protocol == ProtocolKind::Rdp {
            self.check_drive(&settings)?;
        }
        let mut jumps = self.jumps(&connection, way)?;
        jumps.extend(unsaved);
        let credentials = match once {
            Some(once) => once.for_machine(&endpoint)?,
            None => self.sign_in(&connection, allowed)?,
        };
        Ok(Attempt {
            connection: Connection {
                settings,
                ..(*connection).clone()
            },
            endpoint,
            jumps,
            protocol,
            credentials,
        })
    }

    /// Refuses to share a folder with a machine that has Farwire's own in it, or is in it: tokens lie there. As the paths are written: a
    /// disk that does not answer holds up nobody here.
    fn check_drive(&self, settings: &BTreeMap<String, Value>) -> Result<(), CoreError> {
        let folder = settings.get("rdp.drive").and_then(Value::as_str);
        let Some(folder) = folder.map(str::trim).filter(|folder| !folder.is_empty()) else {
            return Ok(());
        };
        let path = match (folder.strip_prefix("~/"), std::env::home_dir()) {
            (Some(below), Some(home)) => home.join(below),
            _ => PathBuf::from(folder),
        };
        let own = &self.data_dir;
        if !path.starts_with(own) && !own.starts_with(&path) {
            return Ok(());
        }
        Err(CoreError::Forbidden {
            property: "rdp.drive",
            message: format!(
                "{folder} cannot be shared with a machine: Farwire's own folder, {}, with its tokens would be shared, too. Share a folder that has nothing to do with it",
                own.display()
            ),
        })
    }

    /// Refuses what a locked vault stands in the way of, before anything is ended or begun for it. Every other mistake is told by what
    /// comes of it.
    ///
    /// # Errors
    /// A locked vault that holds something of what the connection signs in with.
    pub(crate) fn check_unlocked(
        &self,
        id: &ConnectionId,
        channel: Channel,
        once: Option<&Once>,
        allowed: Option<&Allowed>,
    ) -> Result<(), CoreError> {
        match self.attempt(id, channel, once, allowed) {
            Err(locked @ CoreError::Vault { .. }) => Err(locked),
            _ => Ok(()),
        }
    }

    /// The machines on the way, and what each is signed in to with: its own connection's credentials and no other's.
    fn jumps(
        &self,
        connection: &Connection,
        way: Vec<(Endpoint, Arc<Connection>, BTreeMap<String, Value>)>,
    ) -> Result<Vec<Hop>, CoreError> {
        let broken = |message: String| CoreError::Forbidden {
            property: "via",
            message,
        };
        let nearest = way
            .first()
            .map_or(connection.via.as_ref(), |(_, nearest, _)| {
                nearest.via.as_ref()
            });
        if let Some(missing) = nearest {
            return Err(broken(format!(
                "{} goes through {missing}, which is not saved any more: choose another way",
                connection.name
            )));
        }
        let mut hops = Vec::new();
        for (endpoint, on_it, settings) in way {
            if on_it.protocol != ProtocolKind::Ssh || on_it.host.is_none() {
                return Err(broken(format!(
                    "{} goes through {}, which is no SSH connection with a host: choose another way",
                    connection.name, on_it.name
                )));
            }
            hops.extend(unsaved_hops(&on_it, &settings)?);
            let credentials = self.sign_in(&on_it, None)?;
            hops.push(Hop {
                endpoint,
                credentials,
                settings,
            });
        }
        Ok(hops)
    }
}

/// Everything one run of a handler needs.
pub(super) struct Attempt {
    pub connection: Connection,
    pub endpoint: Endpoint,
    pub jumps: Vec<Hop>,
    pub protocol: Arc<dyn Protocol>,
    pub credentials: Credentials,
}

/// The machines before one that no saved connection stands for: keys and the agent sign in to them, as to it.
fn unsaved_hops(
    connection: &Connection,
    settings: &BTreeMap<String, Value>,
) -> Result<Vec<Hop>, CoreError> {
    let jumps = connection.jumps().map_err(|why| CoreError::Forbidden {
        property: "settings",
        message: format!(
            "the machines on the way to {} cannot be read, and it is never connected to past them: {why}. Write them anew under SSH, jump hosts",
            connection.name
        ),
    })?;
    let hop = |jump: Jump| {
        let mut settings = settings.clone();
        let key_files = commas::join(&jump.key_files);
        settings.insert("ssh.key_file".to_owned(), key_files.into());
        Hop {
            endpoint: Endpoint {
                protocol: ProtocolKind::Ssh,
                host: jump.host,
                port: jump.port,
                via: None,
                through: Vec::new(),
            },
            credentials: Credentials {
                username: Some(jump.user),
                ..Credentials::default()
            },
            settings,
        }
    };
    Ok(jumps.into_iter().map(hop).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_read_of_the_way_is_no_way_past_it() {
        for (jump, hops) in [
            (None, Some(0)),
            (Some(json!("me@gate, you@inner:2222")), Some(2)),
            (Some(json!("me@gate, inner:2222")), None),
            (Some(json!("no machine at all")), None),
            (Some(json!(["me@gate"])), None),
        ] {
            let settings = jump.clone().map(|jump| ("ssh.jump", jump));
            let settings: BTreeMap<_, _> = settings.into_iter().collect();
            let saved: Connection = serde_json::from_value(json!({
                "id": "c_1", "name": "press", "protocol": "SSH", "host": "press.example", "port": null, "via": null,
                "group": null, "tags": [], "is_favorite": false, "notes": "", "mac": null, "settings": settings,
                "revision": 1, "created": 1, "modified": 1, "last_connected": null,
            }))
            .unwrap();
            let way = unsaved_hops(&saved, &BTreeMap::new());
            assert_eq!(way.as_ref().ok().map(Vec::len), hops, "{jump:?}");
            assert_eq!(saved.addresses_before().is_empty(), jump.is_none());
            if let Err(error) = way {
                assert!(error.to_string().contains("never connected to past them"));
            }
        }
    }
}
