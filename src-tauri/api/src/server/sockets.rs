//! Connections that become WebSockets.

use super::line::Line;
use super::{Answered, Out, Parts, Target, answer, head};
use crate::auth::Ticket;
use crate::error::ApiError;
use crate::request::{Query, Response};
use crate::stream::{MAX_VIEWER_MESSAGE_BYTES, carry_events, carry_session, while_good};
use bytes::Bytes;
use farwire_model::error::ErrorCode;
use futures_util::{SinkExt, Stream, StreamExt};
use std::sync::Arc;
use warp::Filter;
use warp::filters::ws::{Message, WebSocket, Ws};

/// Requests for another protocol, which may become WebSockets. All others go without the library's filters: they cost a fifth of
/// a read.
pub(super) fn filter(line: Arc<Line>) -> warp::filters::BoxedFilter<(warp::reply::Response,)> {
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
                let line = Arc::clone(&line);
                async move {
                    match answer(&line, parts, socket, body).await {
                        Ok(Answered::Socket(reply)) => reply,
                        Ok(Answered::Response(response)) => refuse(response),
                        Err(error) => refuse(error.response()),
                    }
                }
            },
        )
        .boxed()
}

/// The answer to a request that was to become a WebSocket and does not.
fn refuse(response: Response) -> warp::reply::Response {
    head(response).map(|out| match out {
        Out::Bytes(bytes) => bytes.into(),
        // A file is no answer to who asks for a WebSocket: nothing of it is sent.
        Out::Stream(_) => Bytes::new().into(),
    })
}

/// Opens a stream by its ticket. The ticket is used up whatever comes of it.
pub(super) fn open(
    line: &Line,
    parts: &Parts,
    socket: Ws,
) -> Result<warp::reply::Response, ApiError> {
    let shared = &line.shared;
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
    let place = Arc::clone(&line.place);
    if ticket.is_some() {
        place.keep();
    }
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
