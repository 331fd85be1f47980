//! How pages are drawn: through the graphics device, or in memory on machines without one and where safe graphics were chosen.

use farwire_model::settings::GraphicsChoice;
use khronos_egl as egl;
use serde::Serialize;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// WebKit draws into shared memory when this is set, and through the graphics device when it is not.
const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Descriptions of the libraries that EGL may use, instead of the system's.
const LIBRARIES: &str = "__EGL_VENDOR_LIBRARY_FILENAMES";
const NO_LIBRARY: &str = "/nonexistent";

/// Keeps the toolkit from asking the graphics libraries which kinds of windows they can draw into.
const TOOLKIT_SWITCH: (&str, &str) = ("GDK_GL", "disable");

/// The file in the data folder that says what was chosen. WebKit has to be told before the saved things are read.
const CHOSEN: &str = "graphics";

/// How pages are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Renderer {
    /// By the graphics device.
    Device,
    /// Into memory, since there is no graphics device.
    NoDevice,
    /// Into memory, because the person said so.
    ChosenMemory,
    /// As WebKit likes, because the person said so.
    ChosenDevice,
    /// Into memory and by the page alone, because safe graphics were chosen.
    Safe,
}

/// How this run of the program draws pages, and what that was chosen from.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// How.
    pub renderer: Renderer,
    /// What was chosen in the settings.
    pub choice: GraphicsChoice,
    /// The graphics device's name in `/dev/dri`, where there is one that the person may use.
    pub render_node: Option<String>,
}

/// Chooses the renderer that fits the machine, unless the person has chosen.
///
/// Without a graphics device WebKit emulates one: measured, that costs 90 MiB and a third of the frame rate. WebKit reads the
/// switch from the environment, which may only change while the program has a single thread: call this before anything else.
pub fn choose() -> Drawing {
    let choice = data_dir().map_or(GraphicsChoice::Auto, |dir| chosen(&dir));
    let render_node = render_node(Path::new("/dev/dri"));
    Drawing {
        renderer: renderer_for(choice, render_node.is_some()),
        choice,
        render_node,
    }
}

fn renderer_for(choice: GraphicsChoice, has_device: bool) -> Renderer {
    let is_safe = choice == GraphicsChoice::Safe;
    if let Some(chosen) = env::var_os(SWITCH) {
        return if is_safe {
            Renderer::Safe
        } else {
            as_chosen(&chosen)
        };
    }
    if !is_safe && has_device {
        return Renderer::Device;
    }
    // Starting over with another environment would do too, but loads WebKit's libraries twice: a tenth of the way to the window.
    if let Err(error) = gtk::glib::setenv(SWITCH, "1", false) {
        eprintln!("farwire: could not choose the lighter renderer: {error}");
        return Renderer::Device;
    }
    keep_libraries_out();
    if is_safe {
        Renderer::Safe
    } else {
        Renderer::NoDevice
    }
}

/// Keeps the emulated graphics device out of this process, which draws nothing with it.
///
/// The first program of the toolkit on a display asks GLX which kinds of windows it can draw into, which loads the emulation too:
/// measured, 23 MiB and a tenth of a second.
///
/// WebKit looks for devices also when it draws into memory, and only looking loads the emulation: measured, 31 MiB. EGL reads
/// the list of its libraries once in a process, so it is asked for here, while the list is empty. The page's own process, which
/// does not start without EGL, gets the usual list. The environment may only change while the program has a single thread.
fn keep_libraries_out() {
    let (name, value) = TOOLKIT_SWITCH;
    if let Err(error) = gtk::glib::setenv(name, value, false) {
        eprintln!("farwire: the toolkit may load graphics libraries: {error}");
    }
    if env::var_os(LIBRARIES).is_some() || gtk::glib::setenv(LIBRARIES, NO_LIBRARY, false).is_err()
    {
        return;
    }
    if let Err(error) = egl::Instance::new(egl::Static).query_string(None, egl::EXTENSIONS) {
        tracing::trace!(%error, "EGL has no library in this process");
    }
    gtk::glib::unsetenv(LIBRARIES);
}

/// What WebKit makes of the switch.
fn as_chosen(switch: &OsStr) -> Renderer {
    if switch == "0" {
        Renderer::ChosenDevice
    } else {
        Renderer::ChosenMemory
    }
}

/// Where saved things are, as far as that is known before there is a window.
fn data_dir() -> Option<PathBuf> {
    let own = env::var_os("FARWIRE_DATA_DIR").map(PathBuf::from);
    own.or_else(|| Some(gtk::glib::user_data_dir().join("dev.farwire.app")))
}

/// What was chosen before; automatic where nothing was, or nothing that is known.
fn chosen(data_dir: &Path) -> GraphicsChoice {
    let text = fs::read_to_string(data_dir.join(CHOSEN)).unwrap_or_default();
    match text.trim() {
        "safe" => GraphicsChoice::Safe,
        "native" => GraphicsChoice::Native,
        _ => GraphicsChoice::Auto,
    }
}

/// Leaves the choice for the next start.
///
/// # Errors
/// The file cannot be written.
pub fn remember(data_dir: &Path, choice: GraphicsChoice) -> io::Result<()> {
    if chosen(data_dir) == choice {
        return Ok(());
    }
    let text = match choice {
        GraphicsChoice::Auto => "auto",
        GraphicsChoice::Safe => "safe",
        GraphicsChoice::Native => "native",
    };
    fs::write(data_dir.join(CHOSEN), text)
}

/// The first graphics device that may be used: others draw nothing, and WebKit would emulate one.
fn render_node(devices: &Path) -> Option<String> {
    let usable = devices.read_dir().ok()?.flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_node = name.starts_with("renderD");
        let open = || File::options().read(true).write(true).open(entry.path());
        (is_node && open().is_ok()).then_some(name)
    });
    usable.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_may_choose_either() {
        assert_eq!(as_chosen(OsStr::new("1")), Renderer::ChosenMemory);
        assert_eq!(as_chosen(OsStr::new("0")), Renderer::ChosenDevice);
    }

    #[test]
    fn only_a_render_node_that_can_be_used_is_a_graphics_device() {
        let devices = tempfile::tempdir().unwrap();
        assert_eq!(render_node(&devices.path().join("missing")), None);
        std::fs::write(devices.path().join("card0"), "").unwrap();
        // As little for reading and writing as one that belongs to others.
        std::fs::create_dir(devices.path().join("renderD127")).unwrap();
        assert_eq!(render_node(devices.path()), None);
        for name in ["renderD129", "renderD128"] {
            std::fs::write(devices.path().join(name), "").unwrap();
        }
        assert_eq!(render_node(devices.path()).as_deref(), Some("renderD128"));
    }

    #[test]
    fn a_choice_is_known_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(chosen(dir.path()), GraphicsChoice::Auto);
        for choice in [
            GraphicsChoice::Safe,
            GraphicsChoice::Native,
            GraphicsChoice::Auto,
        ] {
            remember(dir.path(), choice).unwrap();
            assert_eq!(chosen(dir.path()), choice);
        }
        std::fs::write(dir.path().join(CHOSEN), "fast").unwrap();
        assert_eq!(chosen(dir.path()), GraphicsChoice::Auto);
    }
}
