//! Windows of their own for sessions. Which window shows which session is known here; the pages only say what they wish.

use crate::{full_screen, window};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tauri::{AppHandle, Emitter, Manager, WebviewWindow};
use tokio::sync::oneshot;

/// How the names of these windows begin, also in the page's rights.
pub const PREFIX: &str = "session-";

/// Which sessions have a window of their own, to the main page.
const SHOWN: &str = "farwire-session-windows";

/// What a person wished for in a session's window, to the main page.
const WISH: &str = "farwire-wish";

/// Each window is a process of its own; more would be a page gone wrong.
const MAX_WINDOWS: usize = 64;

/// The windows there are: their names, and the session that each shows.
#[derive(Debug, Default)]
pub struct SessionWindows {
    windows: Mutex<Windows>,
}

#[derive(Debug, Default)]
struct Windows {
    last: u32,
    sessions: BTreeMap<String, String>,
}

impl SessionWindows {
    fn with<T>(&self, act: impl FnOnce(&mut Windows) -> T) -> T {
        act(&mut self.windows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The sessions that have a window.
    fn sessions(&self) -> Vec<String> {
        self.with(|windows| windows.sessions.values().cloned().collect())
    }
}

impl Windows {
    fn of(&self, session: &str) -> Option<String> {
        let mut windows = self.sessions.iter();
        windows.find_map(|(label, shown)| (shown == session).then(|| label.clone()))
    }

    /// Names a new window for a session; `None` when there are too many.
    fn add(&mut self, session: &str) -> Option<String> {
        if self.sessions.len() >= MAX_WINDOWS {
            return None;
        }
        self.last += 1;
        let label = format!("{PREFIX}{}", self.last);
        self.sessions.insert(label.clone(), session.to_owned());
        Some(label)
    }

    /// A window shows another session than before, such as one that was opened anew.
    fn show(&mut self, label: &str, session: String) {
        if let Some(shown) = self.sessions.get_mut(label) {
            *shown = session;
        }
    }
}

/// Opens a window for a session, or brings the one that shows it forward. Says whether the session has one now.
#[tauri::command]
pub async fn open_session_window(app: AppHandle, session: String) -> bool {
    if !window::is_identifier(&session) {
        return false;
    }
    on_main_thread(&app, move |app| open(app, &session))
        .await
        .unwrap_or(false)
}

/// The sessions that have a window of their own.
#[tauri::command]
pub fn session_windows(app: AppHandle) -> Vec<String> {
    app.state::<SessionWindows>().sessions()
}

/// The page of a session's window says which session it shows from now on.
#[tauri::command]
pub fn shows_session(window: WebviewWindow, session: String) {
    if window::is_identifier(&session) {
        let windows = window.state::<SessionWindows>();
        windows.with(|windows| windows.show(window.label(), session));
        tell_main(window.app_handle());
    }
}

/// Brings the main window forward and hands it a wish.
#[tauri::command]
pub fn ask_main(app: AppHandle, wish: Value) {
    window::bring_forward(&app, window::MAIN);
    if let Err(error) = app.emit_to(window::MAIN, WISH, wish) {
        tracing::debug!(%error, "the main page did not take a wish");
    }
}

/// Closes the window of a session. With `wish`, its session goes back first and the main window is asked for that.
#[tauri::command]
pub fn leave_session_window(window: WebviewWindow, wish: Option<Value>) {
    let app = window.app_handle();
    if !window.label().starts_with(PREFIX) {
        return;
    }
    // What it holds of the desktop's keys is given back while it is there to do so.
    full_screen::want(&window, false);
    closed(app, window.label());
    if let Some(wish) = wish {
        ask_main(app.clone(), wish);
    }
    if let Err(error) = window.destroy() {
        tracing::warn!(%error, "could not close the window of a session");
    }
}

/// A window is gone. All others go with the main one.
pub fn closed(app: &AppHandle, label: &str) {
    full_screen::forget(app, label);
    if label == window::MAIN {
        for (_, other) in app.webview_windows() {
            if let Err(error) = other.destroy() {
                tracing::warn!(%error, "could not close the window of a session");
            }
        }
        return;
    }
    let windows = app.state::<SessionWindows>();
    if windows
        .with(|windows| windows.sessions.remove(label))
        .is_some()
    {
        tell_main(app);
    }
}

/// Runs something where windows may be made and asked.
pub async fn on_main_thread<T: Send + 'static>(
    app: &AppHandle,
    act: impl FnOnce(&AppHandle) -> T + Send + 'static,
) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let handle = app.clone();
    let asked = app.run_on_main_thread(move || {
        // Whoever asked may be gone, such as a page that was closed.
        let _ = tell.send(act(&handle));
    });
    asked.ok()?;
    told.await.ok()
}

fn open(app: &AppHandle, session: &str) -> bool {
    // Without the main window nobody would hear the others, and the program is ending.
    if app.get_webview_window(window::MAIN).is_none() {
        return false;
    }
    let windows = app.state::<SessionWindows>();
    if let Some(label) = windows.with(|windows| windows.of(session)) {
        window::bring_forward(app, &label);
        return true;
    }
    let Some(label) = windows.with(|windows| windows.add(session)) else {
        tracing::warn!("there are too many windows");
        return false;
    };
    if let Err(error) = window::open_for_session(app, &label, session) {
        tracing::error!(%error, "could not make a window for a session");
        windows.with(|windows| windows.sessions.remove(&label));
        // It may have come halfway.
        if let Some(half) = app.get_webview_window(&label)
            && let Err(error) = half.destroy()
        {
            tracing::warn!(%error, "could not close the window of a session");
        }
        return false;
    }
    tell_main(app);
    true
}

fn tell_main(app: &AppHandle) {
    let sessions = app.state::<SessionWindows>().sessions();
    if let Err(error) = app.emit_to(window::MAIN, SHOWN, sessions) {
        tracing::debug!(%error, "the main page was not told of its windows");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_one_window() {
        let mut windows = Windows::default();
        let press = windows.add("press").unwrap();
        let lathe = windows.add("lathe").unwrap();
        assert_eq!(windows.of("press"), Some(press.clone()));
        windows.show(&lathe, "lathe2".to_owned());
        assert_eq!(
            (windows.of("lathe"), windows.of("lathe2")),
            (None, Some(lathe))
        );
        // The main window shows many, and is none of these.
        windows.show("main", "other".to_owned());
        assert_eq!(windows.of("other"), None);
        windows.sessions.remove(&press);
        assert_ne!(
            windows.add("press"),
            Some(press),
            "names are never used again"
        );
    }

    #[test]
    fn windows_are_not_without_end() {
        let mut windows = Windows::default();
        for number in 0..MAX_WINDOWS {
            assert!(windows.add(&number.to_string()).is_some());
        }
        assert_eq!(windows.add("one more"), None);
    }
}
