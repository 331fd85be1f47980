//! Replacing the master key, and sealing every secret anew.
//!
//! The store keeps what was deleted or overwritten for a while, sealed. Under a new key nothing opens it any more.

use crate::Core;
use crate::credentials::StoredCredentials;
use crate::error::CoreError;
use crate::history;
use crate::saved::{All, Change};
use crate::sealed::{HasSecrets, SealedSecret};
use crate::shared_credentials::SharedCredential;
use crate::store::{self, Tree};
use crate::vault::{Rotation, VaultError};
use farwire_model::secret::Secret;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What became of the secrets under a new master key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many were sealed anew.
    pub secrets: usize,
    /// How many could not be opened, before as after.
    pub unreadable: usize,
}

impl Core {
    /// Replaces the master key: all secrets change in one batch, or none does. Writes a backup afterwards; secrets in older ones
    /// open only with the old key, which the system's key store forgets and an old passphrase still opens.
    ///
    /// Waits at most `wait` each time the system's key store is asked.
    ///
    /// # Errors
    /// A locked vault; a passphrase that is needed and missing, or wrong; a key store that does not answer; the store.
    pub async fn replace_master_key(
        &self,
        passphrase: Option<Secret>,
        wait: Duration,
    ) -> Result<Resealed, CoreError> {
        let rotation = Arc::new(self.vault.begin_rotation(passphrase, wait).await?);
        let resealed = self.reseal_all(&rotation).await?;
        rotation.finish(wait).await;
        let (store, dir) = (Arc::clone(&self.store), self.data_dir.clone());
        let backing_up = move || store::backup(&*store, &dir, SystemTime::now());
        match tokio::task::spawn_blocking(backing_up).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not write a backup under the new key"),
            Err(error) => tracing::error!(%error, "the backup stopped"),
        }
        Ok(resealed)
    }

    pub(crate) async fn reseal_all(&self, rotation: &Arc<Rotation>) -> Result<Resealed, CoreError> {
        // Most of the work is done before the lock is taken, and off the runtime's workers: thousands take a while.
        let (saved, early) = (Arc::clone(&self.saved), Arc::clone(rotation));
        let resealing = move || {
            let (own, shared) = {
                let all = saved.read();
                (every(&all), every(&all))
            };
            Ok::<_, VaultError>((prepare(&early, own)?, prepare(&early, shared)?))
        };
        let prepared = tokio::task::spawn_blocking(resealing).await;
        let (own, shared): (Prepared<StoredCredentials>, Prepared<SharedCredential>) =
            prepared.map_err(|error| CoreError::Internal {
                attempt: "sealing every secret anew",
                message: error.to_string(),
            })??;
        self.saved
            .note(|saving| {
                let mut total = Resealed::default();
                save(saving, rotation, own, &mut total)?;
                save(saving, rotation, shared, &mut total)?;
                // What the history remembers of secrets is sealed with the old key: nothing could be brought back from it.
                history::forget_secrets(saving)?;
                for (key, record) in rotation.records() {
                    saving.put_raw(Tree::Vault, key, record.clone());
                }
                // Under the same lock as the records: nobody opens an old one with the new key, or the other way round.
                rotation.take_effect()?;
                let undone = Arc::clone(rotation);
                saving.when_undone(move || undone.take_back());
                Ok(total)
            })
            .await
    }
}

/// Records by key as they were, and under the new key.
type Prepared<T> = BTreeMap<String, (Arc<T>, (T, Resealed))>;

fn every<T: HasSecrets>(all: &All) -> Vec<Arc<T>> {
    T::map(all).values().cloned().collect()
}

fn prepare<T: HasSecrets>(
    rotation: &Rotation,
    records: Vec<Arc<T>>,
) -> Result<Prepared<T>, VaultError> {
    let pairs = records.into_iter().map(|record| {
        let new = reseal(rotation, &*record)?;
        Ok((record.key().to_owned(), (record, new)))
    });
    pairs.collect()
}

/// Saves every record of a kind under the new key.
fn save<T: HasSecrets>(
    saving: &mut Change<'_>,
    rotation: &Rotation,
    mut prepared: Prepared<T>,
    total: &mut Resealed,
) -> Result<(), CoreError> {
    for record in every::<T>(saving.all()) {
        let (new, count) = match prepared.remove(record.key()) {
            Some((before, new)) if Arc::ptr_eq(&before, &record) => new,
            // Somebody changed it meanwhile.
            _ => reseal(rotation, &*record)?,
        };
        total.secrets += count.secrets;
        total.unreadable += count.unreadable;
        saving.put(new)?;
    }
    Ok(())
}

fn reseal<T: HasSecrets>(rotation: &Rotation, stored: &T) -> Result<(T, Resealed), VaultError> {
    let mut new = stored.clone();
    let mut count = Resealed::default();
    for SealedSecret { key, place, record } in stored.secrets() {
        match rotation.reseal(&place, record) {
            Ok(record) => {
                new.replace_record(key, record);
                count.secrets += 1;
            }
            // One damaged secret must not keep the others under the old key for ever.
            Err(VaultError::Unsealable) => {
                tracing::warn!(record = stored.key(), key, "a secret cannot be opened");
                count.unreadable += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((new, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::ConnectionChange;
    use crate::origin::Origin;
    use crate::store::tests::open_failing;
    use crate::{Config, Opening};
    use farwire_model::ids::ConnectionId;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    const WAIT: Duration = Duration::from_secs(20);
    const KEY: &str = "vnc.password";

    fn by() -> Origin {
        Origin::window()
    }

    fn passphrase() -> Secret {
        Secret::new("correct horse")
    }

    /// An application with an unlocked vault; its disk fails when the flag is set.
    async fn start(dir: &Path, fails: &Arc<AtomicBool>) -> Arc<Core> {
        let opened = store::Opened {
            store: open_failing(&dir.join("store"), Arc::clone(fails)),
            notice: None,
            full: None,
            working_copy: None,
        };
        let core = Opening::over(opened, Config::at(dir))
            .finish()
            .await
            .unwrap();
        core.vault()
            .unlock_with_passphrase(passphrase())
            .await
            .unwrap();
        core
    }

    async fn save(core: &Core, name: &str) -> ConnectionId {
        let change = ConnectionChange {
            name: Some(name.to_owned()),
            ..ConnectionChange::default()
        };
        let id = core.create_connection(&by(), change).await.unwrap();
        write(core, &id, &format!("secret of {name}"))
            .await
            .unwrap();
        id
    }

    async fn write(core: &Core, id: &ConnectionId, secret: &str) -> Result<(), CoreError> {
        let values = vec![(KEY.to_owned(), Some(Secret::new(secret)))];
        core.put_credentials(&by(), id, values, None).await
    }

    fn read(core: &Core, id: &ConnectionId) -> String {
        let view = core.credentials(id, true).unwrap();
        view.values[KEY].expose().to_owned()
    }

    fn record(core: &Core, id: &ConnectionId) -> String {
        let all = core.saved.read();
        all.credentials[id.as_str()].sealed[KEY].record.clone()
    }

    #[tokio::test]
    async fn every_secret_opens_with_the_new_key_and_no_copy_of_before() {
        let dir = tempfile::tempdir().unwrap();
        let healthy = Arc::default();
        let core = start(dir.path(), &healthy).await;
        let mut ids = Vec::new();
        for name in ["one", "two", "three"] {
            ids.push((save(&core, name).await, name));
        }
        let (first, _) = &ids[0];
        let before = record(&core, first);
        let needed = core.replace_master_key(None, WAIT).await.unwrap_err();
        assert_eq!(needed.body().property.as_deref(), Some("vault"));
        let resealed = core
            .replace_master_key(Some(passphrase()), WAIT)
            .await
            .unwrap();
        let expected = Resealed {
            secrets: 3,
            unreadable: 0,
        };
        assert_eq!(resealed, expected);
        assert!(core.data_dir().join("backups").is_dir());
        let endpoint = {
            let all = core.saved.read();
            all.credentials[first.as_str()].sealed[KEY].endpoint.clone()
        };
        let place = crate::credentials::place(first, KEY, &endpoint);
        assert!(core.vault().open(&place, &before).is_err());
        assert!(core.vault().open(&place, record(&core, first)).is_ok());
        core.close().await;
        drop(core);
        let core = start(dir.path(), &healthy).await;
        for (id, name) in &ids {
            assert_eq!(read(&core, id), format!("secret of {name}"));
        }
    }

    #[tokio::test]
    async fn a_disk_that_fails_meanwhile_leaves_one_key_for_everything() {
        let dir = tempfile::tempdir().unwrap();
        let fails = Arc::<AtomicBool>::default();
        let core = start(dir.path(), &fails).await;
        let id = save(&core, "one").await;
        let before = record(&core, &id);
        fails.store(true, Ordering::SeqCst);
        let error = core.replace_master_key(Some(passphrase()), WAIT).await;
        assert!(matches!(error, Err(CoreError::Store { .. })), "{error:?}");
        assert_eq!(record(&core, &id), before);
        assert_eq!(read(&core, &id), "secret of one");
        core.close().await;
        drop(core);
        // Whether or not the disk took the batch before it failed: key and secrets are of one kind.
        fails.store(false, Ordering::SeqCst);
        let core = start(dir.path(), &fails).await;
        assert_eq!(read(&core, &id), "secret of one");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn secrets_written_meanwhile_are_of_the_new_key_too() {
        let dir = tempfile::tempdir().unwrap();
        let healthy = Arc::default();
        let core = start(dir.path(), &healthy).await;
        let id = save(&core, "busy").await;
        let writing = tokio::spawn({
            let (core, id) = (Arc::clone(&core), id.clone());
            async move {
                for number in 0..200 {
                    write(&core, &id, &number.to_string()).await.unwrap();
                    assert_eq!(read(&core, &id), number.to_string());
                }
            }
        });
        for _ in 0..2 {
            core.replace_master_key(Some(passphrase()), WAIT)
                .await
                .unwrap();
        }
        writing.await.unwrap();
        core.close().await;
        drop(core);
        let core = start(dir.path(), &healthy).await;
        assert_eq!(read(&core, &id), "199");
    }

    #[tokio::test]
    async fn a_secret_that_cannot_be_opened_does_not_hold_the_others_back() {
        let dir = tempfile::tempdir().unwrap();
        let core = start(dir.path(), &Arc::default()).await;
        let (good, bad) = (save(&core, "good").await, save(&core, "bad").await);
        let mut broken = (*core.saved.read().credentials[bad.as_str()]).clone();
        broken.sealed.get_mut(KEY).unwrap().record = "AQ==".to_owned();
        core.saved
            .note(|saving| saving.put(broken).map(drop))
            .await
            .unwrap();
        let resealed = core
            .replace_master_key(Some(passphrase()), WAIT)
            .await
            .unwrap();
        assert_eq!((resealed.secrets, resealed.unreadable), (1, 1));
        assert_eq!(read(&core, &good), "secret of good");
    }
}
