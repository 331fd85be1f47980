//! A disk that is full, or takes no more changes: said in so many words, never taken for damage, and nothing is lost.

use crate::disk::Disk;
use crate::lanes;
use farwire_core::store::{self, Batch, Store, StoreError, Tree};
use farwire_core::{Config, Core};
use farwire_model::event::EventKind;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

const DISK_BYTES: u64 = 64 << 20;

/// Removed to make room again, also for a backup.
const BALLAST_BYTES: usize = 38 << 20;

fn write(store: &dyn Store, number: usize) -> Result<u64, StoreError> {
    let mut batch = Batch::new();
    let value = vec![u8::try_from(number % 251).unwrap(); 3_000];
    batch.put(Tree::Connections, &format!("c_{number:06}"), value);
    store.commit(batch).wait()
}

/// Takes all room there is.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for piece in [1 << 20, 4096, 1] {
        while file.write_all(&vec![1; piece]).is_ok() {}
    }
    file.sync_all().unwrap();
}

fn assert_whole(store: &dyn Store, acknowledged: usize) {
    let records = store.scan(Tree::Connections, "").unwrap();
    assert!(
        (acknowledged..=acknowledged + 1).contains(&records.len()),
        "{acknowledged} were acknowledged, {} are there",
        records.len()
    );
    for (number, (key, value)) in records.into_iter().enumerate() {
        assert_eq!(key, format!("c_{number:06}"));
        assert!(value.len() == 3_000 && value[0] == u8::try_from(number % 251).unwrap());
    }
}

/// Nothing was moved aside.
fn assert_no_damage(data_dir: &Path) {
    let entries = fs::read_dir(data_dir).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let is_aside = |name: &std::ffi::OsString| name.to_string_lossy().contains("damaged");
    assert!(!names.iter().any(is_aside), "{names:?}");
}

#[test]
fn a_full_disk_refuses_changes_and_loses_none() {
    let Some(disk) = Disk::make(DISK_BYTES) else {
        return;
    };
    let (data_dir, ballast) = (disk.mount.join("data"), disk.mount.join("ballast"));
    fs::write(&ballast, vec![1; BALLAST_BYTES]).unwrap();
    let store = lanes::open(&data_dir);
    let mut acknowledged = 0;
    let error = loop {
        match write(&*store, acknowledged) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 20_000, "the disk never gets full");
    };
    assert!(
        error.to_string().contains("No space left on device"),
        "{error}"
    );
    assert!(acknowledged > 100, "only {acknowledged} fit");
    // No half success: what follows is refused too, and reading goes on.
    write(&*store, acknowledged).unwrap_err();
    assert_whole(&*store, acknowledged);
    // Not even when others take the last byte.
    let last = disk.mount.join("last");
    fill(&last);
    write(&*store, acknowledged).unwrap_err();
    for number in 0..acknowledged {
        let value = store.get(Tree::Connections, &format!("c_{number:06}"));
        assert_eq!(value.unwrap().unwrap().len(), 3_000);
    }
    assert_whole(&*store, acknowledged);
    // With room again it goes on where it stopped.
    fs::remove_file(&last).unwrap();
    fs::remove_file(&ballast).unwrap();
    for _ in 0..20 {
        write(&*store, acknowledged).unwrap();
        acknowledged += 1;
    }
    fs::write(&ballast, vec![1; BALLAST_BYTES - 20 * 3_000]).unwrap();
    fill(&last);
    drop(store);

    // It opens without any room, and says what that means; once only, where others take what was put aside too.
    let opened = store::open(&data_dir).unwrap();
    assert_whole(&*opened.store, acknowledged);
    let notice = opened.full.unwrap();
    assert!(
        notice.contains("Nothing can be saved: No space left"),
        "{notice}"
    );
    write(&*opened.store, acknowledged).unwrap_err();
    drop(opened.store);
    fill(&disk.mount.join("more"));
    match store::open(&data_dir) {
        Ok(opened) => assert_whole(&*opened.store, acknowledged),
        Err(error) => assert!(
            error.to_string().contains("No space left on device"),
            "{error}"
        ),
    }
    assert_no_damage(&data_dir);
    fs::remove_file(disk.mount.join("more")).unwrap();
    // A backup that did not fit takes no room.
    assert!(!data_dir.join("backups/unfinished").exists());

    fs::remove_file(&last).unwrap();
    fs::remove_file(&ballast).unwrap();
    let store = lanes::open(&data_dir);
    assert_whole(&*store, acknowledged);
    let count = store.scan(Tree::Connections, "").unwrap().len();
    write(&*store, count).unwrap();
    assert_no_damage(&data_dir);
}

#[tokio::test]
async fn that_a_disk_is_full_is_told_until_there_is_room() {
    let Some(disk) = Disk::make(DISK_BYTES) else {
        return;
    };
    let data_dir = disk.mount.join("data");
    Core::open(Config::at(&data_dir))
        .await
        .unwrap()
        .close()
        .await;
    let last = disk.mount.join("last");
    fill(&last);
    let core = Core::open(Config::at(&data_dir)).await.unwrap();
    let mut events = core.subscribe();
    let notice = core.notice().unwrap();
    assert!(notice.contains("Nothing can be saved"), "{notice}");
    fs::remove_file(&last).unwrap();
    let told = async { while events.recv().await.unwrap().kind != EventKind::Settings {} };
    tokio::time::timeout(Duration::from_secs(60), told)
        .await
        .expect("it is told that there is room");
    assert_eq!(core.notice(), None);
    core.close().await;
}

#[test]
fn a_disk_that_can_only_be_read_is_read_and_left_alone() {
    let Some(disk) = Disk::make(DISK_BYTES) else {
        return;
    };
    let data_dir = disk.mount.join("data");
    let store = lanes::open(&data_dir);
    for number in 0..50 {
        write(&*store, number).unwrap();
    }
    store::backup(&*store, &data_dir, SystemTime::now()).unwrap();
    drop(store);
    let read_only = || {
        assert!(disk.remount("ro"));
        let opened = store::open(&data_dir).unwrap();
        assert_whole(&*opened.store, 50);
        let error = write(&*opened.store, 50).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        assert_whole(&*opened.store, 50);
        // Nobody has to wait for the other: neither changes anything.
        assert_whole(&*store::open(&data_dir).unwrap().store, 50);
        let notice = opened.notice.clone().unwrap();
        drop(opened);
        assert!(disk.remount("rw"));
        notice
    };
    let told = format!(
        "Nothing can be saved: the file system of {} can only be read: make it writable and start Farwire again.",
        data_dir.display()
    );
    let notice = read_only();
    assert!(notice.starts_with(&told), "{notice}");
    assert_no_damage(&data_dir);

    // What is damaged as well comes from the backup, and lies there as it was.
    let kept = data_dir.join("store/db");
    let intact = fs::read(&kept).unwrap();
    fs::write(&kept, vec![0x5a; intact.len()]).unwrap();
    let notice = read_only();
    assert!(
        notice.contains("was restored") && notice.contains(&told),
        "{notice}"
    );
    assert_no_damage(&data_dir);
    fs::write(&kept, intact).unwrap();
    assert_whole(&*lanes::open(&data_dir), 50);

    // Where nothing was ever saved, there is nothing to show.
    assert!(disk.remount("ro"));
    let opened = store::open(&disk.mount.join("none/yet")).unwrap();
    assert_whole(&*opened.store, 0);
    drop(opened);
    assert!(disk.remount("rw"));
}

#[test]
fn what_was_left_of_a_snapshot_is_no_damage() {
    for rest in [&b""[..], b"half", &[7; 4096]] {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        // The second time it is opened, sled writes down where it stands.
        for count in [30, 60] {
            let store = lanes::open(&data_dir);
            for number in count - 30..count {
                write(&*store, number).unwrap();
            }
        }
        let kept = data_dir.join("store");
        fs::write(kept.join("snap.FFFFFFFFFFFFFF00.generating"), rest).unwrap();
        assert_whole(&*lanes::open(&data_dir), 60);
        assert_no_damage(&data_dir);
    }
}
