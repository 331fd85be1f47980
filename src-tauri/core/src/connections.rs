//! Saved connections.

use crate::Core;
use crate::credentials::StoredCredentials;
use crate::error::CoreError;
use crate::groups::check_revision;
use crate::limits::{MAX_NOTES_CHARS, MAX_TAG_CHARS, MAX_TAGS};
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Change};
use crate::shared_credentials::choose;
use crate::text::{checked_host, checked_mac, checked_name};
use farwire_model::connection::{Connection, ConnectionView, GroupItem, ProtocolKind, setting};
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, CredentialId, GroupId};
use farwire_model::jump::{Jump, MAX_JUMPS_CHARS};
use farwire_model::quality::Quality;
use farwire_model::setting::{MAX_LINES_CHARS, SettingKind};
use farwire_model::tunnel::{MAX_TUNNELS_CHARS, TunnelPlan};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a change of a connection says. An absent field stays; `Some(None)` goes back to the default.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChange {
    /// A new name.
    pub name: Option<String>,
    /// Another protocol.
    pub protocol: Option<ProtocolKind>,
    /// Another host.
    pub host: Option<Option<String>>,
    /// Another port.
    pub port: Option<Option<u16>>,
    /// Another SSH connection to go through.
    pub via: Option<Option<ConnectionId>>,
    /// Another group.
    pub group: Option<Option<GroupId>>,
    /// Other tags.
    pub tags: Option<Vec<String>>,
    /// Marked or not.
    pub is_favorite: Option<bool>,
    /// Other notes.
    pub notes: Option<String>,
    /// Another MAC address.
    pub mac: Option<Option<String>>,
    /// Other shared credentials to sign in with, for the machine the connection speaks to after this change.
    pub credential: Option<Option<CredentialId>>,
    /// Dotted settings; `None` as a value means back to the default.
    pub settings: Vec<(String, Option<Value>)>,
    /// The revision the caller knows; the change is refused when it is old.
    pub if_revision: Option<u64>,
}

impl Core {
    /// The items of a group, or those without one, by name.
    ///
    /// # Errors
    /// An unknown group.
    pub fn group_items(&self, group: Option<&GroupId>) -> Result<Vec<GroupItem>, CoreError> {
        let all = self.saved.read();
        if let Some(id) = group {
            crate::groups::known_group(&all, id)?;
        }
        let mut items: Vec<_> = all
            .connections
            .values()
            .filter(|connection| connection.group.as_ref() == group)
            .map(|connection| item(connection))
            .collect();
        drop(all);
        items.sort_by_cached_key(|item| item.name.to_lowercase());
        Ok(items)
    }

    /// One connection.
    ///
    /// # Errors
    /// An unknown connection.
    pub fn connection(&self, id: &ConnectionId) -> Result<ConnectionView, CoreError> {
        let all = self.saved.read();
        known_connection(&all, id).map(|connection| all.view(&connection))
    }

    /// Saves a new connection.
    ///
    /// # Errors
    /// A field that cannot be taken, a credential chosen by who may not; the store.
    pub async fn create_connection(
        &self,
        by: &Origin,
        change: ConnectionChange,
    ) -> Result<ConnectionId, CoreError> {
        if change.name.is_none() {
            let message = "a connection needs a name";
            return Err(CoreError::field(
                ErrorCode::RequiredValueMissing,
                "name",
                message,
            ));
        }
        let now = random::now();
        let id = ConnectionId::new(random::id(ConnectionId::PREFIX));
        let mut connection = Connection {
            id: id.clone(),
            name: String::new(),
            protocol: ProtocolKind::default(),
            host: None,
            port: None,
            via: None,
            group: None,
            tags: Vec::new(),
            is_favorite: false,
            notes: String::new(),
            mac: None,
            credential: None,
            placed_by: by.placing(),
            settings: BTreeMap::new(),
            revision: 1,
            created: now,
            modified: now,
            last_connected: None,
        };
        let made = self.saved.create(by, |saving| {
            apply(saving, by, &mut connection, change)?;
            saving.put(connection)?;
            Ok(id.as_str().to_owned())
        });
        made.await.map(ConnectionId::new)
    }

    /// Changes a connection.
    ///
    /// # Errors
    /// An unknown connection, a field that cannot be taken, a credential chosen by who may not, an old revision; the store.
    pub async fn update_connection(
        &self,
        by: &Origin,
        id: &ConnectionId,
        change: ConnectionChange,
    ) -> Result<u64, CoreError> {
        self.saved
            .change(by, |saving| {
                let mut connection = (*known_connection(saving.all(), id)?).clone();
                check_revision(
                    "connection",
                    id.as_str(),
                    change.if_revision,
                    connection.revision,
                )?;
                apply(saving, by, &mut connection, change)?;
                connection.revision += 1;
                connection.modified = random::now();
                saving.put(connection).map(|connection| connection.revision)
            })
            .await
    }

    /// Saves a copy, without credentials: they belong to the machine they were stored for.
    ///
    /// # Errors
    /// An unknown connection; the store.
    pub async fn duplicate_connection(
        &self,
        by: &Origin,
        id: &ConnectionId,
    ) -> Result<ConnectionId, CoreError> {
        let copy = ConnectionId::new(random::id(ConnectionId::PREFIX));
        let mut connection = (*known_connection(&self.saved.read(), id)?).clone();
        connection.id = copy.clone();
        connection.name = format!("{} (copy)", connection.name);
        connection.credential = None;
        connection.placed_by = by.placing().or(connection.placed_by);
        connection.revision = 1;
        connection.created = random::now();
        connection.modified = connection.created;
        connection.last_connected = None;
        let made = self.saved.create(by, |saving| {
            saving.put(connection)?;
            Ok(copy.as_str().to_owned())
        });
        made.await.map(ConnectionId::new)
    }

    /// Deletes a connection and its credentials, and ends its sessions.
    ///
    /// # Errors
    /// An unknown connection; the store.
    pub async fn delete_connection(&self, by: &Origin, id: &ConnectionId) -> Result<(), CoreError> {
        self.saved
            .change(by, |saving| {
                known_connection(saving.all(), id)?;
                saving.delete::<Connection>(id.as_str())?;
                saving.delete::<StoredCredentials>(id.as_str())
            })
            .await?;
        if !by.is_dry() {
            self.disconnect(id).await;
        }
        Ok(())
    }

    pub(crate) async fn note_connected(&self, id: &ConnectionId) {
        let noted = self
            .saved
            .note(|saving| {
                let mut connection = (*known_connection(saving.all(), id)?).clone();
                connection.last_connected = Some(random::now());
                saving.put(connection)
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not note when a connection was last up");
        }
    }
}

/// The connection with this identifier.
pub(crate) fn known_connection(all: &All, id: &ConnectionId) -> Result<Arc<Connection>, CoreError> {
    all.connections
        .get(id.as_str())
        .cloned()
        .ok_or_else(|| CoreError::unknown("connection", id))
}

fn item(connection: &Connection) -> GroupItem {
    GroupItem {
        uid: connection.id.clone(),
        kind: "connection".to_owned(),
        name: connection.name.clone(),
        protocol: connection.protocol,
        host: connection.host.clone(),
        port: connection.effective_port(),
        category_uid: connection.group.clone(),
        tags: connection.tags.clone(),
        favorite: connection.is_favorite,
        last_connected: connection.last_connected,
    }
}

fn apply(
    saving: &mut Change<'_>,
    by: &Origin,
    connection: &mut Connection,
    change: ConnectionChange,
) -> Result<(), CoreError> {
    let all = saving.all();
    let says = |key: &str| change.settings.iter().any(|(known, _)| known == key);
    let is_by_hand = change.host.is_some()
        || change.port.is_some()
        || ["ssh.jump", "ssh.key_file"].into_iter().any(says);
    if is_by_hand && !says("ssh.config") {
        // What somebody says himself counts from then on.
        connection.settings.remove("ssh.config");
    }
    if let Some(name) = change.name {
        connection.name = checked_name(name)?;
    }
    if let Some(protocol) = change.protocol {
        connection.protocol = protocol;
    }
    if let Some(host) = change.host {
        connection.host = host.map(checked_host).transpose()?;
    }
    if let Some(port) = change.port {
        if port == Some(0) {
            let message = "a port lies between 1 and 65535";
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "port",
                message,
            ));
        }
        connection.port = port;
    }
    if let Some(via) = change.via {
        check_via(all, &connection.id, via.as_ref())?;
        connection.via = via;
    }
    if let Some(group) = change.group {
        if let Some(missing) = group
            .as_ref()
            .filter(|group| !all.groups.contains_key(group.as_str()))
        {
            let message = format!("no group {missing} is saved");
            return Err(CoreError::field(
                ErrorCode::InvalidRequestData,
                "category_uid",
                message,
            ));
        }
        connection.group = group;
    }
    if let Some(tags) = change.tags {
        connection.tags = checked_tags(tags)?;
    }
    if let Some(is_favorite) = change.is_favorite {
        connection.is_favorite = is_favorite;
    }
    if let Some(notes) = change.notes {
        if notes.chars().count() > MAX_NOTES_CHARS {
            let message = format!("notes have at most {MAX_NOTES_CHARS} characters");
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "notes",
                message,
            ));
        }
        connection.notes = notes;
    }
    if let Some(mac) = change.mac {
        connection.mac = mac.as_deref().map(checked_mac).transpose()?;
    }
    for (key, value) in change.settings {
        apply_setting(&mut connection.settings, key, value)?;
    }
    // Last: it is for the machine that the change names.
    if let Some(credential) = change.credential {
        choose(saving, by, connection, credential)?;
    }
    Ok(())
}

/// Sets a dotted setting, or lets go of it.
///
/// # Errors
/// A key that is none, a value it cannot have.
pub(crate) fn apply_setting(
    settings: &mut BTreeMap<String, Value>,
    key: String,
    value: Option<Value>,
) -> Result<(), CoreError> {
    let Some(kind) = setting(&key) else {
        let message = format!("there is no setting {key}");
        return Err(CoreError::field(
            ErrorCode::InvalidRequestData,
            key,
            message,
        ));
    };
    let Some(value) = value else {
        settings.remove(&key);
        return Ok(());
    };
    match (kind, &value) {
        (SettingKind::Bool, Value::Bool(_)) => {}
        (SettingKind::Quality, value) if Quality::of(value).is_some() => {}
        (SettingKind::Choice(words), Value::String(word)) if words.contains(&word.as_str()) => {}
        (SettingKind::Quality, _) => {
            let message = format!("{key} is {}", Quality::WORDS);
            let is_near = value.is_string() || value.is_number();
            return Err(CoreError::field(wrong(is_near), key, message));
        }
        (SettingKind::Tunnels, Value::String(text)) => {
            check_list(
                &key,
                text,
                MAX_TUNNELS_CHARS,
                TunnelPlan::list(text).map(|_| ()),
            )?;
        }
        (SettingKind::Jumps, Value::String(text)) => {
            check_list(&key, text, MAX_JUMPS_CHARS, Jump::list(text).map(|_| ()))?;
        }
        (SettingKind::Tunnels | SettingKind::Jumps, _) => {
            let message = format!("{key} is a text");
            return Err(CoreError::field(wrong(false), key, message));
        }
        (SettingKind::Text(most), Value::String(text))
            if text.chars().count() <= most && !text.chars().any(char::is_control) => {}
        (SettingKind::Text(most), _) => {
            let message = format!("{key} is text of at most {most} characters");
            return Err(CoreError::field(wrong(value.is_string()), key, message));
        }
        (SettingKind::Lines, Value::String(text))
            if text.chars().count() <= MAX_LINES_CHARS
                && !text.chars().any(|c| c.is_control() && c != '\n') => {}
        (SettingKind::Lines, _) => {
            let message = format!("{key} is lines of at most {MAX_LINES_CHARS} characters");
            return Err(CoreError::field(wrong(value.is_string()), key, message));
        }
        (SettingKind::Choice(words), _) => {
            let message = format!("{key} is one of {}", words.join(", "));
            return Err(CoreError::field(wrong(value.is_string()), key, message));
        }
        (SettingKind::AutoOr { .. }, Value::String(word)) if word == "auto" => {}
        (
            SettingKind::Integer { min, max } | SettingKind::AutoOr { min, max },
            Value::Number(number),
        ) => {
            if !number
                .as_i64()
                .is_some_and(|number| (min..=max).contains(&number))
            {
                let message = format!("{key} is a whole number from {min} to {max}");
                return Err(CoreError::field(ErrorCode::ValueOutOfBounds, key, message));
            }
        }
        (SettingKind::AutoOr { min, max }, _) => {
            let message = format!("{key} is auto or a whole number from {min} to {max}");
            return Err(CoreError::field(wrong(value.is_string()), key, message));
        }
        (SettingKind::Bool, _) => {
            let message = format!("{key} is true or false");
            return Err(CoreError::field(wrong(false), key, message));
        }
        (SettingKind::Integer { .. }, _) => {
            let message = format!("{key} is a whole number");
            return Err(CoreError::field(wrong(false), key, message));
        }
    }
    settings.insert(key, value);
    Ok(())
}

/// Checks a list in a text.
fn check_list(
    key: &str,
    text: &str,
    most: usize,
    read: Result<(), String>,
) -> Result<(), CoreError> {
    if text.chars().count() > most {
        let message = format!("{key} has at most {most} characters");
        return Err(CoreError::field(ErrorCode::ValueOutOfBounds, key, message));
    }
    read.map_err(|why| CoreError::field(ErrorCode::ValueIncorrectFormat, key, why))
}

/// The code for a value of the right type that is out of the question, or of another type.
fn wrong(is_type_right: bool) -> ErrorCode {
    if is_type_right {
        ErrorCode::ValueOutOfBounds
    } else {
        ErrorCode::ValueIncorrectType
    }
}

/// A way through another machine is a saved SSH connection, and never leads back to the connection itself.
fn check_via(all: &All, id: &ConnectionId, via: Option<&ConnectionId>) -> Result<(), CoreError> {
    let mut next = via.cloned();
    while let Some(step) = next {
        let found = all.connections.get(step.as_str());
        let message = match found {
            None => format!("no connection {step} is saved"),
            Some(found) if found.protocol != ProtocolKind::Ssh => {
                format!(
                    "{} is no SSH connection, so nothing can go through it",
                    found.name
                )
            }
            Some(found) if found.id == *id => "a connection cannot go through itself".to_owned(),
            Some(found) => {
                next = found.via.clone();
                continue;
            }
        };
        return Err(CoreError::field(
            ErrorCode::InvalidRequestData,
            "via",
            message,
        ));
    }
    Ok(())
}

fn checked_tags(tags: Vec<String>) -> Result<Vec<String>, CoreError> {
    let refuse = |message| {
        Err(CoreError::field(
            ErrorCode::ValueOutOfBounds,
            "tags",
            message,
        ))
    };
    if tags.len() > MAX_TAGS {
        return refuse(format!("a connection has at most {MAX_TAGS} tags"));
    }
    let mut checked: Vec<String> = Vec::new();
    for given in tags {
        let tag = given.trim().to_owned();
        if tag.is_empty()
            || given.chars().count() > MAX_TAG_CHARS
            || given.chars().any(char::is_control)
        {
            return refuse(format!(
                "a tag has 1 to {MAX_TAG_CHARS} characters, and no control characters"
            ));
        }
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    Ok(checked)
}
