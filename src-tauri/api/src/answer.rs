//! What handlers answer with. A handler's type says what its route's document says.

use crate::error::ApiError;
use crate::request::{Body, Response};
use bytes::Bytes;
use farwire_model::error::ErrorCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use std::convert::Infallible;

/// Room for one connection with all its settings, so that most answers are written without being moved.
const MOST_ANSWERS_BYTES: usize = 1024;

/// What a successful answer looks like.
#[derive(Debug)]
pub(crate) enum Form {
    /// 200 with JSON of this schema.
    Json(Schema),
    /// 200 with bytes of one of these media types.
    Bytes(&'static [&'static str]),
    /// 200 without a body.
    Nothing,
    /// 200 with a file, or 206 with parts of it.
    File,
    /// 101: the connection becomes a WebSocket.
    Socket,
}

/// Something a handler answers with.
pub(crate) trait Answer {
    /// Its form.
    fn form(generator: &mut SchemaGenerator) -> Form;

    /// The answer itself.
    fn respond(self) -> Result<Response, ApiError>;
}

/// Most answers are plain data.
impl<T: Serialize + JsonSchema> Answer for T {
    fn form(generator: &mut SchemaGenerator) -> Form {
        Form::Json(generator.subschema_for::<T>())
    }

    fn respond(self) -> Result<Response, ApiError> {
        let mut text = Vec::with_capacity(MOST_ANSWERS_BYTES);
        serde_json::to_writer(&mut text, &self).map_err(|error| {
            let message = format!("could not write the answer: {error}");
            ApiError::new(500, ErrorCode::GeneralError, message)
        })?;
        Ok(Response::json(text))
    }
}

/// `{}`: there is nothing to say.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Done {}

/// No body at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nothing;

impl Answer for Nothing {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Nothing
    }

    fn respond(self) -> Result<Response, ApiError> {
        Ok(Response::bytes("text/plain", Bytes::new()))
    }
}

/// Data with a secret in it: nobody between may keep it.
#[derive(Debug)]
pub(crate) struct Private<T>(pub T);

impl<T: Serialize + JsonSchema> Answer for Private<T> {
    fn form(generator: &mut SchemaGenerator) -> Form {
        T::form(generator)
    }

    fn respond(self) -> Result<Response, ApiError> {
        let mut response = self.0.respond()?;
        response
            .headers
            .push(("cache-control", "no-store".to_owned()));
        Ok(response)
    }
}

/// A picture as a file.
#[derive(Debug)]
pub(crate) struct Picture {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Answer for Picture {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Bytes(&["image/png", "image/jpeg"])
    }

    fn respond(self) -> Result<Response, ApiError> {
        Ok(Response {
            status: 200,
            headers: Vec::new(),
            body: Body::Bytes {
                media_type: self.media_type,
                bytes: Bytes::from(self.bytes),
            },
        })
    }
}

/// A WebSocket: the transport opens it by its ticket, so that no handler ever answers with one.
#[derive(Debug)]
pub(crate) struct Socket(Infallible);

impl Answer for Socket {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Socket
    }

    fn respond(self) -> Result<Response, ApiError> {
        match self.0 {}
    }
}
