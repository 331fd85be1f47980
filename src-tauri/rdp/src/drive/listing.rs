//! The files of a folder, told one by one.

use super::path::{Inner, Pattern};
use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::{Errno, Result};
use std::os::fd::OwnedFd;

/// What is told of a folder.
#[derive(Debug)]
pub enum Listing {
    /// There may be more.
    Begun(Box<Begun>),
    /// Everything was told.
    Over,
}

/// A folder that is being read.
#[derive(Debug)]
pub struct Begun {
    entries: Dir,
    pattern: Pattern,
}

impl Listing {
    /// The files of an opened folder that have such a name.
    pub fn of(folder: &OwnedFd, pattern: Pattern) -> Result<Self> {
        let entries = Dir::read_from(folder)?;
        Ok(Self::Begun(Box::new(Begun { entries, pattern })))
    }

    /// The next one, and what is known of it; `None` once there is none. What is neither file nor folder is left out, and what
    /// has no name that the machine could ask for.
    pub fn next(
        &mut self,
        folder: &OwnedFd,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<(String, Stat)>> {
        let Self::Begun(begun) = self else {
            return Ok(None);
        };
        while let Some(entry) = begun.entries.read() {
            let entry = entry?;
            // A folder may have millions of others.
            if is_over() {
                return Err(Errno::CANCELED);
            }
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let is_one = Inner::of(name).is_some_and(|inner| inner.split().is_some());
            if !is_one || name.contains('\\') || !begun.pattern.fits(name) {
                continue;
            }
            let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                // Gone meanwhile.
                continue;
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            if kind.is_file() || kind.is_dir() {
                return Ok(Some((name.to_owned(), stat)));
            }
        }
        *self = Self::Over;
        Ok(None)
    }
}
