//! Texts on the desktop's clipboard, for the page: WebKit alone reads only what is offered under the names that the web knows,
//! and many programs of X offer theirs as `UTF8_STRING` or `STRING`.

use crate::session_windows::on_main_thread;
use gtk::SelectionData;
use gtk::gdk::{Atom, SELECTION_CLIPBOARD};
use serde::Serialize;
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Clipboard managers that know this word keep no copy of what is offered beside it (Klipper, `x-kde-passwordManagerHint`).
pub const HINT: &str = "x-kde-passwordManagerHint";

/// How programs offer texts whose letters are known.
const KNOWN: [&str; 3] = ["UTF8_STRING", "text/plain;charset=utf-8", "COMPOUND_TEXT"];
/// How some offer theirs without a word on the letters.
const PLAIN: &str = "text/plain";

/// The longest text that is handed to the page: machines take no longer ones.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// How long the program that holds the clipboard may take to answer. The page and a person wait.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What reading the clipboard brought.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The text; empty where there is none.
    Text(String),
    /// There is one that is longer than any machine takes.
    TooLong,
    /// The program that holds it did not answer.
    NoAnswer,
}

impl Read {
    fn of(text: &str) -> Self {
        match text.len() <= MAX_TEXT_BYTES {
            true => Self::Text(text.to_owned()),
            false => Self::TooLong,
        }
    }
}

/// Reads the text on the clipboard. Where no person asked for it, nothing that is marked as a secret.
#[tauri::command]
pub async fn read_clipboard(app: AppHandle, is_asked: bool) -> Read {
    let (tell, told) = oneshot::channel();
    let tell = |read| {
        // Whoever asked may have stopped waiting.
        let _ = tell.send(read);
    };
    on_main_thread(&app, move |_| ask(is_asked, tell)).await;
    match timeout(ANSWER_LIMIT, told).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) | Err(_) => Read::NoAnswer,
    }
}

/// Puts a text on the clipboard. Whether the program got to it.
#[tauri::command]
pub async fn write_clipboard(app: AppHandle, text: String) -> bool {
    let written = on_main_thread(&app, move |_| desktop().set_text(&text));
    written.await.is_some()
}

/// The clipboard that people copy to. On the main thread only.
pub fn desktop() -> gtk::Clipboard {
    gtk::Clipboard::get(&SELECTION_CLIPBOARD)
}

/// Asks the program that holds the clipboard; the main thread goes on meanwhile.
fn ask(is_asked: bool, tell: impl FnOnce(Read) + 'static) {
    desktop().request_contents(&Atom::intern("TARGETS"), move |clipboard, offered| {
        let names: Vec<_> = offered.targets().unwrap_or_default();
        let has = |name: &str| names.iter().any(|each| each.name() == name);
        if !is_asked && has(HINT) {
            tell(Read::Text(String::new()));
        } else if has(PLAIN) && !KNOWN.iter().any(|name| has(name)) {
            clipboard.request_contents(&Atom::intern(PLAIN), |_, said| tell(plain(said)));
        } else {
            clipboard.request_text(|_, text| tell(Read::of(text.unwrap_or_default())));
        }
    });
}

/// A text without a word on its letters. The toolkit takes them for Latin-1; today's programs mean UTF-8.
fn plain(said: &SelectionData) -> Read {
    match std::str::from_utf8(&said.data()) {
        Ok(text) => Read::of(text),
        Err(_) => Read::of(&said.text().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_no_machine_takes_is_not_handed_to_the_page() {
        let longest = "x".repeat(MAX_TEXT_BYTES);
        assert_eq!(Read::of(&longest), Read::Text(longest.clone()));
        assert_eq!(Read::of(&(longest + "x")), Read::TooLong);
        let said = [Read::Text("½".to_owned()), Read::TooLong, Read::NoAnswer];
        assert_eq!(
            serde_json::to_string(&said).unwrap(),
            r#"[{"text":"½"},"too_long","no_answer"]"#
        );
    }
}
