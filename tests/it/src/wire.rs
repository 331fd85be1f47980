//! HTTP as bytes on a socket, for requests that no client would send.

use crate::app::App;
use crate::contract::Contract;
use farwire_api::native::ROUTES;
use farwire_api::route::Route;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most that is read of all answers on one connection.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// Everything a server said on one connection.
pub struct Answer {
    pub text: String,
}

impl Answer {
    /// The first status; 0 when the connection closed without one.
    pub fn status(&self) -> u16 {
        let status = self.text.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// How many answers there are.
    pub fn count(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }

    /// The statuses of all of them.
    pub fn statuses(&self) -> Vec<u16> {
        let heads = self.text.split("HTTP/1.1 ").skip(1);
        heads.map(|head| head[..3].parse().unwrap()).collect()
    }

    /// A header's value, in the first answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The code of the error that a refusal tells in JSON.
    pub fn error_code(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap_or_default();
        let first = serde_json::Deserializer::from_str(body).into_iter().next();
        let error: Value = first.and_then(Result::ok).unwrap_or_default();
        error["error_code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends bytes and reads until the server closes; a connection that stays open for `limit` is an answer that ends there.
pub async fn exchange(port: u16, request: &[u8], limit: Duration) -> Answer {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut bytes = Vec::new();
    // The server may answer and close before everything is sent.
    let (mut reader, mut writer) = socket.split();
    let talk = async {
        let _ = writer.write_all(request).await;
        let mut answer = (&mut reader).take(MAX_ANSWER_BYTES);
        let _ = answer.read_to_end(&mut bytes).await;
    };
    let _ = tokio::time::timeout(limit, talk).await;
    Answer {
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// The same, for requests that the server ends the connection after.
pub async fn ask(port: u16, request: &[u8]) -> Answer {
    exchange(port, request, Duration::from_secs(20)).await
}

impl App {
    /// The `Authorization` line of the application's own token.
    pub fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// Sends a request with exactly these header lines, the last one on its connection.
    pub async fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let request =
            format!("{method} {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n{body}");
        let answer = ask(self.server.port(), request.as_bytes()).await;
        self.check(method, target, &answer).await;
        answer
    }

    /// Holds an answer against the document. Who was not let in at all, and what is no request, is told by less than the API.
    pub async fn check(&self, method: &str, target: &str, answer: &Answer) {
        const BEFORE_THE_API: [u16; 6] = [0, 400, 408, 414, 431, 503];
        let path = target.split('?').next().unwrap_or_default();
        let Some((_, body)) = answer.text.split_once("\r\n\r\n") else {
            return;
        };
        // Others may follow.
        let length = answer
            .header("content-length")
            .map(|text| text.parse().unwrap());
        let body = &body.as_bytes()[..length.unwrap_or(body.len()).min(body.len())];
        let media_type = answer.header("content-type").unwrap_or_default();
        let is_api = !BEFORE_THE_API.contains(&answer.status()) || media_type == "application/json";
        if is_api && path.starts_with('/') {
            let contract = Contract::of(&self.server.url()).await;
            contract.check(method, path, answer.status(), media_type, body);
        }
    }
}

/// A path of this route; what stands for `{…}` names nothing.
pub fn example(pattern: &str) -> String {
    with_ids(pattern, "no-such")
}

/// A path of this route with something else for every `{…}`.
pub fn with_ids(pattern: &str, id: &str) -> String {
    let parts = pattern.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { id } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The routes that somebody sends bodies to.
pub fn with_bodies() -> impl Iterator<Item = &'static Route> {
    ROUTES
        .iter()
        .filter(|route| route.method != "GET" && !route.takes_bytes)
}
