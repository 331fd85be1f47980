//! The store behind the trait: reads from the engine, writes through the writer.

use super::batch::{Batch, Change, Tree};
use super::engine::Engine;
use super::error::StoreError;
use super::intact::Closing;
use super::lock::Holder;
use super::writer::{Sync, Writer};
use super::{Commit, Store, export, schema, sync};
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The store behind the trait.
pub(super) struct KeptStore {
    // INVARIANT: dropped in this order: the thread ends and gives up the engine, the engine closes, its files are
    // summed up, then others may come.
    writer: Writer,
    engine: Arc<Engine>,
    _closing: Option<Closing>,
    _holder: Option<Holder>,
    /// Why changes are refused, where they are.
    refusing: Option<StoreError>,
}

impl KeptStore {
    /// A store over an open engine in `dir`.
    pub(super) fn start(
        engine: Engine,
        dir: &Path,
        holder: Option<Holder>,
    ) -> Result<Self, StoreError> {
        let engine = Arc::new(engine);
        let sync = sync::with_witness(&engine, dir).map_err(StoreError::failed("opening"))?;
        let store = Self::start_with(engine, sync, holder)?;
        Ok(Self {
            _closing: Some(Closing::of(dir)),
            ..store
        })
    }

    /// The same with a sync of the caller's own.
    pub(super) fn start_with(
        engine: Arc<Engine>,
        sync: Sync,
        holder: Option<Holder>,
    ) -> Result<Self, StoreError> {
        let prepared = schema::prepare(&engine)?;
        let store = Self {
            writer: Writer::start(Arc::clone(&engine), sync)?,
            engine,
            _closing: None,
            _holder: holder,
            refusing: None,
        };
        store.commit(prepared).wait()?;
        Ok(store)
    }

    /// The same, but from now on every change is refused.
    pub(super) fn refusing(self, error: StoreError) -> Self {
        let refusing = Some(error);
        Self { refusing, ..self }
    }
}

impl Store for KeptStore {
    fn get(&self, tree: Tree, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.engine.get(tree, key)
    }

    fn visit(
        &self,
        tree: Tree,
        prefix: &str,
        visit: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), StoreError> {
        self.engine.visit(tree, prefix, visit)
    }

    fn commit(&self, batch: Batch) -> Commit {
        match &self.refusing {
            Some(error) if !batch.is_empty() => Commit::refused(error.clone()),
            _ => self.writer.commit(batch),
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.writer.subscribe()
    }

    fn export(&self, to: &mut dyn Write) -> Result<u64, StoreError> {
        export::write(to, &self.engine.snapshot(&Tree::EXPORTED)?)
    }

    fn import(&self, from: &mut dyn BufRead) -> Result<u64, StoreError> {
        let snapshot = export::read(from)?;
        let count = snapshot.records.len() as u64;
        self.commit(export::batch(snapshot)).wait()?;
        Ok(count)
    }
}
