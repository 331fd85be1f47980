//! The answer to a commit, for tasks that await it and threads that block on it.

use super::error::StoreError;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tokio::sync::oneshot;

/// Resolves to the commit's sequence number once the batch is durable.
///
/// The batch was queued when `commit` was called; dropping this does not take it back.
#[derive(Debug)]
#[must_use = "a commit that nobody awaits may fail unseen"]
pub struct Commit(oneshot::Receiver<Result<u64, StoreError>>);

impl Commit {
    pub(super) fn waiting() -> (oneshot::Sender<Result<u64, StoreError>>, Self) {
        let (answer, receiver) = oneshot::channel();
        (answer, Self(receiver))
    }

    /// A commit that is answered already.
    pub(super) fn refused(error: StoreError) -> Self {
        let (answer, commit) = Self::waiting();
        // The receiver is right here, so it is taken.
        drop(answer.send(Err(error)));
        commit
    }

    /// Tells a commit that was refused at once, such as by a full queue, from one that is under way.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn unless_refused(mut self) -> Result<Self, StoreError> {
        match self.0.try_recv() {
            Ok(Err(error)) => Err(error),
            Ok(Ok(sequence)) => {
                // Durable already: the answer goes back for who awaits it. The receiver is right here, so it is taken.
                let (answer, commit) = Self::waiting();
                drop(answer.send(Ok(sequence)));
                Ok(commit)
            }
            Err(_) => Ok(self),
        }
    }

    /// Blocks this thread until the batch is durable. For threads of their own, not for async tasks.
    ///
    /// # Errors
    /// What awaiting it would give.
    pub fn wait(self) -> Result<u64, StoreError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut commit = pin!(self);
        loop {
            match commit.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Commit {
    type Output = Result<u64, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
