//! Why the vault could not do something.

use crate::store::StoreError;

/// Why the vault could not do something. No variant carries a secret.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no master key in memory.
    #[error("the vault is locked: {reason}")]
    Locked {
        /// Why, and what to do.
        reason: String,
    },
    /// The key store has not answered yet; it may be asking the person. The vault goes on waiting for it.
    #[error(
        "the key store has not answered yet: it may be asking for its password, so answer it or try again"
    )]
    Waiting,
    /// The passphrase does not open the sealed master key.
    #[error("the passphrase is wrong: enter the one that was set for this data")]
    WrongPassphrase,
    /// The master key is sealed by a passphrase, and the key store does not have it.
    #[error("the passphrase is needed: enter it to unlock")]
    PassphraseNeeded,
    /// A passphrase was given, but none was ever set.
    #[error(
        "no passphrase was set for this data, its master key is in the key store: unlock with that"
    )]
    NoPassphrase,
    /// Whoever asks is to prove himself, and there is no passphrase that he could know.
    #[error(
        "the vault has no passphrase, so nobody can prove who he is: set one in Settings and start Farwire again, or read \
         the password on your terminal by a token with the scope reveal"
    )]
    NothingToProve,
    /// The same, with a passphrase that anybody before the unlocked vault could have set.
    #[error(
        "the passphrase was set since Farwire was started, when nothing had to be proven for it, so it proves nothing yet: \
         start Farwire again"
    )]
    UnprovenPassphrase,
    /// Secrets were sealed with a master key that is gone from the key store.
    #[error(
        "the key store has no master key for this data, and without it the stored secrets cannot be read: log in as the user \
         who stored them, or bring the key store's entry back"
    )]
    KeyMissing,
    /// The key store's master key is not the one that secrets were sealed with.
    #[error(
        "the master key in the key store is not the one the stored secrets were sealed with: bring back the key store's \
         entry, or the backup of this data that belongs to it"
    )]
    WrongKey,
    /// The system's key store cannot be used.
    #[error(
        "the key store cannot be used: {reason}; start or unlock it and try again, or, where no secret was stored yet, set \
         a passphrase instead"
    )]
    Keyring {
        /// What it said.
        reason: String,
    },
    /// A sealed secret is damaged, or was sealed for another place or with another key.
    #[error("the secret cannot be opened: it is damaged or was stored for something else")]
    Unsealable,
    /// A record of the vault itself cannot be read.
    #[error("the vault's record {record} cannot be read")]
    BadRecord {
        /// Its key in the vault's tree.
        record: &'static str,
    },
    /// The system gave no random bytes, no memory or no thread.
    #[error("{attempt} failed: {reason}")]
    System {
        /// What was attempted.
        attempt: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VaultError {
    pub(super) fn system(attempt: &'static str, error: impl std::fmt::Display) -> Self {
        Self::System {
            attempt,
            reason: error.to_string(),
        }
    }
}
