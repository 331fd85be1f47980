//! Replacing the master key, in steps of which each leaves a vault that opens.
//!
//! 1. The key store gets the new key beside the old one.
//! 2. One batch changes everything in the store: every sealed secret, the key check, the key sealed by the passphrase.
//! 3. The key store's entry becomes the new key. Where this is broken off, the next unlocking does it.

use super::change::{Turn, seal_for};
use super::error::VaultError;
use super::keyring;
use super::passphrase;
use super::seal::SealingKey;
use super::state::{KeySource, Vault, VaultState};
use super::unlock::{CHECK, check_record};
use farwire_model::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

/// A master key that is about to replace the one in use.
pub(crate) struct Rotation {
    vault: Arc<Vault>,
    old: Arc<SealingKey>,
    new: Arc<SealingKey>,
    /// The vault's own records under the new key.
    records: Vec<(&'static str, Vec<u8>)>,
    /// The key store's entry, when the key store has the key.
    account: Option<String>,
    _turn: Turn,
}

impl Vault {
    /// Makes a new master key and puts it where it can be found, before anything is sealed with it.
    ///
    /// # Errors
    /// `Locked`; `PassphraseNeeded` and `WrongPassphrase` when there is a passphrase and this is none or another; `Keyring` and
    /// `Waiting`; `System`; `Store`.
    pub(crate) async fn begin_rotation(
        self: &Arc<Self>,
        passphrase: Option<Secret>,
        wait: Duration,
    ) -> Result<Rotation, VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        let old = self.key()?;
        let VaultState::Ready { source } = self.state() else {
            return Err(self.locked());
        };
        let turn = self.prove(turn, passphrase.clone()).await?;
        let new = Arc::new(SealingKey::generate()?);
        let mut records = vec![(CHECK, check_record(&new)?)];
        let turn = match passphrase {
            Some(passphrase) if self.has_passphrase()? => {
                let (turn, record) = seal_for(turn, Arc::clone(&new), passphrase).await?;
                records.push((passphrase::RECORD, record));
                turn
            }
            _ => turn,
        };
        let account = match source {
            KeySource::Keyring { account, .. } => Some(account),
            KeySource::Passphrase => None,
        };
        if let Some(account) = &account {
            let (successor, key) = (keyring::successor(account), Arc::clone(&new));
            self.ask_keyring(wait, move |keyring| keyring.keep(&successor, &key))
                .await?;
        }
        self.set_rotating(true);
        Ok(Rotation {
            vault: Arc::clone(self),
            old,
            new,
            records,
            account,
            _turn: turn,
        })
    }
}

impl Rotation {
    /// The vault's own records under the new key, for the batch.
    pub(crate) fn records(&self) -> &[(&'static str, Vec<u8>)] {
        &self.records
    }

    /// Seals with the new key what the old one sealed for the same place.
    pub(crate) fn reseal(&self, context: &str, sealed: &str) -> Result<String, VaultError> {
        let secret = self.old.open_text(context, sealed)?;
        self.new.seal_text(context, &secret)
    }

    /// Everything is sealed and opened with the new key from now on.
    pub(crate) fn take_effect(&self) -> Result<(), VaultError> {
        self.vault.replace_key(&self.old, &self.new)
    }

    /// The batch came to nothing: everything is sealed and opened with the old key again.
    pub(crate) fn take_back(&self) {
        if let Err(error) = self.vault.replace_key(&self.new, &self.old) {
            tracing::debug!(%error, "the vault was locked while its key was being replaced");
        }
    }

    /// Lets the key store forget the old key. The batch is durable: the change holds whatever becomes of this.
    pub(crate) async fn finish(&self, wait: Duration) {
        let Some(account) = self.account.clone() else {
            return;
        };
        let key = Arc::clone(&self.new);
        let forgotten = self.vault.ask_keyring(wait, move |keyring| {
            keyring.keep(&account, &key)?;
            keyring.delete(&keyring::successor(&account))
        });
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "the key store still has the old master key, until the vault is unlocked next");
        }
    }
}

impl Drop for Rotation {
    fn drop(&mut self) {
        self.vault.set_rotating(false);
    }
}
