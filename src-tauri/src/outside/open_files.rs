//! The files that are open outside, and what the page can ask for.

use super::copy::FileCopy;
use super::keeper::{Around, Keeper, Over, State, Wish, said};
use crate::ipc;
use crate::session_windows::on_main_thread;
use farwire_core::Core;
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::session::SessionState;
use farwire_model::transfer::{Files, RemotePath};
use gtk::gio;
use gtk::gio::prelude::FileExt;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, Permissions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, io};
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All files that are open, to every page.
const NAME: &str = "farwire-outside";

/// Files that are open at once; each is looked at every second.
const MAX_OPEN: usize = 32;

/// Wishes that wait for one file: a person's clicks. What is more is dropped, and can be clicked again.
const MAX_WISHES: usize = 4;

/// The folder of all private copies, in that of the running sessions of the system.
const FOLDER: &str = "farwire-open";

/// A file that is open, as the page reads it.
#[derive(Clone, Debug, Serialize)]
pub struct OpenFile {
    id: u32,
    connection_uid: ConnectionId,
    name: String,
    /// Where it is on its machine, for people.
    path: String,
    state: State,
    /// When it was last saved there, in seconds since 1970.
    saved: Option<u64>,
    /// What went wrong, and what is to be decided.
    problem: Option<String>,
}

#[derive(Debug)]
struct Entry {
    shown: OpenFile,
    wishes: mpsc::Sender<Wish>,
}

/// The files that are open.
#[derive(Debug, Default)]
pub struct OpenFiles {
    all: Mutex<BTreeMap<u32, Entry>>,
    last: AtomicU32,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl OpenFiles {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u32, Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> Vec<OpenFile> {
        self.all()
            .values()
            .map(|entry| entry.shown.clone())
            .collect()
    }

    /// Brings back what was saved, and removes the copies. Cancel safe: what is not done then stays where it is.
    pub async fn close(&self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Every file that is open.
#[tauri::command]
pub fn open_files(app: AppHandle) -> Vec<OpenFile> {
    app.state::<OpenFiles>().shown()
}

/// What a page wishes of a file.
#[tauri::command]
pub fn wish_of_file(app: AppHandle, id: u32, wish: PageWish) {
    let files = app.state::<OpenFiles>();
    if let Some(entry) = files.all().get(&id) {
        // What does not fit was clicked before.
        let _ = entry.wishes.try_send(match wish {
            PageWish::Overwrite => Wish::Overwrite,
            PageWish::Retry => Wish::Retry,
            PageWish::Close => Wish::Close,
            PageWish::Discard => Wish::Discard,
        });
    }
}

/// As [`Wish`].
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageWish {
    /// Bring it back over what is there.
    Overwrite,
    /// Try again, and ask where it was changed.
    Retry,
    /// End, with what was saved.
    Close,
    /// End without.
    Discard,
}

/// Opens a machine's file in whatever the desktop opens such files with. What went wrong, as a sentence; nothing when it is open.
#[tauri::command]
pub async fn open_outside(app: AppHandle, session: String, path: String) -> Option<String> {
    open(&app, &SessionId::new(session), &path).await.err()
}

async fn open(app: &AppHandle, session: &SessionId, path: &str) -> Result<(), String> {
    let api = ipc::api(app).map_err(|_| "the program is still starting".to_owned())?;
    let core = Arc::clone(api.core());
    let remote = RemotePath::parse(path).map_err(|error| error.to_string())?;
    let live = core.session(session).map_err(|error| error.to_string())?;
    let files = live.files().ok_or("the machine is not connected")?;
    let opened = app.state::<OpenFiles>();
    if opened.all().len() >= MAX_OPEN {
        return Err(format!(
            "{MAX_OPEN} files are open in programs: close some first"
        ));
    }
    let id = opened.last.fetch_add(1, Ordering::Relaxed) + 1;
    let folder = folder_of(session)
        .map_err(|error| format!("could not make a private folder for {remote}: {error}"))?;
    let copy = async {
        let fetching = FileCopy::fetch(&*files, remote.clone(), folder.join(id.to_string()));
        let copy = fetching.await.map_err(|error| said(&error))?;
        let refused = match starts_a_program(copy.file()) {
            true => Some(format!("{remote} would start a program, not open in one")),
            false => show(app, copy.file())
                .await
                .err()
                .map(|error| format!("no program of this desktop opened {remote}: {error}")),
        };
        match refused {
            Some(why) => {
                copy.remove();
                Err(why)
            }
            None => Ok(copy),
        }
    };
    let copy = copy.await.inspect_err(|_| {
        // Others may be there.
        let _ = fs::remove_dir(&folder);
    })?;
    let name = remote.name().unwrap_or_default();
    let shown = OpenFile {
        id,
        connection_uid: live.view().connection_uid,
        name: String::from_utf8_lossy(name).into_owned(),
        path: remote.to_string(),
        state: State::Open,
        saved: None,
        problem: None,
    };
    let (wishes, heard) = mpsc::channel(MAX_WISHES);
    opened.all().insert(id, Entry { shown, wishes });
    let place = Place {
        app: app.clone(),
        core,
        session: session.clone(),
        id,
    };
    place.tell_pages();
    let (app, cancel) = (app.clone(), opened.cancel.clone());
    opened.tasks.spawn(async move {
        Keeper::new(copy, place).run(heard, cancel).await;
        app.state::<OpenFiles>().all().remove(&id);
        // Once the last one is gone; others may be there.
        let _ = fs::remove_dir(&folder);
        tell_pages(&app);
    });
    Ok(())
}

/// What surrounds one file.
struct Place {
    app: AppHandle,
    core: Arc<Core>,
    session: SessionId,
    id: u32,
}

impl Place {
    fn change(&self, change: impl FnOnce(&mut OpenFile)) {
        let opened = self.app.state::<OpenFiles>();
        if let Some(entry) = opened.all().get_mut(&self.id) {
            change(&mut entry.shown);
        }
    }

    fn tell_pages(&self) {
        tell_pages(&self.app);
    }
}

impl Around for Place {
    fn files(&self) -> Result<Option<Arc<dyn Files>>, Over> {
        let session = self.core.session(&self.session).map_err(|_| Over)?;
        match session.view().state {
            SessionState::Closed | SessionState::Failed => Err(Over),
            SessionState::Connecting | SessionState::Connected | SessionState::Reconnecting => {
                Ok(session.files())
            }
        }
    }

    fn tell(&self, state: State, problem: Option<String>) {
        self.change(|shown| (shown.state, shown.problem) = (state, problem));
        self.tell_pages();
    }

    fn saved(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.map_or(0, |since| since.as_secs());
        self.change(|shown| shown.saved = Some(seconds));
    }
}

fn tell_pages(app: &AppHandle) {
    if let Err(error) = app.emit(NAME, app.state::<OpenFiles>().shown()) {
        tracing::debug!(%error, "the page was not told of the files that are open");
    }
}

/// Makes the folder of a session's copies, for its owner alone: where what runs is kept, which goes when the person signs out, else
/// in the cache.
fn folder_of(session: &SessionId) -> io::Result<PathBuf> {
    let running = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let base = running.filter(|folder| folder.is_absolute() && folder.is_dir());
    let all = base.unwrap_or_else(gtk::glib::user_cache_dir).join(FOLDER);
    let folder = all.join(session.as_str());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    fs::set_permissions(&all, Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// What desktops start or install when it is opened, as shared-mime-info calls it.
const STARTERS: [&str; 12] = [
    "application/x-desktop",
    "application/x-executable",
    "application/x-sharedlib",
    "application/vnd.appimage",
    "application/vnd.microsoft.portable-executable",
    "application/x-msi",
    "application/x-ms-shortcut",
    "application/java-archive",
    "application/vnd.flatpak",
    "application/vnd.flatpak.ref",
    "application/vnd.debian.binary-package",
    "application/x-rpm",
];
/// What tells kinds of files apart lies within so many bytes.
const HEAD_BYTES: u64 = 4096;

/// Whether a desktop would start or install a file, by its name or by what is in it. What cannot be read is not opened either.
fn starts_a_program(file: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(file).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let is_starter = |kind: &str| {
        let mut starters = STARTERS.iter();
        starters.any(|starter| gio::content_type_is_a(kind, starter))
    };
    let by_name = gio::content_type_guess(name.clone(), &[]).0;
    let by_content = gio::content_type_guess(None::<String>, &head).0;
    let by_both = gio::content_type_guess(name, &head).0;
    read.is_err()
        || [by_name, by_content, by_both]
            .iter()
            .any(|kind| is_starter(kind))
}

async fn show(app: &AppHandle, file: &Path) -> Result<(), String> {
    let address = gio::File::for_path(file).uri();
    let shown = on_main_thread(app, move |_| {
        gtk::show_uri_on_window(None::<&gtk::Window>, &address, gtk::current_event_time())
    });
    match shown.await {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the program is ending".to_owned()),
    }
}
