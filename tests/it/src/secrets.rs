//! A secret goes to the machine it was given for, and to no other.

use crate::app::{App, until};
use crate::xvnc::{PASSWORD, Xvnc};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A machine that poses as a VNC server and counts who answers its challenge, which is what a password is for.
pub struct Thief {
    pub port: u16,
    pub visits: mpsc::UnboundedReceiver<Visit>,
}

#[derive(Debug, PartialEq)]
pub enum Visit {
    /// Somebody came and told no secret.
    Empty,
    /// Somebody answered the challenge.
    Told,
    /// The test itself: everybody who came before was counted.
    Marker,
}

impl Thief {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (visits, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if visits.send(visit(socket).await).is_err() {
                    break;
                }
            }
        });
        Self { port, visits: seen }
    }

    /// Who came since it was asked last.
    pub async fn visits(&mut self) -> Vec<Visit> {
        let mut marker = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        marker.write_all(b"MARKER MARKE").await.unwrap();
        let mut all = Vec::new();
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.visits.recv());
            match next.await.expect("the marker in time").unwrap() {
                Visit::Marker => return all,
                visit => all.push(visit),
            }
        }
    }
}

async fn visit(mut socket: TcpStream) -> Visit {
    let mut version = [0; 12];
    let mut answer = [0; 16];
    let talk = async {
        socket.write_all(b"RFB 003.008\n").await?;
        socket.read_exact(&mut version).await?;
        if version.starts_with(b"MARKER") {
            return Ok(0);
        }
        // One way to sign in: by a password.
        socket.write_all(&[1, 2]).await?;
        socket.read_exact(&mut [0]).await?;
        socket.write_all(&[7; 16]).await?;
        socket.read_exact(&mut answer).await
    };
    let talked = talk.await;
    match (version.starts_with(b"MARKER"), talked) {
        (true, _) => Visit::Marker,
        (false, Ok(_)) => Visit::Told,
        (false, Err(_)) => Visit::Empty,
    }
}

impl App {
    /// Tries every way to have a connection's machine spoken to; none may come up.
    async fn speak(&self, uid: &str) {
        for (action, expected) in [
            ("connect?wait=1", 424),
            ("observe?wait=1", 424),
            ("test", 200),
        ] {
            let path = format!("/connection/{uid}/{action}");
            let (status, answer) = self.call("ACTION", &path, Value::Null).await;
            assert_eq!(status.as_u16(), expected, "{action}: {answer}");
            assert_ne!(answer["ok"], true, "{answer}");
        }
    }

    async fn put(&self, uid: &str, body: Value) {
        self.ok("PUT", &format!("/connection/{uid}"), body).await;
    }

    async fn newest(&self) -> String {
        let history = self.ok("GET", "/history?limit=1", Value::Null).await;
        history[0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn whoever_has_the_stored_machine_is_told_the_secret() {
    // So that the tests below could fail.
    let mut thief = Thief::start().await;
    let app = App::start().await;
    let uid = app.vnc(thief.port, Some(PASSWORD)).await;
    let path = format!("/connection/{uid}/connect");
    app.ok("ACTION", &path, Value::Null).await;
    let visit = tokio::time::timeout(Duration::from_secs(30), thief.visits.recv());
    assert_eq!(visit.await.unwrap(), Some(Visit::Told));
    app.stop().await;
}

// Another way to the machine, `via`, is tried in `shared` and, with real servers on the way, in `ssh`.
#[tokio::test]
async fn a_stored_secret_follows_to_no_other_machine() {
    let mut thief = Thief::start().await;
    let app = App::start().await;
    let port = thief.port;
    // Nobody listens there: the machine the secret is for.
    let home = json!({"host": "127.0.0.2", "port": port});
    let away = json!({"host": "127.0.0.1", "port": port});
    for change in [
        away.clone(),
        json!({"host": "localhost"}),
        json!({"host": "127.0.0.1 "}),
        json!({"host": "::ffff:127.0.0.1"}),
        json!({"protocol": "APPLE", "host": "127.0.0.1", "port": port}),
        json!({"protocol": "RDP", "host": "127.0.0.1", "port": port}),
        json!({"protocol": "SSH", "host": "127.0.0.1", "port": port}),
        json!({"protocol": "NEAR", "host": "127.0.0.1", "port": port}),
    ] {
        let uid = app.vnc(5900, None).await;
        app.put(&uid, home.clone()).await;
        let credentials = format!("/connection/{uid}/credentials");
        app.ok("PUT", &credentials, json!({"vnc.password": PASSWORD}))
            .await;
        let path = format!("/connection/{uid}");
        let (status, _) = app.call("PUT", &path, change.clone()).await;
        assert!([200, 400].contains(&status.as_u16()), "{change}");
        app.speak(&uid).await;
        assert!(!thief.visits().await.contains(&Visit::Told), "{change}");
        // Another machine's copy of the connection has no secret to tell.
        let copy = app
            .ok("ACTION", &format!("{path}/duplicate"), Value::Null)
            .await;
        let copy = copy["uid"].as_str().unwrap();
        app.put(copy, json!({"protocol": "VNC", "via": null})).await;
        app.put(copy, away.clone()).await;
        app.speak(copy).await;
        assert!(!thief.visits().await.contains(&Visit::Told), "{change}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_stored_secret_follows_no_way_back_to_an_old_machine() {
    let mut thief = Thief::start().await;
    let app = App::start().await;
    let port = thief.port;
    let away = json!({"host": "127.0.0.1", "port": port});
    for way in ["undo", "restore", "run", "deleted", "backup"] {
        let uid = app.vnc(port, None).await;
        let made = app.newest().await;
        let path = format!("/connection/{uid}");
        let home = json!({"host": "127.0.0.2"});
        let moving = app.request("PUT", &path).bearer_auth(&app.token);
        let moving = moving.header("farwire-run", way).json(&home);
        assert_eq!(moving.send().await.unwrap().status(), 200);
        let moved = app.newest().await;
        let credentials = format!("{path}/credentials");
        app.ok("PUT", &credentials, json!({"vnc.password": PASSWORD}))
            .await;
        match way {
            "undo" => {
                app.ok("ACTION", &format!("/history/{moved}/undo"), Value::Null)
                    .await
            }
            "restore" => {
                app.ok("ACTION", &format!("/history/{made}/restore"), Value::Null)
                    .await
            }
            "run" => app.ok("ACTION", "/run/run/undo", Value::Null).await,
            "deleted" => {
                app.put(&uid, away.clone()).await;
                app.ok("DELETE", &path, Value::Null).await;
                let deleted = app.newest().await;
                app.ok(
                    "ACTION",
                    &format!("/history/{deleted}/restore"),
                    Value::Null,
                )
                .await
            }
            _ => {
                app.put(&uid, away.clone()).await;
                let backup = app.ok("ACTION", "/backups", Value::Null).await;
                app.put(&uid, home).await;
                let id = backup["id"].as_str().unwrap();
                app.ok("ACTION", &format!("/backup/{id}/restore"), Value::Null)
                    .await
            }
        };
        let now = app.ok("GET", &path, Value::Null).await;
        assert_eq!(now["host"], "127.0.0.1", "{way}");
        let kept = app.ok("GET", &credentials, Value::Null).await;
        assert_eq!(kept["redacted"], json!(["vnc.password"]), "{way}");
        app.speak(&uid).await;
        assert_eq!(thief.visits().await, [], "{way}");
        // The other way round: an old secret does not come to a new machine.
        app.ok("PUT", &credentials, json!({"vnc.password": "new"}))
            .await;
        let written = app.newest().await;
        app.ok("ACTION", &format!("/history/{written}/undo"), Value::Null)
            .await;
        app.speak(&uid).await;
        assert_eq!(thief.visits().await, [], "{way}");
        app.ok("DELETE", &path, Value::Null).await;
    }
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
