//! The master key in the system's key store, under one entry a data directory.
//!
//! Every call blocks, and a prompt to unlock the key store can take minutes: only a thread of its own calls these.

use super::error::VaultError;
use super::seal::{SealingKey, fill_random};
use base64ct::{Base64, Encoding};
use keyring_core::{CredentialStore, Entry, Error};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The name all entries have in common.
pub(super) const SERVICE: &str = "dev.farwire.app";

/// The entry of a master key that is about to replace an account's.
pub(super) fn successor(account: &str) -> String {
    format!("{account}-next")
}

/// What people see in their key store's own window, where it shows labels.
const LABEL: &str = "Farwire master key";

/// Connects to the key store. Anew each time: it may be started after us, or restarted.
pub(super) type Connect = Arc<dyn Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync>;

/// The Secret Service on the session bus: GNOME keyring, KWallet, KeePassXC.
pub(super) fn secret_service() -> Connect {
    Arc::new(|| {
        let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
        Ok(store)
    })
}

/// An open key store.
pub(super) struct Keyring(Arc<CredentialStore>);

impl Keyring {
    pub(super) fn connect(connect: &Connect) -> Result<Self, VaultError> {
        connect().map(Self).map_err(own_error)
    }

    /// The master key of an account; `None` when the key store knows none. That does not prove that there never was one:
    /// a locked key store that cannot ask says the same.
    pub(super) fn load(&self, account: &str) -> Result<Option<SealingKey>, VaultError> {
        let Some(text) = self.read(account)? else {
            return Ok(None);
        };
        let malformed = || VaultError::Keyring {
            reason: "its entry for this data is not a master key".to_owned(),
        };
        let text = std::str::from_utf8(&text).map_err(|_| malformed())?;
        let bytes = Base64::decode_vec(text)
            .map(Zeroizing::new)
            .map_err(|_| malformed())?;
        SealingKey::from_bytes(&bytes)
            .map(Some)
            .ok_or_else(malformed)
    }

    /// Makes a new master key, stores it, and reads it back.
    pub(super) fn create(&self, account: &str) -> Result<SealingKey, VaultError> {
        self.probe(account)?;
        let key = SealingKey::generate()?;
        self.keep(account, &key)?;
        Ok(key)
    }

    /// Stores an account's master key, in the place of an earlier one, and reads it back.
    pub(super) fn keep(&self, account: &str, key: &SealingKey) -> Result<(), VaultError> {
        // Text, because KWallet keeps nothing else.
        let text = Zeroizing::new(Base64::encode_string(key.expose()));
        self.entry(account)?
            .set_secret(text.as_bytes())
            .map_err(own_error)?;
        match self.load(account)? {
            Some(kept) if kept.expose() == key.expose() => Ok(()),
            _ => Err(VaultError::Keyring {
                reason: "it did not keep the master key".to_owned(),
            }),
        }
    }

    /// Removes an account's entry.
    pub(super) fn delete(&self, account: &str) -> Result<(), VaultError> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(own_error(error)),
        }
    }

    /// Finds out whether the key store keeps anything at all, with an entry that is of no value.
    fn probe(&self, account: &str) -> Result<(), VaultError> {
        let account = format!("{account}-probe");
        let mut random = [0; 16];
        fill_random(&mut random)?;
        let probe = Base64::encode_string(&random);
        self.entry(&account)?
            .set_secret(probe.as_bytes())
            .map_err(own_error)?;
        let kept = self.read(&account)?;
        self.delete(&account)?;
        if kept.is_none_or(|kept| kept.as_slice() != probe.as_bytes()) {
            return Err(VaultError::Keyring {
                reason: "it does not keep what it is given".to_owned(),
            });
        }
        Ok(())
    }

    fn read(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        match self.entry(account)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(own_error(error)),
        }
    }

    fn entry(&self, account: &str) -> Result<Entry, VaultError> {
        let modifiers = HashMap::from([("label", LABEL)]);
        match self.0.build(SERVICE, account, Some(&modifiers)) {
            Err(Error::NotSupportedByStore(_)) => self.0.build(SERVICE, account, None),
            built => built,
        }
        .map_err(own_error)
    }
}

/// Takes from a key store's error what may be shown. Some variants carry the secret's bytes, and their `Debug` prints them.
fn own_error(error: Error) -> VaultError {
    let reason = match error {
        Error::PlatformFailure(source) => format!("it failed: {source}"),
        Error::NoStorageAccess(source) => format!("it gives no access: {source}"),
        Error::NoEntry => "it has no such entry".to_owned(),
        Error::BadEncoding(bytes) | Error::BadDataFormat(bytes, _) => {
            drop(Zeroizing::new(bytes));
            "its entry for this data is malformed".to_owned()
        }
        Error::BadStoreFormat(_) => "its own data is malformed".to_owned(),
        Error::TooLong(attribute, limit) => format!("{attribute} is longer than {limit}"),
        Error::Invalid(attribute, _) => format!("it does not take this {attribute}"),
        Error::Ambiguous(_) => "it has several entries for this data".to_owned(),
        Error::NoDefaultStore => "there is none".to_owned(),
        Error::NotSupportedByStore(_) => "it does not support this".to_owned(),
        _ => "it failed in an unknown way".to_owned(),
    };
    VaultError::Keyring { reason }
}
