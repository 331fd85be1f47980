//! The daily export into `backups/`, and those that are there.

use super::batch::Tree;
use super::engine::Engine;
use super::error::StoreError;
use super::snapshot::Snapshot;
use super::{Store, export, files, room};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How old the newest backup gets before the next one is due.
const DUE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How many backups are kept, and of how many days the newest one at least: a week of days on which the program ran must
/// not be pushed out by one on which many were asked for.
const KEPT: usize = 7;

const EXTENSION: &str = "jsonl";
/// The name of a backup while it is written. Always the same, so that those that were cut off do not pile up.
const UNFINISHED: &str = "unfinished";

/// What the names of backups begin with.
const BEGINNING: &str = "store-";

/// What the names of those have that were made before a migration: the way back to an older version. They are kept.
const OLDER_SCHEMA: &str = "-schema-";

/// A backup as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its name, such as `20260131T235959Z`.
    pub id: String,
    /// When it was written.
    pub created: SystemTime,
    /// How many records it says it has; `None` when its end is missing.
    pub records: Option<u64>,
    /// Its size.
    pub bytes: u64,
}

/// The backups of a data directory, newest first.
///
/// # Errors
/// `Failed` when they cannot be looked at.
pub fn backups(data_dir: &Path) -> Result<Vec<Backup>, StoreError> {
    let described = || -> io::Result<Vec<Backup>> {
        let paths = list(data_dir)?;
        paths.iter().rev().map(|path| describe(path)).collect()
    };
    described().map_err(StoreError::failed("listing backups"))
}

fn describe(path: &Path) -> io::Result<Backup> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    Ok(Backup {
        id: id(path).to_owned(),
        created: about.modified()?,
        records: export::record_count(&mut file),
        bytes: about.len(),
    })
}

/// Reads the backup of that name whole.
///
/// # Errors
/// `NoBackup`, `BadExport`, `NewerSchema`, or `Failed` when it cannot be read.
pub fn read_backup(data_dir: &Path, wanted: &str) -> Result<Snapshot, StoreError> {
    let paths = list(data_dir).map_err(StoreError::failed("restoring"))?;
    let path = paths.into_iter().find(|path| id(path) == wanted);
    let path = path.ok_or_else(|| StoreError::NoBackup {
        dir: data_dir.to_owned(),
        wanted: format!("backup {wanted}"),
    })?;
    let file = File::open(&path).map_err(StoreError::failed("restoring"))?;
    export::read(&mut BufReader::new(file))
}

/// Where a data directory's backups are.
pub(super) fn backup_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("backups")
}

/// Held while a backup is written.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes a backup of the store into `backups/` of its data directory and removes old ones.
/// Blocks. `None` when the store is empty: an empty backup would only push out a good one.
///
/// # Errors
/// `Damaged` or `Failed`; earlier backups are untouched then.
pub fn backup(
    store: &dyn Store,
    data_dir: &Path,
    now: SystemTime,
) -> Result<Option<Backup>, StoreError> {
    let mut exported = Vec::new();
    if store.export(&mut exported)? == 0 {
        return Ok(None);
    }
    // Several may be asked for at once: they have one name while they are written, and old ones go meanwhile.
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = write(data_dir, &exported, "", now)?;
    prune(data_dir, &path)
        .and_then(|()| describe(&path).map(Some))
        .map_err(StoreError::failed("backing up"))
}

/// Writes a backup of a store whose schema is about to be raised, readable by the version that made it.
pub(super) fn backup_before_migration(
    engine: &Engine,
    data_dir: &Path,
    now: SystemTime,
) -> Result<(), StoreError> {
    let snapshot = engine.snapshot(&Tree::EXPORTED)?;
    let mut exported = Vec::new();
    if export::write(&mut exported, &snapshot)? > 0 {
        let end = format!("{OLDER_SCHEMA}{}", snapshot.schema);
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        write(data_dir, &exported, &end, now)?;
    }
    Ok(())
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
) -> Result<Option<Backup>, StoreError> {
    let newest = list(data_dir).map_err(StoreError::failed("backing up"))?;
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

/// The newest backup that can be read whole, with its name; and how many newer ones could not be.
pub(super) fn newest_readable(
    data_dir: &Path,
) -> Result<(Option<(String, Snapshot)>, usize), StoreError> {
    let paths = list(data_dir).map_err(StoreError::failed("restoring"))?;
    let mut unreadable = 0_usize;
    for path in paths.into_iter().rev() {
        let file = File::open(&path).map_err(StoreError::failed("restoring"))?;
        match export::read(&mut BufReader::new(file)) {
            Ok(snapshot) => return Ok((Some((id(&path).to_owned(), snapshot)), unreadable)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "skipped a backup");
                unreadable = unreadable.saturating_add(1);
            }
        }
    }
    Ok((None, unreadable))
}

/// The backups of a data directory, oldest first.
fn list(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(backup_dir(data_dir)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_ours = stem(&path).starts_with(BEGINNING);
        if is_ours && path.extension().is_some_and(|end| end == EXTENSION) {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(paths)
}

/// When a backup was made: the second, and which of that second it is.
fn order(path: &Path) -> (&str, u32) {
    let id = id(path);
    let (stamp, rest) = id.split_once('-').unwrap_or((id, ""));
    let number = rest.split('-').next().and_then(|word| word.parse().ok());
    (stamp, number.unwrap_or(0))
}

/// A backup's name as people and scripts use it.
fn id(path: &Path) -> &str {
    let stem = stem(path);
    stem.strip_prefix(BEGINNING).unwrap_or(stem)
}

/// The name of a backup's file without the extension.
fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
}

/// The name appears only once the whole file is on the disk. It is later than that of every other backup of its second, also of
/// those that are gone again.
fn write(
    data_dir: &Path,
    exported: &[u8],
    end: &str,
    now: SystemTime,
) -> Result<PathBuf, StoreError> {
    room::require(data_dir, exported.len())?;
    write_whole(data_dir, exported, end, now).map_err(StoreError::failed("backing up"))
}

fn write_whole(
    data_dir: &Path,
    exported: &[u8],
    end: &str,
    now: SystemTime,
) -> io::Result<PathBuf> {
    let dir = backup_dir(data_dir);
    files::private_dir(&dir)?;
    let stamp = files::utc_stamp(now);
    let paths = list(data_dir)?;
    let same_second = paths
        .iter()
        .map(|path| order(path))
        .filter(|(second, _)| *second == stamp);
    let number = same_second.map(|(_, number)| number + 1).max();
    let number = number.map_or_else(String::new, |number| format!("-{number}"));
    let path = dir.join(format!("{BEGINNING}{stamp}{number}{end}.{EXTENSION}"));
    let unfinished = dir.join(UNFINISHED);
    let written = files::create_private_file(&unfinished)
        .and_then(|mut file| file.write_all(exported).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, &path));
    if let Err(error) = written {
        // On a full disk everything else needs the room more.
        drop(fs::remove_file(&unfinished));
        return Err(error);
    }
    files::sync_dir(&dir)?;
    Ok(path)
}

/// Removes old backups, never the one that was just made.
fn prune(data_dir: &Path, made: &Path) -> io::Result<()> {
    let paths = list(data_dir)?;
    let mut days = BTreeSet::new();
    for (newer, path) in paths.iter().rev().enumerate() {
        let day = stem(path).split('T').next();
        let is_newest_of_its_day = days.insert(day) && days.len() <= KEPT;
        if newer >= KEPT
            && path != made
            && !is_newest_of_its_day
            && !stem(path).contains(OLDER_SCHEMA)
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
