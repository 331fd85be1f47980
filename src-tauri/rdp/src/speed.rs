//! How fast H.264 is decoded here, measured on the pictures that come.

use farwire_model::frame::Size;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A picture that takes longer is no fluent one: 25 a second, if nothing else were done.
const BUDGET: Duration = Duration::from_millis(40);
/// So many pictures are looked at together: one alone may have had more in it than others.
const PICTURES: u32 = 60;
/// How long a measurement counts. A processor that was hot, or a laptop that saved its battery, is fast again some time.
const COUNTS_FOR: Duration = Duration::from_secs(600);

/// What was measured last. It is a property of this computer, so that all sessions share it: what one found out the next
/// need not.
static NEWEST: Mutex<Option<Measured>> = Mutex::new(None);

/// Whether H.264 of this size takes longer than there is time, as far as it was measured of late.
pub fn is_too_slow(size: Size) -> bool {
    let newest = *NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
    newest.is_some_and(|measured| measured.is_too_slow(size, Instant::now()))
}

/// How fast it was.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// Picoseconds a pixel took.
    per_pixel: u64,
    at: Instant,
}

impl Measured {
    fn is_too_slow(self, size: Size, now: Instant) -> bool {
        let pixels = u128::try_from(size.pixels()).unwrap_or(u128::MAX);
        let needed = u128::from(self.per_pixel).saturating_mul(pixels);
        let is_old = now.saturating_duration_since(self.at) >= COUNTS_FOR;
        !is_old && needed > BUDGET.as_nanos() * 1000
    }
}

/// Measures what a thread works, which is less than what goes by while it waits for the processor.
pub struct Work(Duration);

impl Work {
    /// Begins now, on this thread.
    pub fn begin() -> Self {
        Self(worked())
    }

    /// The work since then, asked on the same thread.
    pub fn done(&self) -> Duration {
        worked().saturating_sub(self.0)
    }
}

/// What this thread worked so far.
fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// What one channel measures.
#[derive(Default)]
pub struct Speed {
    pictures: u32,
    spent: Duration,
}

impl Speed {
    /// Notes that a picture of this size took so long. H.264 decodes all of it, however little of it changed.
    pub fn note(&mut self, spent: Duration, size: Size) {
        self.pictures += 1;
        self.spent += spent;
        if let Some(per_pixel) = self.result(size) {
            let at = Instant::now();
            *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Measured { per_pixel, at });
            *self = Self::default();
        }
    }

    /// Picoseconds a pixel, once enough pictures came.
    fn result(&self, size: Size) -> Option<u64> {
        let pixels = u128::try_from(size.pixels())
            .ok()
            .filter(|some| *some > 0)?;
        let enough = self.pictures >= PICTURES;
        let spent = self.spent.as_nanos() * 1000 / u128::from(self.pictures.max(1));
        enough.then(|| u64::try_from(spent / pixels).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Size = Size::new(1920, 1080);

    fn measured(millis: u64, at: Instant) -> Measured {
        let speed = Speed {
            pictures: PICTURES,
            spent: Duration::from_millis(millis) * PICTURES,
        };
        let per_pixel = speed.result(FULL).unwrap();
        Measured { per_pixel, at }
    }

    #[test]
    fn a_size_is_too_much_when_a_picture_of_it_takes_over_the_budget() {
        let now = Instant::now();
        for (millis, size, expected) in [
            (39, FULL, false),
            (41, FULL, true),
            // The same speed is enough for half the pixels.
            (41, Size::new(960, 1080), false),
        ] {
            let measured = measured(millis, now);
            assert_eq!(
                measured.is_too_slow(size, now),
                expected,
                "{millis} {size:?}"
            );
        }
    }

    #[test]
    fn a_slow_spell_is_forgotten() {
        let slow = measured(400, Instant::now());
        let moment = Duration::from_millis(1);
        assert!(slow.is_too_slow(FULL, slow.at + COUNTS_FOR - moment));
        assert!(!slow.is_too_slow(FULL, slow.at + COUNTS_FOR));
    }

    #[test]
    fn waiting_is_no_work() {
        let (work, begun) = (Work::begin(), Instant::now());
        std::thread::sleep(Duration::from_millis(200));
        let waited = work.done();
        assert!(waited < Duration::from_millis(100), "{waited:?}");
        while begun.elapsed() < Duration::from_secs(30) && work.done() < Duration::from_millis(101)
        {
            std::hint::black_box(());
        }
        assert!(work.done() > waited, "work is counted");
    }

    #[test]
    fn few_pictures_say_nothing() {
        let few = Speed {
            pictures: PICTURES - 1,
            spent: Duration::from_secs(1000),
        };
        assert_eq!(few.result(FULL), None);
    }
}
