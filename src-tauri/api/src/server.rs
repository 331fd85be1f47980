//! Sockets, HTTP and WebSockets. The only place that knows the HTTP library.
//!
//! The accept loop is our own: it bounds connections and the time for a request's head, speaks HTTP/1.1 only, and ends
//! within a limit, none of which the library's own loop does.

use crate::Api;
use crate::auth::{Mistakes, Ticket};
use crate::body;
use crate::crowd;
use crate::error::ApiError;
use crate::guard::{self, Head, Pages};
use crate::page;
use crate::patience::Patience;
use crate::request::{Body, Caller, Query, Request, Response};
use crate::stream::{MAX_VIEWER_MESSAGE_BYTES, carry_events, carry_session, while_good};
use bytes::{Buf, Bytes};
use farwire_model::error::ErrorCode;
use futures_util::{SinkExt, Stream, StreamExt};
use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN, TRANSFER_ENCODING,
};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter;
use warp::filters::ws::{Message, WebSocket, Ws};

/// Connections at once; one more is told 503.
const MAX_CONNECTIONS: usize = 64;
/// Connections past the limit that are being told so at once; the rest are closed without a word.
const MAX_REFUSALS: usize = 16;
/// The time for a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How long requests in flight may take to finish when the server stops.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The HTTP API, the browser page, and streams.
    Everything,
    /// Nothing but WebSockets by ticket, for the app's window.
    Streams,
}

/// A running server. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Binds a port on 127.0.0.1, and on [::1] where the machine has it, and begins to answer. Port 0 picks a free one.
    ///
    /// # Errors
    /// The port cannot be bound on 127.0.0.1.
    pub async fn start(api: Arc<Api>, port: u16, offer: Offer) -> std::io::Result<Self> {
        let first = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = first.local_addr()?;
        let mut listeners = vec![first];
        // A machine without IPv6 is no error, and neither is somebody else on that port there: clients use 127.0.0.1.
        if let Ok(second) = TcpListener::bind(("::1", address.port())).await {
            listeners.push(second);
        }
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        let addresses = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();
        let shared = Arc::new(Shared {
            api,
            offer,
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
            mistakes: Mistakes::default(),
            cancel: cancel.clone(),
            tasks: tasks.clone(),
        });
        for listener in listeners {
            tasks.spawn(accept(listener, Arc::clone(&shared)));
        }
        tasks.close();
        Ok(Self {
            addresses,
            cancel,
            tasks,
        })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// The address to open, such as `http://127.0.0.1:3279`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Stops: no new connections, streams end, requests in flight get a moment.
    pub async fn stop(&self) {
        self.cancel.cancel();
        if tokio::time::timeout(STOP_LIMIT + Duration::from_secs(1), self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("a connection outlived its server");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

struct Shared {
    api: Arc<Api>,
    offer: Offer,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    mistakes: Mistakes,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => admit(socket, &shared),
            Err(error) => {
                // Out of file handles, mostly: others must end first.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn admit(socket: TcpStream, shared: &Arc<Shared>) {
    let _ = socket.set_nodelay(true);
    if let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() {
        shared
            .tasks
            .spawn(serve(socket, Arc::clone(shared), Arc::new(place)));
    } else if let Ok(place) = Arc::clone(&shared.refusals).try_acquire_owned() {
        shared.tasks.spawn(async move {
            let _ = tokio::time::timeout(
                Duration::from_secs(1),
                crowd::refuse(socket, MAX_CONNECTIONS),
            )
            .await;
            drop(place);
        });
    }
}

/// Serves a connection. `place` is held until it ends, or until the WebSocket it became ends.
async fn serve(socket: TcpStream, shared: Arc<Shared>, place: Arc<OwnedSemaphorePermit>) {
    let cancel = shared.cancel.clone();
    let service = TowerToHyperService::new(warp::service(filter(shared)));
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        // The library's own path filter panics where there is none, as in CONNECT host:port; the guard needs the host of an
        // absolute-form URI too.
        let target = Target {
            authority: request.uri().authority().map(ToString::to_string),
            path: request.uri().path().to_owned(),
            place: Arc::clone(&place),
        };
        request.extensions_mut().insert(target);
        service.call(request)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(MAX_HEAD_BYTES);
    let connection = builder
        .serve_connection(TokioIo::new(Patience::with(socket)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let finished = tokio::select! {
        finished = connection.as_mut() => finished,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(STOP_LIMIT, connection).await {
                Ok(finished) => finished,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = finished {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// What the filters cannot see of a connection by themselves.
#[derive(Clone)]
struct Target {
    /// The host of an absolute-form URI.
    authority: Option<String>,
    /// The path, not decoded; empty in the authority form.
    path: String,
    /// The connection's place among those allowed at once.
    place: Arc<OwnedSemaphorePermit>,
}

/// A request's head, taken apart.
struct Parts {
    method: String,
    query: String,
    headers: HeaderMap,
    target: Target,
}

fn filter(shared: Arc<Shared>) -> warp::filters::BoxedFilter<(warp::reply::Response,)> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let socket = warp::ws().map(Some).or(warp::any().map(|| None)).unify();
    warp::method()
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Target>())
        .and(socket)
        .and(warp::body::stream())
        .then(
            move |method: http::Method, query, headers, target: Target, socket, body| {
                let parts = Parts {
                    method: method.as_str().to_owned(),
                    query,
                    headers,
                    target,
                };
                let shared = Arc::clone(&shared);
                async move {
                    match answer(&shared, parts, socket, body).await {
                        Ok(reply) => reply,
                        Err(error) => write(error.response()),
                    }
                }
            },
        )
        .boxed()
}

async fn answer<B: Buf>(
    shared: &Arc<Shared>,
    parts: Parts,
    socket: Option<Ws>,
    content: impl Stream<Item = Result<B, warp::Error>>,
) -> Result<warp::reply::Response, ApiError> {
    check_head(shared, &parts)?;
    if let Some(socket) = socket {
        return open_socket(shared, &parts, socket);
    }
    if shared.offer == Offer::Streams {
        return Err(ApiError::no_such_path(&parts.target.path));
    }
    if let Some(found) = page::find(&parts.method, &parts.target.path) {
        return Ok(write(found?));
    }
    let caller = identify(shared, &parts.headers).await;
    let body = match &caller {
        // Nobody known gets his answer before a byte of his body is kept, except for the one route that takes one.
        Caller::Nobody if parts.target.path.trim_end_matches('/') != "/ui/signin" => Bytes::new(),
        _ => body::read(header(&parts.headers, CONTENT_LENGTH.as_str()), content).await?,
    };
    let gone = CancellationToken::new();
    let request = Request {
        caller,
        method: parts.method,
        path: parts.target.path,
        query: parts.query,
        if_match: said(&parts.headers, "if-match"),
        run: said(&parts.headers, "farwire-run"),
        once: said(&parts.headers, "idempotency-key"),
        base_url: Some(format!(
            "ws://{}",
            header(&parts.headers, HOST.as_str()).unwrap_or("127.0.0.1")
        )),
        body,
        gone: gone.clone(),
    };
    let _gone = gone.drop_guard();
    let api = Arc::clone(&shared.api);
    // A task of its own: a client that goes away must not stop work half-way, such as between a key's press and release.
    let handled = shared
        .tasks
        .spawn(async move { api.handle(request).await })
        .await;
    let response = handled.map_err(|fault| {
        tracing::error!(error = %fault, "a request was stopped by a fault");
        ApiError::new(
            500,
            ErrorCode::GeneralError,
            "the request was stopped by a fault in Farwire",
        )
    })?;
    if response.status == 401 {
        shared.mistakes.note().await;
    }
    Ok(write(response))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// All that a header says. A value that cannot be read, or that is there twice, must not pass as an absent one: a condition would
/// be passed over.
fn said(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    let values: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn check_head(shared: &Shared, parts: &Parts) -> Result<(), ApiError> {
    let headers = &parts.headers;
    let length =
        header(headers, CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
    let has_body =
        length.is_some_and(|length| length > 0) || headers.contains_key(TRANSFER_ENCODING);
    // An unreadable value must not pass as an absent one.
    let lossy = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or("\u{fffd}"))
    };
    let head = Head {
        hosts: headers
            .get_all(HOST)
            .iter()
            .map(|host| host.to_str().unwrap_or(""))
            .collect(),
        authority: parts.target.authority.as_deref(),
        origin: lossy(ORIGIN.as_str()),
        fetch_site: lossy("sec-fetch-site"),
        content_type: lossy(CONTENT_TYPE.as_str()),
        has_body,
    };
    let pages = match shared.offer {
        Offer::Everything => Pages::Own,
        Offer::Streams => Pages::Window,
    };
    guard::check(&head, pages)
}

async fn identify(shared: &Shared, headers: &HeaderMap) -> Caller {
    let mut values = headers.get_all(http::header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Caller::Nobody;
    };
    let Some(token) = value
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
    else {
        return Caller::Nobody;
    };
    if let Some(view) = shared.api.page_tokens.find(token) {
        return Caller::Page(view);
    }
    match shared.api.core.find_token(token) {
        Some(view) => {
            shared.api.core.note_token_used(&view).await;
            Caller::Token(view)
        }
        None => Caller::Nobody,
    }
}

fn write(response: Response) -> warp::reply::Response {
    let (media_type, bytes) = match response.body {
        Body::Json(value) => ("application/json", Bytes::from(value.to_string())),
        Body::Bytes { media_type, bytes } => (media_type, bytes),
    };
    let mut reply = warp::reply::Response::new(bytes.into());
    *reply.status_mut() = http::StatusCode::from_u16(response.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    reply
}

/// Opens a stream by its ticket. The ticket is used up whatever comes of it.
fn open_socket(
    shared: &Arc<Shared>,
    parts: &Parts,
    socket: Ws,
) -> Result<warp::reply::Response, ApiError> {
    let query = Query::parse(&parts.query);
    let ticket = query
        .get("ticket")
        .and_then(|secret| shared.api.tickets.redeem(secret));
    let (ticket, token) = ticket.unzip();
    let token = token.flatten();
    // The token may be gone since it asked for the ticket.
    if token
        .as_ref()
        .is_some_and(|id| !shared.api.core.is_token_good(id))
    {
        return Err(ApiError::unauthorized());
    }
    let since = query.get("since").map(str::parse);
    let since = since.transpose().map_err(|_| {
        let message = "since is the number of an event";
        ApiError::new(400, ErrorCode::ValueIncorrectFormat, message).about("since")
    })?;
    let (cancel, tasks) = (shared.cancel.child_token(), shared.tasks.clone());
    let place = Arc::clone(&parts.target.place);
    let socket = socket
        .max_message_size(MAX_VIEWER_MESSAGE_BYTES)
        .max_frame_size(MAX_VIEWER_MESSAGE_BYTES);
    let core = Arc::clone(&shared.api.core);
    let path = parts.target.path.trim_end_matches('/');
    // Streams are tracked, so that a server that stops waits for them, and keep their place until they end.
    match ticket {
        Some(Ticket::Session(id)) if path == format!("/session/{id}/stream") => {
            let session = core.session(&id)?;
            let carry = move |socket: WebSocket| async move {
                let (outgoing, incoming) = split(socket, Message::binary);
                let carrying = carry_session(session, incoming, outgoing, cancel.clone());
                let carrying = while_good(&core, token, &cancel, carrying);
                let ended = tasks.track_future(carrying).await;
                tracing::debug!(session = %id, ended = ?ended.err(), "a viewer left");
                drop(place);
            };
            Ok(warp::Reply::into_response(socket.on_upgrade(carry)))
        }
        Some(Ticket::Events) if path == "/events" => {
            let carry = move |socket: WebSocket| async move {
                let (outgoing, incoming) = split(socket, |text: String| Message::text(text));
                let listening = Arc::clone(&core);
                let carrying = carry_events(listening, since, incoming, outgoing, cancel.clone());
                let carrying = while_good(&core, token, &cancel, carrying);
                tasks.track_future(carrying).await;
                drop(place);
            };
            Ok(warp::Reply::into_response(socket.on_upgrade(carry)))
        }
        _ => Err(ApiError::unauthorized()),
    }
}

fn split<T>(
    socket: WebSocket,
    wrap: impl Fn(T) -> Message,
) -> (
    impl futures_util::Sink<T, Error = warp::Error> + Unpin,
    impl Stream<Item = Vec<u8>> + Unpin,
) {
    let (outgoing, incoming) = socket.split();
    let wrapped =
        outgoing.with(move |message| std::future::ready(Ok::<_, warp::Error>(wrap(message))));
    // A broken socket and a closed one end the stream alike; pings are answered by the library.
    let data = incoming
        .take_while(|message| {
            std::future::ready(message.as_ref().is_ok_and(|message| !message.is_close()))
        })
        .filter_map(|message| {
            let message = message
                .ok()
                .filter(|message| message.is_binary() || message.is_text());
            std::future::ready(message.map(|message| message.into_bytes().to_vec()))
        });
    (wrapped, data)
}
