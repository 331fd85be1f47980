//! The vault: whether it has the master key, and what can be done while it has.

use super::error::VaultError;
use super::keyring::{self, Connect};
use super::seal::SealingKey;
use crate::store::Store;
use farwire_model::secret::Secret;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;

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
    pub(super) store: Arc<dyn Store>,
    pub(super) connect: Connect,
    state: watch::Sender<VaultState>,
    inner: Mutex<Inner>,
    /// One passphrase at a time: each guess takes 64 MiB.
    pub(super) deriving: Arc<tokio::sync::Mutex<()>>,
    pub(super) this: Weak<Self>,
}

#[derive(Default)]
struct Inner {
    key: Option<Arc<SealingKey>>,
    attempts: u64,
    /// The attempt that `Unlocking` is about.
    pending: Option<u64>,
    /// Attempts up to this one were overtaken by `lock`.
    cancelled: u64,
    /// The master key is being replaced: an attempt that ends meanwhile may have found the old one.
    is_rotating: bool,
    /// The vault was unlocked without a passphrase, and got one since: whoever set it had nothing to prove.
    is_passphrase_unproven: bool,
}

/// What became of a wish to unlock.
pub(super) enum Begun {
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
            reason: "it was not unlocked yet: unlock it".to_owned(),
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

    /// Forgets the master key. An attempt to unlock that is under way comes to nothing.
    pub fn lock(&self) {
        self.lock_because("it was locked: unlock it again");
    }

    /// The same for a reason of the caller's.
    pub(crate) fn lock_because(&self, reason: &str) {
        let mut inner = self.inner();
        inner.key = None;
        inner.pending = None;
        inner.cancelled = inner.attempts;
        self.tell(VaultState::Locked {
            reason: reason.to_owned(),
        });
    }

    /// Seals a secret for a place such as `1|connection|c_1|vnc.password`; returns text for a record.
    ///
    /// # Errors
    /// `Locked`; `System` when there are no random bytes.
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<String, VaultError> {
        self.key()?.seal_text(context, secret)
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// `Locked`; `Unsealable` for another place or key, or changed bytes.
    pub fn open(&self, context: &str, sealed: impl AsRef<[u8]>) -> Result<Secret, VaultError> {
        self.key()?.open_text(context, sealed)
    }

    /// Tells things apart that hold secrets, without being a way to guess them: a MAC of bytes, for one purpose.
    ///
    /// # Errors
    /// `Locked`.
    pub(crate) fn fingerprint(&self, purpose: &str, bytes: &[u8]) -> Result<String, VaultError> {
        Ok(self.key()?.fingerprint(purpose, bytes))
    }

    pub(super) fn begin(&self, with_passphrase: bool) -> Begun {
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

    pub(super) fn finish(
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
                reason: "it was locked meanwhile: unlock it again".to_owned(),
            }),
            Ok(_) if inner.is_rotating => {
                let reason = "its master key is being replaced: unlock it again".to_owned();
                if is_pending {
                    self.tell(VaultState::Locked {
                        reason: reason.clone(),
                    });
                }
                Err(VaultError::Locked { reason })
            }
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

    pub(super) fn key(&self) -> Result<Arc<SealingKey>, VaultError> {
        let key = self.inner().key.clone();
        key.ok_or_else(|| self.locked())
    }

    pub(super) fn locked(&self) -> VaultError {
        let reason = match self.state() {
            VaultState::Locked { reason } => reason,
            VaultState::Unlocking => "it is being unlocked: try again in a moment".to_owned(),
            VaultState::Ready { .. } => "it was locked: unlock it again".to_owned(),
        };
        VaultError::Locked { reason }
    }

    /// Puts one master key in the place of another, if that is the one in use.
    pub(super) fn replace_key(
        &self,
        from: &Arc<SealingKey>,
        to: &Arc<SealingKey>,
    ) -> Result<(), VaultError> {
        let mut inner = self.inner();
        match &inner.key {
            Some(key) if Arc::ptr_eq(key, from) => {
                inner.key = Some(Arc::clone(to));
                Ok(())
            }
            _ => Err(VaultError::Locked {
                reason: "it was locked meanwhile: unlock it again".to_owned(),
            }),
        }
    }

    /// Says that the master key is being replaced, or no longer.
    pub(super) fn set_rotating(&self, is_rotating: bool) {
        self.inner().is_rotating = is_rotating;
    }

    /// Says that a passphrase was set where there was none.
    pub(super) fn note_unproven_passphrase(&self) {
        self.inner().is_passphrase_unproven = true;
    }

    pub(super) fn is_passphrase_unproven(&self) -> bool {
        self.inner().is_passphrase_unproven
    }

    /// Says where the master key is kept now, while there is one.
    pub(super) fn set_source(&self, source: KeySource) {
        let inner = self.inner();
        if inner.key.is_some() {
            self.tell(VaultState::Ready { source });
        }
    }

    /// Called with `inner` held, so that states are told in the order they came about.
    fn tell(&self, state: VaultState) {
        self.state.send_replace(state);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
