//! Quality that follows the link: how fast updates arrive says how good they may be.

use crate::options::{DEFAULT_COMPRESSION, Levels, Options};
use farwire_model::quality::Quality;
use std::time::Duration;
use tokio::time::Instant;

/// Fewer bytes fit into buffers and say nothing about the link. Short updates are counted together: a slow link whose
/// updates have become short would otherwise never be measured again.
const MIN_BYTES: u64 = 16 << 10;

/// How much of the time spent receiving the estimate looks back on.
const MEMORY: f64 = 2.0;

/// What an update counts at least. Those of a fast link take so little time that a better one would hardly be noticed.
const MIN_WEIGHT: f64 = 0.02;

/// The quality changes once this many updates in a row asked for the same other one, so that it does not flicker.
const AGREEMENT: u32 = 4;

/// From this many bits a second on, best first: the JPEG quality, and the server's effort. A server spends its time on
/// effort, which pays only where the link is the slower one.
const STEPS: [(f64, Levels); 4] = [
    (
        16e6,
        Levels {
            quality: Some(8),
            compression: DEFAULT_COMPRESSION,
        },
    ),
    (
        4e6,
        Levels {
            quality: Some(6),
            compression: 4,
        },
    ),
    (
        1e6,
        Levels {
            quality: Some(4),
            compression: 6,
        },
    ),
    (
        0.0,
        Levels {
            quality: Some(2),
            compression: 9,
        },
    ),
];

/// Chooses the levels that a server is told.
#[derive(Debug)]
pub struct Bandwidth {
    quality: Quality,
    compression: Option<u8>,
    began: Option<Instant>,
    /// Bytes of updates that were not measured yet, and the time they took.
    unmeasured: (u64, Duration),
    /// Bits a second; a LAN until measured.
    estimate: f64,
    step: usize,
    /// The step that recent updates asked for, and how many in a row.
    wish: (usize, u32),
}

impl Bandwidth {
    /// Nothing measured yet.
    pub fn new(options: &Options) -> Self {
        Self {
            quality: options.quality,
            compression: options.compression,
            began: None,
            unmeasured: (0, Duration::ZERO),
            estimate: 20e6,
            step: 0,
            wish: (0, 0),
        }
    }

    /// What the server is to be told now.
    pub fn levels(&self) -> Levels {
        let (_, automatic) = STEPS.get(self.step).unwrap_or(&STEPS[0]);
        let levels = match self.quality {
            Quality::Auto => *automatic,
            Quality::Lossless => Levels {
                quality: None,
                compression: DEFAULT_COMPRESSION,
            },
            Quality::Level(level) => Levels {
                quality: Some(level),
                compression: DEFAULT_COMPRESSION,
            },
        };
        Levels {
            compression: self.compression.unwrap_or(levels.compression),
            ..levels
        }
    }

    /// A person chose another quality.
    pub fn choose(&mut self, quality: Quality) {
        self.quality = quality;
    }

    /// The first bytes of an update are here.
    pub fn began(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// The last bytes of an update are here. Answers whether the levels changed.
    pub fn ended(&mut self, bytes: u64, now: Instant) -> bool {
        let Some(began) = self.began.take() else {
            return false;
        };
        self.unmeasured.0 += bytes;
        self.unmeasured.1 += now - began;
        if self.unmeasured.0 < MIN_BYTES {
            return false;
        }
        let (bytes, took) = std::mem::take(&mut self.unmeasured);
        let took = took.max(Duration::from_micros(100)).as_secs_f64();
        let weight = (took / MEMORY).clamp(MIN_WEIGHT, 1.0);
        let speed = bytes as f64 * 8.0 / took;
        // A mean of ratios: from 20 to 1 Mbit/s is as far as from 1 to 20.
        self.estimate *= (speed / self.estimate).powf(weight);
        let fitting = STEPS
            .iter()
            .position(|(from, _)| self.estimate >= *from)
            .unwrap_or(STEPS.len() - 1);
        self.wish = match self.wish {
            (step, times) if step == fitting => (step, times + 1),
            _ => (fitting, 1),
        };
        let (step, times) = self.wish;
        if step == self.step || times < AGREEMENT {
            return false;
        }
        self.step = step;
        self.quality == Quality::Auto
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel_format::Depth;

    fn bandwidth(quality: Quality) -> Bandwidth {
        Bandwidth::new(&Options {
            is_shared: true,
            follows_viewport: false,
            quality,
            compression: None,
            depth: Depth::Full,
        })
    }

    /// Lets updates of 100 KiB arrive at this speed; answers the quality after each.
    fn receive(bandwidth: &mut Bandwidth, bits_a_second: f64, updates: usize) -> Vec<Option<u8>> {
        let mut now = Instant::now();
        let bytes: u64 = 100 << 10;
        (0..updates)
            .map(|_| {
                bandwidth.began(now);
                now += Duration::from_secs_f64(bytes as f64 * 8.0 / bits_a_second);
                bandwidth.ended(bytes, now);
                bandwidth.levels().quality
            })
            .collect()
    }

    #[tokio::test]
    async fn a_slow_link_gets_less_and_a_fast_one_more_again() {
        let mut bandwidth = bandwidth(Quality::Auto);
        assert_eq!(bandwidth.levels().quality, Some(8));
        let slow = receive(&mut bandwidth, 0.5e6, 12);
        assert_eq!(slow.last(), Some(&Some(2)), "{slow:?}");
        assert_eq!(slow.first(), Some(&Some(8)), "not at the first update");
        let fast = receive(&mut bandwidth, 100e6, 400);
        assert_eq!(fast.last(), Some(&Some(8)), "{fast:?}");
    }

    #[tokio::test]
    async fn small_updates_and_a_chosen_quality_change_nothing() {
        let mut chosen = bandwidth(Quality::Level(7));
        assert_eq!(receive(&mut chosen, 0.1e6, 20).last(), Some(&Some(7)));
        chosen.choose(Quality::Lossless);
        assert_eq!(chosen.levels().quality, None);
        let mut small = bandwidth(Quality::Auto);
        let now = Instant::now();
        for _ in 0..50 {
            small.began(now);
            assert!(!small.ended(100, now + Duration::from_secs(1)));
        }
    }
}
