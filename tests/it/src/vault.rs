//! The vault over the API: its passphrase, its master key, when it locks, and moving to another machine.

use crate::app::{App, until};
use crate::client::{Asking, Client};
use crate::daemon::{Daemon, run, token};
use crate::xvnc::has;
use farwire_core::wake::Clock;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub const PASSPHRASE: &str = "a passphrase for tests";

pub async fn refused(
    app: &App,
    method: &str,
    path: &str,
    body: Value,
    expected: (u16, &str, &str),
) {
    let (status, answer) = app.call(method, path, body).await;
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    let (code, property) = (text("error_code"), text("property"));
    let actual = (status.as_u16(), code.as_str(), property.as_str());
    assert_eq!(actual, expected, "{method} {path}: {answer}");
}

async fn reveal(app: &App, uid: &str) -> Value {
    let token = app.token_with(&[Scope::Read, Scope::Reveal]).await;
    let path = format!("/connection/{uid}/credentials?reveal=1");
    let (_, answer) = app.call_as(&token, "GET", &path, Value::Null).await;
    answer["vnc.password"].clone()
}

#[tokio::test]
async fn the_passphrase_is_changed_by_who_knows_it_and_never_echoed() {
    let app = App::start().await;
    let uid = app.vnc(5999, Some("hunter2")).await;
    for (body, expected) in [
        (json!({}), (400, "REQUIRED_VALUE_MISSING", "passphrase")),
        (
            json!({"passphrase": {"old": PASSPHRASE}}),
            (409, "CONFIGURATION_ERROR", "vault"),
        ),
        (
            json!({"passphrase": {"new": ""}}),
            (400, "VALUE_OUT_OF_BOUNDS", "passphrase.new"),
        ),
        (
            json!({"passphrase": {"newer": "x"}}),
            (400, "INVALID_REQUEST_DATA", "passphrase.newer"),
        ),
        (
            json!({"passphrase": "x"}),
            (400, "VALUE_INCORRECT_TYPE", "passphrase"),
        ),
        (
            json!({"source": "cloud"}),
            (400, "INVALID_REQUEST_DATA", "source"),
        ),
        (
            json!({"source": "keyring", "passphrase": {"new": "x"}}),
            (409, "CONFIGURATION_ERROR", "vault"),
        ),
        (
            json!({"passphrase": {"new": "x"}}),
            (409, "CONFIGURATION_ERROR", "vault"),
        ),
        (
            json!({"passphrase": {"old": "x", "new": "y"}}),
            (409, "CONFIGURATION_ERROR", "vault"),
        ),
        (
            json!({"source": "passphrase"}),
            (409, "CONFIGURATION_ERROR", "vault"),
        ),
    ] {
        refused(&app, "PUT", "/vault", body, expected).await;
    }
    let body = json!({"passphrase": {"old": PASSPHRASE, "new": "battery staple"}});
    let answer = app.ok("PUT", "/vault", body).await;
    let expected = json!({"state": "ready", "source": "passphrase", "has_passphrase": true});
    assert_eq!(answer, expected);
    app.ok("ACTION", "/vault/lock", Value::Null).await;
    let old = json!({"passphrase": PASSPHRASE});
    refused(
        &app,
        "ACTION",
        "/vault/unlock",
        old,
        (409, "CONFIGURATION_ERROR", "vault"),
    )
    .await;
    let new = json!({"passphrase": "battery staple"});
    app.ok("ACTION", "/vault/unlock", new).await;
    assert_eq!(reveal(&app, &uid).await, "hunter2");
    app.stop().await;
}

#[tokio::test]
async fn the_master_key_is_replaced_on_demand() {
    let app = App::start().await;
    let uid = app.vnc(5999, Some("hunter2")).await;
    let needed = (409, "CONFIGURATION_ERROR", "vault");
    refused(&app, "ACTION", "/vault/rotate", Value::Null, needed).await;
    refused(
        &app,
        "ACTION",
        "/vault/rotate",
        json!({"passphrase": "x"}),
        needed,
    )
    .await;
    let answer = app
        .ok("ACTION", "/vault/rotate", json!({"passphrase": PASSPHRASE}))
        .await;
    assert_eq!(answer, json!({"secrets": 1, "unreadable": 0}));
    assert_eq!(reveal(&app, &uid).await, "hunter2");
    app.stop().await;
}

/// A clock that is set by hand.
#[derive(Default)]
struct Hands {
    wall: AtomicU64,
    running: AtomicU64,
}

impl Hands {
    /// Time goes by for a computer that is awake.
    fn wait(&self, secs: u64) {
        self.running.fetch_add(secs, Ordering::SeqCst);
        self.sleep(secs);
    }

    /// The computer sleeps.
    fn sleep(&self, secs: u64) {
        self.wall.fetch_add(secs, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.wall.load(Ordering::SeqCst))
    }

    fn running(&self) -> Duration {
        Duration::from_secs(self.running.load(Ordering::SeqCst))
    }
}

async fn is_locked(app: &App, part: &str) {
    until("the vault locks", || async {
        let vault = app.ok("GET", "/vault", Value::Null).await;
        let reason = vault["reason"].as_str().unwrap_or_default();
        reason.contains(part)
    })
    .await;
}

#[tokio::test]
async fn the_vault_locks_when_nobody_uses_it_and_after_sleep() {
    let hands = Arc::new(Hands::default());
    let app = App::with_clock(Arc::clone(&hands) as Arc<dyn Clock>).await;
    let too_short = json!({"vault": {"lock_after_secs": 5}});
    let expected = (400, "VALUE_OUT_OF_BOUNDS", "vault.lock_after_secs");
    refused(&app, "PUT", "/settings", too_short, expected).await;
    let unlock = async || {
        let body = json!({"passphrase": PASSPHRASE});
        app.ok("ACTION", "/vault/unlock", body).await;
    };
    // Both off: it stays open, as long as it may take.
    hands.wait(1_000_000);
    hands.sleep(1_000_000);
    let body = json!({"vault": {"lock_after_secs": 600}});
    let settings = app.ok("PUT", "/settings", body).await;
    let expected = json!({"lock_after_secs": 600, "lock_after_sleep": false});
    assert_eq!(settings["vault"], expected);

    // A change is a use, so the time begins anew with it; a page that looks is none.
    hands.wait(599);
    app.ok("PUT", "/group/", json!({"name": "x"})).await;
    hands.wait(599);
    let looked = app.ok("GET", "/vault", Value::Null).await;
    assert_eq!(looked["state"], "ready");
    hands.wait(1);
    is_locked(&app, "was not used").await;

    // Unlocked again, the time begins anew. Time asleep counts.
    unlock().await;
    hands.sleep(600);
    is_locked(&app, "was not used").await;

    unlock().await;
    let body = json!({"vault": {"lock_after_secs": null, "lock_after_sleep": true}});
    app.ok("PUT", "/settings", body).await;
    hands.sleep(60);
    is_locked(&app, "slept").await;
    app.stop().await;
}

fn private_file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// A script of a running farwired.
struct Script {
    client: Client,
    token: String,
}

impl Script {
    fn of(daemon: &mut Daemon, data: &Path) -> Self {
        Self {
            client: Client::new(daemon.url()),
            token: token(data, "read,write,credentials,reveal,admin"),
        }
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Asking {
        let request = self.client.request(method, path).bearer_auth(&self.token);
        match body {
            Value::Null => request,
            body => request.json(body),
        }
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let response = self.request(method, path, &body).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn save(&self, number: usize) -> String {
        let body = json!({"name": format!("desk {number}"), "host": "127.0.0.1"});
        let uid = self.ok("PUT", "/connection/", body).await["uid"].clone();
        let uid = uid.as_str().unwrap().to_owned();
        let body = json!({"vnc.password": format!("secret {number}")});
        self.ok("PUT", &format!("/connection/{uid}/credentials"), body)
            .await;
        uid
    }

    async fn assert_all(&self, uids: &[String]) {
        for (number, uid) in uids.iter().enumerate() {
            let path = format!("/connection/{uid}/credentials?reveal=1");
            let answer = self.ok("GET", &path, Value::Null).await;
            assert_eq!(answer["vnc.password"], format!("secret {number}"));
        }
    }
}

#[tokio::test]
async fn a_program_that_is_killed_while_it_replaces_the_master_key_keeps_every_secret() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let passphrase = private_file(dir.path(), "passphrase", PASSPHRASE);
    let mut daemon = Daemon::start(&data, &passphrase);
    let mut script = Script::of(&mut daemon, &data);
    let mut uids = Vec::new();
    for number in 0..20 {
        uids.push(script.save(number).await);
    }
    // The whole takes this long here; it is killed somewhere between the beginning and a little after the end.
    let begun = std::time::Instant::now();
    let body = json!({"passphrase": PASSPHRASE});
    script.ok("ACTION", "/vault/rotate", body.clone()).await;
    let whole = begun.elapsed();
    for round in 1..=6 {
        let request = script.request("ACTION", "/vault/rotate", &body).send();
        let request = tokio::spawn(request);
        tokio::time::sleep(whole.mul_f64(f64::from(round) * 0.19)).await;
        daemon.signal("-KILL");
        daemon.child.wait().unwrap();
        drop(request.await);
        daemon = Daemon::start(&data, &passphrase);
        script = Script::of(&mut daemon, &data);
        script.assert_all(&uids).await;
    }
}

/// What the `age` program makes of an archive. It asks for the passphrase on a terminal.
fn age(archive: &str) -> Option<String> {
    if !has("age") || !has("script") {
        return None;
    }
    let mut age = Command::new("script")
        .args(["-qec", &format!("age --decrypt {archive}"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(age.stdin.take().unwrap(), "for the journey").unwrap();
    let output = age.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn everything_moves_to_another_machine_by_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    let vault = private_file(dir.path(), "vault", PASSPHRASE);
    let other_vault = private_file(dir.path(), "other-vault", "another one");
    let journey = private_file(dir.path(), "journey", "for the journey");
    let (journey, archive) = (journey.to_str().unwrap(), dir.path().join("archive.age"));
    let archive = archive.to_str().unwrap();
    let mut daemon = Daemon::start(&here, &vault);
    let script = Script::of(&mut daemon, &here);
    let uids = [script.save(0).await];

    // By the running program.
    let arguments = ["export", "--out", archive, "--passphrase-file", journey];
    let exported = run(&here, &arguments);
    let said = String::from_utf8_lossy(&exported.stdout).into_owned();
    assert!(
        exported.status.success() && said.contains("1 secrets"),
        "{exported:?}"
    );
    let mode = fs::metadata(archive).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    if let Some(shown) = age(archive) {
        assert!(shown.contains("\"secret 0\""), "the age program shows it");
    }
    let again = run(&here, &arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    script.ok("ACTION", "/vault/lock", Value::Null).await;
    let locked = run(
        &here,
        &["export", "--out", "new", "--passphrase-file", journey],
    );
    assert!(
        String::from_utf8_lossy(&locked.stderr).contains("locked"),
        "{locked:?}"
    );

    // Alone, where nobody runs: first shown, then done.
    let mut arguments = vec!["import", archive, "--passphrase-file", journey];
    arguments.extend(["--vault-passphrase-file", other_vault.to_str().unwrap()]);
    let preview = run(&there, &[&arguments[..], &["--preview"]].concat());
    let said = String::from_utf8_lossy(&preview.stdout).into_owned();
    assert!(
        preview.status.success() && said.contains("nothing was changed"),
        "{preview:?}"
    );
    let imported = run(&there, &arguments);
    let table = |text: &str| text.split_once('\n').map(|(_, table)| table.to_owned());
    let done = String::from_utf8_lossy(&imported.stdout).into_owned();
    assert_eq!(table(&done), table(&said));
    let mut daemon = Daemon::start(&there, &other_vault);
    let script = Script::of(&mut daemon, &there);
    script.assert_all(&uids).await;

    // Again, by the running program: what is there stays.
    let again = run(&there, &arguments);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    let line = said.lines().find(|line| line.starts_with("credentials"));
    let words: Vec<_> = line.unwrap().split_whitespace().collect();
    assert_eq!(words, ["credentials", "0", "0", "1"], "{said}");
}
