//! Files that the program is started with, by command line or by a double click, and files that the page takes in.

use crate::ipc::{self, Answer};
use crate::window;
use bytes::Bytes;
use farwire_api::Api;
use farwire_api::request::{Body, Request};
use farwire_core::imports::MAX_FILE_BYTES;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tauri::ipc::{InvokeBody, Request as Raw};
use tauri::{AppHandle, Emitter, Manager, Url};

/// Told to the page of the main window when there is a file for it.
const NAME: &str = "farwire-opened";
/// The most files that wait for the page; a person looks at one at a time.
const MAX_WAITING: usize = 16;

/// Files that wait for the page to ask for them.
#[derive(Debug, Default)]
pub struct Opened(Mutex<Files>);

#[derive(Debug, Default)]
struct Files {
    waiting: VecDeque<PathBuf>,
    /// How many there was no room for, until the page is told.
    left_out: usize,
}

/// What the page is told next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    File(PathBuf),
    /// So many were left out.
    LeftOut(usize),
}

impl Opened {
    /// Takes in the .rdp files of a command line.
    pub fn put(&self, arguments: impl IntoIterator<Item = OsString>, folder: Option<&Path>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for path in arguments.into_iter().map(PathBuf::from) {
            let is_ours = path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("rdp"));
            if !is_ours {
                continue;
            }
            if files.waiting.len() >= MAX_WAITING {
                files.left_out += 1;
                continue;
            }
            let whole = folder.map(|folder| folder.join(&path));
            files.waiting.push_back(whole.unwrap_or(path));
        }
    }

    fn take(&self) -> Option<Next> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = files.waiting.pop_front() {
            return Some(Next::File(path));
        }
        match std::mem::take(&mut files.left_out) {
            0 => None,
            count => Some(Next::LeftOut(count)),
        }
    }
}

/// The program was started once more: its files are for the window that is there, which comes forward.
pub fn started_again(app: &AppHandle, arguments: Vec<String>, folder: &str) {
    window::bring_forward(app, window::MAIN);
    let files = arguments.into_iter().skip(1).map(OsString::from);
    app.state::<Opened>().put(files, Some(Path::new(folder)));
    if let Err(error) = app.emit_to(window::MAIN, NAME, ()) {
        tracing::warn!(%error, "the page was not told of a file");
    }
}

/// What the next file would make, which the page asks for until there is none.
#[tauri::command]
pub async fn opened_file(app: AppHandle) -> Option<Answer> {
    let path = match app.state::<Opened>().take()? {
        Next::File(path) => path,
        Next::LeftOut(count) => {
            let message = format!(
                "{count} of the files, since only {MAX_WAITING} are taken at once; open them after the others"
            );
            return Some(Answer::error(413, message));
        }
    };
    let api = match ipc::api(&app) {
        Ok(api) => api,
        Err(answer) => return Some(answer),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.into_owned();
    let shown = path.display().to_string();
    let read = tauri::async_runtime::spawn_blocking(move || read(&path)).await;
    Some(match read {
        Ok(Ok(bytes)) => preview(&api, &name, bytes).await,
        Ok(Err(error)) => Answer::error(404, format!("could not read {shown}: {error}")),
        Err(error) => Answer::error(500, format!("could not read {shown}: {error}")),
    })
}

/// What a file would make that the page was given.
///
/// # Errors
/// There are no bytes: the page never asks so.
#[tauri::command]
pub async fn read_file(app: AppHandle, request: Raw<'_>) -> Result<Answer, Answer> {
    let api = ipc::api(&app)?;
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(Answer::error(400, "a file is bytes"));
    };
    let bytes = Bytes::copy_from_slice(bytes);
    let name = request.headers().get("file-name");
    let name = name.and_then(|name| name.to_str().ok()).unwrap_or_default();
    Ok(preview(&api, &decoded(name), bytes).await)
}

/// A name as addresses write them: headers are ASCII.
fn decoded(text: &str) -> String {
    let query = format!("name:?={text}");
    let pair = Url::parse(&query).ok().and_then(|url| {
        url.query_pairs()
            .next()
            .map(|(_, value)| value.into_owned())
    });
    pair.unwrap_or_default()
}

/// Reads at most one byte more than such a file may have, so that a longer one is refused.
fn read(path: &Path) -> std::io::Result<Bytes> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(Bytes::from(bytes))
}

async fn preview(api: &Arc<Api>, name: &str, bytes: Bytes) -> Answer {
    let Ok(mut address) = Url::parse("farwire:/import?format=rdp&preview=1") else {
        return Answer::error(500, "the address of imports is none");
    };
    if !name.is_empty() {
        address.query_pairs_mut().append_pair("name", name);
    }
    let path = format!("/import?{}", address.query().unwrap_or_default());
    let request = Request::of_window("PUT", &path, Bytes::new()).with_bytes(bytes);
    let response = api.handle(request).await;
    match response.body {
        Body::Json(text) => Answer::json(response.status, text),
        Body::Bytes { .. } | Body::Stream { .. } => Answer::error(406, "imports answer with JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_core::{Config, Core};

    #[test]
    fn only_files_are_taken_from_a_command_line() {
        let opened = Opened::default();
        let words = ["--help", "a.rdp", "vnc://host", "/b/c.RDP", "d"];
        opened.put(words.map(OsString::from), Some(Path::new("/home")));
        let file = |path: &str| Some(Next::File(PathBuf::from(path)));
        assert_eq!(opened.take(), file("/home/a.rdp"));
        assert_eq!(opened.take(), file("/b/c.RDP"));
        assert_eq!(opened.take(), None);
        let many = (0..100).map(|each| OsString::from(format!("{each}.rdp")));
        opened.put(many, None);
        for each in 0..MAX_WAITING {
            assert_eq!(opened.take(), file(&format!("{each}.rdp")));
        }
        assert_eq!(opened.take(), Some(Next::LeftOut(100 - MAX_WAITING)));
        assert_eq!(opened.take(), None, "it is told once");
    }

    #[tokio::test]
    async fn a_file_is_read_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let api = Api::new(Core::open(Config::at(folder.path())).await.unwrap());
        let path = folder.path().join("Büro & more.rdp");
        std::fs::write(&path, "full address:s:10.0.0.7\r\n").unwrap();
        let bytes = read(&path).unwrap();
        let answer = preview(&api, "Büro & more.rdp", bytes).await;
        let text = serde_json::to_string(&answer).unwrap();
        assert!(
            text.contains(r#""status":200"#) && text.contains(r#""name":"Büro & more""#),
            "{text}"
        );
        assert!(read(folder.path()).is_err(), "a folder is no file");
        let none = preview(&api, "", Bytes::from_static(b"nothing")).await;
        assert!(
            serde_json::to_string(&none)
                .unwrap()
                .contains(r#""status":400"#)
        );
    }

    #[test]
    fn names_come_as_addresses_write_them() {
        assert_eq!(decoded("B%C3%BCro%20%26.rdp"), "Büro &.rdp");
    }
}
