//! How pages are drawn on machines without a graphics device.

use std::env;
use std::path::Path;

/// WebKit draws into shared memory when this is set, and through the graphics device when it is not.
const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Chooses the renderer that fits the machine, unless the person has chosen.
///
/// Without a graphics device WebKit emulates one: measured, that costs 90 MiB and a third of the frame rate. WebKit reads the
/// switch from the environment, which may only change while the program has a single thread: call this before anything else.
pub fn choose() {
    if env::var_os(SWITCH).is_some() || has_graphics_device(Path::new("/dev/dri")) {
        return;
    }
    // Starting over with another environment would do too, but loads WebKit's libraries twice: a tenth of the way to the window.
    if let Err(error) = gtk::glib::setenv(SWITCH, "1", false) {
        eprintln!("farwire: could not choose the lighter renderer: {error}");
    }
}

fn has_graphics_device(devices: &Path) -> bool {
    let Ok(entries) = devices.read_dir() else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_render_node_is_a_graphics_device() {
        let devices = tempfile::tempdir().unwrap();
        assert!(!has_graphics_device(&devices.path().join("missing")));
        std::fs::write(devices.path().join("card0"), "").unwrap();
        assert!(!has_graphics_device(devices.path()));
        std::fs::write(devices.path().join("renderD128"), "").unwrap();
        assert!(has_graphics_device(devices.path()));
    }
}
