//! The surface of one window, and the pictures on it.

use super::graphics::Way;
use super::picture::Picture;
use super::place::{Pixels, Placement};
use super::probe;
use farwire_core::Core;
use farwire_model::ids::SessionId;
use gtk::glib::Propagation;
use gtk::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tauri::{Manager, WebviewWindow};
use tokio::sync::oneshot;

/// More pictures at once than any screen has room for.
const MAX_PICTURES: usize = 64;

/// The pictures of one window.
pub struct Layer {
    overlay: gtk::Overlay,
    page: gtk::Widget,
    way: Rc<Cell<Way>>,
    pictures: BTreeMap<String, Picture>,
    /// What the page said last.
    placements: Vec<Placement>,
    /// What of the page lies under pictures.
    covered: Rc<RefCell<Vec<Pixels>>>,
}

impl Layer {
    /// Puts a surface under a window's page or over it; none where the page draws its pictures itself.
    ///
    /// # Errors
    /// The window is gone.
    pub fn install(window: &WebviewWindow, way: Way) -> tauri::Result<Option<Self>> {
        if way == Way::Canvas {
            return Ok(None);
        }
        let boxed = window.default_vbox()?;
        let Some(page) = boxed.children().pop() else {
            return Ok(None);
        };
        let overlay = gtk::Overlay::new();
        let covered: Rc<RefCell<Vec<Pixels>>> = Rc::default();
        let way = Rc::new(Cell::new(way));
        boxed.remove(&page);
        if way.get() == Way::Under {
            // The page lies on top, so that what it draws covers pictures, and sees all keys and the pointer.
            overlay.add(&gtk::Box::new(gtk::Orientation::Vertical, 0));
            overlay.add_overlay(&page);
        } else {
            overlay.add(&page);
        }
        // Whatever changes in a picture, the toolkit draws what is under it too. For a page that is a copy of as many pixels.
        let (below, hidden) = (Rc::clone(&way), Rc::clone(&covered));
        page.connect_draw(move |_, context| {
            match below.get() == Way::Top && is_under(&hidden.borrow(), context) {
                true => Propagation::Stop,
                false => Propagation::Proceed,
            }
        });
        boxed.pack_start(&overlay, true, true, 0);
        overlay.show_all();
        let (app, label) = (window.app_handle().clone(), window.label().to_owned());
        // Each pixel of the page has another number of the screen's from now on, such as on another monitor.
        overlay.connect_scale_factor_notify(move |_| super::place_again(&app, &label));
        Ok(Some(Self {
            overlay,
            page,
            way,
            pictures: BTreeMap::new(),
            placements: Vec::new(),
            covered,
        }))
    }

    /// Looks whether the page lets through what lies under it, and tells.
    pub fn try_page(&self, tell: oneshot::Sender<bool>) {
        probe::begin(&self.overlay, &self.page, tell);
    }

    /// Where pictures are put from now on. There are none yet.
    pub fn turn(&self, way: Way) {
        self.way.set(way);
    }

    /// What the page said last of where pictures lie.
    pub fn placements(&self) -> Vec<Placement> {
        self.placements.clone()
    }

    /// Shows these pictures and no others; answers the sessions of those that are shown.
    pub fn place(&mut self, core: &Core, window: &str, placements: Vec<Placement>) -> Vec<String> {
        let factor = self.overlay.scale_factor().max(1);
        let mut gone = std::mem::take(&mut self.pictures);
        self.placements = placements;
        self.placements.truncate(MAX_PICTURES);
        for placement in &self.placements {
            let Some(place) = placement.on(factor) else {
                continue;
            };
            let picture = match gone.remove(&placement.session) {
                Some(picture) => picture,
                None => {
                    let id = SessionId::new(placement.session.as_str());
                    let Ok(session) = core.session(&id) else {
                        continue;
                    };
                    let picture = Picture::new(&session, window, place);
                    self.add(&picture);
                    picture
                }
            };
            if picture.place(place) {
                self.pictures.insert(placement.session.clone(), picture);
            } else {
                self.overlay.remove(picture.widget());
            }
        }
        for picture in gone.values() {
            self.overlay.remove(picture.widget());
        }
        let covered = self.pictures.values().map(Picture::covered).collect();
        self.covered.replace(covered);
        self.pictures.keys().cloned().collect()
    }

    /// Takes all pictures away.
    pub fn clear(&mut self) {
        for picture in std::mem::take(&mut self.pictures).values() {
            self.overlay.remove(picture.widget());
        }
        self.placements.clear();
        self.covered.take();
    }

    fn add(&self, picture: &Picture) {
        let widget = picture.widget();
        self.overlay.add_overlay(widget);
        if self.way.get() == Way::Under {
            self.overlay.reorder_overlay(&self.page, -1);
        } else {
            // Keys and the pointer go to the page below.
            self.overlay.set_overlay_pass_through(widget, true);
        }
        widget.show();
        // Now rather than when it is drawn: the surface is made for the window that it is in.
        widget.realize();
    }

    /// Something changed in a picture.
    pub fn look(&self, session: &str) {
        if let Some(picture) = self.pictures.get(session) {
            picture.look();
        }
    }
}

/// Whether everything that is to be drawn lies under pictures.
fn is_under(covered: &[Pixels], context: &gtk::cairo::Context) -> bool {
    let Ok(parts) = context.copy_clip_rectangle_list() else {
        return false;
    };
    parts.iter().all(|part| {
        covered.iter().any(|area| {
            let (right, bottom) = (area.x + area.width, area.y + area.height);
            part.x() >= f64::from(area.x)
                && part.y() >= f64::from(area.y)
                && part.x() + part.width() <= f64::from(right)
                && part.y() + part.height() <= f64::from(bottom)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtk::cairo::{Context, Format, ImageSurface};

    #[test]
    fn a_page_is_left_out_only_where_pictures_are() {
        let pixels = |x, width| Pixels {
            x,
            y: 10,
            width,
            height: 50,
        };
        let pictures = [pixels(0, 40), pixels(60, 40)];
        for (parts, is_left_out) in [
            (&[(0.0, 10.0, 40.0, 50.0)][..], true),
            (&[(5.0, 20.0, 10.0, 10.0), (70.0, 12.0, 30.0, 8.0)], true),
            (&[(5.0, 20.0, 10.0, 10.0), (45.0, 20.0, 1.0, 1.0)], false),
            (&[(30.0, 20.0, 40.0, 10.0)], false),
            (&[(0.0, 9.0, 40.0, 20.0)], false),
        ] {
            let surface = ImageSurface::create(Format::Rgb24, 100, 100).unwrap();
            let context = Context::new(&surface).unwrap();
            for (x, y, width, height) in parts {
                context.rectangle(*x, *y, *width, *height);
            }
            context.clip();
            assert_eq!(is_under(&pictures, &context), is_left_out, "{parts:?}");
        }
    }
}
