//! The data folder: who may read it, and what is in it after a kill.

use crate::client::Client;
use crate::daemon::{Daemon, passphrase_file, run, token};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Everything below a folder, and the folder.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        next += 1;
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|known| known.is_dir());
        for entry in is_folder
            .then(|| fs::read_dir(&path))
            .into_iter()
            .flatten()
            .flatten()
        {
            all.push(entry.unwrap().path());
        }
    }
    all
}

/// Fails when anybody but the owner may do anything with what lies in a folder; answers its names.
fn assert_private(folder: &Path) -> Vec<String> {
    let all = everything(folder);
    for path in all.iter().skip(1) {
        let known = fs::symlink_metadata(path).unwrap();
        let expected = if known.is_dir() { 0o700 } else { 0o600 };
        let mode = known.permissions().mode() & 0o7777;
        assert_eq!(mode, expected, "{mode:o} {}", path.display());
    }
    let below = all.iter().map(|path| path.strip_prefix(folder).unwrap());
    below.map(|path| path.display().to_string()).collect()
}

struct Script {
    client: Client,
    token: String,
}

impl Script {
    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let mut request = self.client.request(method, path).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }
}

const SCOPES: &str = "read,write,connect,files,credentials,trust,reveal,admin";

#[tokio::test]
async fn a_new_data_folder_is_the_owners_alone_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("parent").join("data");
    fill(dir.path(), &data).await;
    let parent = fs::metadata(data.parent().unwrap()).unwrap();
    assert_eq!(parent.permissions().mode() & 0o777, 0o700);
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn in_a_folder_that_others_may_enter_they_read_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    fill(dir.path(), &data).await;
}

/// Has a program under an open umask write every kind of file, and fails when one of them is anybody else's to read.
async fn fill(dir: &Path, data: &Path) {
    let passphrase = passphrase_file(dir, 0o600);
    let mut daemon = Daemon::with_umask(data, &passphrase, "000");
    let script = Script {
        client: Client::new(daemon.url()),
        token: token(data, SCOPES),
    };
    // Enough of everything for every kind of file.
    let notes = "n".repeat(10_000);
    for number in 0..30 {
        let body = json!({"name": format!("m{number}"), "host": "a.example", "notes": notes});
        let made = script.ok("PUT", "/connection", body).await;
        let path = format!("/connection/{}/credentials", made["uid"].as_str().unwrap());
        script.ok("PUT", &path, json!({"vnc.password": "p"})).await;
    }
    // Nobody answers there: it stays.
    let far = json!({"name": "far", "protocol": "SSH", "host": "127.0.0.1", "port": 1});
    let uid = script.ok("PUT", "/connection", far).await["uid"].take();
    let copy = json!({"from": {"uid": uid, "path": "/x"}, "to": {"path": dir.join("copied")}});
    script.ok("PUT", "/transfer", copy).await;
    let backup = script.ok("ACTION", "/backups", Value::Null).await;
    let path = format!("/backup/{}/restore", backup["id"].as_str().unwrap());
    script.ok("ACTION", &path, Value::Null).await;
    let archive = data.join("archive.age");
    let journey = dir.join("journey");
    fs::write(&journey, "a passphrase for the journey").unwrap();
    fs::set_permissions(&journey, fs::Permissions::from_mode(0o600)).unwrap();
    let exported = run(
        data,
        &[
            "export",
            "--out",
            archive.to_str().unwrap(),
            "--passphrase-file",
            journey.to_str().unwrap(),
        ],
    );
    assert!(exported.status.success(), "{exported:?}");
    let names = assert_private(data);
    for part in [
        "store/db",
        "backups/store-",
        "audit/audit.jsonl",
        "transfers/",
        "api-token",
        "api.json",
        "control.sock",
        "archive.age",
    ] {
        assert!(
            names.iter().any(|name| name.starts_with(part)),
            "{part}: {names:?}"
        );
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let passphrase = passphrase_file(dir.path(), 0o600);
    let mut token = None;
    let mut answered: Vec<(String, String)> = Vec::new();
    for round in 0..5 {
        let mut daemon = Daemon::start(&data, &passphrase);
        let url = daemon.url();
        let token = token
            .get_or_insert_with(|| self::token(&data, SCOPES))
            .clone();
        let script = Script {
            client: Client::new(url),
            token,
        };
        for (uid, password) in &answered {
            let path = format!("/connection/{uid}/credentials?reveal=1");
            let kept = script.ok("GET", &path, Value::Null).await;
            assert_eq!(kept["vnc.password"], password.as_str(), "round {round}");
        }
        let history = script.ok("GET", "/history?limit=1000", Value::Null).await;
        assert_eq!(history.as_array().unwrap().len(), answered.len() * 2);
        for number in 0..4 {
            let body = json!({"name": "m", "host": "a.example"});
            let made = script.ok("PUT", "/connection", body).await;
            let uid = made["uid"].as_str().unwrap().to_owned();
            let password = format!("{round}-{number}");
            let path = format!("/connection/{uid}/credentials");
            let body = json!({"vnc.password": password});
            script.ok("PUT", &path, body).await;
            answered.push((uid, password));
        }
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
    }
}
