//! The vault's state, its two sources of the master key, and what it refuses. The key store here is an imitation in
//! memory; `tests/keyring.rs` speaks to a real one.

mod change;
mod rotate;
mod wipe;

use super::keyring::{self, Connect};
use super::{KeySource, Vault, VaultError, VaultState, read_passphrase_file};
use crate::store::{self, Batch, META_STORE_UUID, Store, Tree};
use farwire_model::secret::Secret;
use keyring_core::{CredentialStore, Error, mock};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(20);
const CONTEXT: &str = "1|connection|c_1|vnc.password";

/// A key store that lives as long as the test.
fn key_store() -> Connect {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    Arc::new(move || Ok(Arc::clone(&store)))
}

fn no_key_store() -> Connect {
    Arc::new(|| Err(Error::PlatformFailure("no session bus".into())))
}

fn open_store(dir: &Path) -> Arc<dyn Store> {
    store::open(dir).unwrap().store
}

fn locked_reason(vault: &Vault) -> String {
    match vault.state() {
        VaultState::Locked { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_secret_opens_again_after_a_restart_and_only_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let secret = Secret::new("hunter2 ä");
    assert!(matches!(
        vault.seal(CONTEXT, &secret),
        Err(VaultError::Locked { .. })
    ));
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let sealed = vault.seal(CONTEXT, &secret).unwrap();
    assert!(!sealed.contains("hunter2"));
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), connect);
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert!(matches!(
        vault.state(),
        VaultState::Ready { source: KeySource::Keyring { service: "dev.farwire.app", account } } if account.len() == 32
    ));
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap(), secret);
    assert!(matches!(
        vault.open("1|connection|c_2|vnc.password", &sealed),
        Err(VaultError::Unsealable)
    ));
    for bad in ["", "AQ==", "no base64!", &sealed[..sealed.len() - 4]] {
        assert!(
            matches!(vault.open(CONTEXT, bad), Err(VaultError::Unsealable)),
            "{bad}"
        );
    }
    vault.lock();
    assert!(matches!(
        vault.open(CONTEXT, &sealed),
        Err(VaultError::Locked { .. })
    ));
    assert_eq!(locked_reason(&vault), "it was locked: unlock it again");
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap(), secret);
}

#[tokio::test]
async fn a_passphrase_opens_the_vault_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    assert_eq!(
        vault.state(),
        VaultState::Ready {
            source: KeySource::Passphrase
        }
    );
    let sealed = vault.seal(CONTEXT, &Secret::new("hunter2")).unwrap();
    drop(vault);

    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
    assert!(locked_reason(&vault).contains("enter it to unlock"));
    let error = vault
        .unlock_with_passphrase(Secret::new("wrong horse"))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    assert!(locked_reason(&vault).contains("the passphrase is wrong: enter the one"));
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn both_sources_open_the_same_vault() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let sealed = vault.seal(CONTEXT, &Secret::new("hunter2")).unwrap();
    vault.lock();
    let error = vault
        .unlock_with_passphrase(Secret::new("never set"))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::NoPassphrase), "{error}");
    vault.unlock_with_keyring(WAIT).await.unwrap();
    vault
        .set_passphrase(None, Secret::new("correct horse"))
        .await
        .unwrap();
    vault.lock();
    assert!(matches!(
        vault.set_passphrase(None, Secret::new("x")).await,
        Err(VaultError::Locked { .. })
    ));
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
    vault.lock();
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert_eq!(vault.open(CONTEXT, &sealed).unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn a_key_store_that_forgot_the_key_gets_no_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), key_store());
    vault.unlock_with_keyring(WAIT).await.unwrap();
    drop(vault);
    let forgetful = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&forgetful));
    for _ in 0..2 {
        let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
        assert!(matches!(error, VaultError::KeyMissing), "{error}");
        assert!(locked_reason(&vault).contains("no master key"));
    }
    let account = account(dir.path(), vault);
    let entry = forgetful()
        .unwrap()
        .build(keyring::SERVICE, &account, None)
        .unwrap();
    assert!(matches!(entry.get_secret(), Err(Error::NoEntry)));
}

#[tokio::test]
async fn another_key_in_the_key_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), key_store());
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let account = account(dir.path(), vault);
    let other = key_store();
    let entry = other()
        .unwrap()
        .build(keyring::SERVICE, &account, None)
        .unwrap();
    for (kept, expected) in [
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "not the one",
        ),
        ("too short", "not a master key"),
    ] {
        entry.set_secret(kept.as_bytes()).unwrap();
        let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&other));
        let error = vault
            .unlock_with_keyring(WAIT)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(kept), "{error}");
    }
}

#[tokio::test]
async fn a_key_store_that_keeps_nothing_is_found_out_before_it_gets_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let connect = key_store();
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let account = account(dir.path(), vault);
    let entry = |account: &str| {
        let store = connect().unwrap();
        store.build(keyring::SERVICE, account, None).unwrap()
    };
    let probe = entry(&format!("{account}-probe"));
    let imitation: &mock::Cred = probe.as_any().downcast_ref().unwrap();
    imitation.set_error(Error::NoStorageAccess("read only".into()));
    let vault = Vault::with_keyring(open_store(dir.path()), Arc::clone(&connect));
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(
        error.to_string().contains("no access: read only"),
        "{error}"
    );
    assert!(matches!(entry(&account).get_secret(), Err(Error::NoEntry)));
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert!(matches!(probe.get_secret(), Err(Error::NoEntry)));
    assert!(entry(&account).get_secret().is_ok());
}

/// The key store's entry of a store, which is closed by this.
fn account(dir: &Path, vault: Arc<Vault>) -> String {
    drop(vault);
    let bytes = open_store(dir)
        .get(Tree::Meta, META_STORE_UUID)
        .unwrap()
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_key_store_that_asks_keeps_callers_waiting_and_is_still_heard() {
    let dir = tempfile::tempdir().unwrap();
    let (answer, answers) = mpsc::channel::<()>();
    let (inner, answers) = (key_store(), Mutex::new(answers));
    let asking: Connect = Arc::new(move || match answers.lock().unwrap().recv() {
        Ok(()) => inner(),
        Err(_) => Err(Error::NoStorageAccess("dismissed".into())),
    });
    let vault = Vault::with_keyring(open_store(dir.path()), asking);
    let soon = Duration::from_millis(5);
    for _ in 0..2 {
        let error = vault.unlock_with_keyring(soon).await.unwrap_err();
        assert!(matches!(error, VaultError::Waiting), "{error}");
        assert_eq!(vault.state(), VaultState::Unlocking);
    }
    let joined = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.unlock_with_keyring(WAIT).await }
    });
    answer.send(()).unwrap();
    joined.await.unwrap().unwrap();
    assert!(matches!(vault.state(), VaultState::Ready { .. }));

    // Locking overtakes an attempt: its key is not taken.
    vault.lock();
    assert!(matches!(
        vault.unlock_with_keyring(soon).await,
        Err(VaultError::Waiting)
    ));
    vault.lock();
    let overtaking = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.unlock_with_keyring(WAIT).await }
    });
    let mut states = vault.watch();
    let is_unlocking = |state: &VaultState| *state == VaultState::Unlocking;
    states.wait_for(is_unlocking).await.unwrap();
    vault.lock();
    answer.send(()).unwrap();
    answer.send(()).unwrap();
    let error = overtaking.await.unwrap().unwrap_err();
    assert!(matches!(error, VaultError::Locked { .. }), "{error}");
    assert_eq!(locked_reason(&vault), "it was locked: unlock it again");
    assert!(matches!(
        vault.seal(CONTEXT, &Secret::new("x")),
        Err(VaultError::Locked { .. })
    ));

    // A vault that is dropped while the key store asks lets go of its store at once.
    assert!(matches!(
        vault.unlock_with_keyring(soon).await,
        Err(VaultError::Waiting)
    ));
    drop(vault);
    open_store(dir.path());
}

#[tokio::test]
async fn a_passphrase_overtakes_a_key_store_that_asks() {
    let dir = tempfile::tempdir().unwrap();
    let (answer, answers) = mpsc::channel::<()>();
    let (inner, answers) = (key_store(), Mutex::new(answers));
    let kept = Arc::clone(&inner);
    let asking: Connect = Arc::new(move || {
        answers.lock().unwrap().recv().unwrap();
        inner()
    });
    let vault = Vault::with_keyring(open_store(dir.path()), asking);
    let asked = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.unlock_with_keyring(WAIT).await }
    });
    let mut states = vault.watch();
    let is_unlocking = |state: &VaultState| *state == VaultState::Unlocking;
    states.wait_for(is_unlocking).await.unwrap();
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    let ready = VaultState::Ready {
        source: KeySource::Passphrase,
    };
    assert_eq!(vault.state(), ready);
    // The key store answers after all, and gets no key that would never fit.
    answer.send(()).unwrap();
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, VaultError::WrongKey), "{error}");
    assert_eq!(vault.state(), ready);
    let account = account(dir.path(), vault);
    let entry = kept().unwrap().build(keyring::SERVICE, &account, None);
    assert!(matches!(entry.unwrap().get_secret(), Err(Error::NoEntry)));
}

#[tokio::test]
async fn the_store_never_holds_a_secret_or_the_key_in_plain() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let vault = Vault::with_keyring(Arc::clone(&store), no_key_store());
    let canary = "Kanarienvogel";
    vault
        .unlock_with_passphrase(Secret::new(canary))
        .await
        .unwrap();
    let sealed = vault.seal(CONTEXT, &Secret::new(canary)).unwrap();
    let mut batch = Batch::new();
    batch.put(Tree::Credentials, "c_1", sealed.into_bytes());
    store.commit(batch).wait().unwrap();
    let mut exported = Vec::new();
    store.export(&mut exported).unwrap();
    drop((vault, store));
    for bytes in [exported, fs::read(dir.path().join("store/db")).unwrap()] {
        let is_found = bytes
            .windows(canary.len())
            .any(|part| part == canary.as_bytes());
        assert!(!is_found);
    }
}

#[tokio::test]
async fn a_record_that_asks_for_too_much_memory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let vault = Vault::with_keyring(Arc::clone(&store), no_key_store());
    vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap();
    vault.lock();
    let good = String::from_utf8(store.get(Tree::Vault, "passphrase").unwrap().unwrap()).unwrap();
    for (bad, expected) in [
        (
            good.replace("\"memory_kib\":65536", "\"memory_kib\":4194304"),
            "cannot be read",
        ),
        (
            good.replace("\"passes\":3", "\"passes\":1"),
            "passphrase is wrong",
        ),
        (good.replace("argon2id", "md5"), "cannot be read"),
        ("{}".to_owned(), "cannot be read"),
    ] {
        let mut batch = Batch::new();
        batch.put(Tree::Vault, "passphrase", bad.into_bytes());
        store.commit(batch).await.unwrap();
        let error = vault
            .unlock_with_passphrase(Secret::new("correct horse"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_passphrase_file_is_private_short_and_not_empty() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("passphrase");
    for (content, mode, expected) in [
        ("correct horse\n", 0o600, Ok("correct horse")),
        (" correct horse\r\n", 0o400, Ok(" correct horse")),
        ("correct\n\n", 0o600, Ok("correct\n")),
        ("correct horse", 0o640, Err("mode 640")),
        ("correct horse", 0o604, Err("mode 604")),
        ("correct horse", 0o620, Err("mode 620")),
        ("\n", 0o600, Err("empty")),
        ("", 0o600, Err("empty")),
        (&"x".repeat(4097), 0o600, Err("too long")),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let read = read_passphrase_file(&path);
        match (&read, expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose(), expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            _ => panic!("{content:?} {mode:o}: {read:?}"),
        }
        fs::remove_file(&path).unwrap();
    }
    assert!(
        read_passphrase_file(&path)
            .unwrap_err()
            .to_string()
            .contains("could not read")
    );
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(
        read_passphrase_file(dir.path())
            .unwrap_err()
            .to_string()
            .contains("not a plain file")
    );
    fs::write(&path, b"\xff\xfe").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(
        read_passphrase_file(&path)
            .unwrap_err()
            .to_string()
            .contains("not UTF-8")
    );
}
