//! One picture: a widget that looks at a session.

use super::pixels::{self, Painter};
use super::place::{Pixels, Place};
use farwire_core::session::Session;
use farwire_model::frame::{Attached, Draw, FrameSink, Framebuffer, Owed, Rect, Region};
use gtk::cairo::{self, ImageSurface};
use gtk::gdk;
use gtk::glib::{self, ControlFlow, Priority, Propagation, SourceId};
use gtk::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a picture that is part old, part new waits for its rest before it is shown as it is: a tick of the frame clock.
const PATIENCE: Duration = Duration::from_millis(16);

/// Wakes the main thread when there is something to look at.
pub struct Wake {
    window: String,
    session: String,
    is_asked: AtomicBool,
}

impl FrameSink for Wake {
    fn wake(&self) {
        if self.is_asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let (window, session) = (self.window.clone(), self.session.clone());
        // Never at once, also on the main thread: the picture is locked now.
        let look = move || {
            super::look(&window, &session);
            ControlFlow::Break
        };
        glib::source::idle_add_full(Priority::DEFAULT, look);
    }

    fn takes_news(&self) -> bool {
        false
    }
}

/// A picture in a window.
pub struct Picture {
    widget: gtk::DrawingArea,
    shown: Rc<Shown>,
}

struct Shown {
    wake: Arc<Wake>,
    attached: Attached,
    /// Whether something was taken that is not painted yet.
    is_fresh: Cell<bool>,
    /// Whether the next tick of the frame clock looks.
    is_waiting: Cell<bool>,
    /// Whether the picture was part old, part new when it was looked at last, so that it was not taken.
    was_partial: Cell<bool>,
    /// Ends the wait for the rest.
    late: Cell<Option<SourceId>>,
    state: RefCell<State>,
}

struct State {
    place: Place,
    /// What is painted. It outlives its place until there is something to paint there.
    surface: Option<ImageSurface>,
    /// One for the place, on which nothing is written yet: that waits for a remote screen of the size the place is for.
    next: Option<ImageSurface>,
    painter: Painter,
}

impl Picture {
    /// A picture of a session. It is seen once it is in a window and has its place there.
    pub fn new(session: &Session, window: &str, place: Place) -> Self {
        let wake = Arc::new(Wake {
            window: window.to_owned(),
            session: session.id.to_string(),
            is_asked: AtomicBool::new(false),
        });
        let shown = Rc::new(Shown {
            attached: session.attach(Arc::clone(&wake) as Arc<dyn FrameSink>),
            wake,
            is_fresh: Cell::new(false),
            is_waiting: Cell::new(false),
            was_partial: Cell::new(false),
            late: Cell::default(),
            state: RefCell::new(State {
                place,
                surface: None,
                next: None,
                painter: Painter::default(),
            }),
        });
        let widget = gtk::DrawingArea::new();
        // One of its own would keep the pointer from the page, also where the layer lets it through.
        widget.set_has_window(false);
        widget.set_halign(gtk::Align::Start);
        widget.set_valign(gtk::Align::Start);
        let drawn = Rc::clone(&shown);
        widget.connect_draw(move |widget, context| {
            drawn.draw(widget, context);
            Propagation::Stop
        });
        Self { widget, shown }
    }

    /// What is put into the window.
    pub fn widget(&self) -> &gtk::DrawingArea {
        &self.widget
    }

    /// Puts it at a place of the window that it is in. False where the display has no surface for it: nothing would be seen.
    pub fn place(&self, place: Place) -> bool {
        let mut state = self.shown.state.borrow_mut();
        if state.place == place && (state.surface.is_some() || state.next.is_some()) {
            return true;
        }
        state.place = place;
        state.next = make_surface(&self.widget, place.seen);
        if state.next.is_none() {
            return false;
        }
        drop(state);
        self.arrange(place);
        self.widget.queue_draw();
        true
    }

    /// What of the window it fills, in whole units of the toolkit.
    pub fn covered(&self) -> Pixels {
        self.shown
            .state
            .borrow()
            .place
            .filled(self.widget.scale_factor().max(1))
    }

    fn arrange(&self, place: Place) {
        self.widget.set_margin_start(place.widget.x);
        self.widget.set_margin_top(place.widget.y);
        self.widget
            .set_size_request(place.widget.width, place.widget.height);
    }

    /// Something changed.
    pub fn look(&self) {
        self.shown.wake.is_asked.store(false, Ordering::Release);
        self.shown.look(&self.widget);
    }
}

impl Shown {
    /// Looks at once, which is when an update has just ended; but where what was taken last is not painted yet, at the next tick of
    /// the frame clock, which stands still while the window shows nothing.
    fn look(self: &Rc<Self>, widget: &gtk::DrawingArea) {
        if let Some(late) = self.late.take() {
            late.remove();
        }
        if self.is_waiting.get() {
            return;
        }
        if !self.is_fresh.get() {
            return self.take(widget);
        }
        self.is_waiting.set(true);
        let shown = Rc::clone(self);
        widget.add_tick_callback(move |widget, _| {
            shown.is_waiting.set(false);
            shown.take(widget);
            ControlFlow::Break
        });
    }

    /// Takes what changed, but no half of an update: its end is looked at, or what there is of it after a while.
    fn take(self: &Rc<Self>, widget: &gtk::DrawingArea) {
        let is_partial = self.attached.is_partial();
        if !is_partial || self.was_partial.replace(true) {
            self.was_partial.set(false);
            return self.update(widget);
        }
        let (shown, widget): (Weak<Self>, _) = (Rc::downgrade(self), widget.downgrade());
        let late = glib::timeout_add_local_once(PATIENCE, move || {
            if let (Some(shown), Some(widget)) = (shown.upgrade(), widget.upgrade()) {
                // It is over: nothing is left to be ended.
                shown.late.take();
                shown.look(&widget);
            }
        });
        self.late.set(Some(late));
    }

    /// Takes what changed into the surface, and has it painted in the next tick.
    fn update(&self, widget: &gtk::DrawingArea) {
        let state = &mut *self.state.borrow_mut();
        let factor = widget.scale_factor().max(1);
        let damage = self.attached.take(|frame, owed| {
            let (draws, dirty) = changed(owed);
            // The page measures anew for another size. What is seen until then is better than that in a wrong shape.
            match frame.size() == state.place.frame {
                true => state.write(frame, &draws, dirty),
                false => Vec::new(),
            }
        });
        let damage = damage.unwrap_or_default();
        self.is_fresh.set(!damage.is_empty());
        for part in damage {
            // Outwards, to whole units of the toolkit.
            let (x, y) = (part.x.div_euclid(factor), part.y.div_euclid(factor));
            let right = (part.x + part.width + factor - 1).div_euclid(factor);
            let bottom = (part.y + part.height + factor - 1).div_euclid(factor);
            widget.queue_draw_area(x, y, right - x, bottom - y);
        }
    }

    fn draw(&self, widget: &gtk::DrawingArea, context: &cairo::Context) {
        self.is_fresh.set(false);
        let state = &mut *self.state.borrow_mut();
        if state.surface.is_none() && state.next.is_none() {
            state.next = make_surface(widget, state.place.seen);
        }
        if state.next.is_some() {
            // All of it is written below, also what is owed besides.
            self.attached.take(|frame, owed| {
                if frame.size() == state.place.frame {
                    changed(owed);
                    state.surface = state.next.take();
                    let mut whole = Region::default();
                    whole.add(frame.size().rect());
                    state.write(frame, &[], whole);
                }
            });
        }
        let Some(surface) = &state.surface else {
            return;
        };
        let factor = f64::from(widget.scale_factor().max(1));
        let (x, y) = (f64::from(state.place.seen.x), f64::from(state.place.seen.y));
        let painted = context
            .set_source_surface(surface, x / factor, y / factor)
            .and_then(|()| {
                context.set_operator(cairo::Operator::Source);
                context.rectangle(
                    x / factor,
                    y / factor,
                    f64::from(state.place.seen.width) / factor,
                    f64::from(state.place.seen.height) / factor,
                );
                context.fill()
            });
        if let Err(error) = painted {
            tracing::debug!(%error, "a picture was not painted");
        }
    }
}

impl State {
    /// Writes what changed of the remote screen, which has the size of the place, into the surface; answers where that is seen.
    fn write(&mut self, frame: &Framebuffer, draws: &[Draw], mut dirty: Region) -> Vec<Pixels> {
        let Some(surface) = self.surface.as_mut().filter(|_| self.next.is_none()) else {
            // Whoever takes the next one writes all of it.
            return vec![self.place.seen];
        };
        let Ok(stride) = usize::try_from(surface.stride()) else {
            return Vec::new();
        };
        let Ok(mut bytes) = surface.data() else {
            // Somebody still holds it: another one gets all of it.
            self.surface = None;
            return vec![self.place.seen];
        };
        let (place, painter) = (&self.place, &mut self.painter);
        let (is_exact, mut seen) = (place.is_exact(), Vec::new());
        let repeated = draws
            .iter()
            .take_while(|draw| is_exact && painter.repeat(draw, place, &mut bytes, stride))
            .count();
        for (at, draw) in draws.iter().enumerate() {
            // What follows one that could not be repeated may build on it.
            match at < repeated {
                true => seen.push(place.shown(target(draw), 0)),
                false => dirty.add(target(draw)),
            }
        }
        let margin = match is_exact {
            true => 0,
            false => pixels::reach(place),
        };
        for part in dirty.rects() {
            let part = place.shown(*part, margin);
            painter.paint(frame, place, part, &mut bytes, stride);
            seen.push(part);
        }
        seen.retain(|part| !part.is_empty());
        seen
    }
}

/// A surface for what is seen, in memory that the display can read where there is such. None where the display has no room for it.
fn make_surface(widget: &gtk::DrawingArea, seen: Pixels) -> Option<ImageSurface> {
    let factor = widget.scale_factor().max(1);
    let window = widget.window()?;
    let (width, height) = (seen.width, seen.height);
    // The server refuses later than it is asked, and a refusal that nobody waits for ends the program.
    gdk::error_trap_push();
    let made = window.create_similar_image_surface(cairo::Format::Rgb24, width, height, 0);
    let refusal = gdk::error_trap_pop();
    let surface = made.and_then(|surface| ImageSurface::try_from(surface).ok())?;
    let is_made = refusal == 0 && surface.status().is_ok();
    if !is_made {
        tracing::warn!(refusal, width, height, "there is no surface for a picture");
        gdk::error_trap_push();
        drop(surface);
        gdk::error_trap_pop();
        return None;
    }
    surface.set_device_scale(f64::from(factor), f64::from(factor));
    Some(surface)
}

/// What was drawn since it was seen last, and then changed besides. What is no picture is not for this viewer.
fn changed(owed: &mut Owed) -> (Vec<Draw>, Region) {
    owed.cursor = None;
    owed.cursor_at = None;
    owed.size = None;
    (
        std::mem::take(&mut owed.draws),
        std::mem::take(&mut owed.dirty),
    )
}

/// Where something is drawn.
fn target(draw: &Draw) -> Rect {
    match *draw {
        Draw::Copy { from, x, y } => Rect::new(x, y, from.width, from.height),
        Draw::Fill { rect, .. } => rect,
    }
}
