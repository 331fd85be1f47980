//! Archives between two applications, each with a master key of its own.

use super::*;
use crate::connections::ConnectionChange;
use crate::error::CoreError;
use crate::groups::GroupChange;
use crate::origin::Origin;
use crate::shared_credentials::CredentialChange;
use crate::vault::VaultError;
use crate::{Config, Core};
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::settings::Theme;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

const KEY: &str = "vnc.password";

fn passphrase() -> Secret {
    Secret::new("for the journey")
}

/// An application whose vault has a passphrase of its own.
async fn start(dir: &Path, vault: &str) -> Arc<Core> {
    let core = Core::open(Config::at(dir)).await.unwrap();
    core.vault()
        .unlock_with_passphrase(Secret::new(vault))
        .await
        .unwrap();
    core
}

async fn save(core: &Core, name: &str, password: &str) -> ConnectionId {
    let change = GroupChange {
        name: Some(format!("group of {name}")),
        ..GroupChange::default()
    };
    let group = core.create_group(&Origin::window(), change).await;
    let change = ConnectionChange {
        name: Some(name.to_owned()),
        host: Some(Some("desk.example".to_owned())),
        group: Some(Some(group.unwrap())),
        ..ConnectionChange::default()
    };
    let id = core
        .create_connection(&Origin::window(), change)
        .await
        .unwrap();
    write(core, &id, password).await;
    id
}

async fn write(core: &Core, id: &ConnectionId, password: &str) {
    let values = vec![(KEY.to_owned(), Some(Secret::new(password)))];
    core.put_credentials(&Origin::window(), id, values, None)
        .await
        .unwrap();
}

fn read(core: &Core, id: &ConnectionId) -> String {
    let view = core.credentials(id, true).unwrap();
    view.values[KEY].expose().to_owned()
}

fn tally(added: u64, replaced: u64, skipped: u64) -> Tally {
    Tally {
        added,
        replaced,
        skipped,
    }
}

#[tokio::test]
async fn everything_moves_to_another_machine_and_nothing_is_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let here = start(&dir.path().join("here"), "a vault").await;
    let id = save(&here, "desk", "hunter2 \"ä\"\n").await;
    let change = CredentialChange {
        name: Some("all desks".to_owned()),
        values: vec![("password".to_owned(), Some(Secret::new("shared by many")))],
        ..CredentialChange::default()
    };
    let shared = here
        .create_credential(&Origin::window(), change)
        .await
        .unwrap();
    let mut settings = here.settings();
    settings.appearance.theme = Theme::Dark;
    (settings.api.enabled, settings.api.port) = (true, 4000);
    here.save_settings(settings).await.unwrap();
    let path = dir.path().join("archive.age");
    let exported = here
        .export_archive(path.clone(), passphrase())
        .await
        .unwrap();
    assert_eq!((exported.records, exported.secrets), (5, 2));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = here.export_archive(path.clone(), passphrase()).await;
    assert!(matches!(again, Err(ArchiveError::Exists { .. })));
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert!(!bytes.windows(4).any(|part| part == b"desk"));

    let open = || read_archive(&path, &passphrase()).unwrap();
    let there = start(&dir.path().join("there"), "another vault").await;
    let preview = there.preview_import(&open(), SameId::Skip);
    assert!(there.connection(&id).is_err());
    let imported = there
        .import_archive(&Origin::window(), open(), SameId::Skip)
        .await
        .unwrap();
    assert_eq!(imported, preview);
    let one = tally(1, 0, 0);
    let expected = Imported {
        groups: one,
        connections: one,
        credentials: one,
        shared: one,
        trust: Tally::default(),
        settings: one,
    };
    assert_eq!(imported, expected);
    assert_eq!(read(&there, &id), "hunter2 \"ä\"\n");
    let came = there.shared_credential(&shared, true).unwrap();
    assert_eq!(came.name, "all desks");
    assert_eq!(came.values.values["password"].expose(), "shared by many");
    let group = there.connection(&id).unwrap().category_uid;
    assert!(group.is_some() && group == here.connection(&id).unwrap().category_uid);
    assert_eq!(there.settings().appearance.theme, Theme::Dark);
    assert!(!there.settings().api.enabled, "no port opens by an import");

    write(&there, &id, "changed there").await;
    let skipped = there
        .import_archive(&Origin::window(), open(), SameId::Skip)
        .await
        .unwrap();
    assert_eq!(skipped.credentials, tally(0, 0, 1));
    assert_eq!(read(&there, &id), "changed there");
    let replaced = there
        .import_archive(&Origin::window(), open(), SameId::Replace)
        .await
        .unwrap();
    assert_eq!(replaced.credentials, tally(0, 1, 0));
    assert_eq!(read(&there, &id), "hunter2 \"ä\"\n");

    // What came is sealed with the master key of there, and stays so.
    there.close().await;
    drop(there);
    let there = start(&dir.path().join("there"), "another vault").await;
    assert_eq!(read(&there, &id), "hunter2 \"ä\"\n");
}

#[tokio::test]
async fn what_is_no_archive_or_not_whole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let core = start(&dir.path().join("data"), "a vault").await;
    save(&core, "desk", "hunter2").await;
    let path = dir.path().join("archive.age");
    core.export_archive(path.clone(), passphrase())
        .await
        .unwrap();
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let other = dir.path().join("other");
    for (bytes, with, part) in [
        (whole.clone(), "not it", "the passphrase does not open"),
        (flipped, "for the journey", "is no archive"),
        (
            whole[..whole.len() - 1].to_vec(),
            "for the journey",
            "is no archive",
        ),
        (whole[..30].to_vec(), "for the journey", "is no archive"),
        (b"{}".to_vec(), "for the journey", "is no archive"),
        (Vec::new(), "for the journey", "is no archive"),
    ] {
        fs::write(&other, &bytes).unwrap();
        let error = match read_archive(&other, &Secret::new(with)) {
            Ok(_) => panic!("{} bytes were taken", bytes.len()),
            Err(error) => error.to_string(),
        };
        assert!(
            error.contains(part) && !error.contains("hunter2"),
            "{error}"
        );
    }
    let missing = read_archive(&dir.path().join("none"), &passphrase());
    assert!(matches!(missing, Err(ArchiveError::File { .. })));
}

#[tokio::test]
async fn a_locked_vault_gives_nothing_away() {
    let dir = tempfile::tempdir().unwrap();
    let core = start(&dir.path().join("data"), "a vault").await;
    save(&core, "desk", "hunter2").await;
    core.vault().lock();
    let path = dir.path().join("archive.age");
    let refused = core.export_archive(path.clone(), passphrase()).await;
    assert!(matches!(
        refused,
        Err(ArchiveError::Core(CoreError::Vault {
            source: VaultError::Locked { .. }
        }))
    ));
    assert!(!path.exists());
}

/// Who wrote an archive may know a group of here by its identifier, and named the machine himself.
#[tokio::test]
async fn a_machine_from_elsewhere_gets_no_credentials_of_a_group_that_is_here() {
    let dir = tempfile::tempdir().unwrap();
    let here = start(&dir.path().join("here"), "a vault").await;
    let by = Origin::window();
    let change = CredentialChange {
        name: Some("of here".to_owned()),
        values: vec![("password".to_owned(), Some(Secret::new("hunter2")))],
        ..CredentialChange::default()
    };
    let shared = here.create_credential(&by, change).await.unwrap();
    let change = GroupChange {
        name: Some("plant".to_owned()),
        credential: Some(Some(shared.clone())),
        ..GroupChange::default()
    };
    let plant = here.create_group(&by, change).await.unwrap();
    let path = dir.path().join("archive.age");
    here.export_archive(path.clone(), passphrase())
        .await
        .unwrap();

    let there = start(&dir.path().join("there"), "another vault").await;
    let open = || read_archive(&path, &passphrase()).unwrap();
    let all = there
        .import_archive(&by, open(), SameId::Skip)
        .await
        .unwrap();
    assert_eq!(all.groups, tally(1, 0, 0));
    assert_eq!(there.groups()[0].credential.as_ref(), Some(&shared));
    let mut ids = Vec::new();
    for (name, group) in [("trap", Some(plant.clone())), ("beside", None)] {
        let change = ConnectionChange {
            name: Some(name.to_owned()),
            host: Some(Some("elsewhere.example".to_owned())),
            group: Some(group),
            ..ConnectionChange::default()
        };
        ids.push(there.create_connection(&by, change).await.unwrap());
    }
    fs::remove_file(&path).unwrap();
    there
        .export_archive(path.clone(), passphrase())
        .await
        .unwrap();
    let back = here
        .import_archive(&by, open(), SameId::Skip)
        .await
        .unwrap();
    assert_eq!(back.connections, tally(2, 0, 0));
    for id in &ids {
        assert_eq!(here.connection(id).unwrap().category_uid, None, "{id}");
    }
    // Together with credentials of there it stays where it was.
    let replaced = here
        .import_archive(&by, open(), SameId::Replace)
        .await
        .unwrap();
    assert_eq!(replaced.shared, tally(0, 1, 0));
    assert_eq!(here.connection(&ids[0]).unwrap().category_uid, Some(plant));
}
