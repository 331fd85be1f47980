//! What the machine asks of the shared folder, answered: opened files, what is read, written and told of them.

use super::describe;
use super::folder::Folder;
use super::listing::Listing;
use super::path::{Inner, Pattern};
use super::refusal::{self, status};
use ironrdp_rdpdr::pdu::RdpdrPdu;
use ironrdp_rdpdr::pdu::efs::{
    ClientDriveQueryDirectoryResponse, ClientDriveQueryInformationResponse,
    ClientDriveQueryVolumeInformationResponse, CreateDisposition, CreateOptions, DesiredAccess,
    DeviceCloseResponse, DeviceCreateRequest, DeviceCreateResponse, DeviceFlushBuffersResponse,
    DeviceIoResponse, DeviceReadRequest, DeviceReadResponse, DeviceWriteRequest,
    DeviceWriteResponse, FileBasicInformation, FileInformationClass, FileInformationClassLevel,
    Information, NtStatus, ServerDriveIoRequest, ServerDriveQueryDirectoryRequest,
    ServerDriveSetInformationRequest,
};
use rustix::fs::{
    OFlags, Stat, Timespec, Timestamps, UTIME_OMIT, fdatasync, fstat, fstatvfs, ftruncate, futimens,
};
use rustix::io::{Errno, pread, pwrite};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

/// Files that the machine has open: each is a descriptor of this program, which has others to keep.
pub const MAX_OPEN: usize = 128;
/// Folders among them that are being told: each has one more descriptor.
pub const MAX_LISTINGS: usize = 16;
/// What is read or written by one request. Windows asks for less than a quarter of it.
pub const MAX_BYTES: usize = 4 << 20;

type Answer<T> = Result<T, NtStatus>;

/// The opened files of a shared folder.
#[derive(Debug)]
pub struct Files {
    folder: Folder,
    label: String,
    open: BTreeMap<u32, Open>,
    next: u32,
}

/// An opened file or folder.
#[derive(Debug)]
struct Open {
    inner: Inner,
    descriptor: OwnedFd,
    /// Whether it is removed once it is closed.
    is_deleted: bool,
    /// The folder's files that are told one by one.
    listing: Option<Listing>,
}

impl Files {
    /// Those of a folder, of which none is open. The machine is told `label` as the disk's name.
    pub fn new(folder: Folder, label: String) -> Self {
        let open = BTreeMap::new();
        Self {
            folder,
            label,
            open,
            next: 1,
        }
    }

    /// Closes everything, and removes nothing.
    pub fn reset(&mut self) {
        self.open.clear();
    }

    /// Does what a request asks for, and says what came of it; what takes long ends once nobody waits for it.
    pub fn answer(
        &mut self,
        request: ServerDriveIoRequest,
        is_over: &dyn Fn() -> bool,
    ) -> RdpdrPdu {
        use ServerDriveIoRequest as Ask;
        match request {
            Ask::ServerCreateDriveRequest(asked) => {
                let (status, file_id, information) = match self.create(&asked) {
                    Ok((file, information)) => (NtStatus::SUCCESS, file, information),
                    Err(status) => (status, 0, Information::empty()),
                };
                RdpdrPdu::DeviceCreateResponse(DeviceCreateResponse {
                    device_io_reply: DeviceIoResponse::new(asked.device_io_request, status),
                    file_id,
                    information,
                })
            }
            Ask::DeviceCloseRequest(asked) => {
                let status = said(self.close(asked.device_io_request.file_id));
                RdpdrPdu::DeviceCloseResponse(DeviceCloseResponse {
                    device_io_response: DeviceIoResponse::new(asked.device_io_request, status),
                })
            }
            Ask::DeviceReadRequest(asked) => {
                let (status, read_data) = match self.read(&asked) {
                    Ok(bytes) => (NtStatus::SUCCESS, bytes),
                    Err(status) => (status, Vec::new()),
                };
                RdpdrPdu::DeviceReadResponse(DeviceReadResponse {
                    device_io_reply: DeviceIoResponse::new(asked.device_io_request, status),
                    read_data,
                })
            }
            Ask::DeviceWriteRequest(asked) => {
                let (status, length) = match self.write(&asked) {
                    Ok(length) => (NtStatus::SUCCESS, length),
                    Err(status) => (status, 0),
                };
                RdpdrPdu::DeviceWriteResponse(DeviceWriteResponse {
                    device_io_reply: DeviceIoResponse::new(asked.device_io_request, status),
                    length,
                })
            }
            Ask::DeviceFlushBuffersRequest(asked) => {
                let status = said(self.flush(asked.device_io_request.file_id));
                RdpdrPdu::DeviceFlushBuffersResponse(DeviceFlushBuffersResponse {
                    device_io_response: DeviceIoResponse::new(asked.device_io_request, status),
                })
            }
            Ask::ServerDriveQueryInformationRequest(asked) => {
                let id = asked.device_io_request.file_id;
                let (status, buffer) = parts(self.tell(id, &asked.file_info_class_lvl));
                RdpdrPdu::ClientDriveQueryInformationResponse(ClientDriveQueryInformationResponse {
                    device_io_response: DeviceIoResponse::new(asked.device_io_request, status),
                    buffer,
                })
            }
            Ask::ServerDriveQueryDirectoryRequest(asked) => {
                let (status, buffer) = parts(self.next_entry(&asked, is_over));
                RdpdrPdu::ClientDriveQueryDirectoryResponse(ClientDriveQueryDirectoryResponse {
                    device_io_reply: DeviceIoResponse::new(asked.device_io_request, status),
                    buffer,
                })
            }
            Ask::ServerDriveQueryVolumeInformationRequest(asked) => {
                let disk = fstatvfs(self.folder.root()).map_err(status);
                let is_read_only = self.folder.is_read_only;
                let told = disk.and_then(|disk| {
                    describe::disk(&asked.fs_info_class_lvl, &disk, &self.label, is_read_only)
                        .ok_or(NtStatus::NOT_SUPPORTED)
                });
                let (status, buffer) = parts(told);
                RdpdrPdu::ClientDriveQueryVolumeInformationResponse(
                    ClientDriveQueryVolumeInformationResponse::new(
                        asked.device_io_request,
                        status,
                        buffer,
                    ),
                )
            }
            Ask::ServerDriveSetInformationRequest(asked) => {
                let status = said(self.change(&asked));
                refusal::changed(&asked, status)
            }
            other => refusal::answer(other, NtStatus::NOT_SUPPORTED),
        }
    }

    fn create(&mut self, asked: &DeviceCreateRequest) -> Answer<(u32, Information)> {
        use CreateDisposition as Wish;
        if self.open.len() >= MAX_OPEN {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let inner = Inner::of(&asked.path).ok_or(NtStatus::OBJECT_NAME_INVALID)?;
        let (wish, options) = (asked.create_disposition, &asked.create_options);
        let replaces = match wish {
            Wish::FILE_OPEN | Wish::FILE_CREATE | Wish::FILE_OPEN_IF => false,
            Wish::FILE_SUPERSEDE | Wish::FILE_OVERWRITE | Wish::FILE_OVERWRITE_IF => true,
            _ => return Err(NtStatus::INVALID_PARAMETER),
        };
        let is_deleted = options.contains(CreateOptions::FILE_DELETE_ON_CLOSE);
        let changes = replaces || is_deleted || wish == Wish::FILE_CREATE;
        if self.folder.is_read_only && changes {
            return Err(NtStatus::MEDIA_WRITE_PROTECTED);
        }
        let there = match wish {
            Wish::FILE_CREATE => None,
            _ => match self.folder_or_file(&inner, &asked.desired_access, replaces) {
                Err(Errno::NOENT) if !matches!(wish, Wish::FILE_OPEN | Wish::FILE_OVERWRITE) => {
                    None
                }
                opened => Some(opened.map_err(status)?),
            },
        };
        let (descriptor, information) = match there {
            Some((descriptor, stat)) => {
                fits(options, &stat)?;
                if replaces {
                    if describe::is_folder(&stat) {
                        return Err(NtStatus::OBJECT_NAME_COLLISION);
                    }
                    ftruncate(&descriptor, 0).map_err(status)?;
                }
                let information = match wish {
                    Wish::FILE_SUPERSEDE => Information::FILE_SUPERSEDED,
                    _ if replaces => Information::FILE_OVERWRITTEN,
                    _ => Information::FILE_OPENED,
                };
                (descriptor, information)
            }
            None => {
                if self.folder.is_read_only {
                    return Err(NtStatus::MEDIA_WRITE_PROTECTED);
                }
                if !inner.can_be_made() {
                    return Err(NtStatus::OBJECT_NAME_INVALID);
                }
                let made = match options.contains(CreateOptions::FILE_DIRECTORY_FILE) {
                    true => self.folder.make_folder(&inner),
                    false => self.folder.make_file(&inner),
                };
                let (descriptor, _) = made.map_err(status)?;
                (descriptor, Information::FILE_CREATED)
            }
        };
        let id = self.free_id();
        let open = Open {
            inner,
            descriptor,
            is_deleted,
            listing: None,
        };
        self.open.insert(id, open);
        Ok((id, information))
    }

    /// Opens what is there, for writing where that is asked for.
    fn folder_or_file(
        &self,
        inner: &Inner,
        access: &DesiredAccess,
        replaces: bool,
    ) -> rustix::io::Result<(OwnedFd, Stat)> {
        let writing = DesiredAccess::FILE_WRITE_DATA_OR_FILE_ADD_FILE
            | DesiredAccess::FILE_APPEND_DATA_OR_FILE_ADD_SUBDIRECTORY
            | DesiredAccess::GENERIC_WRITE
            | DesiredAccess::GENERIC_ALL;
        if self.folder.is_read_only {
            return match access.intersects(writing | DesiredAccess::DELETE) {
                true => Err(Errno::ROFS),
                false => self.folder.file(inner, OFlags::RDONLY),
            };
        }
        if replaces || access.intersects(writing) {
            return self.folder.file(inner, OFlags::RDWR);
        }
        if access.contains(DesiredAccess::MAXIMUM_ALLOWED) {
            match self.folder.file(inner, OFlags::RDWR) {
                Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {}
                opened => return opened,
            }
        }
        self.folder.file(inner, OFlags::RDONLY)
    }

    fn free_id(&mut self) -> u32 {
        // No more than MAX_OPEN are taken.
        while self.next == 0 || self.open.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        id
    }

    fn opened(&self, id: u32) -> Answer<&Open> {
        self.open.get(&id).ok_or(NtStatus::INVALID_HANDLE)
    }

    /// One that may be changed.
    fn changeable(&self, id: u32) -> Answer<&Open> {
        let open = self.opened(id)?;
        match self.folder.is_read_only {
            true => Err(NtStatus::MEDIA_WRITE_PROTECTED),
            false => Ok(open),
        }
    }

    fn close(&mut self, id: u32) -> Answer<()> {
        let open = self.open.remove(&id).ok_or(NtStatus::INVALID_HANDLE)?;
        match open.is_deleted {
            true => self
                .folder
                .remove(&open.inner, &open.descriptor)
                .map_err(status),
            false => Ok(()),
        }
    }

    fn read(&self, asked: &DeviceReadRequest) -> Answer<Vec<u8>> {
        let open = self.opened(asked.device_io_request.file_id)?;
        let wanted = usize::try_from(asked.length).unwrap_or(usize::MAX);
        if wanted > MAX_BYTES {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let stat = fstat(&open.descriptor).map_err(status)?;
        if describe::is_folder(&stat) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        // No more than what is there is made room for.
        let left = u64::try_from(stat.st_size)
            .unwrap_or(0)
            .saturating_sub(asked.offset);
        let mut bytes = vec![0; wanted.min(usize::try_from(left).unwrap_or(wanted))];
        let mut count = 0;
        while let Some(rest) = bytes.get_mut(count..).filter(|rest| !rest.is_empty()) {
            let offset = asked.offset.saturating_add(count as u64);
            match pread(&open.descriptor, rest, offset) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(Errno::INTR) => {}
                Err(error) => return Err(status(error)),
            }
        }
        bytes.truncate(count);
        Ok(bytes)
    }

    fn write(&self, asked: &DeviceWriteRequest) -> Answer<u32> {
        let open = self.changeable(asked.device_io_request.file_id)?;
        let mut count = 0;
        while let Some(rest) = asked
            .write_data
            .get(count..)
            .filter(|rest| !rest.is_empty())
        {
            let offset = asked.offset.saturating_add(count as u64);
            match pwrite(&open.descriptor, rest, offset) {
                Ok(0) => return Err(NtStatus::DISK_FULL),
                Ok(more) => count += more,
                Err(Errno::INTR) => {}
                Err(error) => return Err(status(error)),
            }
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn flush(&self, id: u32) -> Answer<()> {
        fdatasync(&self.opened(id)?.descriptor).map_err(status)
    }

    fn tell(&self, id: u32, class: &FileInformationClassLevel) -> Answer<FileInformationClass> {
        let open = self.opened(id)?;
        let stat = fstat(&open.descriptor).map_err(status)?;
        describe::file(class, &stat, open.is_deleted).ok_or(NtStatus::NOT_SUPPORTED)
    }

    /// The next file of a folder that has the wanted name.
    fn next_entry(
        &mut self,
        asked: &ServerDriveQueryDirectoryRequest,
        is_over: &dyn Fn() -> bool,
    ) -> Answer<FileInformationClass> {
        let id = asked.device_io_request.file_id;
        let is_first = asked.initial_query != 0;
        if is_first {
            // One that begins anew is none of the others.
            self.open
                .get_mut(&id)
                .ok_or(NtStatus::INVALID_HANDLE)?
                .listing = None;
        }
        let is_listing = |open: &&Open| matches!(open.listing, Some(Listing::Begun(_)));
        let count = self.open.values().filter(is_listing).count();
        let open = self.open.get_mut(&id).ok_or(NtStatus::INVALID_HANDLE)?;
        if is_first {
            if count >= MAX_LISTINGS {
                return Err(NtStatus::INSUFFICIENT_RESOURCES);
            }
            let pattern = asked.path.rsplit('\\').next().unwrap_or_default();
            let pattern = Pattern::of(pattern).ok_or(NtStatus::OBJECT_NAME_INVALID)?;
            open.listing = Some(Listing::of(&open.descriptor, pattern).map_err(status)?);
        }
        let listing = open.listing.as_mut().ok_or(NtStatus::INVALID_PARAMETER)?;
        match listing.next(&open.descriptor, is_over).map_err(status)? {
            Some((name, stat)) => describe::entry(&asked.file_info_class_lvl, &stat, name)
                .ok_or(NtStatus::NOT_SUPPORTED),
            None if is_first => Err(NtStatus::NO_SUCH_FILE),
            None => Err(NtStatus::NO_MORE_FILES),
        }
    }

    fn change(&mut self, asked: &ServerDriveSetInformationRequest) -> Answer<()> {
        let id = asked.device_io_request.file_id;
        let open = self.changeable(id)?;
        match &asked.set_buffer {
            FileInformationClass::Basic(basic) => set_times(open, basic),
            FileInformationClass::EndOfFile(wanted) => resize(open, wanted.end_of_file),
            FileInformationClass::Allocation(wanted) => {
                // Room is made when it is written to; what lies beyond goes.
                let stat = fstat(&open.descriptor).map_err(status)?;
                match wanted.allocation_size < stat.st_size {
                    true => resize(open, wanted.allocation_size),
                    false => Ok(()),
                }
            }
            FileInformationClass::Disposition(wanted) => {
                let is_deleted = wanted.delete_pending != 0;
                if is_deleted {
                    open.inner.split().ok_or(NtStatus::ACCESS_DENIED)?;
                    let stat = fstat(&open.descriptor).map_err(status)?;
                    if describe::is_folder(&stat)
                        && !Folder::is_empty(&open.descriptor).map_err(status)?
                    {
                        return Err(NtStatus::DIRECTORY_NOT_EMPTY);
                    }
                }
                let open = self.open.get_mut(&id).ok_or(NtStatus::INVALID_HANDLE)?;
                open.is_deleted = is_deleted;
                Ok(())
            }
            FileInformationClass::Rename(wanted) => {
                let to = Inner::of(&wanted.file_name).ok_or(NtStatus::OBJECT_NAME_INVALID)?;
                if !to.can_be_made() {
                    return Err(NtStatus::OBJECT_NAME_INVALID);
                }
                let replaces = u8::from(wanted.replace_if_exists) != 0;
                self.folder
                    .rename(&open.inner, &open.descriptor, &to, replaces)
                    .map_err(status)?;
                let open = self.open.get_mut(&id).ok_or(NtStatus::INVALID_HANDLE)?;
                open.inner = to;
                Ok(())
            }
            _ => Err(NtStatus::NOT_SUPPORTED),
        }
    }
}

/// Whether what is there is of the wanted kind.
fn fits(options: &CreateOptions, stat: &Stat) -> Answer<()> {
    match describe::is_folder(stat) {
        true if options.contains(CreateOptions::FILE_NON_DIRECTORY_FILE) => {
            Err(NtStatus::FILE_IS_A_DIRECTORY)
        }
        false if options.contains(CreateOptions::FILE_DIRECTORY_FILE) => {
            Err(NtStatus::NOT_A_DIRECTORY)
        }
        _ => Ok(()),
    }
}

/// Sets the times that are told; other attributes of Windows have no like here, and are not kept.
fn set_times(open: &Open, basic: &FileBasicInformation) -> Answer<()> {
    const AS_IS: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_OMIT,
    };
    let times = Timestamps {
        last_access: describe::time(basic.last_access_time).unwrap_or(AS_IS),
        last_modification: describe::time(basic.last_write_time).unwrap_or(AS_IS),
    };
    futimens(&open.descriptor, &times).map_err(status)
}

fn resize(open: &Open, length: i64) -> Answer<()> {
    let length = u64::try_from(length).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    ftruncate(&open.descriptor, length).map_err(|error| match error {
        // It was opened for reading.
        Errno::INVAL => NtStatus::ACCESS_DENIED,
        error => status(error),
    })
}

fn said(done: Answer<()>) -> NtStatus {
    done.err().unwrap_or(NtStatus::SUCCESS)
}

fn parts<T>(told: Answer<T>) -> (NtStatus, Option<T>) {
    match told {
        Ok(told) => (NtStatus::SUCCESS, Some(told)),
        Err(status) => (status, None),
    }
}
