//! Farwire's window: a web view with the page inside, over the same surface as the HTTP API.
//!
//! | module | holds |
//! | --- | --- |
//! | `start` | from nothing to a window, and to the end of the program |
//! | `window` | the window itself |
//! | `ipc` | the two commands of the page |
//! | `page` | the page's own process, and what happens when it ends early |
//! | `events` | change events, to the page |
//! | `renderer` | how pages are drawn on machines without a graphics device |
//! | `message` | the message of a start that failed |
//!
//! | environment | does |
//! | --- | --- |
//! | `FARWIRE_DATA_DIR` | a folder for everything saved instead of the user's own; the program then is an instance of its own |
//! | `FARWIRE_OPEN` | the identifier of a saved connection that is opened at once |
//! | `FARWIRE_LOG` | what is logged to the standard error stream, such as `debug` or `farwire_core=trace` |
//!
//! The program ends with 0, with 2 when there is no display, with 3 when another program has the data folder open, else with 1.

mod events;
mod ipc;
mod message;
mod page;
mod renderer;
mod start;
mod window;

use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What is logged where `FARWIRE_LOG` says nothing.
const LOGGED: &str = "warn,farwire_shell=info,farwire_api=info,farwire_core=info,farwire_vnc=info";

/// Runs the program until its window is closed or the system asks it to end.
pub fn run() -> ExitCode {
    renderer::choose();
    let filter = EnvFilter::try_from_env("FARWIRE_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match start::start() {
        Ok(code) => code,
        Err(error) => {
            message::show(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
