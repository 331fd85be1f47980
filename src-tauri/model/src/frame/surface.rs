//! Where a handler paints and viewers look.

use super::framebuffer::{Framebuffer, Pixel};
use super::owed::Owed;
use super::rect::{Rect, Size};
use crate::session::{SessionState, StateNotice, Stats};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

mod painter;

pub use painter::Painter;

/// The machine's mouse pointer. A width of 0 means it shows none.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// Its size.
    pub size: Size,
    /// The pixel that points, from the left.
    pub hot_x: u16,
    /// The pixel that points, from the top.
    pub hot_y: u16,
    /// Rows of RGBA with straight alpha.
    pub pixels: Vec<Pixel>,
}

/// What every viewer is told besides pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Where the session stands.
    State(StateNotice),
    /// The machine's clipboard changed.
    Clipboard(Arc<str>),
    /// The machine's clipboard holds this picture, a PNG.
    ClipboardPicture(Arc<[u8]>),
    /// The machine's clipboard holds this text, and the same as HTML.
    ClipboardHtml {
        /// The text alone.
        text: Arc<str>,
        /// With its form.
        html: Arc<str>,
    },
    /// The machine's name changed.
    Name(Arc<str>),
    /// The machine rang.
    Bell,
    /// Something the person should know.
    Said(Arc<str>),
    /// Which locks of the machine's keyboard are on: 1 scroll, 2 numbers, 4 capitals.
    Locks(u8),
    /// Counters, about once a second.
    Stats(Stats),
}

/// A consumer of a session's picture. It is woken, then looks by [`Attached::take`] when it is ready to draw:
/// a canvas when it has credit, a native surface at its frame clock.
pub trait FrameSink: Send + Sync {
    /// There is something new to take. Must return at once; it is called with the picture locked.
    fn wake(&self);

    /// Whether it takes anything besides pixels. One that does not is told nothing.
    fn takes_news(&self) -> bool {
        true
    }

    /// Whether it would take a picture now. One that would not is woken for other news only, and looks by itself once it would.
    fn takes_pictures(&self) -> bool {
        true
    }
}

struct Slot {
    id: u64,
    sink: Arc<dyn FrameSink>,
    /// Whether anybody can see it.
    is_shown: bool,
    owed: Owed,
}

/// Whether the machine sends its picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flow {
    #[default]
    Live,
    /// It was told to send none.
    Paused,
    /// It was asked to send again, this pixel in any case where one is named; that did not come yet.
    Resuming(Option<(u16, u16)>),
    /// The first of it is painted; its end is not here yet.
    Arriving,
}

#[derive(Default)]
struct State {
    flow: Flow,
    frame: Framebuffer,
    cursor: Option<Arc<Cursor>>,
    /// The locks of the machine's keyboard, as far as its link told them.
    locks: Option<u8>,
    slots: Vec<Slot>,
    next_id: u64,
}

/// The picture of one session and what each of its viewers is owed, under one lock.
#[derive(Default)]
pub struct Surface {
    state: Mutex<State>,
    /// Whether an update has begun and not ended.
    is_partial: AtomicBool,
    /// Whether all viewers there are, at least one, are hidden.
    is_hidden: watch::Sender<bool>,
    is_old: watch::Sender<bool>,
}

impl Surface {
    /// A surface without a picture.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Adds a viewer. It is owed the whole picture, if there is one, and the locks of the keyboard, which are told only once.
    pub fn attach(self: &Arc<Self>, sink: Arc<dyn FrameSink>) -> Attached {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        let mut owed = Owed::default();
        if state.frame.size() != Size::default() {
            owed.keyframe(state.frame.size(), state.cursor.clone());
        }
        if let Some(locks) = state.locks {
            owed.notice(Notice::Locks(locks));
        }
        state.slots.push(Slot {
            id,
            sink,
            is_shown: true,
            owed,
        });
        self.note_hidden(&state);
        drop(state);
        Attached {
            surface: Arc::clone(self),
            id,
        }
    }

    /// How many viewers are attached.
    pub fn viewers(&self) -> usize {
        self.lock().slots.len()
    }

    /// Whether all viewers are hidden, from now on: pixels need not come until one is shown. A session without any viewer is
    /// not hidden: scripts look at it by screenshots.
    pub fn hidden(&self) -> watch::Receiver<bool> {
        self.is_hidden.subscribe()
    }

    /// To be called with the viewers locked.
    fn note_hidden(&self, state: &State) {
        let slots = &state.slots;
        let is_hidden = !slots.is_empty() && slots.iter().all(|slot| !slot.is_shown);
        self.is_hidden
            .send_if_modified(|was| std::mem::replace(was, is_hidden) != is_hidden);
    }

    /// Whether the picture may be older than the machine's, from now on: the machine was told to send none, and what it was
    /// asked for since is not here yet.
    pub fn is_old(&self) -> watch::Receiver<bool> {
        self.is_old.subscribe()
    }

    /// The machine sends no picture from now on, as it was told.
    pub fn paused(&self) {
        self.lock().flow = Flow::Paused;
        self.is_old.send_replace(true);
    }

    /// A machine that sent none was asked to send again, by a link that may be new. Where a pixel is named, its answer holds
    /// that one, and what comes without it was on its way before.
    pub fn resumed(&self, pixel: Option<(u16, u16)>) {
        let mut state = self.lock();
        if state.flow != Flow::Live {
            state.flow = Flow::Resuming(pixel);
        }
    }

    /// Paints. The lock is held while `paint` runs: decode from memory only, never wait for the network in it.
    pub fn paint<R>(&self, paint: impl FnOnce(&mut Painter<'_>) -> R) -> R {
        let mut state = self.lock();
        paint(&mut Painter { state: &mut state })
    }

    /// Begins an update: until the next [`Surface::publish`] the picture is part old, part new. Only for handlers whose machine
    /// says where updates begin and end.
    pub fn begin(&self) {
        self.is_partial.store(true, Ordering::Release);
    }

    /// Ends an update: viewers that are owed something are woken.
    pub fn publish(&self) {
        self.is_partial.store(false, Ordering::Release);
        let mut state = self.lock();
        if state.flow == Flow::Arriving {
            state.flow = Flow::Live;
            self.is_old.send_replace(false);
        }
        for slot in &state.slots {
            let has_news = slot.sink.takes_news() && slot.owed.has_news();
            if has_news || slot.owed.has_picture() && slot.sink.takes_pictures() {
                slot.sink.wake();
            }
        }
    }

    /// Wakes every viewer: there is something new for them that is no part of this surface.
    pub fn wake(&self) {
        for slot in &self.lock().slots {
            slot.sink.wake();
        }
    }

    /// Tells every viewer something that is no pixels.
    pub fn tell(&self, notice: Notice) {
        let mut state = self.lock();
        match &notice {
            Notice::Locks(locks) => state.locks = Some(*locks),
            // The next link may lead to a keyboard that changed meanwhile.
            Notice::State(told) if told.state != SessionState::Connected => state.locks = None,
            _ => {}
        }
        for slot in state.slots.iter_mut().filter(|slot| slot.sink.takes_news()) {
            slot.owed.notice(notice.clone());
            slot.sink.wake();
        }
    }

    /// The picture's size; 0 x 0 before the first.
    pub fn size(&self) -> Size {
        self.lock().frame.size()
    }

    /// A copy of the picture, for screenshots.
    pub fn snapshot(&self) -> Framebuffer {
        self.lock().frame.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A handler that panicked while painting ends its own session; the picture stays readable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A viewer's place at a surface; dropping it detaches the viewer.
pub struct Attached {
    surface: Arc<Surface>,
    id: u64,
}

impl Attached {
    /// Looks at the newest picture and at what this viewer is owed. What `take` leaves in [`Owed`] stays owed.
    pub fn take<R>(&self, take: impl FnOnce(&Framebuffer, &mut Owed) -> R) -> Option<R> {
        let mut state = self.surface.lock();
        let State { frame, slots, .. } = &mut *state;
        let slot = slots.iter_mut().find(|slot| slot.id == self.id)?;
        Some(take(frame, &mut slot.owed))
    }

    /// Whether the picture is part old, part new just now. Never waits for whoever paints.
    pub fn is_partial(&self) -> bool {
        self.surface.is_partial.load(Ordering::Acquire)
    }

    /// Owes this viewer the whole picture again, after it could not be seen for a while.
    pub fn owe_keyframe(&self) {
        let mut state = self.surface.lock();
        let (size, cursor) = (state.frame.size(), state.cursor.clone());
        if let Some(slot) = state.slots.iter_mut().find(|slot| slot.id == self.id)
            && size != Size::default()
        {
            slot.owed.keyframe(size, cursor);
            slot.sink.wake();
        }
    }

    /// Notes whether anybody can see this viewer.
    pub fn set_shown(&self, is_shown: bool) {
        let mut state = self.surface.lock();
        if let Some(slot) = state.slots.iter_mut().find(|slot| slot.id == self.id) {
            slot.is_shown = is_shown;
        }
        self.surface.note_hidden(&state);
    }

    /// Tells this viewer alone something that is no pixels.
    pub fn tell(&self, notice: Notice) {
        let mut state = self.surface.lock();
        if let Some(slot) = state.slots.iter_mut().find(|slot| slot.id == self.id) {
            slot.owed.notice(notice);
            slot.sink.wake();
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut state = self.surface.lock();
        state.slots.retain(|slot| slot.id != self.id);
        self.surface.note_hidden(&state);
    }
}

impl State {
    fn drawn(&mut self, rect: Rect) {
        if let Flow::Resuming(pixel) = self.flow
            && pixel.is_none_or(|(x, y)| rect.intersection(Rect::new(x, y, 1, 1)).is_some())
        {
            self.flow = Flow::Arriving;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    struct Nobody;

    impl FrameSink for Nobody {
        fn wake(&self) {}
    }

    /// Counts how often it is woken, and takes pixels alone.
    #[derive(Default)]
    struct Eye(AtomicUsize);

    impl FrameSink for Eye {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn takes_news(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_viewer_of_pixels_alone_is_woken_by_pixels_alone() {
        let (surface, eye) = (Surface::new(), Arc::new(Eye::default()));
        surface
            .paint(|painter| painter.resize(Size::new(4, 4)))
            .unwrap();
        let attached = surface.attach(Arc::clone(&eye) as Arc<dyn FrameSink>);
        attached.take(|_, owed| *owed = Owed::default());
        surface.tell(Notice::Bell);
        surface.paint(|painter| painter.cursor_moved(1, 1));
        surface.publish();
        assert_eq!(eye.0.load(Ordering::Relaxed), 0);
        surface.begin();
        surface.paint(|painter| painter.damaged(Rect::new(0, 0, 1, 1)));
        assert!(attached.is_partial());
        surface.publish();
        assert!(!attached.is_partial());
        assert_eq!(eye.0.load(Ordering::Relaxed), 1);
        let notices = attached.take(|_, owed| owed.notices.len());
        assert_eq!(notices, Some(0));
    }

    #[test]
    fn a_picture_is_old_until_a_whole_update_came_after_it_was_asked_for() {
        let surface = Surface::new();
        surface
            .paint(|painter| painter.resize(Size::new(4, 4)))
            .unwrap();
        let is_old = surface.is_old();
        let update = || {
            surface.begin();
            surface.paint(|painter| painter.damaged(Rect::new(0, 0, 1, 1)));
        };
        surface.resumed(None);
        assert!(!*is_old.borrow(), "it was never paused");
        surface.paused();
        update();
        surface.publish();
        assert!(*is_old.borrow(), "that was sent before");
        surface.resumed(Some((3, 3)));
        surface.publish();
        assert!(*is_old.borrow(), "nothing was painted");
        update();
        surface.publish();
        assert!(*is_old.borrow(), "that was on its way before");
        surface.begin();
        surface.paint(|painter| painter.fill(Rect::new(2, 2, 2, 2), Pixel::default()));
        assert!(*is_old.borrow(), "its end is to come");
        surface.publish();
        assert!(!*is_old.borrow());
    }

    #[test]
    fn a_session_is_hidden_once_all_its_viewers_are() {
        let surface = Surface::new();
        let hidden = surface.hidden();
        assert!(!*hidden.borrow(), "scripts look at it");
        let one = surface.attach(Arc::new(Nobody));
        one.set_shown(false);
        assert!(*hidden.borrow());
        let other = surface.attach(Arc::new(Nobody));
        assert!(!*hidden.borrow());
        other.set_shown(false);
        assert!(*hidden.borrow());
        one.set_shown(true);
        assert!(!*hidden.borrow());
        drop(one);
        assert!(*hidden.borrow());
        drop(other);
        assert!(!*hidden.borrow());
    }
}
