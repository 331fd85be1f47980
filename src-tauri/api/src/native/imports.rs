//! Files of other programs.

use crate::answer::{Answer, Form};
use crate::error::ApiError;
use crate::keys::{Raw, keys};
use crate::request::Response;
use crate::route::Call;
use crate::shape::{Shape, Switch};
use crate::text::Name;
use bytes::{Bytes, BytesMut};
use farwire_core::imports::{Exported, MAX_FILE_BYTES};
use farwire_model::error::ErrorCode;
use farwire_model::ids::ConnectionId;
use farwire_model::import::ImportView;
use farwire_model::token::Scope;
use futures_util::TryStreamExt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use std::borrow::Cow;

/// What .rdp files are said to be.
const MEDIA_TYPE: &str = "application/x-rdp";

keys! {
    /// What comes.
    pub(super) struct Incoming {
        /// What the file is.
        format: FileFormat,
        /// The file's own name, after which the connection is called.
        name: Option<Name>,
        /// Only says what would be saved, and keeps it for ten minutes, so that it can be applied.
        preview: Option<Switch>,
    }
}

keys! {
    /// What is wanted.
    pub(super) struct Wanted {
        /// What the file is to be.
        format: FileFormat,
        /// The connection.
        uid: ConnectionId,
    }
}

/// A format of files.
#[derive(Clone, Copy, Debug)]
pub(super) enum FileFormat {
    /// `rdp`.
    Rdp,
}

impl JsonSchema for FileFormat {
    fn schema_name() -> Cow<'static, str> {
        "FileFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["rdp"] })
    }
}

impl Shape for FileFormat {
    fn read(value: Value, place: &crate::fields::Place) -> Result<Self, ApiError> {
        match value.as_str() {
            Some("rdp") => Ok(Self::Rdp),
            _ => Err(place.out_of_bounds("is rdp")),
        }
    }
}

/// A connection as a file.
#[derive(Debug)]
pub(super) struct RdpFile(Exported);

impl Answer for RdpFile {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Bytes(&[MEDIA_TYPE])
    }

    fn respond(self) -> Result<Response, ApiError> {
        let Exported { name, bytes } = self.0;
        // Whoever saves it under this name gets one file in one folder, whatever the connection is called.
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
        let name: String = name
            .chars()
            .map(|c| if is_safe(c) { c } else { '_' })
            .collect();
        let name = name.trim_matches([' ', '.']);
        let name = if name.is_empty() { "connection" } else { name };
        let mut response = Response::bytes(MEDIA_TYPE, Bytes::from(bytes));
        response.headers.push((
            "content-disposition",
            format!("attachment; filename=\"{name}.rdp\""),
        ));
        Ok(response)
    }
}

pub(super) async fn import(call: &Call<Raw, Incoming>) -> Result<ImportView, ApiError> {
    // A file may name an account, which is a credential.
    call.need([Scope::Credentials])?;
    let bytes = read(call).await?;
    let core = &call.api.core;
    let name = call.query.name.as_ref().map(|name| name.0.as_str());
    match (call.query.format, call.query.preview) {
        (FileFormat::Rdp, Some(Switch(true))) => Ok(core.read_rdp_file(name, &bytes)?),
        (FileFormat::Rdp, _) => Ok(core.save_rdp_file(&call.by, name, &bytes).await?),
    }
}

pub(super) async fn apply(call: &Call) -> Result<ImportView, ApiError> {
    call.need([Scope::Credentials])?;
    Ok(call.api.core.apply_import(&call.by, call.id()).await?)
}

pub(super) async fn export(call: &Call<(), Wanted>) -> Result<RdpFile, ApiError> {
    match call.query.format {
        FileFormat::Rdp => Ok(RdpFile(call.api.core.export_rdp_file(&call.query.uid)?)),
    }
}

/// The file whole, as far as such files go.
async fn read(call: &Call<Raw, Incoming>) -> Result<BytesMut, ApiError> {
    let mut content = call.content();
    let mut bytes = BytesMut::new();
    while let Some(piece) = content.try_next().await? {
        if bytes.len() + piece.len() > MAX_FILE_BYTES {
            let message = format!("an .rdp file has at most {MAX_FILE_BYTES} bytes");
            return Err(ApiError::new(413, ErrorCode::ValueOutOfBounds, message));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
