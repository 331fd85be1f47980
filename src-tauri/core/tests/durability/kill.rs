//! What was acknowledged survives `kill -9`; a second process is kept out; files are private under any umask.

use crate::lanes::{self, Newest};
use farwire_core::store::{self, StoreError};
use std::os::unix::fs::PermissionsExt;
use std::thread;

const CYCLES: &str = "FARWIRE_KILL_CYCLES";
const DEFAULT_CYCLES: u64 = 30;

#[test]
fn nothing_acknowledged_is_lost_or_torn_by_kill_9() {
    let cycles = std::env::var(CYCLES).map_or(DEFAULT_CYCLES, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut newest = Newest::default();
    for cycle in 0..cycles {
        let mut child = lanes::start_writer(dir.path(), "exec \"$@\"");
        let lines = lanes::await_ready(&mut child);
        let killer = thread::spawn(move || {
            lanes::wait_for_any_moment(cycle);
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let lines = lines.inspect(|line| assert!(!line.starts_with("failed"), "{line}"));
        lanes::take_in(&mut newest, lines);
        killer.join().unwrap();
        newest = lanes::check(&*lanes::open(dir.path()), newest);
    }
    let commits: u64 = newest.iter().sum();
    assert!(commits > cycles, "hardly anything was written: {newest:?}");
    println!("{cycles} kills, {commits} commits");
}

#[test]
fn a_second_process_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = lanes::start_writer(dir.path(), "umask 000; exec \"$@\"");
    let mut lines = lanes::await_ready(&mut child);
    let written = lines.by_ref().filter_map(|line| lanes::acknowledged(&line));
    assert_eq!(written.take(50).count(), 50);
    let error = store::open(dir.path()).map(|_| ()).unwrap_err();
    let expected = format!("process {}", child.id());
    assert!(
        matches!(&error, StoreError::Locked { holder, .. } if *holder == expected),
        "{error}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lines);
    let mode = |name: &str| {
        dir.path()
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    let mut expected = vec![("store", 0o700), ("store/db", 0o600), ("holder", 0o600)];
    if cfg!(not(feature = "redb")) {
        expected.extend([("store/conf", 0o600), ("store/blobs", 0o700)]);
    }
    for (name, expected) in expected {
        assert_eq!(mode(name), expected, "{name}");
    }
    lanes::open(dir.path());
}
