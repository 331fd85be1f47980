//! Stored passwords that leave the program: for the clipboard of a person who proves himself.

use crate::answer::Private;
use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use farwire_core::error::CoreError;
use farwire_core::vault::VaultError;
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, CredentialId};
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use schemars::JsonSchema;
use serde::Serialize;

/// How long a password stays on the clipboard: long enough to go to a form and paste it.
const CLEAR_AFTER_SECS: u64 = 30;

keys! {
    /// What proves that the person who is signed in still sits there. It counts for this one password: a proof that lasted
    /// would be there for whoever sits down next.
    pub(super) struct Proof {
        /// The vault's passphrase. A token with the scope reveal needs none.
        passphrase: Option<Secret>,
    }
}

/// A password that is handed out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HandedOut {
    /// It.
    password: String,
    /// When whoever puts it on a clipboard is to take it off again.
    clear_after_secs: u64,
}

impl HandedOut {
    fn of(password: &Secret) -> Private<Self> {
        Private(Self {
            password: password.expose().to_owned(),
            clear_after_secs: CLEAR_AFTER_SECS,
        })
    }
}

pub(super) async fn of_connection(call: &Call<Proof>) -> Result<Private<HandedOut>, ApiError> {
    let uid = ConnectionId::new(call.id());
    // An unknown connection is the first mistake to name.
    call.api.core.connection(&uid)?;
    prove(call).await?;
    Ok(HandedOut::of(&call.api.core.password(&uid)?))
}

pub(super) async fn of_shared(call: &Call<Proof>) -> Result<Private<HandedOut>, ApiError> {
    let uid = CredentialId::new(call.id());
    call.api.core.shared_credential(&uid, false)?;
    prove(call).await?;
    Ok(HandedOut::of(&call.api.core.shared_password(&uid)?))
}

/// Makes sure that a person is who signed in. Who made a token with the scope reveal proved himself then.
async fn prove(call: &Call<Proof>) -> Result<(), ApiError> {
    let Proof { passphrase } = call.body()?;
    if call.caller.may(Scope::Reveal) {
        return Ok(());
    }
    let guess = call.api.core.vault().prove_person(passphrase);
    let proven = call.api.guesses.make(guess).await;
    proven.map_err(|error| match error {
        CoreError::Vault {
            source: VaultError::PassphraseNeeded,
        } => unproven("prove who you are: send the vault's passphrase"),
        CoreError::Vault {
            source: VaultError::WrongPassphrase,
        } => unproven("the passphrase is wrong, so nothing was copied"),
        error => error.into(),
    })
}

fn unproven(message: &str) -> ApiError {
    ApiError::new(403, ErrorCode::PermissionDenied, message).about("passphrase")
}
