//! Starts Farwire's window.

use std::process::ExitCode;

fn main() -> ExitCode {
    farwire_shell::run()
}
