//! Bodies are taken exactly as the document says: every key of every route, with right and wrong values of every kind.

use crate::app::App;
use crate::contract::Contract;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// What only the state of things can say: the key, and the code the server refuses a well-formed value with.
const BEYOND_A_SCHEMA: [(&str, &str); 20] = [
    // Names a saved thing, which must be there.
    ("category_uid", "INVALID_REQUEST_DATA"),
    ("parent_uid", "INVALID_REQUEST_DATA"),
    ("via", "INVALID_REQUEST_DATA"),
    ("credential", "INVALID_REQUEST_DATA"),
    ("from.uid", "INVALID_REQUEST_DATA"),
    ("to.uid", "INVALID_REQUEST_DATA"),
    // Its length counts bytes; on this computer it is absolute.
    ("path", "VALUE_INCORRECT_FORMAT"),
    ("from.path", "VALUE_INCORRECT_FORMAT"),
    ("to.path", "VALUE_INCORRECT_FORMAT"),
    // The document names these forms and no pattern: addresses and key names are too many.
    ("host", "VALUE_INCORRECT_FORMAT"),
    ("keys", "INVALID_REQUEST_DATA"),
    ("listen", "VALUE_INCORRECT_FORMAT"),
    ("to", "VALUE_INCORRECT_FORMAT"),
    ("ssh.tunnels", "VALUE_INCORRECT_FORMAT"),
    ("ssh.jump", "VALUE_INCORRECT_FORMAT"),
    ("ssh.config", "VALUE_INCORRECT_FORMAT"),
    ("address", "VALUE_INCORRECT_FORMAT"),
    // Goes with the kind of tunnel.
    ("to", "INVALID_REQUEST_DATA"),
    // Only RDP sessions have the choice.
    ("codec", "INVALID_REQUEST_DATA"),
    // Lies in the future.
    ("expires", "VALUE_OUT_OF_BOUNDS"),
];

/// A saved SSH connection, once there is one.
static SSH: OnceLock<String> = OnceLock::new();

/// Right values of keys that must be there.
fn right(key: &str) -> Value {
    match key {
        "name" | "code" | "text" | "passphrase" => json!("x"),
        "host" => json!("127.0.0.1"),
        "port" => json!(1024),
        "permissions" => json!(0o644),
        "was" => json!("0".repeat(64)),
        "fingerprint" => json!(format!("SHA256:{}", "a".repeat(43))),
        "scopes" => json!(["read"]),
        "x" | "y" | "width" | "height" => json!(1),
        "session_id" => json!("s_none"),
        "command" => json!("true"),
        "answers" => json!(["x"]),
        "uid" => json!(SSH.get().unwrap()),
        "address" => json!("web"),
        "kind" => json!("dynamic"),
        "listen" => json!("0"),
        "path" => json!("/no-such-folder/file"),
        _ => panic!("say here what is right for {key}"),
    }
}

/// The smallest body a schema takes.
fn smallest(contract: &Contract, schema: &Value) -> Map<String, Value> {
    let schema = resolved(contract, schema);
    let one_of = schema["anyOf"][0]["required"].as_array();
    let needed = schema["required"].as_array().into_iter().chain(one_of);
    needed
        .flatten()
        .map(|key| {
            let key = key.as_str().unwrap();
            let kind = resolved(contract, &schema["properties"][key]);
            let value = match kind["type"] == "object" {
                true => Value::Object(smallest(contract, kind)),
                false => right(key),
            };
            (key.to_owned(), value)
        })
        .collect()
}

fn resolved<'a>(contract: &'a Contract, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => contract.document.pointer(&path[1..]).unwrap(),
        None => schema,
    }
}

/// Values of every kind, and those at the schema's own bounds.
fn candidates(contract: &Contract, schema: &Value) -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(1.0),
        json!(-1),
        json!(1.5),
        json!(65_535),
        json!(65_536),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("x"),
        json!("a\nb"),
        json!("x\n"),
        json!("ü \u{2028}"),
        json!([]),
        json!(["x"]),
        json!([1]),
        json!({}),
        json!({ "no such key": 1 }),
    ];
    bounds(contract, schema, &mut values);
    values
}

fn bounds(contract: &Contract, schema: &Value, values: &mut Vec<Value>) {
    let schema = resolved(contract, schema);
    for key in ["anyOf", "oneOf"] {
        for inner in schema[key].as_array().into_iter().flatten() {
            bounds(contract, inner, values);
        }
    }
    for bound in ["minimum", "maximum"] {
        if let Some(bound) = schema[bound].as_i64() {
            values.extend([bound - 1, bound, bound + 1].map(Value::from));
        }
    }
    if let Some(most) = schema["maxLength"].as_u64() {
        let most = usize::try_from(most).unwrap();
        values.extend([most, most + 1].map(|length| json!("ü".repeat(length))));
    }
    let words = schema["enum"].as_array().into_iter().flatten();
    values.extend(words.chain(schema.get("const")).cloned());
    if !schema["items"].is_null() {
        let mut items = Vec::new();
        bounds(contract, &schema["items"], &mut items);
        values.extend(items.into_iter().map(|item| json!([item])));
        let most = schema["maxItems"].as_u64().unwrap_or(0);
        values.extend(
            [most, most + 1].map(|count| (0..count).map(|item| item.to_string()).collect()),
        );
    }
}

/// Whether a value has a type that the schema knows.
fn has_type(contract: &Contract, schema: &Value, value: &Value) -> bool {
    let schema = resolved(contract, schema);
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().unwrap().fract() == 0.0 => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let inside = ["anyOf", "oneOf"].iter().any(|key| {
        let inner = schema[*key].as_array();
        inner.is_some_and(|inner| inner.iter().any(|inner| has_type(contract, inner, value)))
    });
    let types = &schema["type"];
    inside
        || types == name
        || types
            .as_array()
            .is_some_and(|types| types.contains(&json!(name)))
}

struct Target<'a> {
    app: &'a App,
    contract: &'a Contract,
    method: String,
    path: String,
    schema: &'a Value,
}

impl Target<'_> {
    /// Sends a body: what the server says of it is what the document says of it. Answers the server's error, if it is one
    /// about the body.
    async fn send(&self, body: &Map<String, Value>, key: &str) -> Option<Value> {
        let body = Value::Object(body.clone());
        let problem = self.contract.problem(self.schema, &body);
        let (status, answer) = self.app.call(&self.method, &self.path, body.clone()).await;
        let is_refused = status == 400;
        let property = answer["property"].as_str().unwrap_or_default().to_owned();
        let is_beyond = BEYOND_A_SCHEMA
            .iter()
            .any(|(known, code)| property == *known && answer["error_code"] == *code);
        // A credential of another protocol than the connection's.
        let message = answer["error_message"].as_str().unwrap_or_default();
        let is_foreign = message.contains("is no credential of");
        let is_explained = problem.is_some() || is_beyond || is_foreign;
        let mut shown = body.to_string();
        shown.truncate(shown.floor_char_boundary(300));
        assert!(
            problem.is_none() && !is_refused || is_refused && is_explained,
            "{} {} {key}: the document says {problem:?}, the server {status} {answer}: {shown}",
            self.method,
            self.path,
        );
        (problem.is_some()).then_some(answer)
    }

    /// Every key of an object that lies at `place` in the body.
    async fn check_keys(&self, schema: &Value, place: &[&str]) {
        let schema = resolved(self.contract, schema);
        let mut base = smallest(self.contract, schema);
        let whole = |inner: &Map<String, Value>| match place {
            [] => inner.clone(),
            [key] => {
                let mut outer = smallest(self.contract, self.schema);
                outer.insert((*key).to_owned(), Value::Object(inner.clone()));
                outer
            }
            _ => panic!("no body nests deeper yet"),
        };
        let prefix: String = place.iter().map(|key| format!("{key}.")).collect();
        base.insert("no-such-key".to_owned(), json!(1));
        let refused = self.send(&whole(&base), "no-such-key").await.unwrap();
        let named = format!("{prefix}no-such-key");
        assert_eq!(
            (refused["error_code"].as_str(), refused["property"].as_str()),
            (Some("INVALID_REQUEST_DATA"), Some(named.as_str()))
        );
        base.remove("no-such-key");
        for key in base.keys() {
            let mut without = base.clone();
            without.remove(key);
            if let Some(refused) = self.send(&whole(&without), key).await {
                assert_eq!(
                    refused["error_code"], "REQUIRED_VALUE_MISSING",
                    "{prefix}{key}"
                );
                assert_eq!(refused["property"], format!("{prefix}{key}"));
            }
        }
        for (key, values) in schema["properties"].as_object().unwrap() {
            let name = format!("{prefix}{key}");
            for value in candidates(self.contract, values) {
                let mut body = base.clone();
                body.insert(key.clone(), value.clone());
                // One side of a picture alone is another mistake.
                if let Some(other) = schema["dependentRequired"][key][0].as_str() {
                    body.insert(other.to_owned(), right(other));
                }
                let Some(refused) = self.send(&whole(&body), &name).await else {
                    continue;
                };
                let property = refused["property"].as_str().unwrap();
                // A credential is named as it is everywhere, also inside `credentials`.
                let is_named = property.starts_with(&name) || property == key;
                assert!(is_named, "{name}: {refused}");
                let is_of_type = has_type(self.contract, values, &value);
                // Inside a list or an object it is another key's mistake; half a number is either.
                let is_either = value.is_array() || value.is_object() || value == 1.5;
                if !is_either {
                    let is_type_wrong = refused["error_code"] == "VALUE_INCORRECT_TYPE";
                    assert_eq!(is_type_wrong, !is_of_type, "{name} {value}: {refused}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_key_of_every_body_is_taken_as_the_document_says() {
    let app = App::with_every_scope().await;
    let contract = Contract::of(&app.server.url()).await;
    let group = app.ok("PUT", "/group", json!({ "name": "x" })).await;
    let shared = app.ok("PUT", "/credential", json!({ "name": "x" })).await;
    // Nobody listens there: sessions fail at once.
    let uid = app.vnc(1, None).await;
    let ssh = json!({ "name": "x", "protocol": "SSH", "host": "127.0.0.1", "port": 1 });
    let ssh = app.connection(ssh).await;
    SSH.set(ssh.clone()).unwrap();
    let opened = app
        .ok("ACTION", &format!("/connection/{uid}/connect"), Value::Null)
        .await;
    // It fails, because there is no such file, and can be tried again as often as one likes.
    let place = json!({ "path": "/no-such-folder/file" });
    let copy = json!({ "from": place, "to": place });
    let copy = app.ok("PUT", "/transfer", copy).await;
    let mut seen = 0;
    for route in farwire_api::native::ROUTES {
        let operation = contract.operation(route.method, route.pattern);
        let Ok(operation) = operation else {
            panic!("{} is not in the document", route.pattern);
        };
        let schema = &operation.value["requestBody"]["content"]["application/json"]["schema"];
        // The files dialect needs a machine: its own tests have one.
        if schema.is_null() || route.pattern.starts_with("/ssh-proxy/") {
            continue;
        }
        let needs_ssh = route.pattern.ends_with("/terminal") || route.pattern.ends_with("/exec");
        let path = route
            .pattern
            .replace("{group_uid}", group["group_uid"].as_str().unwrap())
            .replace("{uid}", if needs_ssh { &ssh } else { &uid })
            .replace(
                "{credential_uid}",
                shared["credential_uid"].as_str().unwrap(),
            )
            .replace("{session_id}", opened["session_id"].as_str().unwrap())
            .replace("{transfer_id}", copy["transfer_id"].as_str().unwrap());
        assert!(!path.contains('{'), "say here what stands in {path}");
        let target = Target {
            app: &app,
            contract,
            method: route.method.to_owned(),
            path,
            schema,
        };
        target.check_keys(schema, &[]).await;
        let properties = resolved(contract, schema)["properties"]
            .as_object()
            .unwrap();
        for (key, inner) in properties {
            let inner = resolved(contract, inner);
            if inner["type"] == "object" {
                target.check_keys(inner, &[key]).await;
            }
        }
        seen += 1;
    }
    assert!(seen > 10, "{seen} routes have a body");
    app.stop().await;
}
