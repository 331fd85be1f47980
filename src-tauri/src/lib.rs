//! Farwire's window: a web view with the page inside, over the same surface as the HTTP API.
//!
//! | module | holds |
//! | --- | --- |
//! | `start` | from nothing to a window, and to the end of the program |
//! | `window` | the windows themselves: what their pages may do |
//! | `places`, `place` | where windows were, over restarts, and where they fit |
//! | `session_windows` | windows of their own for sessions |
//! | `full_screen` | full screen, and the keys that the desktop would keep for itself |
//! | `menu` | the menu of a window, as the desktop draws menus |
//! | `ipc` | the commands by which a page asks the program |
//! | `opened` | files that the program is started with |
//! | `outside` | files of machines that are open in programs of the desktop |
//! | `page` | the page's own process, and what happens when it ends early |
//! | `clipboard` | texts on the desktop's clipboard, for the page |
//! | `passwords` | stored passwords on the clipboard, past the page |
//! | `drag` | files that are dragged out of a page |
//! | `events` | change events, to the page |
//! | `notify` | what the desktop tells while no window is looked at |
//! | `about` | what the program knows of itself and of where it runs |
//! | `renderer` | how pages are drawn: through the graphics device or in memory |
//! | `native` | pictures of remote screens under the page or over it |
//! | `message` | the message of a start that failed |
//!
//! | environment | does |
//! | --- | --- |
//! | `FARWIRE_DATA_DIR` | a folder for everything saved instead of the user's own; the program then is an instance of its own |
//! | `FARWIRE_OPEN` | the identifier of a saved connection that is opened at once |
//! | `FARWIRE_LOG` | what is logged to the standard error stream, such as `debug` or `farwire_core=trace` |
//!
//! The program ends with 0, with 2 when there is no display, with 3 when another program has the data folder open, else with 1.

mod about;
mod clipboard;
mod drag;
mod events;
mod full_screen;
mod ipc;
mod links;
mod menu;
mod message;
mod native;
mod notify;
mod opened;
mod outside;
mod page;
mod passwords;
mod place;
mod places;
mod renderer;
mod session_windows;
mod start;
mod window;

use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What is logged where `FARWIRE_LOG` says nothing.
const LOGGED: &str = "warn,farwire_shell=info,farwire_api=info,farwire_core=info,farwire_vnc=info";

/// Runs the program until its main window is closed or the system asks it to end.
pub fn run() -> ExitCode {
    let drawing = renderer::choose();
    let filter = EnvFilter::try_from_env("FARWIRE_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match start::start(&drawing) {
        Ok(code) => code,
        Err(error) => {
            message::show(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
