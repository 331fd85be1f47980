//! Reading a request's body within limits.

use crate::error::ApiError;
use bytes::{Buf, Bytes, BytesMut};
use farwire_model::error::ErrorCode;
use futures_util::{Stream, StreamExt};
use std::time::Duration;

/// The most bytes of a JSON body.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The longest pause within a body.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// The longest a whole body may take.
const BODY_LIMIT: Duration = Duration::from_secs(120);

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
    let too_slow = || {
        ApiError::new(
            408,
            ErrorCode::ValueOutOfBounds,
            "the body did not arrive in time",
        )
    };
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
                Some(Err(_)) => {
                    let message = "the body broke off before its end";
                    return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message));
                }
            }
        }
    };
    tokio::time::timeout(BODY_LIMIT, reading)
        .await
        .map_err(|_| too_slow())?
}
