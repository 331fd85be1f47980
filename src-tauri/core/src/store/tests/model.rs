//! The store against a `BTreeMap`.

use super::{Batch, Store, Tree, open_quietly};
use crate::store::{META_STORE_UUID, StoreError};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

type Model = BTreeMap<(Tree, String), Vec<u8>>;

#[derive(Clone, Debug)]
enum Write {
    Put(Tree, String, Vec<u8>),
    Delete(Tree, String),
}

/// What a batch expects of a record: what it is now, or something made up.
#[derive(Clone, Debug)]
enum Expectation {
    True(Tree, String),
    MadeUp(Tree, String, Option<Vec<u8>>),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Expectation>, Vec<Write>),
    Scan(Tree, String),
    Reopen,
    Move,
}

fn tree() -> impl Strategy<Value = Tree> {
    // Few, so that steps meet each other's records.
    prop::sample::select(vec![Tree::Connections, Tree::Groups, Tree::Vault])
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "aa", "aab", "ab", "b", "", "ä", "a|\"\n"]).prop_map(str::to_owned),
        1 => "[a-c]{1,30}",
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..60),
        2 => prop::sample::select(vec!["null", "{\"b\": 1, \"a\":[ ] }", "1.50", " 1", "{\n}", "\"\\ud800\"", "[1"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => (any::<u8>(), 1_000..60_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let write = prop_oneof![
        3 => (tree(), key(), value()).prop_map(|(tree, key, value)| Write::Put(tree, key, value)),
        1 => (tree(), key()).prop_map(|(tree, key)| Write::Delete(tree, key)),
    ];
    let expectation = prop_oneof![
        6 => (tree(), key()).prop_map(|(tree, key)| Expectation::True(tree, key)),
        1 => (tree(), key(), prop::option::of(value()))
            .prop_map(|(tree, key, value)| Expectation::MadeUp(tree, key, value)),
    ];
    prop_oneof![
        10 => (vec(expectation, 0..3), vec(write, 0..6)).prop_map(|(expectations, writes)| Step::Commit(expectations, writes)),
        3 => (tree(), key()).prop_map(|(tree, prefix)| Step::Scan(tree, prefix)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Move),
    ]
}

/// Commits to both; returns whether both took it.
fn commit(store: &dyn Store, model: &mut Model, expectations: &[Expectation], writes: &[Write]) {
    let mut batch = Batch::new();
    let mut is_met = true;
    for expectation in expectations {
        let (tree, key, value) = match expectation.clone() {
            Expectation::True(tree, key) => {
                let value = model.get(&(tree, key.clone())).cloned();
                (tree, key, value)
            }
            Expectation::MadeUp(tree, key, value) => {
                is_met &= model.get(&(tree, key.clone())) == value.as_ref();
                (tree, key, value)
            }
        };
        batch.expect(tree, &key, value);
    }
    for write in writes {
        match write {
            Write::Put(tree, key, value) => batch.put(*tree, key, value.clone()),
            Write::Delete(tree, key) => batch.delete(*tree, key),
        }
    }
    match store.commit(batch).wait() {
        Ok(_) => assert!(is_met, "a batch whose expectations were not met was taken"),
        Err(StoreError::Conflict { .. }) => assert!(!is_met, "a batch was refused for nothing"),
        Err(error) => panic!("{error}"),
    }
    if !is_met {
        return;
    }
    for write in writes.iter().cloned() {
        match write {
            Write::Put(tree, key, value) => model.insert((tree, key), value),
            Write::Delete(tree, key) => model.remove(&(tree, key)),
        };
    }
}

fn assert_same(store: &dyn Store, model: &Model) {
    for tree in [Tree::Connections, Tree::Groups, Tree::Vault, Tree::Trust] {
        assert_eq!(
            store.scan(tree, "").unwrap(),
            expected_scan(model, tree, "")
        );
    }
    for ((tree, key), value) in model {
        assert_eq!(store.get(*tree, key).unwrap().as_ref(), Some(value));
    }
}

fn expected_scan(model: &Model, wanted: Tree, prefix: &str) -> Vec<(String, Vec<u8>)> {
    model
        .iter()
        .filter(|((tree, key), _)| *tree == wanted && key.starts_with(prefix))
        .map(|((_, key), value)| (key.clone(), value.clone()))
        .collect()
}

/// Exports a store into a fresh one next to it.
fn moved(store: &dyn Store, to: &Path, model: &Model) -> std::sync::Arc<dyn Store> {
    let mut exported = Vec::new();
    let count = store.export(&mut exported).unwrap();
    assert_eq!(count, model.len() as u64);
    let fresh = open_quietly(to);
    assert_eq!(fresh.import(&mut exported.as_slice()).unwrap(), count);
    for key in [META_STORE_UUID, "schema_version"] {
        assert_eq!(
            fresh.get(Tree::Meta, key).unwrap(),
            store.get(Tree::Meta, key).unwrap()
        );
    }
    fresh
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_behaves_like_a_map(steps in vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut place = dir.path().join("0");
        let mut store = open_quietly(&place);
        let mut model = Model::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Commit(expectations, writes) => commit(&*store, &mut model, expectations, writes),
                Step::Scan(tree, prefix) => {
                    let found = store.scan(*tree, prefix).unwrap();
                    prop_assert_eq!(found, expected_scan(&model, *tree, prefix));
                }
                Step::Reopen => {
                    drop(store);
                    store = open_quietly(&place);
                }
                Step::Move => {
                    place = dir.path().join(format!("{}", number + 1));
                    store = moved(&*store, &place, &model);
                }
            }
        }
        assert_same(&*store, &model);
        drop(store);
        assert_same(&*open_quietly(&place), &model);
    }
}
