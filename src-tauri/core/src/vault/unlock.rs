//! The ways to unlock the vault, and the check that it is the right key.

use super::error::VaultError;
use super::keyring::{self, Connect, Keyring};
use super::passphrase::{self, SealedKey};
use super::seal::SealingKey;
use super::state::{Begun, KeySource, Vault, VaultState};
use crate::store::{Batch, META_STORE_UUID, StoreError, Tree};
use farwire_model::secret::Secret;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// Where in the vault's tree the key check is.
pub(crate) const CHECK: &str = "check";

/// What the key check seals. It is no secret; only the right key opens it.
const CHECK_TEXT: &[u8] = b"farwire master key";

const CHECK_CONTEXT: &[u8] = b"vault|check|1";

impl Vault {
    /// Unlocks with the system's key store, waiting at most `wait` for it. For a store that never had a master key, makes one.
    ///
    /// Dropping the future, or `Waiting`, does not end the attempt: the key store's prompt is still open, and its answer counts.
    ///
    /// # Errors
    /// `Waiting` while the key store has not answered; `PassphraseNeeded`, `KeyMissing`, `WrongKey` and `Keyring` as they say, and
    /// the vault is locked with that reason; `Locked` when `lock` overtook it or an attempt it joined failed.
    pub async fn unlock_with_keyring(&self, wait: Duration) -> Result<(), VaultError> {
        match self.begin(false) {
            Begun::Ready => Ok(()),
            Begun::Joined => {
                let mut states = self.watch();
                let settled = states.wait_for(|state| *state != VaultState::Unlocking);
                match tokio::time::timeout(wait, settled).await {
                    Ok(Ok(state)) => match &*state {
                        VaultState::Locked { reason } => Err(VaultError::Locked {
                            reason: reason.clone(),
                        }),
                        _ => Ok(()),
                    },
                    _ => Err(VaultError::Waiting),
                }
            }
            Begun::Started(attempt) => {
                let answer = self.start_keyring(attempt);
                match tokio::time::timeout(wait, answer).await {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(_)) => Err(self.locked()),
                    Err(_) => Err(VaultError::Waiting),
                }
            }
        }
    }

    /// Unlocks with the passphrase. For a store that never had a master key, makes one and seals it with this passphrase.
    ///
    /// It may overtake a key store that is still asking. Nothing is checked when the vault is unlocked already.
    ///
    /// # Errors
    /// `WrongPassphrase`; `NoPassphrase` when the master key is only in the key store; `Locked` when `lock` overtook it; `Store`.
    pub async fn unlock_with_passphrase(&self, passphrase: Secret) -> Result<(), VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        let attempt = match self.begin(true) {
            Begun::Ready => return Ok(()),
            Begun::Joined => return Err(self.locked()),
            Begun::Started(attempt) => attempt,
        };
        let record = self.store.get(Tree::Vault, passphrase::RECORD);
        let has_check = self
            .store
            .get(Tree::Vault, CHECK)
            .map(|check| check.is_some());
        let answer = self.start(attempt, KeySource::Passphrase, move || {
            // Held until the derivation ends, also when the caller went away.
            let _turn = turn;
            match record? {
                Some(record) => {
                    let key = SealedKey::from_bytes(&record)?.open(&passphrase)?;
                    Ok(Found::known(key))
                }
                None if has_check? => Err(VaultError::NoPassphrase),
                None => {
                    let key = SealingKey::generate()?;
                    let record = SealedKey::seal(&key, &passphrase)?.to_bytes()?;
                    let mut batch = Batch::new();
                    batch.expect(Tree::Vault, passphrase::RECORD, None);
                    batch.put(Tree::Vault, passphrase::RECORD, record);
                    Ok(Found {
                        key,
                        batch,
                        undo: None,
                    })
                }
            }
        });
        match answer.await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.locked()),
        }
    }

    fn start_keyring(&self, attempt: u64) -> oneshot::Receiver<Result<(), VaultError>> {
        let connect = Arc::clone(&self.connect);
        let account = self.account();
        let check = self.store.get(Tree::Vault, CHECK);
        let has_passphrase = self.has_passphrase();
        let source = KeySource::Keyring {
            service: keyring::SERVICE,
            account: account.clone().unwrap_or_default(),
        };
        self.start(attempt, source, move || {
            let (account, check, has_passphrase) = (account?, check?, has_passphrase?);
            let is_new = check.is_none() && !has_passphrase;
            match find_in_keyring(&connect, account, is_new, check.as_deref()) {
                // The passphrase has another key: one that replaced this while the key store could not be reached.
                Err(VaultError::WrongKey) if has_passphrase => Err(VaultError::PassphraseNeeded),
                Ok(Some(found)) => Ok(found),
                Ok(None) if !has_passphrase => Err(VaultError::KeyMissing),
                Ok(None) => Err(VaultError::PassphraseNeeded),
                Err(VaultError::Keyring { reason }) if has_passphrase => {
                    tracing::info!(reason, "the key store cannot be used");
                    Err(VaultError::PassphraseNeeded)
                }
                Err(error) => Err(error),
            }
        })
    }

    /// Runs an attempt on a thread of its own. Not on the runtime's blocking threads: a runtime waits for those when it ends, and a
    /// prompt may stay open for ever. Until it has a key the thread holds nothing of the vault or the store.
    fn start(
        &self,
        attempt: u64,
        source: KeySource,
        work: impl FnOnce() -> Result<Found, VaultError> + Send + 'static,
    ) -> oneshot::Receiver<Result<(), VaultError>> {
        let (answer, receiver) = oneshot::channel();
        let this = self.this.clone();
        let spawned = thread::Builder::new()
            .name("vault-unlock".to_owned())
            .spawn(move || {
                let found = work();
                if let Some(vault) = this.upgrade() {
                    let adopted = found.and_then(|found| vault.adopt(found));
                    let outcome = vault.finish(attempt, source, adopted);
                    // Before the answer: who drops the vault after it expects the store to be free.
                    drop(vault);
                    // The caller may have stopped waiting.
                    drop(answer.send(outcome));
                }
            });
        if let Err(error) = spawned {
            let error = VaultError::system("starting a thread", error);
            drop(self.finish(attempt, KeySource::Passphrase, Err(error)));
        }
        receiver
    }

    /// Compares a key with the key check; makes the check, together with the batch, if this is the store's first key.
    fn adopt(&self, found: Found) -> Result<SealingKey, VaultError> {
        let Found { key, batch, undo } = found;
        let adopted = self.check(&key, batch);
        if adopted.is_err()
            && let Some(undo) = undo
        {
            undo();
        }
        adopted.map(|()| key)
    }

    fn check(&self, key: &SealingKey, mut batch: Batch) -> Result<(), VaultError> {
        if self.is_checked(key)? {
            return Ok(());
        }
        batch.expect(Tree::Vault, CHECK, None);
        batch.put(Tree::Vault, CHECK, check_record(key)?);
        match self.store.commit(batch).wait() {
            Ok(_) => Ok(()),
            // Another attempt was first. Its key counts.
            Err(StoreError::Conflict { .. }) if self.is_checked(key)? => Ok(()),
            Err(StoreError::Conflict { .. }) => Err(VaultError::WrongKey),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the key is the one secrets are sealed with; `false` when there is no such key yet.
    fn is_checked(&self, key: &SealingKey) -> Result<bool, VaultError> {
        match self.store.get(Tree::Vault, CHECK)? {
            Some(check) if fits(key, &check) => Ok(true),
            Some(_) => Err(VaultError::WrongKey),
            None => Ok(false),
        }
    }

    /// The key store's entry for this store: its identity, which backups and exports keep.
    pub(super) fn account(&self) -> Result<String, VaultError> {
        let record = self.store.get(Tree::Meta, META_STORE_UUID)?;
        record
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(VaultError::BadRecord {
                record: META_STORE_UUID,
            })
    }
}

/// The key check of a master key.
pub(super) fn check_record(key: &SealingKey) -> Result<Vec<u8>, VaultError> {
    key.seal(CHECK_CONTEXT, CHECK_TEXT)
}

fn fits(key: &SealingKey, check: &[u8]) -> bool {
    key.open(CHECK_CONTEXT, check).is_ok()
}

/// A master key that an attempt came up with.
struct Found {
    key: SealingKey,
    /// What to save if it becomes the store's first key.
    batch: Batch,
    /// Takes a new key back that did not become the store's.
    undo: Option<Box<dyn FnOnce() + Send>>,
}

impl Found {
    fn known(key: SealingKey) -> Self {
        Self {
            key,
            batch: Batch::new(),
            undo: None,
        }
    }
}

fn find_in_keyring(
    connect: &Connect,
    account: String,
    is_new: bool,
    check: Option<&[u8]>,
) -> Result<Option<Found>, VaultError> {
    let keyring = Keyring::connect(connect)?;
    let key = keyring.load(&account)?;
    if let Some(check) = check
        && !key.as_ref().is_some_and(|key| fits(key, check))
    {
        // Replacing the master key was broken off after the store had taken the new one: the rest is done now.
        let successor = keyring::successor(&account);
        if let Some(new) = keyring.load(&successor)?.filter(|new| fits(new, check)) {
            keyring.keep(&account, &new)?;
            keyring.delete(&successor)?;
            return Ok(Some(Found::known(new)));
        }
        if key.is_some() {
            return Err(VaultError::WrongKey);
        }
    }
    if let Some(key) = key {
        return Ok(Some(Found::known(key)));
    }
    if !is_new {
        return Ok(None);
    }
    let key = keyring.create(&account)?;
    let undo = move || {
        if let Err(error) = keyring.delete(&account) {
            tracing::warn!(%error, "a master key nobody needs is left in the key store");
        }
    };
    Ok(Some(Found {
        key,
        batch: Batch::new(),
        undo: Some(Box::new(undo)),
    }))
}
