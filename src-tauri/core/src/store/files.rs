//! Private directories and files, syncing directories, and time stamps in names.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Creates a directory with its parents, all of them private; one that exists is left as it is.
pub(crate) fn create_private_dirs(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir)
}

/// Creates a private directory or makes an existing one private.
pub(super) fn private_dir(dir: &Path) -> io::Result<()> {
    create_private_dirs(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(DIR_MODE))
}

/// Creates or truncates a private file, whatever the umask.
pub(super) fn create_private_file(path: &Path) -> io::Result<File> {
    let file = private_options().truncate(true).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Options that create a private file for reading and writing and keep what is in it.
pub(super) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(FILE_MODE);
    options
}

/// Makes everything below a directory private. sled creates its files by the umask; the directory above them is private first.
pub(super) fn make_tree_private(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        // A file may vanish meanwhile: sled removes old snapshots and blobs by itself.
        let result = if kind.is_dir() {
            fs::set_permissions(entry.path(), Permissions::from_mode(DIR_MODE))
                .and_then(|()| make_tree_private(&entry.path()))
        } else if kind.is_file() {
            fs::set_permissions(entry.path(), Permissions::from_mode(FILE_MODE))
        } else {
            continue;
        };
        ignore_missing(result)?;
    }
    Ok(())
}

/// Copies a directory and everything below it; the copies are private.
pub(super) fn copy_private_dir(from: &Path, to: &Path) -> io::Result<()> {
    private_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_private_dir(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Writes a directory's entries to the disk: new names in it survive a power cut only after this.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Turns "not found" into success.
pub(super) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A path like `beginning` + `20260131T235959Z` + `end` that does not exist yet.
pub(crate) fn stamped_name(beginning: &Path, end: &str, now: SystemTime) -> PathBuf {
    let stamp = utc_stamp(now);
    let mut attempt = 0_u32;
    loop {
        let mut name = beginning.as_os_str().to_owned();
        name.push(&stamp);
        if attempt > 0 {
            name.push(format!("-{attempt}"));
        }
        name.push(end);
        let path = PathBuf::from(name);
        if !path.exists() {
            return path;
        }
        attempt = attempt.saturating_add(1);
    }
}

/// A moment in UTC as `20260131T235959Z`: sorts by time, and no file system objects to it.
pub(super) fn utc_stamp(moment: SystemTime) -> String {
    let secs = moment
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, second) = (secs / 86_400, secs % 86_400);
    // Days to civil date, after Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March there,
    // so that the leap day is the last of its year.
    let shifted = days.saturating_add(719_468);
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn stamps_are_civil_dates() {
        for (secs, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (1_735_689_600, "20250101T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(
                utc_stamp(UNIX_EPOCH + Duration::from_secs(secs)),
                expected,
                "{secs}"
            );
        }
    }
}
