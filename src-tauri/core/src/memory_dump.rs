//! Keeps the memory of the process, and the secrets in it, out of files.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::io;

/// Lets this process and those it starts leave no core dump when they crash, and lets other programs of the same user not read
/// its memory.
///
/// The limit alone does not do: the system ignores it where dumps are piped to a program, as most desktops do.
///
/// # Errors
/// The system refuses.
pub fn forbid_memory_dumps() -> io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
