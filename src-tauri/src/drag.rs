//! Files of a machine that are dragged out of a pane: to another pane of the same page, or to a folder of the desktop.
//!
//! The desktop learns the folder by the Direct Save Protocol (XDS, freedesktop.org), which the file managers of X11 know: the source
//! writes a name on its window, whoever takes the drop writes a place there, and asks for it to be saved. What is copied, and how, is
//! the page's to ask for; from here it only hears which folder it is.

use crate::native::graphics::is_x11;
use farwire_model::transfer::RemotePath;
use gtk::gdk::{self, Atom, ChangeData, DragAction, DragContext, ModifierType, PropMode};
use gtk::glib::{self, Propagation};
use gtk::prelude::{DragContextExtManual, SeatExt, WidgetExt};
use gtk::{DragResult, TargetEntry, TargetFlags, TargetList};
use serde::Serialize;
use std::cell::RefCell;
use std::ffi::c_ulong;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use tauri::{Emitter, WebviewWindow};
use webkit2gtk::WebView;

/// What the page hears of a drag it began.
const NAME: &str = "farwire-drag";

/// The protocol, and the property that both sides write to.
const DIRECT_SAVE: &str = "XdndDirectSave0";
/// What the texts in that property are.
const TEXT: &str = "text/plain";

/// The left mouse button, as X counts them.
const BUTTON: i32 = 1;

/// The longest address of a place that is read.
const MAX_ADDRESS_BYTES: c_ulong = 16 * 1024;
/// The longest name that is offered; folders take no longer ones.
const MAX_NAME_BYTES: usize = 255;

/// What becomes of a drag, to the page. Places are in CSS pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Told {
    /// It is over the page.
    Over { x: i32, y: i32 },
    /// It is not any more.
    Left,
    /// It was let go over the page.
    Dropped { x: i32, y: i32 },
    /// It was let go over a folder of this computer: its handle.
    Saved { folder: String },
    /// It is over. Whether it was let go where nobody knows what to do with it.
    Ended { is_unknown: bool },
}

/// A drag that is under way. There is one pointer, so there is one at most.
struct Drag {
    context: DragContext,
    is_over_page: bool,
    /// INVARIANT: false until the person let go: whatever asks for files before gets none.
    is_let_go: bool,
    is_unknown: bool,
    /// Who took the drop was told so: it may ask again, but gets nothing more.
    is_saved: bool,
}

thread_local! {
    // On the main thread.
    static DRAG: RefCell<Option<Drag>> = const { RefCell::new(None) };
}

/// Does something with the drag that a page began; `None` where it is another one, such as a picture of the page.
fn with<T>(context: &DragContext, act: impl FnOnce(&mut Drag) -> T) -> Option<T> {
    DRAG.with_borrow_mut(|drag| {
        drag.as_mut()
            .filter(|drag| drag.context == *context)
            .map(act)
    })
}

/// Whether files can be dragged to the desktop.
#[tauri::command]
pub fn can_drag_out() -> bool {
    // The page asks once it runs; the toolkit has been started long before.
    gtk::is_initialized() && is_x11()
}

/// Begins to drag files while the mouse button is down: a name for the first of them, and what is shown beside the pointer. Whether
/// it began.
#[tauri::command]
pub async fn drag_out(window: WebviewWindow, name: String, shown: String) -> bool {
    let (tell, told) = tokio::sync::oneshot::channel();
    let asked = window.with_webview(move |view| {
        // The page may be gone.
        let _ = tell.send(begin(&view.inner(), &name, &shown).is_some());
    });
    asked.is_ok() && told.await.unwrap_or(false)
}

fn begin(view: &WebView, name: &str, shown: &str) -> Option<()> {
    let surface = view.window()?;
    let pointer = surface.display().default_seat()?.pointer()?;
    // A drag without a button would end at the next click only.
    let (_, _, _, state) = surface.device_position(&pointer);
    if !is_x11() || !state.contains(ModifierType::BUTTON1_MASK) {
        return None;
    }
    let offered = [TargetEntry::new(DIRECT_SAVE, TargetFlags::empty(), 0)];
    let targets = TargetList::new(&offered);
    let context =
        view.drag_begin_with_coordinates(&targets, DragAction::COPY, BUTTON, None, -1, -1)?;
    gdk::property_change(
        &context.source_window(),
        &Atom::intern(DIRECT_SAVE),
        &Atom::intern(TEXT),
        8,
        PropMode::Replace,
        ChangeData::UChars(offered_name(name).as_bytes()),
    );
    let label = gtk::Label::new(Some(shown));
    label.set_margin(6);
    label.show();
    context.drag_set_icon_widget(&label, -12, -12);
    context.connect_drop_performed(|context, _| {
        with(context, |drag| drag.is_let_go = true);
    });
    let drag = Drag {
        context,
        is_over_page: false,
        is_let_go: false,
        is_unknown: false,
        is_saved: false,
    };
    DRAG.set(Some(drag));
    Some(())
}

/// Has a window tell its page of the drags it begins.
///
/// # Errors
/// The web view is gone.
pub fn watch(window: &WebviewWindow) -> tauri::Result<()> {
    let own = window.clone();
    window.with_webview(move |view| connect(&view.inner(), &own))
}

fn connect(view: &WebView, window: &WebviewWindow) {
    let teller = || {
        let window = window.clone();
        move |told: Told| {
            if let Err(error) = window.emit_to(window.label(), NAME, told) {
                tracing::debug!(%error, "the page was not told of a drag");
            }
        }
    };
    // Ours is heard before WebKit's own, which would refuse it.
    let tell = teller();
    view.connect_drag_motion(move |view, context, x, y, time| {
        if !is_own(view, context) {
            return false;
        }
        DRAG.with_borrow_mut(|drag| drag.as_mut().map(|drag| drag.is_over_page = true));
        // All of the page takes it: what the page answers would come too late for a button that is let go at once.
        context.drag_status(DragAction::COPY, time);
        tell(Told::Over { x, y });
        true
    });
    let tell = teller();
    view.connect_drag_leave(move |view, context, _| {
        if is_own(view, context) {
            DRAG.with_borrow_mut(|drag| drag.as_mut().map(|drag| drag.is_over_page = false));
            tell(Told::Left);
        }
    });
    let tell = teller();
    view.connect_drag_drop(move |view, context, x, y, time| {
        let is_own = is_own(view, context);
        if is_own {
            context.drag_finish(true, false, time);
            tell(Told::Dropped { x, y });
        }
        is_own
    });
    let tell = teller();
    view.connect_drag_data_get(move |_, context, data, _, _| {
        let Some(may_save) = with(context, |drag| drag.is_let_go && !drag.is_saved) else {
            return;
        };
        let answer = match may_save.then(|| place(context)).flatten() {
            Some(folder) => {
                with(context, |drag| drag.is_saved = true);
                tell(Told::Saved {
                    folder: folder.handle(),
                });
                b"S"
            }
            None => b"E",
        };
        data.set(&data.target(), 8, answer);
    });
    view.connect_drag_failed(|_, context, result| {
        let is_own = with(context, |drag| {
            drag.is_unknown = result == DragResult::NoTarget && !drag.is_over_page;
        });
        // The toolkit would send what is beside the pointer back to the file, which cannot be clicked under it meanwhile.
        if is_own.is_some() {
            Propagation::Stop
        } else {
            Propagation::Proceed
        }
    });
    let tell = teller();
    view.connect_drag_end(move |_, context| {
        if let Some(is_unknown) = with(context, |drag| drag.is_unknown) {
            DRAG.set(None);
            gdk::property_delete(&context.source_window(), &Atom::intern(DIRECT_SAVE));
            tell(Told::Ended { is_unknown });
        }
    });
}

/// Whether what is over a page is what this very page began to drag.
fn is_own(view: &WebView, context: &DragContext) -> bool {
    let source = context.drag_get_source_widget();
    source.is_some_and(|source| source == *view) && DRAG.with_borrow(Option::is_some)
}

/// The folder that whoever took the drop wrote to the property.
fn place(context: &DragContext) -> Option<RemotePath> {
    let property = Atom::intern(DIRECT_SAVE);
    let window = context.source_window();
    let any = gdk::ATOM_NONE;
    let (_, format, address) =
        gdk::property_get(&window, &property, &any, 0, MAX_ADDRESS_BYTES, 0)?;
    let folder = folder_of(&address, &glib::host_name()).filter(|_| format == 8);
    let folder = folder.filter(|folder| folder.is_dir());
    let path = folder.and_then(|folder| RemotePath::new(folder.as_os_str().as_bytes()).ok());
    if path.is_none() {
        // What another program wrote is not for the log.
        tracing::warn!("files were let go over a place that is no folder of this computer");
    }
    path
}

/// The folder in the address of a new file on this computer, which is called `own`.
fn folder_of(address: &[u8], own: &str) -> Option<PathBuf> {
    let address = std::str::from_utf8(address).ok()?;
    let (path, host) = glib::filename_from_uri(address.trim_end_matches('\0')).ok()?;
    let is_here = host.is_none_or(|host| {
        host.is_empty() || host.eq_ignore_ascii_case("localhost") || host.eq_ignore_ascii_case(own)
    });
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let folder = path.parent().map(Path::to_path_buf);
    folder.filter(|_| is_here && is_plain && path.is_absolute())
}

/// A name that whoever takes the drop may put into an address: one of its own is asked for, so it need not be exact.
fn offered_name(name: &str) -> String {
    let is_fit = |c: char| !c.is_control() && c != '/' && c != '\u{fffd}';
    let mut fit: String = name.chars().filter(|&c| is_fit(c)).collect();
    while fit.len() > MAX_NAME_BYTES {
        fit.pop();
    }
    match fit.as_str() {
        "" | "." | ".." => "file".to_owned(),
        _ => fit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_this_computer_are_saved_to() {
        for (address, folder) in [
            ("file:///home/anna/notes.txt", Some("/home/anna")),
            ("file://localhost/home/anna/a%20b", Some("/home/anna")),
            ("file://Desk/home/%C3%A4/x", Some("/home/ä")),
            ("file:///x\0", Some("/")),
            ("file://elsewhere/home/anna/notes.txt", None),
            ("file:///home/anna/../root/x", None),
            ("file:///home/anna%2Fx", None),
            ("file:///home/anna%00/x", None),
            ("file:///", None),
            ("notes.txt", None),
            ("/home/anna/notes.txt", None),
            ("sftp://desk/home/anna/notes.txt", None),
            ("", None),
        ] {
            let read = folder_of(address.as_bytes(), "desk");
            assert_eq!(read.as_deref(), folder.map(Path::new), "{address}");
        }
        assert_eq!(folder_of(b"file:///\xff/x", "desk"), None);
    }

    #[test]
    fn a_name_is_one_part_of_an_address() {
        let long = "ä".repeat(200);
        for (name, offered) in [
            ("notes.txt", "notes.txt"),
            ("a/b\n", "ab"),
            ("..", "file"),
            ("/", "file"),
            (long.as_str(), &"ä".repeat(127)),
        ] {
            assert_eq!(offered_name(name), offered);
        }
    }
}
