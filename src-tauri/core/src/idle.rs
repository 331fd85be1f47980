//! Locks the vault when nobody used the program for a while, or the computer slept.

use crate::Core;
use crate::vault::VaultState;
use crate::wake::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a person or a script last did something.
pub(crate) struct LastUse {
    clock: Arc<dyn Clock>,
    at: Mutex<Moment>,
}

/// A moment by both clocks.
#[derive(Clone, Copy)]
struct Moment {
    wall: Duration,
    running: Duration,
}

impl LastUse {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let at = Mutex::new(Moment::now(&*clock));
        Self { clock, at }
    }

    /// It is used now.
    pub fn note(&self) {
        let now = Moment::now(&*self.clock);
        *self.at() = now;
    }

    /// How long it was not used. Time asleep counts; a wall clock that is set back hides nothing.
    fn unused_for(&self) -> Duration {
        let (now, at) = (Moment::now(&*self.clock), *self.at());
        let wall = now.wall.saturating_sub(at.wall);
        wall.max(now.running.saturating_sub(at.running))
    }

    fn at(&self) -> MutexGuard<'_, Moment> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.wall(),
            running: clock.running(),
        }
    }
}

impl Core {
    /// A person or a script uses the program now: the vault's time until it locks by itself begins anew.
    pub fn note_use(&self) {
        self.last_use.note();
    }

    /// Locks the vault where the settings say so.
    pub(crate) fn lock_if_due(&self, has_slept: bool) {
        if !matches!(self.vault.state(), VaultState::Ready { .. }) {
            // The time begins when it is unlocked, however long the key store asked before.
            self.last_use.note();
            return;
        }
        let settings = self.settings().vault;
        let limit = settings.lock_after_secs.map(u64::from);
        if limit.is_some_and(|limit| self.last_use.unused_for() >= Duration::from_secs(limit)) {
            self.vault
                .lock_because("it was not used for a while: unlock it again");
        } else if has_slept && settings.lock_after_sleep {
            self.vault
                .lock_because("this computer slept: unlock it again");
        }
    }
}
