//! What the machine is told of files, folders and the disk they lie on (MS-FSCC 2.4 and 2.5).

use ironrdp_rdpdr::pdu::efs::{
    Boolean, Characteristics, FileAttributeTagInformation, FileAttributes, FileBasicInformation,
    FileBothDirectoryInformation, FileDirectoryInformation, FileFsAttributeInformation,
    FileFsDeviceInformation, FileFsFullSizeInformation, FileFsSizeInformation,
    FileFsVolumeInformation, FileFullDirectoryInformation, FileInformationClass,
    FileInformationClassLevel, FileNamesInformation, FileStandardInformation, FileSystemAttributes,
    FileSystemInformationClass, FileSystemInformationClassLevel,
};
use rustix::fs::{FileType, Stat, StatVfs, Timespec};

/// From the year 1601, where Windows begins to count, to 1970, in seconds.
const EPOCH: i64 = 11_644_473_600;
/// Windows counts these.
const TICKS_PER_SECOND: i64 = 10_000_000;
/// A disk (MS-RDPEFS 2.2.3.3.6, after FILE_DEVICE_DISK).
const DISK: u32 = 7;
/// What the kind of file system is called there. One that Windows knows would promise what that one has.
const SYSTEM: &str = "Farwire";
/// Sizes of disks are told in parts of this many bytes.
const SECTOR: u32 = 512;

/// Whether it is a folder.
pub fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// What is told of an opened file; `None` for what is not known of files here.
pub fn file(
    class: &FileInformationClassLevel,
    stat: &Stat,
    is_deleted: bool,
) -> Option<FileInformationClass> {
    let times = Times::of(stat);
    let file_attributes = attributes(stat);
    Some(match *class {
        FileInformationClassLevel::FILE_BASIC_INFORMATION => {
            FileInformationClass::Basic(FileBasicInformation {
                creation_time: times.made,
                last_access_time: times.read,
                last_write_time: times.written,
                change_time: times.changed,
                file_attributes,
            })
        }
        FileInformationClassLevel::FILE_STANDARD_INFORMATION => {
            FileInformationClass::Standard(FileStandardInformation {
                allocation_size: stat.st_blocks.saturating_mul(512),
                end_of_file: size(stat),
                number_of_links: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
                delete_pending: truth(is_deleted),
                directory: truth(is_folder(stat)),
            })
        }
        FileInformationClassLevel::FILE_ATTRIBUTE_TAG_INFORMATION => {
            FileInformationClass::AttributeTag(FileAttributeTagInformation {
                file_attributes,
                reparse_tag: 0,
            })
        }
        _ => return None,
    })
}

/// What is told of one file among those of a folder; `None` for what is not known of them here.
pub fn entry(
    class: &FileInformationClassLevel,
    stat: &Stat,
    name: String,
) -> Option<FileInformationClass> {
    let Times {
        made,
        read,
        written,
        changed,
    } = Times::of(stat);
    let (size, attributes) = (size(stat), attributes(stat));
    Some(match *class {
        FileInformationClassLevel::FILE_DIRECTORY_INFORMATION => FileInformationClass::Directory(
            FileDirectoryInformation::new(made, read, written, changed, size, attributes, name),
        ),
        FileInformationClassLevel::FILE_FULL_DIRECTORY_INFORMATION => {
            FileInformationClass::FullDirectory(FileFullDirectoryInformation::new(
                made, read, written, changed, size, attributes, name,
            ))
        }
        FileInformationClassLevel::FILE_BOTH_DIRECTORY_INFORMATION => {
            FileInformationClass::BothDirectory(FileBothDirectoryInformation::new(
                made, read, written, changed, size, attributes, name,
            ))
        }
        FileInformationClassLevel::FILE_NAMES_INFORMATION => {
            FileInformationClass::Names(FileNamesInformation::new(name))
        }
        _ => return None,
    })
}

/// What is told of the disk; `None` for what is not known of it here.
pub fn disk(
    class: &FileSystemInformationClassLevel,
    disk: &StatVfs,
    label: &str,
    is_read_only: bool,
) -> Option<FileSystemInformationClass> {
    let parts = disk.f_frsize / u64::from(SECTOR);
    let sectors_per_alloc_unit = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
    let count = |blocks: u64| i64::try_from(blocks).unwrap_or(i64::MAX);
    let available = count(disk.f_bavail);
    Some(match *class {
        FileSystemInformationClassLevel::FILE_FS_VOLUME_INFORMATION => {
            FileSystemInformationClass::FileFsVolumeInformation(FileFsVolumeInformation {
                volume_creation_time: 0,
                volume_serial_number: 0,
                supports_objects: Boolean::False,
                volume_label: label.to_owned(),
            })
        }
        FileSystemInformationClassLevel::FILE_FS_SIZE_INFORMATION => {
            FileSystemInformationClass::FileFsSizeInformation(FileFsSizeInformation {
                total_alloc_units: count(disk.f_blocks),
                available_alloc_units: available,
                sectors_per_alloc_unit,
                bytes_per_sector: SECTOR,
            })
        }
        FileSystemInformationClassLevel::FILE_FS_FULL_SIZE_INFORMATION => {
            FileSystemInformationClass::FileFsFullSizeInformation(FileFsFullSizeInformation {
                total_alloc_units: count(disk.f_blocks),
                caller_available_alloc_units: available,
                actual_available_alloc_units: count(disk.f_bfree),
                sectors_per_alloc_unit,
                bytes_per_sector: SECTOR,
            })
        }
        FileSystemInformationClassLevel::FILE_FS_ATTRIBUTE_INFORMATION => {
            let mut file_system_attributes = FileSystemAttributes::FILE_CASE_SENSITIVE_SEARCH
                | FileSystemAttributes::FILE_CASE_PRESERVED_NAMES
                | FileSystemAttributes::FILE_UNICODE_ON_DISK;
            file_system_attributes.set(FileSystemAttributes::FILE_READ_ONLY_VOLUME, is_read_only);
            FileSystemInformationClass::FileFsAttributeInformation(FileFsAttributeInformation {
                file_system_attributes,
                max_component_name_len: 255,
                file_system_name: SYSTEM.to_owned(),
            })
        }
        FileSystemInformationClassLevel::FILE_FS_DEVICE_INFORMATION => {
            let mut characteristics = Characteristics::FILE_REMOTE_DEVICE;
            characteristics.set(Characteristics::FILE_READ_ONLY_DEVICE, is_read_only);
            FileSystemInformationClass::FileFsDeviceInformation(FileFsDeviceInformation {
                device_type: DISK,
                characteristics,
            })
        }
        _ => return None,
    })
}

/// A time of Windows as one of this computer; `None` where it is to stay as it is (MS-FSCC 2.4.7).
pub fn time(ticks: i64) -> Option<Timespec> {
    (ticks > 0).then(|| Timespec {
        tv_sec: ticks.div_euclid(TICKS_PER_SECOND) - EPOCH,
        tv_nsec: ticks.rem_euclid(TICKS_PER_SECOND) * 100,
    })
}

/// When things were done to a file, as Windows counts.
struct Times {
    made: i64,
    read: i64,
    written: i64,
    changed: i64,
}

impl Times {
    fn of(stat: &Stat) -> Self {
        let ticks = |seconds: i64, nanoseconds: u64| {
            let parts = i64::try_from(nanoseconds / 100).unwrap_or(0);
            let seconds = seconds.saturating_add(EPOCH);
            seconds
                .saturating_mul(TICKS_PER_SECOND)
                .saturating_add(parts)
        };
        let written = ticks(stat.st_mtime, stat.st_mtime_nsec);
        Self {
            // Not every file system knows it: no file was written before it was made.
            made: written,
            read: ticks(stat.st_atime, stat.st_atime_nsec),
            written,
            changed: ticks(stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

fn attributes(stat: &Stat) -> FileAttributes {
    match is_folder(stat) {
        true => FileAttributes::FILE_ATTRIBUTE_DIRECTORY,
        false => FileAttributes::FILE_ATTRIBUTE_ARCHIVE,
    }
}

/// Folders have none.
fn size(stat: &Stat) -> i64 {
    match is_folder(stat) {
        true => 0,
        false => stat.st_size,
    }
}

fn truth(is: bool) -> Boolean {
    match is {
        true => Boolean::True,
        false => Boolean::False,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_same_both_ways() {
        // 2024-01-02 03:04:05.6 by Windows' count.
        let ticks = 133_486_238_456_000_000;
        let there = time(ticks).unwrap();
        assert_eq!((there.tv_sec, there.tv_nsec), (1_704_150_245, 600_000_000));
        for stays in [0, -1, i64::MIN] {
            assert!(time(stays).is_none(), "{stays}");
        }
    }
}
