//! The second step of a download: the bytes, or parts of them.

use super::range::{self, Wanted};
use super::steps::{Does, Who};
use super::{channel, disposition, files};
use crate::Api;
use crate::answer::{Answer, Form};
use crate::auth::random_hex;
use crate::error::ApiError;
use crate::request::{Body, Content, Response};
use crate::route::Call;
use bytes::Bytes;
use farwire_core::error::CoreError;
use farwire_core::transfer::content;
use farwire_model::error::ErrorCode;
use farwire_model::transfer::{Attributes, Open, OpenFile, RemotePath};
use futures_util::{StreamExt, TryStreamExt, stream};
use schemars::SchemaGenerator;
use std::sync::Arc;

/// What the bytes of a file are said to be: nothing is guessed from its name.
const MEDIA_TYPE: &str = "application/octet-stream";

/// A file on its way out.
pub(crate) struct Download {
    file: Arc<dyn OpenFile>,
    path: RemotePath,
    attributes: Attributes,
    wanted: Wanted,
    use_note: UseNote,
}

/// Notes when an identifier was in use last: at the end of the last byte.
struct UseNote {
    api: Arc<Api>,
    id: String,
}

impl Drop for UseNote {
    fn drop(&mut self) {
        let now = self.api.core.clock().wall();
        self.api.steps.note_use(&self.id, now);
    }
}

/// Answers the file, or the parts of it that `Range` asks for.
pub(crate) async fn run(call: &Call) -> Result<Download, ApiError> {
    let session = channel(&call.api, call.id())?;
    let id = call.second_id();
    let who = Who::second(&call.caller, call.head.cookie.as_deref());
    let now = call.api.core.clock().wall();
    let target = call
        .api
        .steps
        .go_on(id, Does::Download, who.as_ref(), now)?;
    if target.session != session.id {
        return Err(CoreError::unknown("download of this channel", id).into());
    }
    let file = files(&session)?.open(&target.path, Open::Read).await?;
    let attributes = file.attributes().await?;
    let size = attributes.size.unwrap_or(0);
    // Of another version of the file no part is any use (RFC 9110, section 13.1.5).
    let is_other = call
        .head
        .if_range
        .as_deref()
        .is_some_and(|known| known.trim() != tag(&attributes));
    let header = call.head.range.as_deref().filter(|_| !is_other);
    let wanted = range::read(header, size);
    if wanted == Wanted::Nothing {
        let message = format!("the file has {size} bytes, and Range asks for none of them");
        let mut error = ApiError::new(416, ErrorCode::ValueOutOfBounds, message).about("Range");
        error
            .headers
            .push(("content-range", format!("bytes */{size}")));
        return Err(error);
    }
    Ok(Download {
        file,
        path: target.path,
        attributes,
        wanted,
        use_note: UseNote {
            api: Arc::clone(&call.api),
            id: id.to_owned(),
        },
    })
}

/// Names a version of a file.
fn tag(attributes: &Attributes) -> String {
    let modified = attributes.times.map_or(0, |(_, modified)| modified);
    format!("\"{:x}-{modified:x}\"", attributes.size.unwrap_or(0))
}

impl Download {
    /// The bytes of one part. Of a file that became shorter meanwhile fewer come than were said, which breaks the answer off.
    fn part(&self, from: u64, to: u64) -> Content {
        Box::pin(content(Arc::clone(&self.file), from, to).map_err(ApiError::from))
    }
}

fn text(text: String) -> Content {
    Box::pin(stream::once(async move { Ok(Bytes::from(text)) }))
}

impl Answer for Download {
    fn form(_: &mut SchemaGenerator) -> Form {
        Form::File
    }

    fn respond(self) -> Result<Response, ApiError> {
        let size = self.attributes.size.unwrap_or(0);
        let name = self.path.name().unwrap_or(b"file");
        let mut headers = vec![
            ("accept-ranges", "bytes".to_owned()),
            ("content-disposition", disposition::attachment(name)),
            ("content-transfer-encoding", "binary".to_owned()),
            ("etag", tag(&self.attributes)),
            ("cache-control", "no-store".to_owned()),
        ];
        let mut media_type = MEDIA_TYPE.to_owned();
        let (status, length, content): (u16, u64, Content) = match &self.wanted {
            Wanted::Whole | Wanted::Nothing => (200, size, self.part(0, size)),
            Wanted::Parts(parts) if parts.len() == 1 => {
                let (from, to) = parts.first().copied().unwrap_or_default();
                let range = format!("bytes {from}-{}/{size}", to.saturating_sub(1));
                headers.push(("content-range", range));
                (206, to - from, self.part(from, to))
            }
            Wanted::Parts(parts) => {
                // RFC 9110, section 14.6.
                let boundary = random_hex::<16>();
                let mut length = 0;
                let mut pieces = Vec::new();
                for (from, to) in parts {
                    let head = format!(
                        "\r\n--{boundary}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Range: bytes {from}-{}/{size}\r\n\r\n",
                        to.saturating_sub(1)
                    );
                    length += head.len() as u64 + (to - from);
                    pieces.push(text(head));
                    pieces.push(self.part(*from, *to));
                }
                let end = format!("\r\n--{boundary}--\r\n");
                length += end.len() as u64;
                pieces.push(text(end));
                media_type = format!("multipart/byteranges; boundary={boundary}");
                (206, length, Box::pin(stream::iter(pieces).flatten()))
            }
        };
        headers.push(("content-length", length.to_string()));
        let note = self.use_note;
        let content = content.inspect(move |_| {
            // Held until the last byte.
            let _ = &note;
        });
        Ok(Response {
            status,
            headers,
            body: Body::Stream {
                media_type,
                content: Box::pin(content),
            },
        })
    }
}
