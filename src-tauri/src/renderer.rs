//! How pages are drawn on machines without a graphics device.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// WebKit draws into shared memory when this is set, and through the graphics device when it is not.
const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Starts the program over with the renderer that fits the machine; returns when there is nothing to change.
///
/// Without a graphics device WebKit emulates one: measured, that costs 90 MiB and a third of the frame rate. The switch must
/// be in the environment before the first thread is, hence the new program in the same process. It is set then, so this
/// happens once.
pub fn choose() {
    if env::var_os(SWITCH).is_some() || has_graphics_device(Path::new("/dev/dri")) {
        return;
    }
    let error = match env::current_exe() {
        Ok(program) => {
            let mut arguments = env::args_os();
            let name = arguments
                .next()
                .unwrap_or_else(|| program.clone().into_os_string());
            Command::new(program)
                .arg0(name)
                .args(arguments)
                .env(SWITCH, "1")
                .exec()
        }
        Err(error) => error,
    };
    tracing::warn!(%error, "could not choose the lighter renderer");
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
