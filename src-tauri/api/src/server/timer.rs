//! The time for a request's head.

use hyper::rt::{Sleep, Timer};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time;

/// The timer of one connection. Each head has a deadline of its own, but the clock that is set for one goes on to the next:
/// setting one for each request would have every connection wait for the runtime's one wheel of clocks, twice a request.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadTimer {
    spare: Arc<Mutex<Option<Clock>>>,
}

/// A clock that may have been set for an earlier deadline.
type Clock = Pin<Box<time::Sleep>>;

/// One head's deadline.
struct Deadline {
    at: Instant,
    /// None once it is given back.
    clock: Option<Clock>,
    spare: Arc<Mutex<Option<Clock>>>,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = spare.take();
        Box::pin(Deadline {
            at: deadline,
            clock: Some(clock.unwrap_or_else(|| Box::pin(time::sleep_until(deadline.into())))),
            spare: Arc::clone(&self.spare),
        })
    }
}

impl Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        let Some(clock) = &mut self.clock else {
            return Poll::Ready(());
        };
        loop {
            ready!(clock.as_mut().poll(context));
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            clock.as_mut().reset(at.into());
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        let clock = self.clock.take();
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[tokio::test]
    async fn a_later_deadline_is_kept_by_the_clock_of_an_earlier_one() {
        let timer = HeadTimer::default();
        let begun = Instant::now();
        let mut first = timer.sleep(Duration::from_millis(20));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        drop(first);
        timer.sleep_until(begun + Duration::from_millis(90)).await;
        assert!(
            begun.elapsed() >= Duration::from_millis(90),
            "{:?}",
            begun.elapsed()
        );
    }
}
