//! Notices that this computer slept: links that look alive may be dead then, and nothing says so for minutes.

use crate::Core;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often the clocks are compared. A person who opens the lid sees the truth within this and the check of the link.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A jump of the wall clock against the running one that means sleep. Clocks that are set by the network move less; a
/// false alarm only costs one question to each machine.
const GAP: Duration = Duration::from_secs(5);

/// Two clocks: one that goes on while the computer sleeps, one that stands.
pub trait Clock: Send + Sync {
    /// Since any fixed moment, sleep included.
    fn wall(&self) -> Duration;
    /// Since any fixed moment, without sleep.
    fn running(&self) -> Duration;
}

/// The computer's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    begin: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Duration {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn running(&self) -> Duration {
        // Linux counts this clock (CLOCK_MONOTONIC) without the time asleep.
        self.begin.elapsed()
    }
}

/// Has every session check its link after each sleep, and the vault locked when that is due.
pub(crate) async fn watch(core: Weak<Core>, clock: Arc<dyn Clock>, cancel: CancellationToken) {
    let (mut wall, mut running) = (clock.wall(), clock.running());
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let (wall_now, running_now) = (clock.wall(), clock.running());
        let gap = wall_now
            .saturating_sub(wall)
            .saturating_sub(running_now.saturating_sub(running));
        (wall, running) = (wall_now, running_now);
        let Some(core) = core.upgrade() else { break };
        core.lock_if_due(gap > GAP);
        if gap > GAP {
            tracing::info!(asleep_for = ?gap, "this computer slept; checking every link");
            core.check_links();
        }
    }
}
