//! The least an HTTP server can do, to measure ours beside it: every request gets the same JSON of so many bytes.
//!
//! `hyper BYTES` prints its port and serves until it is stopped. It runs on the same hyper as the API, on as many threads.

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::poll_fn;
use std::io::Write;
use std::pin::Pin;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What stands around the filling of the JSON.
const AROUND: &str = r#"{"":""}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bytes: usize = std::env::args().nth(1).ok_or("hyper BYTES")?.parse()?;
    let filling = "x".repeat(bytes.saturating_sub(AROUND.len()));
    let answer: &'static str = format!(r#"{{"":"{filling}"}}"#).leak();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = service_fn(move |request| respond(request, answer));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        while connections.try_join_next().is_some() {}
    }
}

async fn respond(
    request: Request<Incoming>,
    answer: &'static str,
) -> Result<Response<String>, hyper::Error> {
    let mut body = request.into_body();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        frame?;
    }
    let mut response = Response::new(answer.to_owned());
    let json = http::HeaderValue::from_static("application/json");
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, json);
    Ok(response)
}
