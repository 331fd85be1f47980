//! Hosts, origins, bodies, limits, where we listen.

use crate::app::{App, until};
use farwire_model::settings::ApiSettings;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends raw bytes and answers the status line's number; 0 when the connection closed without one.
async fn raw(port: u16, request: &[u8]) -> u16 {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(15), socket.read(&mut answer)).await;
    let length = read.ok().and_then(Result::ok).unwrap_or(0);
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    text.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn rebound_names_and_foreign_pages_are_refused_on_the_wire() {
    let app = App::start().await;
    let port = app.server.port();
    let auth = format!("Authorization: Bearer {}", app.token);
    for (target, headers, expected) in [
        ("/groups", format!("Host: 127.0.0.1:{port}\r\n{auth}"), 200),
        ("/groups", format!("Host: localhost:{port}\r\n{auth}"), 200),
        ("/groups", format!("Host: evil.example\r\n{auth}"), 421),
        (
            "/groups",
            format!("Host: 127.0.0.1\r\nHost: evil.example\r\n{auth}"),
            421,
        ),
        ("/groups", auth.clone(), 421),
        (
            "http://evil.example/groups",
            format!("Host: 127.0.0.1:{port}\r\n{auth}"),
            421,
        ),
        (
            "/groups",
            format!("Host: 127.0.0.1:{port}\r\nOrigin: https://evil.example\r\n{auth}"),
            403,
        ),
        (
            "/groups",
            format!("Host: 127.0.0.1:{port}\r\nOrigin: null\r\n{auth}"),
            403,
        ),
        (
            "/groups",
            format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n{auth}"),
            200,
        ),
        (
            "/groups",
            format!("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: cross-site\r\n{auth}"),
            403,
        ),
        ("/version", "Host: evil.example".to_owned(), 421),
        ("/ui/", "Host: evil.example".to_owned(), 421),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        assert_eq!(
            raw(port, request.as_bytes()).await,
            expected,
            "{target} {headers}"
        );
    }
    // HTTP/2 without TLS is not spoken, and neither are two lengths.
    let preface = raw(port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(
        preface == 0 || preface == 400 || preface == 505,
        "{preface}"
    );
    let smuggled = format!(
        "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{auth}\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /groups HTTP/1.1\r\n"
    );
    assert_eq!(raw(port, smuggled.as_bytes()).await, 400);
    app.stop().await;
}

#[tokio::test]
async fn bodies_have_a_type_a_form_and_a_size() {
    let app = App::start().await;
    let put = |content_type: &'static str, body: Vec<u8>| {
        let request = app
            .request("PUT", "/group")
            .bearer_auth(&app.token)
            .header("content-type", content_type)
            .body(body);
        async { request.send().await.unwrap() }
    };
    assert_eq!(put("text/plain", b"{}".to_vec()).await.status(), 415);
    assert_eq!(
        put("application/x-www-form-urlencoded", b"name=x".to_vec())
            .await
            .status(),
        415
    );
    let broken = put("application/json", b"{\n \"name\": x}".to_vec()).await;
    assert_eq!(broken.status(), 400);
    let text = broken.text().await.unwrap();
    assert!(
        text.contains("line 2 column 10") && text.contains("INVALID_REQUEST_DATA"),
        "{text}"
    );
    let deep = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
    assert_eq!(put("application/json", deep).await.status(), 400);
    let large = put("application/json", vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(large.status(), 413);
    assert_eq!(
        put("application/json", b"{\"name\": \"\\ud800\"}".to_vec())
            .await
            .status(),
        400
    );
    for (body, status, code, property) in [
        (json!({}), 400, "REQUIRED_VALUE_MISSING", "name"),
        (json!({"name": 7}), 400, "VALUE_INCORRECT_TYPE", "name"),
        (json!({"name": ""}), 400, "VALUE_OUT_OF_BOUNDS", "name"),
        (
            json!({"name": "a\nb"}),
            400,
            "VALUE_INCORRECT_FORMAT",
            "name",
        ),
        (
            json!({"name": "x", "colour": "red"}),
            400,
            "INVALID_REQUEST_DATA",
            "colour",
        ),
        (
            json!({"name": "x", "parent_uid": "no-such"}),
            400,
            "INVALID_REQUEST_DATA",
            "parent_uid",
        ),
        (json!([1]), 400, "VALUE_INCORRECT_TYPE", ""),
    ] {
        let (seen, answer) = app.call("PUT", "/group/", body.clone()).await;
        assert_eq!(
            (seen.as_u16(), answer["error_code"].as_str().unwrap()),
            (status, code),
            "{body}"
        );
        assert_eq!(
            answer["property"].as_str().unwrap_or(""),
            property,
            "{body}"
        );
        assert!(answer["details"].is_array());
    }
    app.stop().await;
}

#[tokio::test]
async fn slow_heads_and_large_heads_end() {
    let app = App::start().await;
    let port = app.server.port();
    let head = format!(
        "GET /groups HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: {}\r\n\r\n",
        "a".repeat(64 * 1024)
    );
    assert_eq!(raw(port, head.as_bytes()).await, 431);
    // Slow-loris: heads that never end. All places are taken, then all are free again.
    let mut slow = Vec::new();
    for _ in 0..64 {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket
            .write_all(b"GET /groups HTTP/1.1\r\nHost: 127.")
            .await
            .unwrap();
        slow.push(socket);
    }
    let app_ref = &app;
    until("one connection too many is told so", || async move {
        let full = app_ref
            .request("GET", "/groups")
            .bearer_auth(&app_ref.token)
            .send()
            .await;
        full.is_ok_and(|response| response.status() == 503)
    })
    .await;
    let began = Instant::now();
    until("slow heads are dropped", || async move {
        let again = app_ref
            .request("GET", "/groups")
            .bearer_auth(&app_ref.token)
            .send()
            .await;
        again.is_ok_and(|response| response.status() == 200)
    })
    .await;
    assert!(
        began.elapsed() < Duration::from_secs(14),
        "{:?}",
        began.elapsed()
    );
    app.stop().await;
}

#[tokio::test]
async fn every_listening_socket_is_on_loopback() {
    let app = App::start().await;
    let port = format!("{:04X}", app.server.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let listening: Vec<_> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let (local, _, state) = (columns.next()?, columns.next()?, columns.next()?);
            (state == "0A" && local.ends_with(&port)).then(|| local.to_owned())
        })
        .collect();
    assert_eq!(listening, [format!("0100007F:{port}")]);
    app.stop().await;
}

#[tokio::test]
async fn the_switch_acts_at_once_and_a_busy_port_changes_nothing() {
    let app = App::start().await;
    // The window's own calls carry no token; they are made in the process.
    let window = |body: Value| {
        let request = farwire_api::request::Request::of_window(
            "PUT",
            "/settings",
            body.to_string().into_bytes(),
        );
        let api = std::sync::Arc::clone(&app.api);
        async move { api.handle(request).await }
    };
    let (first, second) = (crate::xvnc::free_port(), crate::xvnc::free_port());
    assert!(
        !ApiSettings::default().enabled,
        "the API is off until somebody switches it on"
    );
    let answers = async |port: u16| TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    assert_eq!(
        window(json!({"api": {"enabled": true, "port": first}}))
            .await
            .status,
        200
    );
    assert!(answers(first).await);
    let busy = std::net::TcpListener::bind(("127.0.0.1", second)).unwrap();
    let refused = window(json!({"api": {"port": second}})).await;
    assert_eq!(refused.status, 409);
    assert!(answers(first).await, "the old listener stays");
    assert_eq!(app.api.core().settings().api.port, first);
    drop(busy);
    assert_eq!(window(json!({"api": {"port": second}})).await.status, 200);
    assert!(answers(second).await && !answers(first).await);
    assert_eq!(window(json!({"api": {"enabled": false}})).await.status, 200);
    assert!(!answers(second).await);
    // A token with every scope a token can have does not switch it on again.
    let (status, _) = app
        .call("PUT", "/settings", json!({"api": {"enabled": true}}))
        .await;
    assert_eq!(status, 403);
    app.stop().await;
}
