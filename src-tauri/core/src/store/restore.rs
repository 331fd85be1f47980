//! What happens to a damaged store: it is moved aside, and what can be read takes its place. So does a backup when a person
//! asks for it.

use super::batch::Tree;
use super::engine::{Damage, DamagedRecord, Engine, OpenFailure};
use super::error::StoreError;
use super::kept_store::KeptStore;
use super::lock::Holder;
use super::snapshot::Snapshot;
use super::{SCHEMA_VERSION, Store, backup, export, files, intact, room, schema, sync};
use crate::vault::{CHECK, SEALED_KEY};
use base64ct::{Base64, Encoding};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many damaged records a notice names; the file beside names all.
const NAMED_RECORDS: usize = 5;

/// Where the engine's files are.
pub(super) fn store_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

/// A snapshot that is being turned into a store, and not the store yet.
pub(super) fn restoring_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("store.restoring")
}

/// The store's files as they were before the engine touched them.
pub(super) fn original_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("store.original")
}

/// A copy, or a store that was replaced, on its way out.
fn discarded_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("store.discarded")
}

/// Opens the engine, reads every page once, and compares it with the witness: sled reads most pages only when they are
/// needed, and damage found then would look like an empty list. Returns it with the records whose checksum does not fit.
pub(super) fn readable_engine(
    data_dir: &Path,
) -> Result<(Engine, Vec<DamagedRecord>), OpenFailure> {
    let dir = store_dir(data_dir);
    let refused = |error| OpenFailure::Refused(StoreError::failed("opening")(error));
    finish_restore(data_dir).map_err(refused)?;
    if let Err(error) = keep_original(data_dir) {
        tracing::warn!(%error, "the store is opened without a copy of it");
    }
    let acknowledged = sync::acknowledged(&dir).map_err(refused)?;
    let engine = Engine::open(&dir)?;
    let damaged = match engine.verify() {
        Ok(damaged) => damaged,
        Err(error) => return Err(Damage::total(error.to_string())),
    };
    let sequence = match schema::sequence(&engine) {
        Ok(sequence) => sequence,
        Err(error) => return Err(Damage::total(error.to_string())),
    };
    if sequence >= acknowledged {
        discard(&original_dir(data_dir), data_dir).map_err(refused)?;
        return Ok((engine, damaged));
    }
    let missing = acknowledged.saturating_sub(sequence);
    Err(OpenFailure::Damage(Damage {
        reason: format!("the last {missing} changes are missing"),
        survivor: damaged
            .is_empty()
            .then(|| engine.snapshot(&Tree::ALL).ok())
            .flatten(),
    }))
}

/// Copies the store before it is opened: sled cuts off its log where it finds damage, and with it what somebody might still read.
/// A store that ended cleanly and did not change since has nothing to lose. A copy that is there already is from an opening that came to no end, and the better one.
fn keep_original(data_dir: &Path) -> io::Result<()> {
    let (dir, original) = (store_dir(data_dir), original_dir(data_dir));
    if !dir.exists() || original.exists() || intact::is_as_closed(&dir) {
        return Ok(());
    }
    // What was put aside for a start on a full disk is the engine's.
    if room::require(data_dir, 0).is_err() {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let copying = discarded_dir(data_dir);
    let copied =
        files::copy_private_dir(&dir, &copying).and_then(|()| fs::rename(&copying, &original));
    if copied.is_err() {
        // On a full disk the engine needs the room more.
        drop(fs::remove_dir_all(&copying));
    }
    copied
}

/// Removes a directory in a way that never leaves half of it under its name.
fn discard(dir: &Path, data_dir: &Path) -> io::Result<()> {
    let discarded = discarded_dir(data_dir);
    if dir.exists() {
        fs::rename(dir, &discarded)?;
    }
    if discarded.exists() {
        fs::remove_dir_all(&discarded)?;
    }
    Ok(())
}

/// A new store takes the damaged one's place in two renames. Where the program died between them, the second is still to be done.
fn finish_restore(data_dir: &Path) -> io::Result<()> {
    let (dir, restoring) = (store_dir(data_dir), restoring_dir(data_dir));
    let discarded = discarded_dir(data_dir);
    if discarded.exists() {
        fs::remove_dir_all(&discarded)?;
    }
    if !restoring.exists() {
        return Ok(());
    }
    if dir.exists() {
        // It may be half written, and what it comes from is still there.
        return fs::remove_dir_all(&restoring);
    }
    fs::rename(&restoring, &dir)?;
    files::sync_dir(data_dir)
}

/// Moves the damaged store aside and puts the newest that can be read in its place; returns what to tell people.
pub(super) fn replace_damaged(
    data_dir: &Path,
    damage: Damage,
    now: SystemTime,
) -> Result<String, StoreError> {
    let (newest, unreadable) = backup::newest_readable(data_dir)?;
    let Damage { reason, survivor } = damage;
    let survivor = survivor.filter(|survivor| {
        let backed_up = newest.as_ref().map(|(_, backup)| backup.sequence);
        !survivor.records.is_empty() && backed_up.is_none_or(|number| number <= survivor.sequence)
    });
    let outcome = match (survivor, newest) {
        (Some(survivor), _) => {
            build(&restoring_dir(data_dir), survivor)?;
            "Everything older was kept.".to_owned()
        }
        (None, Some((id, snapshot))) => {
            build(&restoring_dir(data_dir), snapshot)?;
            format!("The backup {id} was restored, without the history of changes.")
        }
        (None, None) => "There is no backup that can be read, so nothing is saved now.".to_owned(),
    };
    let aside =
        move_aside(data_dir, "store.damaged-", now).map_err(StoreError::failed("restoring"))?;
    let mut notice = format!(
        "The saved data was damaged ({reason}) and is kept in {}. {outcome}",
        aside.display()
    );
    if unreadable > 0 {
        notice.push_str(&format!(" {unreadable} newer backups could not be read."));
    }
    Ok(notice)
}

/// Puts a backup in the place of the store of a data directory that nobody uses: the one of that name, else the newest that
/// can be read. The store there was is kept under another name, never deleted. Returns what to tell people.
///
/// # Errors
/// `Locked`, `NoBackup`, `BadExport`, `NewerSchema`, or `Failed`; the store is as it was then.
pub fn restore_backup(
    data_dir: &Path,
    wanted: Option<&str>,
    now: SystemTime,
) -> Result<String, StoreError> {
    let _holder = Holder::take(data_dir)?;
    let failed = |error| StoreError::failed("restoring")(error);
    finish_restore(data_dir).map_err(failed)?;
    let (id, snapshot) = match wanted {
        Some(id) => (id.to_owned(), backup::read_backup(data_dir, id)?),
        None => {
            let (newest, _) = backup::newest_readable(data_dir)?;
            newest.ok_or_else(|| StoreError::NoBackup {
                dir: data_dir.to_owned(),
                wanted: "backup that can be read".to_owned(),
            })?
        }
    };
    let count = snapshot.records.len();
    build(&restoring_dir(data_dir), snapshot)?;
    let mut told = format!(
        "The backup {id} with {count} records was restored, without the history of changes."
    );
    if store_dir(data_dir).exists() {
        let aside = move_aside(data_dir, "store.replaced-", now).map_err(failed)?;
        told.push_str(&format!(
            " What was saved before is kept in {}.",
            aside.display()
        ));
    } else {
        finish_restore(data_dir).map_err(failed)?;
    }
    Ok(told)
}

/// Keeps the store as it was found under another name, and lets the new one, if any, take its place.
fn move_aside(data_dir: &Path, beginning: &str, now: SystemTime) -> io::Result<PathBuf> {
    let (dir, original) = (store_dir(data_dir), original_dir(data_dir));
    let aside = files::stamped_name(&data_dir.join(beginning), "", now);
    if original.exists() {
        fs::rename(&original, &aside)?;
        discard(&dir, data_dir)?;
    } else {
        fs::rename(&dir, &aside)?;
    }
    files::sync_dir(data_dir)?;
    finish_restore(data_dir)?;
    Ok(aside)
}

/// Makes a store of a snapshot.
fn build(dir: &Path, snapshot: Snapshot) -> Result<(), StoreError> {
    let engine = Engine::open(dir).map_err(|failure| match failure {
        OpenFailure::Refused(error) => error,
        OpenFailure::Damage(damage) => {
            StoreError::failed("restoring")(io::Error::other(damage.reason))
        }
    })?;
    let store = KeptStore::start(engine, dir, None)?;
    store.commit(export::batch(snapshot)).wait()?;
    Ok(())
}

/// Keeps damaged records in a file and takes them out of the store, where each would make its whole list unreadable; what the newest
/// backup has of them takes their place in the same step.
pub(super) fn set_aside(
    data_dir: &Path,
    engine: &Engine,
    damaged: &[DamagedRecord],
    now: SystemTime,
) -> Result<String, StoreError> {
    let path = files::stamped_name(&data_dir.join("records.damaged-"), ".jsonl", now);
    let mut text = String::new();
    let mut names = Vec::new();
    for record in damaged {
        let key = String::from_utf8_lossy(&record.key);
        let line = serde_json::json!({
            "tree": record.tree.name(),
            "key": key,
            "base64": Base64::encode_string(&record.bytes),
        });
        text.push_str(&format!("{line}\n"));
        names.push(format!("{} {key}", record.tree.name()));
    }
    let mut file =
        files::create_private_file(&path).map_err(StoreError::failed("setting aside"))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| files::sync_dir(data_dir))
        .map_err(StoreError::failed("setting aside"))?;
    let newest = match backup::newest_readable(data_dir) {
        Ok((newest, _)) => newest,
        Err(error) => {
            tracing::warn!(%error, "damaged records are not looked for in backups");
            None
        }
    };
    let whole = match &newest {
        Some((_, snapshot)) => replacements(engine, snapshot, damaged)?,
        None => Vec::new(),
    };
    engine.replace_raw(damaged, &whole)?;
    engine.flush()?;
    engine.sync().map_err(StoreError::failed("setting aside"))?;
    names.truncate(NAMED_RECORDS);
    let mut told = format!(
        "{} damaged records were set aside in {}, among them: {}.",
        damaged.len(),
        path.display(),
        names.join(", ")
    );
    if let Some((id, _)) = newest.as_ref().filter(|_| !whole.is_empty()) {
        let count = whole.len();
        told.push_str(&format!(
            " {count} of them were put back as the backup {id} has them."
        ));
    }
    Ok(told)
}

/// A record that takes a damaged one's place.
pub(super) type Whole<'a> = (Tree, &'a str, &'a [u8]);

/// What a backup has of damaged records and may come back by itself. Not settings, tokens and trusted machines: older ones could
/// allow what was taken away since. Of the vault the key that a passphrase seals, and credentials, where both are of one key.
fn replacements<'a>(
    engine: &Engine,
    snapshot: &'a Snapshot,
    damaged: &[DamagedRecord],
) -> Result<Vec<Whole<'a>>, StoreError> {
    if snapshot.schema != SCHEMA_VERSION {
        return Ok(Vec::new());
    }
    let is_damaged = |tree: Tree, key: &str| {
        let mut damaged = damaged.iter();
        damaged.any(|record| record.tree == tree && record.key == key.as_bytes())
    };
    let is_same = |key| -> Result<bool, StoreError> {
        if is_damaged(Tree::Vault, key) {
            return Ok(false);
        }
        let Some(now) = engine.get(Tree::Vault, key)? else {
            return Ok(false);
        };
        let mut then = snapshot.records(Tree::Vault);
        Ok(then.any(|(name, value)| name == key && value == now.as_slice()))
    };
    // Where both that tell the key are damaged, the backup's are all there is. They belong together.
    let is_key_lost = is_damaged(Tree::Vault, CHECK) && is_damaged(Tree::Vault, SEALED_KEY);
    let is_same_key = is_key_lost || is_same(CHECK)? || is_same(SEALED_KEY)?;
    let may_return = |tree: Tree, key: &str| match tree {
        Tree::Groups | Tree::Connections => true,
        Tree::Credentials => is_same_key,
        Tree::Vault => is_same_key && (key != CHECK || is_key_lost),
        _ => false,
    };
    let records = snapshot.records.iter();
    let records = records.filter(|(tree, key, _)| may_return(*tree, key) && is_damaged(*tree, key));
    Ok(records
        .map(|(tree, key, value)| (*tree, key.as_str(), value.as_slice()))
        .collect())
}
