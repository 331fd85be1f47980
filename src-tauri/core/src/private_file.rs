//! A file that only its owner may read, there whole or not at all.

use crate::random;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name beside it, to the disk, and gives it its name then. One of that name is replaced.
///
/// # Errors
/// What `content` gives, or the system; nothing is left behind then, and an earlier file is as it was.
pub fn write_private<E: From<io::Error>>(
    path: &Path,
    content: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", random::hex(&random::bytes::<4>())));
    let temporary = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options
        .open(&temporary)
        .map_err(E::from)
        .and_then(|mut file| {
            content(&mut file)?;
            Ok(file.sync_all()?)
        })
        .and_then(|()| Ok(fs::rename(&temporary, path)?));
    if let Err(error) = written {
        // Nothing to do if even that fails: the error that is told is the first one.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    // The name survives a power cut only after this. Some file systems cannot do it; the file is there all the same.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    if let Err(error) = synced {
        tracing::debug!(%error, "could not sync a folder");
    }
    Ok(())
}

/// Whether a path leads into a folder, links followed as far as there is something.
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    both_real(path, folder).is_some_and(|(path, folder)| path.starts_with(folder))
}

/// Whether a path leads into a folder or around it, links followed as far as there is something.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    both_real(path, folder)
        .is_some_and(|(path, folder)| path.starts_with(&folder) || folder.starts_with(&path))
}

fn both_real(path: &Path, folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let folder = folder.canonicalize().ok()?;
    let real = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    Some((real?, folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn it_is_private_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive");
        write_private(&path, |file| file.write_all(b"one")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let broken = write_private(&path, |file| {
            file.write_all(b"half")?;
            Err::<(), _>(io::Error::other("the rest is missing"))
        });
        assert!(broken.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(dir.path()), ["archive"]);
    }
}
