//! Where we listen, and the switch of the HTTP API.

use crate::app::{App, until};
use crate::daemon::{Daemon, passphrase_file, token};
use crate::xvnc::free_port;
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
fn listening(process: &str) -> BTreeSet<String> {
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
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let nearby = client.get(format!("{url}/nearby")).bearer_auth(token);
    assert_eq!(nearby.send().await.unwrap().status(), 200);
    let seen = listening(&daemon.child.id().to_string());
    let is_announcements = |it: &String| it.starts_with("udp") && it.ends_with(":14E9");
    let others = others(&seen);
    assert!(others.iter().all(is_announcements), "{others:?}");
}

impl App {
    /// A call of the window: it carries no token, it is made in the process.
    async fn window(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::of_window(method, path, body.to_string().into_bytes());
        let response = Arc::clone(&self.api).handle(request).await;
        let farwire_api::request::Body::Json(body) = response.body else {
            panic!("{method} {path} answers JSON");
        };
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
