//! What the program knows of itself and of where it runs, for whoever reports a fault.

use crate::renderer::Renderer;
use serde::Serialize;
use std::env;
use std::path::PathBuf;
use tauri::{AppHandle, Manager};

/// Where it runs.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Where everything saved is.
    pub data_folder: PathBuf,
    /// How pages are drawn.
    pub renderer: Renderer,
    /// WebKitGTK's version.
    pub webkit: String,
    /// The desktop and how windows get to the screen, as far as the environment says.
    pub desktop: String,
    /// The operating system and its processor.
    pub system: String,
}

impl About {
    /// Asks the machine.
    pub fn new(data_folder: PathBuf, renderer: Renderer) -> Self {
        Self {
            data_folder,
            renderer,
            webkit: tauri::webview_version().unwrap_or_default(),
            desktop: said(
                ["XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"].map(|name| env::var(name).ok()),
            ),
            system: format!("{} {}", system_name(), env::consts::ARCH),
        }
    }
}

/// Answers the page.
#[tauri::command]
pub fn about(app: AppHandle) -> Option<About> {
    app.try_state::<About>().map(|about| about.inner().clone())
}

fn said(words: [Option<String>; 2]) -> String {
    let words: Vec<_> = words
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect();
    words.join(", ")
}

fn system_name() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    name_in(&text).unwrap_or_else(|| env::consts::OS.to_owned())
}

/// The name a distribution gives itself (`os-release(5)`).
fn name_in(os_release: &str) -> Option<String> {
    let mut lines = os_release.lines();
    let name = lines.find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_names_itself() {
        let debian = "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n";
        for (text, expected) in [
            (debian, Some("Debian GNU/Linux 12 (bookworm)")),
            ("PRETTY_NAME=Alpine\n", Some("Alpine")),
            ("PRETTY_NAME=\"\"\n", None),
            ("", None),
        ] {
            assert_eq!(name_in(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_nobody_says_is_left_out() {
        let [gnome, x11] = ["GNOME", "x11"].map(|word| Some(word.to_owned()));
        assert_eq!(said([gnome, x11.clone()]), "GNOME, x11");
        assert_eq!(said([Some(String::new()), x11]), "x11");
    }
}
