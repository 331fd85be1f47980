//! Full screen, and with it the keys that the desktop would keep for itself, such as Alt+Tab.
//!
//! The page says when a remote screen wants all keys. They are taken only while its window is full screen, in front and under the
//! pointer, so that whoever turns to another program has the keyboard back.

use crate::session_windows::on_main_thread;
use gdkx11::X11Window;
use gtk::gdk::{self, CrossingMode, GrabStatus, ModifierType, NotifyType, SeatCapabilities};
use gtk::glib::{self, ControlFlow, Propagation};
use gtk::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tauri::{AppHandle, Emitter, EventTarget, Manager, WebviewWindow};

/// The name under which a page listens to how its window stands.
const NAME: &str = "farwire-full-screen";

/// How often is looked whether the window that has all keys is still in front: a grab hides that from the toolkit.
const LOOK: Duration = Duration::from_millis(500);

/// Taking the keys itself looks like losing the focus for a moment.
const SETTLE: Duration = Duration::from_millis(60);

/// How the windows stand, by their names.
#[derive(Debug, Default)]
pub struct FullScreen {
    windows: Mutex<BTreeMap<String, Keys>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Keys {
    are_wanted: bool,
    is_pointer_away: bool,
    are_held: bool,
    told: Standing,
}

/// What a page is told of its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Standing {
    is_on: bool,
    has_all_keys: bool,
}

impl FullScreen {
    fn change<T>(&self, label: &str, act: impl FnOnce(&mut Keys) -> T) -> T {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        act(windows.entry(label.to_owned()).or_default())
    }
}

/// Goes full screen on the monitor the window is on, or back.
#[tauri::command]
pub async fn full_screen(app: AppHandle, window: WebviewWindow, is_on: bool) {
    on_main_thread(&app, move |_| {
        let Ok(frame) = window.gtk_window() else {
            return;
        };
        if is_on {
            frame.fullscreen();
        } else {
            frame.unfullscreen();
        }
    })
    .await;
}

/// The page says whether its remote screen wants all keys, and hears how the window stands.
#[tauri::command]
pub async fn want_all_keys(app: AppHandle, window: WebviewWindow, are_wanted: bool) -> Standing {
    let settled = on_main_thread(&app, move |_| {
        want(&window, are_wanted);
        let state = window.state::<FullScreen>();
        state.change(window.label(), |keys| keys.told)
    });
    settled.await.unwrap_or_default()
}

/// Changes what is wanted. On the main thread only.
pub fn want(window: &WebviewWindow, are_wanted: bool) {
    let state = window.state::<FullScreen>();
    state.change(window.label(), |keys| keys.are_wanted = are_wanted);
    settle(window);
}

/// A window is gone, and with it what it held.
pub fn forget(app: &AppHandle, label: &str) {
    let state = app.state::<FullScreen>();
    let mut windows = state.windows.lock().unwrap_or_else(PoisonError::into_inner);
    windows.remove(label);
}

/// Watches a window from its beginning to its end.
///
/// # Errors
/// The window is gone.
pub fn watch(window: &WebviewWindow) -> tauri::Result<()> {
    let frame = window.gtk_window()?;
    frame.add_events(gdk::EventMask::ENTER_NOTIFY_MASK | gdk::EventMask::LEAVE_NOTIFY_MASK);
    let each = |window: &WebviewWindow| {
        let window = window.clone();
        move || settle_soon(&window)
    };
    let (own, soon) = (window.clone(), each(window));
    frame.connect_window_state_event(move |_, event| {
        // Who leaves full screen means the desktop with the very next key.
        let full = gdk::WindowState::FULLSCREEN;
        if event.changed_mask().contains(full) && !event.new_window_state().contains(full) {
            settle(&own);
        }
        go_on(&soon)
    });
    let soon = each(window);
    frame.connect_focus_in_event(move |_, _| go_on(&soon));
    let soon = each(window);
    frame.connect_focus_out_event(move |_, _| go_on(&soon));
    let (own, soon) = (window.clone(), each(window));
    frame.connect_grab_broken_event(move |_, event| {
        if event.is_keyboard() {
            let state = own.state::<FullScreen>();
            state.change(own.label(), |keys| keys.are_held = false);
        }
        go_on(&soon)
    });
    let (own, soon) = (window.clone(), each(window));
    frame.connect_enter_notify_event(move |_, event| {
        cross(&own, event, false);
        go_on(&soon)
    });
    let (own, soon) = (window.clone(), each(window));
    frame.connect_leave_notify_event(move |_, event| {
        cross(&own, event, true);
        go_on(&soon)
    });
    // The page does the same, but a page that hangs must not keep the keyboard.
    let own = window.clone();
    frame.connect_key_press_event(move |_, event| {
        if is_way_out(event.state(), event.keyval()) {
            want(&own, false);
        }
        Propagation::Proceed
    });
    Ok(())
}

fn go_on(act: impl Fn()) -> Propagation {
    act();
    Propagation::Proceed
}

fn cross(window: &WebviewWindow, event: &gdk::EventCrossing, is_away: bool) {
    // Grabs and parts of the window itself are crossed without moving anywhere.
    if event.mode() == CrossingMode::Normal && event.detail() != NotifyType::Inferior {
        let state = window.state::<FullScreen>();
        state.change(window.label(), |keys| keys.is_pointer_away = is_away);
    }
}

/// Whether a key gives the keyboard back whatever the page does: Ctrl+Alt and G or Enter.
fn is_way_out(state: ModifierType, key: gdk::keys::Key) -> bool {
    use gdk::keys::constants::{G, KP_Enter, Return, g};
    let both = ModifierType::CONTROL_MASK | ModifierType::MOD1_MASK;
    state.contains(both) && [g, G, Return, KP_Enter].contains(&key)
}

fn settle_soon(window: &WebviewWindow) {
    let window = window.clone();
    glib::timeout_add_local_once(SETTLE, move || settle(&window));
}

/// Takes the keys or gives them back, as the window stands now, and tells the page.
fn settle(window: &WebviewWindow) {
    let Ok(frame) = window.gtk_window() else {
        return;
    };
    let Some(surface) = frame.window() else {
        return;
    };
    let Some(seat) = frame.display().default_seat() else {
        return;
    };
    let state = window.state::<FullScreen>();
    let keys = state.change(window.label(), |keys| *keys);
    let is_on = surface.state().contains(gdk::WindowState::FULLSCREEN);
    let must_have = keys.are_wanted
        && !keys.is_pointer_away
        && is_on
        && frame.is_active()
        && is_in_front(&surface);
    let mut has_all_keys = keys.are_held;
    if must_have && !has_all_keys {
        let keyboard = SeatCapabilities::KEYBOARD;
        let status = seat.grab(&surface, keyboard, true, None, None, None);
        has_all_keys = status == GrabStatus::Success;
        if has_all_keys {
            keep_looking(window);
        } else {
            tracing::info!(?status, "the desktop keeps its own keys");
        }
    } else if !must_have && has_all_keys {
        seat.ungrab();
        has_all_keys = false;
    }
    let standing = Standing {
        is_on,
        has_all_keys,
    };
    state.change(window.label(), |keys| {
        keys.are_held = has_all_keys;
        keys.told = standing;
    });
    if standing == keys.told {
        return;
    }
    let page = EventTarget::webview_window(window.label());
    if let Err(error) = window.emit_to(page, NAME, standing) {
        tracing::debug!(%error, "the page was not told how its window stands");
    }
}

/// Settles again and again while the keys are held.
fn keep_looking(window: &WebviewWindow) {
    let window = window.clone();
    glib::timeout_add_local(LOOK, move || {
        settle(&window);
        let state = window.state::<FullScreen>();
        if state.change(window.label(), |keys| keys.are_held) {
            ControlFlow::Continue
        } else {
            ControlFlow::Break
        }
    });
}

/// Whether a window manager of X11 says that the window is the active one; elsewhere, and where nobody says, it is.
fn is_in_front(surface: &gdk::Window) -> bool {
    let Some(own) = surface.downcast_ref::<X11Window>() else {
        return true;
    };
    let property = gdk::Atom::intern("_NET_ACTIVE_WINDOW");
    let kind = gdk::Atom::intern("WINDOW");
    let root = surface.screen().root_window();
    let told = root.and_then(|root| gdk::property_get(&root, &property, &kind, 0, 8, 0));
    // Numbers of 32 bits come as the C compiler's longs.
    let active =
        told.and_then(|(_, _, bytes)| bytes.first_chunk().copied().map(u64::from_ne_bytes));
    active.is_none_or(|active| active == own.xid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdk::keys::constants::{G, KP_Enter, Return, g, k};

    #[test]
    fn the_way_out_is_control_alt_and_g_or_enter() {
        let (control, alt) = (ModifierType::CONTROL_MASK, ModifierType::MOD1_MASK);
        for (state, key, expected) in [
            (control | alt, g, true),
            (control | alt | ModifierType::LOCK_MASK, G, true),
            (control | alt, Return, true),
            (control | alt, KP_Enter, true),
            (control, g, false),
            (alt, Return, false),
            (control | alt, k, false),
        ] {
            assert_eq!(is_way_out(state, key), expected, "{state:?} {key:?}");
        }
    }
}
