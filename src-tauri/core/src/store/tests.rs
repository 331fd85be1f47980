//! Tests of the store through its public interface, and of the writer with a sync of the test's own.

mod backups;
mod damage;
mod model;
mod writing;

use super::engine::Engine;
use super::kept_store::KeptStore;
use super::{Batch, Opened, Store, Tree, open};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store of its own folder whose disk fails from the moment it is told so.
pub(crate) fn open_failing(dir: &Path, fails: Arc<AtomicBool>) -> Arc<dyn Store> {
    let sync = move |_| match fails.load(Ordering::SeqCst) {
        true => Err(io::Error::other("the disk is gone")),
        false => Ok(()),
    };
    let engine = Engine::open(dir).unwrap();
    Arc::new(KeptStore::start_with(Arc::new(engine), Box::new(sync), None).unwrap())
}

/// Opens a store that has nothing to say about it.
fn open_quietly(data_dir: &Path) -> Arc<dyn Store> {
    let Opened { store, notice, .. } = open(data_dir).unwrap();
    assert_eq!(notice, None);
    store
}

fn put(store: &dyn Store, tree: Tree, key: &str, value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(tree, key, value.to_vec());
    store.commit(batch).wait().unwrap();
}

/// Names in a directory that begin with `prefix`, sorted.
fn names(dir: &Path, prefix: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}
