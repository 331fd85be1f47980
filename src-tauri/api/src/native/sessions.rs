//! Live sessions.

use super::credentials::CredentialsOnce;
use crate::answer::{Done, Picture, Socket};
use crate::auth::Ticket;
use crate::error::ApiError;
use crate::keys::{Rule, keys};
use crate::request::Caller;
use crate::route::Call;
use crate::shape::{Switch, True, Whole, words};
use crate::text::{KeyName, Typed};
use farwire_core::session::{ImageFormat, KeyStroke, PointerWish, Screenshot, Session};
use farwire_core::sign_in::Redirect;
use farwire_model::codec::CodecChoice;
use farwire_model::error::ErrorCode;
use farwire_model::frame::{MAX_SIDE, Size};
use farwire_model::ids::SessionId;
use farwire_model::input::SessionInput;
use farwire_model::quality::Quality;
use farwire_model::secret::Secret;
use farwire_model::session::SessionView;
use farwire_model::terminal::ScreenText;
use farwire_model::token::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Pixels of one side.
pub(super) type Side = Whole<u16, 1, { MAX_SIDE as i64 }>;

keys! {
    /// What changes about a session.
    pub(super) struct SessionChange with [Rule::Together("width", "height")] {
        /// Whether input is refused.
        view_only: Option<bool>,
        /// How good a picture is asked for.
        quality: Option<Quality>,
        /// Which kinds of encoding the machine is offered: RDP only. The session begins anew with them, on the same desktop.
        codec: Option<CodecChoice>,
        /// The viewer's width in pixels: a wish.
        width: Option<Side>,
        /// The viewer's height in pixels: a wish.
        height: Option<Side>,
    }
}

keys! {
    /// How a session is tried again.
    pub(super) struct Reconnection {
        /// Used for this session only, and not saved.
        credentials: Option<CredentialsOnce>,
    }
}

keys! {
    /// The ticket a WebSocket is opened with.
    pub(super) struct Presented {
        /// What PUT /ticket answered.
        ticket: Option<String>,
    }
}

keys! {
    /// Where the events begin.
    pub(super) struct Listening {
        /// What PUT /ticket answered.
        ticket: Option<String>,
        /// The number of the last event that arrived before: begins with what came after it.
        since: Option<Whole<u64, 0, 9_007_199_254_740_991>>,
    }
}

keys! {
    /// What a screenshot is like.
    pub(super) struct Shot {
        /// How it is written; PNG when nothing is said.
        format: Option<ShotFormat>,
        /// Pixels across; absent means the picture's own, or what the height gives.
        width: Option<Side>,
        /// Pixels down; absent means the picture's own, or what the width gives.
        height: Option<Side>,
        /// With both sides: the largest picture of the same shape that fits into them.
        keep_aspect: Option<Switch>,
    }
}

/// How a screenshot is written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ShotFormat {
    /// Lossless.
    Png,
    /// Smaller, with losses.
    Jpeg,
    /// The same as `jpeg`.
    Jpg,
}

words!(ShotFormat);

keys! {
    /// How much of a shell is read.
    pub(super) struct Above {
        /// Lines above the screen.
        above: Option<Whole<u64, 0, 100_000>>,
    }
}

keys! {
    /// Answers to what the machine asks, in order.
    pub(super) struct Answers {
        /// As many as there are questions.
        answers: Vec<Secret>,
    }
}

keys! {
    /// What is pointed, typed and pressed, in this order.
    pub(super) struct Input with [Rule::AtLeastOne(&["text", "keys", "pointer"])] {
        /// Text to type.
        text: Option<Typed>,
        /// Keys to press and release, one after the other.
        keys: Option<Vec<KeyName>>,
        /// Where the pointer goes.
        pointer: Option<Pointer>,
    }
}

keys! {
    /// Where the pointer goes.
    pub(super) struct Pointer {
        /// Pixels from the left.
        x: Whole<u16, 0, 65535>,
        /// Pixels from the top.
        y: Whole<u16, 0, 65535>,
        /// Held buttons, a bit each: 1 left, 2 middle, 4 right.
        buttons: Option<Whole<u16, 0, 65535>>,
    }
}

keys! {
    /// What a ticket opens: a session's pixels and input, or every change.
    pub(super) struct TicketWish with [Rule::AtLeastOne(&["session_id", "events"])] {
        /// The session.
        session_id: Option<SessionId>,
        /// Every change.
        events: Option<True>,
    }
}

/// A ticket for one WebSocket, to be used within 30 seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TicketView {
    /// Where the WebSocket is opened, with the ticket.
    url: String,
    /// The ticket.
    ticket: String,
}

pub(super) async fn list(call: &Call) -> Result<Vec<SessionView>, ApiError> {
    Ok(call.api.core.sessions())
}

pub(super) async fn show(call: &Call) -> Result<SessionView, ApiError> {
    Ok(session(call)?.view())
}

pub(super) async fn update(call: &Call<SessionChange>) -> Result<SessionView, ApiError> {
    let session = session(call)?;
    let change = call.body()?;
    if let Some(choice) = change.codec {
        session.choose_codec(choice).await?;
    }
    if let Some(quality) = change.quality {
        session.set_quality(quality).await;
    }
    if let Some(is_view_only) = change.view_only {
        session.set_view_only(is_view_only).await;
    }
    if let Some(Size { width, height }) = size(change.width, change.height) {
        let wish = SessionInput::Viewport {
            width,
            height,
            scale_percent: 100,
        };
        session.input(wish).await;
    }
    Ok(session.view())
}

pub(super) async fn end(call: &Call) -> Result<Done, ApiError> {
    let id = SessionId::new(call.id());
    call.api.core.end_session(&id).await?;
    Ok(Done {})
}

pub(super) async fn reconnect(call: &Call<Reconnection>) -> Result<Done, ApiError> {
    let id = session(call)?.id.clone();
    let once = call.body()?.credentials.map(CredentialsOnce::given);
    let once = once.unwrap_or_default();
    call.api.core.reconnect(&id, once, redirect(call)).await?;
    Ok(Done {})
}

pub(super) async fn stream(call: &Call<(), Presented>) -> Result<Socket, ApiError> {
    session(call)?;
    Err(not_a_socket(call.query.ticket.as_deref()))
}

pub(super) async fn events(call: &Call<(), Listening>) -> Result<Socket, ApiError> {
    let Listening { ticket, since } = &call.query;
    let mut error = not_a_socket(ticket.as_deref());
    if let Some(Whole(since)) = since {
        // So that whoever asks in two steps does not lose it between them.
        let message = &mut error.body.error_message;
        message.push_str(&format!(
            "; it begins after event {since} when &since={since} is added"
        ));
    }
    Err(error)
}

fn not_a_socket(ticket: Option<&str>) -> ApiError {
    let message = match ticket {
        Some(_) => "this is a WebSocket: open it as one, with the same ticket",
        None => "this is a WebSocket: ask PUT /ticket for its address",
    };
    ApiError {
        headers: vec![("upgrade", "websocket".to_owned())],
        ..ApiError::new(426, ErrorCode::InvalidRequestData, message)
    }
}

pub(super) async fn screenshot(call: &Call<(), Shot>) -> Result<Picture, ApiError> {
    let shot = &call.query;
    let format = match shot.format {
        None | Some(ShotFormat::Png) => ImageFormat::Png,
        Some(ShotFormat::Jpeg | ShotFormat::Jpg) => ImageFormat::Jpeg,
    };
    let wish = Screenshot {
        format,
        width: shot.width.map(|width| width.0),
        height: shot.height.map(|height| height.0),
        keeps_aspect: shot.keep_aspect == Some(Switch(true)),
    };
    let bytes = session(call)?.screenshot(wish).await?;
    Ok(Picture {
        media_type: format.media_type(),
        bytes,
    })
}

pub(super) async fn text(call: &Call<(), Above>) -> Result<ScreenText, ApiError> {
    let session = session(call)?;
    let above = call.query.above.map_or(0, |above| above.0);
    let above = usize::try_from(above).unwrap_or_default();
    Ok(session.screen_text(above)?)
}

pub(super) async fn answer(call: &Call<Answers>) -> Result<Done, ApiError> {
    let session = session(call)?;
    session.answer(call.body()?.answers)?;
    Ok(Done {})
}

pub(super) async fn input(call: &Call<Input>) -> Result<Done, ApiError> {
    let session = session(call)?;
    let Input {
        text,
        keys,
        pointer,
    } = call.body()?;
    let keys: Vec<_> = keys
        .unwrap_or_default()
        .into_iter()
        .map(|key| key.0)
        .collect();
    let strokes = KeyStroke::parse_all(&keys)?;
    if let Some(pointer) = pointer {
        let wish = PointerWish {
            x: pointer.x.0,
            y: pointer.y.0,
            buttons: pointer.buttons.map_or(0, |buttons| buttons.0),
        };
        session.point(wish).await?;
    }
    if let Some(text) = text {
        session.type_text(text.0).await?;
    }
    session.press(strokes).await?;
    Ok(Done {})
}

pub(super) async fn ticket(call: &Call<TicketWish>) -> Result<TicketView, ApiError> {
    let TicketWish { session_id, events } = call.body()?;
    let (ticket, path) = match (session_id, events) {
        (Some(id), _) => {
            call.api.core.session(&id)?;
            let path = format!("/session/{id}/stream");
            (Ticket::Session(id), path)
        }
        // One of them is there.
        (None, _) => {
            call.need([Scope::Read])?;
            (Ticket::Events, "/events".to_owned())
        }
    };
    let base = match &call.base_url {
        Some(base) => base.clone(),
        None => call.api.stream_base().await?,
    };
    let token = match &call.caller {
        Caller::Token(token) => Some(token.id.clone()),
        Caller::Ui | Caller::Page(_) | Caller::Nobody => None,
    };
    let ticket = call.api.tickets.issue(ticket, token);
    let url = format!("{base}{path}?ticket={ticket}");
    Ok(TicketView { url, ticket })
}

fn session<B, Q>(call: &Call<B, Q>) -> Result<Arc<Session>, ApiError> {
    Ok(call.api.core.session(&SessionId::new(call.id()))?)
}

pub(super) fn redirect<B, Q>(call: &Call<B, Q>) -> Redirect {
    if call.caller.may(Scope::Reveal) {
        Redirect::Allow
    } else {
        Redirect::Refuse
    }
}

pub(super) fn size(width: Option<Side>, height: Option<Side>) -> Option<Size> {
    Some(Size::new(width?.0, height?.0))
}
