//! The document of all routes: OpenAPI, written from the route table and the handlers' types.
//!
//! ACTION is a verb of our own. OpenAPI 3.2 has a place for it (`additionalOperations`); the POST that is accepted wherever
//! ACTION is stands beside it. For tools that cannot read that there is a twin in OpenAPI 3.1, with POST only.

use crate::answer::Form;
use crate::dispatch::DRY_RUN;
use crate::route::{Access, Described, Effect, Route};
use farwire_model::error::ErrorBody;
use farwire_model::history::DryRun;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// OpenAPI 3.2, with every verb.
    Whole,
    /// OpenAPI 3.1, without ACTION.
    Post,
}

/// The document of a route table.
pub fn document<'a>(routes: impl IntoIterator<Item = &'a Route>, variant: Variant) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let error = generator.subschema_for::<ErrorBody>();
    let mut paths: BTreeMap<_, Map<_, _>> = BTreeMap::new();
    for route in routes {
        let mut operation = operation(route, &error, &mut generator);
        let item = paths.entry(route.pattern).or_default();
        let mut verb = route.method.to_ascii_lowercase();
        if route.method == "ACTION" {
            if variant == Variant::Whole {
                item.insert(
                    "additionalOperations".to_owned(),
                    json!({ "ACTION": operation.clone() }),
                );
            }
            verb = "post".to_owned();
            operation.insert("operationId".to_owned(), json!(operation_id(route, &verb)));
            operation.insert("x-method".to_owned(), json!("ACTION"));
        }
        item.insert(verb, Value::Object(operation));
    }
    let (mut paths, mut schemas) = (json!(paths), json!(generator.take_definitions(true)));
    close(&mut paths);
    close(&mut schemas);
    json!({
        "openapi": match variant { Variant::Whole => "3.2.0", Variant::Post => "3.1.0" },
        "info": {
            "title": "Farwire",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Saved connections, credentials and live sessions of one computer. POST is accepted wherever ACTION is, HEAD wherever GET is.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token, made in the window or by `farwired token new`.",
                },
            },
        },
    })
}

/// Closes every object: a key that is not written down is never there, neither in bodies nor in answers.
fn close(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let is_object = map.get("type").is_some_and(|kind| kind == "object");
            if is_object && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn operation(route: &Route, error: &Schema, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let Described {
        query,
        body,
        answer,
    } = (route.describe)(generator);
    let mut parameters = path_parameters(route.pattern);
    parameters.extend(query_parameters(query.as_value()));
    if route.effect.is_saving() {
        parameters.push(dry_run());
    }
    parameters.extend(headers(route.effect));
    let is_saving = route.effect.is_saving();
    let dry_run = is_saving.then(|| generator.subschema_for::<DryRun>());
    let mut operation = Map::new();
    let mut say = |key: &str, value| operation.insert(key.to_owned(), value);
    say("operationId", json!(operation_id(route, route.method)));
    say("summary", json!(route.doc));
    say("parameters", Value::Array(parameters));
    say("responses", responses(route, &answer, error, dry_run));
    match route.access.scope() {
        None => {
            say("security", json!([]));
        }
        Some(scope) => {
            say("security", json!([{ "token": [scope] }]));
            say("x-scope", json!(scope));
        }
    }
    if route.takes_bytes {
        let schema = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        let content = json!({ "*/*": { "schema": schema } });
        say(
            "requestBody",
            json!({ "required": false, "content": content }),
        );
    }
    if let Some(body) = body {
        let is_required = is_needed(generator.definitions(), body.as_value());
        let content = json!({ "application/json": { "schema": body } });
        say(
            "requestBody",
            json!({ "required": is_required, "content": content }),
        );
    }
    operation
}

/// `connection_uid_connect` for `ACTION /connection/{uid}/connect`, with the verb before it.
fn operation_id(route: &Route, verb: &str) -> String {
    let words = route.pattern.split(['/', '{', '}', '.']);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    format!("{}_{}", verb.to_ascii_lowercase(), words.join("_"))
}

fn path_parameters(pattern: &str) -> Vec<Value> {
    let parts = pattern.split('/');
    let names = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": { "type": "string", "minLength": 1 },
        })
    };
    names.map(parameter).collect()
}

fn query_parameters(query: &Value) -> Vec<Value> {
    let properties = query["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let described = schema.as_object_mut();
        let description = described.and_then(|schema| schema.remove("description"));
        let required = query["required"].as_array();
        json!({
            "name": name,
            "in": "query",
            "description": description.unwrap_or_default(),
            "required": required.is_some_and(|keys| keys.iter().any(|key| key == name)),
            "schema": schema,
        })
    };
    properties.map(parameter).collect()
}

/// The headers that mean something here.
fn headers(effect: Effect) -> Vec<Value> {
    let header = |name, description, pattern: &str| {
        json!({
            "name": name,
            "in": "header",
            "description": description,
            "schema": { "type": "string", "pattern": pattern },
        })
    };
    let mut headers = Vec::new();
    if effect != Effect::Reads {
        headers.push(header(
            "Farwire-Run",
            "A name for what a script does in one go, by which it can be found and taken back. It stands in a path then: it has no slash and begins with no dot.",
            RUN_NAME,
        ));
    }
    if effect == Effect::Changes {
        headers.push(header(
            "If-Match",
            "The revision the caller knows: when the thing has another one, nothing is changed.",
            r#"^(\*|"(0|[1-9][0-9]{0,17})"|(0|[1-9][0-9]{0,17}))$"#,
        ));
    }
    if effect == Effect::Creates {
        headers.push(header(
            "Idempotency-Key",
            "Asked again with the same key within 24 hours, the answer is the same and nothing more is made.",
            VISIBLE,
        ));
    }
    headers
}

/// What can stand in a header, at a length that is taken.
const VISIBLE: &str = "^[!-~]([ -~]{0,198}[!-~])?$";

/// The same without slashes, and with no dot at its beginning.
const RUN_NAME: &str = "^[!--0-~]([ -.0-~]{0,198}[!-.0-~])?$";

/// The key that asks for what would change.
fn dry_run() -> Value {
    json!({
        "name": DRY_RUN,
        "in": "query",
        "description": "Answers what would change, and changes nothing.",
        "required": false,
        "schema": { "type": "string", "enum": ["1", "0", "true", "false", ""] },
    })
}

/// Whether a body may not be left out: a key is required, or a rule between keys asks for one.
fn is_needed(schemas: &Map<String, Value>, body: &Value) -> bool {
    let name = body["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    let schema = name.and_then(|name| schemas.get(name)).unwrap_or(body);
    let required = schema["required"].as_array();
    required.is_some_and(|keys| !keys.is_empty()) || !schema["anyOf"].is_null()
}

fn responses(route: &Route, answer: &Form, error: &Schema, dry_run: Option<Schema>) -> Value {
    let mut responses = Map::new();
    let (status, answered) = match answer {
        Form::Json(schema) => {
            let content = match dry_run {
                Some(dry_run) => {
                    json!({ "application/json": { "schema": { "anyOf": [schema, dry_run] } } })
                }
                None => json!({ "application/json": { "schema": schema } }),
            };
            (
                "200",
                json!({ "description": "It worked.", "content": content }),
            )
        }
        Form::Bytes(media_types) => {
            let content = media_types.iter().map(|media_type| {
                let schema = json!({ "type": "string", "contentMediaType": media_type });
                ((*media_type).to_owned(), json!({ "schema": schema }))
            });
            let content: Map<_, _> = content.collect();
            (
                "200",
                json!({ "description": "The file.", "content": content }),
            )
        }
        Form::Nothing => ("200", json!({ "description": "It worked." })),
        Form::File => {
            let bytes =
                |media_type: &str| json!({ "type": "string", "contentMediaType": media_type });
            let whole = "application/octet-stream";
            let parts = "multipart/byteranges";
            let content = json!({
                whole: { "schema": bytes(whole) },
                parts: { "schema": bytes(parts) },
            });
            let answered =
                json!({ "description": "The parts that were asked for.", "content": content });
            responses.insert("206".to_owned(), answered);
            let content = json!({ whole: { "schema": bytes(whole) } });
            (
                "200",
                json!({ "description": "The file.", "content": content }),
            )
        }
        Form::Socket => (
            "101",
            json!({ "description": "The connection is a WebSocket now." }),
        ),
    };
    responses.insert(status.to_owned(), answered);
    for status in refusals(route) {
        let content = json!({ "application/json": { "schema": error } });
        let mut refused = json!({ "description": meaning(status), "content": content });
        if status == 431 {
            // The head could not be read, so nothing is said in JSON.
            refused = json!({ "description": meaning(status) });
        }
        responses.insert(status.to_string(), refused);
    }
    Value::Object(responses)
}

/// What a route may answer besides success, in order.
pub fn refusals(route: &Route) -> Vec<u16> {
    let mut statuses = vec![400, 403, 408, 413, 415, 421, 431, 500, 503];
    if route.access != Access::Open {
        statuses.push(401);
    }
    if route.pattern.contains('{') {
        statuses.push(404);
    }
    if route.effect == Effect::Changes {
        statuses.push(412);
    }
    if route.effect == Effect::Creates {
        // An Idempotency-Key that was used for another request.
        statuses.push(409);
    }
    statuses.extend(route.refuses);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be understood: `property` names the key.",
        401 => "There is no valid token.",
        403 => "The token lacks a scope, or a page of another origin asked.",
        404 => "There is no such thing.",
        408 => "The request did not arrive in time.",
        409 => "It cannot be done now: `property` names what stands in the way.",
        412 => "The revision in If-Match is old.",
        413 => "The body is too large.",
        416 => "The file has none of the bytes that were asked for.",
        415 => "The body is not said to be JSON.",
        421 => "The Host is no name of this computer's loopback.",
        426 => "This is a WebSocket, and was not opened as one.",
        424 => "The remote machine failed: `property` names the stage.",
        431 => "The head of the request is too large.",
        503 => "Too much is going on.",
        _ => "Something in Farwire failed.",
    }
}
