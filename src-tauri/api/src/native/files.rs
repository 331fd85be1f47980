//! Single files of a session's machine: how they begin, their permissions, their text.

use super::transfers::read_path;
use crate::answer::{Answer, Done, Form};
use crate::error::ApiError;
use crate::keys::{Rule, keys};
use crate::privx::files;
use crate::request::Response;
use crate::route::Call;
use crate::shape::Whole;
use crate::text::{ContentHash, FilePath, FileText};
use bytes::{Bytes, BytesMut};
use farwire_core::transfer::{Upload, content};
use farwire_model::error::ErrorCode;
use farwire_model::ids::SessionId;
use farwire_model::transfer::{
    Attributes, FileKind, FileStatus, Files, FilesError, Links, Open, RemotePath,
};
use futures_util::{TryStreamExt, stream};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The most bytes of a file that are answered at once: a picture of a camera.
const MAX_BEGINNING_BYTES: u64 = 16 * 1024 * 1024;
/// The longest file whose text can be replaced: the new one has to fit into a body.
const MAX_TEXT_BYTES: u64 = 256 * 1024;
/// The longest text, as the document says it.
const MAX_TEXT_CHARS: usize = 256 * 1024;
/// What the bytes of a file are said to be: nothing is guessed from its name.
const MEDIA_TYPE: &str = "application/octet-stream";

keys! {
    /// Which file is looked into.
    pub(super) struct Looked {
        /// The file: its path as it was answered, or as a person types it.
        path: FilePath,
        /// Bytes from its beginning; as many as are ever answered, when absent.
        limit: Option<Whole<u64, 1, { MAX_BEGINNING_BYTES as i64 }>>,
    }
}

keys! {
    /// Which file is deleted.
    pub(super) struct Unwanted {
        /// The file or folder: its path as it was answered, or as a person types it.
        path: FilePath,
    }
}

/// What was moved into the trash folder.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Discarded {
    /// Where it is now: a handle.
    path: String,
    /// The same for people.
    display_path: String,
}

keys! {
    /// What changes about a file.
    pub(super) struct FileChange with [Rule::AtLeastOne(&["permissions", "text"]), Rule::Together("text", "was")] {
        /// The file or folder: its path as it was answered, or as a person types it.
        path: FilePath,
        /// Its permissions as a number.
        permissions: Option<Whole<u32, 0, 0o7777>>,
        /// All that is in it from now on, in UTF-8.
        text: Option<FileText>,
        /// The SHA-256 of what was in it when somebody read it: another content is not replaced.
        was: Option<ContentHash>,
    }
}

/// The first bytes of a file.
#[derive(Debug)]
pub(super) struct Beginning(Bytes);

impl Answer for Beginning {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::Bytes(&[MEDIA_TYPE])
    }

    fn respond(self) -> Result<Response, ApiError> {
        let mut response = Response::bytes(MEDIA_TYPE, self.0);
        response
            .headers
            .push(("cache-control", "no-store".to_owned()));
        Ok(response)
    }
}

/// Answers how a file begins, or all of a short one.
pub(super) async fn show(call: &Call<(), Looked>) -> Result<Beginning, ApiError> {
    let session = call.api.core.session(&SessionId::new(call.id()))?;
    let path = read_path(&call.query.path, "path")?;
    let limit = call
        .query
        .limit
        .map_or(MAX_BEGINNING_BYTES, |limit| limit.0);
    Ok(Beginning(read(&*files(&session)?, &path, limit).await?))
}

/// Moves a file or a folder into the machine's trash folder.
pub(super) async fn discard(call: &Call<(), Unwanted>) -> Result<Discarded, ApiError> {
    let core = &call.api.core;
    let session = core.session(&SessionId::new(call.id()))?;
    let path = read_path(&call.query.path, "path")?;
    let folder = core.trash_folder(&session)?;
    let now = farwire_core::transfer::discard(&*files(&session)?, &folder, &path).await?;
    Ok(Discarded {
        path: now.handle(),
        display_path: now.to_string(),
    })
}

/// Sets the permissions of a file, or replaces its text.
pub(super) async fn update(call: &Call<FileChange>) -> Result<Done, ApiError> {
    let session = call.api.core.session(&SessionId::new(call.id()))?;
    let FileChange {
        path,
        permissions,
        text,
        was,
    } = call.body()?;
    let path = read_path(&path, "path")?;
    check(text.as_ref(), was.as_ref())?;
    let files = files(&session)?;
    // The text first: a file that may not be written any more could not be.
    if let (Some(text), Some(was)) = (text, was) {
        replace(&files, &path, text.0, &was.0).await?;
    }
    if let Some(permissions) = permissions {
        let attributes = Attributes {
            mode: Some(permissions.0),
            ..Attributes::default()
        };
        files.set_attributes(&path, &attributes).await?;
    }
    Ok(Done {})
}

/// Holds a new text and what it replaces against their forms.
fn check(text: Option<&FileText>, was: Option<&ContentHash>) -> Result<(), ApiError> {
    if text.is_some_and(|text| text.0.chars().count() > MAX_TEXT_CHARS) {
        let message = format!("text has at most {MAX_TEXT_CHARS} characters");
        return Err(ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about("text"));
    }
    let is_hash = |hash: &ContentHash| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        hash.0.len() == 64 && hash.0.bytes().all(is_digit)
    };
    if was.is_some_and(|was| !is_hash(was)) {
        let message = "was is a SHA-256: 64 hexadecimal digits, small letters";
        return Err(ApiError::new(400, ErrorCode::ValueIncorrectFormat, message).about("was"));
    }
    Ok(())
}

/// The first bytes of a file, at most `limit`.
async fn read(files: &dyn Files, path: &RemotePath, limit: u64) -> Result<Bytes, FilesError> {
    let attributes = files.attributes(path, Links::Follow).await?;
    if attributes.kind() != FileKind::File {
        let message = format!("could not look into {path}: it is no file");
        return Err(FilesError::new(FileStatus::Failure, message));
    }
    let file = files.open(path, Open::Read).await?;
    let end = attributes.size.unwrap_or(0).min(limit);
    let pieces = content(file, 0, end);
    pieces
        .try_fold(BytesMut::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
        .map(BytesMut::freeze)
}

/// Puts a text in the place of what somebody read; something else that is there by now stays.
async fn replace(
    files: &Arc<dyn Files>,
    path: &RemotePath,
    text: String,
    was: &str,
) -> Result<(), ApiError> {
    let there = read(&**files, path, MAX_TEXT_BYTES + 1).await?;
    let digest = Sha256::digest(&there);
    let now: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if now != was {
        let message = format!("{path} was changed meanwhile: read it again, and change that");
        return Err(ApiError::new(409, ErrorCode::ConfigurationError, message).about("was"));
    }
    let upload = Upload::to(Arc::clone(files), path).await?;
    let content = stream::iter([Ok::<_, FilesError>(Bytes::from(text))]);
    upload.write(content).await?;
    Ok(())
}
