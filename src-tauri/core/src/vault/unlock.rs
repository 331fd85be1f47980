//! The vault: its state, and the ways to unlock it.

use super::error::VaultError;
use super::keyring::{self, Connect, Keyring};
use super::passphrase::{self, SealedKey};
use super::seal::SealingKey;
use crate::store::{Batch, META_STORE_UUID, Store, StoreError, Tree};
use base64ct::{Base64, Encoding};
use farwire_model::secret::Secret;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

/// Where in the vault's tree the key check is.
const CHECK: &str = "check";

/// What the key check seals. It is no secret; only the right key opens it.
const CHECK_TEXT: &[u8] = b"farwire master key";

const CHECK_CONTEXT: &[u8] = b"vault|check|1";

/// Where the master key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The system's key store.
    Keyring {
        /// The name all entries of the application have in common.
        service: &'static str,
        /// The entry of this data directory.
        account: String,
    },
    /// A passphrase.
    Passphrase,
}

/// Whether secrets can be sealed and opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// They cannot.
    Locked {
        /// Why, and what to do.
        reason: String,
    },
    /// A key store or a key derivation is at work. The key store may be asking the person.
    Unlocking,
    /// They can.
    Ready {
        /// Where the master key came from.
        source: KeySource,
    },
}

/// Seals and opens secrets with one master key.
pub struct Vault {
    store: Arc<dyn Store>,
    connect: Connect,
    state: watch::Sender<VaultState>,
    inner: Mutex<Inner>,
    /// One passphrase at a time: each guess takes 64 MiB.
    deriving: Arc<tokio::sync::Mutex<()>>,
    this: Weak<Self>,
}

#[derive(Default)]
struct Inner {
    key: Option<Arc<SealingKey>>,
    attempts: u64,
    /// The attempt that `Unlocking` is about.
    pending: Option<u64>,
    /// Attempts up to this one were overtaken by `lock`.
    cancelled: u64,
}

/// What became of a wish to unlock.
enum Begun {
    Ready,
    Joined,
    Started(u64),
}

impl Vault {
    /// A vault that is locked, over the store with its records.
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Self::with_keyring(store, keyring::secret_service())
    }

    pub(super) fn with_keyring(store: Arc<dyn Store>, connect: Connect) -> Arc<Self> {
        let (state, _) = watch::channel(VaultState::Locked {
            reason: "it was not unlocked yet".to_owned(),
        });
        Arc::new_cyclic(|this| Self {
            store,
            connect,
            state,
            inner: Mutex::default(),
            deriving: Arc::default(),
            this: this.clone(),
        })
    }

    /// Its state now.
    pub fn state(&self) -> VaultState {
        self.state.borrow().clone()
    }

    /// Its state from now on.
    pub fn watch(&self) -> watch::Receiver<VaultState> {
        self.state.subscribe()
    }

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
            Begun::Ready | Begun::Joined => return Ok(()),
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
                    Ok((key, Batch::new()))
                }
                None if has_check? => Err(VaultError::NoPassphrase),
                None => {
                    let key = SealingKey::generate()?;
                    let record = SealedKey::seal(&key, &passphrase)?.to_bytes()?;
                    let mut batch = Batch::new();
                    batch.expect(Tree::Vault, passphrase::RECORD, None);
                    batch.put(Tree::Vault, passphrase::RECORD, record);
                    Ok((key, batch))
                }
            }
        });
        match answer.await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.locked()),
        }
    }

    /// Sets or replaces the passphrase while the vault is unlocked. The key store keeps its copy of the master key.
    ///
    /// # Errors
    /// `Locked`; `System` and `Store` when the key could not be sealed or saved.
    pub async fn set_passphrase(&self, passphrase: Secret) -> Result<(), VaultError> {
        let turn = Arc::clone(&self.deriving).lock_owned().await;
        let key = self.key()?;
        let sealing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            SealedKey::seal(&key, &passphrase)?.to_bytes()
        });
        let record = sealing
            .await
            .map_err(|error| VaultError::system("sealing the master key", error))??;
        let mut batch = Batch::new();
        batch.put(Tree::Vault, passphrase::RECORD, record);
        self.store.commit(batch).await?;
        Ok(())
    }

    /// Forgets the master key. An attempt to unlock that is under way comes to nothing.
    pub fn lock(&self) {
        let mut inner = self.inner();
        inner.key = None;
        inner.pending = None;
        inner.cancelled = inner.attempts;
        self.tell(VaultState::Locked {
            reason: "it was locked".to_owned(),
        });
    }

    /// Seals a secret for a place such as `1|connection|c_1|vnc.password`; returns text for a record.
    ///
    /// # Errors
    /// `Locked`; `System` when there are no random bytes.
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<String, VaultError> {
        let sealed = self
            .key()?
            .seal(context.as_bytes(), secret.expose().as_bytes())?;
        Ok(Base64::encode_string(&sealed))
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// `Locked`; `Unsealable` for another place or key, or changed bytes.
    pub fn open(&self, context: &str, sealed: impl AsRef<[u8]>) -> Result<Secret, VaultError> {
        let key = self.key()?;
        let sealed = std::str::from_utf8(sealed.as_ref())
            .ok()
            .and_then(|text| Base64::decode_vec(text).ok())
            .ok_or(VaultError::Unsealable)?;
        let mut plain = key.open(context.as_bytes(), &sealed)?;
        // Takes the allocation over, so that no copy stays behind.
        match String::from_utf8(std::mem::take(&mut *plain)) {
            Ok(text) => Ok(Secret::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(VaultError::Unsealable)
            }
        }
    }

    fn start_keyring(&self, attempt: u64) -> oneshot::Receiver<Result<(), VaultError>> {
        let connect = Arc::clone(&self.connect);
        let account = self.account();
        let has_check = self
            .store
            .get(Tree::Vault, CHECK)
            .map(|check| check.is_some());
        let has_passphrase = self
            .store
            .get(Tree::Vault, passphrase::RECORD)
            .map(|record| record.is_some());
        let source = KeySource::Keyring {
            service: keyring::SERVICE,
            account: account.clone().unwrap_or_default(),
        };
        self.start(attempt, source, move || {
            let (account, has_check, has_passphrase) = (account?, has_check?, has_passphrase?);
            let found = Keyring::connect(&connect).and_then(|keyring| {
                Ok(match keyring.load(&account)? {
                    None if !has_check && !has_passphrase => Some(keyring.create(&account)?),
                    found => found,
                })
            });
            match found {
                Ok(Some(key)) => Ok((key, Batch::new())),
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

    fn begin(&self, with_passphrase: bool) -> Begun {
        let mut inner = self.inner();
        if inner.key.is_some() {
            return Begun::Ready;
        }
        if inner.pending.is_some() && !with_passphrase {
            return Begun::Joined;
        }
        inner.attempts = inner.attempts.saturating_add(1);
        let attempt = inner.attempts;
        if inner.pending.is_none() {
            inner.pending = Some(attempt);
            self.tell(VaultState::Unlocking);
        }
        Begun::Started(attempt)
    }

    /// Runs an attempt on a thread of its own. Not on the runtime's blocking threads: a runtime waits for those when it ends, and a
    /// prompt may stay open for ever. Until it has a key the thread holds nothing of the vault or the store.
    fn start(
        &self,
        attempt: u64,
        source: KeySource,
        work: impl FnOnce() -> Result<(SealingKey, Batch), VaultError> + Send + 'static,
    ) -> oneshot::Receiver<Result<(), VaultError>> {
        let (answer, receiver) = oneshot::channel();
        let this = self.this.clone();
        let spawned = thread::Builder::new()
            .name("vault-unlock".to_owned())
            .spawn(move || {
                let found = work();
                if let Some(vault) = this.upgrade() {
                    let adopted = found.and_then(|(key, batch)| vault.adopt(key, batch));
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

    /// Compares a key with the key check; makes the check, together with `batch`, if this is the store's first key.
    fn adopt(&self, key: SealingKey, mut batch: Batch) -> Result<SealingKey, VaultError> {
        if self.is_checked(&key)? {
            return Ok(key);
        }
        batch.expect(Tree::Vault, CHECK, None);
        batch.put(Tree::Vault, CHECK, key.seal(CHECK_CONTEXT, CHECK_TEXT)?);
        match self.store.commit(batch).wait() {
            Ok(_) => Ok(key),
            // Another attempt was first. Its key counts.
            Err(StoreError::Conflict { .. }) if self.is_checked(&key)? => Ok(key),
            Err(StoreError::Conflict { .. }) => Err(VaultError::WrongKey),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the key is the one secrets are sealed with; `false` when there is no such key yet.
    fn is_checked(&self, key: &SealingKey) -> Result<bool, VaultError> {
        match self.store.get(Tree::Vault, CHECK)? {
            Some(check) => match key.open(CHECK_CONTEXT, &check) {
                Ok(_) => Ok(true),
                Err(_) => Err(VaultError::WrongKey),
            },
            None => Ok(false),
        }
    }

    fn finish(
        &self,
        attempt: u64,
        source: KeySource,
        outcome: Result<SealingKey, VaultError>,
    ) -> Result<(), VaultError> {
        let mut inner = self.inner();
        let is_pending = inner.pending == Some(attempt);
        if is_pending {
            inner.pending = None;
        }
        match outcome {
            Ok(_) if attempt <= inner.cancelled => Err(VaultError::Locked {
                reason: "it was locked meanwhile".to_owned(),
            }),
            Ok(key) => {
                if inner.key.is_none() {
                    inner.key = Some(Arc::new(key));
                    inner.pending = None;
                    self.tell(VaultState::Ready { source });
                }
                Ok(())
            }
            Err(error) => {
                if is_pending {
                    let reason = error.to_string();
                    self.tell(VaultState::Locked { reason });
                }
                Err(error)
            }
        }
    }

    /// The key store's entry for this store: its identity, which backups and exports keep.
    fn account(&self) -> Result<String, VaultError> {
        let record = self.store.get(Tree::Meta, META_STORE_UUID)?;
        record
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(VaultError::BadRecord {
                record: META_STORE_UUID,
            })
    }

    fn key(&self) -> Result<Arc<SealingKey>, VaultError> {
        let key = self.inner().key.clone();
        key.ok_or_else(|| self.locked())
    }

    fn locked(&self) -> VaultError {
        let reason = match self.state() {
            VaultState::Locked { reason } => reason,
            VaultState::Unlocking => "it is being unlocked".to_owned(),
            VaultState::Ready { .. } => "it was locked".to_owned(),
        };
        VaultError::Locked { reason }
    }

    /// Called with `inner` held, so that states are told in the order they came about.
    fn tell(&self, state: VaultState) {
        self.state.send_replace(state);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
