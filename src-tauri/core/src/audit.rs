//! The audit: one JSON line for each request that was to change or open something.
//!
//! `audit/audit.jsonl` in the data directory grows to [`FILE_BYTES`] and is then moved aside as `audit.1.jsonl`; the oldest of
//! [`KEPT_FILES`] goes. A line is in the file before its request is answered.

use crate::Core;
use crate::error::CoreError;
use farwire_model::audit::AuditEntry;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file holds some 20,000 lines.
const FILE_BYTES: u64 = 4 << 20;
/// Files that are kept besides the one that grows.
const KEPT_FILES: usize = 7;

/// The audit of one data directory.
#[derive(Debug)]
pub(crate) struct Audit {
    dir: PathBuf,
    growing: Mutex<Option<(File, u64)>>,
}

impl Audit {
    /// The audit of a data directory. Nothing is opened before the first line.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("audit"),
            growing: Mutex::default(),
        }
    }

    /// Adds a line. Blocks for a short write.
    fn add(&self, entry: &AuditEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, mut length) = match growing.take() {
            Some((file, length)) if length < FILE_BYTES => (file, length),
            full => self.open(full.is_some())?,
        };
        file.write_all(&line)?;
        length = length.saturating_add(line.len() as u64);
        *growing = Some((file, length));
        Ok(())
    }

    fn open(&self, is_full: bool) -> io::Result<(File, u64)> {
        if !self.dir.exists() {
            DirBuilder::new().mode(0o700).create(&self.dir)?;
        }
        let path = self.file(0);
        let length = fs::metadata(&path).map_or(0, |known| known.len());
        if is_full || length >= FILE_BYTES {
            for number in (0..KEPT_FILES).rev() {
                match fs::rename(self.file(number), self.file(number.saturating_add(1))) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&path)?;
        let length = file.metadata()?.len();
        let mut last = [b'\n'];
        if length > 0 {
            file.read_exact_at(&mut last, length.saturating_sub(1))?;
        }
        // A crash cut the last line off: it keeps to itself.
        if last != [b'\n'] {
            file.write_all(b"\n")?;
        }
        Ok((file, length))
    }

    /// The growing file is number 0, older ones count up.
    fn file(&self, number: usize) -> PathBuf {
        self.dir.join(match number {
            0 => "audit.jsonl".to_owned(),
            number => format!("audit.{number}.jsonl"),
        })
    }

    /// The newest entries that fit `wanted`, the newest first.
    fn read(
        &self,
        wanted: impl Fn(&AuditEntry) -> bool,
        start: usize,
        limit: usize,
    ) -> io::Result<Vec<AuditEntry>> {
        let mut found = Vec::new();
        for number in 0..=KEPT_FILES {
            let file = match File::open(self.file(number)) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            let mut entries = Vec::new();
            for (index, line) in BufReader::new(file).split(b'\n').enumerate() {
                // One that a crash cut off, or that is damaged.
                match serde_json::from_slice::<AuditEntry>(&line?) {
                    Ok(entry) => entries.extend(Some(entry).filter(|entry| wanted(entry))),
                    Err(error) => tracing::warn!(
                        %error, file = %self.file(number).display(), line = index + 1,
                        "a line of the audit cannot be read"
                    ),
                }
            }
            found.extend(entries.into_iter().rev());
            if found.len() >= start.saturating_add(limit) {
                break;
            }
        }
        Ok(found.into_iter().skip(start).take(limit).collect())
    }
}

impl Core {
    /// Adds a line to the audit. What cannot be written is told to the log: the request itself was carried out already.
    pub fn note_audit(&self, entry: &AuditEntry) {
        if let Err(error) = self.audit.add(entry) {
            tracing::error!(%error, "could not write the audit");
        }
    }

    /// The audit, the newest first; only what one token did, where it is named. Blocks while files are read.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn audit(
        &self,
        who: Option<&str>,
        start: usize,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, CoreError> {
        let wanted = |entry: &AuditEntry| who.is_none_or(|who| entry.who == who);
        let read = self.audit.read(wanted, start, limit);
        read.map_err(|error| CoreError::Internal {
            attempt: "reading the audit",
            message: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u16) -> AuditEntry {
        AuditEntry {
            at: 0,
            who: format!("t_{}", number % 2),
            who_name: "x".repeat(1000),
            method: "PUT".to_owned(),
            path: "/group".to_owned(),
            run: None,
            status: number,
            error_code: None,
        }
    }

    #[test]
    fn the_newest_come_first_over_all_files_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::of(dir.path());
        assert_eq!(audit.read(|_| true, 0, 10).unwrap(), []);
        let count = 40_000;
        for number in 0..count {
            audit.add(&entry(number)).unwrap();
        }
        let statuses = |start, limit| -> Vec<u16> {
            let found = audit
                .read(|entry| entry.who == "t_1", start, limit)
                .unwrap();
            found.into_iter().map(|entry| entry.status).collect()
        };
        assert_eq!(statuses(0, 2), [count - 1, count - 3]);
        let deep = 10_000;
        assert_eq!(statuses(deep, 1), [count - 1 - 2 * deep as u16]);
        let files = fs::read_dir(dir.path().join("audit")).unwrap().count();
        assert_eq!(files, KEPT_FILES + 1);
        assert!(statuses(0, usize::MAX).len() < usize::from(count / 2));
    }

    #[test]
    fn a_line_that_a_crash_cut_off_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        Audit::of(dir.path()).add(&entry(1)).unwrap();
        let path = dir.path().join("audit/audit.jsonl");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"at\": 12").unwrap();
        let again = Audit::of(dir.path());
        again.add(&entry(2)).unwrap();
        assert_eq!(again.read(|_| true, 0, 10).unwrap().len(), 2);
    }
}
