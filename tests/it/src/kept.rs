//! Connections that are kept open for many requests: each is judged anew.

use crate::app::App;
use crate::contract::Contract;
use farwire_api::server::Server;
use farwire_model::token::Scope;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is not closed between requests.
pub struct Kept {
    socket: TcpStream,
    server: String,
}

impl Kept {
    async fn open(app: &App) -> Self {
        Self::to(&app.server).await
    }

    pub async fn to(server: &Server) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", server.port())).await;
        Self {
            socket: socket.unwrap(),
            server: server.url(),
        }
    }

    /// The status of an answer to a request with this token.
    pub async fn ask(&mut self, method: &str, path: &str, token: &str) -> u16 {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        self.socket.write_all(head.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&said);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let mut lines = head.lines();
                let length = lines.find_map(|line| line.strip_prefix("content-length: "));
                if body.len() == length.unwrap().parse::<usize>().unwrap() {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    let contract = Contract::of(&self.server).await;
                    let media_type = "application/json";
                    contract.check(method, path, status, media_type, body.as_bytes());
                    return status;
                }
            }
            let mut bytes = [0; 4096];
            let read = self.socket.read(&mut bytes).await.unwrap();
            assert!(read > 0, "closed after {text}");
            said.extend_from_slice(&bytes[..read]);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_gone_is_refused_where_it_was_just_shown() {
    let app = App::start().await;
    let token = app.token_with(&[Scope::Read]).await;
    let id = app.api.core().find_token(&token).unwrap().id;
    let mut line = Kept::open(&app).await;
    assert_eq!(line.ask("GET", "/groups", &token).await, 200);
    app.ok("DELETE", &format!("/token/{id}"), Value::Null).await;
    assert_eq!(line.ask("GET", "/groups", &token).await, 401);
    // Another one on the same connection has its own scopes.
    let other = app.token_with(&[Scope::Files]).await;
    assert_eq!(line.ask("GET", "/groups", &app.token).await, 200);
    assert_eq!(line.ask("GET", "/groups", &other).await, 403);
    assert_eq!(line.ask("GET", "/groups", &app.token).await, 200);
    // A beginning of it, and more than it, are others.
    for wrong in [
        &app.token[..app.token.len() - 1],
        &format!("{}0", app.token),
    ] {
        assert_eq!(line.ask("GET", "/groups", wrong).await, 401, "{wrong}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_token_expires_on_a_connection_that_shows_it_again_and_again() {
    let app = App::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let expires = i64::try_from(now.as_secs()).unwrap() + 5;
    let made = app
        .api
        .core()
        .create_token("short".into(), vec![Scope::Read], Some(expires));
    let (_, token) = made.await.unwrap();
    let mut line = Kept::open(&app).await;
    assert_eq!(line.ask("GET", "/groups", token.expose()).await, 200);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(line.ask("GET", "/groups", token.expose()).await, 401);
    app.stop().await;
}

#[tokio::test]
async fn every_head_has_ten_seconds_of_its_own() {
    let app = App::start().await;
    let mut line = Kept::open(&app).await;
    assert_eq!(line.ask("GET", "/groups", &app.token).await, 200);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(line.ask("GET", "/groups", &app.token).await, 200);
    let answered = Instant::now();
    line.socket
        .write_all(b"GET /groups HTTP/1.1\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let ended =
        tokio::time::timeout(Duration::from_secs(20), line.socket.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a head that never ends keeps its connection");
    let lasted = answered.elapsed();
    assert!(lasted > Duration::from_secs(9), "ended after {lasted:?}");
    app.stop().await;
}
