//! The places of windows, kept over restarts in a file beside the store. They say nothing that is worth the store's care.
//!
//! The main window has a place, and each machine's own window has one. Where the desktop tells no positions, as on Wayland,
//! sizes are kept alone.

use crate::place::{Area, Place};
use gtk::gdk::{self, WindowState};
use gtk::glib::{self, Propagation};
use gtk::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tauri::{Manager, WebviewWindow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const FILE: &str = "windows.json";

/// More machines than have windows of their own. The place that was used longest ago goes first.
const MAX_PLACES: usize = 500;

/// A window that rests for so long stands where it was put. On its way to full screen it has another size a moment before it
/// is told to be there.
const SETTLE: Duration = Duration::from_millis(250);

/// Places by the names of windows, the one that changed last at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Saved {
    windows: Vec<Named>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    name: String,
    place: Place,
}

impl Saved {
    fn of(&self, name: &str) -> Option<Place> {
        let mut windows = self.windows.iter();
        windows.find_map(|one| (one.name == name).then_some(one.place))
    }

    /// Whether that changed anything.
    fn put(&mut self, name: &str, place: Place) -> bool {
        if self.of(name) == Some(place) {
            return false;
        }
        self.windows.retain(|one| one.name != name);
        self.windows.push(Named {
            name: name.to_owned(),
            place,
        });
        let surplus = self.windows.len().saturating_sub(MAX_PLACES);
        self.windows.drain(..surplus);
        true
    }
}

/// The places there are, and the file they are kept in.
#[derive(Debug)]
pub struct Places {
    saved: watch::Sender<Saved>,
    file: PathBuf,
}

impl Places {
    /// Reads the places of a data folder; of a file that cannot be read there are none.
    pub fn read(data_dir: &Path) -> Self {
        let file = data_dir.join(FILE);
        let saved = read(&file).unwrap_or_else(|error| {
            tracing::warn!(%error, "the places of windows are not known");
            Saved::default()
        });
        Self {
            saved: watch::Sender::new(saved),
            file,
        }
    }

    /// Writes what changes until `cancel` is called, and what has changed by then.
    pub async fn write(file: PathBuf, mut saved: PlacesReader, cancel: CancellationToken) {
        loop {
            let is_last = tokio::select! {
                () = cancel.cancelled() => true,
                changed = saved.0.changed() => changed.is_err(),
            };
            if is_last && !saved.0.has_changed().unwrap_or(false) {
                return;
            }
            let places = saved.0.borrow_and_update().clone();
            let path = file.clone();
            let written = tokio::task::spawn_blocking(move || write(&path, &places)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(%error, "the places of windows were not saved");
            }
            if is_last {
                return;
            }
        }
    }

    /// What [`Places::write`] needs.
    pub fn reader(&self) -> (PathBuf, PlacesReader) {
        (self.file.clone(), PlacesReader(self.saved.subscribe()))
    }
}

/// Hears of changed places.
#[derive(Debug)]
pub struct PlacesReader(watch::Receiver<Saved>);

fn read(file: &Path) -> io::Result<Saved> {
    match fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
        Err(error) => Err(error),
    }
}

/// In one step, so that a program that is killed leaves the old file or the new one.
fn write(file: &Path, places: &Saved) -> io::Result<()> {
    let unfinished = file.with_extension("json.new");
    fs::write(&unfinished, serde_json::to_vec(places)?)?;
    fs::rename(&unfinished, file)
}

/// Puts a window that is not shown yet where it was last time, and remembers from then on where it is.
///
/// # Errors
/// The window is gone.
pub fn keep(window: &WebviewWindow, name: &str) -> tauri::Result<()> {
    let frame = window.gtk_window()?;
    let before = window.state::<Places>().saved.borrow().of(name);
    if let Some(place) = before {
        put(&frame, place.on(&free_areas(&frame.display())));
    }
    let last = Rc::new(Cell::new(0_u64));
    let (own, name) = (window.clone(), name.to_owned());
    let settle = move || {
        let turn = last.get() + 1;
        last.set(turn);
        let (last, own, name) = (Rc::clone(&last), own.clone(), name.clone());
        glib::timeout_add_local_once(SETTLE, move || {
            if last.get() == turn {
                note(&own, &name);
            }
        });
    };
    let soon = settle.clone();
    frame.connect_configure_event(move |_, _| {
        soon();
        false
    });
    frame.connect_window_state_event(move |_, _| {
        settle();
        Propagation::Proceed
    });
    Ok(())
}

fn put(frame: &gtk::ApplicationWindow, place: Place) {
    let (width, height) = place.inner_size();
    frame.resize(width, height);
    frame.move_(place.area.x, place.area.y);
    if place.is_maximized {
        frame.maximize();
    }
}

/// The parts of the monitors that panels leave free, the main monitor's first.
fn free_areas(display: &gdk::Display) -> Vec<Area> {
    let mut monitors: Vec<_> = (0..display.n_monitors())
        .filter_map(|number| display.monitor(number))
        .collect();
    monitors.sort_by_key(|monitor| !monitor.is_primary());
    monitors
        .iter()
        .map(|monitor| area(&monitor.workarea()))
        .collect()
}

fn area(rectangle: &gdk::Rectangle) -> Area {
    Area {
        x: rectangle.x(),
        y: rectangle.y(),
        width: rectangle.width(),
        height: rectangle.height(),
    }
}

/// Remembers where a window is, unless it is full screen or out of sight: then it is where it was before.
fn note(window: &WebviewWindow, name: &str) {
    let Ok(frame) = window.gtk_window() else {
        return;
    };
    let Some(surface) = frame.window().filter(|_| frame.is_mapped()) else {
        return;
    };
    let state = surface.state();
    if state.intersects(WindowState::FULLSCREEN | WindowState::ICONIFIED | WindowState::WITHDRAWN) {
        return;
    }
    let outer = area(&surface.frame_extents());
    let (width, height) = frame.size();
    let here = Place {
        area: outer,
        frame_width: outer.width - width,
        frame_height: outer.height - height,
        is_maximized: false,
    };
    let monitor = frame.display().monitor_at_window(&surface);
    let places = window.state::<Places>();
    places.saved.send_if_modified(|saved| {
        let place = match monitor.filter(|_| state.contains(WindowState::MAXIMIZED)) {
            Some(monitor) => saved
                .of(name)
                .unwrap_or(here)
                .maximized_on(area(&monitor.workarea())),
            None => here,
        };
        saved.put(name, place)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: i32) -> Place {
        Place {
            area: Area {
                x,
                y: 0,
                width: 800,
                height: 600,
            },
            frame_width: 0,
            frame_height: 0,
            is_maximized: false,
        }
    }

    #[test]
    fn each_window_has_one_place_and_the_oldest_goes_first() {
        let mut saved = Saved::default();
        for number in 0..MAX_PLACES {
            assert!(saved.put(&number.to_string(), place(1)));
        }
        assert!(saved.put("0", place(2)));
        assert!(!saved.put("0", place(2)), "nothing changed");
        assert!(saved.put("one more", place(3)));
        assert_eq!(saved.windows.len(), MAX_PLACES);
        assert_eq!(
            (saved.of("0"), saved.of("1"), saved.of("one more")),
            (Some(place(2)), None, Some(place(3)))
        );
    }

    #[tokio::test]
    async fn what_changed_last_is_written_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::read(folder.path());
        let (file, reader) = places.reader();
        let cancel = CancellationToken::new();
        let writing = tokio::spawn(Places::write(file, reader, cancel.clone()));
        places.saved.send_modify(|saved| {
            saved.put("main", place(7));
        });
        cancel.cancel();
        writing.await.unwrap();
        let again = Places::read(folder.path());
        assert_eq!(again.saved.borrow().of("main"), Some(place(7)));
    }

    #[test]
    fn a_damaged_file_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{\"windows\":[{\"name\":").unwrap();
        let places = Places::read(folder.path());
        assert_eq!(*places.saved.borrow(), Saved::default());
    }
}
