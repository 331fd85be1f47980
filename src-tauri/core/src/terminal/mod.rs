//! The terminal of a session: its grid, scrollback and modes live here, whether anybody looks or not.
//!
//! | module | holds |
//! | --- | --- |
//! | [`Terminal`] | the state, what goes in, what is asked of it |
//! | `scan` | where control sequences begin and end, so that a viewer never joins inside one |
//! | `extras` | what a screen keeps beside its characters, and how little of it |
//! | `view` | what one viewer has seen: bytes while it keeps up, else the newest screen |
//! | `synth` | a screen written as a terminal's bytes |
//! | `keys` | what keys send |
//! | `cells` | what a place of the grid shows |
//! | `text`, `picture` | the screen as text and as a picture |

mod cells;
mod extras;
mod keys;
mod picture;
mod scan;
mod synth;
mod text;
mod view;

pub use view::{Piece, View};

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::{Config, Osc52, TermMode};
use alacritty_terminal::vte::ansi::{Processor, Rgb};
use extras::{Extras, MAX_EXTRAS};
use farwire_model::frame::{Notice, Surface};
use farwire_model::input::Keysym;
use farwire_model::terminal::{Grid, TerminalScreen};
use keys::Held;
use scan::Scan;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What a viewer may be behind and still be sent every byte. More than one packet's worth of a fast link; a viewer that is
/// further behind is shown the newest screen instead.
const RECENT_BYTES: usize = 256 << 10;

/// Lines above the screen that are kept, unless the connection says otherwise.
const SCROLLBACK: usize = 10_000;

/// What is shown of a title.
const MAX_TITLE_CHARS: usize = 200;

/// What one machine may put into the clipboard: 1 MiB is a novel.
const MAX_CLIPBOARD_BYTES: usize = 1 << 20;

/// Questions of the machine that are answered per piece of output: a flood of them must not become a flood of answers.
const MAX_REPLY_BYTES: usize = 4096;

/// Says that what follows is another shell. Ends what was open and brings back what programs turn off.
const NEW_SHELL: &[u8] = b"\x18\x1b7\x1b[r\x1b[?6l\x1b8\x1b[?1;1000;1002;1003;1004;1005;1006;2004l\x1b[?7;25h\x1b[4;20l\x1b>\x1b(B\x1b[0m\r\n\x1b[2m--- new shell ---\x1b[0m\r\n";

/// What the machine did besides drawing.
#[derive(Default)]
struct Heard {
    replies: Vec<u8>,
    title: Option<String>,
    clipboard: Option<String>,
    rang: bool,
}

/// Takes the emulator's events up; it is called with the terminal locked.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

impl Ear {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventListener for Ear {
    fn send_event(&self, event: Event) {
        let mut heard = self.lock();
        let mut reply = |text: String| {
            if heard.replies.len() + text.len() <= MAX_REPLY_BYTES {
                heard.replies.extend_from_slice(text.as_bytes());
            }
        };
        match event {
            Event::PtyWrite(text) => reply(text),
            Event::ColorRequest(index, write) => reply(write(asked_colour(index))),
            Event::Title(title) => heard.title = Some(title),
            Event::ResetTitle => heard.title = Some(String::new()),
            Event::ClipboardStore(_, text) if text.len() <= MAX_CLIPBOARD_BYTES => {
                heard.clipboard = Some(text);
            }
            Event::Bell => heard.rang = true,
            // The clipboard is never read by a machine; sizes in pixels and the rest are the viewer's.
            _ => {}
        }
    }
}

/// What a machine is told that a colour is.
fn asked_colour(index: usize) -> Rgb {
    let [r, g, b] = match index {
        256 | 258 => picture::FOREGROUND,
        257 => picture::BACKGROUND,
        index => picture::palette(u8::try_from(index).unwrap_or(7)),
    };
    Rgb { r, g, b }
}

/// A grid's size, as the emulator asks for it.
struct Sized(Grid);

impl Dimensions for Sized {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::from(self.0.rows)
    }

    fn columns(&self) -> usize {
        usize::from(self.0.columns)
    }
}

struct State {
    term: Term<Ear>,
    parser: Processor,
    scan: Scan,
    extras: Extras,
    ear: Ear,
    grid: Grid,
    title: String,
    held: Held,
    /// The newest bytes; the last one is number `end - 1`.
    recent: VecDeque<u8>,
    end: u64,
    /// Where the control sequence began that is not at its end yet; `end` when there is none.
    whole: u64,
    /// Counts what viewers cannot follow by bytes alone, such as a new size.
    generation: u64,
    fed: Instant,
    may_copy: bool,
}

/// The terminal of one session.
pub struct Terminal {
    state: Mutex<State>,
    surface: Arc<Surface>,
}

impl Terminal {
    /// An empty terminal as the connection's settings want it; viewers of the surface are woken by what happens in it.
    pub fn new(
        surface: Arc<Surface>,
        settings: &BTreeMap<String, Value>,
        grid: Option<Grid>,
    ) -> Arc<Self> {
        let grid = grid.unwrap_or_default().clamped();
        let lines = settings.get("ssh.scrollback").and_then(Value::as_u64);
        let lines = lines.and_then(|lines| usize::try_from(lines).ok());
        let may_copy = settings.get("ssh.clipboard").and_then(Value::as_bool) == Some(true);
        let config = Config {
            scrolling_history: lines.unwrap_or(SCROLLBACK),
            osc52: if may_copy {
                Osc52::OnlyCopy
            } else {
                Osc52::Disabled
            },
            ..Config::default()
        };
        let ear = Ear::default();
        Arc::new(Self {
            state: Mutex::new(State {
                term: Term::new(config, &Sized(grid), ear.clone()),
                parser: Processor::new(),
                scan: Scan::default(),
                extras: Extras::default(),
                ear,
                grid,
                title: String::new(),
                held: Held::default(),
                recent: VecDeque::new(),
                end: 0,
                whole: 0,
                generation: 0,
                fed: Instant::now(),
                may_copy,
            }),
            surface,
        })
    }

    /// The title the machine gave; empty when it gave none.
    pub fn title(&self) -> String {
        self.lock().title.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_in(&mut self, bytes: &[u8]) {
        let extras = self.scan.take_extras();
        let is_other = self.term.mode().contains(TermMode::ALT_SCREEN);
        *self.extras.of(is_other) += extras;
        self.parser.advance(&mut self.term, bytes);
        let is_other = self.term.mode().contains(TermMode::ALT_SCREEN);
        if *self.extras.of(is_other) > MAX_EXTRAS {
            *self.extras.of(is_other) = 0;
            extras::trim(self.term.grid_mut());
        }
        let surplus = bytes.len().saturating_sub(RECENT_BYTES);
        let kept = bytes.get(surplus..).unwrap_or_default();
        self.recent.extend(kept);
        let over = self.recent.len().saturating_sub(RECENT_BYTES);
        self.recent.drain(..over);
        self.end += bytes.len() as u64;
        self.whole = self.end - self.scan.open_bytes();
        self.fed = Instant::now();
    }
}

impl TerminalScreen for Terminal {
    fn begin(&self) {
        let (is_used, is_other) = {
            let state = self.lock();
            (
                state.end > 0,
                state.term.mode().contains(TermMode::ALT_SCREEN),
            )
        };
        if is_other {
            // On the first screen this would move the cursor of some terminals.
            self.feed(b"\x18\x1b[?1049l");
        }
        if is_used {
            self.feed(NEW_SHELL);
        }
    }

    fn feed(&self, bytes: &[u8]) -> Vec<u8> {
        let mut state = self.lock();
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = state.scan.advance(rest);
            let (now, later) = rest.split_at(taken.bytes.min(rest.len()));
            state.take_in(now);
            if let Some(repair) = taken.repair {
                state.take_in(repair);
            }
            rest = later;
        }
        let heard = std::mem::take(&mut *state.ear.lock());
        if let Some(title) = &heard.title {
            state.title = shown(title);
        }
        let (title, may_copy) = (state.title.clone(), state.may_copy);
        drop(state);
        if heard.title.is_some() {
            self.surface.tell(Notice::Name(title.into()));
        }
        if let Some(text) = heard.clipboard.filter(|_| may_copy) {
            self.surface.tell(Notice::Clipboard(text.into()));
        }
        if heard.rang {
            self.surface.tell(Notice::Bell);
        }
        self.surface.wake();
        heard.replies
    }

    fn grid(&self) -> Grid {
        self.lock().grid
    }

    fn resize(&self, grid: Grid) -> Grid {
        let grid = grid.clamped();
        let mut state = self.lock();
        if state.grid != grid {
            state.grid = grid;
            state.term.resize(Sized(grid));
            state.scan.forget_region();
            state.generation += 1;
        }
        drop(state);
        self.surface.wake();
        grid
    }

    fn key(&self, keysym: Keysym) -> Vec<u8> {
        let mut state = self.lock();
        let mode = *state.term.mode();
        state.held.down(keysym, mode)
    }

    fn key_up(&self, keysym: Keysym) {
        self.lock().held.up(keysym);
    }
}

/// A title without what could hide or reorder text.
fn shown(title: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let safe = title.chars().filter(|c| !c.is_control() && !is_mark(*c));
    safe.take(MAX_TITLE_CHARS).collect()
}

#[cfg(test)]
mod tests;
