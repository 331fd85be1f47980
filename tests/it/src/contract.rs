//! The document a server tells of itself, and whether its answers keep to it.

use farwire_api::Api;
use farwire_api::request::{Body, Request};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// The most characters of a body in a message.
const MAX_SHOWN: usize = 400;

pub struct Contract {
    pub document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of the document.
pub struct Operation<'a> {
    pub name: String,
    pub value: &'a Value,
}

impl Contract {
    /// The contract of the server at this address, asked once: every server of a test run is of the same build.
    pub async fn of(server: &str) -> &'static Self {
        static CONTRACT: OnceCell<Contract> = OnceCell::const_new();
        let ask = || async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = client.get(format!("{server}/openapi.json")).send().await;
            Self::new(answer.unwrap().json().await.unwrap())
        };
        CONTRACT.get_or_init(ask).await
    }

    /// The contract of a surface that may have no address.
    pub async fn within(api: &Arc<Api>) -> Self {
        let asked = Request::of_window("GET", "/openapi.json", Vec::new());
        let Body::Bytes { bytes, .. } = api.handle(asked).await.body else {
            panic!("the document is text");
        };
        Self::new(serde_json::from_slice(&bytes).unwrap())
    }

    pub fn new(document: Value) -> Self {
        Self {
            document,
            validators: Mutex::default(),
        }
    }

    /// The operation a request asks for; `Err` says whether the path is there at all.
    pub fn operation(&self, method: &str, path: &str) -> Result<Operation<'_>, bool> {
        let path: Vec<_> = path.trim_matches('/').split('/').collect();
        let fits = |pattern: &str| {
            let parts: Vec<_> = pattern.trim_matches('/').split('/').collect();
            let mut pairs = parts.iter().zip(&path);
            parts.len() == path.len()
                && pairs.all(|(part, segment)| part.starts_with('{') || part == segment)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let mut fitting: Vec<_> = paths.iter().filter(|(pattern, _)| fits(pattern)).collect();
        fitting.sort_by_key(|(pattern, _)| pattern.contains('{'));
        for (pattern, item) in &fitting {
            let value = match method {
                "ACTION" => &item["additionalOperations"]["ACTION"],
                "HEAD" => &item["get"],
                _ => &item[method.to_lowercase()],
            };
            if !value.is_null() && method != method.to_lowercase() {
                let name = format!("{method} {pattern}");
                return Ok(Operation { name, value });
            }
        }
        Err(!fitting.is_empty())
    }

    /// A validator of a schema inside the document.
    pub fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let build = || {
            let mut whole = schema.clone();
            whole["components"] = self.document["components"].clone();
            Arc::new(jsonschema::validator_for(&whole).unwrap())
        };
        let known = validators.entry(schema.to_string()).or_insert_with(build);
        Arc::clone(known)
    }

    /// Fails when an answer is none that the document lists for this request.
    pub fn check(&self, method: &str, path: &str, status: u16, media_type: &str, body: &[u8]) {
        let (name, listed) = match self.operation(method, path) {
            Ok(operation) => {
                let answer = &operation.value["responses"][status.to_string()];
                (operation.name, answer.clone())
            }
            // The page's files are no part of the API.
            Err(_) if path == "/" || path.starts_with("/ui") => return,
            Err(is_there) => {
                // No operation at all: an error like every other.
                let expected: &[u16] = if is_there { &[405] } else { &[404] };
                let common = [400, 401, 403, 408, 413, 415, 421, 503];
                let is_listed = expected.contains(&status) || common.contains(&status);
                assert!(
                    is_listed,
                    "{method} {path}: {status} is no answer to what is not there"
                );
                let error = json!({ "$ref": "#/components/schemas/ErrorBody" });
                (
                    format!("{method} {path}"),
                    json!({ "content": { "application/json": { "schema": error } } }),
                )
            }
        };
        let shown = || {
            let text = String::from_utf8_lossy(body);
            text.chars().take(MAX_SHOWN).collect::<String>()
        };
        assert!(
            !listed.is_null(),
            "{name}: the document lists no {status}: {}",
            shown()
        );
        if method == "HEAD" || listed["content"].is_null() {
            return;
        }
        let content = &listed["content"][media_type];
        assert!(
            !content.is_null(),
            "{name}: the document lists no {media_type} for {status}"
        );
        if media_type == "application/json" {
            let value: Value = serde_json::from_slice(body).unwrap();
            let problem = self.problem(&content["schema"], &value);
            assert_eq!(problem, None, "{name} {status}: {}", shown());
        }
    }

    /// What is wrong with a value, if anything.
    pub fn problem(&self, schema: &Value, value: &Value) -> Option<String> {
        let validator = self.validator(schema);
        let mut errors = validator.iter_errors(value);
        errors.next().map(|error| {
            let text = format!("{}: {error}", error.instance_path());
            text.chars().take(MAX_SHOWN).collect()
        })
    }
}

#[test]
fn an_answer_that_is_not_listed_is_noticed() {
    let document = json!({
        "paths": { "/thing/{id}": { "get": { "responses": { "200": { "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Thing" } } } } } } } },
        "components": { "schemas": { "Thing": {
            "type": "object", "properties": { "a": { "type": "integer" } }, "additionalProperties": false } } },
    });
    let contract = Contract::new(document);
    let check = |status: u16, body: &'static str| {
        let check = || {
            contract.check(
                "GET",
                "/thing/7/",
                status,
                "application/json",
                body.as_bytes(),
            )
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_ok()
    };
    assert!(check(200, r#"{"a": 1}"#));
    assert!(!check(200, r#"{"a": "1"}"#));
    assert!(!check(200, r#"{"a": 1, "b": 2}"#));
    assert!(!check(202, r#"{"a": 1}"#));
}
