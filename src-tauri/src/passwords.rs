//! Stored passwords on the desktop's clipboard. They go there from the core, not by the page;
//! which can read one only as any text that is on the clipboard, to send it to a machine.

use crate::clipboard::{HINT, desktop};
use crate::ipc::{self, Answer};
use crate::session_windows::on_main_thread;
use bytes::Bytes;
use farwire_api::Api;
use farwire_api::request::{Body, Request};
use farwire_model::secret::Secret;
use gtk::glib;
use gtk::{SelectionData, TargetEntry, TargetFlags};
use serde::Deserialize;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tauri::{AppHandle, Manager};
use zeroize::Zeroize;

/// How a text is asked for, in the order in which it is offered.
const TEXTS: [&str; 3] = ["UTF8_STRING", "text/plain;charset=utf-8", "text/plain"];

const TEXT: u32 = 0;
const SECRET: u32 = 1;

/// Whether a password of ours is on the clipboard.
#[derive(Debug, Default)]
pub struct OnClipboard(Mutex<Standing>);

#[derive(Debug, Default)]
struct Standing {
    /// Counts the passwords that were put there.
    last: u64,
    now: Now,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Now {
    /// None, or one that may stay.
    #[default]
    Nothing,
    /// The one with this number.
    Ours(u64),
    /// None: we took the last one off.
    Cleared,
}

impl Standing {
    fn begin(&mut self) -> u64 {
        self.last += 1;
        self.now = Now::Ours(self.last);
        self.last
    }

    /// The clipboard does not hold it any more, or never took it.
    fn lose(&mut self, number: u64) {
        if self.now == Now::Ours(number) {
            self.now = Now::Nothing;
        }
    }

    /// It is to come off: whether there is something to do. Without a number the last one is meant.
    fn clear(&mut self, number: Option<u64>) -> bool {
        let is_there = match self.now {
            Now::Ours(ours) => number.is_none_or(|number| number == ours),
            Now::Nothing | Now::Cleared => false,
        };
        if is_there {
            self.now = Now::Cleared;
        }
        is_there
    }
}

impl OnClipboard {
    fn with<T>(&self, act: impl FnOnce(&mut Standing) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the core hands out.
#[derive(Deserialize)]
struct HandedOut {
    password: Secret,
    clear_after_secs: u64,
}

/// Asks for a password by a proof and puts it on the clipboard. The answer is without it; none when the desktop did not take it.
#[tauri::command]
pub async fn copy_password(app: AppHandle, path: String, passphrase: Secret) -> Option<Answer> {
    let api = match ipc::api(&app) {
        Ok(api) => api,
        Err(answer) => return Some(answer),
    };
    let HandedOut {
        password,
        clear_after_secs,
    } = match hand_out(&api, &path, &passphrase).await {
        Ok(handed_out) => handed_out,
        Err(answer) => return Some(answer),
    };
    let stay = Duration::from_secs(clear_after_secs);
    let is_taken = on_main_thread(&app, move |app| put(app, password, stay)).await;
    let said = json!({ "clear_after_secs": clear_after_secs }).to_string();
    is_taken?.then(|| Answer::json(200, said.into_bytes()))
}

async fn hand_out(api: &Arc<Api>, path: &str, passphrase: &Secret) -> Result<HandedOut, Answer> {
    let body = Bytes::from(json!({ "passphrase": passphrase.expose() }).to_string());
    let response = api.handle(Request::of_window("ACTION", path, body)).await;
    match response.body {
        Body::Json(mut text) if response.status == 200 => {
            let read = serde_json::from_slice(&text);
            text.zeroize();
            // The parser's own message could quote what is in it.
            read.map_err(|_| Answer::error(406, format!("{path} answers with no password")))
        }
        Body::Json(text) => Err(Answer::json(response.status, text)),
        Body::Bytes { .. } | Body::Stream { .. } => {
            Err(Answer::error(406, format!("{path} answers with bytes")))
        }
    }
}

/// Takes the last password off the clipboard, if it is still there. Says whether we did, now or because its time was over.
#[tauri::command]
pub async fn clear_password(app: AppHandle) -> bool {
    let cleared = on_main_thread(&app, |app| {
        clear(app, None);
        app.state::<OnClipboard>()
            .with(|standing| standing.now == Now::Cleared)
    });
    cleared.await.unwrap_or(false)
}

/// Lets the last password stay on the clipboard.
#[tauri::command]
pub fn keep_password(app: AppHandle) {
    app.state::<OnClipboard>()
        .with(|standing| standing.now = Now::Nothing);
}

/// A password that other programs can ask for. The toolkit drops it once the clipboard holds something else.
struct Offered {
    app: AppHandle,
    number: u64,
    password: Secret,
}

impl Offered {
    fn give(&self, asked: &SelectionData, kind: u32) {
        if kind == SECRET {
            asked.set(&gtk::gdk::Atom::intern(HINT), 8, b"secret");
        } else if !asked.set_text(self.password.expose()) {
            tracing::debug!("a program asked for a text in a form that there is none in");
        }
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        let on_clipboard = self.app.state::<OnClipboard>();
        on_clipboard.with(|standing| standing.lose(self.number));
    }
}

fn put(app: &AppHandle, password: Secret, stay: Duration) -> bool {
    let number = app.state::<OnClipboard>().with(Standing::begin);
    let offered = Offered {
        app: app.clone(),
        number,
        password,
    };
    let mut targets: Vec<_> = TEXTS
        .map(|name| TargetEntry::new(name, TargetFlags::empty(), TEXT))
        .into();
    targets.push(TargetEntry::new(HINT, TargetFlags::empty(), SECRET));
    let is_taken = desktop().set_with_data(&targets, move |_, asked, kind| {
        offered.give(asked, kind);
    });
    let app = app.clone();
    // The page counts down too, but it may be gone by then.
    glib::timeout_add_local_once(stay, move || clear(&app, Some(number)));
    is_taken
}

fn clear(app: &AppHandle, number: Option<u64>) {
    let on_clipboard = app.state::<OnClipboard>();
    if on_clipboard.with(|standing| standing.clear(number)) {
        desktop().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_core::{Config, Core};

    #[test]
    fn only_what_is_still_there_is_cleared() {
        let mut standing = Standing::default();
        assert!(!standing.clear(None), "nothing was copied");
        let (first, second) = (standing.begin(), standing.begin());
        standing.lose(first);
        assert!(!standing.clear(Some(first)), "another one took its place");
        assert!(standing.clear(Some(second)));
        assert_eq!(standing.now, Now::Cleared);
        assert!(!standing.clear(Some(second)), "once");
        let third = standing.begin();
        standing.lose(third);
        assert!(!standing.clear(None), "somebody copied something else");
        assert_eq!(standing.now, Now::Nothing);
    }

    #[tokio::test]
    async fn a_password_is_handed_out_for_a_proof_and_a_refusal_is_the_answer() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(Config::at(folder.path())).await.unwrap();
        let passphrase = Secret::new("correct horse");
        let unlocked = core.vault().unlock_with_passphrase(passphrase.clone());
        unlocked.await.unwrap();
        let api = Api::new(core);
        let body = json!({ "name": "hall", "password": "hunter2" }).to_string();
        let made = api.handle(Request::of_window("PUT", "/credential", body));
        let Body::Json(made) = made.await.body else {
            panic!("no JSON")
        };
        let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
        let path = format!(
            "/credential/{}/copy",
            made["credential_uid"].as_str().unwrap()
        );
        let handed_out = hand_out(&api, &path, &passphrase).await.ok().unwrap();
        assert_eq!(handed_out.password.expose(), "hunter2");
        for path in [&path, "/vault/lock"] {
            let refused = hand_out(&api, path, &Secret::new("x")).await.err().unwrap();
            let said = serde_json::to_string(&refused).unwrap();
            assert!(!said.contains("\"status\":200"), "{said}");
        }
    }
}
