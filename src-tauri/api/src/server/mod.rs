//! Sockets, HTTP and WebSockets. The only place that knows the HTTP library.
//!
//! The accept loop is our own: it bounds connections and the time for a request's head, speaks HTTP/1.1 only, and ends
//! within a limit, none of which the library's own loop does.

mod admit;
mod line;
mod sockets;
mod timer;

use crate::Api;
use crate::auth::Mistakes;
use crate::body;
use crate::dispatch::takes_bytes;
use crate::error::ApiError;
use crate::guard::{self, Head, Pages};
use crate::page;
use crate::patience::Patience;
use crate::request::{self, Body, Caller, Content, Request, Response};
use bytes::{Buf, Bytes};
use farwire_model::error::ErrorCode;
use futures_util::{FutureExt, Stream, StreamExt};
use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyDataStream, BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::ws::Ws;

use admit::{Place, Places};
use line::Line;
use timer::HeadTimer;

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
            places: Places::default(),
            mistakes: Mistakes::default(),
            cancel: cancel.clone(),
            tasks: tasks.clone(),
        });
        for listener in listeners {
            tasks.spawn(admit::accept(listener, Arc::clone(&shared)));
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

/// What every connection of a server shares.
struct Shared {
    /// The application behind it.
    api: Arc<Api>,
    offer: Offer,
    places: Places,
    mistakes: Mistakes,
    /// Called when the server stops.
    cancel: CancellationToken,
    /// What a server that stops waits for.
    tasks: TaskTracker,
}

/// Serves a connection. `place` is held until it ends, or until the WebSocket it became ends.
async fn serve(socket: TcpStream, shared: Arc<Shared>, place: Arc<Place>) {
    let wanted = place.wanted();
    let stopping = shared.cancel.clone();
    let line = Arc::new(Line::new(shared, place));
    let sockets = TowerToHyperService::new(warp::service(sockets::filter(Arc::clone(&line))));
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        // The library's own path filter panics where there is none, as in CONNECT host:port; the guard needs the host of an
        // absolute-form URI too.
        let target = Target {
            authority: request.uri().authority().map(ToString::to_string),
            path: request.uri().path().to_owned(),
        };
        let line = Arc::clone(&line);
        let sockets = wants_socket(request.headers()).then(|| sockets.clone());
        async move {
            if let Some(sockets) = sockets {
                request.extensions_mut().insert(target);
                let reply = sockets.call(request).await;
                return reply
                    .map(|reply| reply.map(|body| body.map_err(Into::into).boxed_unsync()));
            }
            let (head, body) = request.into_parts();
            let parts = Parts {
                method: head.method.as_str().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                headers: head.headers,
                target,
            };
            let answered = answer(&line, parts, None, BodyDataStream::new(body)).await;
            Ok(match answered {
                Ok(Answered::Response(response)) => write(response),
                // Nobody asked for one.
                Ok(Answered::Socket(reply)) => {
                    reply.map(|body| body.map_err(Into::into).boxed_unsync())
                }
                Err(error) => write(error.response()),
            })
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(HeadTimer::default())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(MAX_HEAD_BYTES);
    let connection = builder
        .serve_connection(TokioIo::new(Patience::with(socket)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let finished = tokio::select! {
        finished = connection.as_mut() => finished,
        () = wanted.cancelled() => {
            if !stopping.is_cancelled() {
                return;
            }
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
}

/// A request's head, taken apart.
struct Parts {
    method: String,
    query: String,
    headers: HeaderMap,
    target: Target,
}

/// An answer, or the reply of the library that makes a WebSocket of the connection.
enum Answered {
    Response(Response),
    Socket(warp::reply::Response),
}

/// What goes out. The library's own bodies take no stream of ours.
type Reply = http::Response<UnsyncBoxBody<Bytes, BoxError>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whether a request asks for a WebSocket. Some clients offer HTTP/2 with every request, which is passed over.
fn wants_socket(headers: &HeaderMap) -> bool {
    let offered = headers
        .get_all(UPGRADE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    offered
        .flat_map(|value| value.split(','))
        .any(|offer| offer.trim().eq_ignore_ascii_case("websocket"))
}

async fn answer<B: Buf + Send + 'static, E: Send + 'static>(
    line: &Arc<Line>,
    parts: Parts,
    socket: Option<Ws>,
    body: impl Stream<Item = Result<B, E>> + Send + 'static,
) -> Result<Answered, ApiError> {
    let shared = &line.shared;
    let has_body = has_body(&parts.headers);
    let takes_bytes = has_body && takes_bytes(&shared.api, &parts.method, &parts.target.path);
    let said = Said::of(&parts.headers);
    check_head(shared, &parts, &said, has_body && !takes_bytes)?;
    if let Some(socket) = socket {
        return sockets::open(line, &parts, socket).map(Answered::Socket);
    }
    if shared.offer == Offer::Streams {
        return Err(ApiError::no_such_path(&parts.target.path));
    }
    if let Some(found) = page::find(&parts.method, &parts.target.path) {
        return found.map(Answered::Response);
    }
    let caller = line.identify(&parts.headers).await;
    if !matches!(caller, Caller::Nobody) {
        line.place.keep();
    }
    let mut content: Option<Content> = None;
    let body = match &caller {
        // Nobody known gets his answer before a byte of his body is kept, except for the one route that takes one.
        Caller::Nobody if parts.target.path.trim_end_matches('/') != "/ui/signin" => Bytes::new(),
        _ if !has_body => Bytes::new(),
        _ if takes_bytes => {
            content = Some(Box::pin(body::content(body)));
            Bytes::new()
        }
        _ => body::read(header(&parts.headers, &CONTENT_LENGTH), body).await?,
    };
    let host = header(&parts.headers, &HOST).unwrap_or("127.0.0.1");
    let only_reads = parts.method == "GET";
    let gone = (!only_reads).then(CancellationToken::new);
    let request = Request {
        caller,
        method: parts.method,
        path: parts.target.path,
        query: parts.query,
        if_match: said.if_match,
        run: said.run,
        once: said.once,
        base_url: Some(["ws://", host].concat()),
        head: request::Head {
            cookie: said.cookie,
            range: said.range,
            if_range: said.if_range,
        },
        body,
        content,
        gone: gone.clone(),
    };
    let _gone = gone.map(CancellationToken::drop_guard);
    let handled = match only_reads {
        true => {
            let handling = AssertUnwindSafe(shared.api.handle(request)).catch_unwind();
            handling.await.ok()
        }
        // A task of its own: a client that goes away must not stop work half-way, such as between a key's press and release.
        false => {
            let api = Arc::clone(&shared.api);
            let handling = AssertUnwindSafe(async move { api.handle(request).await });
            let handled = shared.tasks.spawn(handling.catch_unwind()).await;
            handled.ok().and_then(Result::ok)
        }
    };
    let response = handled.ok_or_else(|| {
        tracing::error!("a request was stopped by a fault");
        ApiError::new(
            500,
            ErrorCode::GeneralError,
            "the request was stopped by a fault in Farwire",
        )
    })?;
    if response.status == 401 {
        shared.mistakes.note().await;
    }
    Ok(Answered::Response(response))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// All that some headers say.
#[derive(Default)]
struct Said {
    origin: Option<String>,
    fetch_site: Option<String>,
    content_type: Option<String>,
    if_match: Option<String>,
    run: Option<String>,
    once: Option<String>,
    cookie: Option<String>,
    range: Option<String>,
    if_range: Option<String>,
}

impl Said {
    /// A value that cannot be read, or that is there twice, must not pass as an absent one: a condition would be passed over.
    fn of(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for (name, value) in headers {
            let place = match name.as_str() {
                "origin" => &mut said.origin,
                "sec-fetch-site" => &mut said.fetch_site,
                "content-type" => &mut said.content_type,
                "if-match" => &mut said.if_match,
                "farwire-run" => &mut said.run,
                "idempotency-key" => &mut said.once,
                "cookie" => &mut said.cookie,
                "range" => &mut said.range,
                "if-range" => &mut said.if_range,
                _ => continue,
            };
            let text = String::from_utf8_lossy(value.as_bytes());
            *place = Some(match place.take() {
                Some(before) => [&before, ", ", &*text].concat(),
                None => text.into_owned(),
            });
        }
        said
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = header(headers, &CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    length.is_some_and(|length| length > 0) || headers.contains_key(TRANSFER_ENCODING)
}

fn check_head(shared: &Shared, parts: &Parts, said: &Said, has_json: bool) -> Result<(), ApiError> {
    let hosts = parts.headers.get_all(HOST).iter();
    let head = Head {
        hosts: hosts.map(|host| host.to_str().unwrap_or("")).collect(),
        authority: parts.target.authority.as_deref(),
        origin: said.origin.as_deref(),
        fetch_site: said.fetch_site.as_deref(),
        content_type: said.content_type.as_deref(),
        has_body: has_json,
    };
    let pages = match shared.offer {
        Offer::Everything => Pages::Own,
        Offer::Streams => Pages::Window,
    };
    guard::check(&head, pages)
}

/// A body on its way out.
enum Out {
    Bytes(Bytes),
    Stream(Content),
}

fn write(response: Response) -> Reply {
    head(response).map(|out| match out {
        Out::Bytes(bytes) => Full::new(bytes)
            .map_err(|never| match never {})
            .boxed_unsync(),
        Out::Stream(content) => {
            let frames = content.map(|piece| match piece {
                Ok(bytes) => Ok(Frame::data(bytes)),
                Err(error) => {
                    tracing::debug!(error = error.body.error_message, "an answer breaks off");
                    Err(BoxError::from(error.body.error_message))
                }
            });
            StreamBody::new(frames).boxed_unsync()
        }
    })
}

/// An answer with its status and headers.
fn head(response: Response) -> http::Response<Out> {
    let (media_type, out) = match response.body {
        Body::Json(text) => (
            HeaderValue::from_static("application/json"),
            Out::Bytes(text.into()),
        ),
        Body::Bytes { media_type, bytes } => {
            (HeaderValue::from_static(media_type), Out::Bytes(bytes))
        }
        Body::Stream {
            media_type,
            content,
        } => {
            let unknown = HeaderValue::from_static("application/octet-stream");
            let media_type = HeaderValue::from_str(&media_type).unwrap_or(unknown);
            (media_type, Out::Stream(content))
        }
    };
    let mut reply = http::Response::new(out);
    *reply.status_mut() = http::StatusCode::from_u16(response.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    reply
}
