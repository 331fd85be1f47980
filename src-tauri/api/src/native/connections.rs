//! Saved connections.

use crate::answer::Done;
use crate::error::ApiError;
use crate::fields::{Fields, Place};
use crate::keys::{Keys, Object, keys};
use crate::route::Call;
use crate::shape::{Shape, Switch, Whole};
use crate::text::{Host, Mac, Name, Notes, Tags};
use farwire_core::connections::ConnectionChange as Change;
use farwire_core::search::{ConnectionQuery, Filter};
use farwire_model::connection::{
    ConnectionOrder, ConnectionView, NearbyMachine, OWN_SETTINGS, ProtocolKind, SETTINGS,
};
use farwire_model::ids::{ConnectionId, CredentialId, GroupId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

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
        /// Shared credentials to sign in with at this machine, where it has none of its own; needs the scope credentials.
        credential: Option<Option<CredentialId>>,
        ..settings: Settings,
    }
}

/// The dotted settings, by the table of those that something honours.
#[derive(Debug)]
pub(super) struct Settings(pub(super) Vec<(String, Option<Value>)>);

impl Keys for Settings {
    fn describe(object: &mut Object, generator: &mut SchemaGenerator) {
        describe(object, generator, |_| true);
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

/// The dotted settings of a group.
#[derive(Debug)]
pub(super) struct SharedSettings(pub(super) Settings);

impl Keys for SharedSettings {
    fn describe(object: &mut Object, generator: &mut SchemaGenerator) {
        describe(object, generator, |key| !OWN_SETTINGS.contains(&key));
    }

    // Those of one machine too: the application says why it refuses them.
    fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        Settings::take(fields).map(Self)
    }
}

fn describe(object: &mut Object, generator: &mut SchemaGenerator, is_known: impl Fn(&str) -> bool) {
    for (key, kind) in SETTINGS.into_iter().filter(|(key, _)| is_known(key)) {
        let values = kind.schema(generator);
        let schema = json_schema!({ "anyOf": [values, { "type": "null" }] });
        object.add(key, "", schema);
    }
}

keys! {
    /// Which connections are listed.
    pub(super) struct Search {
        /// Part of the name, the host, the notes or a tag.
        q: Option<String>,
        /// Conditions that all have to hold: a field, ==, and values of which one is enough.
        filter: Option<Vec<Condition>>,
        /// What they are ordered by; the name when nothing is said.
        sortBy: Option<ConnectionOrder>,
        /// The last first.
        sortReverse: Option<Switch>,
        /// How many of the first are left out.
        start: Option<Whole<usize, 0, 1_000_000_000>>,
        /// How many are listed at most; all when nothing is said.
        limit: Option<Whole<usize, 1, 1_000_000_000>>,
    }
}

/// A condition such as `tags==a,b`.
#[derive(Debug)]
pub(super) struct Condition(Filter);

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let keys: Vec<_> = Filter::keys().collect();
        json_schema!({ "type": "string", "pattern": format!("^({})==", keys.join("|")) })
    }
}

impl Shape for Condition {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        let text = String::read(value, place)?;
        let filter = Filter::parse(&text);
        filter.map(Self).map_err(|help| place.wrong_type(&help))
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
    let search = &call.query;
    let filters = search.filter.iter().flatten();
    let query = ConnectionQuery {
        text: search.q.clone().unwrap_or_default(),
        filters: filters.map(|Condition(filter)| filter.clone()).collect(),
        order: search.sortBy.unwrap_or_default(),
        is_reversed: search.sortReverse == Some(Switch(true)),
        start: search.start.map_or(0, |start| start.0),
        limit: search.limit.map(|limit| limit.0),
    };
    Ok(call.api.core.connections(&query))
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
    let uid = call.api.core.create_connection(&call.by, change).await?;
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
    let revision = call
        .api
        .core
        .update_connection(&call.by, &uid, change)
        .await?;
    Ok(ChangedConnection { uid, revision })
}

pub(super) async fn delete(call: &Call) -> Result<Done, ApiError> {
    let uid = ConnectionId::new(call.id());
    call.api.core.delete_connection(&call.by, &uid).await?;
    Ok(Done {})
}

pub(super) async fn duplicate(call: &Call) -> Result<SavedConnection, ApiError> {
    let uid = ConnectionId::new(call.id());
    let uid = call.api.core.duplicate_connection(&call.by, &uid).await?;
    Ok(SavedConnection { uid })
}

pub(super) async fn wake(call: &Call) -> Result<Done, ApiError> {
    call.api.core.wake(&ConnectionId::new(call.id())).await?;
    Ok(Done {})
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
            credential: self.credential,
            settings: self.settings.0,
            ..Change::default()
        }
    }
}
