//! Where we listen, and the switch of the HTTP API.

use crate::app::{App, until};
use crate::contract::Contract;
use crate::daemon::{Daemon, passphrase_file, token};
use crate::xvnc::{PASSWORD, Xvnc, free_port};
use farwire_api::request::Request;
use farwire_model::settings::ApiSettings;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// What a process listens on, as the system knows it: addresses in hexadecimal, as in /proc/net/tcp.
pub fn listening(process: &str) -> BTreeSet<String> {
    let process = Path::new("/proc").join(process);
    let handles = fs::read_dir(process.join("fd")).unwrap();
    let sockets: BTreeSet<_> = handles
        .filter_map(|handle| fs::read_link(handle.ok()?.path()).ok())
        .filter_map(|target| {
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            Some(inode.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut found = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let lines = fs::read_to_string(process.join("net").join(table)).unwrap_or_default();
        for line in lines.lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            let (local, state, inode) = (columns[1], columns[3], columns[9]);
            // Only TCP listens; of the others every open socket hears.
            let hears = !table.starts_with("tcp") || state == "0A";
            if hears && sockets.contains(inode) {
                found.insert(format!("{table} {local}"));
            }
        }
    }
    found
}

#[tokio::test]
async fn farwired_listens_on_loopback_alone() {
    let dir = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(dir.path(), 0o600);
    let mut daemon = Daemon::start(&dir.path().join("data"), &passphrase);
    let url = daemon.url();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let seen = listening(&daemon.child.id().to_string());
    let four = format!("tcp 0100007F:{port:04X}");
    let six = format!("tcp6 00000000000000000000000001000000:{port:04X}");
    assert!(seen.contains(&four), "{seen:?}");
    let others = |seen: &BTreeSet<String>| {
        let own = [&four, &six];
        let others = seen.iter().filter(|it| !own.contains(it)).cloned();
        others.collect::<Vec<_>>()
    };
    assert_eq!(others(&seen), Vec::<String>::new());
    // Who asks for machines nearby hears their announcements, which come by multicast to a port that all share.
    let token = token(&dir.path().join("data"), "read");
    let client = crate::client::Client::new(url.as_str());
    let nearby = client.request("GET", "/nearby").bearer_auth(&token);
    assert_eq!(nearby.send().await.unwrap().status(), 200);
    let seen = listening(&daemon.child.id().to_string());
    // Where announcements are heard, and where the library wakes its own thread.
    let is_known = |it: &String| {
        let mdns = [
            "udp 00000000:14E9",
            "udp6 00000000000000000000000000000000:14E9",
        ];
        mdns.contains(&it.as_str()) || it.starts_with("udp 0100007F:")
    };
    let others = others(&seen);
    assert!(others.iter().all(is_known), "{others:?}");
    assert!(others.iter().any(|it| it.ends_with(":14E9")), "{others:?}");
    let loopback = others.iter().filter(|it| it.contains("0100007F"));
    assert!(loopback.count() <= 1, "{others:?}");
}

impl App {
    /// A call of the window: it carries no token, it is made in the process.
    async fn window(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::of_window(method, path, body.to_string().into_bytes());
        let response = Arc::clone(&self.api).handle(request).await;
        let farwire_api::request::Body::Json(body) = response.body else {
            panic!("{method} {path} answers JSON");
        };
        let contract = Contract::within(&self.api).await;
        contract.check(method, path, response.status, "application/json", &body);
        (response.status, serde_json::from_slice(&body).unwrap())
    }

    async fn switch(&self, api: Value) -> u16 {
        self.window("PUT", "/settings", json!({ "api": api }))
            .await
            .0
    }
}

async fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}

#[tokio::test]
async fn the_switch_acts_at_once_and_a_busy_port_changes_nothing() {
    let app = App::start().await;
    let (first, second) = (free_port(), free_port());
    assert!(
        !ApiSettings::default().enabled,
        "the API is off until somebody switches it on"
    );
    assert_eq!(
        app.switch(json!({"enabled": true, "port": first})).await,
        200
    );
    assert!(answers(first).await);
    let busy = std::net::TcpListener::bind(("127.0.0.1", second)).unwrap();
    let change = json!({"api": {"port": second}});
    let (status, refused) = app.window("PUT", "/settings", change).await;
    assert_eq!((status, &refused["property"]), (409, &json!("api.port")));
    let message = refused["error_message"].as_str().unwrap();
    assert!(message.contains(&second.to_string()), "{message}");
    assert!(answers(first).await, "the old listener stays");
    assert_eq!(app.api.core().settings().api.port, first);
    drop(busy);
    assert_eq!(app.switch(json!({"port": second})).await, 200);
    assert!(answers(second).await && !answers(first).await);
    assert_eq!(app.switch(json!({"enabled": false})).await, 200);
    assert!(!answers(second).await);
    app.stop().await;
}

#[tokio::test]
async fn no_token_moves_the_switch() {
    let app = App::start().await;
    let all = farwire_model::token::Scope::ALL;
    let token = app.token_with(&all).await;
    for change in [
        json!({"enabled": true}),
        json!({"port": 4000}),
        json!({"enabled": true, "port": 4000}),
    ] {
        let body = json!({ "api": change });
        let (status, answer) = app.call_as(&token, "PUT", "/settings", body).await;
        assert_eq!((status.as_u16(), &answer["property"]), (403, &json!("api")));
    }
    assert_eq!(app.api.core().settings().api, ApiSettings::default());
    app.stop().await;
}

#[tokio::test]
async fn switching_off_ends_streams_and_refuses_new_calls_within_a_second() {
    let app = App::start().await;
    let port = free_port();
    assert_eq!(
        app.switch(json!({"enabled": true, "port": port})).await,
        200
    );
    let client = crate::client::Client::new(format!("http://127.0.0.1:{port}"));
    let ticket = client.request("PUT", "/ticket").bearer_auth(&app.token);
    let ticket = ticket.json(&json!({"events": true})).send().await.unwrap();
    let ticket: Value = ticket.json().await.unwrap();
    let url = ticket["url"].as_str().unwrap();
    assert!(url.contains(&port.to_string()), "{url}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    // A call in flight makes the server wait; nobody else does.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uid = app.vnc(silent.local_addr().unwrap().port(), None).await;
    let path = format!("/connection/{uid}/connect?wait=1&timeout=2");
    let waiting = client.request("ACTION", &path).bearer_auth(&app.token);
    let waiting = tokio::spawn(waiting.send());
    let _called = silent.accept().await.unwrap();
    let began = Instant::now();
    let switched = app.switch(json!({"enabled": false}));
    let refused = async {
        until("the port refuses", || async move { !answers(port).await }).await;
        began.elapsed()
    };
    let ended = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
        began.elapsed()
    };
    let (status, refused, ended) = tokio::join!(switched, refused, ended);
    assert_eq!(status, 200);
    let second = Duration::from_secs(1);
    assert!(refused < second && ended < second, "{refused:?} {ended:?}");
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!(answer.status(), 424, "what was under way is answered");
    app.stop().await;
}

#[tokio::test]
async fn a_new_port_lets_calls_on_the_old_one_finish() {
    let app = App::start().await;
    let (first, second) = (free_port(), free_port());
    assert_eq!(
        app.switch(json!({"enabled": true, "port": first})).await,
        200
    );
    let client = crate::client::Client::new(format!("http://127.0.0.1:{first}"));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uid = app.vnc(silent.local_addr().unwrap().port(), None).await;
    let path = format!("/connection/{uid}/connect?wait=1&timeout=2");
    let waiting = client.request("ACTION", &path).bearer_auth(&app.token);
    let waiting = tokio::spawn(waiting.send());
    let _called = silent.accept().await.unwrap();
    assert_eq!(app.switch(json!({"port": second})).await, 200);
    assert!(answers(second).await && !answers(first).await);
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!(answer.status(), 424);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["property"], "banner", "{answer}");
    app.stop().await;
}

/// The window's streams have a port of their own while the API is off: see what it listens on and answers.
#[tokio::test]
async fn the_window_listens_while_a_session_is_open_and_answers_tickets_alone() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let ticket = json!({ "session_id": session });
    let (status, ticket) = app.window("PUT", "/ticket", ticket).await;
    assert_eq!(status, 200, "{ticket}");
    let url = ticket["url"].as_str().unwrap();
    let (base, path) = url
        .strip_prefix("ws://127.0.0.1:")
        .unwrap()
        .split_once('/')
        .unwrap();
    let port: u16 = base.parse().unwrap();
    assert_ne!(port, app.server.port(), "a port of its own");
    // Other tests listen in this process too: this port, and on loopback only.
    let ends = format!(":{port:04X}");
    let mine: Vec<_> = listening("self")
        .into_iter()
        .filter(|it| it.ends_with(&ends))
        .collect();
    let loopback = ["tcp 0100007F", "tcp6 00000000000000000000000001000000"];
    assert!(mine.contains(&format!("tcp 0100007F{ends}")), "{mine:?}");
    assert!(
        mine.iter()
            .all(|it| loopback.iter().any(|one| it == &format!("{one}{ends}"))),
        "{mine:?}"
    );
    // Nothing of the API is there, for the best of tokens too.
    for route in farwire_api::native::ROUTES {
        let path = crate::wire::example(route.pattern);
        let request = format!(
            "{} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Connection: close\r\n\r\n",
            route.method,
            app.bearer()
        );
        let answer = crate::wire::ask(port, request.as_bytes()).await;
        assert_eq!(answer.statuses(), [404], "{} {path}", route.method);
    }
    for path in ["/", "/ui/"] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let answer = crate::wire::ask(port, request.as_bytes()).await;
        assert_eq!(answer.statuses(), [404], "{path}");
    }
    let stranger = format!("ws://127.0.0.1:{port}/session/{session}/stream?ticket=guessed");
    assert!(tokio_tungstenite::connect_async(stranger).await.is_err());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert!(socket.next().await.unwrap().is_ok(), "{path}");
    drop(socket);
    assert!(
        tokio_tungstenite::connect_async(url).await.is_err(),
        "a ticket works once"
    );
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    until("nobody listens for streams", || async move {
        !answers(port).await
    })
    .await;
    app.stop().await;
}
