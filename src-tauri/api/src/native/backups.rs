//! Backups of everything saved.

use crate::error::ApiError;
use crate::route::Call;
use farwire_model::application::{BackupView, RestoreView};
use farwire_model::token::Scope;

pub(super) async fn list(call: &Call) -> Result<Vec<BackupView>, ApiError> {
    Ok(call.api.core.backups().await?)
}

pub(super) async fn make(call: &Call) -> Result<BackupView, ApiError> {
    Ok(call.api.core.back_up().await?)
}

pub(super) async fn restore(call: &Call) -> Result<RestoreView, ApiError> {
    // What comes back are things of all these kinds, decisions to trust a machine among them.
    call.need([Scope::Write, Scope::Credentials, Scope::Trust])?;
    // The settings are read, changed and written whole, here as there.
    let _gate = call.api.changing_settings.lock().await;
    Ok(call.api.core.restore_backup(&call.by, call.id()).await?)
}
