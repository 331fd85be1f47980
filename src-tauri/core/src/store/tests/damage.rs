//! Damage of single records, of the database, and of what is needed to restore it.

use super::{Store, Tree, names, open_quietly, put};
use crate::store::engine::Engine;
use crate::store::{Opened, SCHEMA_VERSION, StoreError, backup, open};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Fills a store, so that its database has pages to damage.
fn fill(store: &dyn Store, count: usize) {
    let mut batch = crate::store::Batch::new();
    for number in 0..count {
        let value = format!(
            "{{\"name\":\"computer {number}\",\"notes\":\"{}\"}}",
            "n".repeat(200)
        );
        batch.put(
            Tree::Connections,
            &format!("c_{number:04}"),
            value.into_bytes(),
        );
    }
    store.commit(batch).wait().unwrap();
}

/// Flips bits all over the database file.
fn damage_database(data_dir: &Path) {
    let file = data_dir.join("store/db");
    let mut bytes = fs::read(&file).unwrap();
    for byte in bytes.iter_mut().skip(64).step_by(97) {
        *byte ^= 0xa5;
    }
    fs::write(&file, bytes).unwrap();
}

#[test]
fn a_damaged_record_is_reported_and_at_the_next_start_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(&dir.path().join("store")).unwrap();
    engine.insert_raw(Tree::Trust, b"h_bad", b"\0\0\0\0no checksum");
    engine.insert_raw(Tree::Trust, b"h_\xff", b"key is no text");
    let get = engine.get(Tree::Trust, "h_bad");
    assert!(matches!(get, Err(StoreError::Damaged { tree: Tree::Trust, key }) if key == "h_bad"));
    let scan = engine.scan(Tree::Trust, "h_b");
    assert!(matches!(scan, Err(StoreError::Damaged { tree: Tree::Trust, key }) if key == "h_bad"));
    drop(engine);

    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    let notice = notice.unwrap();
    assert!(
        notice.contains("2 damaged records") && notice.contains("trust h_bad"),
        "{notice}"
    );
    put(&*store, Tree::Trust, "h_good", b"fine");
    assert_eq!(
        store.scan(Tree::Trust, "").unwrap(),
        [("h_good".to_owned(), b"fine".to_vec())]
    );
    let [file] = names(dir.path(), "records.damaged-").try_into().unwrap();
    let kept = fs::read_to_string(dir.path().join(file)).unwrap();
    assert!(
        kept.contains("\"h_bad\"") && kept.lines().count() == 2,
        "{kept}"
    );
    drop(store);
    open_quietly(dir.path());
}

#[test]
fn a_damaged_record_is_put_back_from_the_newest_backup_unless_it_gives_rights() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    for (tree, key) in [
        (Tree::Connections, "c_1"),
        (Tree::Connections, "c_2"),
        (Tree::Tokens, "t_1"),
    ] {
        put(&*store, tree, key, b"as backed up");
    }
    backup(&*store, dir.path(), SystemTime::now())
        .unwrap()
        .unwrap();
    put(&*store, Tree::Connections, "c_2", b"newer");
    drop(store);
    let engine = Engine::open(&dir.path().join("store")).unwrap();
    for (tree, key) in [(Tree::Connections, b"c_1"), (Tree::Tokens, b"t_1")] {
        engine.insert_raw(tree, key, b"\0\0\0\0no checksum");
    }
    drop(engine);

    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    let notice = notice.unwrap();
    assert!(
        notice.contains("2 damaged records") && notice.contains("1 of them were put back"),
        "{notice}"
    );
    assert_eq!(
        store.scan(Tree::Connections, "").unwrap(),
        [
            ("c_1".to_owned(), b"as backed up".to_vec()),
            ("c_2".to_owned(), b"newer".to_vec())
        ]
    );
    assert_eq!(store.scan(Tree::Tokens, "").unwrap(), []);
}

#[test]
fn sealed_records_are_put_back_where_they_are_of_the_same_key() {
    for (damaged, rotated, returns) in [
        (&["passphrase"][..], None, true),
        (&["passphrase"], Some("check"), false),
        (&["check"], None, true),
        (&["check"], Some("passphrase"), false),
        (&["check", "passphrase"], None, true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open_quietly(dir.path());
        put(&*store, Tree::Credentials, "k_1", b"sealed");
        for key in ["check", "passphrase"] {
            put(&*store, Tree::Vault, key, b"of the key");
        }
        backup(&*store, dir.path(), SystemTime::now())
            .unwrap()
            .unwrap();
        if let Some(key) = rotated {
            put(&*store, Tree::Vault, key, b"of another key");
        }
        drop(store);
        let engine = Engine::open(&dir.path().join("store")).unwrap();
        engine.insert_raw(Tree::Credentials, b"k_1", b"\0\0\0\0no checksum");
        for key in damaged {
            engine.insert_raw(Tree::Vault, key.as_bytes(), b"\0\0\0\0no checksum");
        }
        drop(engine);

        let store = open(dir.path()).unwrap().store;
        let value = |tree, key| store.get(tree, key).unwrap();
        let expected = returns.then(|| b"sealed".to_vec());
        assert_eq!(value(Tree::Credentials, "k_1"), expected, "{damaged:?}");
        // What tells the key is made anew from the key, which alone is certain.
        let keeps_check = !damaged.contains(&"check") || damaged.len() == 2;
        assert_eq!(
            value(Tree::Vault, "check").is_some(),
            keeps_check,
            "{damaged:?}"
        );
        let keeps_sealed = returns || !damaged.contains(&"passphrase");
        assert_eq!(
            value(Tree::Vault, "passphrase").is_some(),
            keeps_sealed,
            "{damaged:?}"
        );
    }
}

#[test]
fn a_damaged_database_is_kept_and_the_newest_backup_restored() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    fill(&*store, 500);
    let saved = store.scan(Tree::Connections, "").unwrap();
    let uuid = store.get(Tree::Meta, "store_uuid").unwrap();
    backup(&*store, dir.path(), SystemTime::now())
        .unwrap()
        .unwrap();
    put(&*store, Tree::Groups, "g_after_the_backup", b"lost");
    drop(store);
    damage_database(dir.path());
    let damaged = fs::read(dir.path().join("store/db")).unwrap();

    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    let notice = notice.unwrap();
    assert!(
        notice.contains("damaged") && notice.contains("restored"),
        "{notice}"
    );
    assert_eq!(store.scan(Tree::Connections, "").unwrap(), saved);
    assert_eq!(store.get(Tree::Meta, "store_uuid").unwrap(), uuid);
    let [aside] = names(dir.path(), "store.damaged-").try_into().unwrap();
    assert!(fs::read(dir.path().join(aside).join("db")).unwrap() == damaged);
    drop(store);
    assert_eq!(
        open_quietly(dir.path())
            .scan(Tree::Connections, "")
            .unwrap(),
        saved
    );
}

#[test]
fn without_a_backup_a_damaged_database_makes_room_for_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    fill(&*store, 300);
    drop(store);
    damage_database(dir.path());
    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    assert!(notice.unwrap().contains("no backup"));
    assert_eq!(store.scan(Tree::Connections, "").unwrap(), []);
    assert_eq!(names(dir.path(), "store.damaged-").len(), 1);
}

// Only sled has a log.
#[test]
#[cfg(not(feature = "redb"))]
fn damage_at_the_end_of_the_log_is_noticed_and_everything_older_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    fill(&*store, 50);
    backup(&*store, dir.path(), SystemTime::now())
        .unwrap()
        .unwrap();
    for number in 0..20 {
        put(
            &*store,
            Tree::Groups,
            &format!("g_{number:02}"),
            b"later than the backup",
        );
    }
    drop(store);
    let file = dir.path().join("store/db");
    let mut bytes = fs::read(&file).unwrap();
    let needle = b"g_15";
    let at = bytes
        .windows(needle.len())
        .position(|part| part == needle)
        .unwrap();
    bytes[at] ^= 0xff;
    fs::write(&file, &bytes).unwrap();

    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    let notice = notice.unwrap();
    assert!(
        notice.contains("changes are missing") && notice.contains("older was kept"),
        "{notice}"
    );
    assert_eq!(store.scan(Tree::Connections, "").unwrap().len(), 50);
    let groups = store.scan(Tree::Groups, "").unwrap();
    assert_eq!(groups.len(), 15);
    let [aside] = names(dir.path(), "store.damaged-").try_into().unwrap();
    assert!(fs::read(dir.path().join(aside).join("db")).unwrap() == bytes);
    drop(store);
    assert_eq!(
        open_quietly(dir.path()).scan(Tree::Groups, "").unwrap(),
        groups
    );
    assert_eq!(
        names(dir.path(), "store."),
        names(dir.path(), "store.damaged-")
    );
}

#[test]
fn a_backup_that_was_cut_short_is_passed_over_for_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    fill(&*store, 300);
    let now = SystemTime::now();
    backup(&*store, dir.path(), now - Duration::from_secs(60))
        .unwrap()
        .unwrap();
    let newest = backup(&*store, dir.path(), now).unwrap().unwrap();
    let newest = dir
        .path()
        .join(format!("backups/store-{}.jsonl", newest.id));
    drop(store);
    let whole = fs::read(&newest).unwrap();
    fs::write(&newest, &whole[..whole.len() / 2]).unwrap();
    damage_database(dir.path());
    let Opened { store, notice, .. } = open(dir.path()).unwrap();
    assert!(
        notice
            .unwrap()
            .contains("1 newer backups could not be read")
    );
    assert_eq!(store.scan(Tree::Connections, "").unwrap().len(), 300);
}

#[test]
fn a_restore_that_was_interrupted_is_finished_or_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store_dir, restoring) = (dir.path().join("store"), dir.path().join("store.restoring"));
    drop(open_quietly(&dir.path().join("other")));
    put(&*open_quietly(dir.path()), Tree::Groups, "g_1", b"one");
    // Between the two renames: the restored store is whole.
    fs::rename(&store_dir, &restoring).unwrap();
    let store = open_quietly(dir.path());
    assert!(store.get(Tree::Groups, "g_1").unwrap().is_some());
    drop(store);
    // Before them: what is restored so far is worth nothing.
    fs::rename(dir.path().join("other/store"), &restoring).unwrap();
    let store = open_quietly(dir.path());
    assert!(store.get(Tree::Groups, "g_1").unwrap().is_some());
    assert!(!restoring.exists());
}

#[test]
fn a_file_system_that_refuses_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("store"),
        b"a file where the directory should be",
    )
    .unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Failed { .. })));
    assert_eq!(names(dir.path(), "store.damaged-"), [] as [&str; 0]);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Meta, "schema_version", b"7");
    drop(store);
    let error = open(dir.path()).map(|_| ()).unwrap_err();
    assert!(matches!(
        error,
        StoreError::NewerSchema {
            found: 7,
            supported: SCHEMA_VERSION
        }
    ));
    assert_eq!(names(dir.path(), "store.damaged-"), [] as [&str; 0]);
}
