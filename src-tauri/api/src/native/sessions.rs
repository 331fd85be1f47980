//! Live sessions.

use super::credentials;
use crate::auth::Ticket;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_core::credentials::Redirect;
use farwire_core::session::{Connect, ImageFormat, KeyStroke, PointerWish, Screenshot, Session};
use farwire_model::error::ErrorCode;
use farwire_model::frame::Size;
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::input::SessionInput;
use farwire_model::quality::Quality;
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The longest a request may wait for a session.
const MAX_WAIT_SECS: u64 = 30;

pub(super) async fn connect(call: &Call) -> Result<Response, ApiError> {
    open(call, false).await
}

pub(super) async fn observe(call: &Call) -> Result<Response, ApiError> {
    open(call, true).await
}

async fn open(call: &Call, is_view_only: bool) -> Result<Response, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before the body's.
    call.api.core.connection(&uid)?;
    let wait = call.query.flag("wait")?;
    let secs = call
        .query
        .number::<u64>("timeout")?
        .unwrap_or(MAX_WAIT_SECS)
        .clamp(1, MAX_WAIT_SECS);
    let mut fields = Fields::of(call.body.as_ref())?;
    let once = read_once(&mut fields)?;
    let size = read_size(&mut fields)?;
    fields.finish()?;
    let options = Connect {
        is_view_only,
        once,
        redirect: redirect(call),
        size,
    };
    let core = &call.api.core;
    let session = core.connect(&uid, options)?;
    if wait {
        let up = tokio::select! {
            up = core.wait_until_up(&session, Duration::from_secs(secs)) => up.map_err(ApiError::from),
            () = call.gone.cancelled() => {
                let message = "nobody waits for the answer any more";
                Err(ApiError::new(408, ErrorCode::GeneralError, message))
            }
        };
        if let Err(error) = up {
            // Who waits for an answer wants no half-open session left behind.
            let _ = core.end_session(&session.id).await;
            return Err(error);
        }
    }
    let view = session.view();
    Ok(Response::json(
        json!({ "session_id": view.session_id, "state": view.state }),
    ))
}

pub(super) async fn disconnect(call: &Call) -> Result<Response, ApiError> {
    let uid = ConnectionId::new(call.id());
    call.api.core.connection(&uid)?;
    let ended = call.api.core.disconnect(&uid).await;
    Ok(Response::json(json!({ "ended": ended })))
}

pub(super) async fn test(call: &Call) -> Result<Response, ApiError> {
    let report = call
        .api
        .core
        .test_connection(&ConnectionId::new(call.id()), redirect(call))
        .await?;
    Response::of(&report)
}

pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.sessions())
}

pub(super) async fn show(call: &Call) -> Result<Response, ApiError> {
    Response::of(&session(call)?.view())
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let session = session(call)?;
    let mut fields = Fields::of(call.body.as_ref())?;
    let is_view_only = fields.flag("view_only")?;
    let quality = read_quality(&mut fields)?;
    let size = read_size(&mut fields)?;
    fields.finish()?;
    if let Some(quality) = quality {
        session.set_quality(quality).await;
    }
    if let Some(is_view_only) = is_view_only {
        session.set_view_only(is_view_only).await;
    }
    if let Some(Size { width, height }) = size {
        let wish = SessionInput::Viewport {
            width,
            height,
            scale_percent: 100,
        };
        session.input(wish).await;
    }
    Response::of(&session.view())
}

fn read_quality(fields: &mut Fields) -> Result<Option<Quality>, ApiError> {
    let Some(value) = fields.take("quality") else {
        return Ok(None);
    };
    Quality::of(&value).map(Some).ok_or_else(|| {
        let message = format!("quality is {}", Quality::WORDS);
        let code = match value {
            Value::String(_) | Value::Number(_) => ErrorCode::ValueOutOfBounds,
            _ => ErrorCode::ValueIncorrectType,
        };
        ApiError::new(400, code, message).about("quality")
    })
}

pub(super) async fn end(call: &Call) -> Result<Response, ApiError> {
    call.api
        .core
        .end_session(&SessionId::new(call.id()))
        .await?;
    Ok(Response::empty())
}

pub(super) async fn reconnect(call: &Call) -> Result<Response, ApiError> {
    let id = session(call)?.id.clone();
    let mut fields = Fields::of(call.body.as_ref())?;
    let once = read_once(&mut fields)?;
    fields.finish()?;
    call.api.core.reconnect(&id, once, redirect(call)).await?;
    Ok(Response::empty())
}

pub(super) async fn stream(call: &Call) -> Result<Response, ApiError> {
    session(call)?;
    Err(not_a_socket())
}

pub(super) async fn events(_: &Call) -> Result<Response, ApiError> {
    Err(not_a_socket())
}

fn not_a_socket() -> ApiError {
    let message = "this is a WebSocket: ask PUT /ticket for its address";
    ApiError::new(400, ErrorCode::InvalidRequestData, message)
}

pub(super) async fn screenshot(call: &Call) -> Result<Response, ApiError> {
    let format = match call.query.get("format") {
        None | Some("png") => ImageFormat::Png,
        Some("jpeg" | "jpg") => ImageFormat::Jpeg,
        Some(other) => {
            let message = format!("format is png or jpeg, not {other:?}");
            return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message).about("format"));
        }
    };
    let wish = Screenshot {
        format,
        width: call.query.number("width")?,
        height: call.query.number("height")?,
        keeps_aspect: call.query.flag("keep_aspect")?,
    };
    wish.check()?;
    let bytes = session(call)?.screenshot(wish).await?;
    Ok(Response::bytes(format.media_type(), bytes))
}

pub(super) async fn input(call: &Call) -> Result<Response, ApiError> {
    let session = session(call)?;
    let mut fields = Fields::of(call.body.as_ref())?;
    let text = fields.text("text")?;
    let keys = fields.texts("keys")?;
    let pointer = match fields.object("pointer")? {
        None => None,
        Some(mut fields) => {
            let wish = PointerWish {
                x: fields.need_number("x")?,
                y: fields.need_number("y")?,
                buttons: fields.number("buttons")?.unwrap_or(0),
            };
            fields.finish()?;
            Some(wish)
        }
    };
    if text.is_none() && keys.is_none() && pointer.is_none() {
        return Err(fields.missing("text"));
    }
    fields.finish()?;
    let strokes = KeyStroke::parse_all(&keys.unwrap_or_default())?;
    if let Some(pointer) = pointer {
        session.point(pointer).await?;
    }
    if let Some(text) = text {
        session.type_text(text).await?;
    }
    session.press(strokes).await?;
    Ok(Response::empty())
}

pub(super) async fn ticket(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let session_id = fields.text("session_id")?;
    let wants_events = fields.flag("events")?.unwrap_or(false);
    let (ticket, path) = match session_id {
        Some(id) => {
            let id = SessionId::new(id);
            call.api.core.session(&id)?;
            let path = format!("/session/{id}/stream");
            (Ticket::Session(id), path)
        }
        None if wants_events => (Ticket::Events, "/events".to_owned()),
        None => return Err(fields.missing("session_id")),
    };
    fields.finish()?;
    let base = match &call.base_url {
        Some(base) => base.clone(),
        None => call.api.stream_base().await?,
    };
    let secret = call.api.tickets.issue(ticket);
    Ok(Response::json(
        json!({ "url": format!("{base}{path}?ticket={secret}"), "ticket": secret }),
    ))
}

fn session(call: &Call) -> Result<Arc<Session>, ApiError> {
    Ok(call.api.core.session(&SessionId::new(call.id()))?)
}

fn redirect(call: &Call) -> Redirect {
    if call.caller.may(Scope::Reveal) {
        Redirect::Allow
    } else {
        Redirect::Refuse
    }
}

fn read_once(fields: &mut Fields) -> Result<Vec<(String, Secret)>, ApiError> {
    let Some(mut inner) = fields.object("credentials")? else {
        return Ok(Vec::new());
    };
    let values = credentials::read(&mut inner)?;
    Ok(values
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect())
}

fn read_size(fields: &mut Fields) -> Result<Option<Size>, ApiError> {
    match (
        fields.number::<u16>("width")?,
        fields.number::<u16>("height")?,
    ) {
        (Some(width), Some(height)) if width > 0 && height > 0 => {
            Ok(Some(Size::new(width, height)))
        }
        (None, None) => Ok(None),
        (None, Some(_)) => Err(fields.missing("width")),
        (Some(_), None) => Err(fields.missing("height")),
        (Some(_), Some(_)) => {
            let message = "width and height are at least 1";
            Err(ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about("width"))
        }
    }
}
