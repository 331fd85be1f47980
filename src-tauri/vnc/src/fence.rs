//! Fences (the registry's "Fence" extension): the server's are answered, ours measure the round trip.

use crate::client;
use crate::limits::{FENCE_PERIOD, SILENCE_LIMIT};
use std::time::Duration;
use tokio::time::Instant;

const REQUEST: u32 = 1 << 31;
/// Block before, block after, sync next: everything before a fence is decoded before it is answered, so all hold.
const HONOURED: u32 = 7;
/// Marks our own fences.
const PAYLOAD: [u8; 4] = *b"ping";

/// Round trips, measured by fences.
#[derive(Default)]
pub struct Fences {
    /// When the next one is due; none until the server has shown that it knows fences.
    due: Option<Instant>,
    /// When the one that is on its way left.
    sent: Option<Instant>,
}

impl Fences {
    /// Takes a fence. Answers the round trip, if it is one of ours that came back.
    pub fn received(
        &mut self,
        out: &mut Vec<u8>,
        flags: u32,
        payload: &[u8],
        now: Instant,
    ) -> Option<Duration> {
        if flags & REQUEST != 0 {
            client::fence(out, flags & HONOURED, payload);
            if self.due.is_none() && self.sent.is_none() {
                self.due = Some(now);
            }
            return None;
        }
        if payload != PAYLOAD {
            return None;
        }
        let sent = self.sent.take()?;
        self.due = Some(now + FENCE_PERIOD);
        Some(now - sent)
    }

    /// When to call [`Fences::write_due`].
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Appends a fence, if one is due.
    pub fn write_due(&mut self, out: &mut Vec<u8>, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            client::fence(out, REQUEST, &PAYLOAD);
            self.due = None;
            self.sent = Some(now);
        }
    }

    /// When a server that stays silent from `heard` on is given up; none while it owes nothing.
    pub fn gone_at(&self, heard: Instant) -> Option<Instant> {
        self.sent.map(|sent| sent.max(heard) + SILENCE_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_fence_is_answered_and_starts_the_measuring() {
        let (mut fences, mut out, now) = (Fences::default(), Vec::new(), Instant::now());
        assert_eq!(fences.due(), None);
        let trip = fences.received(&mut out, REQUEST | 0x1005, &[1, 2], now);
        assert_eq!(trip, None);
        assert_eq!(out, [248, 0, 0, 0, 0, 0, 0, 5, 2, 1, 2]);
        out.clear();
        fences.write_due(&mut out, now);
        assert_eq!(
            out,
            [&[248, 0, 0, 0, 0x80, 0, 0, 0, 4][..], b"ping"].concat()
        );
        assert_eq!(fences.gone_at(now), Some(now + SILENCE_LIMIT));
        let later = now + Duration::from_millis(30);
        let trip = fences.received(&mut out, 0, b"ping", later);
        assert_eq!(trip, Some(Duration::from_millis(30)));
        assert_eq!(fences.due(), Some(later + FENCE_PERIOD));
        assert_eq!(fences.gone_at(now), None);
    }
}
