//! The menu of a window, as the desktop draws menus.
//!
//! What is in it the page says, each time anew; it does what was chosen. Keys are only shown: the menu registers none with the
//! toolkit, so that it takes none from a remote screen. macOS has its menu bar above all windows instead; its menu is to be
//! filled from the same entries once that system can be built for.

use crate::session_windows::on_main_thread;
use crate::window;
use gtk::gdk::keys::{Key, constants};
use gtk::gdk::{self, Gravity, ModifierType};
use gtk::glib;
use gtk::prelude::*;
use serde::Deserialize;
use std::cell::Cell;
use std::rc::Rc;
use tauri::{AppHandle, Manager, WebviewWindow};
use tokio::sync::oneshot;

/// A line of a menu.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Entry {
    /// Something to choose.
    Action {
        /// What the page is told when it is chosen.
        id: u32,
        /// Its words.
        label: String,
        /// Its shortcut, such as `Ctrl+Alt+Enter`.
        keys: Option<String>,
        /// Whether it can be chosen.
        is_enabled: bool,
        /// For switches: whether it is on.
        is_on: Option<bool>,
    },
    /// A menu in the menu.
    Branch {
        /// Its words.
        label: String,
        /// Whether it can be opened.
        is_enabled: bool,
        /// What is in it.
        items: Vec<Entry>,
    },
    /// A line between groups.
    Rule,
}

/// Where a menu is opened, in the toolkit's pixels from the window's upper left corner.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct At {
    x: i32,
    y: i32,
}

/// Shows a menu until something is chosen, and says what; nothing when it is closed.
#[tauri::command]
pub async fn show_menu(
    app: AppHandle,
    window: WebviewWindow,
    entries: Vec<Entry>,
    at: At,
    is_by_keyboard: bool,
) -> Option<u32> {
    let shown = on_main_thread(&app, move |_| show(&window, &entries, at, is_by_keyboard));
    shown.await??.await.ok()?
}

/// Does what closing the main window does.
#[tauri::command]
pub fn quit(app: AppHandle) {
    if let Some(main) = app.get_webview_window(window::MAIN)
        && let Err(error) = main.close()
    {
        tracing::warn!(%error, "could not close the main window");
    }
}

type Chosen = Rc<Cell<Option<u32>>>;

fn show(
    window: &WebviewWindow,
    entries: &[Entry],
    at: At,
    is_by_keyboard: bool,
) -> Option<oneshot::Receiver<Option<u32>>> {
    let frame = window.gtk_window().ok()?;
    let surface = frame.window()?;
    let chosen = Chosen::default();
    let menu = filled(entries, &chosen);
    menu.set_attach_widget(Some(&frame));
    let (tell, told) = oneshot::channel();
    let tell = Cell::new(Some(tell));
    menu.connect_selection_done(move |menu| {
        if let Some(tell) = tell.take() {
            // Whoever asked may be gone, such as a page that was loaded anew.
            let _ = tell.send(chosen.get());
        }
        let menu = menu.clone();
        glib::idle_add_local_once(move || menu.detach());
    });
    // What the page heard is no event of the toolkit's; a menu must come from one.
    let mut event = gdk::Event::new(gdk::EventType::ButtonPress);
    let seat = frame.display().default_seat();
    event.set_device(seat.and_then(|seat| seat.pointer()).as_ref());
    let place = gdk::Rectangle::new(at.x, at.y, 1, 1);
    menu.popup_at_rect(
        &surface,
        &place,
        Gravity::NorthWest,
        Gravity::NorthWest,
        Some(&event),
    );
    if is_by_keyboard {
        menu.select_first(true);
    }
    Some(told)
}

fn filled(entries: &[Entry], chosen: &Chosen) -> gtk::Menu {
    let menu = gtk::Menu::new();
    for entry in entries {
        menu.append(&item(entry, chosen));
    }
    menu.show_all();
    menu
}

fn item(entry: &Entry, chosen: &Chosen) -> gtk::MenuItem {
    match entry {
        Entry::Rule => gtk::SeparatorMenuItem::new().upcast(),
        Entry::Branch {
            label,
            is_enabled,
            items,
        } => {
            let item = gtk::MenuItem::with_label(label);
            item.set_sensitive(*is_enabled);
            item.set_submenu(Some(&filled(items, chosen)));
            item
        }
        Entry::Action {
            id,
            label,
            keys,
            is_enabled,
            is_on,
        } => {
            let item: gtk::MenuItem = match is_on {
                Some(is_on) => {
                    let item = gtk::CheckMenuItem::with_label(label);
                    item.set_active(*is_on);
                    item.upcast()
                }
                None => gtk::MenuItem::with_label(label),
            };
            item.set_sensitive(*is_enabled);
            show_keys(&item, keys.as_deref());
            let (id, chosen) = (*id, Rc::clone(chosen));
            item.connect_activate(move |_| chosen.set(Some(id)));
            item
        }
    }
}

fn show_keys(item: &gtk::MenuItem, keys: Option<&str>) {
    let Some((key, modifiers)) = keys.and_then(parse_keys) else {
        return;
    };
    if let Some(label) = item
        .child()
        .and_then(|child| child.downcast::<gtk::AccelLabel>().ok())
    {
        label.set_accel(*key, modifiers);
    }
}

/// Reads a shortcut as the page writes it; `None` for one that is not known.
fn parse_keys(keys: &str) -> Option<(Key, ModifierType)> {
    let mut modifiers = ModifierType::empty();
    let mut rest = keys;
    for (name, modifier) in [
        ("Ctrl+", ModifierType::CONTROL_MASK),
        ("Alt+", ModifierType::MOD1_MASK),
        ("Shift+", ModifierType::SHIFT_MASK),
    ] {
        if let Some(after) = rest.strip_prefix(name) {
            modifiers |= modifier;
            rest = after;
        }
    }
    let mut letters = rest.chars();
    let key = match (rest, letters.next(), letters.next()) {
        ("Enter", ..) => constants::Return,
        ("Del", ..) => constants::Delete,
        ("End", ..) => constants::End,
        ("Tab", ..) => constants::Tab,
        ("PgDn", ..) => constants::Page_Down,
        ("PgUp", ..) => constants::Page_Up,
        (_, Some(letter), None) => Key::from_unicode(letter.to_ascii_lowercase()),
        (_, Some('F'), Some('1'..='9')) => Key::from_name(rest),
        _ => return None,
    };
    Some((key, modifiers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_read_as_the_page_writes_them() {
        let (control, alt, shift) = (
            ModifierType::CONTROL_MASK,
            ModifierType::MOD1_MASK,
            ModifierType::SHIFT_MASK,
        );
        for (keys, expected) in [
            ("Ctrl+K", Some((constants::k, control))),
            ("Ctrl+,", Some((constants::comma, control))),
            ("Ctrl+Alt++", Some((constants::plus, control | alt))),
            ("Ctrl+Alt+Enter", Some((constants::Return, control | alt))),
            ("Ctrl+Alt+PgDn", Some((constants::Page_Down, control | alt))),
            ("Shift+Enter", Some((constants::Return, shift))),
            ("F2", Some((constants::F2, ModifierType::empty()))),
            ("Del", Some((constants::Delete, ModifierType::empty()))),
            ("Fn", None),
            ("", None),
        ] {
            assert_eq!(parse_keys(keys), expected, "{keys}");
        }
    }

    #[test]
    fn entries_come_as_the_page_sends_them() {
        let text = r#"[
            {"kind":"branch","label":"View","isEnabled":true,"items":[
                {"kind":"action","id":3,"label":"Show sidebar","keys":"Ctrl+B","isEnabled":true,"isOn":false}]},
            {"kind":"rule"},
            {"kind":"action","id":4,"label":"Quit","isEnabled":false}]"#;
        let entries: Vec<Entry> = serde_json::from_str(text).unwrap();
        let [
            Entry::Branch { items, .. },
            Entry::Rule,
            Entry::Action {
                keys: None,
                is_on: None,
                ..
            },
        ] = entries.as_slice()
        else {
            panic!("{entries:?}");
        };
        assert!(matches!(
            items.as_slice(),
            [Entry::Action {
                id: 3,
                is_on: Some(false),
                ..
            }]
        ));
    }
}
