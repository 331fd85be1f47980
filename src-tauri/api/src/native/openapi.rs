//! The document of all routes.

use crate::error::ApiError;
use crate::keys::keys;
use crate::openapi::{self, Variant};
use crate::route::Call;
use crate::shape::words;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

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

/// An OpenAPI document.
#[derive(Debug, Serialize)]
pub(super) struct Document(Value);

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "required": ["openapi", "info", "paths"], "additionalProperties": true })
    }
}

pub(super) async fn show(call: &Call<(), Wanted>) -> Result<Document, ApiError> {
    let variant = match call.query.twin {
        None => Variant::Whole,
        Some(Twin::Post) => Variant::Post,
    };
    Ok(Document(openapi::document(super::ROUTES, variant)))
}
