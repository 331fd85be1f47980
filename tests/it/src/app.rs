//! A fresh application with its API on a free port.

use crate::client::{Asking, Client};
use farwire_api::Api;
use farwire_api::listener::Listener;
use farwire_api::server::{Offer, Server};
use farwire_core::wake::{Clock, SystemClock};
use farwire_core::{Config, Core};
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

pub struct App {
    pub api: Arc<Api>,
    pub server: Server,
    pub token: String,
    pub client: Client,
    pub dir: TempDir,
}

impl App {
    /// An application with an unlocked vault and a token with every scope but reveal.
    pub async fn start() -> Self {
        Self::with_clock(Arc::new(SystemClock::default())).await
    }

    /// The same, with a token that has every scope, for what is said of requests that nobody refuses before.
    pub async fn with_every_scope() -> Self {
        let mut app = Self::start().await;
        app.token = app.token_with(&Scope::ALL).await;
        app
    }

    /// The same, by another clock.
    pub async fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), clock).await
    }

    async fn in_dir(dir: TempDir, clock: Arc<dyn Clock>) -> Self {
        let data_dir = dir.path().join("data");
        let core = Core::open(Config {
            data_dir: data_dir.clone(),
            clock,
            known_hosts: Some(data_dir.join("known_hosts")),
        })
        .await
        .unwrap();
        core.vault()
            .unlock_with_passphrase(Secret::new("a passphrase for tests"))
            .await
            .unwrap();
        let api = Api::new(core);
        Listener::start(&api).await;
        let server = Server::start(Arc::clone(&api), 0, Offer::Everything)
            .await
            .unwrap();
        let scopes: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|scope| *scope != Scope::Reveal)
            .collect();
        let (_, token) = api
            .core()
            .create_token("tests".into(), scopes, None)
            .await
            .unwrap();
        let client = Client::new(server.url());
        Self {
            api,
            server,
            token: token.expose().to_owned(),
            client,
            dir,
        }
    }

    pub async fn token_with(&self, scopes: &[Scope]) -> String {
        let (_, token) = self
            .api
            .core()
            .create_token("some".into(), scopes.to_vec(), None)
            .await
            .unwrap();
        token.expose().to_owned()
    }

    pub fn request(&self, method: &str, path: &str) -> Asking {
        self.client.request(method, path)
    }

    /// Calls with the token; answers status and JSON.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        self.call_as(&self.token, method, path, body).await
    }

    pub async fn call_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = self.request(method, path).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}")),
        )
    }

    /// Calls and expects 200.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    pub async fn connection(&self, body: Value) -> String {
        self.ok("PUT", "/connection/", body).await["uid"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A saved VNC connection with its password.
    pub async fn vnc(&self, port: u16, password: Option<&str>) -> String {
        let uid = self
            .connection(json!({"name": "desk", "host": "127.0.0.1", "port": port, "vnc.quality": "lossless"}))
            .await;
        if let Some(password) = password {
            self.ok(
                "PUT",
                &format!("/connection/{uid}/credentials"),
                json!({"vnc.password": password}),
            )
            .await;
        }
        uid
    }

    /// Opens a connection and waits until it is up.
    pub async fn open(&self, uid: &str) -> String {
        let answer = self
            .ok(
                "ACTION",
                &format!("/connection/{uid}/connect?wait=1"),
                Value::Null,
            )
            .await;
        answer["session_id"].as_str().unwrap().to_owned()
    }

    pub async fn screenshot(&self, session: &str) -> image::RgbaImage {
        let path = format!("/session/{session}/screenshot");
        let response = self
            .request("GET", &path)
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let bytes = response.bytes().await.unwrap();
        image::load_from_memory(&bytes).unwrap().into_rgba8()
    }

    pub async fn stop(self) {
        self.close().await;
    }

    /// The same data in a new application; the token is still good.
    pub async fn restart(self) -> Self {
        let token = self.token.clone();
        let dir = self.close().await;
        let app = Self::in_dir(dir, Arc::new(SystemClock::default())).await;
        Self { token, ..app }
    }

    async fn close(self) -> TempDir {
        self.api.close().await;
        self.server.stop().await;
        self.dir
    }
}

/// Waits until something is true, looking again and again; the deadline is for machines under load.
pub async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    while !check().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "not within 120 s: {what}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
}
