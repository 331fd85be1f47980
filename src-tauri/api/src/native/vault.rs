//! The vault: its state, its passphrase, and where its master key is kept.

use crate::error::ApiError;
use crate::keys::{Rule, keys};
use crate::route::Call;
use crate::shape::words;
use crate::text::Passphrase;
use farwire_core::error::CoreError;
use farwire_core::vault::{KeySource, VaultState};
use farwire_model::application::{VaultPhase, VaultSource, VaultView};
use farwire_model::error::ErrorCode;
use farwire_model::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// How long a request waits for the key store, which may be asking a person.
const KEYRING_WAIT: Duration = Duration::from_secs(20);

words!(VaultSource);

keys! {
    /// What opens the vault.
    pub(super) struct Key {
        /// The passphrase; without it the key store is asked.
        passphrase: Option<Secret>,
    }
}

keys! {
    /// What changes about the vault.
    pub(super) struct VaultChange with [Rule::AtLeastOne(&["passphrase", "source"])] {
        /// Where the master key is kept.
        source: Option<VaultSource>,
        /// Another passphrase.
        passphrase: Option<PassphraseChange>,
    }
}

keys! {
    /// A change of the passphrase.
    pub(super) struct PassphraseChange {
        /// The one that is good now, where there is one.
        old: Option<Secret>,
        /// The one that is to be.
        new: Option<Passphrase>,
    }
}

/// What was sealed anew.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rotated {
    /// How many secrets.
    secrets: usize,
    /// How many could not be read, and stay as they are.
    unreadable: usize,
}

pub(super) async fn show(call: &Call) -> Result<VaultView, ApiError> {
    view(call)
}

fn view<B, Q>(call: &Call<B, Q>) -> Result<VaultView, ApiError> {
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
    Ok(VaultView {
        state,
        source,
        reason,
        has_passphrase: vault.has_passphrase().map_err(CoreError::from)?,
    })
}

pub(super) async fn unlock(call: &Call<Key>) -> Result<VaultView, ApiError> {
    let passphrase = call.body()?.passphrase;
    let vault = call.api.core.vault();
    let unlocked = match passphrase {
        Some(passphrase) => {
            let guess = vault.unlock_with_passphrase(passphrase);
            call.api.guesses.make(guess).await
        }
        None => vault
            .unlock_with_keyring(KEYRING_WAIT)
            .await
            .map_err(CoreError::from),
    };
    unlocked?;
    view(call)
}

pub(super) async fn lock(call: &Call) -> Result<VaultView, ApiError> {
    call.api.core.vault().lock();
    view(call)
}

pub(super) async fn update(call: &Call<VaultChange>) -> Result<VaultView, ApiError> {
    let VaultChange { source, passphrase } = call.body()?;
    let (old, new) = match passphrase {
        Some(PassphraseChange { old, new }) => (old, new.map(|new| Secret::new(new.0))),
        None => (None, None),
    };
    if new.as_ref().is_some_and(Secret::is_empty) {
        let message = "passphrase.new has at least one character";
        return Err(
            ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about("passphrase.new")
        );
    }
    let vault = call.api.core.vault();
    let guesses = &call.api.guesses;
    let changed = match (source, new) {
        (Some(VaultSource::Keyring), None) => {
            let change = vault.move_to_keyring(old, KEYRING_WAIT);
            guesses.make(change).await
        }
        (Some(VaultSource::Keyring), Some(_)) => {
            return Err(refused(
                "in the key store the master key has no passphrase: leave passphrase.new out",
            ));
        }
        (Some(VaultSource::Passphrase), None)
            if !vault.has_passphrase().map_err(CoreError::from)? =>
        {
            return Err(refused(
                "there is no passphrase yet that could take the key store's place: send passphrase.new",
            ));
        }
        (Some(VaultSource::Passphrase), new) => {
            let change = vault.move_to_passphrase(old, new, KEYRING_WAIT);
            guesses.make(change).await
        }
        (None, Some(new)) => guesses.make(vault.set_passphrase(old, new)).await,
        (None, None) => return Err(refused("say what it changes to: send passphrase.new")),
    };
    changed?;
    view(call)
}

fn refused(message: &str) -> ApiError {
    ApiError::new(409, ErrorCode::ConfigurationError, message).about("vault")
}

pub(super) async fn rotate(call: &Call<Key>) -> Result<Rotated, ApiError> {
    let passphrase = call.body()?.passphrase;
    let core = &call.api.core;
    let guess = core.replace_master_key(passphrase, KEYRING_WAIT);
    let resealed = call.api.guesses.make(guess).await?;
    Ok(Rotated {
        secrets: resealed.secrets,
        unreadable: resealed.unreadable,
    })
}
