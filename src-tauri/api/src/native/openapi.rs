//! The document of all routes.

use crate::answer::{Answer, Form};
use crate::error::ApiError;
use crate::keys::keys;
use crate::openapi::{self, Variant};
use crate::request::Response;
use crate::route::Call;
use crate::shape::words;
use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::sync::OnceLock;

keys! {
    /// Which document is shown.
    pub(super) struct Wanted {
        /// `post` for tools that know no verb of their own: OpenAPI 3.1, where ACTION is a POST.
        twin: Option<Twin>,
    }
}

/// For tools that know no verb of their own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Twin {
    /// ACTION is a POST.
    Post,
}

words!(Twin);

/// Both documents, written once each: it is a lot of work, and anybody may ask.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    whole: OnceLock<Bytes>,
    twin: OnceLock<Bytes>,
}

/// An OpenAPI document, as text.
#[derive(Debug)]
pub(super) struct Document(Bytes);

impl Answer for Document {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Json(
            json_schema!({ "type": "object", "required": ["openapi", "info", "paths"], "additionalProperties": true }),
        )
    }

    fn respond(self) -> Result<Response, ApiError> {
        Ok(Response::bytes("application/json", self.0))
    }
}

pub(super) async fn show(call: &Call<(), Wanted>) -> Result<Document, ApiError> {
    let (text, variant) = match call.query.twin {
        None => (&call.api.documents.whole, Variant::Whole),
        Some(Twin::Post) => (&call.api.documents.twin, Variant::Post),
    };
    let write = || {
        let served = super::ROUTES.iter();
        let served = served.filter(|route| call.api.dialects.contains(&route.dialect()));
        openapi::document(served, variant).to_string().into()
    };
    Ok(Document(text.get_or_init(write).clone()))
}
