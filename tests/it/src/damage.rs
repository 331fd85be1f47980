//! Damaged files: farwired starts all the same, and loses nothing without a word.

use crate::client::Client;
use crate::daemon::{Daemon, PASSPHRASE, passphrase_file, program, token};
use farwire_core::connections::ConnectionChange;
use farwire_core::groups::GroupChange;
use farwire_core::origin::Origin;
use farwire_core::{Config, Core};
use farwire_model::secret::Secret;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often each file is damaged; more in the long tests.
const ROUNDS: &str = "FARWIRE_DAMAGE_ROUNDS";
const DEFAULT_ROUNDS: usize = 1;

/// How many bytes are flipped, in turn.
const FLIPPED: [usize; 3] = [1, 16, 400];

async fn open(data: &Path) -> std::sync::Arc<Core> {
    let core = Core::open(Config::at(data)).await.unwrap();
    let unlocked = core.vault().unlock_with_passphrase(Secret::new(PASSPHRASE));
    unlocked.await.unwrap();
    core
}

async fn add(core: &Core, name: &str) {
    let group = GroupChange {
        name: Some(name.to_owned()),
        ..GroupChange::default()
    };
    let group = core.create_group(&Origin::window(), group).await.unwrap();
    let connection = ConnectionChange {
        name: Some(name.to_owned()),
        host: Some(Some("192.0.2.1".to_owned())),
        group: Some(Some(group)),
        notes: Some(format!("notes of {name} ").repeat(30)),
        ..ConnectionChange::default()
    };
    let id = core
        .create_connection(&Origin::window(), connection)
        .await
        .unwrap();
    let password = ("vnc.password".to_owned(), Some(Secret::new(name)));
    core.put_credentials(&Origin::window(), &id, vec![password], None)
        .await
        .unwrap();
}

/// Everything a running program leaves: a store, a backup of most of it, a token.
async fn fill(data: &Path, passphrase: &Path) {
    let core = open(data).await;
    for number in 0..30 {
        add(&core, &format!("backed up {number}")).await;
    }
    core.back_up().await.unwrap();
    for number in 0..10 {
        add(&core, &format!("later {number}")).await;
    }
    core.close().await;
    drop(core);
    let mut daemon = Daemon::start(data, passphrase);
    let client = Client::new(daemon.url());
    let token = token(data, "read,write,files");
    let put = async |path: &str, body: Value| -> Value {
        let request = client.request("PUT", path).bearer_auth(&token).json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    };
    let ssh =
        json!({ "name": "later over SSH", "protocol": "SSH", "host": "127.0.0.1", "port": 1 });
    let uid = put("/connection", ssh).await["uid"].take();
    // Nobody answers there: it stays, and is tried again.
    let there = json!({ "uid": uid, "path": "/etc/hostname" });
    let here = json!({ "path": data.with_file_name("copied") });
    put("/transfer", json!({ "from": there, "to": here })).await;
    fs::create_dir(data.join("logs")).unwrap();
    fs::write(data.join("logs/session.log"), "$ uptime\n").unwrap();
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Flips some bytes somewhere, the same ones each time; an empty file gets some.
fn damage(file: &Path, round: usize) -> String {
    let mut hasher = DefaultHasher::new();
    (file.file_name(), round).hash(&mut hasher);
    let mut bytes = fs::read(file).unwrap();
    if bytes.is_empty() {
        bytes.push(0);
    }
    let at = usize::try_from(hasher.finish() % bytes.len() as u64).unwrap();
    let count = FLIPPED[round % FLIPPED.len()];
    for byte in bytes.iter_mut().skip(at).take(count) {
        *byte ^= 0xa5;
    }
    fs::write(file, bytes).unwrap();
    format!("{count} bytes from {at} of {}", file.display())
}

/// What a program that started on a data directory shows.
struct Shown {
    /// Names of groups, connections, transfers and tokens, and passwords.
    names: BTreeSet<String>,
    /// Lines of the audit.
    audited: usize,
    notice: Option<String>,
    errors: String,
}

async fn start(data: &Path, passphrase: &Path) -> Shown {
    let mut daemon = Daemon::start(data, passphrase);
    let url = daemon.url();
    let made = Command::new(program())
        .args([
            "token",
            "new",
            "--name",
            "x",
            "--scopes",
            "read,files,reveal,admin",
        ])
        .arg("--data-dir")
        .arg(data)
        .output()
        .unwrap();
    let token = String::from_utf8(made.stdout).unwrap();
    shown(&daemon, &url, &token).await
}

async fn shown(daemon: &Daemon, url: &str, token: &str) -> Shown {
    let client = Client::new(url);
    let get = async |path: &str| -> (u16, Value) {
        let request = client.request("GET", path).bearer_auth(token.trim());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let all = async |path: &str| -> Vec<Value> {
        let (status, answer) = get(path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer.as_array().unwrap().clone()
    };
    let mut names = BTreeSet::new();
    for (what, path, key) in [
        ("group", "/groups", "name"),
        ("connection", "/connections", "name"),
        ("transfer", "/transfers", "transfer_id"),
        ("token", "/tokens", "name"),
    ] {
        for thing in all(path).await {
            names.insert(format!("{what} {}", thing[key].as_str().unwrap()));
        }
    }
    for connection in all("/connections").await {
        let uid = connection["uid"].as_str().unwrap();
        let path = format!("/connection/{uid}/credentials?reveal=1");
        // A locked vault tells none.
        if let Some(password) = get(&path).await.1["vnc.password"].as_str() {
            names.insert(format!("password {password}"));
        }
    }
    let audited = all("/audit").await;
    // Its own reading of passwords is in it, too.
    let audited = audited
        .iter()
        .filter(|line| line["method"] != "GET")
        .count();
    let notice = get("/settings").await.1["notice"]
        .as_str()
        .map(str::to_owned);
    Shown {
        names,
        audited,
        notice,
        errors: daemon.errors(),
    }
}

#[tokio::test]
async fn whichever_file_is_damaged_it_starts_and_tells_what_is_lost() {
    let rounds = std::env::var(ROUNDS).map_or(DEFAULT_ROUNDS, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(dir.path(), 0o600);
    let whole = dir.path().join("whole");
    fill(&whole, &passphrase).await;
    let probe = dir.path().join("probe");
    copy(&whole, &probe);
    let before = start(&probe, &passphrase).await;
    assert_eq!((before.names.len(), &before.notice), (125, &None));
    assert_eq!(before.audited, 2);
    let backed_up = |name: &&String| name.contains("backed up");
    let (mut told, mut harmless) = (0, 0);
    let paths = files(&whole);
    // The engine's own, and the witness.
    assert!(files(&whole.join("store")).len() > 1, "{paths:?}");
    for place in [
        "store/acknowledged",
        "api-token",
        "holder",
        "audit/audit.jsonl",
        "logs/session.log",
    ] {
        assert!(paths.contains(&whole.join(place)), "{place} of {paths:?}");
    }
    for path in &paths {
        for round in 0..rounds {
            let data = dir.path().join("damaged");
            copy(&whole, &data);
            let what = damage(&data.join(path.strip_prefix(&whole).unwrap()), round);
            let after = start(&data, &passphrase).await;
            assert!(
                after.audited == before.audited
                    || after.errors.contains("a line of the audit cannot be read"),
                "{what}: {} of {} lines of the audit",
                after.audited,
                before.audited
            );
            match &after.notice {
                None => {
                    assert!(after.names == before.names, "{what}: lost without a word");
                    harmless += 1;
                }
                Some(notice) => {
                    assert!(after.errors.contains(notice), "{what}: {}", after.errors);
                    let mut missing = before.names.difference(&after.names).filter(backed_up);
                    let missing = missing.next();
                    assert!(
                        missing.is_none(),
                        "{what}: {missing:?} is in the backup: {notice}"
                    );
                    let aside = fs::read_dir(&data).unwrap().any(|entry| {
                        let name = entry.unwrap().file_name();
                        name.to_string_lossy().contains(".damaged-")
                    });
                    assert!(aside, "{what}: nothing was kept: {notice}");
                    told += 1;
                }
            }
            fs::remove_dir_all(&data).unwrap();
        }
    }
    assert!(told > 0 && harmless > 0, "{told} told, {harmless} harmless");
    println!(
        "{} files: {told} losses were told, {harmless} did no harm",
        paths.len()
    );
}

#[tokio::test]
async fn on_a_disk_that_can_only_be_read_it_shows_everything_and_says_that_it_saves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(dir.path(), 0o600);
    let data = dir.path().join("data");
    let may_mount = Command::new("unshare").args(["-m", "true"]).status();
    if !may_mount.unwrap().success() {
        assert!(std::env::var_os("CI").is_none(), "nothing can be mounted");
        eprintln!("SKIPPED: namespaces cannot be made here, which takes root");
        return;
    }
    fill(&data, &passphrase).await;
    let token = token(&data, "read,write,files,credentials,reveal,admin");
    let bytes = |path: &PathBuf| (path.clone(), fs::read(path).unwrap());
    let before: Vec<_> = files(&data).iter().map(bytes).collect();
    let mut daemon = Daemon::read_only(&data, &passphrase);
    let url = daemon.url();
    let shown = shown(&daemon, &url, &token).await;
    assert_eq!(shown.names.len(), 124);
    let notice = shown.notice.unwrap();
    assert!(notice.starts_with("Nothing can be saved: "), "{notice}");
    assert!(shown.errors.contains(&notice), "{}", shown.errors);

    // Passwords can be had, and every change is refused.
    let client = Client::new(url.as_str());
    let ask = async |method: &str, path: &str, body: Value| {
        let mut request = client.request(method, path).bearer_auth(&token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let (_, all): (_, Value) = ask("GET", "/connections?q=later", Value::Null).await;
    let (uid, name) = (all[0]["uid"].as_str(), &all[0]["name"]);
    let uid = uid.unwrap_or_else(|| panic!("{all}"));
    let path = format!("/connection/{uid}/credentials");
    let (_, secrets) = ask("GET", &format!("{path}?reveal=1"), Value::Null).await;
    assert_eq!(&secrets["vnc.password"], name);
    for (method, path, body) in [
        ("PUT", "/group", json!({ "name": "new" })),
        (
            "PUT",
            &*format!("/connection/{uid}"),
            json!({ "name": "new" }),
        ),
        ("PUT", &*path, json!({ "vnc.password": "new" })),
        ("DELETE", &*format!("/connection/{uid}"), Value::Null),
        (
            "PUT",
            "/tokens",
            json!({ "name": "new", "scopes": ["read"] }),
        ),
    ] {
        let (status, told) = ask(method, path, body).await;
        let message = told["error_message"].as_str().unwrap_or_default();
        assert!(
            status == 503 && message.contains("can only be read"),
            "{method} {path}: {status} {told}"
        );
    }
    let (_, now) = ask("GET", &format!("{path}?reveal=1"), Value::Null).await;
    assert_eq!(now, secrets);

    // Nothing is left of the copy that it worked on, and the disk is as it was.
    daemon.signal("-TERM");
    assert!(daemon.child.wait().unwrap().success());
    let mut left = fs::read_dir(dir.path().join("run")).unwrap();
    assert!(left.next().is_none());
    let after: Vec<_> = files(&data).iter().map(bytes).collect();
    assert!(before == after);
}
