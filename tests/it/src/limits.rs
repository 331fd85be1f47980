//! Sizes and times: what is too large is refused, and who holds a place without using it loses it.

use crate::app::{App, until};
use crate::wire::{ask, example, with_bodies, with_ids};
use farwire_api::native::ROUTES;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// As many connections as the server keeps at once.
const PLACES: usize = 64;

#[tokio::test]
async fn identifiers_that_step_out_of_their_place_name_nothing() {
    let app = App::with_every_scope().await;
    let headers = format!("Host: 127.0.0.1\r\n{}", app.bearer());
    let long = "x".repeat(20_000);
    for route in ROUTES.iter().filter(|route| route.pattern.contains('{')) {
        for id in [
            "%2e%2e",
            "..",
            "%2f",
            "a%2f..%2fb",
            "%00",
            "a%00b",
            "%ff",
            "%c0%af",
            "%",
            "%zz",
            "%252e%252e",
            "\\..\\",
            &long,
        ] {
            let path = with_ids(route.pattern, id);
            let answer = app.ask(route.method, &path, &headers, "").await;
            let seen = (answer.status(), answer.error_code());
            let shown = path.chars().take(100).collect::<String>();
            // Input is checked first where a body must be there.
            let is_body_first = seen == (400, "REQUIRED_VALUE_MISSING".to_owned());
            let is_nothing = seen == (404, "BAD_REQUEST".to_owned());
            assert!(
                is_nothing || is_body_first,
                "{} {shown}: {seen:?}",
                route.method
            );
            assert!(answer.text.len() < 4000, "{shown}: a short answer");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn bodies_end_at_a_megabyte_however_they_are_sent() {
    let app = App::start().await;
    let auth = app.bearer();
    const LIMIT: usize = 1024 * 1024;
    for route in with_bodies() {
        let path = example(route.pattern);
        let head = format!("Host: 127.0.0.1\r\n{auth}Content-Type: application/json\r\n");
        let declared = format!("{head}Content-Length: {}\r\n", LIMIT + 1);
        let answer = app.ask(route.method, &path, &declared, "").await;
        let seen = (answer.status(), answer.error_code());
        let said = (413, "VALUE_OUT_OF_BOUNDS".to_owned());
        assert_eq!(seen, said, "{} {path}", route.method);
    }
    let port = app.server.port();
    let head = format!(
        "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{auth}Content-Type: application/json\r\nConnection: close\r\n"
    );
    let whole = format!("{{\"name\": \"fits\"{}}}", " ".repeat(LIMIT - 16));
    assert_eq!(whole.len(), LIMIT);
    let request = format!("{head}Content-Length: {LIMIT}\r\n\r\n{whole}");
    let answer = ask(port, request.as_bytes()).await;
    app.check("PUT", "/group", &answer).await;
    assert_eq!(answer.status(), 200);
    let groups = app.ok("GET", "/groups", Value::Null).await;
    let names = groups.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|group| group["name"].clone()).collect();
    assert_eq!(names, [json!("fits")]);
    app.stop().await;
}

#[tokio::test]
async fn odd_json_is_a_mistake_on_every_route_and_never_ours() {
    let app = App::with_every_scope().await;
    let auth = app.bearer();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_key = format!("{}1{}", "{\"name\":".repeat(200), "}".repeat(200));
    for route in with_bodies() {
        let path = example(route.pattern);
        for body in [
            &deep,
            &deep_key,
            "{\"name\": NaN}",
            "{\"name\": -Infinity}",
            "{\"name\": 1e999}",
            "{\"name\": \"\\ud800\"}",
            "{\"name\": \"\\udc00\\ud800\"}",
            "{\"name\": \"x\"",
            "{\"name\": \"x\"} {}",
            "{\"name\": 'x'}",
            "{name: \"x\"}",
            "{\"name\": \"x\",}",
            "\u{feff}{}",
            "// {}",
            "[]",
            "\"x\"",
            "1",
            "true",
            "{\"__proto__\": {}}",
            "{\"name\": \"a\", \"name\": \"b\"}",
            // Blank is not the same as none.
            " \n",
        ] {
            let headers = format!(
                "Host: 127.0.0.1\r\n{auth}Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
            let answer = app.ask(route.method, &path, &headers, body).await;
            let shown: String = body.chars().take(40).collect();
            assert!(
                [400, 404].contains(&answer.status()) && !answer.error_code().is_empty(),
                "{} {path} {shown}: {}",
                route.method,
                answer.text.chars().take(600).collect::<String>()
            );
        }
    }
    let port = app.server.port();
    for body in [
        &b"{\"name\": \"\xff\"}"[..],
        b"\xff\xfe{\0}\0",
        b"{\"name\": \"a\0b\"}",
    ] {
        let mut request = format!(
            "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{auth}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let answer = ask(port, &request).await;
        app.check("PUT", "/group", &answer).await;
        assert_eq!(answer.status(), 400);
    }
    assert_eq!(app.ok("GET", "/groups", Value::Null).await, json!([]));
    app.stop().await;
}

#[tokio::test]
async fn mistakes_in_a_body_are_named() {
    let app = App::start().await;
    let broken = app
        .request("PUT", "/group")
        .bearer_auth(&app.token)
        .header("content-type", "application/json")
        .body(b"{\n \"name\": x}".to_vec());
    let broken = broken.send().await.unwrap();
    assert_eq!(broken.status(), 400);
    let text = broken.text().await.unwrap();
    assert!(
        text.contains("line 2 column 10") && text.contains("INVALID_REQUEST_DATA"),
        "{text}"
    );
    let twice = app
        .request("PUT", "/group")
        .bearer_auth(&app.token)
        .header("content-type", "application/json")
        .body(br#"{"name": "a", "name": "b"}"#.to_vec());
    let twice = twice.send().await.unwrap();
    assert_eq!(twice.status(), 400);
    assert!(twice.text().await.unwrap().contains("name is there twice"));
    for (body, code, property) in [
        (json!({}), "REQUIRED_VALUE_MISSING", "name"),
        (json!({"name": 7}), "VALUE_INCORRECT_TYPE", "name"),
        (json!({"name": ""}), "VALUE_OUT_OF_BOUNDS", "name"),
        (json!({"name": "a\nb"}), "VALUE_INCORRECT_FORMAT", "name"),
        (
            json!({"name": "x", "colour": "red"}),
            "INVALID_REQUEST_DATA",
            "colour",
        ),
        (
            json!({"name": "x", "parent_uid": "no-such"}),
            "INVALID_REQUEST_DATA",
            "parent_uid",
        ),
        (json!([1]), "VALUE_INCORRECT_TYPE", ""),
    ] {
        let (status, answer) = app.call("PUT", "/group/", body.clone()).await;
        let seen = (status.as_u16(), answer["error_code"].as_str().unwrap());
        assert_eq!(seen, (400, code), "{body}");
        let named = answer["property"].as_str().unwrap_or("");
        assert_eq!(named, property, "{body}");
        assert!(answer["details"].is_array());
    }
    app.stop().await;
}

#[tokio::test]
async fn large_heads_are_refused() {
    let app = App::start().await;
    let port = app.server.port();
    let long = "a".repeat(64 * 1024);
    let many: String = (0..200)
        .map(|number| format!("X-{number}: a\r\n"))
        .collect();
    for (target, headers, expected) in [
        ("/groups", format!("X-Long: {long}\r\n"), &[431][..]),
        ("/groups", format!("X-{long}: a\r\n"), &[431]),
        ("/groups", many, &[431]),
        (&format!("/groups?q={long}"), String::new(), &[414, 431]),
        (&format!("/{long}"), String::new(), &[414, 431]),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n");
        let answer = ask(port, head.as_bytes()).await;
        let shown: String = head.chars().take(60).collect();
        assert!(
            expected.contains(&answer.status()),
            "{shown}: {}",
            answer.status()
        );
    }
    app.stop().await;
}

impl App {
    /// Whether somebody who comes now is served.
    pub async fn serves(&self) -> bool {
        let headers = format!("Host: 127.0.0.1\r\n{}", self.bearer());
        self.ask("GET", "/groups", &headers, "").await.status() == 200
    }
}

#[tokio::test]
async fn slow_heads_keep_nobody_out_and_end_after_ten_seconds() {
    let app = App::start().await;
    let port = app.server.port();
    let began = Instant::now();
    // More than there are places: each that comes takes that of the oldest.
    let mut slow = Vec::new();
    for _ in 0..150 {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = socket
            .write_all(b"GET /groups HTTP/1.1\r\nHost: 127.")
            .await;
        slow.push(socket);
    }
    until("a known one is served", || app.serves()).await;
    // Every one of them ends, also those that never had a place.
    for mut socket in slow {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(15), socket.read_to_end(&mut rest));
        assert!(ended.await.is_ok(), "a slow connection is still open");
    }
    assert!(began.elapsed() > Duration::from_secs(9), "none was slow");
    app.stop().await;
}

#[tokio::test]
async fn strangers_keep_nobody_out_whatever_they_begin() {
    let app = App::start().await;
    let sign_in = "PUT /ui/signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let version = "GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    // It needs no token, and its answers are long.
    let unread = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(200);
    for beginning in ["", sign_in, version, &unread] {
        let mut held = Vec::new();
        for _ in 0..PLACES {
            let mut socket = narrow(&app).await;
            socket.write_all(beginning.as_bytes()).await.unwrap();
            held.push(socket);
        }
        for _ in 0..10 {
            assert!(app.serves().await, "{beginning:.60}");
        }
        // The one that came last is still heard.
        let mut last = held.pop().unwrap();
        let mut byte = [0];
        let heard = tokio::time::timeout(Duration::from_millis(300), last.read(&mut byte)).await;
        assert!(
            !matches!(heard, Ok(Ok(0) | Err(_))),
            "{beginning:.60}: the last had to go"
        );
    }
    app.stop().await;
}

/// A connection with a small window, so that an answer nobody reads is soon stuck.
async fn narrow(app: &App) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = ([127, 0, 0, 1], app.server.port()).into();
    socket.connect(address).await.unwrap()
}

/// Takes every place with connections that show their token, `begin` something until they are known, and go no further; answers how
/// long the places were held.
async fn hold_every_place(app: &App, begin: impl AsyncFn(&mut TcpStream)) -> Duration {
    let began = Instant::now();
    let mut held = Vec::new();
    for _ in 0..PLACES {
        let mut socket = narrow(app).await;
        begin(&mut socket).await;
        held.push(socket);
    }
    until("one connection too many is told so", || async {
        let headers = "Host: 127.0.0.1\r\n";
        app.ask("GET", "/version", headers, "").await.status() == 503
    })
    .await;
    // Half a minute is what a body and an answer may stand still; twice that is for machines under load.
    let limit = Duration::from_secs(60);
    while !app.serves().await {
        let lasted = began.elapsed();
        assert!(
            lasted < limit,
            "the places are still taken after {lasted:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    began.elapsed()
}

/// Reads the beginning of an answer: from then on the connection is known.
async fn begins_with(socket: &mut TcpStream, expected: &str) {
    let mut seen = vec![0; expected.len()];
    socket.read_exact(&mut seen).await.unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), expected);
}

#[tokio::test]
async fn who_says_nothing_any_more_loses_his_place() {
    let app = App::start().await;
    let asked = format!(
        "GET /groups HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
        app.bearer()
    );
    let lasted = hold_every_place(&app, async |socket| {
        socket.write_all(asked.as_bytes()).await.unwrap();
        begins_with(socket, "HTTP/1.1 200").await;
    })
    .await;
    assert!(lasted > Duration::from_secs(1), "they were never held");
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_stands_still_loses_its_place() {
    let app = App::start().await;
    let head = format!(
        "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        app.bearer()
    );
    let lasted = hold_every_place(&app, async |socket| {
        socket.write_all(head.as_bytes()).await.unwrap();
        begins_with(socket, "HTTP/1.1 100").await;
        socket.write_all(b"{").await.unwrap();
    })
    .await;
    assert!(lasted > Duration::from_secs(1), "they were never held");
    app.stop().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_loses_its_place() {
    let app = App::start().await;
    let asked = format!(
        "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
        app.bearer()
    );
    let asked = asked.repeat(200);
    let lasted = hold_every_place(&app, async |socket| {
        socket.write_all(asked.as_bytes()).await.unwrap();
        begins_with(socket, "HTTP/1.1 200").await;
    })
    .await;
    assert!(lasted > Duration::from_secs(1), "they were never held");
    app.stop().await;
}
