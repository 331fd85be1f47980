//! Replacing the master key, broken off at each step.

use super::{CONTEXT, WAIT, account, key_store, locked_reason, no_key_store, open_store};
use crate::store::{Batch, Tree};
use crate::vault::keyring::{self, Connect};
use crate::vault::{Rotation, Vault, VaultError, VaultState};
use farwire_model::secret::Secret;
use std::path::Path;
use std::sync::Arc;

/// Where the imitated program stops.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    BeforeTheBatch,
    AfterTheBatch,
    Never,
}

/// A vault's one secret, kept as the application keeps it: in the store, changed together with the vault's records.
async fn save(vault: &Vault, sealed: String, rotation: Option<&Rotation>) {
    let mut batch = Batch::new();
    batch.put(Tree::Credentials, "c_1", sealed.into_bytes());
    for (key, record) in rotation.into_iter().flat_map(Rotation::records) {
        batch.put(Tree::Vault, key, record.clone());
    }
    vault.store.commit(batch).await.unwrap();
}

fn saved(vault: &Vault) -> String {
    let record = vault.store.get(Tree::Credentials, "c_1").unwrap().unwrap();
    String::from_utf8(record).unwrap()
}

async fn unlock(dir: &Path, connect: &Connect, passphrase: Option<&str>) -> Arc<Vault> {
    let vault = Vault::with_keyring(open_store(dir), Arc::clone(connect));
    match passphrase {
        Some(passphrase) => vault.unlock_with_passphrase(Secret::new(passphrase)).await,
        None => vault.unlock_with_keyring(WAIT).await,
    }
    .unwrap();
    vault
}

#[tokio::test]
async fn wherever_it_is_broken_off_the_vault_opens_and_the_secret_with_it() {
    for passphrase in [None, Some("correct horse")] {
        for stop in [Stop::BeforeTheBatch, Stop::AfterTheBatch, Stop::Never] {
            let dir = tempfile::tempdir().unwrap();
            let connect = match passphrase {
                None => key_store(),
                Some(_) => no_key_store(),
            };
            let vault = unlock(dir.path(), &connect, passphrase).await;
            let before = vault.seal(CONTEXT, &Secret::new("hunter2")).unwrap();
            save(&vault, before.clone(), None).await;

            let proof = passphrase.map(Secret::new);
            let rotation = vault.begin_rotation(proof, WAIT).await.unwrap();
            if stop != Stop::BeforeTheBatch {
                let sealed = rotation.reseal(CONTEXT, &saved(&vault)).unwrap();
                save(&vault, sealed, Some(&rotation)).await;
                rotation.take_effect().unwrap();
            }
            if stop == Stop::Never {
                rotation.finish(WAIT).await;
            }
            drop((rotation, vault));

            // Twice: what the first unlocking cleans up must leave something that opens.
            for _ in 0..2 {
                let vault = unlock(dir.path(), &connect, passphrase).await;
                let opened = vault.open(CONTEXT, saved(&vault)).unwrap();
                assert_eq!(opened.expose(), "hunter2", "{passphrase:?} {stop:?}");
                let is_old_useless = vault.open(CONTEXT, &before).is_err();
                assert_eq!(is_old_useless, stop != Stop::BeforeTheBatch, "{stop:?}");
            }
            if passphrase.is_none() && stop != Stop::BeforeTheBatch {
                let vault = unlock(dir.path(), &connect, None).await;
                let left = keyring::successor(&account(dir.path(), vault));
                let entry = connect().unwrap().build(keyring::SERVICE, &left, None);
                assert!(entry.unwrap().get_secret().is_err(), "{stop:?}");
            }
        }
    }
}

#[tokio::test]
async fn it_wants_the_passphrase_where_there_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = unlock(dir.path(), &connect, None).await;
    vault
        .set_passphrase(None, Secret::new("correct horse"))
        .await
        .unwrap();
    let begun = vault.begin_rotation(None, WAIT).await;
    assert!(matches!(begun, Err(VaultError::PassphraseNeeded)));
    let begun = vault.begin_rotation(Some(Secret::new("x")), WAIT).await;
    assert!(matches!(begun, Err(VaultError::WrongPassphrase)));
    let proof = Some(Secret::new("correct horse"));
    let rotation = vault.begin_rotation(proof, WAIT).await.unwrap();
    save(&vault, String::new(), Some(&rotation)).await;
    rotation.take_effect().unwrap();
    rotation.finish(WAIT).await;
    drop((rotation, vault));
    // Both open the new key.
    drop(unlock(dir.path(), &connect, None).await);
    drop(unlock(dir.path(), &connect, Some("correct horse")).await);
}

#[tokio::test]
async fn a_key_store_that_missed_it_leaves_the_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = unlock(dir.path(), &connect, None).await;
    let passphrase = || Secret::new("correct horse");
    vault.set_passphrase(None, passphrase()).await.unwrap();
    drop(vault);
    let vault = unlock(dir.path(), &no_key_store(), Some("correct horse")).await;
    let rotation = vault
        .begin_rotation(Some(passphrase()), WAIT)
        .await
        .unwrap();
    save(&vault, String::new(), Some(&rotation)).await;
    drop((rotation, vault));

    let vault = Vault::with_keyring(open_store(dir.path()), connect);
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
    vault.unlock_with_passphrase(passphrase()).await.unwrap();
}

#[tokio::test]
async fn locking_and_unlocking_meanwhile_never_mixes_the_keys() {
    let dir = tempfile::tempdir().unwrap();
    let vault = unlock(dir.path(), &key_store(), None).await;
    let rotation = vault.begin_rotation(None, WAIT).await.unwrap();
    vault.lock();
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(error.to_string().contains("being replaced"), "{error}");
    assert!(locked_reason(&vault).contains("unlock it again"));
    let late = rotation.take_effect();
    assert!(matches!(late, Err(VaultError::Locked { .. })));
    drop(rotation);
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert!(matches!(vault.state(), VaultState::Ready { .. }));
}
