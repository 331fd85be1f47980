//! Sessions on real RDP servers: certificates, signing in, pictures, input, sizes, failures.

use crate::app::{App, until};
use crate::xrdp::{PASSWORD, Shadow, USER, Xrdp};
use image::RgbaImage;
use serde_json::{Value, json};
use std::time::Duration;

impl App {
    /// A saved RDP connection with the account of all test servers.
    pub async fn rdp(&self, port: u16, password: &str, more: Value) -> String {
        let mut body =
            json!({"name": "screen", "protocol": "RDP", "host": "127.0.0.1", "port": port});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let uid = self.connection(body).await;
        let path = format!("/connection/{uid}/credentials");
        let credentials = json!({"rdp.username": USER, "rdp.password": password});
        self.ok("PUT", &path, credentials).await;
        uid
    }

    async fn connect(&self, uid: &str) -> (u16, Value) {
        let path = format!("/connection/{uid}/connect?wait=1");
        let (status, answer) = self.call("ACTION", &path, Value::Null).await;
        (status.as_u16(), answer)
    }

    /// Accepts whatever certificate the server shows.
    pub async fn accept(&self, uid: &str, port: u16) -> String {
        let (status, answer) = self.connect(uid).await;
        assert_eq!(
            (status, &answer["property"]),
            (424, &json!("tls")),
            "{answer}"
        );
        let shown = answer["details"][0]["error_message"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = json!({"host": "127.0.0.1", "port": port, "fingerprint": shown});
        self.ok("PUT", "/trust", body).await;
        shown
    }

    pub async fn view(&self, session: &str) -> Value {
        self.ok("GET", &format!("/session/{session}"), Value::Null)
            .await
    }

    pub async fn type_text(&self, session: &str, text: &str) {
        let path = format!("/session/{session}/input");
        self.ok("PUT", &path, json!({"text": text})).await;
    }

    /// Points at a place, which gives what is there the keyboard: there is no window manager.
    async fn point(&self, session: &str, x: u16, y: u16) {
        let path = format!("/session/{session}/input");
        self.ok("PUT", &path, json!({"pointer": {"x": x, "y": y}}))
            .await;
    }
}

/// How far two pictures of one size are from each other, in levels of a channel on average.
pub fn distance(one: &RgbaImage, other: &RgbaImage) -> f64 {
    if one.dimensions() != other.dimensions() {
        return f64::INFINITY;
    }
    let sum: u64 = one
        .as_raw()
        .iter()
        .zip(other.as_raw())
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    sum as f64 / one.as_raw().len() as f64
}

pub fn is_dark(picture: &RgbaImage) -> bool {
    picture.pixels().all(|pixel| pixel.0 == [0, 0, 0, 255])
}

/// The application, and its session on the server at this port: certificate accepted, signed in.
pub async fn signed_in(port: u16) -> (App, String) {
    let app = App::start().await;
    let uid = app.rdp(port, PASSWORD, json!({"rdp.keyboard": "us"})).await;
    app.accept(&uid, port).await;
    let session = app.open(&uid).await;
    (app, session)
}

/// Types a command into the session's terminal until it was carried out: its first keys may come before it listens.
pub async fn make_file(
    app: &App,
    session: &str,
    server: &Xrdp,
    name: &str,
    command: &str,
) -> String {
    let path = server.home().join(name);
    let path = &path;
    until("a window shows itself", || async {
        !is_dark(&app.screenshot(session).await)
    })
    .await;
    until(&format!("the shell ran {command}"), || async {
        app.point(session, 90, 90).await;
        app.point(session, 100, 100).await;
        app.type_text(
            session,
            &format!("\n{{ {command}; }} > ~/{name}.part; mv ~/{name}.part ~/{name}\n"),
        )
        .await;
        for _ in 0..40 {
            if path.exists() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    })
    .await;
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_certificate_can_be_accepted_before_it_was_ever_shown() {
    let Some(server) = Xrdp::start() else { return };
    let app = App::start().await;
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    let known =
        json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint()});
    app.ok("PUT", "/trust", known).await;
    let session = app.open(&uid).await;
    let view = app.view(&session).await;
    assert_eq!(view["security"], "TLS 1.3, certificate pinned");
    app.stop().await;
}

#[tokio::test]
async fn a_certificate_is_asked_about_once_and_a_changed_one_is_blocked() {
    let Some(server) = Xrdp::start() else { return };
    let app = App::start().await;
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    assert_eq!(app.accept(&uid, server.port).await, server.fingerprint());
    let session = app.open(&uid).await;
    let view = app.view(&session).await;
    assert_eq!(view["security"], "TLS 1.3, certificate pinned");
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;

    let listed = app.ok("GET", "/trust", Value::Null).await;
    assert_eq!(
        (&listed[0]["kind"], &listed[0]["state"]),
        (&json!("tls"), &json!("trusted"))
    );
    let other = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0";
    let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": other});
    app.ok("PUT", "/trust", body).await;
    let (status, answer) = app.connect(&uid).await;
    assert_eq!(
        (status, &answer["property"]),
        (424, &json!("tls")),
        "{answer}"
    );
    let prints: Vec<_> = answer["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| &each["error_message"])
        .collect();
    assert_eq!(
        prints,
        [&json!(server.fingerprint()), &json!(other)],
        "both are shown"
    );
    app.stop().await;
}

#[tokio::test]
async fn keys_and_text_reach_a_program_of_the_account() {
    let Some(server) = Xrdp::start() else { return };
    let app = App::start().await;
    let uid = app
        .rdp(
            server.port,
            PASSWORD,
            json!({"rdp.keyboard": "us", "rdp.width": 800, "rdp.height": 600}),
        )
        .await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let said = make_file(
        &app,
        &session,
        &server,
        "said",
        "id -un; echo 'aZ09 |~@{}[]\\\"'",
    )
    .await;
    assert_eq!(said, "alice\naZ09 |~@{}[]\\\"\n");
    let view = app.view(&session).await;
    assert_eq!(
        (&view["width"], &view["height"]),
        (&json!(800), &json!(600))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_new_size_is_taken_while_the_session_goes_on() {
    let Some(server) = Xrdp::start() else { return };
    let (app, session) = signed_in(server.port).await;
    make_file(&app, &session, &server, "before", "echo $$").await;
    let path = format!("/session/{session}");
    for (width, height) in [(1000, 700), (640, 480)] {
        app.ok("PUT", &path, json!({"width": width, "height": height}))
            .await;
        until("the picture has the new size", || async {
            let view = app.view(&session).await;
            (&view["width"], &view["height"]) == (&json!(width), &json!(height))
        })
        .await;
    }
    assert_eq!(app.screenshot(&session).await.dimensions(), (640, 480));
    let same = std::fs::read_to_string(server.home().join("before")).unwrap();
    assert_eq!(
        make_file(&app, &session, &server, "after", "echo $$").await,
        same,
        "the same shell"
    );
    assert_eq!(app.view(&session).await["state"], "connected");
    app.stop().await;
}

#[tokio::test]
async fn a_session_that_was_cut_off_is_taken_up_again_and_one_that_ended_is_not() {
    let Some(server) = Xrdp::start() else { return };
    let app = App::start().await;
    let uid = app
        .rdp(
            server.port,
            PASSWORD,
            json!({"rdp.keyboard": "us", "rdp.width": 640, "rdp.height": 480}),
        )
        .await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let first = make_file(&app, &session, &server, "first", "echo $$").await;
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    let session = app.open(&uid).await;
    let second = make_file(&app, &session, &server, "second", "echo $$").await;
    assert_eq!(first, second, "the desktop went on meanwhile");
    app.type_text(&session, "\nexit\n").await;
    until("the end of the desktop is told", || async {
        app.view(&session).await["state"] == "failed"
    })
    .await;
    let view = app.view(&session).await;
    let message = view["error"]["error_message"].as_str().unwrap();
    assert!(message.contains("ended the session"), "{message}");
    app.stop().await;
}

#[tokio::test]
async fn nla_signs_in_and_the_picture_is_what_the_desktop_shows() {
    let Some(mut server) = Shadow::start("nla") else {
        return;
    };
    server.desk.spawn(
        "xterm",
        &[
            "-geometry",
            "60x20+20+20",
            "-bg",
            "#205080",
            "-fg",
            "white",
            "-e",
            "sh",
        ],
    );
    let (app, session) = signed_in(server.port).await;
    let view = app.view(&session).await;
    assert_eq!(view["security"], "TLS 1.3, certificate pinned, NLA");
    assert_eq!(
        (&view["width"], &view["height"]),
        (&json!(640), &json!(480))
    );
    until("the terminal is drawn", || async {
        distance(&server.desk.picture(), &app.screenshot(&session).await) < 3.0
    })
    .await;
    assert!(!is_dark(&app.screenshot(&session).await));
    let file = server.desk.dir.path().join("typed");
    until("the shell ran what was typed", || async {
        app.point(&session, 90, 90).await;
        app.point(&session, 100, 100).await;
        app.type_text(&session, &format!("\ntouch {}\n", file.display()))
            .await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        file.exists()
    })
    .await;
    until("what was typed is drawn", || async {
        distance(&server.desk.picture(), &app.screenshot(&session).await) < 3.0
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_other_kinds_of_security_are_named() {
    let Some(server) = Shadow::start("nla") else {
        return;
    };
    let app = App::start().await;
    let right = app.rdp(server.port, PASSWORD, json!({})).await;
    app.accept(&right, server.port).await;
    let wrong = app.rdp(server.port, "Not.the.one", json!({})).await;
    let bare = json!({"name": "bare", "protocol": "RDP", "host": "127.0.0.1", "port": server.port});
    let bare = app.connection(bare).await;
    let tls = app
        .rdp(server.port, PASSWORD, json!({"rdp.security": "tls"}))
        .await;
    for (uid, stage, words) in [
        (&wrong, "auth", "the password is most likely wrong"),
        (&bare, "auth", "asks for an account and its password"),
        (&tls, "banner", "only takes Network Level Authentication"),
    ] {
        let (status, answer) = app.connect(uid).await;
        assert_eq!(
            (status, answer["property"].as_str()),
            (424, Some(stage)),
            "{answer}"
        );
        let message = answer["error_message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert!(
            !answer.to_string().contains("Not.the.one"),
            "no secret in an error"
        );
    }
    assert_eq!(
        app.ok("GET", "/sessions", Value::Null).await,
        json!([]),
        "nothing half-open is left"
    );
    let report = app
        .ok("ACTION", &format!("/connection/{right}/test"), Value::Null)
        .await;
    let stages: Vec<_> = report["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        stages,
        ["resolve", "connect", "banner", "tls", "auth"],
        "{report}"
    );
    assert_eq!(report["host_key"]["state"], "trusted");
    app.stop().await;
}

#[tokio::test]
async fn a_machine_that_had_nla_is_not_spoken_to_without_it() {
    let Some(with) = Shadow::start("nla") else {
        return;
    };
    let Some(without) = Xrdp::start() else { return };
    let app = App::start().await;
    let uid = app.rdp(with.port, PASSWORD, json!({})).await;
    app.accept(&uid, with.port).await;
    let session = app.open(&uid).await;
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    // Another machine takes its place, as whoever stands in between would.
    let port = with.port;
    drop(with);
    let _between = relay(port, without.port).await;
    let (status, answer) = app.connect(&uid).await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (424, Some("banner")),
        "{answer}"
    );
    let message = answer["error_message"].as_str().unwrap();
    assert!(message.contains("which it had before"), "{message}");
    // Whoever demands it says so where it never was.
    let demanding = app
        .rdp(without.port, PASSWORD, json!({"rdp.security": "nla"}))
        .await;
    let (status, answer) = app.connect(&demanding).await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (424, Some("banner")),
        "{answer}"
    );
    assert!(
        answer["error_message"]
            .as_str()
            .unwrap()
            .contains("settings demand"),
        "{answer}"
    );
    app.stop().await;
}

/// Brings connections of one port to another.
async fn relay(from: u16, to: u16) -> tokio::task::JoinSet<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", from))
        .await
        .unwrap();
    let mut relay = tokio::task::JoinSet::new();
    relay.spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(("127.0.0.1", to))
                .await
                .unwrap();
            // How one of them ends is what the tests look at elsewhere.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
    });
    relay
}

#[tokio::test]
async fn a_session_goes_through_an_ssh_machine() {
    let (Some(server), Some(mut gate)) = (Xrdp::start(), crate::sshd::Sshd::start()) else {
        return;
    };
    let app = App::start().await;
    let via = app.ssh(&gate, json!({"name": "gate"})).await;
    app.trust(&gate).await;
    let uid = app
        .rdp(
            server.port,
            PASSWORD,
            json!({"via": via, "rdp.keyboard": "us"}),
        )
        .await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    assert_eq!(
        make_file(&app, &session, &server, "who", "id -un").await,
        "alice\n"
    );
    gate.kill();
    until("the way is missed", || async {
        app.view(&session).await["state"] == "reconnecting"
    })
    .await;
    app.stop().await;
}
