//! The window itself.

use crate::page;
use farwire_model::settings::Theme;
use gtk::prelude::{StyleContextExt, WidgetExt};
use std::path::PathBuf;
use tauri::webview::{Color, DownloadEvent};
use tauri::{AppHandle, Manager, Url, Webview, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The window's name in the configuration and in the page's rights.
const MAIN: &str = "main";

/// Makes the window and has the page loaded, but does not show it yet.
///
/// # Errors
/// The web view cannot be made.
pub fn build(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let config = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN);
    let mut config = config.cloned().ok_or(tauri::Error::WindowNotFound)?;
    if let Some(uid) = std::env::var("FARWIRE_OPEN")
        .ok()
        .filter(|uid| is_identifier(uid))
    {
        config.url = WebviewUrl::App(format!("index.html#open={uid}").into());
    }
    let window = WebviewWindowBuilder::from_config(app, &config)?
        // For sharing the clipboard with a remote machine. The web view holds no page but ours.
        .enable_clipboard_access()
        .on_navigation(|address| is_our_page(address) || is_made_by_our_page(address))
        .on_download(save)
        .build()?;
    page::revive(&window)?;
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
    if let Err(error) = window.set_background_color(Some(paper)) {
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

/// Brings the window in front of the others.
pub fn bring_forward(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let shown = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "could not bring the window forward");
    }
}

/// Whether a text may be an identifier, and so may stand in an address as it is.
fn is_identifier(text: &str) -> bool {
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
