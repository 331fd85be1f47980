//! Opening a data directory: one process, a readable store, and a backup once a day.

use super::engine::OpenFailure;
use super::error::StoreError;
use super::kept_store::KeptStore;
use super::lock::Holder;
use super::read_only::{self, WorkingCopy};
use super::{SCHEMA_VERSION, Store, backup, files, restore, room, schema};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// A store that is ready, and what a person should be told about how it came to be.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Whole sentences: a damaged store moved aside and restored, records set aside, a backup that failed.
    pub notice: Option<String>,
    /// That nothing can be saved, where the disk is full: as [`full_disk`] says it.
    pub full: Option<String>,
    /// What it was opened from, where the disk can only be read. Goes after the store.
    pub working_copy: Option<WorkingCopy>,
}

/// Opens the store of a data directory, creating both if need be. Blocks, for a second or so with 100,000 records.
///
/// On a full disk it is opened with room that was put aside, and takes no changes until there is more. Of a disk that can only be
/// read a copy is opened, which takes none.
///
/// A damaged store is moved aside, never deleted, and what survived or the newest readable backup takes its place. A store
/// of an older schema is backed up, and then brought up to date.
///
/// # Errors
/// `Locked` while another instance has it open, `NewerSchema`, `Failed` when the system refuses.
pub fn open(data_dir: &Path) -> Result<Opened, StoreError> {
    if read_only::is_read_only(data_dir) {
        return open_copy(data_dir);
    }
    let mut opened = match try_to_open(data_dir, None) {
        Err(error) if error.is_no_room() && room::give_up(data_dir).unwrap_or(false) => {
            tracing::warn!(%error, "the disk is full: the room that was put aside is used");
            try_to_open(data_dir, None)?
        }
        opened => opened?,
    };
    match room::put_aside(data_dir) {
        Ok(()) => {}
        Err(error) => tracing::warn!(%error, "no room could be put aside"),
    }
    opened.full = full_disk(data_dir);
    Ok(opened)
}

/// That nothing can be saved, as a whole sentence, while the disk is full.
pub fn full_disk(data_dir: &Path) -> Option<String> {
    let error = room::require(data_dir, 0).err()?;
    Some(format!("Nothing can be saved: {error}."))
}

impl Opened {
    fn tell(&mut self, told: String) {
        let notice = self.notice.take();
        self.notice = Some(notice.map_or(told.clone(), |notice| [notice, told].join(" ")));
    }
}

/// What is not saved is lost, so nothing is taken.
fn open_copy(data_dir: &Path) -> Result<Opened, StoreError> {
    let dir = data_dir.to_owned();
    let error = StoreError::ReadOnly { dir };
    let copy = WorkingCopy::of(data_dir)?;
    let mut opened = try_to_open(copy.dir(), Some(&error))?;
    opened.tell(format!(
        "Nothing can be saved: {error}. What is shown is a copy in {}, which goes when Farwire ends.",
        copy.dir().display()
    ));
    opened.working_copy = Some(copy);
    Ok(opened)
}

/// Every change is refused with `refusing`, where there is such an error.
fn try_to_open(data_dir: &Path, refusing: Option<&StoreError>) -> Result<Opened, StoreError> {
    let now = SystemTime::now();
    let mut notices = Vec::new();
    files::create_private_dirs(data_dir).map_err(StoreError::failed("opening"))?;
    let holder = Holder::take(data_dir)?;
    let (engine, damaged) = match restore::readable_engine(data_dir) {
        Ok(opened) => opened,
        Err(OpenFailure::Refused(error)) => return Err(error),
        Err(OpenFailure::Damage(damage)) => {
            // An engine that finds no room says all sorts of things.
            room::require(data_dir, 0)?;
            tracing::error!(reason = damage.reason, "the store is damaged");
            notices.push(restore::replace_damaged(data_dir, damage, now)?);
            restore::readable_engine(data_dir).map_err(|failure| match failure {
                OpenFailure::Refused(error) => error,
                OpenFailure::Damage(damage) => {
                    StoreError::failed("opening")(io::Error::other(damage.reason))
                }
            })?
        }
    };
    // A newer version's store is left alone from here on.
    let schema = match schema::version(&engine) {
        // It is set aside with its like.
        Err(StoreError::Damaged { .. }) => None,
        other => other?,
    };
    if !damaged.is_empty() {
        notices.push(restore::set_aside(data_dir, &engine, &damaged, now)?);
    }
    let is_older = schema.is_some_and(|schema| schema < SCHEMA_VERSION);
    if is_older {
        backup::backup_before_migration(&engine, data_dir, now)?;
    }
    let store = KeptStore::start(engine, &restore::store_dir(data_dir), Some(holder))?;
    let store = match refusing {
        Some(error) => store.refusing(error.clone()),
        None => store,
    };
    if refusing.is_none()
        && !is_older
        && let Err(error) = backup::backup_if_due(&store, data_dir, now)
    {
        tracing::error!(%error, "no backup was written");
        notices.push(format!("No backup could be written: {error}."));
    }
    Ok(Opened {
        store: Arc::new(store),
        notice: (!notices.is_empty()).then(|| notices.join(" ")),
        full: None,
        working_copy: None,
    })
}
