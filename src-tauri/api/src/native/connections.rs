//! Saved connections.

use crate::answer::Done;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::keys::{Keys, Object, keys};
use crate::route::Call;
use crate::shape::Whole;
use crate::text::{Host, Mac, Name, Notes, Tags};
use farwire_core::connections::ConnectionChange as Change;
use farwire_model::connection::{ConnectionView, NearbyMachine, ProtocolKind, SETTINGS};
use farwire_model::ids::{ConnectionId, GroupId};
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

keys! {
    /// A new connection.
    pub(super) struct NewConnection {
        /// What people call it.
        name: Name,
        ..more: More,
    }
}

keys! {
    /// What changes about a connection; null goes back to the default.
    pub(super) struct ConnectionChange {
        /// What people call it.
        name: Option<Name>,
        ..more: More,
    }
}

keys! {
    /// What a connection has besides its name.
    pub(super) struct More {
        /// How the machine is spoken to; VNC when nothing is said.
        protocol: Option<ProtocolKind>,
        /// Where the machine is.
        host: Option<Option<Host>>,
        /// Its TCP port; null means the protocol's own.
        port: Option<Option<Whole<u16, 1, 65535>>>,
        /// A saved SSH connection it goes through.
        via: Option<Option<ConnectionId>>,
        /// The group it lies in.
        category_uid: Option<Option<GroupId>>,
        /// Free labels.
        tags: Option<Tags>,
        /// Whether a person marked it.
        favorite: Option<bool>,
        /// Free text.
        notes: Option<Option<Notes>>,
        /// MAC address for Wake-on-LAN.
        mac: Option<Option<Mac>>,
        ..settings: Settings,
    }
}

/// The dotted settings, by the table of those that something honours.
#[derive(Debug)]
pub(super) struct Settings(Vec<(String, Option<Value>)>);

impl Keys for Settings {
    fn describe(object: &mut Object, generator: &mut SchemaGenerator) {
        for (key, kind) in SETTINGS {
            let values = kind.schema(generator);
            let schema = json_schema!({ "anyOf": [values, { "type": "null" }] });
            object.add(key, "", schema);
        }
    }

    // The value's kind is checked where it is saved: the same table says it.
    fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        let given = SETTINGS.into_iter().filter_map(|(key, _)| {
            let value = fields.take(key)?;
            Some((key.to_owned(), Some(value).filter(|value| !value.is_null())))
        });
        Ok(Self(given.collect()))
    }
}

keys! {
    /// Which connections are listed.
    pub(super) struct Search {
        /// Part of the name, the host, the notes or a tag.
        q: Option<String>,
    }
}

/// The connection that was saved.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SavedConnection {
    /// Its identifier.
    uid: ConnectionId,
}

/// The connection that was changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangedConnection {
    /// Its identifier.
    uid: ConnectionId,
    /// The revision it has now.
    revision: u64,
}

pub(super) async fn nearby(call: &Call) -> Result<Vec<NearbyMachine>, ApiError> {
    Ok(call.api.core.nearby().await?)
}

pub(super) async fn list(call: &Call<(), Search>) -> Result<Vec<ConnectionView>, ApiError> {
    let query = call.query.q.as_deref().unwrap_or_default();
    Ok(call.api.core.connections(query))
}

pub(super) async fn show(call: &Call) -> Result<ConnectionView, ApiError> {
    Ok(call.api.core.connection(&ConnectionId::new(call.id()))?)
}

pub(super) async fn create(call: &Call<NewConnection>) -> Result<SavedConnection, ApiError> {
    let NewConnection { name, more } = call.body()?;
    let change = Change {
        name: Some(name.0),
        ..more.into_change()
    };
    let uid = call.api.core.create_connection(change).await?;
    Ok(SavedConnection { uid })
}

pub(super) async fn update(call: &Call<ConnectionChange>) -> Result<ChangedConnection, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before its fields.
    call.api.core.connection(&uid)?;
    let ConnectionChange { name, more } = call.body()?;
    let change = Change {
        name: name.map(|name| name.0),
        if_revision: call.if_match,
        ..more.into_change()
    };
    let revision = call.api.core.update_connection(&uid, change).await?;
    Ok(ChangedConnection { uid, revision })
}

pub(super) async fn delete(call: &Call) -> Result<Done, ApiError> {
    let uid = ConnectionId::new(call.id());
    call.api.core.delete_connection(&uid).await?;
    Ok(Done {})
}

pub(super) async fn duplicate(call: &Call) -> Result<SavedConnection, ApiError> {
    let uid = ConnectionId::new(call.id());
    let uid = call.api.core.duplicate_connection(&uid).await?;
    Ok(SavedConnection { uid })
}

impl More {
    fn into_change(self) -> Change {
        Change {
            protocol: self.protocol,
            host: self.host.map(|host| host.map(|host| host.0)),
            port: self.port.map(|port| port.map(|port| port.0)),
            via: self.via,
            group: self.category_uid,
            tags: self.tags.map(|tags| tags.0),
            is_favorite: self.favorite,
            notes: self
                .notes
                .map(|notes| notes.map_or_else(String::new, |notes| notes.0)),
            mac: self.mac.map(|mac| mac.map(|mac| mac.0)),
            settings: self.settings.0,
            ..Change::default()
        }
    }
}
