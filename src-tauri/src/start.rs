//! From nothing to a window, and to the end of the program.

use crate::about::{self, About};
use crate::full_screen::{self, FullScreen};
use crate::native::graphics::{self, Graphics, Settled};
use crate::opened::{self, Opened};
use crate::outside::{OpenFiles, open_files};
use crate::passwords::{self, OnClipboard};
use crate::places::Places;
use crate::renderer::{self, Drawing};
use crate::session_windows::{self, SessionWindows};
use crate::{clipboard, drag, events, ipc, links, menu, native, notify, window};
use farwire_api::Api;
use farwire_api::listener::Listener;
use farwire_core::error::CoreError;
use farwire_core::memory_dump::forbid_memory_dumps;
use farwire_core::store::StoreError;
use farwire_core::{Config, Core};
use farwire_model::event::EventKind;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};
use tauri::async_runtime::{block_on, spawn};
use tauri::{AppHandle, Emitter, Manager, RunEvent, WindowEvent};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long sessions and listeners may take to end. The window is gone by then; the store has saved everything it acknowledged.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// How long is waited for the system's key store. It may be asking the person; its later answer counts too.
const KEYRING_LIMIT: Duration = Duration::from_secs(120);

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment names no display, or it does not answer.
    #[error("could not open a display")]
    NoDisplay {
        /// What the toolkit said.
        source: gtk::glib::BoolError,
    },
    /// The data folder belongs to another running program.
    #[error("the saved machines are open in another program")]
    InUse {
        /// What the store said.
        source: StoreError,
    },
    /// The saved things cannot be opened.
    #[error("could not open the saved machines")]
    Core {
        /// Why.
        source: Box<CoreError>,
    },
    /// The window cannot be made.
    #[error("could not make the window")]
    Window {
        /// Why.
        #[from]
        source: tauri::Error,
    },
}

impl StartError {
    /// What the program ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoDisplay { .. } => 2,
            Self::InUse { .. } => 3,
            Self::Core { .. } | Self::Window { .. } => 1,
        }
    }

    /// What a person can do, as whole sentences.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoDisplay { .. } => {
                "On a machine without one, run farwired and use the browser page."
            }
            Self::InUse { .. } => {
                "Close that program, or the farwired that runs in the background, and start again."
            }
            Self::Core { .. } => "Nothing was changed or deleted.",
            Self::Window { .. } => "Is WebKitGTK installed and up to date?",
        }
    }
}

/// Starts everything and stays until the window is closed or the system asks the program to end.
///
/// Where the program runs already, brings that one's window forward and ends this process at once.
///
/// # Errors
/// There is no display, the data folder is taken or unreadable, or the window cannot be made.
pub fn start(drawing: &Drawing) -> Result<ExitCode, StartError> {
    if let Err(error) = forbid_memory_dumps() {
        tracing::warn!(%error, "a crash may leave a memory dump");
    }
    // Tauri would panic without a display.
    gtk::init().map_err(|source| StartError::NoDisplay { source })?;
    let own_folder = env::var_os("FARWIRE_DATA_DIR").map(PathBuf::from);
    let mut builder = tauri::Builder::default()
        .manage(SessionWindows::default())
        .manage(FullScreen::default())
        .manage(OnClipboard::default())
        .manage(Opened::default())
        .manage(OpenFiles::default())
        .manage(Settled::new(Graphics::of(drawing, graphics::is_x11())))
        .invoke_handler(tauri::generate_handler![
            ipc::request,
            ipc::request_bytes,
            ipc::files_here,
            clipboard::read_clipboard,
            clipboard::write_clipboard,
            passwords::copy_password,
            passwords::clear_password,
            passwords::keep_password,
            open_files::open_files,
            open_files::open_outside,
            open_files::wish_of_file,
            drag::can_drag_out,
            drag::drag_out,
            about::about,
            links::open_link,
            opened::opened_file,
            opened::read_file,
            menu::show_menu,
            menu::quit,
            session_windows::open_session_window,
            session_windows::session_windows,
            session_windows::shows_session,
            session_windows::ask_main,
            session_windows::leave_session_window,
            full_screen::full_screen,
            full_screen::want_all_keys,
            window::still_caret,
            native::graphics,
            native::try_page,
            native::place_pictures,
        ]);
    if own_folder.is_none() {
        let second = |app: &AppHandle, arguments, folder: String| {
            opened::started_again(app, arguments, &folder);
        };
        builder = builder.plugin(tauri_plugin_single_instance::init(second));
    }
    let app = builder.build(tauri::generate_context!())?;
    let handle = app.handle().clone();
    let folder = env::current_dir().ok();
    let files = env::args_os().skip(1);
    app.state::<Opened>().put(files, folder.as_deref());
    let is_chosen = own_folder.is_some();
    let data_dir = match own_folder {
        Some(folder) => folder,
        None => app.path().app_data_dir()?,
    };
    // Before the web view puts its own files there. What keeps it from being so is told by what opens the store.
    if let Err(error) = make_private(&data_dir, is_chosen) {
        tracing::warn!(%error, "the data folder is not private");
    }
    app.manage(Places::read(&data_dir));
    app.manage(About::new(data_dir.clone(), drawing.renderer));
    // The store is read while the web view starts. The page's first request comes after both: the loop below carries it.
    let opening = spawn(Core::open(Config::at(data_dir.clone())));
    let window = window::build(&handle)?;
    let core = block_on(opening)?.map_err(cannot_open)?;
    let api = Api::new(Arc::clone(&core));
    app.manage(Arc::clone(&api));
    remember_graphics(&data_dir, &core);
    let background = block_on(Background::start(&handle, &api, data_dir));
    window::set_paper(&window, core.settings().appearance.theme);
    window.show()?;
    let code = app.run_return(|app, event| {
        if let RunEvent::WindowEvent {
            label,
            event: WindowEvent::Destroyed,
            ..
        } = event
        {
            session_windows::closed(app, &label);
            native::forget(&label);
        }
    });
    block_on(async {
        // While their machines are connected.
        let files = handle.state::<OpenFiles>();
        let saved = tokio::time::timeout(CLOSE_LIMIT, files.close()).await;
        let closed = tokio::time::timeout(CLOSE_LIMIT, background.close(&api)).await;
        if saved.is_err() || closed.is_err() {
            tracing::warn!("something did not end in time");
        }
    });
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Makes a folder that only its owner may look into. One that is there already becomes so unless a person chose it, who may have
/// other things in it.
fn make_private(dir: &Path, is_chosen: bool) -> io::Result<()> {
    const OWNER: u32 = 0o700;
    DirBuilder::new().recursive(true).mode(OWNER).create(dir)?;
    match is_chosen {
        true => Ok(()),
        false => fs::set_permissions(dir, Permissions::from_mode(OWNER)),
    }
}

/// Leaves what is chosen in the settings for the next start.
fn remember_graphics(data_dir: &Path, core: &Core) {
    if let Err(error) = renderer::remember(data_dir, core.settings().appearance.graphics) {
        tracing::warn!(%error, "the choice of graphics is not known at the next start");
    }
}

fn cannot_open(error: CoreError) -> StartError {
    match error {
        CoreError::Store {
            source: source @ StoreError::Locked { .. },
        } => StartError::InUse { source },
        error => StartError::Core {
            source: Box::new(error),
        },
    }
}

/// What runs beside the window, and ends with it.
struct Background {
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Background {
    async fn start(app: &AppHandle, api: &Arc<Api>, data_dir: PathBuf) -> Self {
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        if let Some(notice) = api.core().notice() {
            tracing::warn!(notice, "opened the store");
        }
        let page = app.clone();
        tasks.spawn(events::forward(
            api.core().subscribe(),
            cancel.clone(),
            move |event| {
                if let Err(error) = page.emit(events::NAME, event) {
                    tracing::debug!(%error, "the page did not take an event");
                }
            },
        ));
        let core = Arc::clone(api.core());
        tasks.spawn(events::forward(
            core.subscribe(),
            cancel.clone(),
            move |event| {
                if matches!(event.kind, EventKind::Settings | EventKind::Resync) {
                    remember_graphics(&data_dir, &core);
                }
            },
        ));
        let core = Arc::clone(api.core());
        tasks.spawn(notify::tell(app.clone(), core, cancel.clone()));
        let (file, places) = app.state::<Places>().reader();
        tasks.spawn(Places::write(file, places, cancel.clone()));
        tasks.spawn(end_on_signal(app.clone(), cancel.clone()));
        tasks.spawn(unlock(Arc::clone(api.core()), cancel.clone()));
        Listener::start(api).await;
        Self { cancel, tasks }
    }

    async fn close(&self, api: &Arc<Api>) {
        self.cancel.cancel();
        self.tasks.close();
        api.close().await;
        self.tasks.wait().await;
    }
}

/// Unlocks the vault if the system's key store lets us; the window says when it is locked.
async fn unlock(core: Arc<Core>, cancel: CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        unlocked = core.vault().unlock_with_keyring(KEYRING_LIMIT) => match unlocked {
            Ok(()) => tracing::debug!("the vault is unlocked"),
            Err(error) => tracing::info!(%error, "the vault stays locked"),
        }
    }
}

/// Ends the program when the system or a terminal asks for it.
async fn end_on_signal(app: AppHandle, cancel: CancellationToken) {
    let signals = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals else {
        tracing::warn!("the system's wish to end will not be heard");
        return;
    };
    tokio::select! {
        () = cancel.cancelled() => {}
        _ = terminate.recv() => app.exit(0),
        _ = interrupt.recv() => app.exit(0),
        _ = hangup.recv() => app.exit(0),
    }
}
