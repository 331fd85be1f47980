//! OpenSSH's configuration: lines, patterns, addresses, and all of a file.
#![no_main]

#[path = "../../../src-tauri/ssh/src/config/mod.rs"]
mod config;
#[path = "../../../src-tauri/ssh/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;

use config::{Computer, Source, address, meaning};
use std::path::Path;
use std::sync::LazyLock;

/// A folder in memory, where there is one, of this process alone.
static FOLDER: LazyLock<std::path::PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = parent.join(format!("farwire-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let Some(asked) = address(first) else { return };
    // Files that noise names are not read.
    let rest = rest.to_lowercase().replace("include", "user");
    let path = FOLDER.join("config");
    std::fs::write(&path, &rest).expect("a file");
    let source = Source {
        path: &path,
        folder: &FOLDER,
    };
    let computer = Computer {
        home: &FOLDER,
        user: "me",
    };
    let meant = meaning(&[source], computer, &asked);
    // Only the first machine of a list has others before it.
    let most = (limits::MAX_JUMPS + 2) * (rest.matches(',').count() + 1);
    assert!(meant.jumps.len() <= most);
    let notes: usize = meant.notes.iter().map(String::len).sum();
    assert!(notes <= most * 64 * (rest.len() + 1024));
});
