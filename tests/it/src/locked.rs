//! A locked vault is 409 wherever a secret would have to be read or written.

use crate::app::{App, until};
use crate::vault::{PASSPHRASE, refused};
use farwire_model::token::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn a_locked_vault_is_409_on_everything_that_needs_it() {
    let app = App::start().await;
    let uid = app.vnc(5999, Some("hunter2")).await;
    let shell = json!({"name": "shell", "protocol": "SSH", "host": "127.0.0.1", "port": 5998});
    let shell = app.connection(shell).await;
    let path = format!("/connection/{shell}/credentials");
    app.ok(
        "PUT",
        &path,
        json!({"ssh.username": "u", "ssh.password": "hunter2"}),
    )
    .await;
    // Sessions, and a copy, that failed before: nobody listens there.
    let failed = async |uid: &str, action: &str| {
        let path = format!("/connection/{uid}/{action}");
        let session = app.ok("ACTION", &path, Value::Null).await["session_id"].clone();
        format!("/session/{}", session.as_str().unwrap())
    };
    let (desk, files) = (failed(&uid, "connect").await, failed(&shell, "ft").await);
    let kept = files.trim_start_matches("/session/").to_owned();
    for session in [&desk, &files] {
        let app = &app;
        until("it failed", || async move {
            app.ok("GET", session, Value::Null).await["state"] == "failed"
        })
        .await;
    }
    let copy = json!({"from": {"uid": shell, "path": "/etc/hosts"}, "to": {"path": app.dir.path().join("copy")}});
    let held = app.ok("PUT", "/transfer", copy.clone()).await;
    let held = format!("/transfer/{}", held["transfer_id"].as_str().unwrap());
    app.ok("ACTION", &format!("{held}/pause"), Value::Null)
        .await;
    let (app_ref, held_ref) = (&app, &held);
    until("the copy is held", || async move {
        app_ref.ok("GET", held_ref, Value::Null).await["state"] == "paused"
    })
    .await;
    let shared = json!({"name": "all", "password": "hunter2"});
    let shared = app.ok("PUT", "/credential", shared).await["credential_uid"].clone();
    let shared = format!("/credential/{}", shared.as_str().unwrap());
    app.ok("ACTION", "/vault/lock", Value::Null).await;
    let locked = (409, "CONFIGURATION_ERROR", "vault");
    let passphrase = json!({"passphrase": {"old": PASSPHRASE, "new": "x"}});
    for (method, path, body) in [
        (
            "PUT",
            format!("/connection/{uid}/credentials"),
            json!({"vnc.password": "x"}),
        ),
        ("ACTION", format!("/connection/{uid}/connect"), Value::Null),
        (
            "ACTION",
            format!("/connection/{uid}/connect?wait=1"),
            Value::Null,
        ),
        ("ACTION", format!("/connection/{uid}/observe"), Value::Null),
        ("ACTION", format!("/connection/{uid}/test"), Value::Null),
        ("ACTION", format!("/connection/{shell}/ft"), Value::Null),
        (
            "ACTION",
            format!("/connection/{shell}/terminal"),
            Value::Null,
        ),
        (
            "ACTION",
            format!("/connection/{shell}/exec"),
            json!({"command": "true"}),
        ),
        (
            "PUT",
            "/tunnels".to_owned(),
            json!({"uid": shell, "kind": "dynamic", "listen": "0"}),
        ),
        ("ACTION", format!("{desk}/reconnect"), json!({})),
        ("ACTION", format!("{files}/reconnect"), json!({})),
        (
            "ACTION",
            format!("/ssh-proxy/api/v1/connections/{kept}/keepalive"),
            Value::Null,
        ),
        ("PUT", "/transfer".to_owned(), copy),
        ("ACTION", format!("{held}/resume"), json!({})),
        ("ACTION", format!("{held}/retry"), json!({})),
        (
            "PUT",
            "/credential".to_owned(),
            json!({"name": "more", "password": "x"}),
        ),
        ("PUT", shared.clone(), json!({"password": "x"})),
        ("PUT", "/vault".to_owned(), passphrase),
        ("PUT", "/vault".to_owned(), json!({"source": "keyring"})),
        (
            "PUT",
            "/vault".to_owned(),
            json!({"source": "passphrase", "passphrase": {"new": "x"}}),
        ),
        (
            "ACTION",
            "/vault/rotate".to_owned(),
            json!({"passphrase": PASSPHRASE}),
        ),
    ] {
        refused(&app, method, &path, body, locked).await;
    }
    let scopes = [Scope::Read, Scope::Reveal, Scope::Credentials];
    let token = app.token_with(&scopes).await;
    let own = format!("/connection/{uid}/credentials");
    for (method, path) in [
        ("GET", format!("{own}?reveal=1")),
        ("GET", format!("{shared}?reveal=1")),
        ("ACTION", format!("{own}/copy")),
        ("ACTION", format!("{shared}/copy")),
    ] {
        let (status, answer) = app.call_as(&token, method, &path, Value::Null).await;
        let seen = (status.as_u16(), answer["property"].as_str());
        assert_eq!(seen, (409, Some("vault")), "{path}: {answer}");
    }
    // What was given by hand needs none of it.
    let typed = json!({"credentials": {"vnc.password": "hunter2"}});
    app.ok("ACTION", &format!("{desk}/reconnect"), typed).await;
    // User names are no secrets.
    app.ok(
        "GET",
        &format!("/connection/{uid}/credentials"),
        Value::Null,
    )
    .await;
    app.stop().await;
}
