//! The vault with a real Secret Service: GNOME keyring on a session bus of its own, and no bus at all.
//!
//! The test binary runs itself inside that session: with `FARWIRE_TEST_SESSION` set, the tests named `inside…` are real.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

use farwire_core::store;
use farwire_core::vault::{KeySource, Vault, VaultError, VaultState};
use farwire_core::{Config, Core};
use farwire_model::secret::Secret;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SESSION: &str = "FARWIRE_TEST_SESSION";
const PLACE: &str = "1|connection|c_1|vnc.password";
const WAIT: Duration = Duration::from_secs(30);

/// Starts an unlocked key store, then what it is given.
const UNLOCKED: &str = "printf ci-pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec \"$0\" \"$@\"";

fn is_inside(session: &str) -> bool {
    std::env::var(SESSION).is_ok_and(|name| name == session)
}

fn vault(data_dir: &Path) -> Arc<Vault> {
    Vault::new(store::open(data_dir).unwrap().store)
}

/// Whether the programs of the test are there. Missing ones are a failure where tests must not be skipped.
fn are_installed(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !std::env::split_paths(&path).any(|dir| dir.join(program).exists()))
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "not installed: {missing:?}"
    );
    eprintln!("SKIPPED, not installed: {missing:?}");
    false
}

/// Runs one test of this binary with a private home and, through `shell`, whatever session it sets up.
fn run_inside(session: &str, test: &str, shell: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut private = std::fs::DirBuilder::new();
    private.mode(0o700);
    for name in ["run", "data"] {
        private.create(home.path().join(name)).unwrap();
    }
    let (program, arguments) = shell.split_first().unwrap();
    Command::new(program)
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(SESSION, session)
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path().join("run"))
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

fn assert_passed(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let shown = text(&output.stdout);
    assert!(shown.contains("1 passed"), "{shown}");
    // For people who read the run: how long the key store took, and what it said.
    println!("{shown}");
}

#[test]
fn a_real_key_store_keeps_the_master_key() {
    if !are_installed(&["dbus-run-session", "gnome-keyring-daemon", "bash"]) {
        return;
    }
    let output = run_inside(
        "unlocked",
        "inside_an_unlocked_session",
        &["dbus-run-session", "--", "bash", "-c", UNLOCKED],
    );
    assert_passed(&output);
}

#[test]
fn a_key_store_that_cannot_be_unlocked_is_a_reason_and_no_key() {
    if !are_installed(&["dbus-run-session", "gnome-keyring-daemon", "bash"]) {
        return;
    }
    let locked = "gnome-keyring-daemon --start --components=secrets >/dev/null; exec \"$0\" \"$@\"";
    let output = run_inside(
        "locked",
        "inside_a_session_without_a_collection",
        &["dbus-run-session", "--", "bash", "-c", locked],
    );
    assert_passed(&output);
}

#[test]
fn a_real_key_store_replaces_gives_up_and_takes_the_master_key() {
    if !are_installed(&["dbus-run-session", "gnome-keyring-daemon", "bash"]) {
        return;
    }
    let output = run_inside(
        "changing",
        "inside_a_session_of_changes",
        &["dbus-run-session", "--", "bash", "-c", UNLOCKED],
    );
    assert_passed(&output);
}

#[test]
fn a_key_store_that_was_locked_again_is_a_reason_and_loses_no_key() {
    if !are_installed(&[
        "dbus-run-session",
        "dbus-send",
        "gnome-keyring-daemon",
        "bash",
    ]) {
        return;
    }
    let output = run_inside(
        "relocked",
        "inside_a_session_that_is_locked_again",
        &["dbus-run-session", "--", "bash", "-c", UNLOCKED],
    );
    assert_passed(&output);
}

#[test]
fn a_key_store_that_hangs_is_waited_for_and_heard_later() {
    if !are_installed(&[
        "dbus-run-session",
        "dbus-send",
        "gnome-keyring-daemon",
        "bash",
        "kill",
    ]) {
        return;
    }
    let output = run_inside(
        "hanging",
        "inside_a_session_that_hangs",
        &["dbus-run-session", "--", "bash", "-c", UNLOCKED],
    );
    assert_passed(&output);
}

#[test]
fn a_key_store_that_refuses_writes_is_found_out_at_set_up() {
    if !are_installed(&["dbus-run-session", "gnome-keyring-daemon", "bash"]) {
        return;
    }
    // The bus lets everything through but the making of entries: reading says "no such entry" as ever.
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("bus.conf");
    let policy = r#"<busconfig>
        <type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
        <policy context="default">
            <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
            <deny send_interface="org.freedesktop.Secret.Collection" send_member="CreateItem"/>
        </policy>
    </busconfig>"#;
    std::fs::write(&config, policy).unwrap();
    let config = format!("--config-file={}", config.display());
    let output = run_inside(
        "refusing",
        "inside_a_session_that_takes_no_entry",
        &["dbus-run-session", &config, "--", "bash", "-c", UNLOCKED],
    );
    assert_passed(&output);
}

#[test]
fn without_a_session_bus_the_vault_says_so_quickly() {
    let output = run_inside("none", "inside_no_session", &["env"]);
    assert_passed(&output);
}

#[tokio::test]
async fn inside_an_unlocked_session() {
    if !is_inside("unlocked") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let first = vault(dir.path());
    let started = Instant::now();
    first.unlock_with_keyring(WAIT).await.unwrap();
    println!("first unlock: {:?}", started.elapsed());
    let sealed = first.seal(PLACE, &Secret::new("hunter2")).unwrap();
    drop(first);

    let second = vault(dir.path());
    let started = Instant::now();
    second.unlock_with_keyring(WAIT).await.unwrap();
    println!("second unlock: {:?}", started.elapsed());
    let VaultState::Ready {
        source: KeySource::Keyring { service, account },
    } = second.state()
    else {
        panic!("{:?}", second.state());
    };
    let opened = second.open(PLACE, &sealed).unwrap();
    assert_eq!(opened.expose(), "hunter2");
    drop(second);

    // One entry, and the probe is gone.
    let listed = entries(service, &account);
    assert_eq!(listed, [1, 0]);

    // Another data directory has an entry of its own, so the first one keeps its key.
    let other = tempfile::tempdir().unwrap();
    vault(other.path()).unlock_with_keyring(WAIT).await.unwrap();
    let third = vault(dir.path());
    third.unlock_with_keyring(WAIT).await.unwrap();
    assert!(third.open(PLACE, &sealed).is_ok());
}

#[tokio::test]
async fn inside_a_session_of_changes() {
    if !is_inside("changing") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let core = Core::open(Config::at(dir.path())).await.unwrap();
    let vault = core.vault();
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let VaultState::Ready {
        source: KeySource::Keyring { service, account },
    } = vault.state()
    else {
        panic!("{:?}", vault.state());
    };
    let secret = Secret::new("hunter2");
    let old = vault.seal(PLACE, &secret).unwrap();
    core.replace_master_key(None, WAIT).await.unwrap();
    assert!(vault.open(PLACE, &old).is_err(), "the old key is gone");
    let sealed = vault.seal(PLACE, &secret).unwrap();
    let is_open_again = async || {
        vault.lock();
        vault.unlock_with_keyring(WAIT).await.unwrap();
        assert_eq!(vault.open(PLACE, &sealed).unwrap(), secret);
        assert_eq!(entries(service, &account), [1, 0]);
        assert_eq!(entries(service, &format!("{account}-next"))[0], 0);
    };
    is_open_again().await;
    let passphrase = || Some(Secret::new("correct horse"));
    vault
        .move_to_passphrase(None, passphrase(), WAIT)
        .await
        .unwrap();
    assert_eq!(entries(service, &account), [0, 0]);
    vault.move_to_keyring(passphrase(), WAIT).await.unwrap();
    is_open_again().await;
    core.close().await;
}

/// How many entries the key store has for the account and for its probe.
fn entries(service: &str, account: &str) -> [usize; 2] {
    let store: Arc<keyring_core::CredentialStore> =
        zbus_secret_service_keyring_store::Store::new().unwrap();
    [account.to_owned(), format!("{account}-probe")].map(|account| {
        let wanted =
            std::collections::HashMap::from([("service", service), ("username", account.as_str())]);
        store.search(&wanted).unwrap().len()
    })
}

#[tokio::test]
async fn inside_a_session_without_a_collection() {
    if is_inside("locked") {
        assert_unusable().await;
    }
}

#[tokio::test]
async fn inside_a_session_that_takes_no_entry() {
    if is_inside("refusing") {
        assert_unusable().await;
    }
}

#[tokio::test]
async fn inside_a_session_that_is_locked_again() {
    if !is_inside("relocked") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    vault.unlock_with_keyring(WAIT).await.unwrap();
    let sealed = vault.seal(PLACE, &Secret::new("hunter2")).unwrap();
    vault.lock();
    call_secret_service(
        "Lock",
        "array:objpath:/org/freedesktop/secrets/collection/login",
    );
    // Nobody is there to ask for its password: an answer, soon, and no new key in the place of the old one.
    for _ in 0..2 {
        assert_locked_out(&vault).await;
    }
    let error = vault
        .unlock_with_passphrase(Secret::new("correct horse"))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::NoPassphrase), "{error}");
    // A key store is unlocked without a person by starting it anew.
    let again = UNLOCKED.replace("--unlock", "--replace --unlock");
    let unlocked = Command::new("bash").args(["-c", &again, "true"]).status();
    assert!(unlocked.unwrap().success());
    vault.unlock_with_keyring(WAIT).await.unwrap();
    assert_eq!(vault.open(PLACE, &sealed).unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn inside_a_session_that_hangs() {
    if !is_inside("hanging") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    vault.unlock_with_keyring(WAIT).await.unwrap();
    vault.lock();
    let stopped = Stopped::key_store();
    // This runtime has one thread: were it blocked, the limit could not be noticed.
    let limit = Duration::from_secs(1);
    for _ in 0..2 {
        let started = Instant::now();
        let error = vault.unlock_with_keyring(limit).await.unwrap_err();
        let took = started.elapsed();
        assert!(matches!(error, VaultError::Waiting), "{error}");
        assert!(
            (limit..limit * 3).contains(&took),
            "{took:?} for a limit of {limit:?}"
        );
        assert_eq!(vault.state(), VaultState::Unlocking);
    }
    drop(stopped);
    let mut states = vault.watch();
    let settled = states.wait_for(|state| *state != VaultState::Unlocking);
    let state = tokio::time::timeout(WAIT, settled).await.unwrap().unwrap();
    assert!(matches!(*state, VaultState::Ready { .. }), "{state:?}");
}

/// The session's key store, stopped until this is dropped.
struct Stopped(String);

impl Stopped {
    fn key_store() -> Self {
        let output = Command::new("dbus-send")
            .args(["--session", "--print-reply=literal"])
            .args(["--dest=org.freedesktop.DBus", "/"])
            .arg("org.freedesktop.DBus.GetConnectionUnixProcessID")
            .arg("string:org.freedesktop.secrets")
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        let stopped = Self(answer.split_whitespace().last().unwrap().to_owned());
        stopped.signal("-STOP");
        stopped
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

fn call_secret_service(method: &str, argument: &str) {
    let called = Command::new("dbus-send")
        .args(["--session", "--print-reply=literal"])
        .args(["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .arg(format!("org.freedesktop.Secret.Service.{method}"))
        .arg(argument)
        .output()
        .unwrap();
    assert!(called.status.success(), "{called:?}");
}

#[tokio::test]
async fn inside_no_session() {
    if is_inside("none") {
        assert_unusable().await;
    }
}

/// The key store cannot be used: the vault says why within seconds, and a passphrase opens it all the same.
async fn assert_unusable() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    assert_locked_out(&vault).await;
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
    vault.lock();
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    assert!(matches!(error, VaultError::PassphraseNeeded), "{error}");
}

/// The key store cannot be used: said within seconds, as the reason of a locked vault, with what to do.
async fn assert_locked_out(vault: &Vault) {
    let started = Instant::now();
    let error = vault.unlock_with_keyring(WAIT).await.unwrap_err();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(matches!(error, VaultError::Keyring { .. }), "{error}");
    println!("{error} ({took:?})");
    let VaultState::Locked { reason } = vault.state() else {
        panic!("{:?}", vault.state());
    };
    for part in ["the key store cannot be used", "unlock it and try again"] {
        assert!(reason.contains(part), "{reason}");
    }
}
