//! Backups: those there are, one more now, and going back to one while the program runs.

use crate::Core;
use crate::credentials::StoredCredentials;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::shared_credentials::SharedCredential;
use crate::store::{self, Backup, Snapshot, StoreError, Tree};
use crate::vault;
use farwire_model::application::{BackupView, RestoreView};
use farwire_model::connection::Connection;
use farwire_model::group::Group;
use farwire_model::settings::Settings;
use farwire_model::trust::TrustDecision;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

impl Core {
    /// Every backup, newest first.
    ///
    /// # Errors
    /// They cannot be looked at.
    pub async fn backups(&self) -> Result<Vec<BackupView>, CoreError> {
        let found = self.on_disk("listing backups", store::backups).await?;
        Ok(found.into_iter().map(view).collect())
    }

    /// Backs everything saved up now.
    ///
    /// # Errors
    /// Nothing is saved; the store.
    pub async fn back_up(&self) -> Result<BackupView, CoreError> {
        let made = self.make_backup().await?;
        made.map(view).ok_or_else(|| CoreError::Forbidden {
            property: "backup",
            message: "nothing is saved yet, so there is nothing to back up".to_owned(),
        })
    }

    /// Lets the saved groups, connections, credentials, trust decisions and settings be what they are in a backup, all at
    /// once, after another backup of what they are now.
    ///
    /// Tokens stay as they are: one that was deleted does not come back. So do the vault's key and the HTTP API's switch.
    ///
    /// # Errors
    /// No such backup; secrets in it that the vault's key does not open; the store.
    pub async fn restore_backup(&self, by: &Origin, id: &str) -> Result<RestoreView, CoreError> {
        let wanted = id.to_owned();
        let read = move |data_dir: &Path| store::read_backup(data_dir, &wanted);
        let snapshot = match self.on_disk("reading a backup", read).await {
            Err(CoreError::Store {
                source: StoreError::NoBackup { .. },
            }) => return Err(CoreError::unknown("backup", id)),
            other => other?,
        };
        self.check_key(&snapshot)?;
        // After reading: it may push out the oldest, which may be the one that was asked for.
        let before = self.make_backup().await?.map(|backup| backup.id);
        let changed = self
            .saved
            .change(by, |saving| {
                let mut changed = saving.replace::<Group>(snapshot.records(Tree::Groups))?;
                changed += saving.replace::<Connection>(snapshot.records(Tree::Connections))?;
                changed +=
                    saving.replace::<StoredCredentials>(snapshot.records(Tree::Credentials))?;
                changed +=
                    saving.replace::<SharedCredential>(snapshot.records(Tree::Credentials))?;
                changed += saving.replace::<TrustDecision>(snapshot.records(Tree::Trust))?;
                let now = saving.all().app_settings();
                let mut settings = Settings::default();
                for (_, value) in snapshot.records(Tree::Settings) {
                    settings = serde_json::from_slice(value).map_err(unreadable)?;
                }
                settings.api = now.api.clone();
                if settings != *now {
                    saving.put(settings)?;
                    changed += 1;
                }
                Ok(changed)
            })
            .await?;
        Ok(RestoreView { changed, before })
    }

    /// Secrets sealed by another key would be lost the moment the present ones are replaced by them.
    fn check_key(&self, snapshot: &Snapshot) -> Result<(), CoreError> {
        let mut records = snapshot.records(Tree::Vault);
        let sealed_by = records.find(|(key, _)| *key == vault::CHECK);
        let now = self.store.get(Tree::Vault, vault::CHECK)?;
        let is_same = sealed_by.map(|(_, value)| value) == now.as_deref();
        if is_same || snapshot.records(Tree::Credentials).next().is_none() {
            return Ok(());
        }
        let message = "the passwords in this backup are sealed by another master key: close the program and run \
            farwired restore, then unlock the vault as it was unlocked at that time";
        Err(CoreError::Forbidden {
            property: "vault",
            message: message.to_owned(),
        })
    }

    async fn make_backup(&self) -> Result<Option<Backup>, CoreError> {
        let store = std::sync::Arc::clone(&self.store);
        let make = move |data_dir: &Path| store::backup(&*store, data_dir, SystemTime::now());
        self.on_disk("backing up", make).await
    }

    /// Runs something slow with the data directory, away from what must not wait.
    async fn on_disk<R: Send + 'static>(
        &self,
        attempt: &'static str,
        work: impl FnOnce(&Path) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, CoreError> {
        let data_dir = self.data_dir.clone();
        let done = tokio::task::spawn_blocking(move || work(&data_dir)).await;
        let done = done.map_err(|error| CoreError::Internal {
            attempt,
            message: error.to_string(),
        });
        Ok(done??)
    }
}

/// What is wrong with a record that another version wrote. Its text is not quoted.
pub(crate) fn unreadable(error: serde_json::Error) -> CoreError {
    CoreError::Internal {
        attempt: "reading a record of the backup",
        message: format!(
            "this version cannot read it, near column {}",
            error.column()
        ),
    }
}

fn view(backup: Backup) -> BackupView {
    let created = backup.created.duration_since(UNIX_EPOCH);
    let created = created.map_or(0, |since| since.as_secs());
    BackupView {
        id: backup.id,
        created: i64::try_from(created).unwrap_or(i64::MAX),
        records: backup.records,
        bytes: backup.bytes,
    }
}
