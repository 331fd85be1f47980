//! Bodies that lie about where they end, on every route: nothing is done by half, and nothing hides behind them.

use crate::app::App;
use crate::routes::all;
use crate::wire::{Answer, example};
use farwire_api::native::ROUTES;
use farwire_api::route::Route;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a server may keep a connection open that it is to close: many times what it takes on a machine under load.
const CLOSES_WITHIN: Duration = Duration::from_secs(60);
/// One byte more is too much.
const LIMIT: usize = 1024 * 1024;
/// What every route that looked at it would refuse.
const ODD: &str = "{\"no-such-key\": 1}";

/// Says something with this framing, and no more after that where it `ends`; everything that comes back until the server closes.
async fn say(app: &App, route: &Route, framing: &str, body: &str, ends: bool) -> Answer {
    let path = example(route.pattern);
    let request = format!(
        "{} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\n{framing}\r\n\r\n{body}",
        route.method,
        app.bearer()
    );
    let socket = TcpStream::connect(("127.0.0.1", app.server.port())).await;
    let (mut reader, mut writer) = socket.unwrap().into_split();
    let speak = async {
        // The server may answer and close before everything is sent.
        let _ = writer.write_all(request.as_bytes()).await;
        if ends {
            let _ = writer.shutdown().await;
        }
    };
    let mut bytes = Vec::new();
    let both = async { tokio::join!(speak, reader.read_to_end(&mut bytes)) };
    let closed = tokio::time::timeout(CLOSES_WITHIN, both).await;
    assert!(
        closed.is_ok(),
        "{} {path} {framing}: still open",
        route.method
    );
    let answer = Answer {
        text: String::from_utf8_lossy(&bytes).into_owned(),
    };
    app.check(route.method, &path, &answer).await;
    answer
}

/// All that a request could have changed.
async fn state(app: &App) -> Value {
    let mut all = app.everything().await;
    for path in [
        "/vault",
        "/settings",
        "/tokens",
        "/backups",
        "/sessions",
        "/transfers",
        "/tunnels",
    ] {
        all[path] = app.ok("GET", path, Value::Null).await;
    }
    // When a token was used is no change of what is saved.
    for token in all["/tokens"].as_array_mut().unwrap() {
        token["last_used"] = Value::Null;
    }
    all
}

/// The answers of every route to the same, and the certainty that it changed nothing.
async fn everywhere(
    framing: &str,
    body: &str,
    ends: bool,
    routes: impl Fn(&Route) -> bool,
    is_right: impl Fn(&Route, &Answer) -> bool,
) {
    let app = App::with_every_scope().await;
    let before = state(&app).await;
    let routes: Vec<_> = ROUTES.iter().filter(|route| routes(route)).collect();
    let answers = routes
        .iter()
        .map(|route| say(&app, route, framing, body, ends));
    let answers = all(answers.collect()).await;
    for (route, answer) in routes.iter().zip(&answers) {
        let shown: String = answer.text.chars().take(600).collect();
        assert!(
            is_right(route, answer),
            "{} {} {framing}: {shown}",
            route.method,
            route.pattern
        );
    }
    assert_eq!(state(&app).await, before, "{framing}");
    app.stop().await;
}

fn every(_: &Route) -> bool {
    true
}

/// One refusal, or a connection closed without a word.
fn is_refused(route: &Route, answer: &Answer) -> bool {
    let bytes = route.takes_bytes && matches!(answer.statuses()[..], [400..=499]);
    bytes || matches!(answer.statuses()[..], [400] | [])
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_does_nothing() {
    // Whole JSON, so that reading on without the rest would do something.
    let body = "{\"name\": \"half\"}";
    for framing in ["Content-Length: 100", "Content-Length: 1048576"] {
        everywhere(framing, body, true, every, is_refused).await;
    }
    // A last chunk that never comes.
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    everywhere(
        "Transfer-Encoding: chunked",
        &chunk,
        true,
        every,
        is_refused,
    )
    .await;
}

#[tokio::test]
async fn what_follows_a_body_is_none_of_it_and_does_nothing() {
    // The first byte alone is no JSON; the rest is no request.
    let body = "{\"name\": \"more\"}\r\n\r\n";
    let all_refused = |_: &Route, answer: &Answer| {
        let statuses = answer.statuses();
        let is_refusal = |status: &u16| (400..500).contains(status);
        (1..=2).contains(&statuses.len()) && statuses.iter().all(is_refusal)
    };
    everywhere("Content-Length: 1", body, false, every, all_refused).await;
}

#[tokio::test]
async fn two_lengths_end_the_connection_with_one_answer() {
    let app = App::with_every_scope().await;
    // RFC 9112, section 6.3: the chunks count, and whatever comes after them is never read.
    let body = format!(
        "{:x}\r\n{ODD}\r\n0\r\n\r\nPUT /group HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{{\"name\":\"hidden\"}}",
        ODD.len(),
        app.bearer()
    );
    let framings = [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked",
            ODD.len()
        ),
        "Transfer-Encoding: chunked\r\nContent-Length: 0".to_owned(),
        "Content-Length: 4\r\nTransfer-Encoding: chunked".to_owned(),
    ];
    let before = state(&app).await;
    for framing in &framings {
        let answers = ROUTES
            .iter()
            .map(|route| say(&app, route, framing, &body, false));
        for (route, answer) in ROUTES.iter().zip(all(answers.collect()).await) {
            let is_one = matches!(answer.statuses()[..], [400..=499]);
            assert!(
                is_one,
                "{} {} {framing}: {}",
                route.method, route.pattern, answer.text
            );
        }
    }
    assert_eq!(state(&app).await, before);
    app.stop().await;
}

#[tokio::test]
async fn chunks_are_taken_as_bodies_with_a_length_are() {
    let app = App::with_every_scope().await;
    let before = state(&app).await;
    // Some at a time, a chunk a byte.
    let chunks: String = ODD
        .chars()
        .map(|letter| format!("1\r\n{letter}\r\n"))
        .collect();
    let chunks = format!("{chunks}0\r\n\r\n");
    let whole = format!("Content-Length: {}\r\nConnection: close", ODD.len());
    let chunked = "Transfer-Encoding: chunked\r\nConnection: close";
    let answers = ROUTES.iter().map(async |route| {
        let declared = say(&app, route, &whole, ODD, false).await;
        (declared, say(&app, route, chunked, &chunks, false).await)
    });
    for (route, (declared, chunked)) in ROUTES.iter().zip(all(answers.collect()).await) {
        let said = |answer: &Answer| {
            let (_, body) = answer.text.split_once("\r\n\r\n").unwrap();
            (answer.statuses(), body.to_owned())
        };
        assert_eq!(
            said(&declared),
            said(&chunked),
            "{} {}",
            route.method,
            route.pattern
        );
        assert!(
            matches!(declared.statuses()[..], [400..=499]),
            "{}",
            declared.text
        );
    }
    assert_eq!(state(&app).await, before);
    let name = r#"{"name": "fits"}"#;
    let body = format!("{:x}\r\n{name}\r\n0\r\n\r\n", name.len());
    let creates = ["/group", "/connection", "/credential"];
    let creates = ROUTES
        .iter()
        .filter(|route| route.method == "PUT" && creates.contains(&route.pattern));
    for route in creates {
        let answer = say(&app, route, chunked, &body, false).await;
        assert_eq!(
            answer.statuses(),
            [200],
            "{}: {}",
            route.pattern,
            answer.text
        );
    }
    let groups = app.ok("GET", "/groups", Value::Null).await;
    assert_eq!(groups[0]["name"], json!("fits"));
    app.stop().await;
}

#[tokio::test]
async fn chunks_end_at_a_megabyte_too() {
    let chunk = format!("{:x}\r\n{}\r\n", LIMIT / 8, " ".repeat(LIMIT / 8));
    let large = format!("{}1\r\n \r\n0\r\n\r\n", chunk.repeat(8));
    let framing = "Transfer-Encoding: chunked\r\nConnection: close";
    // Files have no such limit, and their own tests.
    let json = |route: &Route| !route.takes_bytes;
    let is_too_large = |_: &Route, answer: &Answer| {
        (answer.statuses(), answer.error_code()) == (vec![413], "VALUE_OUT_OF_BOUNDS".to_owned())
    };
    everywhere(framing, &large, false, json, is_too_large).await;
}
