//! The shared folder on the disk: whatever is done to it is done from its own descriptor downwards, and follows no link, so that
//! nothing outside of it is reached whatever anybody puts into it meanwhile.

use super::path::Inner;
use rustix::fs::{
    AtFlags, Dir, FileType, FsWord, Mode, OFlags, PROC_SUPER_MAGIC, RenameFlags, ResolveFlags,
    Stat, fstat, fstatfs, mkdirat, open, openat2, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, Result};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// No link is followed, none of `/proc` either, and no path leads out.
const WITHIN: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// A pipe would make us wait for its other end, a terminal become ours.
const CAREFUL: OFlags = OFlags::CLOEXEC
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Files of the kernel and of devices, which do things when they are read or written.
const UNLENT: [FsWord; 2] = [PROC_SUPER_MAGIC, 0x6265_6572];

/// A folder of this computer that a machine is lent.
#[derive(Debug)]
pub struct Folder {
    root: OwnedFd,
    /// Whether nothing in it may be changed.
    pub is_read_only: bool,
}

/// Which file something is, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    fn of(stat: &Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }
}

impl Folder {
    /// Opens a folder that the owner of this computer named.
    ///
    /// # Errors
    /// There is none, or it may not be read, or this system cannot keep paths inside of it.
    pub fn open(path: &Path, is_read_only: bool) -> Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let root = open(path, flags, Mode::empty())?;
        let folder = Self { root, is_read_only };
        let reached = folder.reach(&Inner::default())?;
        is_lent(&reached)?;
        Ok(folder)
    }

    /// Its own descriptor.
    pub fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// Opens a file or a folder in it that is there. What is neither is refused: devices, pipes, sockets. They are not even
    /// opened, which some devices do things for: it is looked at what is there, and then that is opened and nothing else.
    pub fn file(&self, inner: &Inner, access: OFlags) -> Result<(OwnedFd, Stat)> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let seen = openat2(&self.root, inner.path(), flags, Mode::empty(), WITHIN)?;
        is_lent(&seen)?;
        let known = fstat(&seen)?;
        let access = match FileType::from_raw_mode(known.st_mode) {
            FileType::RegularFile => access,
            FileType::Directory => OFlags::RDONLY | OFlags::DIRECTORY,
            _ => return Err(Errno::ACCESS),
        };
        let itself = format!("/proc/self/fd/{}", seen.as_raw_fd());
        let descriptor = open(itself, access | CAREFUL, Mode::empty())?;
        let stat = fstat(&descriptor)?;
        match Identity::of(&stat) == Identity::of(&known) {
            true => Ok((descriptor, stat)),
            false => Err(Errno::ACCESS),
        }
    }

    /// Makes a file that is not there yet.
    pub fn make_file(&self, inner: &Inner) -> Result<(OwnedFd, Stat)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | CAREFUL;
        let mode = Mode::from_raw_mode(0o666);
        let descriptor = openat2(&self.root, inner.path(), flags, mode, WITHIN)?;
        let stat = fstat(&descriptor)?;
        Ok((descriptor, stat))
    }

    /// Makes a folder that is not there yet.
    pub fn make_folder(&self, inner: &Inner) -> Result<(OwnedFd, Stat)> {
        let (above, name) = self.above(inner)?;
        mkdirat(&above, name, Mode::from_raw_mode(0o777))?;
        let descriptor = self.folder(inner)?;
        let stat = fstat(&descriptor)?;
        Ok((descriptor, stat))
    }

    /// Removes the file or the empty folder that was opened under this path, if it is still the one there.
    pub fn remove(&self, inner: &Inner, opened: &OwnedFd) -> Result<()> {
        let (above, name, stat) = self.still_there(inner, opened)?;
        let flags = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => AtFlags::REMOVEDIR,
            _ => AtFlags::empty(),
        };
        unlinkat(&above, name, flags)
    }

    /// Gives what was opened under this path another one.
    pub fn rename(
        &self,
        inner: &Inner,
        opened: &OwnedFd,
        to: &Inner,
        replaces: bool,
    ) -> Result<()> {
        let (above, name, _) = self.still_there(inner, opened)?;
        let (other, new) = self.above(to)?;
        if replaces {
            return renameat(&above, name, &other, new);
        }
        match renameat_with(&above, name, &other, new, RenameFlags::NOREPLACE) {
            // Some file systems cannot tell: then it is looked at before.
            Err(Errno::INVAL) => match statat(&other, new, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => renameat(&above, name, &other, new),
                Err(error) => Err(error),
                Ok(_) => Err(Errno::EXIST),
            },
            renamed => renamed,
        }
    }

    /// Whether an opened folder has nothing in it.
    pub fn is_empty(opened: &OwnedFd) -> Result<bool> {
        for entry in Dir::read_from(opened)? {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn folder(&self, inner: &Inner) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL;
        openat2(&self.root, inner.path(), flags, Mode::empty(), WITHIN)
    }

    /// Goes to a folder without reading it.
    fn reach(&self, inner: &Inner) -> Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat2(&self.root, inner.path(), flags, Mode::empty(), WITHIN)
    }

    /// The folder something lies in, and its name there.
    fn above<'a>(&self, inner: &'a Inner) -> Result<(OwnedFd, &'a str)> {
        // Nothing is done to the shared folder itself.
        let (folder, name) = inner.split().ok_or(Errno::ACCESS)?;
        Ok((self.reach(&folder)?, name))
    }

    fn still_there<'a>(
        &self,
        inner: &'a Inner,
        opened: &OwnedFd,
    ) -> Result<(OwnedFd, &'a str, Stat)> {
        let (above, name) = self.above(inner)?;
        let there = statat(&above, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match Identity::of(&there) == Identity::of(&fstat(opened)?) {
            true => Ok((above, name, there)),
            false => Err(Errno::NOENT),
        }
    }
}

fn is_lent(seen: &OwnedFd) -> Result<()> {
    match UNLENT.contains(&fstatfs(seen)?.f_type) {
        true => Err(Errno::ACCESS),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_kernel_and_devices_are_not_lent() {
        let proc = Folder::open(Path::new("/proc"), true).map(drop);
        assert_eq!(proc, Err(Errno::ACCESS));
        let root = Folder::open(Path::new("/"), true).unwrap();
        for path in ["\\proc\\version", "\\proc", "\\dev\\null"] {
            let opened = root.file(&Inner::of(path).unwrap(), OFlags::RDONLY);
            assert_eq!(opened.map(drop), Err(Errno::ACCESS), "{path}");
        }
        assert!(root.file(&Inner::default(), OFlags::RDWR).is_ok());
    }
}
