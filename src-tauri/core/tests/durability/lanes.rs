//! Several writers in a process of its own, each in a lane, and the check of what they left.
//!
//! The test binary runs itself as that process: with `FARWIRE_TEST_WRITER` set to a data directory, the test
//! [`write_until_the_end`] is it.

use farwire_core::store::{self, Batch, Opened, Store, Tree};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const WRITER: &str = "FARWIRE_TEST_WRITER";

/// How many write at once: groups form, and batches of several meet in one sync.
const LANES: usize = 4;

/// How many records of a lane are written over and over. Few, so that pages are rewritten often.
const SLOTS: u64 = 13;

/// How many commits of one lane may be under way.
const UNDER_WAY: u64 = 2;

/// The newest number of each lane.
pub type Newest = [u64; LANES];

/// Random from a number, the same each time.
pub fn random(seed: u64) -> impl Iterator<Item = u64> {
    // Xorshift; zero would stay zero.
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    })
}

/// The record of a number: anybody can tell whether it is whole.
fn record(lane: usize, number: u64) -> Vec<u8> {
    // 50 bytes to 120 kB, mostly small.
    let length = match number % 11 {
        0 => 120_000 - number % 70_000,
        1 => 4_000,
        _ => 50 + number % 700,
    };
    let noise = random(number * LANES as u64 + lane as u64).flat_map(u64::to_le_bytes);
    let noise = noise.take(usize::try_from(length).unwrap());
    number.to_le_bytes().into_iter().chain(noise).collect()
}

fn slot(lane: usize, number: u64) -> String {
    format!("c_{lane}_{}", number % SLOTS)
}

fn counter(lane: usize) -> String {
    format!("counter_{lane}")
}

fn number_in(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

/// Opens a store that has nothing to say about it.
pub fn open(data_dir: &Path) -> Arc<dyn Store> {
    let Opened { store, notice, .. } = store::open(data_dir).unwrap();
    assert_eq!(notice, None);
    store
}

fn last(store: &dyn Store, lane: usize) -> u64 {
    let counter = store.get(Tree::Settings, &counter(lane)).unwrap();
    counter.map_or(0, |bytes| number_in(&bytes))
}

/// The other process: in each lane it commits record after record together with a counter, and prints each number once it
/// is acknowledged. It ends when a commit fails.
#[test]
fn write_until_the_end() {
    let Ok(data_dir) = std::env::var(WRITER) else {
        return;
    };
    let store = open(Path::new(&data_dir));
    say("\nready");
    thread::scope(|scope| {
        for lane in 0..LANES {
            let store = &*store;
            scope.spawn(move || write(store, lane));
        }
    });
}

fn write(store: &dyn Store, lane: usize) {
    let mut number = last(store, lane);
    loop {
        let commits = [1, UNDER_WAY].map(|ahead| {
            let number = number + ahead;
            let mut batch = Batch::new();
            batch.put(Tree::Connections, &slot(lane, number), record(lane, number));
            let count = number.to_le_bytes().to_vec();
            batch.put(Tree::Settings, &counter(lane), count);
            (number, store.commit(batch))
        });
        for (acknowledged, commit) in commits {
            if let Err(error) = commit.wait() {
                say(&format!("failed {error}"));
                std::process::exit(1);
            }
            say(&format!("{lane} {acknowledged} acknowledged"));
            number = acknowledged;
        }
    }
}

/// One write each, so that lines of several threads never mix.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Starts this test binary as the writer. `through` is a shell line that ends by executing its arguments.
pub fn start_writer(data_dir: &Path, through: &str) -> Child {
    let writer = format!("{}::write_until_the_end", module_path!());
    let (_crate, writer) = writer.split_once("::").unwrap();
    Command::new("sh")
        .args(["-c", through, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", writer, "--nocapture", "--test-threads=1"])
        .env(WRITER, data_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the writer has the store open; the lines that follow are its acknowledgements.
pub fn await_ready(child: &mut Child) -> impl Iterator<Item = String> + Send + use<> {
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|line| line == "ready"),
        "the writer did not start"
    );
    lines
}

/// A lane and a number, where a line acknowledges one. The last line may be cut, and is none then.
pub fn acknowledged(line: &str) -> Option<(usize, u64)> {
    let mut words = line.strip_suffix(" acknowledged")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Up to when a writer may write before it is stopped. The moment is the point here, not an event.
pub fn wait_for_any_moment(cycle: u64) {
    let micros = 500 + random(cycle + 7).nth(3).unwrap() % 119_500;
    thread::sleep(Duration::from_micros(micros));
}

/// Takes in what a writer's lines acknowledge.
pub fn take_in(newest: &mut Newest, lines: impl Iterator<Item = String>) {
    for (lane, number) in lines.filter_map(|line| acknowledged(&line)) {
        newest[lane] = newest[lane].max(number);
    }
}

/// Checks the store against the newest acknowledged numbers; returns the newest it holds. What was committed and not
/// acknowledged counts from then on, for it is there.
pub fn check(store: &dyn Store, newest: Newest) -> Newest {
    let found: Newest = std::array::from_fn(|lane| last(store, lane));
    for lane in 0..LANES {
        let (found, newest) = (found[lane], newest[lane]);
        assert!(
            (newest..=newest + UNDER_WAY).contains(&found),
            "lane {lane}: {newest} was acknowledged and at most {UNDER_WAY} more under way, the counter is at {found}"
        );
        let records = store
            .scan(Tree::Connections, &format!("c_{lane}_"))
            .unwrap();
        assert_eq!(records.len() as u64, found.min(SLOTS), "lane {lane}");
        for (key, bytes) in records {
            let number = number_in(&bytes);
            assert!(bytes == record(lane, number), "{key} is torn");
            assert_eq!(key, slot(lane, number));
            // The newest number of this slot that the counter has passed: older is lost, newer is half a batch.
            assert!(
                number <= found && number + SLOTS > found,
                "{key} holds {number} while the counter is at {found}"
            );
        }
    }
    found
}
