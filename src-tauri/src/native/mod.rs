//! Pictures of remote screens on the desktop's own surface, under the page or on top of it.
//!
//! From the socket to the screen, with every copy of pixels there is:
//!
//! | step | thread | copies |
//! | --- | --- | --- |
//! | VNC's decoder paints into the framebuffer | some of its own a session | none of raw pixels nor of JPEG; one of what zlib packed, which is unpacked band by band before it is painted |
//! | RDP's decoder paints into a picture of its own | its own | one, of what changed: from there into the framebuffer, for bitmaps as for the graphics pipeline |
//! | [`picture::Wake`] asks the main thread to look once an update is whole | the decoder's | none |
//! | what changed since the last look is written into the surface that the widget shows | main | one, of what changed, where every pixel has one of the screen to itself (what only moved is moved in the surface); else the resizer's, which scales each way by itself with a picture between, then one in place, since a surface has other channels |
//! | the toolkit paints that surface within what changed | main | none here: under X the surface is memory shared with the server, which copies it into the toolkit's picture of the window, and that onto the screen |
//! | a page that lies over the picture is painted over it | main | one of the page, of what changed; a page that lies under it is not painted |
//!
//! It is painted at the next tick of the window's frame clock. The newest picture wins: whatever comes before that tick is looked
//! at once more, in that tick, and nothing is looked at in a window that shows nothing. No half of an update is shown where the
//! machine says where updates end, unless the rest takes longer than a tick. Keys and the pointer stay the page's, and go their own way.
//!
//! | module | holds |
//! | --- | --- |
//! | `graphics` | which way pictures are shown |
//! | `layer` | the surface of one window, and the pictures on it |
//! | `picture` | one picture: a widget that looks at a session |
//! | `place` | where a picture lies, in pixels of the screen |
//! | `pixels` | from the framebuffer's pixels to the surface's |
//! | `probe` | a look at whether the page lets through what lies under it |

pub mod graphics;
mod layer;
mod picture;
mod pixels;
mod place;
mod probe;

use crate::session_windows::on_main_thread;
use farwire_api::Api;
use graphics::{Graphics, Settled};
use place::Placement;
use std::collections::BTreeMap;
use std::sync::Arc;
use tauri::{AppHandle, Manager, State, WebviewWindow};
use tokio::sync::oneshot;

use layer::Layer;
use std::cell::RefCell;

thread_local! {
    /// The layers of all windows, by their names. On the main thread only, like everything of the toolkit's.
    static LAYERS: RefCell<BTreeMap<String, Layer>> = const { RefCell::new(BTreeMap::new()) };
}

/// Gives a window a surface for pictures, if they are to have one. On the main thread, before the window is shown.
///
/// # Errors
/// The window is gone.
pub fn install(window: &WebviewWindow) -> tauri::Result<()> {
    let way = window.state::<Settled>().get().way;
    if let Some(layer) = Layer::install(window, way)? {
        LAYERS.with_borrow_mut(|layers| layers.insert(window.label().to_owned(), layer));
    }
    Ok(())
}

/// A window is gone, and with it its pictures.
pub fn forget(label: &str) {
    LAYERS.with_borrow_mut(|layers| layers.remove(label));
}

/// The page of a window is gone. The next one says itself where its pictures lie.
pub fn clear(label: &str) {
    LAYERS.with_borrow_mut(|layers| {
        if let Some(layer) = layers.get_mut(label) {
            layer.clear();
        }
    });
}

/// How pictures are shown, to the page.
#[tauri::command]
pub fn graphics(settled: State<'_, Settled>) -> Graphics {
    settled.get()
}

/// The page has left a corner of itself out: looks whether what lies under it is seen there, if the way depends on that. Answers
/// how pictures are shown from now on.
#[tauri::command]
pub async fn try_page(app: AppHandle, window: WebviewWindow) -> Graphics {
    let known = app.state::<Settled>().get();
    if !known.is_open() {
        return known;
    }
    let (tell, told) = oneshot::channel();
    let asked = on_main_thread(&app, move |_| {
        LAYERS.with_borrow(|layers| {
            if let Some(layer) = layers.get(window.label()) {
                layer.try_page(tell);
            }
        });
    });
    asked.await;
    // A window that went meanwhile says nothing of the page.
    let Ok(is_transparent) = told.await else {
        return known;
    };
    let tried = known.tried(is_transparent);
    let settled = on_main_thread(&app, move |app| {
        app.state::<Settled>().set(tried.clone());
        LAYERS.with_borrow(|layers| layers.values().for_each(|layer| layer.turn(tried.way)));
        tried
    });
    settled.await.unwrap_or(known)
}

/// The page says where pictures lie in its window; those it does not name any more are taken away. Answers the sessions whose
/// picture is there from now on.
#[tauri::command]
pub async fn place_pictures(
    app: AppHandle,
    window: WebviewWindow,
    pictures: Vec<Placement>,
) -> Vec<String> {
    let placed = on_main_thread(&app, move |app| place(app, window.label(), pictures));
    placed.await.unwrap_or_default()
}

/// Puts pictures where the page says; answers the sessions of those that are shown.
fn place(app: &AppHandle, label: &str, pictures: Vec<Placement>) -> Vec<String> {
    let Some(api) = app.try_state::<Arc<Api>>() else {
        return Vec::new();
    };
    LAYERS.with_borrow_mut(|layers| match layers.get_mut(label) {
        Some(layer) => layer.place(api.core(), label, pictures),
        None => Vec::new(),
    })
}

/// Puts the pictures of a window where the page said last, on a screen that has another number of pixels for one of the page's.
fn place_again(app: &AppHandle, label: &str) {
    let placements = LAYERS.with_borrow(|layers| layers.get(label).map(Layer::placements));
    place(app, label, placements.unwrap_or_default());
}

/// Looks at what changed in a picture, if it is still there.
fn look(label: &str, session: &str) {
    LAYERS.with_borrow(|layers| {
        if let Some(layer) = layers.get(label) {
            layer.look(session);
        }
    });
}
