//! When commits are acknowledged, refused and published.

use super::{Batch, Store, Tree, open_quietly, put};
use crate::store::engine::Engine;
use crate::store::kept_store::KeptStore;
use crate::store::{Commit, MAX_KEY_BYTES, MAX_VALUE_BYTES, StoreError};
use futures_util::FutureExt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// Longest wait for something that comes at once unless the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// A store whose syncs wait for the test, and end as it says.
struct Held {
    store: KeptStore,
    begun: Receiver<()>,
    outcome: Sender<io::Result<()>>,
}

impl Held {
    fn open(dir: &Path) -> Self {
        let (begin, begun) = mpsc::channel();
        let (outcome, outcomes) = mpsc::channel();
        let sync = Box::new(move |_| {
            begin.send(()).unwrap();
            outcomes.recv().unwrap()
        });
        // The store's own facts are the first commit.
        outcome.send(Ok(())).unwrap();
        let store =
            KeptStore::start_with(Arc::new(Engine::open(dir).unwrap()), sync, None).unwrap();
        begun.recv_timeout(LIMIT).unwrap();
        Self {
            store,
            begun,
            outcome,
        }
    }

    /// Waits until a sync has begun.
    fn await_sync(&self) {
        self.begun.recv_timeout(LIMIT).unwrap();
    }

    fn put(&self, key: &str) -> Commit {
        let mut batch = Batch::new();
        batch.put(Tree::Groups, key, b"x".to_vec());
        self.store.commit(batch)
    }
}

#[test]
fn a_commit_is_acknowledged_and_published_only_after_the_sync() {
    let dir = tempfile::tempdir().unwrap();
    let held = Held::open(dir.path());
    let mut changes = held.store.subscribe();
    let mut commit = held.put("g_1");
    held.await_sync();
    assert!((&mut commit).now_or_never().is_none());
    assert!(changes.try_recv().is_err());
    held.outcome.send(Ok(())).unwrap();
    let sequence = commit.wait().unwrap();
    let change = changes.try_recv().unwrap();
    assert_eq!(change.sequence, sequence);
    assert_eq!(
        change.keys().collect::<Vec<_>>(),
        [(Tree::Groups, "g_1", false)]
    );
}

#[test]
fn commits_that_wait_share_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let held = Held::open(dir.path());
    let first = held.put("g_first");
    held.await_sync();
    let others: Vec<Commit> = (0..100)
        .map(|number| held.put(&format!("g_{number}")))
        .collect();
    held.outcome.send(Ok(())).unwrap();
    held.outcome.send(Ok(())).unwrap();
    let first = first.wait().unwrap();
    for (number, commit) in others.into_iter().enumerate() {
        assert_eq!(commit.wait().unwrap(), first + 1 + number as u64);
    }
    assert_eq!(held.begun.try_iter().count(), 1);
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let held = Held::open(dir.path());
    let mut changes = held.store.subscribe();
    held.outcome
        .send(Err(io::Error::other("disk gone")))
        .unwrap();
    for key in ["g_1", "g_2"] {
        let error = held.put(key).wait().unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(error.to_string().contains("disk gone"), "{error}");
    }
    assert!(changes.try_recv().is_err());
}

#[test]
fn a_full_queue_refuses_instead_of_blocking() {
    let dir = tempfile::tempdir().unwrap();
    let held = Held::open(dir.path());
    let first = held.put("g_first");
    held.await_sync();
    let mut waiting = Vec::new();
    let error = loop {
        let mut commit = held.put("g_more");
        match (&mut commit).now_or_never() {
            None => waiting.push(commit),
            Some(answer) => break answer.unwrap_err(),
        }
    };
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    // 1,024 wait, in groups of at most 256 a sync, after the first one.
    for _ in 0..5 {
        held.outcome.send(Ok(())).unwrap();
    }
    first.wait().unwrap();
    for commit in waiting {
        commit.wait().unwrap();
    }
}

#[test]
fn closing_acknowledges_what_is_queued_and_frees_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let held = Held::open(dir.path());
    let commits: Vec<Commit> = (0..20)
        .map(|number| held.put(&format!("g_{number}")))
        .collect();
    let Held { store, outcome, .. } = held;
    outcome.send(Ok(())).unwrap();
    outcome.send(Ok(())).unwrap();
    let closing = thread::spawn(move || drop(store));
    for commit in commits {
        commit.wait().unwrap();
    }
    closing.join().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    assert_eq!(engine.scan(Tree::Groups, "").unwrap().len(), 20);
}

#[test]
fn a_refused_batch_leaves_no_trace_and_does_not_disturb_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", b"one");
    let before = store.subscribe();
    let mut conflicting = Batch::new();
    conflicting.put(Tree::Groups, "g_2", b"two".to_vec());
    conflicting.expect(Tree::Trust, "h_1", Some(b"not there".to_vec()));
    let mut long_key = Batch::new();
    long_key.put(Tree::Groups, &"k".repeat(MAX_KEY_BYTES + 1), Vec::new());
    let mut big = Batch::new();
    big.put(Tree::Trust, "h_2", b"fits".to_vec());
    big.put(Tree::Groups, "g_3", vec![0; MAX_VALUE_BYTES + 1]);
    let answers = [conflicting, long_key, big].map(|batch| store.commit(batch));
    put(&*store, Tree::Groups, "g_4", b"four");
    let errors = answers.map(|answer| answer.wait().unwrap_err());
    assert!(matches!(&errors[0], StoreError::Conflict { tree: Tree::Trust, key } if key == "h_1"));
    assert!(matches!(
        &errors[1],
        StoreError::TooLarge {
            limit: MAX_KEY_BYTES,
            ..
        }
    ));
    assert!(matches!(
        &errors[2],
        StoreError::TooLarge {
            limit: MAX_VALUE_BYTES,
            ..
        }
    ));
    let keys: Vec<_> = store
        .scan(Tree::Groups, "")
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, ["g_1", "g_4"]);
    assert_eq!(store.scan(Tree::Trust, "").unwrap(), []);
    assert_eq!(before.len(), 1);
}

#[test]
fn a_batch_without_changes_is_answered_with_the_last_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    put(&*store, Tree::Groups, "g_1", b"one");
    let changes = store.subscribe();
    let mut expectations_only = Batch::new();
    expectations_only.expect(Tree::Groups, "g_1", Some(b"one".to_vec()));
    assert!(expectations_only.is_empty());
    let last = store.commit(Batch::new()).wait().unwrap();
    assert_eq!(store.commit(expectations_only).wait().unwrap(), last);
    assert_eq!(changes.len(), 0);
}

#[test]
#[cfg(not(feature = "redb"))]
fn sled_never_needs_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    // As many of the longest keys and values as fit a page and more, in one batch and one by one.
    let key = |number: usize| format!("{number:03}{}", "k".repeat(MAX_KEY_BYTES - 3));
    let mut batch = Batch::new();
    for number in 0..100 {
        batch.put(Tree::Groups, &key(number), vec![1; 4096]);
        batch.put(Tree::Trust, &key(number), vec![1; MAX_VALUE_BYTES]);
    }
    store.commit(batch).wait().unwrap();
    for number in 0..100 {
        put(&*store, Tree::Groups, &key(number), &[2; 4096]);
        put(
            &*store,
            Tree::Trust,
            &key(number),
            &vec![2; 10_000 + number],
        );
    }
    let blobs = std::fs::read_dir(dir.path().join("store/blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
    assert_eq!(
        store.get(Tree::Trust, &key(7)).unwrap().unwrap(),
        [2; 10_007]
    );
}

#[test]
fn a_long_value_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    for (length, expected) in [(50_000, 13), (9_000, 3), (20_000, 5), (10, 0), (5_000, 2)] {
        let mut batch = Batch::new();
        batch.put(Tree::Groups, "g_1", vec![1; length]);
        engine.apply(&batch).unwrap();
        assert_eq!(engine.parts_len(), expected, "{length}");
    }
    let mut batch = Batch::new();
    batch.delete(Tree::Groups, "g_1");
    engine.apply(&batch).unwrap();
    assert_eq!(engine.parts_len(), 0);
}

#[test]
fn a_scan_sees_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let write = |number: u8| {
        let mut batch = Batch::new();
        for key in 0..40 {
            batch.put(Tree::Groups, &format!("g_{key}"), vec![number; 6_000]);
        }
        engine.apply(&batch).unwrap();
    };
    write(0);
    thread::scope(|scope| {
        scope.spawn(|| (1..=100).for_each(write));
        loop {
            let records = engine.scan(Tree::Groups, "").unwrap();
            let number = records[0].1[0];
            assert!(records.iter().all(|(_, value)| *value == [number; 6_000]));
            if number == 100 {
                break;
            }
        }
    });
}

#[tokio::test]
async fn commits_can_be_awaited_from_many_tasks() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quietly(dir.path());
    let commits = (0..200).map(|number| {
        let mut batch = Batch::new();
        batch.put(Tree::Settings, &format!("{number}"), vec![1; 100]);
        store.commit(batch)
    });
    let mut numbers = futures_util::future::try_join_all(commits).await.unwrap();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 200);
}
