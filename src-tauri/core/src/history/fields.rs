//! What differs between a thing before and after a change, as the API shows it.

use super::step::Step;
use crate::credentials::StoredCredentials;
use crate::saved::All;
use crate::sealed::HasSecrets;
use crate::shared_credentials::SharedCredential;
use crate::sign_in::machine;
use farwire_model::connection::{Connection, ConnectionView};
use farwire_model::group::Group;
use farwire_model::history::{ChangedField, ChangedThing, ChangedThingFields, ThingKind};
use farwire_model::trust::TrustDecision;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fields of a connection that change by themselves with every other.
const FOLLOWING: [&str; 6] = [
    "uid",
    "revision",
    "created",
    "modified",
    "last_connected",
    "credential_withheld",
];

/// A field's value; a secret's is only good for comparing.
#[derive(PartialEq)]
struct Field {
    value: Value,
    is_secret: bool,
}

/// A thing, in a word.
pub(super) fn thing(all: &All, step: &Step) -> ChangedThing {
    ChangedThing {
        kind: step.kind,
        id: step.key.clone(),
        name: name(all, step),
        action: step.action(),
    }
}

/// A thing with every field that differs.
pub(super) fn thing_fields(all: &All, step: &Step) -> ChangedThingFields {
    let ChangedThing {
        kind,
        id,
        name,
        action,
    } = thing(all, step);
    let (mut before, mut after) = (fields(step, &step.before), fields(step, &step.after));
    let keys: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let mut differing = Vec::new();
    for key in keys {
        let (from, to) = (before.remove(&key), after.remove(&key));
        if from == to {
            continue;
        }
        let secret = [&from, &to]
            .into_iter()
            .flatten()
            .any(|field| field.is_secret);
        let shown = |field: Option<Field>| match field {
            Some(field) if !field.is_secret => field.value,
            _ => Value::Null,
        };
        differing.push(ChangedField {
            key,
            from: shown(from),
            to: shown(to),
            secret,
        });
    }
    ChangedThingFields {
        kind,
        id,
        name,
        action,
        fields: differing,
    }
}

fn read<T: DeserializeOwned>(record: &Option<Box<RawValue>>) -> Option<T> {
    serde_json::from_str(record.as_ref()?.get()).ok()
}

fn name(all: &All, step: &Step) -> String {
    let record = match step.after {
        Some(_) => &step.after,
        None => &step.before,
    };
    let found = match step.kind {
        ThingKind::Group => read::<Group>(record).map(|group| group.name),
        ThingKind::Connection => read::<Connection>(record).map(|connection| connection.name),
        ThingKind::Credentials => all
            .connections
            .get(&step.key)
            .map(|connection| connection.name.clone()),
        ThingKind::Credential => read::<SharedCredential>(record).map(|shared| shared.name),
        ThingKind::Trust => read::<TrustDecision>(record)
            .map(|decision| format!("{}:{}", decision.seen.host, decision.seen.port)),
    };
    found.unwrap_or_else(|| step.key.clone())
}

/// The fields a person may compare. A record that cannot be read has none.
fn fields(step: &Step, record: &Option<Box<RawValue>>) -> BTreeMap<String, Field> {
    match step.kind {
        ThingKind::Group => plain(read::<Group>(record).map(|group| {
            let mut fields = json!({
                "name": group.name, "parent_uid": group.parent, "credential": group.credential,
            });
            if let Some(fields) = fields.as_object_mut() {
                fields.extend(group.settings);
            }
            fields
        })),
        ThingKind::Connection => plain(read::<Connection>(record).and_then(|connection| {
            let mut view = serde_json::to_value(ConnectionView::from(&connection)).ok()?;
            let fields = view.as_object_mut()?;
            for key in FOLLOWING {
                fields.remove(key);
            }
            if let Some(Value::Object(settings)) = fields.remove("settings") {
                fields.extend(settings);
            }
            if let Some(used) = &connection.credential {
                fields.insert("credential_for".to_owned(), machine(&used.endpoint).into());
            }
            Some(view)
        })),
        ThingKind::Credentials => with_secrets(read::<StoredCredentials>(record)),
        ThingKind::Credential => {
            let shared = read::<SharedCredential>(record);
            let name = shared.as_ref().map(|shared| json!({ "name": shared.name }));
            let mut fields = with_secrets(shared);
            fields.extend(plain(name));
            fields
        }
        ThingKind::Trust => plain(read::<TrustDecision>(record).map(|decision| {
            json!({ "host": decision.seen.host, "port": decision.seen.port, "accepted": decision.accepted })
        })),
    }
}

fn with_secrets<T: HasSecrets>(stored: Option<T>) -> BTreeMap<String, Field> {
    let Some(stored) = stored else {
        return BTreeMap::new();
    };
    let field = |key: &str, value: &str, is_secret| {
        let value = Value::from(value);
        (key.to_owned(), Field { value, is_secret })
    };
    let plain = stored.plain().iter();
    let sealed = stored.secrets().into_iter();
    plain
        .map(|(key, value)| field(key, value, false))
        .chain(sealed.map(|secret| field(secret.key, secret.record, true)))
        .collect()
}

fn plain(view: Option<Value>) -> BTreeMap<String, Field> {
    match view {
        Some(Value::Object(fields)) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| {
                (
                    key,
                    Field {
                        value,
                        is_secret: false,
                    },
                )
            })
            .collect(),
        _ => BTreeMap::new(),
    }
}
