//! The HTTP client of the tests. Every answer it gets is held against the document the server tells of itself; `wire` does the
//! same for raw sockets. A few tests before sign-in, and of connections kept open, read answers on their own.

use crate::contract::Contract;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

/// What is told to a connection too many.
const CROWD: &[u8] = b"TOO_MANY_CONNECTIONS";

pub struct Client {
    http: reqwest::Client,
    server: String,
}

/// A request on its way.
pub struct Asking {
    builder: RequestBuilder,
    server: String,
}

impl Client {
    /// A client of the server at this address, such as `http://127.0.0.1:3279`.
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            server: server.into(),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> Asking {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Asking {
            builder: self.http.request(method, format!("{}{path}", self.server)),
            server: self.server.clone(),
        }
    }
}

impl Asking {
    pub fn bearer_auth(self, token: &str) -> Self {
        self.with(|builder| builder.bearer_auth(token))
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|builder| builder.header(name, value))
    }

    pub fn json(self, body: &Value) -> Self {
        self.with(|builder| builder.json(body))
    }

    pub fn body(self, body: Vec<u8>) -> Self {
        self.with(|builder| builder.body(body))
    }

    fn with(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self {
            builder: change(self.builder),
            server: self.server,
        }
    }

    /// Sends it and reads the answer whole.
    pub async fn send(self) -> reqwest::Result<Response> {
        let (http, request) = self.builder.build_split();
        let request = request?;
        let method = request.method().as_str().to_owned();
        let path = request.url().path().to_owned();
        let response = http.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        let media_type = headers
            .get("content-type")
            .map(|value| value.to_str().unwrap());
        // A connection too many is refused before anything is asked, the document too.
        let is_refused = body.windows(CROWD.len()).any(|part| part == CROWD);
        if status != 503 || !is_refused {
            let contract = Contract::of(&self.server).await;
            let media_type = media_type.unwrap_or_default();
            // A boundary is no part of the type.
            let media_type = media_type.split(';').next().unwrap_or_default();
            contract.check(&method, &path, status.as_u16(), media_type, &body);
        }
        let mut whole = http::Response::new(body);
        *whole.status_mut() = status;
        *whole.headers_mut() = headers;
        Ok(whole.into())
    }
}
