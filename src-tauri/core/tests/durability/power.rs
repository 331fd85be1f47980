//! What was acknowledged survives power cuts.
//!
//! A file system in a file is shut down the way xfstests does it: what the kernel had not written to the disk yet, file
//! contents and journal, is gone at once. Then it is mounted again and looked through.

use crate::disk::Disk;
use crate::lanes::{self, Newest};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

const CUTS: &str = "FARWIRE_POWER_CUTS";
const DEFAULT_CUTS: u64 = 5;

/// Holds all records many times over, so that a full disk is not what is tested.
const DISK_BYTES: u64 = 512 << 20;

/// Cuts once it is told to. Python, for the call takes unsafe code, which no crate here has: `FS_IOC_SHUTDOWN` with
/// `NOLOGFLUSH`, from the kernel's `fs.h`.
const CUT: &str = "
import fcntl, os, struct, sys
disk = os.open(sys.argv[1], os.O_RDONLY)
print('ready', flush=True)
sys.stdin.read(1)
fcntl.ioctl(disk, 0x8004587d, struct.pack('I', 2))
";

/// A process that cuts the power when it gets a byte.
fn switch(disk: &Disk) -> Child {
    let mut switch = Command::new("python3")
        .args(["-c", CUT])
        .arg(&disk.mount)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    switch
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    switch
}

#[test]
fn nothing_acknowledged_is_lost_or_torn_by_power_cuts() {
    let cuts = std::env::var(CUTS).map_or(DEFAULT_CUTS, |text| text.parse().unwrap());
    let Some(mut disk) = Disk::make(DISK_BYTES) else {
        return;
    };
    let data_dir = disk.mount.join("data");
    let mut newest = Newest::default();
    let mut failed_writers = 0_u64;
    for cut in 0..cuts {
        let mut switch = switch(&disk);
        let mut writer = lanes::start_writer(&data_dir, "exec \"$@\"");
        let lines = lanes::await_ready(&mut writer);
        let cutter = thread::spawn(move || {
            lanes::wait_for_any_moment(cut);
            switch.stdin.take().unwrap().write_all(b"!").unwrap();
            assert!(switch.wait().unwrap().success());
        });
        // The writer ends by itself: without power no commit succeeds.
        let lines = lines.inspect(|line| failed_writers += u64::from(line.starts_with("failed")));
        lanes::take_in(&mut newest, lines);
        cutter.join().unwrap();
        writer.wait().unwrap();
        assert!(disk.comes_back());
        newest = lanes::check(&*lanes::open(&data_dir), newest);
    }
    assert!(
        failed_writers >= cuts,
        "{failed_writers} of {cuts} cuts were noticed"
    );
    let commits: u64 = newest.iter().sum();
    assert!(commits > cuts, "hardly anything was written: {newest:?}");
    println!("{cuts} power cuts, {commits} commits");
}
