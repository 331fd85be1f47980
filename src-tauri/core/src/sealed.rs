//! Records with sealed secrets in them: writing, showing and walking over them.

use crate::error::CoreError;
use crate::history::Versioned;
use crate::limits::MAX_CREDENTIAL_CHARS;
use crate::vault::{Vault, VaultError};
use farwire_model::error::ErrorCode;
use farwire_model::secret::Secret;
use std::collections::BTreeMap;

/// One sealed secret of a record.
pub(crate) struct SealedSecret<'a> {
    /// Its key.
    pub key: &'a str,
    /// What the seal covers besides the secret.
    pub place: String,
    /// The vault's record.
    pub record: &'a str,
}

/// A kind of saved thing that holds sealed secrets.
pub(crate) trait HasSecrets: Versioned {
    /// Every secret.
    fn secrets(&self) -> Vec<SealedSecret<'_>>;
    /// User names and domains by key.
    fn plain(&self) -> &BTreeMap<String, String>;
    /// Counts changes, from 1.
    fn revision(&self) -> u64;
    /// Puts another record in the place of a secret's, for the same place.
    fn replace_record(&mut self, key: &str, record: String);
}

/// What is shown of credentials.
#[derive(Clone, Debug, Default)]
pub struct CredentialsView {
    /// User names and domains; secrets only where they were asked for.
    pub values: BTreeMap<String, Secret>,
    /// Keys of secrets that are stored and left out.
    pub redacted: Vec<String>,
    /// Counts changes; 0 while nothing was ever stored.
    pub revision: u64,
}

/// What may be seen of a record, secrets only with `reveal`.
pub(crate) fn view<T: HasSecrets>(
    stored: &T,
    vault: &Vault,
    reveal: bool,
) -> Result<CredentialsView, VaultError> {
    let mut view = CredentialsView {
        revision: stored.revision(),
        ..CredentialsView::default()
    };
    for (key, value) in stored.plain() {
        view.values.insert(key.clone(), Secret::new(value.clone()));
    }
    for SealedSecret { key, place, record } in stored.secrets() {
        if reveal {
            let secret = vault.open(&place, record)?;
            view.values.insert(key.to_owned(), secret);
        } else {
            view.redacted.push(key.to_owned());
        }
    }
    Ok(view)
}

/// Opens every secret, and hands it over with its key. Answers how many could not be opened: one damaged secret must not
/// keep the others from being carried away.
pub(crate) fn open_each<T: HasSecrets>(
    stored: &T,
    vault: &Vault,
    mut take: impl FnMut(&str, Secret),
) -> Result<u64, VaultError> {
    let mut unreadable = 0;
    for SealedSecret { key, place, record } in stored.secrets() {
        match vault.open(&place, record) {
            Ok(secret) => take(key, secret),
            Err(VaultError::Unsealable) => {
                tracing::warn!(record = stored.key(), key, "a secret cannot be opened");
                unreadable += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(unreadable)
}

/// Writes values into a record's two halves. A key with `None` is deleted.
pub(crate) fn write<S>(
    values: Vec<(String, Option<Secret>)>,
    plain: &mut BTreeMap<String, String>,
    sealed: &mut BTreeMap<String, S>,
    is_secret: impl Fn(&str) -> Result<bool, CoreError>,
    seal: impl Fn(&str, &Secret) -> Result<S, VaultError>,
) -> Result<(), CoreError> {
    for (key, value) in values {
        let is_secret = is_secret(&key)?;
        check_value(&key, value.as_ref())?;
        match (is_secret, value) {
            (true, Some(value)) => {
                let record = seal(&key, &value)?;
                sealed.insert(key, record);
            }
            (false, Some(value)) => {
                plain.insert(key, value.expose().to_owned());
            }
            (_, None) => {
                plain.remove(&key);
                sealed.remove(&key);
            }
        }
    }
    Ok(())
}

/// Refuses a value that is too long for a credential.
pub(crate) fn check_value(key: &str, value: Option<&Secret>) -> Result<(), CoreError> {
    if value.is_some_and(|value| value.expose().chars().count() > MAX_CREDENTIAL_CHARS) {
        let message = format!("{key} has at most {MAX_CREDENTIAL_CHARS} characters");
        return Err(CoreError::field(ErrorCode::ValueOutOfBounds, key, message));
    }
    Ok(())
}
