//! The second step of an upload: the bytes.

use super::steps::{Does, Who};
use super::{channel, files};
use crate::answer::Done;
use crate::error::ApiError;
use crate::keys::Raw;
use crate::route::Call;
use farwire_core::error::CoreError;
use farwire_core::transfer::Upload;

/// Writes the body to the file; what was there is replaced once all of it has come.
pub(crate) async fn run(call: &Call<Raw>) -> Result<Done, ApiError> {
    let session = channel(&call.api, call.id())?;
    let id = call.second_id();
    let who = Who::second(&call.caller, call.head.cookie.as_deref());
    let now = call.api.core.clock().wall();
    let target = call.api.steps.go_on(id, Does::Upload, who.as_ref(), now)?;
    if target.session != session.id {
        return Err(CoreError::unknown("upload of this channel", id).into());
    }
    let upload = Upload::to(files(&session)?, &target.path).await?;
    upload.write(call.content()).await?;
    Ok(Done {})
}
