//! A stored password leaves for the clipboard of a person who proves himself, and for nobody else.

use crate::app::App;
use crate::contract::Contract;
use crate::decision::Scene;
use crate::xvnc::PASSWORD;
use farwire_api::request::{Body, Request};
use farwire_model::token::Scope;
use serde_json::{Value, json};

const PASSPHRASE: &str = "a passphrase for tests";

fn proof() -> Value {
    json!({ "passphrase": PASSPHRASE })
}

fn copy_of(uid: &str) -> String {
    format!("/connection/{uid}/credentials/copy")
}

impl App {
    /// Signs a browser page in; answers its token.
    async fn page(&self) -> String {
        let body = json!({ "code": self.api.codes.issue() });
        let asking = self.request("PUT", "/ui/signin").json(&body);
        let signed: Value = asking.send().await.unwrap().json().await.unwrap();
        signed["token"].as_str().unwrap().to_owned()
    }

    async fn is_refused(&self, token: &str, path: &str, body: Value, expected: (u16, &str)) {
        let (status, answer) = self.call_as(token, "ACTION", path, body.clone()).await;
        let property = answer["property"].as_str().unwrap_or_default();
        assert_eq!((status.as_u16(), property), expected, "{body}: {answer}");
        assert!(!answer.to_string().contains(PASSWORD), "{answer}");
        assert!(!answer.to_string().contains(PASSPHRASE), "{answer}");
    }

    async fn is_handed_out(&self, token: &str, path: &str, body: Value) {
        let (status, answer) = self.call_as(token, "ACTION", path, body).await;
        assert_eq!(status, 200, "{answer}");
        let expected = json!({ "password": PASSWORD, "clear_after_secs": 30 });
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_person_gets_a_password_by_a_proof_for_each() {
    let app = App::start().await;
    let (page, other) = (app.page().await, app.page().await);
    let uid = app.vnc(5999, Some(PASSWORD)).await;
    let made = json!({"name": "hall", "username": "op", "password": PASSWORD});
    let shared = app.ok("PUT", "/credential", made).await;
    let shared = shared["credential_uid"].as_str().unwrap();
    for path in [copy_of(&uid), format!("/credential/{shared}/copy")] {
        for (body, expected) in [
            (Value::Null, (403, "passphrase")),
            (json!({}), (403, "passphrase")),
            (json!({"passphrase": null}), (400, "passphrase")),
            (json!({"passphrase": ""}), (403, "passphrase")),
            (
                json!({"passphrase": "A passphrase for tests"}),
                (403, "passphrase"),
            ),
            (json!({"passphrase": 1}), (400, "passphrase")),
            (json!({"proof": PASSPHRASE}), (400, "proof")),
        ] {
            app.is_refused(&page, &path, body, expected).await;
        }
        app.is_handed_out(&page, &path, proof()).await;
        // Neither he nor anybody else can build on it.
        for page in [&page, &other] {
            app.is_refused(page, &path, Value::Null, (403, "passphrase"))
                .await;
        }
        let asking = app.request("ACTION", &path).bearer_auth(&page);
        let answer = asking.json(&proof()).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_token_needs_the_scope_whatever_it_knows() {
    let app = App::start().await;
    let path = copy_of(&app.vnc(5999, Some(PASSWORD)).await);
    for body in [Value::Null, proof()] {
        app.is_refused(&app.token, &path, body.clone(), (403, "reveal"))
            .await;
        let reveal = app.token_with(&[Scope::Reveal]).await;
        app.is_handed_out(&reveal, &path, body).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn the_window_has_to_prove_who_sits_before_it() {
    let app = App::start().await;
    let path = copy_of(&app.vnc(5999, Some(PASSWORD)).await);
    for (body, expected) in [
        (json!({}), 403),
        (json!({"passphrase": "x"}), 403),
        (proof(), 200),
    ] {
        let request = Request::of_window("ACTION", &path, body.to_string());
        let response = app.api.handle(request).await;
        assert_eq!(response.status, expected, "{body}");
        let Body::Json(text) = response.body else {
            panic!("no JSON")
        };
        let contract = Contract::within(&app.api).await;
        contract.check("ACTION", &path, expected, "application/json", &text);
        let is_told = String::from_utf8(text).unwrap().contains(PASSWORD);
        assert_eq!(is_told, expected == 200, "{body}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_locked_vault_is_unlocked_first() {
    let app = App::start().await;
    let page = app.page().await;
    let reveal = app.token_with(&[Scope::Reveal]).await;
    let path = copy_of(&app.vnc(5999, Some(PASSWORD)).await);
    app.ok("ACTION", "/vault/lock", Value::Null).await;
    for (token, body) in [
        (&page, proof()),
        (&page, json!({"passphrase": "x"})),
        (&page, Value::Null),
        (&reveal, Value::Null),
    ] {
        app.is_refused(token, &path, body, (409, "vault")).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_sent_to_a_machine_is_not_handed_out_as_its_password() {
    let scene = Scene::start().await;
    let (app, page) = (&scene.app, scene.app.page().await);
    let kept = (409, "credentials");
    let none = app.vnc(5999, None).await;
    app.is_refused(&page, &copy_of(&none), proof(), kept).await;
    // It was stored for another machine.
    let moved = app.vnc(5999, Some(PASSWORD)).await;
    app.is_handed_out(&page, &copy_of(&moved), proof()).await;
    scene.put(&moved, json!({"host": "127.0.0.2"})).await;
    app.is_refused(&page, &copy_of(&moved), proof(), kept).await;
    // Somebody who may not read the plant's password put a machine of his own among the others.
    let inside = json!({"category_uid": scene.plant});
    let placed = scene.save(&app.token, "127.0.0.1", inside).await;
    app.is_refused(&page, &copy_of(&placed), proof(), kept)
        .await;
    let path = format!("/connection/{placed}");
    let decided = app
        .call_as(&page, "PUT", &path, json!({"credential": null}))
        .await;
    assert_eq!(decided.0, 200);
    app.is_handed_out(&page, &copy_of(&placed), proof()).await;
    scene.app.stop().await;
}

#[tokio::test]
async fn the_audit_says_who_took_a_password_and_who_tried() {
    let app = App::start().await;
    let page = app.page().await;
    let path = copy_of(&app.vnc(5999, Some(PASSWORD)).await);
    app.is_refused(
        &page,
        &path,
        json!({"passphrase": "x"}),
        (403, "passphrase"),
    )
    .await;
    app.is_handed_out(&page, &path, proof()).await;
    app.is_refused(&app.token, &path, proof(), (403, "reveal"))
        .await;
    let audit = app.ok("GET", "/audit?limit=3", Value::Null).await;
    let told = audit.as_array().unwrap().iter().rev().map(|line| {
        assert_eq!(
            (&line["method"], &line["path"]),
            (&json!("ACTION"), &json!(path))
        );
        (line["who"].clone(), line["status"].clone())
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told[0], (json!("page"), json!(403)));
    assert_eq!(told[1], (json!("page"), json!(200)));
    assert_eq!(told[2].1, json!(403));
    let everything = audit.to_string() + &app.ok("GET", "/history", Value::Null).await.to_string();
    for secret in [PASSWORD, PASSPHRASE] {
        assert!(!everything.contains(secret));
    }
    app.stop().await;
}
