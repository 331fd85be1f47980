//! Backups of everything saved.

use crate::error::ApiError;
use crate::request::Response;
use crate::route::Call;

pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.backups().await?)
}

pub(super) async fn make(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.back_up().await?)
}

pub(super) async fn restore(call: &Call) -> Result<Response, ApiError> {
    // The settings are read, changed and written whole, here as there.
    let _gate = call.api.changing_settings.lock().await;
    Response::of(&call.api.core.restore_backup(call.id()).await?)
}
