//! Daily backups, exports and imports, who may read the files, and who may open them.

use super::{Batch, Store, Tree, names, open_quietly, put};
use crate::store::{SCHEMA_VERSION, StoreError, backup, backup_if_due, backups, open, read_backup};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_backup_is_due_once_a_day_and_seven_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    let now = SystemTime::now();
    assert_eq!(
        backup_if_due(&*store, dir.path(), now).unwrap(),
        None,
        "an empty store"
    );
    put(&*store, Tree::Groups, "g_1", b"one");
    assert!(backup_if_due(&*store, dir.path(), now).unwrap().is_some());
    assert_eq!(
        backup_if_due(&*store, dir.path(), now + DAY / 2).unwrap(),
        None
    );
    assert!(
        backup_if_due(&*store, dir.path(), now + DAY * 2)
            .unwrap()
            .is_some()
    );
    assert!(
        backup_if_due(&*store, dir.path(), now - DAY)
            .unwrap()
            .is_some(),
        "the clock went back"
    );
    for day in 3..12 {
        backup(&*store, dir.path(), now + DAY * day)
            .unwrap()
            .unwrap();
    }
    let kept = names(&dir.path().join("backups"), "");
    assert_eq!(kept.len(), 7, "{kept:?}");
    let newest = backup(&*store, dir.path(), now + DAY * 20)
        .unwrap()
        .unwrap();
    assert_eq!(newest, backups(dir.path()).unwrap()[0]);
    assert_eq!(newest.records, Some(1));
    let last = names(&dir.path().join("backups"), "").pop();
    assert_eq!(last.unwrap(), format!("store-{}.jsonl", newest.id));
}

#[test]
fn many_backups_on_one_day_push_out_no_other_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", b"one");
    let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
    for day in 0..9 {
        backup(&*store, dir.path(), at(day * 86_400))
            .unwrap()
            .unwrap();
    }
    // The same second twice, and many more.
    for second in [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] {
        backup(&*store, dir.path(), at(9 * 86_400 + second))
            .unwrap()
            .unwrap();
    }
    let kept = names(&dir.path().join("backups"), "");
    let count = |day: &str| kept.iter().filter(|name| name.contains(day)).count();
    assert_eq!((count("19700110"), kept.len()), (7, 13), "{kept:?}");
    assert_eq!((count("19700103"), count("19700104")), (0, 1), "{kept:?}");
}

#[test]
fn every_backup_of_one_second_is_the_newest_when_it_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", b"one");
    let made = |_| {
        let made = backup(&*store, dir.path(), SystemTime::UNIX_EPOCH);
        made.unwrap().unwrap().id
    };
    let ids: Vec<String> = (0..25).map(made).collect();
    assert_eq!(ids[0], "19700101T000000Z");
    let left = backups(dir.path()).unwrap().into_iter();
    let left: Vec<String> = left.map(|backup| backup.id).collect();
    let newest_first: Vec<String> = ids.into_iter().rev().take(7).collect();
    assert_eq!(left, newest_first);
}

#[test]
fn backups_that_are_asked_for_at_once_are_all_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", &vec![b'a'; 200_000]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let made = backup(&*store, dir.path(), SystemTime::now());
                    assert_eq!(made.unwrap().unwrap().records, Some(1));
                }
            });
        }
    });
    for made in backups(dir.path()).unwrap() {
        read_backup(dir.path(), &made.id).unwrap();
    }
}

#[test]
fn opening_takes_the_backup_that_is_due() {
    let dir = tempfile::tempdir().unwrap();
    put(&*open_quietly(dir.path()), Tree::Groups, "g_1", b"one");
    assert_eq!(names(&dir.path().join("backups"), "store-").len(), 0);
    drop(open_quietly(dir.path()));
    assert_eq!(names(&dir.path().join("backups"), "store-").len(), 1);
    drop(open_quietly(dir.path()));
    assert_eq!(names(&dir.path().join("backups"), "store-").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_runs_for_days_backs_up_every_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", b"one");
    let cancel = CancellationToken::new();
    let daily = tokio::spawn(crate::back_up_daily(
        store,
        dir.path().to_owned(),
        cancel.clone(),
    ));
    let backups = dir.path().join("backups");
    for day in 1..=3 {
        // Not the moment at which it looks itself.
        tokio::time::sleep(DAY + Duration::from_secs(1)).await;
        let made = names(&backups, "store-");
        assert_eq!(made.len(), day, "{made:?}");
        // The files' times are the system's, which does not know that the clock went faster here.
        for name in made {
            let file = fs::File::open(backups.join(name)).unwrap();
            file.set_modified(SystemTime::now() - DAY).unwrap();
        }
    }
    cancel.cancel();
    daily.await.unwrap();
}

fn exported(store: &dyn Store) -> String {
    let mut bytes = Vec::new();
    store.export(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn an_export_shows_json_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Connections, "c_1", b"{\"name\":\"kitchen\"}");
    put(&*store, Tree::Vault, "check", b"\x01\xff");
    let text = exported(&*store);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with(&format!(
            r#"{{"format":"farwire-store","version":1,"schema":{SCHEMA_VERSION},"#
        )),
        "{text}"
    );
    assert_eq!(
        lines[1],
        r#"{"tree":"connections","key":"c_1","json":{"name":"kitchen"}}"#
    );
    assert_eq!(
        lines[2],
        r#"{"tree":"vault","key":"check","base64":"Af8="}"#
    );
    assert!(lines[3].starts_with(r#"{"records":2,"crc32":"#), "{text}");
}

#[test]
fn history_and_answers_are_no_part_of_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(&dir.path().join("from"));
    put(&*store, Tree::History, "1", b"{}");
    put(&*store, Tree::Answers, "a", b"{}");
    put(&*store, Tree::Groups, "g_1", b"{}");
    let text = exported(&*store);
    assert_eq!(text.lines().count(), 3, "{text}");
    drop(store);
    // They are part of the store all the same.
    let store = open_quietly(&dir.path().join("from"));
    assert!(store.get(Tree::History, "1").unwrap().is_some());
    assert!(store.get(Tree::Answers, "a").unwrap().is_some());
}

#[test]
fn an_export_that_was_changed_is_imported_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(&dir.path().join("from"));
    for number in 0..5 {
        put(
            &*store,
            Tree::Connections,
            &format!("c_{number}"),
            b"{\"name\":\"kitchen\"}",
        );
    }
    let text = exported(&*store);
    let fresh = open_quietly(&dir.path().join("to"));
    let without_a_line: String = text
        .split_inclusive('\n')
        .enumerate()
        .filter(|(at, _)| *at != 3)
        .map(|(_, line)| line)
        .collect();
    let schema = |number: u32| format!("\"schema\":{number}");
    let newer = text.replacen(&schema(SCHEMA_VERSION), &schema(SCHEMA_VERSION + 1), 1);
    for (what, bad) in [
        ("empty", ""),
        ("cut", &text[..text.len() - 20]),
        ("changed", &text.replacen("kitchen", "cellar", 1)),
        ("missing a line", &without_a_line),
        (
            "another format",
            &text.replacen("farwire-store", "something", 1),
        ),
        ("not JSON", "\0\0\0\n"),
        ("one endless line", &"x".repeat(600_000)),
    ] {
        let error = fresh.import(&mut bad.as_bytes()).unwrap_err();
        assert!(
            matches!(error, StoreError::BadExport { .. }),
            "{what}: {error}"
        );
    }
    let error = fresh.import(&mut newer.as_bytes()).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerSchema { found, .. } if found == SCHEMA_VERSION + 1),
        "{error}"
    );
    assert_eq!(fresh.scan(Tree::Connections, "").unwrap(), []);
    fresh.import(&mut text.as_bytes()).unwrap();
    let error = fresh.import(&mut text.as_bytes()).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty), "{error}");
}

fn assert_private(path: &Path) {
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let expected = if path.is_dir() { 0o700 } else { 0o600 };
    assert_eq!(mode, expected, "{}: {mode:o}", path.display());
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            assert_private(&entry.unwrap().path());
        }
    }
}

#[test]
fn only_the_owner_can_read_what_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("new/data");
    for _ in 0..2 {
        let store = open_quietly(&data_dir);
        let mut batch = Batch::new();
        for number in 0..20 {
            batch.put(Tree::Groups, &format!("g_{number}"), vec![7; 100_000]);
        }
        store.commit(batch).wait().unwrap();
        backup(&*store, &data_dir, SystemTime::now())
            .unwrap()
            .unwrap();
    }
    assert_private(&dir.path().join("new"));
}

#[test]
fn a_second_opening_is_refused_and_says_who_is_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    let error = open(dir.path()).map(|_| ()).unwrap_err();
    let expected = format!("process {}", std::process::id());
    assert!(
        matches!(&error, StoreError::Locked { holder, .. } if *holder == expected),
        "{error}"
    );
    drop(store);
    // Ten times: the lock must be free the moment the store is dropped.
    for number in 0..10 {
        put(
            &*open_quietly(dir.path()),
            Tree::Groups,
            &format!("g_{number}"),
            &[1; 50_000],
        );
    }
}
