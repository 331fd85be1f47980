//! What was acknowledged survives `kill -9`; a second process is kept out; files are private under any umask.
//!
//! The test binary runs itself as the other process: with `FARWIRE_TEST_WRITER` set to a data directory, the test
//! `writer` is that process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use farwire_core::store::{self, Batch, Opened, Store, StoreError, Tree};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const WRITER: &str = "FARWIRE_TEST_WRITER";
const CYCLES: &str = "FARWIRE_KILL_CYCLES";
const DEFAULT_CYCLES: u64 = 30;

/// How many records are written over and over. Few, so that pages are rewritten often.
const SLOTS: u64 = 37;

/// The record of a number: anybody can tell whether it is whole.
fn record(number: u64) -> Vec<u8> {
    // 50 bytes to 60 kB, mostly small.
    let length = match number % 11 {
        0 => 60_000 - number % 7_000,
        1 => 4_000,
        _ => 50 + number % 700,
    };
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let noise = (0..length).map(|_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()[0]
    });
    number.to_le_bytes().into_iter().chain(noise).collect()
}

fn slot(number: u64) -> String {
    format!("c_{}", number % SLOTS)
}

fn number_in(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

fn open(data_dir: &Path) -> Arc<dyn Store> {
    let Opened { store, notice } = store::open(data_dir).unwrap();
    assert_eq!(notice, None);
    store
}

fn last(store: &dyn Store) -> u64 {
    let counter = store.get(Tree::Settings, "counter").unwrap();
    counter.map_or(0, |bytes| number_in(&bytes))
}

/// The other process: commits record after record together with a counter, and prints each number once it is acknowledged.
#[test]
fn writer() {
    let Ok(data_dir) = std::env::var(WRITER) else {
        return;
    };
    let store = open(Path::new(&data_dir));
    let mut output = std::io::stdout().lock();
    writeln!(output, "\nready").unwrap();
    let mut number = last(&*store);
    loop {
        // Two at a time, so that groups are killed too.
        let commits = [1, 2].map(|ahead| {
            let number = number + ahead;
            let mut batch = Batch::new();
            batch.put(Tree::Connections, &slot(number), record(number));
            batch.put(Tree::Settings, "counter", number.to_le_bytes().to_vec());
            (number, store.commit(batch))
        });
        for (acknowledged, commit) in commits {
            commit.wait().unwrap();
            writeln!(output, "{acknowledged}").unwrap();
            number = acknowledged;
        }
    }
}

/// Starts this test binary as the writer. `through` is a shell line that ends by executing its arguments.
fn start_writer(data_dir: &Path, through: &str) -> Child {
    Command::new("sh")
        .args(["-c", through, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture", "--test-threads=1"])
        .env(WRITER, data_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the writer has the store open; the lines that follow are its acknowledgements.
fn await_ready(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|line| line == "ready"),
        "the writer did not start"
    );
    lines
}

/// Checks the store against the newest acknowledged number; returns the newest it holds.
fn check(store: &dyn Store, newest: u64) -> u64 {
    let last = last(store);
    assert!(
        last >= newest,
        "{newest} was acknowledged, the counter is at {last}"
    );
    assert!(
        last <= newest + 2,
        "the counter is at {last}, but only two were under way after {newest}"
    );
    let records = store.scan(Tree::Connections, "").unwrap();
    assert_eq!(records.len() as u64, last.min(SLOTS));
    for (key, bytes) in records {
        let number = number_in(&bytes);
        assert!(bytes == record(number), "{key} is torn");
        assert_eq!(key, slot(number));
        // The newest number of this slot that the counter has passed: older is lost, newer is half a batch.
        assert!(
            number <= last && number + SLOTS > last,
            "{key} holds {number} while the counter is at {last}"
        );
    }
    last
}

#[test]
fn nothing_acknowledged_is_lost_or_torn_by_kill_9() {
    let cycles = std::env::var(CYCLES).map_or(DEFAULT_CYCLES, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut newest = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for cycle in 0..cycles {
        let mut child = start_writer(dir.path(), "exec \"$@\"");
        let lines = await_ready(&mut child);
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(cycle | 1);
        let micros = 500 + (random >> 33) % 119_500;
        let killer = std::thread::spawn(move || {
            // The moment is the point here, not an event.
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        // A number without its line break is not read as one: the last line may be cut.
        let acknowledged = lines.filter_map(|line| line.parse::<u64>().ok());
        newest = acknowledged.max().unwrap_or(newest);
        killer.join().unwrap();
        // What was committed and not acknowledged counts from now on, for it is there.
        newest = check(&*open(dir.path()), newest);
    }
    assert!(newest > cycles, "hardly anything was written: {newest}");
    println!("{cycles} kills, {newest} commits");
}

#[test]
fn a_second_process_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start_writer(dir.path(), "umask 000; exec \"$@\"");
    let mut lines = await_ready(&mut child);
    assert_eq!(lines.nth(50).as_deref(), Some("51"));
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
    for (name, expected) in [
        ("store", 0o700),
        ("store/db", 0o600),
        ("store/conf", 0o600),
        ("store/blobs", 0o700),
        ("holder", 0o600),
    ] {
        assert_eq!(mode(name), expected, "{name}");
    }
    open(dir.path());
}
