//! The daily export into `backups/`, and the newest one that can be read.

use super::engine::Snapshot;
use super::error::StoreError;
use super::{Store, export, files};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How old the newest backup gets before the next one is due.
const DUE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How many backups are kept: a week of days on which the program ran.
const KEPT: usize = 7;

const EXTENSION: &str = "jsonl";
const UNFINISHED: &str = "unfinished";

/// Where a data directory's backups are.
pub(super) fn backup_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("backups")
}

/// Writes a backup of the store into `backups/` of its data directory and removes all but the newest seven; returns its path.
/// Blocks. `None` when the store is empty: an empty backup would only push out a good one.
///
/// # Errors
/// `Damaged` or `Failed`; earlier backups are untouched then.
pub fn backup(
    store: &dyn Store,
    data_dir: &Path,
    now: SystemTime,
) -> Result<Option<PathBuf>, StoreError> {
    let mut exported = Vec::new();
    if store.export(&mut exported)? == 0 {
        return Ok(None);
    }
    let dir = backup_dir(data_dir);
    write(&dir, &exported, now)
        .and_then(|path| {
            prune(&dir)?;
            Ok(Some(path))
        })
        .map_err(StoreError::failed("backing up"))
}

/// Writes a backup if the newest one is older than a day or there is none. Called when a store is opened; a program that runs
/// for days calls it once a day.
///
/// # Errors
/// As [`backup`].
pub fn backup_if_due(
    store: &dyn Store,
    data_dir: &Path,
    now: SystemTime,
) -> Result<Option<PathBuf>, StoreError> {
    let newest = list(&backup_dir(data_dir)).map_err(StoreError::failed("backing up"))?;
    let modified = newest
        .last()
        .and_then(|path| fs::metadata(path).ok()?.modified().ok());
    // A backup from the future means the clock was wrong once: better one too many.
    let is_fresh = modified
        .and_then(|at| now.duration_since(at).ok())
        .is_some_and(|age| age < DUE_AFTER);
    if is_fresh {
        return Ok(None);
    }
    backup(store, data_dir, now)
}

/// The newest backup that can be read whole, with what is in it; and how many newer ones could not be.
pub(super) fn newest_readable(
    data_dir: &Path,
) -> Result<(Option<(PathBuf, Snapshot)>, usize), StoreError> {
    let paths = list(&backup_dir(data_dir)).map_err(StoreError::failed("restoring"))?;
    let mut unreadable = 0_usize;
    for path in paths.into_iter().rev() {
        let file = File::open(&path).map_err(StoreError::failed("restoring"))?;
        match export::read(&mut BufReader::new(file)) {
            Ok(snapshot) => return Ok((Some((path, snapshot)), unreadable)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "skipped a backup");
                unreadable = unreadable.saturating_add(1);
            }
        }
    }
    Ok((None, unreadable))
}

/// Backups in `dir`, oldest first.
fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_ours = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"store-"));
        if is_ours && path.extension().is_some_and(|end| end == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The name appears only once the whole file is on the disk.
fn write(dir: &Path, exported: &[u8], now: SystemTime) -> io::Result<PathBuf> {
    files::private_dir(dir)?;
    let path = dir.join(format!("store-{}.{EXTENSION}", files::utc_stamp(now)));
    let unfinished = path.with_extension(UNFINISHED);
    let mut file = BufWriter::new(files::create_private_file(&unfinished)?);
    file.write_all(exported)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&unfinished, &path)?;
    files::sync_dir(dir)?;
    Ok(path)
}

fn prune(dir: &Path) -> io::Result<()> {
    let paths = list(dir)?;
    for path in paths.iter().rev().skip(KEPT) {
        fs::remove_file(path)?;
    }
    Ok(())
}
