//! Whether the machine still answers: fences (the registry's "Fence"), which also measure the round trip, or, where the
//! server has none, questions for one pixel.

use crate::client::{self, Ask};
use crate::limits::{ASK_AFTER, SILENCE_LIMIT, SLOW_ANSWER, STALL_SHOWN, WAKE_LIMIT};
use farwire_model::frame::Rect;
use std::time::Duration;
use tokio::time::Instant;

const REQUEST: u32 = 1 << 31;
/// Block before, block after, sync next: everything before a fence is decoded before it is answered, so all hold.
const HONOURED: u32 = 7;
/// Marks our own fences.
const PAYLOAD: [u8; 4] = *b"ping";

/// Whether the machine still answers.
#[derive(Debug)]
pub struct Pulse {
    /// Whether the server knows fences.
    has_fences: bool,
    /// When the next question is due; none while one is on its way.
    due: Option<Instant>,
    /// When the one that is on its way left.
    sent: Option<Instant>,
    /// When anything was heard last.
    heard: Instant,
    /// How long the server may stay silent on the question that is on its way.
    limit: Duration,
    /// The silence that is shown as a stall, by its beginning.
    stall: Option<Instant>,
    /// How long the server took lately to answer for one pixel. Some look at their screen every few seconds while it stands still.
    slowest: Duration,
}

/// How the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// As before.
    Same,
    /// The machine has not answered for a moment.
    Stalled,
    /// It answers again.
    Flows,
    /// It has not answered for too long.
    Gone,
}

impl Pulse {
    /// Nothing asked yet.
    pub fn new(now: Instant) -> Self {
        Self {
            has_fences: false,
            due: Some(now + ASK_AFTER),
            sent: None,
            heard: now,
            limit: SILENCE_LIMIT,
            stall: None,
            slowest: Duration::ZERO,
        }
    }

    /// Takes a fence. Answers the round trip, if it is one of ours that came back.
    pub fn fence(
        &mut self,
        out: &mut Vec<u8>,
        flags: u32,
        payload: &[u8],
        now: Instant,
    ) -> Option<Duration> {
        if flags & REQUEST != 0 {
            client::fence(out, flags & HONOURED, payload);
            if !self.has_fences {
                (self.has_fences, self.due, self.sent) = (true, Some(now), None);
            }
            return None;
        }
        if payload != PAYLOAD {
            return None;
        }
        let sent = self.sent.take()?;
        self.due = Some(now + ASK_AFTER);
        Some(now - sent)
    }

    /// Bytes arrived at a time, or wait here to be decoded: either way the machine lived then.
    pub fn heard(&mut self, at: Instant) {
        if at <= self.heard {
            return;
        }
        self.heard = at;
        // What arrived before the question left is no answer to it.
        if !self.has_fences && self.sent.is_none_or(|sent| sent <= at) {
            if let Some(sent) = self.sent.take() {
                // A single stall is forgotten after a few answers.
                self.slowest = (at - sent).min(SLOW_ANSWER).max(self.slowest / 2);
            }
            self.due = Some(at + ASK_AFTER);
        }
    }

    /// Whether the silence is shown as a stall.
    pub fn is_stalled(&self) -> bool {
        self.stall.is_some()
    }

    /// Asks at once, and waits for less time than usually.
    pub fn ask_now(&mut self, out: &mut Vec<u8>, now: Instant) {
        self.heard = now;
        self.ask(out, now);
        self.limit = WAKE_LIMIT;
    }

    /// When to call [`Pulse::turn`].
    pub fn due(&self) -> Option<Instant> {
        let silent = self.silent_from();
        let shown = silent.map(|from| from + self.stall_shown());
        let gone = silent.map(|from| from + self.limit);
        let is_over = self.stall.is_some() && self.stall != silent;
        [
            self.due,
            shown.filter(|_| self.stall.is_none()),
            gone,
            is_over.then_some(self.heard),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Asks, if that is due, and looks how the link is.
    pub fn turn(&mut self, out: &mut Vec<u8>, now: Instant) -> Link {
        if self.due.is_some_and(|due| due <= now) {
            self.ask(out, now);
        }
        let silence = self.silent_from().map_or(Duration::ZERO, |from| now - from);
        if silence >= self.limit {
            return Link::Gone;
        }
        let stall = self.silent_from().filter(|_| silence >= self.stall_shown());
        match (std::mem::replace(&mut self.stall, stall), stall) {
            (None, Some(_)) => Link::Stalled,
            (Some(_), None) => Link::Flows,
            _ => Link::Same,
        }
    }

    fn ask(&mut self, out: &mut Vec<u8>, now: Instant) {
        if self.has_fences {
            client::fence(out, REQUEST, &PAYLOAD);
        } else {
            client::request_update(out, Ask::Everything, Rect::new(0, 0, 1, 1));
        }
        (self.due, self.sent, self.limit) = (None, Some(now), SILENCE_LIMIT);
    }

    /// How much silence is shown: more than a server that is known to be slow takes.
    fn stall_shown(&self) -> Duration {
        match self.has_fences {
            true => STALL_SHOWN,
            false => STALL_SHOWN.max(self.slowest * 3 / 2),
        }
    }

    /// Since when the server owes an answer and says nothing at all.
    fn silent_from(&self) -> Option<Instant> {
        self.sent.map(|sent| sent.max(self.heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    /// How old the last word may be when the picture is still shown as a live one.
    const LIVE: Duration = Duration::from_millis(2000);

    #[tokio::test]
    async fn a_server_fence_is_answered_and_starts_the_measuring() {
        let now = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(now), Vec::new());
        let trip = pulse.fence(&mut out, REQUEST | 0x1005, &[1, 2], now);
        assert_eq!(trip, None);
        assert_eq!(out, [248, 0, 0, 0, 0, 0, 0, 5, 2, 1, 2]);
        out.clear();
        assert_eq!(pulse.turn(&mut out, now), Link::Same);
        assert_eq!(
            out,
            [&[248, 0, 0, 0, 0x80, 0, 0, 0, 4][..], b"ping"].concat()
        );
        let later = now + MS(30);
        assert_eq!(pulse.fence(&mut out, 0, b"ping", later), Some(MS(30)));
        assert_eq!(pulse.due(), Some(later + ASK_AFTER));
    }

    #[tokio::test]
    async fn silence_is_shown_then_ends_the_session_and_any_byte_ends_the_silence() {
        let now = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(now), Vec::new());
        pulse.fence(&mut out, REQUEST, &[], now);
        assert_eq!(pulse.turn(&mut out, now), Link::Same);
        assert_eq!(pulse.due(), Some(now + STALL_SHOWN));
        assert_eq!(pulse.turn(&mut out, now + STALL_SHOWN), Link::Stalled);
        assert!(pulse.is_stalled());
        assert_eq!(pulse.due(), Some(now + SILENCE_LIMIT));
        let later = now + STALL_SHOWN + MS(500);
        pulse.heard(later);
        assert_eq!(pulse.turn(&mut out, later), Link::Flows);
        assert_eq!(pulse.turn(&mut out, later + SILENCE_LIMIT), Link::Gone);
    }

    #[tokio::test]
    async fn a_server_without_fences_is_asked_for_a_pixel_when_it_is_silent() {
        let now = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(now), Vec::new());
        assert_eq!(pulse.due(), Some(now + ASK_AFTER));
        assert_eq!(pulse.turn(&mut out, now + ASK_AFTER), Link::Same);
        assert_eq!(out, [3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
        pulse.heard(now + ASK_AFTER - MS(1));
        assert_eq!(pulse.due(), Some(now + ASK_AFTER + STALL_SHOWN));
        pulse.heard(now + ASK_AFTER + MS(10));
        assert_eq!(pulse.due(), Some(now + ASK_AFTER * 2 + MS(10)));
    }

    /// Lets a server speak every `step` until its last word, and answers how old that is when the stall shows.
    fn shown_after(has_fences: bool, step: Duration, words: u32) -> Duration {
        let begin = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(begin), Vec::new());
        if has_fences {
            pulse.fence(&mut out, REQUEST, &[], begin);
        }
        let (mut last, mut said) = (begin, 0);
        loop {
            let next_word = begin + step * (said + 1);
            let due = pulse.due().unwrap();
            if said < words && next_word <= due {
                (last, said) = (next_word, said + 1);
                pulse.heard(last);
                if !out.is_empty() && has_fences {
                    pulse.fence(&mut out, 0, &PAYLOAD, last);
                }
                out.clear();
            } else if pulse.turn(&mut out, due) == Link::Stalled && said == words {
                return due - last;
            }
        }
    }

    #[tokio::test]
    async fn a_picture_is_shown_as_old_within_two_seconds_of_the_last_word() {
        for has_fences in [true, false] {
            for (step, words) in [(1, 3000), (17, 200), (333, 9), (799, 5), (801, 5), (950, 4)] {
                let silence = shown_after(has_fences, MS(step), words);
                assert!(silence <= LIVE, "{has_fences} {step}: {silence:?}");
                assert!(silence >= STALL_SHOWN, "{has_fences} {step}: {silence:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_server_that_always_answers_slowly_is_not_taken_for_a_silent_one() {
        let begin = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(begin), Vec::new());
        let (mut stalls, mut answers) = (Vec::new(), 0);
        let mut answer_at = None;
        while answers < 10 {
            let due = pulse.due().unwrap();
            if let Some(at) = answer_at.filter(|at| *at <= due) {
                pulse.heard(at);
                (answer_at, answers) = (None, answers + 1);
            } else if pulse.turn(&mut out, due) == Link::Stalled {
                stalls.push(answers);
            }
            if !out.is_empty() {
                answer_at = Some(due + MS(3000));
                out.clear();
            }
        }
        assert_eq!(stalls, [0]);
        // It answers at once for a while: a silence is shown as soon as that of others.
        for _ in 0..5 {
            let due = pulse.due().unwrap();
            pulse.turn(&mut out, due);
            pulse.heard(due + MS(5));
        }
        assert_eq!(pulse.stall_shown(), STALL_SHOWN);
    }

    #[tokio::test]
    async fn a_silent_link_brings_a_question_a_second_at_the_most() {
        for has_fences in [true, false] {
            let begin = Instant::now();
            let (mut pulse, mut out) = (Pulse::new(begin), Vec::new());
            if has_fences {
                pulse.fence(&mut out, REQUEST, &[], begin);
                out.clear();
            }
            let mut asked = 0;
            while let Some(due) = pulse.due().filter(|due| *due < begin + MS(10_000)) {
                pulse.turn(&mut out, due);
                if out.is_empty() {
                    continue;
                }
                asked += 1;
                out.clear();
                let answered = due + MS(200);
                pulse.heard(answered);
                pulse.fence(&mut out, 0, &PAYLOAD, answered);
            }
            assert!((9..=10).contains(&asked), "{has_fences}: {asked}");
        }
    }

    #[tokio::test]
    async fn after_sleep_a_dead_link_is_known_soon() {
        let now = Instant::now();
        let (mut pulse, mut out) = (Pulse::new(now), Vec::new());
        pulse.ask_now(&mut out, now);
        assert!(!out.is_empty());
        assert_eq!(
            pulse.turn(&mut out, now + WAKE_LIMIT - MS(1)),
            Link::Stalled
        );
        assert_eq!(pulse.turn(&mut out, now + WAKE_LIMIT), Link::Gone);
    }
}
