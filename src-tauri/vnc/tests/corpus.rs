//! What fuzzing starts from and what it once found, replayed: none of it may panic, hang, or decode in two ways.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../tests/fuzz/src/lib.rs"]
mod fuzz;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder beside the targets.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz")
        .join(name)
}

/// What a folder holds, in the order of the names.
fn held(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let targets = BTreeSet::from(fuzz::TARGETS.map(|(name, _)| name.to_owned()));
    for name in ["fuzz_targets", "corpus"] {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let found: BTreeSet<_> = held(&folder(name)).iter().map(stem).collect();
        // Parsers of other protocols have programs of their own there.
        assert!(found.is_superset(&targets), "{name}: {found:?}");
    }
}

#[test]
fn no_input_of_the_corpus_fails() {
    for (name, target) in fuzz::TARGETS {
        let inputs = held(&folder("corpus").join(name));
        assert!(!inputs.is_empty(), "{name} has no inputs");
        for path in inputs {
            // Shown when the test fails: the last one is the input that did.
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
        }
    }
}
