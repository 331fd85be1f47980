//! The windows themselves.

use crate::native::graphics::{Settled, Way};
use crate::{drag, full_screen, native, page, places, session_windows};
use farwire_api::Api;
use farwire_model::settings::Theme;
use gdkx11::X11Window;
use gtk::prelude::{Cast, GtkSettingsExt, GtkWindowExt, StyleContextExt, WidgetExt};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::utils::config::WindowConfig;
use tauri::webview::{Color, DownloadEvent};
use tauri::{AppHandle, Manager, Url, Webview, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The main window's name in the configuration and in the page's rights.
pub const MAIN: &str = "main";

/// A caret that blinks once an hour. Without blinking at all, WebKit draws it anew in each tick of its frame clock.
const STILL_BLINK_MS: i32 = 3_600_000;

/// Makes the main window and has the page loaded, but does not show it yet.
///
/// # Errors
/// The web view cannot be made.
pub fn build(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let mut config = config(app)?;
    if let Some(uid) = std::env::var("FARWIRE_OPEN")
        .ok()
        .filter(|uid| is_identifier(uid))
    {
        config.url = WebviewUrl::App(format!("index.html#open={uid}").into());
    }
    let window = make(app, &config)?;
    places::keep(&window, MAIN)?;
    Ok(window)
}

/// Opens a window of its own for a session: where its machine's was last time, else as large as the main one, so that the
/// remote desktop need not change.
///
/// # Errors
/// The web view cannot be made.
pub fn open_for_session(app: &AppHandle, label: &str, session: &str) -> tauri::Result<()> {
    let mut config = config(app)?;
    label.clone_into(&mut config.label);
    config.url = WebviewUrl::App(format!("index.html#session={session}").into());
    if let Some(main) = app.get_webview_window(MAIN) {
        let size = main.inner_size()?.to_logical(main.scale_factor()?);
        (config.width, config.height) = (size.width, size.height);
    }
    let window = make(app, &config)?;
    let core = Arc::clone(app.state::<Arc<Api>>().core());
    let mut sessions = core.sessions().into_iter();
    if let Some(view) = sessions.find(|one| one.session_id.as_str() == session) {
        let machine = view.connection_uid;
        places::keep(&window, &format!("{}{machine}", session_windows::PREFIX))?;
    }
    set_paper(&window, core.settings().appearance.theme);
    window.show()
}

fn config(app: &AppHandle) -> tauri::Result<WindowConfig> {
    let mut windows = app.config().app.windows.iter();
    let config = windows.find(|window| window.label == MAIN);
    config.cloned().ok_or(tauri::Error::WindowNotFound)
}

/// Makes a window whose page leaves for nothing and saves only what it made itself.
fn make(app: &AppHandle, config: &WindowConfig) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::from_config(app, config)?
        // For sharing the clipboard with a remote machine. The web view holds no page but ours.
        .enable_clipboard_access()
        .on_navigation(|address| is_our_page(address) || is_made_by_our_page(address))
        .on_download(save)
        .on_document_title_changed(|window, title| {
            if let Err(error) = window.set_title(&title) {
                tracing::debug!(%error, "the window keeps its title");
            }
        })
        .build()?;
    page::revive(&window)?;
    full_screen::watch(&window)?;
    drag::watch(&window)?;
    native::install(&window)?;
    Ok(window)
}

/// Gives the window the colour of the page's edges, for the moment before the page is drawn.
pub fn set_paper(window: &WebviewWindow, chosen: Theme) {
    let is_dark = match chosen {
        Theme::Dark => true,
        Theme::Light => false,
        Theme::System => is_system_dark(window),
    };
    // `--bg-chrome` of the page's tokens.
    let paper = if is_dark {
        Color(0x15, 0x18, 0x1a, 0xff)
    } else {
        Color(0xef, 0xf1, 0xf2, 0xff)
    };
    let coloured = window.set_background_color(Some(paper)).and_then(|()| {
        let is_seen_through = window.state::<Settled>().get().way == Way::Under;
        let clear = Some(Color(0, 0, 0, 0)).filter(|_| is_seen_through);
        clear.map_or(Ok(()), |clear| {
            let page: &Webview = window.as_ref();
            page.set_background_color(Some(clear))
        })
    });
    if let Err(error) = coloured {
        tracing::debug!(%error, "the window keeps its colour");
    }
}

/// Whether windows of this desktop are dark. There are several ways to say so; what the toolkit makes of them is the answer.
fn is_system_dark(window: &WebviewWindow) -> bool {
    let colour = window
        .gtk_window()
        .ok()
        .and_then(|window| window.style_context().lookup_color("theme_bg_color"));
    colour.is_some_and(|colour| colour.red() + colour.green() + colour.blue() < 1.5)
}

/// Brings a window in front of the others.
pub fn bring_forward(app: &AppHandle, label: &str) {
    let Some(window) = app.get_webview_window(label) else {
        return;
    };
    let own = window.clone();
    let shown = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| app.run_on_main_thread(move || present(&own)));
    if let Err(error) = shown {
        tracing::warn!(%error, "could not bring the window forward");
    }
}

/// Asks the desktop for the window, to where the person is: window managers of X11 change desktops for no program, and a
/// request without a time does not count as a person's.
fn present(window: &WebviewWindow) {
    let Ok(frame) = window.gtk_window() else {
        return;
    };
    let surface = frame.window();
    match surface.and_then(|surface| surface.downcast::<X11Window>().ok()) {
        Some(surface) => {
            surface.move_to_current_desktop();
            frame.present_with_time(gdkx11::functions::x11_get_server_time(&surface));
        }
        None => frame.present(),
    }
}

/// Keeps carets from blinking, or lets them again as the desktop says. That of a remote screen cannot be seen, but the page's
/// frame clock runs for it: measured, 36 wake-ups a second of a session at rest.
#[tauri::command]
pub async fn still_caret(app: AppHandle, is_still: bool) {
    session_windows::on_main_thread(&app, move |_| {
        let Some(settings) = gtk::Settings::default() else {
            return;
        };
        if is_still {
            settings.set_gtk_cursor_blink_time(STILL_BLINK_MS);
        } else {
            settings.reset_property("gtk-cursor-blink-time");
        }
    })
    .await;
}

/// Whether a text may be an identifier, and so may stand in an address as it is.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the web view may go to an address. The page's rights are for what is inside the program, nothing else.
fn is_our_page(address: &Url) -> bool {
    address.scheme() == "tauri" && address.host_str() == Some("localhost")
}

/// Whether an address names bytes that the page holds, such as a screenshot that is to be saved.
fn is_made_by_our_page(address: &Url) -> bool {
    address.scheme() == "blob" && Url::parse(address.path()).is_ok_and(|inner| is_our_page(&inner))
}

/// Saves what the page offers among the person's downloads.
fn save(webview: Webview, event: DownloadEvent<'_>) -> bool {
    match event {
        DownloadEvent::Requested { url, destination } => {
            // The suggestion falls back to the working directory, which is nobody's idea of a place for files.
            if webview.path().download_dir().is_err()
                && let (Ok(home), Some(name)) = (
                    webview.path().home_dir(),
                    destination.file_name().map(PathBuf::from),
                )
            {
                *destination = home.join(name);
            }
            is_made_by_our_page(&url)
        }
        DownloadEvent::Finished { success, .. } => {
            if !success {
                tracing::warn!("a file could not be saved");
            }
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_view_leaves_the_page_for_nothing() {
        let cases = [
            ("tauri://localhost/index.html#settings", true),
            ("tauri://elsewhere/", false),
            ("https://localhost/", false),
            ("http://127.0.0.1:3279/ui/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,x", false),
            ("blob:tauri://localhost/8ad0", false),
        ];
        for (address, expected) in cases {
            assert_eq!(
                is_our_page(&address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn only_bytes_of_the_page_are_saved() {
        let cases = [
            ("blob:tauri://localhost/8ad0", true),
            ("blob:https://elsewhere/8ad0", false),
            ("tauri://localhost/index.html", false),
            ("https://elsewhere/file", false),
        ];
        for (address, expected) in cases {
            assert_eq!(
                is_made_by_our_page(&address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
}
