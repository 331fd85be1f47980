//! Changing the passphrase, and moving the master key between the key store and a passphrase.

use super::{CONTEXT, WAIT, account, key_store, no_key_store, open_store};
use crate::vault::keyring::{self, Connect};
use crate::vault::{KeySource, Vault, VaultError, VaultState};
use farwire_model::secret::Secret;
use keyring_core::Error;
use std::sync::Arc;
use std::time::Duration;

fn some(text: &str) -> Option<Secret> {
    Some(Secret::new(text))
}

fn is_in(connect: &Connect, account: &str) -> bool {
    let entry = connect()
        .unwrap()
        .build(keyring::SERVICE, account, None)
        .unwrap();
    match entry.get_secret() {
        Ok(_) => true,
        Err(Error::NoEntry) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_passphrase_is_changed_by_who_knows_it() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    let sealed = vault.seal(CONTEXT, &Secret::new("hunter2")).unwrap();
    let new = || Secret::new("battery staple");
    let error = vault.set_passphrase(None, new()).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
    let error = vault.set_passphrase(some("x"), new()).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    vault
        .set_passphrase(some("correct horse"), new())
        .await
        .unwrap();
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    let error = vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    vault.unlock_with_passphrase(new()).await.unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn the_master_key_moves_to_a_passphrase_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let sealed = vault.seal(CONTEXT, &Secret::new("hunter2")).unwrap();
    let account = account(dir.path(), vault);

    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let locked = vault.move_to_passphrase(None, some("x"), WAIT).await;
    assert!(matches!(locked, Err(VaultError::Locked { .. })));
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let none = vault.move_to_passphrase(None, None, WAIT).await;
    assert!(matches!(none, Err(VaultError::PassphraseNeeded)));
    assert!(is_in(&connect, &account));
    vault
        .move_to_passphrase(None, some("correct horse"), WAIT)
        .await
        .unwrap();
    let by_passphrase = VaultState::Ready {
        source: KeySource::Passphrase,
    };
    assert_eq!(vault.state(), by_passphrase);
    assert!(!is_in(&connect, &account));
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
    let error = vault.move_to_keyring(some("x"), WAIT).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    assert!(!is_in(&connect, &account));
    vault
        .move_to_keyring(some("correct horse"), WAIT)
        .await
        .unwrap();
    assert!(!vault.has_passphrase().unwrap());
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), connect);
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
    assert!(matches!(
        vault.state(),
        VaultState::Ready {
            source: KeySource::Keyring { .. }
        }
    ));
}

#[tokio::test]
async fn a_key_store_that_cannot_take_the_key_leaves_the_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    let passphrase = || Secret::new("correct horse");
    vault.unlock_with_passphrase(passphrase()).await.unwrap();
    let error = vault
        .move_to_keyring(Some(passphrase()), WAIT)
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::Keyring { .. }), "{error}");
    // Without a key store there is nothing to take out of it: a new passphrase is all.
    vault
        .move_to_passphrase(Some(passphrase()), some("battery staple"), WAIT)
        .await
        .unwrap();
    vault.lock();
    vault
        .unlock_with_passphrase(Secret::new("battery staple"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_store_that_does_not_answer_is_not_waited_for_longer_than_said() {
    let dir = tempfile::tempdir().unwrap();
    let (answer, answers) = std::sync::mpsc::channel::<()>();
    let answers = std::sync::Mutex::new(answers);
    let silent: Connect = Arc::new(move || {
        let _ = answers.lock().unwrap().recv();
        Err(Error::NoDefaultStore)
    });
    let vault = Vault::with_keyring(open_store(dir.path()), silent);
    let passphrase = || Secret::new("correct horse");
    vault.unlock_with_passphrase(passphrase()).await.unwrap();
    let soon = Duration::from_millis(20);
    let error = vault
        .move_to_keyring(Some(passphrase()), soon)
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::Waiting), "{error}");
    assert!(vault.has_passphrase().unwrap());
    drop(answer);
}

#[tokio::test]
async fn a_person_proves_himself_by_a_passphrase_that_nobody_could_just_have_set() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let error = vault.prove_person(some("x")).await.unwrap_err();
    assert!(matches!(error, VaultError::Locked { .. }), "{error}");
    vault.unlock_with_keyring(WAIT).await.unwrap();
    for passphrase in [None, some(""), some("x")] {
        let error = vault.prove_person(passphrase).await.unwrap_err();
        assert!(matches!(error, VaultError::NothingToProve), "{error}");
    }
    // Whoever comes by an unlocked window can set a first one, and change and use that as he likes.
    let set = vault.set_passphrase(None, Secret::new("x")).await;
    set.unwrap();
    let set = vault.set_passphrase(some("x"), Secret::new("y")).await;
    set.unwrap();
    vault.lock();
    vault
        .unlock_with_passphrase(Secret::new("y"))
        .await
        .unwrap();
    let error = vault.prove_person(some("y")).await.unwrap_err();
    assert!(matches!(error, VaultError::UnprovenPassphrase), "{error}");
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), connect);
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let error = vault.prove_person(None).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
    let error = vault.prove_person(some("x")).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    vault.prove_person(some("y")).await.unwrap();
    // Another one by who knew the last counts at once.
    let set = vault.set_passphrase(some("y"), Secret::new("z")).await;
    set.unwrap();
    vault.prove_person(some("z")).await.unwrap();
    vault.lock();
    let error = vault.prove_person(some("z")).await.unwrap_err();
    assert!(matches!(error, VaultError::Locked { .. }), "{error}");
}
