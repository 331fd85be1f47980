//! The document of all routes.

use crate::app::App;
use crate::client::Client;
use farwire_api::native::ROUTES;
use farwire_api::route::{Access, Effect};
use serde_json::Value;

async fn document(app: &App, path: &str) -> Value {
    // It holds no secret: nobody needs a token for it.
    let answer = app.request("GET", path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn the_document_names_every_route_with_its_scope() {
    let app = App::start().await;
    let (whole, twin) = (
        document(&app, "/openapi.json").await,
        document(&app, "/openapi.json?twin=post").await,
    );
    assert_eq!(
        (whole["openapi"].as_str(), twin["openapi"].as_str()),
        (Some("3.2.0"), Some("3.1.0"))
    );
    // The POST that stands for it is a route of its own for who reads the document.
    let actions = ROUTES
        .iter()
        .filter(|route| route.method == "ACTION")
        .count();
    let count = |document: &Value| -> usize {
        let items = document["paths"].as_object().unwrap().values();
        items
            .map(|item| {
                let more = item["additionalOperations"].as_object();
                let usual = item.as_object().unwrap().keys();
                usual.filter(|key| *key != "additionalOperations").count()
                    + more.map_or(0, serde_json::Map::len)
            })
            .sum()
    };
    assert_eq!(
        (count(&whole), count(&twin)),
        (ROUTES.len() + actions, ROUTES.len())
    );
    for route in ROUTES {
        let (item, other) = (
            &whole["paths"][route.pattern],
            &twin["paths"][route.pattern],
        );
        let (operation, other) = match route.method {
            "ACTION" => (&item["additionalOperations"]["ACTION"], &other["post"]),
            method => (&item[method.to_lowercase()], &other[method.to_lowercase()]),
        };
        let name = format!("{} {}", route.method, route.pattern);
        let scope = match route.access {
            Access::Open => Value::Null,
            Access::Scope(scope) => Value::from(scope.as_str()),
            Access::Proof => Value::from("reveal"),
        };
        assert_eq!(operation["x-scope"], scope, "{name}");
        assert_eq!(operation["summary"], route.doc, "{name}");
        assert_eq!(operation["responses"], other["responses"], "{name}");
        let is_action = other["x-method"] == "ACTION";
        assert_eq!(is_action, route.method == "ACTION", "{name}");
        assert!(!is_action || item["post"] == *other, "{name}");
    }
    app.stop().await;
}

#[tokio::test]
async fn every_object_of_the_document_is_closed() {
    fn open(value: &Value, place: &str, found: &mut Vec<String>) {
        let more = &value["additionalProperties"];
        if value["type"] == "object" && (more.is_null() || *more == true) {
            found.push(place.to_owned());
        }
        let inside: Vec<_> = match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), value))
                .collect(),
            Value::Array(items) => items.iter().map(|item| ("*".to_owned(), item)).collect(),
            _ => Vec::new(),
        };
        for (key, value) in inside {
            open(value, &format!("{place}/{key}"), found);
        }
    }
    let app = App::start().await;
    let mut found = Vec::new();
    open(&document(&app, "/openapi.json").await, "", &mut found);
    // PrivX's commands of files carry whatever keys their clients send, and a document of all documents would be endless.
    let itself = "/paths//openapi.json/get/responses/200/content/application/json/schema";
    assert_eq!(found, ["/components/schemas/Command2", itself]);
    app.stop().await;
}

#[tokio::test]
async fn the_document_keeps_strangers_out_like_every_route() {
    let app = App::start().await;
    let foreign = Client::new(app.server.url());
    let answer = foreign.request("GET", "/openapi.json");
    let answer = answer.header("origin", "https://evil.example").send().await;
    assert_eq!(answer.unwrap().status(), 403);
    app.stop().await;
}

#[test]
fn what_changes_saved_things_says_so() {
    for route in ROUTES {
        let is_read = route.method == "GET";
        assert_eq!(
            route.effect == Effect::Reads,
            is_read,
            "{} {}",
            route.method,
            route.pattern
        );
    }
}
