//! The vault: one random master key, and every secret sealed with it.
//!
//! | file | holds |
//! | --- | --- |
//! | `state` | [`Vault`]: whether it has the master key, and what can be done while it has |
//! | `unlock` | the ways to unlock it |
//! | `change` | changing the passphrase, and where the master key is kept |
//! | `rotate` | replacing the master key |
//! | `seal` | the master key; sealing and opening bytes |
//! | `keyring` | the master key in the system's key store |
//! | `passphrase` | the master key sealed by a passphrase |
//! | `passphrase_file` | a passphrase from a file only its owner can read |
//! | `error` | why the vault could not do something |
//!
//! The key is in the system's key store (one entry a data directory), or sealed by a passphrase in [`Tree::Vault`], or
//! both. A sealed known text, the key check, tells the right key from any other, and that there ever was one: a new
//! key is made only for a store that never had one.
//!
//! [`Tree::Vault`]: crate::store::Tree::Vault

mod change;
mod error;
mod keyring;
mod passphrase;
mod passphrase_file;
mod rotate;
mod seal;
mod state;
mod unlock;

#[cfg(test)]
mod tests;

pub use error::VaultError;
pub(crate) use passphrase::RECORD as SEALED_KEY;
pub use passphrase_file::{PassphraseFileError, read_passphrase_file};
pub(crate) use rotate::Rotation;
pub use state::{KeySource, Vault, VaultState};
pub(crate) use unlock::CHECK;
