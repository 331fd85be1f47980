//! Going back to a backup, in the running program and without it.

use crate::app::App;
use crate::daemon::{Daemon, PASSPHRASE, passphrase_file, program};
use farwire_core::origin::Origin;
use farwire_core::{Config, Core};
use farwire_model::event::EventKind;
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What people see of everything saved, secrets in the clear, without what counts changes.
async fn shown(app: &App) -> Value {
    let reveal = app.token_with(&[Scope::Read, Scope::Reveal]).await;
    let connections = app.ok("GET", "/connections", Value::Null).await;
    let mut credentials = Vec::new();
    for connection in connections.as_array().unwrap() {
        let path = format!(
            "/connection/{}/credentials?reveal=1",
            connection["uid"].as_str().unwrap()
        );
        credentials.push(app.call_as(&reveal, "GET", &path, Value::Null).await.1);
    }
    let mut settings = app.ok("GET", "/settings", Value::Null).await;
    settings = settings["appearance"].take();
    for credentials in &mut credentials {
        credentials.as_object_mut().unwrap().remove("revision");
    }
    json!({
        "saved": app.everything().await,
        "credentials": credentials,
        "appearance": settings,
    })
}

async fn restore(app: &App, backup: &Value) -> Value {
    let path = format!("/backup/{}/restore", backup.as_str().unwrap());
    app.ok("ACTION", &path, Value::Null).await
}

#[tokio::test]
async fn a_backup_brings_everything_back_and_so_does_the_one_made_before() {
    let app = App::start().await;
    let (status, answer) = app.call("ACTION", "/backups", Value::Null).await;
    assert_eq!(status, 200, "the vault's records are saved: {answer}");
    let group = app.ok("PUT", "/group", json!({"name": "Office"})).await;
    let kept = app.vnc(5901, Some("kept")).await;
    let gone = app.vnc(5902, Some("gone")).await;
    let fingerprint = format!("SHA256:{}", "A".repeat(43));
    let trust = json!({"host": "desk", "port": 5900, "fingerprint": fingerprint});
    app.ok("PUT", "/trust", trust).await;
    let earlier = shown(&app).await;
    let backup = app.ok("ACTION", "/backups", Value::Null).await;
    let listed = app.ok("GET", "/backups", Value::Null).await;
    assert_eq!(listed[0], backup);
    let lines = fs::read_to_string(app.dir.path().join(format!(
        "data/backups/store-{}.jsonl",
        backup["id"].as_str().unwrap()
    )))
    .unwrap();
    assert_eq!(backup["records"], lines.lines().count() - 2);
    assert_eq!(backup["bytes"], lines.len());

    // Every kind of thing is changed, removed and added.
    let password = json!({"vnc.password": "changed"});
    let path = format!("/connection/{kept}");
    app.ok("PUT", &format!("{path}/credentials"), password)
        .await;
    app.ok(
        "PUT",
        &path,
        json!({"name": "renamed", "category_uid": group["group_uid"]}),
    )
    .await;
    app.ok("DELETE", &format!("/connection/{gone}"), Value::Null)
        .await;
    app.vnc(5903, Some("new")).await;
    let decisions = app.ok("GET", "/trust", Value::Null).await;
    let decision = format!("/trust/{}", decisions[0]["id"].as_str().unwrap());
    app.ok("DELETE", &decision, Value::Null).await;
    let theme = json!({"appearance": {"theme": "dark"}});
    app.ok("PUT", "/settings", theme).await;
    let later_token = app.token_with(&[Scope::Read]).await;
    let later = shown(&app).await;
    assert_ne!(later, earlier);

    let mut events = app.api.core().subscribe();
    let restored = restore(&app, &backup["id"]).await;
    assert_eq!(shown(&app).await, earlier);
    // Two connections, one new; their credentials; a decision; the settings.
    assert_eq!(restored["changed"], 8, "{restored}");
    let mut kinds = Vec::new();
    while let Ok(event) = events.try_recv() {
        kinds.push(event.kind);
    }
    for kind in [
        EventKind::Connection,
        EventKind::Credential,
        EventKind::Trust,
        EventKind::Settings,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} of {kinds:?}");
    }
    // Tokens are no part of it.
    let (status, _) = app
        .call_as(&later_token, "GET", "/groups", Value::Null)
        .await;
    assert_eq!(status, 200);

    restore(&app, &restored["before"]).await;
    assert_eq!(shown(&app).await, later);
    let (status, answer) = app
        .call("ACTION", "/backup/20200101T000000Z/restore", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error_code"]),
        (404, &json!("BAD_REQUEST"))
    );

    // It is what the store holds, too.
    let App {
        api, server, dir, ..
    } = app;
    api.close().await;
    server.stop().await;
    drop(api);
    let core = Core::open(Config::at(dir.path().join("data")))
        .await
        .unwrap();
    let names: Vec<_> = core
        .connections(&farwire_core::search::ConnectionQuery::default())
        .into_iter()
        .map(|c| c.name)
        .collect();
    assert_eq!(names, ["desk", "renamed"]);
}

#[tokio::test]
async fn going_back_needs_the_scopes_of_what_comes_back() {
    let app = App::start().await;
    let fingerprint = format!("SHA256:{}", "A".repeat(43));
    let trust = json!({"host": "desk", "port": 5900, "fingerprint": fingerprint});
    app.ok("PUT", "/trust", trust).await;
    let backup = app.ok("ACTION", "/backups", Value::Null).await;
    let decisions = app.ok("GET", "/trust", Value::Null).await;
    let decision = format!("/trust/{}", decisions[0]["id"].as_str().unwrap());
    app.ok("DELETE", &decision, Value::Null).await;
    let path = format!("/backup/{}/restore", backup["id"].as_str().unwrap());
    let needed = [Scope::Write, Scope::Credentials, Scope::Trust];
    for missing in needed {
        let mut scopes = vec![Scope::Admin];
        scopes.extend(needed.into_iter().filter(|scope| *scope != missing));
        let token = app.token_with(&scopes).await;
        let (status, answer) = app.call_as(&token, "ACTION", &path, Value::Null).await;
        let seen = (status.as_u16(), answer["property"].as_str());
        assert_eq!(seen, (403, Some(missing.as_str())));
        assert_eq!(app.ok("GET", "/trust", Value::Null).await, json!([]));
    }
    app.ok("ACTION", &path, Value::Null).await;
    assert_eq!(app.ok("GET", "/trust", Value::Null).await, decisions);
}

#[tokio::test]
async fn a_backup_with_secrets_of_another_key_is_refused() {
    let (app, other) = (App::start().await, App::start().await);
    other.vnc(5901, Some("theirs")).await;
    let uid = app.vnc(5902, Some("ours")).await;
    let backup = other.ok("ACTION", "/backups", Value::Null).await;
    let id = backup["id"].as_str().unwrap();
    let file = |app: &App| {
        let backups = app.dir.path().join("data/backups");
        fs::create_dir_all(&backups).unwrap();
        backups.join(format!("store-{id}.jsonl"))
    };
    fs::copy(file(&other), file(&app)).unwrap();
    let path = format!("/backup/{id}/restore");
    let (status, answer) = app.call("ACTION", &path, Value::Null).await;
    assert_eq!(
        (status.as_u16(), &answer["property"]),
        (409, &json!("vault"))
    );
    app.ok("GET", &format!("/connection/{uid}"), Value::Null)
        .await;
}

fn restore_command(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("restore").args(words).arg("--data-dir");
    command.arg(data).output().unwrap()
}

#[tokio::test]
async fn the_command_line_restores_a_backup_and_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let core = Core::open(Config::at(&data)).await.unwrap();
    core.vault()
        .unlock_with_passphrase(Secret::new(PASSPHRASE))
        .await
        .unwrap();
    let named = |name: &str| farwire_core::groups::GroupChange {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    core.create_group(&Origin::window(), named("in the backup"))
        .await
        .unwrap();
    let backup = core.back_up().await.unwrap();
    core.create_group(&Origin::window(), named("later"))
        .await
        .unwrap();
    core.close().await;
    drop(core);

    let passphrase = passphrase_file(dir.path(), 0o600);
    let mut daemon = Daemon::start(&data, &passphrase);
    daemon.url();
    let refused = restore_command(&data, &[]);
    assert_eq!(refused.status.code(), Some(3));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        message.contains(&daemon.child.id().to_string()),
        "{message}"
    );
    drop(daemon);

    let list = String::from_utf8(restore_command(&data, &["--list"]).stdout).unwrap();
    let line = format!(
        "{}  {}  {}",
        backup.id,
        backup.records.unwrap(),
        backup.bytes
    );
    assert!(list.lines().any(|listed| listed == line), "{list}");
    let unknown = restore_command(&data, &["yesterday"]);
    assert_eq!(unknown.status.code(), Some(1));
    let message = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        message.contains("yesterday") && message.contains("--list"),
        "{message}"
    );

    let restored = restore_command(&data, &[&backup.id]);
    let told = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(restored.status.success(), "{told}");
    let aside = told.rsplit_once(" kept in ").unwrap().1.trim();
    let aside = Path::new(aside.strip_suffix('.').unwrap());
    assert!(aside.join("db").is_file(), "{told}");
    let core = Core::open(Config::at(&data)).await.unwrap();
    let names: Vec<_> = core.groups().into_iter().map(|group| group.name).collect();
    assert_eq!(names, ["in the backup"]);
    assert_eq!(core.notice(), None);
    core.close().await;
    drop(core);

    // What was there can be put back by hand.
    fs::remove_dir_all(data.join("store")).unwrap();
    fs::rename(aside, data.join("store")).unwrap();
    let core = Core::open(Config::at(&data)).await.unwrap();
    assert_eq!(core.groups().len(), 2);
    core.close().await;
}
