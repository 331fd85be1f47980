//! Opening connections.

use super::credentials::CredentialsOnce;
use super::sessions::{Side, redirect, size};
use crate::error::ApiError;
use crate::keys::{Rule, keys};
use crate::route::Call;
use crate::shape::{Switch, Whole};
use crate::text::CommandLine;
use farwire_core::session::{Asks, Connect, Session};
use farwire_model::command::Executed;
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::session::{Channel, SessionState, TestReport};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest a request may wait for a session.
const MAX_WAIT_SECS: u64 = 30;

keys! {
    /// How a connection is opened.
    pub(super) struct Opening with [Rule::Together("width", "height")] {
        /// Used for this session only, and not saved.
        credentials: Option<CredentialsOnce>,
        /// The viewer's width in pixels: a wish.
        width: Option<Side>,
        /// The viewer's height in pixels: a wish.
        height: Option<Side>,
    }
}

keys! {
    /// What is run.
    pub(super) struct Command {
        /// The command, as a shell on the machine reads it.
        command: CommandLine,
        /// Used for this command only, and not saved.
        credentials: Option<CredentialsOnce>,
    }
}

keys! {
    /// Whether the answer waits.
    pub(super) struct Wait {
        /// Answer when the session is up, or why it is not.
        wait: Option<Switch>,
        /// How many seconds it may take; 30 at most.
        timeout: Option<Whole<u64, 0, 86400>>,
    }
}

/// A session that was opened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Opened {
    /// Its identifier.
    session_id: SessionId,
    /// Where it stands.
    state: SessionState,
}

/// A session of files that was opened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OpenedFiles {
    /// Its identifier.
    session_id: SessionId,
    /// Where it stands.
    state: SessionState,
    /// Its name in the routes for files.
    connection_id: String,
    /// The name of its channel there.
    channel_id: String,
}

/// Sessions that were ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ended {
    /// How many.
    ended: usize,
}

pub(super) async fn connect(call: &Call<Opening, Wait>) -> Result<Opened, ApiError> {
    Ok(opened(&*open(call, Channel::Main, false).await?))
}

pub(super) async fn observe(call: &Call<Opening, Wait>) -> Result<Opened, ApiError> {
    Ok(opened(&*open(call, Channel::Main, true).await?))
}

pub(super) async fn files(call: &Call<Opening, Wait>) -> Result<OpenedFiles, ApiError> {
    let session = open(call, Channel::Files, false).await?;
    let view = session.view();
    Ok(OpenedFiles {
        session_id: view.session_id,
        state: view.state,
        connection_id: view.connection_id.unwrap_or_default(),
        channel_id: view.channel_id.unwrap_or_default(),
    })
}

fn opened(session: &Session) -> Opened {
    let view = session.view();
    Opened {
        session_id: view.session_id,
        state: view.state,
    }
}

pub(super) async fn terminal(call: &Call<Opening, Wait>) -> Result<Opened, ApiError> {
    let core = &call.api.core;
    let connection = core.connection(&ConnectionId::new(call.id()))?;
    // The body's mistakes are named before what the connection cannot do.
    call.body()?;
    farwire_core::session::check_ssh(&connection.name, connection.protocol)?;
    Ok(opened(&*open(call, Channel::Main, false).await?))
}

pub(super) async fn exec(call: &Call<Command>) -> Result<Executed, ApiError> {
    let uid = ConnectionId::new(call.id());
    let core = &call.api.core;
    core.connection(&uid)?;
    let Command {
        command,
        credentials,
    } = call.body()?;
    let once = credentials.map(CredentialsOnce::given).unwrap_or_default();
    let running = core.exec(&uid, &command.0, once, redirect(call));
    tokio::select! {
        executed = running => Ok(executed?),
        () = call.gone() => {
            let message = "nobody waits for the answer any more";
            Err(ApiError::new(408, ErrorCode::GeneralError, message))
        }
    }
}

async fn open(
    call: &Call<Opening, Wait>,
    channel: Channel,
    is_view_only: bool,
) -> Result<Arc<Session>, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name, before the body's.
    call.api.core.connection(&uid)?;
    let opening = call.body()?;
    let once = opening.credentials.map(CredentialsOnce::given);
    let options = Connect {
        channel,
        is_view_only,
        once: once.unwrap_or_default(),
        redirect: redirect(call),
        size: size(opening.width, opening.height),
        asks: Asks::People,
    };
    let core = &call.api.core;
    let session = core.connect(&uid, options).await?;
    if call.query.wait == Some(Switch(true)) {
        let limit = limit(&call.query);
        let up = tokio::select! {
            up = core.wait_until_up(&session, limit) => up.map_err(ApiError::from),
            () = call.gone() => {
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
    Ok(session)
}

/// How long a request waits.
pub(super) fn limit(wait: &Wait) -> Duration {
    let timeout = wait.timeout.map_or(MAX_WAIT_SECS, |secs| secs.0);
    Duration::from_secs(timeout.clamp(1, MAX_WAIT_SECS))
}

pub(super) async fn disconnect(call: &Call) -> Result<Ended, ApiError> {
    let uid = ConnectionId::new(call.id());
    call.api.core.connection(&uid)?;
    let ended = call.api.core.disconnect(&uid).await;
    Ok(Ended { ended })
}

pub(super) async fn test(call: &Call) -> Result<TestReport, ApiError> {
    let uid = ConnectionId::new(call.id());
    Ok(call.api.core.test_connection(&uid, redirect(call)).await?)
}
