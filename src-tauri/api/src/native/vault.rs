//! The vault: its state, its passphrase, and where its master key is kept.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::Response;
use crate::route::Call;
use farwire_core::error::CoreError;
use farwire_core::vault::{KeySource, VaultState};
use farwire_model::application::{VaultPhase, VaultSource, VaultView};
use farwire_model::error::ErrorCode;
use farwire_model::secret::Secret;
use serde_json::json;
use std::time::Duration;

/// How long a request waits for the key store, which may be asking a person.
const KEYRING_WAIT: Duration = Duration::from_secs(20);

pub(super) async fn show(call: &Call) -> Result<Response, ApiError> {
    let vault = call.api.core.vault();
    let (state, source, reason) = match vault.state() {
        VaultState::Locked { reason } => (VaultPhase::Locked, None, Some(reason)),
        VaultState::Unlocking => (VaultPhase::Unlocking, None, None),
        VaultState::Ready { source } => {
            let source = match source {
                KeySource::Keyring { .. } => VaultSource::Keyring,
                KeySource::Passphrase => VaultSource::Passphrase,
            };
            (VaultPhase::Ready, Some(source), None)
        }
    };
    Response::of(&VaultView {
        state,
        source,
        reason,
        has_passphrase: vault.has_passphrase().map_err(CoreError::from)?,
    })
}

pub(super) async fn unlock(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let passphrase = fields.text("passphrase")?.map(Secret::new);
    fields.finish()?;
    let vault = call.api.core.vault();
    let unlocked = match passphrase {
        Some(passphrase) => vault.unlock_with_passphrase(passphrase).await,
        None => vault.unlock_with_keyring(KEYRING_WAIT).await,
    };
    unlocked.map_err(CoreError::from)?;
    show(call).await
}

pub(super) async fn lock(call: &Call) -> Result<Response, ApiError> {
    call.api.core.vault().lock();
    show(call).await
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let source = match fields.text("source")?.as_deref() {
        None => None,
        Some("keyring") => Some(VaultSource::Keyring),
        Some("passphrase") => Some(VaultSource::Passphrase),
        Some(_) => {
            let message = "source is keyring or passphrase";
            return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message).about("source"));
        }
    };
    let (mut old, mut new) = (None, None);
    if let Some(mut passphrase) = fields.object("passphrase")? {
        old = passphrase.text("old")?.map(Secret::new);
        new = passphrase.text("new")?.map(Secret::new);
        passphrase.finish()?;
    }
    fields.finish()?;
    if new.as_ref().is_some_and(Secret::is_empty) {
        let message = "the new passphrase must not be empty";
        return Err(
            ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about("passphrase.new")
        );
    }
    let missing = || {
        let message = "passphrase.new is missing: there is no passphrase yet that could take the key store's place";
        ApiError::new(400, ErrorCode::RequiredValueMissing, message).about("passphrase.new")
    };
    let vault = call.api.core.vault();
    let changed = match (source, new) {
        (Some(VaultSource::Keyring), None) => vault.move_to_keyring(old, KEYRING_WAIT).await,
        (Some(VaultSource::Keyring), Some(_)) => {
            let message =
                "in the key store alone the master key has no passphrase: leave passphrase.new out";
            return Err(
                ApiError::new(400, ErrorCode::InvalidRequestData, message).about("passphrase.new")
            );
        }
        (Some(VaultSource::Passphrase), new) => {
            if new.is_none() && !vault.has_passphrase().map_err(CoreError::from)? {
                return Err(missing());
            }
            vault.move_to_passphrase(old, new, KEYRING_WAIT).await
        }
        (None, Some(new)) => vault.set_passphrase(old, new).await,
        (None, None) => {
            let message = "say what to change: source or passphrase.new";
            return Err(ApiError::new(400, ErrorCode::RequiredValueMissing, message)
                .about("passphrase.new"));
        }
    };
    changed.map_err(CoreError::from)?;
    show(call).await
}

pub(super) async fn rotate(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let passphrase = fields.text("passphrase")?.map(Secret::new);
    fields.finish()?;
    let resealed = call
        .api
        .core
        .replace_master_key(passphrase, KEYRING_WAIT)
        .await?;
    Ok(Response::json(
        json!({ "secrets": resealed.secrets, "unreadable": resealed.unreadable }),
    ))
}
