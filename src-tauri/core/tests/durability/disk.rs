//! A small disk of a test's own: a file system in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A disk of its own for the test.
pub struct Disk {
    image: PathBuf,
    pub mount: PathBuf,
    /// In memory, where there is such a place: it is the file system on top that loses its power.
    _dir: TempDir,
}

impl Disk {
    /// A new empty disk; none where a process may not mount one.
    pub fn make(bytes: u64) -> Option<Self> {
        let memory = Path::new("/dev/shm");
        let dir = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let dir = dir.unwrap();
        let (image, mount) = (dir.path().join("disk"), dir.path().join("mount"));
        File::create(&image).unwrap().set_len(bytes).unwrap();
        std::fs::create_dir(&mount).unwrap();
        let disk = Self {
            image,
            mount,
            _dir: dir,
        };
        let is_made =
            run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &disk.image]) && disk.mount();
        assert!(
            is_made || std::env::var_os("CI").is_none(),
            "disks cannot be made here"
        );
        if !is_made {
            eprintln!("SKIPPED: disks cannot be made here, which takes root and loop devices");
        }
        is_made.then_some(disk)
    }

    /// The disk after its power was cut, as a file of its own: a program that is being started elsewhere may have taken the
    /// mount along into a namespace, and then the file system without power would be mounted again.
    pub fn comes_back(&mut self) -> bool {
        let before = self.image.clone();
        self.image = before.with_extension(match before.extension() {
            None => "again",
            Some(_) => "",
        });
        let is_copied =
            self.unmount() && run("cp", &["--sparse=always".as_ref(), &before, &self.image]);
        is_copied && std::fs::remove_file(&before).is_ok() && self.mount()
    }

    fn mount(&self) -> bool {
        run(
            "mount",
            &["-o".as_ref(), "loop".as_ref(), &self.image, &self.mount],
        )
    }

    /// `ro` or `rw`.
    pub fn remount(&self, how: &str) -> bool {
        let how = format!("remount,{how}");
        run("mount", &["-o".as_ref(), how.as_ref(), &self.mount])
    }

    fn unmount(&self) -> bool {
        run("umount", &[&self.mount])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Not mounted is as good.
        self.unmount();
    }
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| {
        let message = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            eprintln!("{program}: {}", message.trim());
        }
        output.status.success()
    })
}
