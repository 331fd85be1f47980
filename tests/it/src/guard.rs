//! What a request's head must look like before anybody reads it, on every route: host, origin, type of the body; and heads that
//! say two things at once.

use crate::app::App;
use crate::wire::{ask, example, exchange, with_bodies};
use farwire_api::native::ROUTES;
use serde_json::{Value, json};
use std::time::Duration;

/// A refusal of a head: what is wrong with it, and the status it gets.
async fn refused_everywhere(app: &App, heads: &[(String, u16)]) {
    for route in ROUTES {
        let path = example(route.pattern);
        for (head, expected) in heads {
            let headers = format!("{head}{}", app.bearer());
            let answer = app.ask(route.method, &path, &headers, "").await;
            let seen = (answer.status(), answer.error_code());
            let said = (*expected, "PERMISSION_DENIED".to_owned());
            assert_eq!(seen, said, "{} {path} {head:?}", route.method);
            assert!(!answer.text.to_lowercase().contains("access-control"));
        }
    }
}

#[tokio::test]
async fn rebound_names_reach_no_route() {
    let app = App::start().await;
    let port = app.server.port();
    let own = format!("127.0.0.1:{port}");
    let mut heads: Vec<_> = [
        "evil.example",
        &format!("evil.example:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
        &format!("evil.example@127.0.0.1:{port}"),
        &format!("localhost.:{port}"),
        &format!("127.0.0.1.:{port}"),
        &format!("127.1:{port}"),
        &format!("2130706433:{port}"),
        &format!("0.0.0.0:{port}"),
        &format!("[::ffff:127.0.0.1]:{port}"),
        &format!("::1:{port}"),
        "127.0.0.1:",
        "127.0.0.1:port",
        "127.0.0.1:70000",
        "",
    ]
    .into_iter()
    .map(|host| (format!("Host: {host}\r\n"), 421))
    .collect();
    heads.extend([
        (String::new(), 421),
        (format!("Host: {own}\r\nHost: {own}\r\n"), 421),
        (format!("Host: {own}\r\nHost: evil.example\r\n"), 421),
    ]);
    refused_everywhere(&app, &heads).await;
    for path in ["/", "/ui/", "/ui/no-such", "/no/such/path", "/v3/api"] {
        for (head, expected) in &heads {
            let answer = app.ask("GET", path, head, "").await;
            assert_eq!(answer.status(), *expected, "{path} {head:?}");
        }
    }
    for host in [
        own.as_str(),
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "LOCALHOST:80",
        "[::1]",
        "[::1]:3279",
    ] {
        let headers = format!("Host: {host}\r\n{}", app.bearer());
        let answer = app.ask("GET", "/groups", &headers, "").await;
        assert_eq!(answer.status(), 200, "{host}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_host_of_a_whole_address_counts_as_well() {
    let app = App::start().await;
    let headers = format!("Host: 127.0.0.1\r\n{}", app.bearer());
    for route in ROUTES {
        let path = example(route.pattern);
        for host in ["evil.example", "127.0.0.1@evil.example", "evil@127.0.0.1"] {
            let target = format!("http://{host}{path}");
            let answer = app.ask(route.method, &target, &headers, "").await;
            assert_eq!(answer.status(), 421, "{} {target}", route.method);
        }
    }
    for (target, expected) in [
        ("http://localhost/groups", 200),
        ("http://[::1]:5/groups", 200),
        ("//evil.example/groups", 404),
        ("/http://evil.example/groups", 404),
    ] {
        let answer = app.ask("GET", target, &headers, "").await;
        assert_eq!(answer.status(), expected, "{target}");
    }
    // No proxy: no way through to another port.
    for target in ["127.0.0.1:22", "evil.example:443"] {
        let answer = app.ask("CONNECT", target, &headers, "").await;
        assert!((400..500).contains(&answer.status()), "{}", answer.text);
    }
    let answer = app.ask("OPTIONS", "*", &headers, "").await;
    assert_eq!(answer.status(), 404);
    app.stop().await;
}

#[tokio::test]
async fn foreign_pages_reach_no_route() {
    let app = App::start().await;
    let port = app.server.port();
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let origins = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        "".to_owned(),
        "http://127.0.0.1".to_owned(),
        "http://127.0.0.1:1".to_owned(),
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://127.0.0.1:{port}, https://evil.example"),
        "tauri://localhost".to_owned(),
        "\u{fc}".to_owned(),
    ];
    let origins = origins
        .iter()
        .map(|origin| format!("{host}Origin: {origin}\r\n"));
    let sites = ["cross-site", "same-site", "", "SAME-ORIGIN"];
    let sites = sites
        .iter()
        .map(|site| format!("{host}Sec-Fetch-Site: {site}\r\n"));
    // A second line of a header does not hide behind the first.
    let own = format!("http://127.0.0.1:{port}");
    let twice = [
        format!("{host}Origin: {own}\r\nOrigin: https://evil.example\r\n"),
        format!("{host}Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n"),
    ];
    let heads = origins.chain(sites).chain(twice);
    let heads: Vec<_> = heads.map(|head| (head, 403)).collect();
    refused_everywhere(&app, &heads).await;
    for head in [
        format!("{host}Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n"),
        format!("{host}Sec-Fetch-Site: none\r\n"),
    ] {
        let headers = format!("{head}{}", app.bearer());
        let answer = app.ask("GET", "/groups", &headers, "").await;
        assert_eq!(answer.status(), 200, "{head}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_page_that_asks_first_is_told_nothing() {
    let app = App::start().await;
    let port = app.server.port();
    for route in ROUTES {
        let path = example(route.pattern);
        for (origin, expected) in [("https://evil.example", 403), ("", 405)] {
            let origin = match origin {
                "" => String::new(),
                origin => format!("Origin: {origin}\r\n"),
            };
            let headers = format!(
                "Host: 127.0.0.1:{port}\r\n{origin}{}Access-Control-Request-Method: {}\r\nAccess-Control-Request-Private-Network: true\r\n",
                app.bearer(),
                route.method
            );
            let answer = app.ask("OPTIONS", &path, &headers, "").await;
            assert_eq!(answer.status(), expected, "{path}");
            let head = answer.text.to_lowercase();
            assert!(!head.contains("access-control"), "{path}: {head}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_a_form_could_send_are_refused_on_every_route() {
    let app = App::start().await;
    let auth = app.bearer();
    for route in with_bodies() {
        let path = example(route.pattern);
        for content_type in [
            "",
            "Content-Type: text/plain\r\n",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "Content-Type: text/plain; application/json\r\n",
            "Content-Type: application/jsonp\r\n",
        ] {
            for (framing, body) in [
                ("Content-Length: 2", "{}"),
                ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"),
            ] {
                let headers = format!("Host: 127.0.0.1\r\n{auth}{content_type}{framing}\r\n");
                let answer = app.ask(route.method, &path, &headers, body).await;
                let seen = (answer.status(), answer.error_code());
                let said = (415, "INVALID_REQUEST_DATA".to_owned());
                assert_eq!(
                    seen, said,
                    "{} {path} {content_type} {framing}",
                    route.method
                );
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_hides_no_second_request() {
    let app = App::start().await;
    let port = app.server.port();
    let head = format!(
        "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\n",
        app.bearer()
    );
    let hidden = format!(
        "PUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{{\"name\":\"hidden\"}}",
        app.bearer()
    );
    let body = "{\"name\":\"seen\"}";
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (framing, body, is_taken) in [
        // RFC 9112, section 6.3: the chunks count, and the connection ends.
        (
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            &*chunked,
            true,
        ),
        (
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            &chunked,
            true,
        ),
        (
            format!("Content-Length: {length}\r\nContent-Length: 0"),
            body,
            false,
        ),
        (
            format!("Content-Length: 0\r\nContent-Length: {length}"),
            body,
            false,
        ),
        (format!("Content-Length: {length}, 0"), body, false),
        (format!("Content-Length: +{length}"), body, false),
        (format!("Content-Length: -{length}"), body, false),
        (format!("Content-Length: 0x{length:x}"), body, false),
        ("Content-Length: 18446744073709551616".into(), body, false),
        (
            "Transfer-Encoding: chunked, identity".into(),
            &chunked,
            false,
        ),
        ("Transfer-Encoding: xchunked".into(), &chunked, false),
        ("Transfer-Encoding: identity".into(), body, false),
        ("Transfer-Encoding : chunked".into(), &chunked, false),
        // A folded line: the second half of a value, or a header.
        (
            format!("X-Folded: a\r\n Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            body,
            false,
        ),
        ("X: a\0b\r\nContent-Length: 0".into(), "", false),
        ("X: a\rb\r\nContent-Length: 0".into(), "", false),
        (
            "Transfer-Encoding: chunked".into(),
            "fffffffffffffffff\r\nx",
            false,
        ),
        ("Transfer-Encoding: chunked".into(), "-1\r\nx\r\n", false),
        ("Transfer-Encoding: chunked".into(), "1x\r\nx\r\n", false),
    ] {
        let request = format!("{head}{framing}\r\n\r\n{body}{hidden}");
        let answer = exchange(port, request.as_bytes(), Duration::from_secs(5)).await;
        app.check("PUT", "/group", &answer).await;
        let expected = if is_taken { 200 } else { 400 };
        let seen = (answer.status(), answer.count());
        assert_eq!(seen, (expected, 1), "{framing:?} {body:?}: {}", answer.text);
    }
    let groups = app.ok("GET", "/groups", Value::Null).await;
    let names = groups.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|group| group["name"].clone()).collect();
    assert_eq!(names, [json!("seen"), json!("seen")]);
    app.stop().await;
}

#[tokio::test]
async fn no_other_protocol_is_spoken() {
    let app = App::start().await;
    let port = app.server.port();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let answer = ask(port, preface).await;
    assert!([0, 400, 505].contains(&answer.status()), "{}", answer.text);
    assert!(!answer.text.starts_with('\0'), "no frame comes back");
    let upgrade = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let request = format!(
        "GET /groups HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Connection: Upgrade, HTTP2-Settings, close\r\n{upgrade}\r\n",
        app.bearer()
    );
    let answer = ask(port, request.as_bytes()).await;
    app.check("GET", "/groups", &answer).await;
    assert_eq!((answer.status(), answer.count()), (200, 1));
    assert_eq!(answer.header("upgrade"), None);
    for request in [
        "GET /groups\r\n\r\n",
        "GET /groups HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n",
        "GET  /groups HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\x7c\x03\x03",
        "{\"ask\":\"link\"}\n\r\n",
    ] {
        let answer = ask(port, request.as_bytes()).await;
        let status = answer.status();
        assert!([0, 400, 505].contains(&status), "{request:?}: {status}");
    }
    app.stop().await;
}
