//! The log of a shell: everything the machine prints, colours too, in a file in `logs/` of the data directory.

use crate::store;
use bytes::Bytes;
use farwire_model::frame::{Notice, Surface};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::mpsc;

/// The folder of all logs, below the data directory.
const FOLDER: &str = "logs";

/// Pieces of output that wait for the disk. Full: the shell waits, so that nothing is missing in the log.
const QUEUE: usize = 64;

/// What a file's name has of the connection's.
const MAX_NAME_CHARS: usize = 60;

/// A log that is written.
pub(super) struct Log {
    /// Where it is.
    pub path: PathBuf,
    /// What is printed goes here.
    pub output: mpsc::Sender<Bytes>,
}

impl Log {
    /// Begins the log of a session; it ends with the last sender. Trouble on the way is told to whoever looks at the shell,
    /// and the shell goes on without a log.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(data_dir: &Path, name: &str, surface: Arc<Surface>) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        store::create_private_dirs(&folder)?;
        let beginning = folder.join(format!("{}-", file_name(name)));
        let path = store::stamped_name(&beginning, ".log", SystemTime::now());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let (output, printed) = mpsc::channel(QUEUE);
        let shown = path.display().to_string();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write(file, printed) {
                tracing::warn!(%error, log = shown, "a shell's log ends");
                let said = format!("The log {shown} ends here: {error}.");
                surface.tell(Notice::Said(said.into()));
            }
        });
        Ok(Self { path, output })
    }
}

/// Writes until nothing more can come. Every piece is in the file at once, for whoever follows it.
fn write(mut file: File, mut printed: mpsc::Receiver<Bytes>) -> io::Result<()> {
    while let Some(piece) = printed.blocking_recv() {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

/// A connection's name as part of a file's.
fn file_name(name: &str) -> String {
    let safe = name.chars().map(|c| match c {
        c if c.is_alphanumeric() || matches!(c, '-' | '_' | '@') => c,
        _ => '_',
    });
    safe.take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_log_is_private_and_two_of_a_second_have_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let begin = || Log::begin(dir.path(), "../web 1", Surface::new()).unwrap();
        let (first, second) = (begin(), begin());
        assert_ne!(first.path, second.path);
        assert_eq!(first.path.parent().unwrap(), dir.path().join("logs"));
        let name = first.path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("___web_1-"), "{name}");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&first.path), 0o600);
        assert_eq!(mode(&dir.path().join("logs")), 0o700);
        first
            .output
            .send(Bytes::from_static(b"\x1b[1mhello\x1b[0m\r\n"))
            .await
            .unwrap();
        let path = first.path.clone();
        drop(first);
        for _ in 0..500 {
            if fs::read(&path).unwrap() == b"\x1b[1mhello\x1b[0m\r\n" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("nothing was written");
    }
}
