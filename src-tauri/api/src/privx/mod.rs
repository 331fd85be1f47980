//! The files dialect: the routes of PrivX's SSH proxy, so that scripts written for it run after adding one header.
//!
//! A file is moved in two steps. The first, `file` with GET or PUT, looks and answers an identifier and a cookie; the second moves
//! the bytes and must bring the cookie along.
//!
//! | file | holds |
//! | --- | --- |
//! | [`file`] | the one route with a `cmd`, and keeping a session |
//! | `entry` | what is said of a file |
//! | [`steps`] | identifiers between the two steps |
//! | [`download`], [`upload`] | the second steps |
//! | `range` | which bytes are asked for (RFC 9110, section 14) |
//! | `disposition` | a file's name in a header (RFC 6266, RFC 8187) |

mod disposition;
pub(crate) mod download;
mod entry;
pub(crate) mod file;
mod range;
pub(crate) mod steps;
pub(crate) mod upload;

use crate::Api;
use crate::error::ApiError;
use farwire_core::error::CoreError;
use farwire_core::session::Session;
use farwire_model::error::{ErrorCode, Stage};
use farwire_model::ids::SessionId;
use farwire_model::transfer::{FileStatus, Files, FilesError};
use std::sync::Arc;

/// A session of files by its `connection_id`.
fn session(api: &Api, connection: &str) -> Result<Arc<Session>, ApiError> {
    let unknown = || ApiError::from(CoreError::unknown("connection of files", connection));
    let session = api.core.session(&SessionId::new(connection));
    let session = session.map_err(|_| unknown())?;
    session.channel.id().ok_or_else(unknown)?;
    Ok(session)
}

/// The session that `connection_id:channel_id` names.
fn channel(api: &Api, name: &str) -> Result<Arc<Session>, ApiError> {
    let unknown = || ApiError::from(CoreError::unknown("channel of files", name));
    let (connection, channel) = name.split_once(':').ok_or_else(unknown)?;
    let session = session(api, connection)?;
    (session.channel.id() == Some(channel))
        .then_some(session)
        .ok_or_else(unknown)
}

/// The files of a session that is up.
pub(crate) fn files(session: &Session) -> Result<Arc<dyn Files>, ApiError> {
    session.files().ok_or_else(|| {
        let message = "the connection to the machine is not up: see GET /session/<id>, and wait until it is back";
        ApiError::new(424, ErrorCode::GeneralError, message).about(Stage::Session.as_str())
    })
}

/// A second step that did not work.
impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        match error.status {
            FileStatus::NoSuchFile => Self::new(404, ErrorCode::BadRequest, error.message),
            _ => Self::new(424, ErrorCode::GeneralError, error.message)
                .about(Stage::Session.as_str()),
        }
    }
}
