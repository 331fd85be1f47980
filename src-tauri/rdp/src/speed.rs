//! How fast H.264 is decoded here, measured on the pictures that come.

use farwire_model::frame::Size;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A picture that takes longer is no fluent one: 25 a second, if nothing else were done.
const BUDGET: Duration = Duration::from_millis(40);
/// So many pictures are looked at together: one alone may have waited for the processor.
const PICTURES: u32 = 60;

/// Picoseconds a pixel took over the last [`PICTURES`]; 0 while unknown. It is a property of this computer, so that all
/// sessions share it: what one found out the next need not.
static PER_PIXEL: AtomicU64 = AtomicU64::new(0);

/// Whether H.264 of this size takes longer than there is time, as far as it was measured.
pub fn is_too_slow(size: Size) -> bool {
    is_over(PER_PIXEL.load(Ordering::Relaxed), size)
}

fn is_over(per_pixel: u64, size: Size) -> bool {
    let pixels = u128::try_from(size.pixels()).unwrap_or(u128::MAX);
    u128::from(per_pixel).saturating_mul(pixels) > BUDGET.as_nanos() * 1000
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
            PER_PIXEL.store(per_pixel, Ordering::Relaxed);
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

    #[test]
    fn a_size_is_too_much_when_a_picture_of_it_takes_over_the_budget() {
        let measured = |millis| Speed {
            pictures: PICTURES,
            spent: Duration::from_millis(millis) * PICTURES,
        };
        for (millis, size, expected) in [
            (39, FULL, false),
            (41, FULL, true),
            // The same speed is enough for half the pixels.
            (41, Size::new(960, 1080), false),
        ] {
            let per_pixel = measured(millis).result(FULL).unwrap();
            assert_eq!(is_over(per_pixel, size), expected, "{millis} {size:?}");
        }
        assert!(!is_over(0, FULL), "nothing is known at first");
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
