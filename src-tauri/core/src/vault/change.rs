//! Changing the passphrase, and where the master key is kept.
//!
//! A new place has the key before the old one gives it up: whatever breaks off in between leaves both.

use super::error::VaultError;
use super::keyring::{self, Keyring};
use super::passphrase::{self, SealedKey};
use super::seal::SealingKey;
use super::state::{KeySource, Vault, VaultState};
use crate::store::{Batch, Tree};
use farwire_model::secret::Secret;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, oneshot};

/// One change of the vault's records at a time; held until it is durable.
pub(super) type Turn = OwnedMutexGuard<()>;

impl Vault {
    /// Whether a passphrase opens it.
    ///
    /// # Errors
    /// `Store`.
    pub fn has_passphrase(&self) -> Result<bool, VaultError> {
        Ok(self.store.get(Tree::Vault, passphrase::RECORD)?.is_some())
    }

    /// Sets a passphrase, or replaces `old`, while the vault is unlocked. A key store that has the master key keeps it.
    ///
    /// What was copied before, such as a backup, still opens with the old one: the master key is the same.
    ///
    /// # Errors
    /// `Locked`; `PassphraseNeeded` and `WrongPassphrase` when `old` does not open it; `System` and `Store` when the key could not
    /// be sealed or saved.
    pub async fn set_passphrase(&self, old: Option<Secret>, new: Secret) -> Result<(), VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        let key = self.key()?;
        let is_first = !self.has_passphrase()?;
        let turn = self.prove(turn, old).await?;
        let (turn, record) = seal_for(turn, key, new).await?;
        let mut batch = Batch::new();
        batch.put(Tree::Vault, passphrase::RECORD, record);
        self.store.commit(batch).await?;
        if is_first {
            self.note_unproven_passphrase();
        }
        drop(turn);
        Ok(())
    }

    /// Makes sure that whoever sits before the unlocked vault knows its passphrase.
    ///
    /// A first passphrase is set by whoever comes by, so that it counts from the next start of the program on. Without one there
    /// is nothing to prove: the key store opens for everything that this user runs.
    ///
    /// # Errors
    /// `Locked`; `NothingToProve` without a passphrase, `UnprovenPassphrase` with one that does not count yet;
    /// `PassphraseNeeded` and `WrongPassphrase`; `System`; `Store`.
    pub async fn prove_person(&self, passphrase: Option<Secret>) -> Result<(), VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        self.key()?;
        if !self.has_passphrase()? {
            return Err(VaultError::NothingToProve);
        }
        if self.is_passphrase_unproven() {
            return Err(VaultError::UnprovenPassphrase);
        }
        self.prove(turn, passphrase).await.map(drop)
    }

    /// Keeps the master key in the system's key store from now on, and nowhere else. Waits at most `wait` for the key store.
    ///
    /// # Errors
    /// `Locked`; `PassphraseNeeded` and `WrongPassphrase` when there is a passphrase and `old` is none or another; `Keyring` and
    /// `Waiting`, and the passphrase stays; `Store`.
    pub async fn move_to_keyring(
        &self,
        old: Option<Secret>,
        wait: Duration,
    ) -> Result<(), VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        let key = self.key()?;
        let turn = self.prove(turn, old).await?;
        let account = self.account()?;
        let source = KeySource::Keyring {
            service: keyring::SERVICE,
            account: account.clone(),
        };
        self.ask_keyring(wait, move |keyring| keyring.keep(&account, &key))
            .await?;
        let mut batch = Batch::new();
        batch.delete(Tree::Vault, passphrase::RECORD);
        self.store.commit(batch).await?;
        self.set_source(source);
        drop(turn);
        Ok(())
    }

    /// Seals the master key by a passphrase from now on, and takes it out of the system's key store. Waits at most `wait` for that.
    /// With a passphrase already, `new` may be none.
    ///
    /// # Errors
    /// `Locked`; `PassphraseNeeded` without any passphrase, or when `old` is missing; `WrongPassphrase`; `Keyring` and `Waiting`
    /// when the key store has the master key and does not give it up: the passphrase is set all the same; `Store`.
    pub async fn move_to_passphrase(
        &self,
        old: Option<Secret>,
        new: Option<Secret>,
        wait: Duration,
    ) -> Result<(), VaultError> {
        let is_in_keyring = match self.state() {
            VaultState::Ready { source } => matches!(source, KeySource::Keyring { .. }),
            _ => return Err(self.locked()),
        };
        match new {
            Some(new) => self.set_passphrase(old, new).await?,
            // Who does not know the passphrase must not make it the only key.
            None if self.has_passphrase()? => {
                let turn = Arc::clone(&self.deriving).lock_owned().await;
                drop(self.prove(turn, old).await?);
            }
            None => return Err(VaultError::PassphraseNeeded),
        }
        let account = self.account()?;
        let removed = self
            .ask_keyring(wait, move |keyring| keyring.delete(&account))
            .await;
        match removed {
            Err(error) if is_in_keyring => return Err(error),
            Err(error) => tracing::debug!(%error, "the key store was not asked to forget"),
            Ok(()) => {}
        }
        self.set_source(KeySource::Passphrase);
        Ok(())
    }

    /// Makes sure that a passphrase, where there is one, is known to who changes it.
    pub(super) async fn prove(
        &self,
        turn: Turn,
        passphrase: Option<Secret>,
    ) -> Result<Turn, VaultError> {
        let Some(record) = self.store.get(Tree::Vault, passphrase::RECORD)? else {
            return Ok(turn);
        };
        let passphrase = passphrase.ok_or(VaultError::PassphraseNeeded)?;
        let work = move || SealedKey::from_bytes(&record)?.open(&passphrase).map(drop);
        derive(turn, work).await.map(|(turn, ())| turn)
    }

    /// Asks the key store on a thread of its own, because it may ask a person and take for ever. Nobody hears a late answer.
    pub(super) async fn ask_keyring(
        &self,
        wait: Duration,
        question: impl FnOnce(&Keyring) -> Result<(), VaultError> + Send + 'static,
    ) -> Result<(), VaultError> {
        let connect = Arc::clone(&self.connect);
        let (answer, receiver) = oneshot::channel();
        thread::Builder::new()
            .name("vault-keyring".to_owned())
            .spawn(move || {
                let outcome = Keyring::connect(&connect).and_then(|keyring| question(&keyring));
                drop(answer.send(outcome));
            })
            .map_err(|error| VaultError::system("starting a thread", error))?;
        match tokio::time::timeout(wait, receiver).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(VaultError::system("asking the key store", error)),
            Err(_) => Err(VaultError::Waiting),
        }
    }
}

/// Seals a master key by a passphrase; returns the record.
pub(super) async fn seal_for(
    turn: Turn,
    key: Arc<SealingKey>,
    passphrase: Secret,
) -> Result<(Turn, Vec<u8>), VaultError> {
    derive(turn, move || SealedKey::seal(&key, &passphrase)?.to_bytes()).await
}

/// Derives a key off the runtime's workers. The turn is held until that ends, also when the caller went away.
async fn derive<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<(Turn, T), VaultError> {
    tokio::task::spawn_blocking(move || work().map(|derived| (turn, derived)))
        .await
        .map_err(|error| VaultError::system("deriving a key", error))?
}
