//! The page's own process: what happens when it ends before the window does.

use crate::{full_screen, native};
use std::cell::Cell;
use std::time::{Duration, Instant};
use tauri::WebviewWindow;
use webkit2gtk::{WebProcessTerminationReason, WebViewExt};

/// A page that ends again so soon would end for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// Loads the page anew when its process ends, such as when the system took its memory. Sessions go on meanwhile: they live
/// in this process, and the new page finds them.
///
/// # Errors
/// The web view is gone.
pub fn revive(window: &WebviewWindow) -> tauri::Result<()> {
    let own = window.clone();
    window.with_webview(move |view| {
        let last = Cell::new(None::<Instant>);
        view.inner()
            .connect_web_process_terminated(move |view, reason| {
                // We ended it ourselves.
                if reason == WebProcessTerminationReason::TerminatedByApi {
                    return;
                }
                let is_soon = last
                    .replace(Some(Instant::now()))
                    .is_some_and(|before| before.elapsed() < PATIENCE);
                full_screen::want(&own, false);
                // Nobody takes its pictures away any more, nor says where they lie.
                native::clear(own.label());
                tracing::error!(?reason, is_soon, "the page's process ended");
                if !is_soon {
                    view.reload();
                }
            });
    })
}
