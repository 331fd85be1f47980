//! Data of every released schema is read by this version, with everything in it.
//!
//! `fixtures/schema-N` is what the last version with schema N left behind: `data`, a data directory, and `expected.json`, what
//! that version showed of it. Once a schema is raised, its first fixture is made and committed, so that records which change
//! without it are found, and before it is raised again another one:
//!
//! ```text
//! cargo test -p farwire-core --test schema -- --ignored
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use farwire_core::connections::ConnectionChange;
use farwire_core::groups::GroupChange;
use farwire_core::origin::Origin;
use farwire_core::store::{self, Batch, SCHEMA_VERSION, Tree};
use farwire_core::{Config, Core};
use farwire_model::connection::ProtocolKind;
use farwire_model::secret::Secret;
use farwire_model::settings::{Settings, Theme};
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PASSPHRASE: &str = "the passphrase of a fixture";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

async fn open(data_dir: &Path) -> Arc<Core> {
    let core = Core::open(Config::at(data_dir)).await.unwrap();
    core.vault()
        .unlock_with_passphrase(Secret::new(PASSPHRASE))
        .await
        .unwrap();
    core
}

/// Everything saved as people and scripts see it, with the secrets in the clear.
fn shown(core: &Core) -> Value {
    let connections = core.connections(&farwire_core::search::ConnectionQuery::default());
    let credentials = connections.iter().map(|connection| {
        let view = core.credentials(&connection.uid, true).unwrap();
        let values = view.values.iter();
        let values = values.map(|(key, value)| (key.clone(), json!(value.expose())));
        Value::Object(values.collect())
    });
    json!({
        "groups": core.groups(),
        "credentials": credentials.collect::<Value>(),
        "connections": connections,
        "tokens": core.tokens(),
        "trust": core.trust(),
        "settings": core.settings(),
    })
}

async fn fill(core: &Core) -> Secret {
    let name = |name: &str| GroupChange {
        name: Some(name.to_owned()),
        ..GroupChange::default()
    };
    let office = core
        .create_group(&Origin::window(), name("Office"))
        .await
        .unwrap();
    let below = GroupChange {
        parent: Some(Some(office.clone())),
        ..name("Second floor, Zürich")
    };
    let floor = core.create_group(&Origin::window(), below).await.unwrap();
    let desk = ConnectionChange {
        name: Some("Desk".to_owned()),
        host: Some(Some("desk.example".to_owned())),
        port: Some(Some(5901)),
        group: Some(Some(floor)),
        tags: Some(vec!["linux".to_owned(), "été".to_owned()]),
        is_favorite: Some(true),
        notes: Some("n".repeat(9_000)),
        mac: Some(Some("02:00:00:00:00:01".to_owned())),
        settings: vec![("vnc.quality".to_owned(), Some(json!("lossless")))],
        ..ConnectionChange::default()
    };
    let desk = core
        .create_connection(&Origin::window(), desk)
        .await
        .unwrap();
    let gate = ConnectionChange {
        name: Some("Gate".to_owned()),
        protocol: Some(ProtocolKind::Ssh),
        host: Some(Some("192.0.2.7".to_owned())),
        group: Some(Some(office)),
        ..ConnectionChange::default()
    };
    let gate = core
        .create_connection(&Origin::window(), gate)
        .await
        .unwrap();
    for (id, values) in [
        (
            &desk,
            vec![("vnc.username", "mia"), ("vnc.password", "pässword")],
        ),
        (
            &gate,
            vec![
                ("ssh.username", "root"),
                ("ssh.key", &"k".repeat(3_000)),
                ("ssh.passphrase", "p"),
            ],
        ),
    ] {
        let values = values.into_iter();
        let values = values.map(|(key, value)| (key.to_owned(), Some(Secret::new(value))));
        core.put_credentials(&Origin::window(), id, values.collect(), None)
            .await
            .unwrap();
    }
    let fingerprint = format!("SHA256:{}", "A".repeat(43));
    core.accept(
        &Origin::window(),
        "desk.example".to_owned(),
        5901,
        fingerprint,
    )
    .await
    .unwrap();
    let mut settings = Settings::default();
    settings.api.port = 4001;
    settings.appearance.theme = Theme::Dark;
    core.save_settings(settings).await.unwrap();
    let scopes = vec![Scope::Read, Scope::Reveal];
    let made = core.create_token("a script".to_owned(), scopes, None).await;
    made.unwrap().1
}

#[tokio::test]
#[ignore = "makes the fixture of this version's schema"]
async fn make_the_fixture() {
    let dir = fixtures().join(format!("schema-{SCHEMA_VERSION}"));
    assert!(!dir.exists(), "{} is there already", dir.display());
    let core = open(&dir.join("data")).await;
    let token = fill(&core).await;
    let mut expected = shown(&core);
    expected["token"] = json!(token.expose());
    core.close().await;
    // Room that is put aside is no data.
    fs::remove_file(dir.join("data/reserve")).unwrap();
    let text = serde_json::to_string_pretty(&expected).unwrap();
    fs::write(dir.join("expected.json"), text + "\n").unwrap();
}

/// Whether everything that was expected is there; a later version may show more.
fn assert_has(shown: &Value, expected: &Value, place: &str) {
    match (shown, expected) {
        (Value::Object(shown), Value::Object(expected)) => {
            for (key, expected) in expected {
                let place = format!("{place}.{key}");
                assert_has(shown.get(key).unwrap_or(&Value::Null), expected, &place);
            }
        }
        (Value::Array(shown), Value::Array(expected)) => {
            assert_eq!(shown.len(), expected.len(), "{place}");
            for (at, (shown, expected)) in shown.iter().zip(expected).enumerate() {
                assert_has(shown, expected, &format!("{place}[{at}]"));
            }
        }
        _ => assert_eq!(shown, expected, "{place}"),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn backups(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("backups")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn data_of_every_released_schema_is_read_and_backed_up_before() {
    for schema in 1..=SCHEMA_VERSION {
        let fixture = fixtures().join(format!("schema-{schema}"));
        let text = fs::read_to_string(fixture.join("expected.json")).unwrap();
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        let token = expected["token"].take();
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        copy(&fixture.join("data"), &data_dir);
        // Twice: what was brought up to date is opened like any other.
        for _ in 0..2 {
            let core = open(&data_dir).await;
            assert_eq!(core.notice(), None);
            assert_has(&shown(&core), &expected, "shown");
            assert!(core.find_token(token.as_str().unwrap()).is_some());
            core.close().await;
            drop(core);
            if schema == SCHEMA_VERSION {
                continue;
            }
            let [before] = backups(&data_dir).try_into().unwrap();
            let name = before.file_name().unwrap().to_str().unwrap();
            assert!(name.ends_with(&format!("-schema-{schema}.jsonl")), "{name}");
            assert_imports(&before, schema);
        }
    }
}

/// A backup made before a migration is of the older schema, and an empty store takes it.
fn assert_imports(backup: &Path, schema: u32) {
    let text = fs::read_to_string(backup).unwrap();
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(header["schema"], schema);
    let dir = tempfile::tempdir().unwrap();
    let store = store::open(dir.path()).unwrap().store;
    let imported = store.import(&mut text.as_bytes()).unwrap();
    assert_eq!(imported, text.lines().count() as u64 - 2);
    assert!(!store.scan(Tree::Credentials, "").unwrap().is_empty());
}

#[tokio::test]
async fn data_of_a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store::open(dir.path()).unwrap().store;
    let newer = SCHEMA_VERSION + 1;
    let mut batch = Batch::new();
    batch.put(Tree::Meta, "schema_version", newer.to_string().into_bytes());
    store.commit(batch).wait().unwrap();
    drop(store);
    let error = Core::open(Config::at(dir.path())).await.map(drop);
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains(&format!("of schema {newer}")) && message.contains("install a newer"),
        "{message}"
    );
    let names = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["holder", "reserve", "store"]);
}
