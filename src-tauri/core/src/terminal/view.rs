//! What one viewer of a terminal has seen, and what it is sent next.

use super::{RECENT_BYTES, Terminal, synth};
use alacritty_terminal::term::TermMode;
use farwire_model::terminal::Grid;
use std::time::Duration;
use tokio::time::Instant;

/// The most bytes in one message: what is typed waits behind what is being drawn.
const MAX_PIECE_BYTES: usize = 64 << 10;

/// Screens that are synthesised for a viewer that cannot keep up: 60 a second.
const SCREEN_PERIOD: Duration = Duration::from_millis(16);

/// After this much rest a viewer that was shown screens alone gets the lines above them too.
const REST: Duration = Duration::from_millis(200);

/// What one viewer has seen.
#[derive(Debug, Default)]
pub struct View {
    /// The number of the byte it needs next; none before the first screen.
    next: Option<u64>,
    generation: u64,
    /// Whether it was shown the other screen only, so that it does not know what is below.
    is_other_screen: bool,
    /// Whether lines above the screen are missing.
    is_partial: bool,
    last_screen: Option<Instant>,
}

/// What a viewer is sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Nothing is new.
    Nothing,
    /// Something is new; look again then.
    Later(Duration),
    /// Bytes that continue what it has.
    Output(Vec<u8>),
    /// Bytes that draw everything anew, on a terminal of this size that was reset.
    Screen(Grid, Vec<u8>),
}

impl Terminal {
    /// What a viewer is sent next. It keeps up: bytes. It does not: the newest screen.
    pub fn take(&self, view: &mut View) -> Piece {
        let state = self.lock();
        let now = Instant::now();
        let is_other = state.term.mode().contains(TermMode::ALT_SCREEN);
        let start = state.end - state.recent.len() as u64;
        let can_follow = view.generation == state.generation
            && (is_other || !view.is_other_screen)
            && view.next.is_some_and(|next| next >= start);
        let has_rested = now.duration_since(state.fed) >= REST;
        if let Some(next) = view.next.filter(|_| can_follow) {
            if view.is_partial && has_rested && !is_other {
                return self.draw(state, view, now, true);
            }
            let waiting = usize::try_from(state.end - next).unwrap_or(RECENT_BYTES);
            if waiting == 0 {
                return match view.is_partial && !is_other {
                    true => Piece::Later(REST),
                    false => Piece::Nothing,
                };
            }
            let from = state.recent.len().saturating_sub(waiting);
            let piece = state.recent.iter().skip(from).take(MAX_PIECE_BYTES);
            let bytes: Vec<_> = piece.copied().collect();
            view.next = Some(next + bytes.len() as u64);
            return Piece::Output(bytes);
        }
        let since = view.last_screen.map(|last| now.duration_since(last));
        if let Some(wait) = since.and_then(|since| SCREEN_PERIOD.checked_sub(since))
            && !wait.is_zero()
        {
            return Piece::Later(wait);
        }
        // The first screen, and one of a new size, is whole; so is what nothing follows.
        let is_whole = view.next.is_none()
            || view.generation != state.generation
            || view.is_other_screen
            || has_rested;
        self.draw(state, view, now, is_whole)
    }

    fn draw(
        &self,
        state: std::sync::MutexGuard<'_, super::State>,
        view: &mut View,
        now: Instant,
        is_whole: bool,
    ) -> Piece {
        let bytes = synth::screen(&state.term, state.scan.region(), is_whole);
        view.is_other_screen = state.term.mode().contains(TermMode::ALT_SCREEN);
        view.is_partial = !is_whole && !view.is_other_screen;
        view.next = Some(state.whole);
        view.generation = state.generation;
        view.last_screen = Some(now);
        Piece::Screen(state.grid, bytes)
    }
}
