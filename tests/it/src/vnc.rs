//! Sessions on a real Xvnc: pictures, input, failures.

use crate::app::{App, until};
use crate::xvnc::{PASSWORD, Xvnc, free_port};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A terminal in a corner. It keeps clear of the middle, where the pointer rests: the server paints its pointer into
/// the picture of viewers that did not move it there themselves.
fn terminal(desk: &mut Xvnc) {
    desk.spawn(
        "xterm",
        &[
            "-geometry",
            "40x10+0+0",
            "-bg",
            "#203040",
            "-fg",
            "white",
            "-e",
            "sh",
        ],
    );
}

async fn same_picture(app: &App, session: &str, desk: &Xvnc) {
    until("the screenshot equals what the X server shows", || async {
        app.screenshot(session).await == desk.picture()
    })
    .await;
}

#[tokio::test]
async fn the_picture_is_what_the_server_shows_pixel_for_pixel() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    same_picture(&app, &session, &desk).await;
    terminal(&mut desk);
    let before = app.screenshot(&session).await;
    let (app_ref, session_ref, before_ref) = (&app, &session, &before);
    until("the terminal appears", || async move {
        app_ref.screenshot(session_ref).await != *before_ref
    })
    .await;
    same_picture(&app, &session, &desk).await;
    let view = app
        .ok("GET", &format!("/session/{session}"), Value::Null)
        .await;
    assert_eq!(
        (
            view["width"].as_u64(),
            view["height"].as_u64(),
            view["state"].as_str()
        ),
        (Some(640), Some(480), Some("connected"))
    );
    assert!(view["bytes_in"].as_u64().unwrap() > 100);
    assert_eq!(view["security"], "not encrypted");
    let small = app
        .request(
            "GET",
            &format!("/session/{session}/screenshot?format=jpeg&width=320"),
        )
        .bearer_auth(&app.token)
        .send()
        .await
        .unwrap();
    assert_eq!(small.headers()["content-type"], "image/jpeg");
    let small = image::load_from_memory(&small.bytes().await.unwrap()).unwrap();
    assert_eq!((small.width(), small.height()), (320, 240));
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    assert_eq!(app.ok("GET", "/sessions", Value::Null).await, json!([]));
    app.stop().await;
}

#[tokio::test]
async fn typed_text_and_keys_reach_a_program_and_an_observer_types_nothing() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    terminal(&mut desk);
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let input = format!("/session/{session}/input");
    // The pointer gives the terminal its focus: there is no window manager.
    app.ok("PUT", &input, json!({"pointer": {"x": 100, "y": 100}}))
        .await;
    let blank = app.screenshot(&session).await;
    let (app_ref, session_ref, blank_ref) = (&app, &session, &blank);
    until("the prompt is drawn", || async move {
        app_ref.screenshot(session_ref).await != *blank_ref || desk_ready(blank_ref)
    })
    .await;
    let file = desk.dir.path().join("typed");
    app.ok(
        "PUT",
        &input,
        json!({"text": format!("echo 'Aa|~ä€' > {}", file.display())}),
    )
    .await;
    app.ok("PUT", &input, json!({"keys": ["Return"]})).await;
    let file_ref = &file;
    until("the shell ran what was typed", || async move {
        std::fs::read_to_string(file_ref).is_ok_and(|text| text.contains("Aa|~"))
    })
    .await;
    app.ok(
        "PUT",
        &format!("/session/{session}"),
        json!({"view_only": true}),
    )
    .await;
    let (status, answer) = app.call("PUT", &input, json!({"text": "x"})).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (409, Some("session"))
    );
    app.ok(
        "PUT",
        &format!("/session/{session}"),
        json!({"view_only": false}),
    )
    .await;
    let second = desk.dir.path().join("second");
    app.ok(
        "PUT",
        &input,
        json!({"text": format!("touch {}\n", second.display())}),
    )
    .await;
    let second_ref = &second;
    until("control works again", || async move { second_ref.exists() }).await;
    for (body, property) in [
        (json!({"keys": ["Hyperspace"]}), "keys"),
        (json!({"pointer": {"x": 9999, "y": 0}}), "pointer"),
        (json!({}), "text"),
    ] {
        let (status, answer) = app.call("PUT", &input, body.clone()).await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some(property)),
            "{body}"
        );
    }
    app.stop().await;
}

/// Whether the terminal was already drawn when the first picture was taken.
fn desk_ready(picture: &image::RgbaImage) -> bool {
    picture
        .pixels()
        .any(|pixel| pixel.0 == [255, 255, 255, 255])
}

#[tokio::test]
async fn failures_name_their_stage_and_say_what_to_do() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let right = app.vnc(desk.port, Some(PASSWORD)).await;
    let wrong = app.vnc(desk.port, Some("wrong!")).await;
    let none = app.vnc(desk.port, None).await;
    let closed = app.vnc(free_port(), None).await;
    let nowhere = app
        .connection(json!({"name": "n", "host": "no-such-host.invalid"}))
        .await;
    let near = app
        .connection(json!({"name": "r", "protocol": "NEAR", "host": "127.0.0.1"}))
        .await;
    let empty = app.connection(json!({"name": "e"})).await;
    for (uid, status, property, code) in [
        (&wrong, 424, "auth", "GENERAL_ERROR"),
        (&none, 424, "auth", "GENERAL_ERROR"),
        (&closed, 424, "connect", "INTRA_SERVICE_COMMUNICATION_ERROR"),
        (
            &nowhere,
            424,
            "resolve",
            "INTRA_SERVICE_COMMUNICATION_ERROR",
        ),
        (&near, 424, "session", "GENERAL_ERROR"),
        (&empty, 409, "host", "CONFIGURATION_ERROR"),
    ] {
        let (seen, answer) = app
            .call(
                "ACTION",
                &format!("/connection/{uid}/connect?wait=1"),
                Value::Null,
            )
            .await;
        let found = (
            seen.as_u16(),
            answer["property"].as_str().unwrap_or(""),
            answer["error_code"].as_str().unwrap_or(""),
        );
        assert_eq!(found, (status, property, code), "{answer}");
        assert!(
            !answer.to_string().contains("wrong!"),
            "no secret in an error"
        );
    }
    assert_eq!(
        app.ok("GET", "/sessions", Value::Null).await,
        json!([]),
        "nothing half-open is left"
    );
    let report = app
        .ok("ACTION", &format!("/connection/{wrong}/test"), Value::Null)
        .await;
    assert_eq!(
        (
            report["ok"].as_bool(),
            report["stages"].as_array().unwrap().last().unwrap()["stage"].as_str()
        ),
        (Some(false), Some("auth"))
    );
    let report = app
        .ok("ACTION", &format!("/connection/{right}/test"), Value::Null)
        .await;
    let stages: Vec<_> = report["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        stages,
        [
            "resolve",
            "connect",
            "banner",
            "key_exchange",
            "auth",
            "session"
        ],
        "{report}"
    );
    // A password for once opens it and is not kept.
    let path = format!("/connection/{none}/connect?wait=1");
    app.ok(
        "ACTION",
        &path,
        json!({"credentials": {"vnc.password": PASSWORD}}),
    )
    .await;
    assert_eq!(
        app.ok(
            "GET",
            &format!("/connection/{none}/credentials"),
            Value::Null
        )
        .await["redacted"],
        json!([])
    );
    app.stop().await;
}

#[tokio::test]
async fn a_session_comes_back_after_its_server_did() {
    let port = free_port();
    let Some(mut desk) = Xvnc::with(port, &["-SecurityTypes", "VncAuth"]) else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    same_picture(&app, &session, &desk).await;
    let state = async || {
        app.ok("GET", &format!("/session/{session}"), Value::Null)
            .await["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    desk.kill();
    until("the loss is noticed", || async {
        state().await == "reconnecting"
    })
    .await;
    let view = app
        .ok("GET", &format!("/session/{session}"), Value::Null)
        .await;
    assert!(view["error"]["error_message"].is_string(), "{view}");
    assert_eq!(
        (view["width"].as_u64(), view["height"].as_u64()),
        (Some(640), Some(480)),
        "the last picture stays"
    );
    drop(desk);
    let Some(mut desk) = Xvnc::with(port, &["-SecurityTypes", "VncAuth"]) else {
        return;
    };
    terminal(&mut desk);
    until("it is up again", || async { state().await == "connected" }).await;
    same_picture(&app, &session, &desk).await;
    app.stop().await;
}

#[tokio::test]
async fn hostile_servers_end_their_own_session_only() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let good = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&good).await;
    let init = |width: u16, height: u16, name: u32| {
        let mut bytes = b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
        bytes.extend(name.to_be_bytes());
        bytes
    };
    for (what, bytes) in [
        ("noise", vec![0x5a; 4096]),
        ("a name of 4 GB", init(10, 10, u32::MAX)),
        ("an endless screen", init(u16::MAX, u16::MAX, 0)),
        ("no screen", init(0, 0, 0)),
        (
            "a rectangle outside",
            [
                init(10, 10, 0),
                vec![0, 0, 0, 1, 0, 8, 0, 8, 0, 8, 0, 8, 0, 0, 0, 0],
            ]
            .concat(),
        ),
        (
            "a message that does not exist",
            [init(10, 10, 0), vec![77; 100]].concat(),
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uid = app.vnc(listener.local_addr().unwrap().port(), None).await;
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.write_all(&bytes).await;
            let mut sink = vec![0; 1024];
            while socket.read(&mut sink).await.is_ok_and(|length| length > 0) {}
        });
        let opened = app
            .ok("ACTION", &format!("/connection/{uid}/connect"), Value::Null)
            .await;
        let path = format!("/session/{}", opened["session_id"].as_str().unwrap());
        let (app_ref, path_ref) = (&app, &path);
        until("the hostile session ends with a message", || async move {
            let view = app_ref.ok("GET", path_ref, Value::Null).await;
            matches!(view["state"].as_str(), Some("failed" | "reconnecting"))
                && view["error"]["error_message"].is_string()
        })
        .await;
        app.ok("DELETE", &path, Value::Null).await;
        server.abort();
        let view = app
            .ok("GET", &format!("/session/{session}"), Value::Null)
            .await;
        assert_eq!(view["state"], "connected", "{what} must not disturb others");
    }
    same_picture(&app, &session, &desk).await;
    app.stop().await;
}

#[tokio::test]
async fn old_versions_and_open_servers_are_spoken_to() {
    for options in [
        ["-SecurityTypes", "None"],
        ["-SecurityTypes", "None,VncAuth"],
    ] {
        let Some(desk) = Xvnc::with(free_port(), &options) else {
            return;
        };
        let app = App::start().await;
        let uid = app.vnc(desk.port, None).await;
        let session = app.open(&uid).await;
        same_picture(&app, &session, &desk).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn the_remote_screen_takes_the_size_of_the_window() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    app.ok(
        "PUT",
        &format!("/connection/{uid}"),
        json!({"vnc.resize": true}),
    )
    .await;
    let session = app.open(&uid).await;
    app.ok(
        "PUT",
        &format!("/session/{session}"),
        json!({"width": 900, "height": 700}),
    )
    .await;
    let (app_ref, session_ref) = (&app, &session);
    until("the screen has the new size", || async move {
        let view = app_ref
            .ok("GET", &format!("/session/{session_ref}"), Value::Null)
            .await;
        (view["width"].as_u64(), view["height"].as_u64()) == (Some(900), Some(700))
    })
    .await;
    same_picture(&app, &session, &desk).await;
    app.stop().await;
}

#[tokio::test]
async fn a_client_that_goes_away_while_it_waits_leaves_no_session() {
    // A server that accepts and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = App::start().await;
    let uid = app.vnc(listener.local_addr().unwrap().port(), None).await;
    let request = app
        .request("ACTION", &format!("/connection/{uid}/connect?wait=1"))
        .bearer_auth(&app.token);
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(500), request.send()).await;
    assert!(waiting.is_err());
    let app_ref = &app;
    until("the session is gone", || async move {
        app_ref.ok("GET", "/sessions", Value::Null).await == json!([])
    })
    .await;
    app.stop().await;
}
