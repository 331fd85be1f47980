//! Web pages, opened in the person's own browser.

use crate::session_windows::on_main_thread;
use tauri::AppHandle;

/// Opens a web page; answers whether that began. The page asked the person before.
#[tauri::command]
pub async fn open_link(app: AppHandle, address: String) -> bool {
    // Other schemes start other programs with what a remote machine wrote.
    if !is_web_page(&address) {
        return false;
    }
    let opened = on_main_thread(&app, move |_| {
        gtk::show_uri_on_window(None::<&gtk::Window>, &address, gtk::current_event_time())
    });
    match opened.await {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            tracing::warn!(%error, "a page could not be opened");
            false
        }
        None => false,
    }
}

fn is_web_page(address: &str) -> bool {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    is_web && !address.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_opened() {
        for address in ["https://example.org/?q=1", "http://[::1]:80/"] {
            assert!(is_web_page(address), "{address}");
        }
        for address in [
            "file:///etc/passwd",
            "ssh://host",
            "javascript:alert(1)",
            "https://example.org/ --flag",
            "http://a\nb",
            "",
        ] {
            assert!(!is_web_page(address), "{address}");
        }
    }
}
