//! Has the machine send no picture while nobody looks: RDP's Suppress Output (MS-RDPBCGR 2.2.11.3), no requests for updates in VNC.

use crate::limits::HIDE_REST;
use tokio::time::Instant;

/// Whether the session is looked at, and what the machine knows of it.
#[derive(Debug, Default)]
pub struct Hidden {
    is_hidden: bool,
    /// Whether the machine was told to send nothing.
    is_told: bool,
    due: Option<Instant>,
}

impl Hidden {
    /// Nobody looks from now on, or somebody does; answers whether the machine is to send again.
    pub fn set(&mut self, is_hidden: bool, now: Instant) -> bool {
        self.is_hidden = is_hidden;
        self.rest(now);
        !is_hidden && std::mem::take(&mut self.is_told)
    }

    /// The machine sends again, whatever it was told before.
    pub fn forgotten(&mut self, now: Instant) {
        self.is_told = false;
        self.rest(now);
    }

    /// Whether the machine sends nothing, as it was told.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether the machine is to be told now to send nothing.
    pub fn take(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            self.due = None;
            self.is_told = true;
        }
        is_due
    }

    fn rest(&mut self, now: Instant) {
        self.due = (self.is_hidden && !self.is_told).then(|| now + HIDE_REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_once_nobody_looked_for_a_while() {
        let start = Instant::now();
        let rested = start + HIDE_REST;
        let mut hidden = Hidden::default();
        assert!(!hidden.set(true, start));
        assert!(!hidden.take(start));
        assert!(hidden.take(rested));
        assert!(!hidden.take(rested), "once");
        assert!(hidden.set(false, rested), "it sends again");
        assert!(!hidden.set(false, rested));
        assert_eq!(hidden.due(), None);
    }

    #[test]
    fn a_glance_away_is_nothing_to_tell() {
        let start = Instant::now();
        let mut hidden = Hidden::default();
        hidden.set(true, start);
        assert!(!hidden.set(false, start), "it was never told to stop");
        assert!(!hidden.take(start + HIDE_REST));
    }

    #[test]
    fn a_machine_that_began_anew_is_told_again() {
        let start = Instant::now();
        let mut hidden = Hidden::default();
        hidden.set(true, start);
        let rested = start + HIDE_REST;
        assert!(hidden.take(rested));
        hidden.forgotten(rested);
        assert!(hidden.take(rested + HIDE_REST));
    }
}
