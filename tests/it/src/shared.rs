//! Shared credentials: saved once, used by many connections, and sent to no machine that was not decided for.

use crate::app::{App, until};
use crate::xvnc::{PASSWORD, Xvnc};
use farwire_model::event::{EventAction, EventKind};
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;

impl App {
    /// Saved shared credentials.
    pub async fn shared(&self, body: Value) -> String {
        let made = self.ok("PUT", "/credential", body).await;
        made["credential_uid"].as_str().unwrap().to_owned()
    }

    /// Status and `property` of a refusal.
    pub async fn refusal(
        &self,
        token: &str,
        (method, path): (&str, &str),
        body: Value,
    ) -> (u16, String) {
        let (status, answer) = self.call_as(token, method, path, body).await;
        let property = answer["property"].as_str().unwrap_or_default();
        (status.as_u16(), property.to_owned())
    }
}

pub fn refused(status: u16, property: &str) -> (u16, String) {
    (status, property.to_owned())
}

/// Fails when somebody calls.
async fn assert_silent(listener: &TcpListener) {
    let called = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
    assert!(called.is_err(), "nothing was to be sent at all");
}

#[tokio::test]
async fn machines_are_opened_with_shared_credentials_and_their_own_win() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let shared = app
        .shared(json!({"name": "desks", "password": PASSWORD}))
        .await;
    let uid = app
        .connection(
            json!({"name": "desk", "host": "127.0.0.1", "port": desk.port, "credential": shared}),
        )
        .await;
    let path = format!("/connection/{uid}");
    assert_eq!(
        app.ok("GET", &path, Value::Null).await["credential"],
        shared.as_str()
    );
    app.open(&uid).await;
    // A password of its own goes first, and gives way when it is deleted.
    let credentials = format!("{path}/credentials");
    let connect = format!("{path}/connect?wait=1");
    app.ok("PUT", &credentials, json!({"vnc.password": "wrong"}))
        .await;
    let open = ("ACTION", connect.as_str());
    let wrong = app.refusal(&app.token, open, Value::Null).await;
    assert_eq!(wrong, refused(424, "auth"));
    app.ok("PUT", &credentials, json!({"vnc.password": null}))
        .await;
    app.open(&uid).await;
    // Changed once, changed for everybody.
    let credential = format!("/credential/{shared}");
    app.ok("PUT", &credential, json!({"password": "changed"}))
        .await;
    let changed = app.refusal(&app.token, open, Value::Null).await;
    assert_eq!(changed, refused(424, "auth"));
    app.ok("PUT", &credential, json!({"password": PASSWORD}))
        .await;
    app.ok("ACTION", &format!("{path}/disconnect"), Value::Null)
        .await;
    // Under another master key too.
    let body = json!({"passphrase": "a passphrase for tests"});
    let rotated = app.ok("ACTION", "/vault/rotate", body).await;
    assert_eq!(rotated["secrets"], 1, "{rotated}");
    let app = app.restart().await;
    app.open(&uid).await;
    app.stop().await;
}

#[tokio::test]
async fn who_may_only_write_turns_shared_credentials_to_no_other_machine() {
    // The machine an intruder listens on.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let writer = app
        .token_with(&[Scope::Read, Scope::Write, Scope::Connect])
        .await;
    let plain = app
        .connection(json!({"name": "mine", "host": "127.0.0.1", "port": port}))
        .await;
    // Choosing needs more than writing, whatever is chosen.
    let path = format!("/connection/{plain}");
    for credential in [json!(shared), json!("k_none"), Value::Null] {
        for (path, body) in [
            (path.as_str(), json!({"credential": credential})),
            (
                "/connection",
                json!({"name": "new", "credential": credential}),
            ),
            (
                "/connection?dry_run=1",
                json!({"name": "new", "credential": credential}),
            ),
        ] {
            let answer = app.refusal(&writer, ("PUT", path), body).await;
            assert_eq!(answer, refused(403, "credentials"), "{path} {credential}");
        }
    }
    let unknown = json!({"credential": "k_none"});
    let answer = app.refusal(&app.token, ("PUT", &path), unknown).await;
    assert_eq!(answer, refused(400, "credential"));

    let there = json!({"name": "desk", "host": "desk.example", "port": 5999, "credential": shared});
    let shell = app
        .connection(json!({"name": "shell", "protocol": "SSH", "host": "127.0.0.1"}))
        .await;
    for change in [
        json!({"host": "127.0.0.1", "port": port}),
        json!({"port": port}),
        json!({"protocol": "APPLE", "host": "127.0.0.1", "port": port}),
    ] {
        let uid = app.connection(there.clone()).await;
        let path = format!("/connection/{uid}");
        let (status, _) = app.call_as(&writer, "PUT", &path, change.clone()).await;
        assert_eq!(status, 200, "{change}");
        let connect = format!("{path}/connect?wait=1");
        let answer = app
            .refusal(&writer, ("ACTION", &connect), Value::Null)
            .await;
        assert_eq!(answer, refused(424, "auth"), "{change}");
        let test = format!("{path}/test");
        let (_, report) = app.call_as(&writer, "ACTION", &test, Value::Null).await;
        assert_ne!(report["ok"], true, "{report}");
    }
    // Another way there is another machine too. Nothing goes through SSH yet, so that the way is taken back for the test.
    let uid = app.connection(there.clone()).await;
    let path = format!("/connection/{uid}");
    app.ok(
        "PUT",
        &path,
        json!({"via": shell, "credential": shared, "host": "127.0.0.1", "port": port}),
    )
    .await;
    app.call_as(&writer, "PUT", &path, json!({"via": null}))
        .await;
    let connect = format!("{path}/connect?wait=1");
    let answer = app
        .refusal(&writer, ("ACTION", &connect), Value::Null)
        .await;
    assert_eq!(answer, refused(424, "auth"));
    // A copy has none.
    let (_, copy) = app
        .call_as(&writer, "ACTION", &format!("{path}/duplicate"), Value::Null)
        .await;
    let copy = format!("/connection/{}", copy["uid"].as_str().unwrap());
    assert_eq!(
        app.ok("GET", &copy, Value::Null).await["credential"],
        Value::Null
    );
    assert_silent(&listener).await;
    // Chosen again for the machine by somebody who may, they are used there.
    app.ok("PUT", &path, json!({"credential": shared})).await;
    app.ok("ACTION", &format!("{path}/connect"), Value::Null)
        .await;
    listener.accept().await.unwrap();
    app.stop().await;
}

#[tokio::test]
async fn who_may_read_secrets_may_send_them_elsewhere() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let uid = app
        .connection(json!({"name": "desk", "host": "127.0.0.1", "port": 1, "credential": shared}))
        .await;
    let path = format!("/connection/{uid}");
    app.ok("PUT", &path, json!({"port": desk.port})).await;
    let connect = format!("{path}/connect?wait=1");
    let reader = app.token_with(&[Scope::Connect, Scope::Reveal]).await;
    let (status, opened) = app.call_as(&reader, "ACTION", &connect, Value::Null).await;
    assert_eq!(status, 200, "{opened}");
    app.stop().await;
}

#[tokio::test]
async fn taking_back_by_who_may_only_write_chooses_no_credentials() {
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let writer = app.token_with(&[Scope::Read, Scope::Write]).await;
    let uid = app
        .connection(json!({"name": "desk", "host": "old.example", "credential": shared}))
        .await;
    let made = app.newest_change().await;
    let path = format!("/connection/{uid}");
    let credential = async || app.ok("GET", &path, Value::Null).await["credential"].clone();
    // A moved machine that comes back is the one that was decided for.
    app.call_as(&writer, "PUT", &path, json!({"host": "new.example"}))
        .await;
    let moved = app.newest_change().await;
    let undo = format!("/history/{moved}/undo");
    let (status, answer) = app.call_as(&writer, "ACTION", &undo, Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    // Decided for another machine: what was before is not brought back without the scope.
    app.ok(
        "PUT",
        &path,
        json!({"host": "new.example", "credential": shared}),
    )
    .await;
    let decided = app.newest_change().await;
    let shown = app
        .ok("GET", &format!("/history/{decided}"), Value::Null)
        .await;
    let fields = &shown["changes"][0]["fields"];
    let place = json!({"key": "credential_for", "from": "VNC old.example:5900", "to": "VNC new.example:5900", "secret": false});
    assert!(fields.as_array().unwrap().contains(&place), "{fields}");
    for verb in ["undo", "restore"] {
        let change = if verb == "undo" { &decided } else { &made };
        let path = format!("/history/{change}/{verb}");
        for path in [path.clone(), format!("{path}?dry_run=1")] {
            let answer = app.refusal(&writer, ("ACTION", &path), Value::Null).await;
            assert_eq!(answer, refused(403, "credentials"), "{path}");
        }
    }
    app.ok("PUT", &path, json!({"credential": null})).await;
    for change in [&made, &moved, &decided] {
        let path = format!("/history/{change}/restore");
        let answer = app.refusal(&writer, ("ACTION", &path), Value::Null).await;
        assert_eq!(answer, refused(403, "credentials"), "{change}");
    }
    assert_eq!(credential().await, Value::Null);
    app.call_as(&writer, "DELETE", &path, Value::Null).await;
    let undo = format!("/history/{}/undo", app.newest_change().await);
    let (status, _) = app.call_as(&writer, "ACTION", &undo, Value::Null).await;
    assert_eq!(status, 200, "it had none when it was deleted");
    app.ok(
        "ACTION",
        &format!("/history/{decided}/restore"),
        Value::Null,
    )
    .await;
    assert_eq!(credential().await, shared.as_str());
    app.stop().await;
}

#[tokio::test]
async fn shared_credentials_are_shown_without_secrets_changed_by_revision_and_deleted_when_unused()
{
    let app = App::start().await;
    let mut events = app.api.core().subscribe();
    let body = json!({"name": " admin ", "username": "u", "domain": "d", "password": PASSWORD, "key": "k"});
    let shared = app.shared(body).await;
    let mut event = events.recv().await.unwrap();
    // The token of the tests is told about too.
    while event.kind == EventKind::Token {
        event = events.recv().await.unwrap();
    }
    assert_eq!(
        (event.kind, event.id.as_str(), event.action),
        (EventKind::Credential, shared.as_str(), EventAction::Put)
    );
    assert!(shared.starts_with("k_"));
    let path = format!("/credential/{shared}");
    let seen = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        seen,
        json!({"credential_uid": shared, "name": "admin", "username": "u", "domain": "d",
            "redacted": ["key", "password"], "used_by": 0, "revision": 1})
    );
    // Writing an answer back erases nothing.
    let written = app.ok("PUT", &path, seen).await;
    assert_eq!(written["revision"], 2);
    let reveal = format!("{path}?reveal=1");
    let answer = app.refusal(&app.token, ("GET", &reveal), Value::Null).await;
    assert_eq!(answer, refused(403, "reveal"));
    let reader = app.token_with(&[Scope::Credentials, Scope::Reveal]).await;
    let (_, shown) = app.call_as(&reader, "GET", &reveal, Value::Null).await;
    assert_eq!(
        (&shown["password"], &shown["key"], &shown["redacted"]),
        (&json!(PASSWORD), &json!("k"), &json!([]))
    );
    // Of writers that know a revision one wins.
    let writers = (0..10).map(|number| {
        let request = app.request("PUT", &path).bearer_auth(&app.token);
        let body = json!({"username": format!("writer {number}"), "key": null});
        let request = request.header("if-match", "2").json(&body);
        async { request.send().await.unwrap().status().as_u16() }
    });
    let mut statuses = futures_util::future::join_all(writers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![412; 9]].concat());

    let use_it = json!({"name": "desk", "host": "desk.example", "credential": shared});
    let uid = app.connection(use_it).await;
    let listed = app.ok("GET", "/credentials", Value::Null).await;
    assert_eq!(
        (
            listed.as_array().unwrap().len(),
            &listed[0]["secrets"],
            &listed[0]["used_by"]
        ),
        (1, &json!(["password"]), &json!(1))
    );
    let found = app
        .ok(
            "GET",
            &format!("/connections?filter=credential=={shared}"),
            Value::Null,
        )
        .await;
    assert_eq!(found[0]["uid"], uid.as_str());
    let answer = app
        .refusal(&app.token, ("DELETE", &path), Value::Null)
        .await;
    assert_eq!(answer, refused(409, "credential"));
    app.ok(
        "PUT",
        &format!("/connection/{uid}"),
        json!({"credential": null}),
    )
    .await;
    // Deleted and back, with what is sealed in it.
    app.ok("DELETE", &path, Value::Null).await;
    let deleted = app.newest_change().await;
    let answer = app.refusal(&app.token, ("GET", &path), Value::Null).await;
    assert_eq!(answer.0, 404);
    let writer = app.token_with(&[Scope::Read, Scope::Write]).await;
    let undo = format!("/history/{deleted}/undo");
    let answer = app.refusal(&writer, ("ACTION", &undo), Value::Null).await;
    assert_eq!(answer, refused(403, "credentials"));
    app.ok("ACTION", &undo, Value::Null).await;
    let (_, shown) = app.call_as(&reader, "GET", &reveal, Value::Null).await;
    assert_eq!(shown["password"], PASSWORD);
    let details = app
        .ok("GET", &format!("/history/{deleted}"), Value::Null)
        .await;
    let text = details.to_string();
    assert!(
        text.contains("password") && !text.contains(PASSWORD),
        "{text}"
    );
    // Locked: names can be read, secrets neither read nor written.
    app.ok("ACTION", "/vault/lock", Value::Null).await;
    app.ok("PUT", &path, json!({"username": "v"})).await;
    for (method, path, body) in [
        ("PUT", path.as_str(), json!({"password": "x"})),
        ("PUT", "/credential", json!({"name": "n", "password": "x"})),
    ] {
        let answer = app.refusal(&app.token, (method, path), body).await;
        assert_eq!(answer, refused(409, "vault"));
    }
    let answer = app.refusal(&reader, ("GET", &reveal), Value::Null).await;
    assert_eq!(answer, refused(409, "vault"));
    app.stop().await;
}

#[tokio::test]
async fn the_making_of_credentials_in_use_is_not_taken_back() {
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s"})).await;
    let made = app.newest_change().await;
    let uid = app
        .connection(json!({"name": "desk", "credential": shared}))
        .await;
    let used = app.newest_change().await;
    let undo = format!("/history/{made}/undo");
    let answer = app
        .refusal(&app.token, ("ACTION", &undo), Value::Null)
        .await;
    assert_eq!(answer, refused(409, "credential"));
    // A version that used what is gone by now comes back without it.
    let path = format!("/connection/{uid}");
    app.ok("PUT", &path, json!({"credential": null, "name": "other"}))
        .await;
    app.ok("ACTION", &undo, Value::Null).await;
    app.ok("ACTION", &format!("/history/{used}/restore"), Value::Null)
        .await;
    let back = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        (&back["name"], &back["credential"]),
        (&json!("desk"), &Value::Null)
    );
    app.stop().await;
}

#[tokio::test]
async fn what_would_change_is_said_and_a_create_asked_for_twice_happens_once() {
    let app = App::start().await;
    let body = json!({"name": "s", "username": "u", "password": PASSWORD});
    let dry = app.ok("PUT", "/credential?dry_run=1", body.clone()).await;
    let change = &dry["changes"][0];
    assert_eq!(
        (&change["kind"], &change["action"]),
        (&json!("credential"), &json!("create"))
    );
    assert_eq!(
        change["fields"],
        json!([
            {"key": "name", "from": null, "to": "s", "secret": false},
            {"key": "password", "from": null, "to": null, "secret": true},
            {"key": "username", "from": null, "to": "u", "secret": false},
        ])
    );
    assert_eq!(app.ok("GET", "/credentials", Value::Null).await, json!([]));
    let create = async |body: Value| {
        let request = app.request("PUT", "/credential").bearer_auth(&app.token);
        let request = request.header("idempotency-key", "order-4711").json(&body);
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap(),
        )
    };
    let first = create(body.clone()).await;
    assert_eq!(first.0, 200);
    assert_eq!(create(body).await, first);
    let (status, _) = create(json!({"name": "other", "password": PASSWORD})).await;
    assert_eq!(status, 409);
    assert_eq!(
        app.ok("GET", "/credentials", Value::Null)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.stop().await;
}

#[tokio::test]
async fn a_backup_brings_shared_credentials_back_with_those_who_use_them() {
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let uid = app
        .connection(json!({"name": "desk", "host": "desk.example", "credential": shared}))
        .await;
    let backup = app.ok("ACTION", "/backups", Value::Null).await;
    let connection = format!("/connection/{uid}");
    app.ok("DELETE", &connection, Value::Null).await;
    app.ok("DELETE", &format!("/credential/{shared}"), Value::Null)
        .await;
    let other = app.shared(json!({"name": "later"})).await;
    let restore = format!("/backup/{}/restore", backup["id"].as_str().unwrap());
    app.ok("ACTION", &restore, Value::Null).await;
    assert_eq!(
        app.ok("GET", &connection, Value::Null).await["credential"],
        shared.as_str()
    );
    let reader = app.token_with(&[Scope::Credentials, Scope::Reveal]).await;
    let reveal = format!("/credential/{shared}?reveal=1");
    let (_, shown) = app.call_as(&reader, "GET", &reveal, Value::Null).await;
    assert_eq!(shown["password"], PASSWORD);
    let gone = format!("/credential/{other}");
    let answer = app.refusal(&app.token, ("GET", &gone), Value::Null).await;
    assert_eq!(answer.0, 404);
    app.stop().await;
}

#[tokio::test]
async fn a_session_that_is_tried_again_does_not_follow_a_moved_machine() {
    let Some(desk) = Xvnc::start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let uid = app
        .connection(
            json!({"name": "desk", "host": "127.0.0.1", "port": desk.port, "credential": shared}),
        )
        .await;
    let session = format!("/session/{}", app.open(&uid).await);
    app.ok("PUT", &format!("/connection/{uid}"), json!({"port": port}))
        .await;
    app.ok("ACTION", &format!("{session}/reconnect"), json!({}))
        .await;
    let (app_ref, path) = (&app, &session);
    until("the session refuses", || async move {
        app_ref.ok("GET", path, Value::Null).await["state"] == "failed"
    })
    .await;
    let view = app.ok("GET", &session, Value::Null).await;
    assert_eq!(view["error"]["property"], "auth", "{view}");
    assert_silent(&listener).await;
    app.stop().await;
}
