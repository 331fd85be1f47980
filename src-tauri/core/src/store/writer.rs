//! The one thread that writes.
//!
//! It drains the queue, applies each batch as a transaction, flushes once, syncs once, and only then acknowledges.

use super::batch::{Batch, Change, Tree};
use super::engine::Engine;
use super::error::StoreError;
use super::{CHANGE_CAPACITY, Commit, record, schema};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use tokio::sync::{broadcast, oneshot};

/// How many batches may wait. A full queue refuses with `StoreError::Busy` instead of blocking an async task on the disk.
const QUEUE_CAPACITY: usize = 1024;

/// How many batches share one sync; more would only make the first ones wait.
const MAX_GROUP: usize = 256;

/// Makes what was flushed durable, up to the batch of that number. A test gives its own.
pub(super) type Sync = Box<dyn FnMut(u64) -> io::Result<()> + Send>;

/// The queue to the writer thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    changes: broadcast::Sender<Arc<Change>>,
}

#[derive(Debug)]
struct Task {
    batch: Batch,
    answer: oneshot::Sender<Result<u64, StoreError>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(engine: Arc<Engine>, sync: Sync) -> Result<Self, StoreError> {
        let sequence = schema::sequence(&engine)?;
        let (queue, tasks) = mpsc::sync_channel(QUEUE_CAPACITY);
        let (changes, _) = broadcast::channel(CHANGE_CAPACITY);
        let mut worker = Worker {
            engine,
            sync,
            changes: changes.clone(),
            sequence,
            failed: None,
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || worker.run(&tasks))
            .map_err(StoreError::failed("opening"))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            changes,
        })
    }

    /// Queues a batch.
    pub(super) fn commit(&self, batch: Batch) -> Commit {
        let (answer, commit) = Commit::waiting();
        let task = Task { batch, answer };
        let refused = match self.queue.as_ref().map(|queue| queue.try_send(task)) {
            Some(Ok(())) => return commit,
            Some(Err(TrySendError::Full(task))) => Some((task, StoreError::Busy)),
            Some(Err(TrySendError::Disconnected(task))) => Some((task, StoreError::Closed)),
            None => None,
        };
        if let Some((task, error)) = refused {
            answer_one(task.answer, Err(error));
        }
        commit
    }

    /// Every durable change from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends once the closed queue is empty, so everything queued is still acknowledged.
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

struct Worker {
    engine: Arc<Engine>,
    sync: Sync,
    changes: broadcast::Sender<Arc<Change>>,
    sequence: u64,
    /// The first failed write. After it nothing is known about what the disk holds, so nothing more is written.
    failed: Option<StoreError>,
}

impl Worker {
    fn run(&mut self, tasks: &Receiver<Task>) {
        while let Ok(first) = tasks.recv() {
            let rest = tasks.try_iter().take(MAX_GROUP.saturating_sub(1));
            let group: Vec<Task> = std::iter::once(first).chain(rest).collect();
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Task>) {
        let before = self.sequence;
        let applied: Vec<_> = group
            .into_iter()
            .map(|task| {
                let outcome = self.apply(&task.batch);
                (task, outcome)
            })
            .collect();
        let durable = if self.sequence == before {
            Ok(())
        } else {
            self.make_durable()
        };
        for (task, outcome) in applied {
            let answer = outcome.and_then(|sequence| durable.clone().map(|()| sequence));
            if let Ok(sequence) = answer
                && !task.batch.is_empty()
            {
                // Fails only when nobody listens.
                drop(
                    self.changes
                        .send(Arc::new(Change::of(&task.batch, sequence))),
                );
            }
            answer_one(task.answer, answer);
        }
    }

    /// Applies a batch; returns its number.
    fn apply(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        record::check_sizes(batch)?;
        if batch.needs_empty_store && !self.engine.is_empty()? {
            return Err(StoreError::NotEmpty);
        }
        self.engine
            .apply(batch)
            .inspect_err(|error| self.remember(error))?;
        if !batch.is_empty() {
            self.sequence = self.sequence.max(batch.sequence_floor).saturating_add(1);
        }
        Ok(self.sequence)
    }

    fn make_durable(&mut self) -> Result<(), StoreError> {
        let sequence = self.sequence;
        self.engine
            .put_short(
                Tree::Meta,
                schema::META_SEQUENCE,
                sequence.to_string().as_bytes(),
            )
            .and_then(|()| self.engine.flush())
            .and_then(|()| (self.sync)(sequence).map_err(StoreError::failed("writing")))
            .inspect_err(|error| self.remember(error))
    }

    /// A sync that failed once may report success the next time although its pages were dropped, so one failure is final.
    fn remember(&mut self, error: &StoreError) {
        if matches!(error, StoreError::Failed { .. }) && self.failed.is_none() {
            tracing::error!(%error, "the store takes no more changes");
            self.failed = Some(error.clone());
        }
    }
}

/// Nobody may be waiting any more; the batch is settled all the same.
fn answer_one(answer: oneshot::Sender<Result<u64, StoreError>>, outcome: Result<u64, StoreError>) {
    drop(answer.send(outcome));
}
