//! A secret goes to the machine it was given for, and to no other.

use crate::app::{App, until};
use crate::xvnc::{PASSWORD, Xvnc};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_stored_secret_goes_to_no_other_machine() {
    // A "server" that notes whether anybody answers its challenge.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = App::start().await;
    let uid = app.vnc(5999, Some(PASSWORD)).await;
    app.ok("PUT", &format!("/connection/{uid}"), json!({"port": port}))
        .await;
    let (status, answer) = app
        .call(
            "ACTION",
            &format!("/connection/{uid}/connect?wait=1"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (424, Some("auth")),
        "{answer}"
    );
    let called =
        tokio::time::timeout(std::time::Duration::from_millis(300), listener.accept()).await;
    assert!(called.is_err(), "nothing was sent at all");
    // Written again for the new machine, it is used there.
    app.ok(
        "PUT",
        &format!("/connection/{uid}/credentials"),
        json!({"vnc.password": "again"}),
    )
    .await;
    app.ok("ACTION", &format!("/connection/{uid}/connect"), Value::Null)
        .await;
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.write_all(b"RFB 003.008\n").await.unwrap();
    let mut version = [0; 12];
    socket.read_exact(&mut version).await.unwrap();
    assert_eq!(&version, b"RFB 003.008\n");
    app.stop().await;
}

#[tokio::test]
async fn typed_credentials_and_reveals_do_not_follow_a_moved_connection() {
    let Some(desk) = Xvnc::start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = listener.local_addr().unwrap().port();
    let app = App::start().await;
    let typed = app.vnc(desk.port, None).await;
    let path = format!("/connection/{typed}/connect?wait=1");
    let session = app
        .ok(
            "ACTION",
            &path,
            json!({"credentials": {"vnc.password": PASSWORD}}),
        )
        .await["session_id"]
        .clone();
    let stored = app.vnc(desk.port, Some(PASSWORD)).await;
    let reveal = app
        .token_with(&[
            farwire_model::token::Scope::Connect,
            farwire_model::token::Scope::Reveal,
        ])
        .await;
    let (_, opened) = app
        .call_as(
            &reveal,
            "ACTION",
            &format!("/connection/{stored}/connect?wait=1"),
            Value::Null,
        )
        .await;
    for (uid, session) in [(&typed, session), (&stored, opened["session_id"].clone())] {
        let path = format!("/session/{}", session.as_str().unwrap());
        app.ok("PUT", &format!("/connection/{uid}"), json!({"port": other}))
            .await;
        app.ok("ACTION", &format!("{path}/reconnect"), json!({}))
            .await;
        let (app_ref, path_ref) = (&app, &path);
        until("the session refuses", || async move {
            app_ref.ok("GET", path_ref, Value::Null).await["state"] == "failed"
        })
        .await;
        let view = app.ok("GET", &path, Value::Null).await;
        assert_eq!(view["error"]["property"], "auth", "{view}");
    }
    let called =
        tokio::time::timeout(std::time::Duration::from_millis(300), listener.accept()).await;
    assert!(called.is_err(), "nothing was sent at all");
    app.stop().await;
}
