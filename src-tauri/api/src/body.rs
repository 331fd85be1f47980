//! Reading a request's body within limits.

use crate::error::ApiError;
use bytes::{Buf, Bytes, BytesMut};
use farwire_model::error::ErrorCode;
use futures_util::{Stream, StreamExt, stream};
use std::time::Duration;

/// The most bytes of a JSON body.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The longest pause within a body.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// The longest a whole body may take.
const BODY_LIMIT: Duration = Duration::from_secs(120);

/// A body of any length as it comes; each pause has its limit.
pub(crate) fn content<B: Buf, E>(
    body: impl Stream<Item = Result<B, E>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, ApiError>> + Send {
    stream::unfold(Some(Box::pin(body)), async |body| {
        let mut body = body?;
        let (piece, left) = match tokio::time::timeout(BODY_PAUSE, body.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(mut piece))) => (Ok(piece.copy_to_bytes(piece.remaining())), Some(body)),
            Ok(Some(Err(_))) => (Err(broken_off()), None),
            Err(_) => (Err(too_slow()), None),
        };
        Some((piece, left))
    })
}

fn too_slow() -> ApiError {
    let message = "the body did not arrive in time";
    ApiError::new(408, ErrorCode::ValueOutOfBounds, message)
}

fn broken_off() -> ApiError {
    let message = "the body broke off before its end";
    ApiError::new(400, ErrorCode::InvalidRequestData, message)
}

/// Reads a body whole, within limits of size and time. `declared` is its `Content-Length`.
pub(crate) async fn read<B: Buf, E>(
    declared: Option<&str>,
    body: impl Stream<Item = Result<B, E>>,
) -> Result<Bytes, ApiError> {
    let too_large = || {
        let message = format!("a body has at most {MAX_BODY_BYTES} bytes");
        ApiError::new(413, ErrorCode::ValueOutOfBounds, message)
    };
    let declared = declared.and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    let reading = async {
        let mut body = std::pin::pin!(body);
        let mut bytes = BytesMut::new();
        loop {
            let chunk = tokio::time::timeout(BODY_PAUSE, body.next())
                .await
                .map_err(|_| too_slow())?;
            match chunk {
                None => return Ok(bytes.freeze()),
                Some(Ok(chunk)) if bytes.len() + chunk.remaining() > MAX_BODY_BYTES => {
                    return Err(too_large());
                }
                Some(Ok(chunk)) => bytes::BufMut::put(&mut bytes, chunk),
                Some(Err(_)) => return Err(broken_off()),
            }
        }
    };
    tokio::time::timeout(BODY_LIMIT, reading)
        .await
        .map_err(|_| too_slow())?
}
