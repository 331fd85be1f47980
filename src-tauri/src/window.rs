//! The window itself.

use tauri::{AppHandle, Manager, Url, WebviewWindow, WebviewWindowBuilder};

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
    let config = config.cloned().ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(app, &config)?
        .on_navigation(is_our_page)
        .build()
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

/// Whether the web view may go to an address. The page's rights are for what is inside the program, nothing else.
fn is_our_page(address: &Url) -> bool {
    address.scheme() == "tauri" && address.host_str() == Some("localhost")
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
        ];
        for (address, expected) in cases {
            assert_eq!(
                is_our_page(&address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
}
