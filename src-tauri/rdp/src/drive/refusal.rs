//! What is not done for the machine, and why, as Windows says it.

use ironrdp_rdpdr::pdu::RdpdrPdu;
use ironrdp_rdpdr::pdu::efs::{
    ClientDriveLockControlResponse, ClientDriveNotifyChangeDirectoryResponse,
    ClientDriveQueryDirectoryResponse, ClientDriveQueryInformationResponse,
    ClientDriveQuerySecurityResponse, ClientDriveQueryVolumeInformationResponse,
    ClientDriveSetInformationResponse, ClientDriveSetSecurityResponse, DeviceCloseResponse,
    DeviceControlResponse, DeviceCreateResponse, DeviceFlushBuffersResponse, DeviceIoRequest,
    DeviceIoResponse, DeviceReadResponse, DeviceWriteResponse, Information, NtStatus,
    ServerDriveIoRequest, ServerDriveSetInformationRequest,
};
use rustix::io::Errno;

/// The answer to a request that is not done.
pub fn answer(request: ServerDriveIoRequest, why: NtStatus) -> RdpdrPdu {
    use ServerDriveIoRequest as Ask;
    let reply = |asked: DeviceIoRequest| DeviceIoResponse::new(asked, why);
    match request {
        Ask::ServerCreateDriveRequest(asked) => {
            RdpdrPdu::DeviceCreateResponse(DeviceCreateResponse {
                device_io_reply: reply(asked.device_io_request),
                file_id: 0,
                information: Information::empty(),
            })
        }
        Ask::DeviceCloseRequest(asked) => RdpdrPdu::DeviceCloseResponse(DeviceCloseResponse {
            device_io_response: reply(asked.device_io_request),
        }),
        Ask::DeviceReadRequest(asked) => RdpdrPdu::DeviceReadResponse(DeviceReadResponse {
            device_io_reply: reply(asked.device_io_request),
            read_data: Vec::new(),
        }),
        Ask::DeviceWriteRequest(asked) => RdpdrPdu::DeviceWriteResponse(DeviceWriteResponse {
            device_io_reply: reply(asked.device_io_request),
            length: 0,
        }),
        Ask::DeviceFlushBuffersRequest(asked) => {
            RdpdrPdu::DeviceFlushBuffersResponse(DeviceFlushBuffersResponse {
                device_io_response: reply(asked.device_io_request),
            })
        }
        Ask::ServerDriveQueryInformationRequest(asked) => {
            RdpdrPdu::ClientDriveQueryInformationResponse(ClientDriveQueryInformationResponse {
                device_io_response: reply(asked.device_io_request),
                buffer: None,
            })
        }
        Ask::ServerDriveQueryDirectoryRequest(asked) => {
            RdpdrPdu::ClientDriveQueryDirectoryResponse(ClientDriveQueryDirectoryResponse {
                device_io_reply: reply(asked.device_io_request),
                buffer: None,
            })
        }
        Ask::ServerDriveQueryVolumeInformationRequest(asked) => {
            RdpdrPdu::ClientDriveQueryVolumeInformationResponse(
                ClientDriveQueryVolumeInformationResponse::new(asked.device_io_request, why, None),
            )
        }
        Ask::ServerDriveSetInformationRequest(asked) => changed(&asked, why),
        Ask::ServerDriveNotifyChangeDirectoryRequest(asked) => {
            RdpdrPdu::ClientDriveNotifyChangeDirectoryResponse(
                ClientDriveNotifyChangeDirectoryResponse::new(
                    asked.device_io_request,
                    why,
                    Vec::new(),
                ),
            )
        }
        Ask::DeviceControlRequest(asked) => RdpdrPdu::DeviceControlResponse(
            DeviceControlResponse::with_raw_output(asked.header, why, Vec::new()),
        ),
        Ask::ServerDriveLockControlRequest(asked) => RdpdrPdu::ClientDriveLockControlResponse(
            ClientDriveLockControlResponse::new(asked.device_io_request, why),
        ),
        Ask::ServerDriveQuerySecurityRequest(asked) => {
            RdpdrPdu::ClientDriveQuerySecurityResponse(ClientDriveQuerySecurityResponse {
                device_io_response: reply(asked.device_io_request),
                security_descriptor: None,
            })
        }
        Ask::ServerDriveSetSecurityRequest(asked) => {
            match ClientDriveSetSecurityResponse::new(&asked, why) {
                Ok(response) => RdpdrPdu::ClientDriveSetSecurityResponse(response),
                Err(_) => plain(reply(asked.device_io_request)),
            }
        }
    }
}

/// The answer to a request that changes what is known of a file, done or not.
pub fn changed(asked: &ServerDriveSetInformationRequest, status: NtStatus) -> RdpdrPdu {
    match ClientDriveSetInformationResponse::new(asked, status) {
        Ok(response) => RdpdrPdu::ClientDriveSetInformationResponse(response),
        // It has a name of four gigabytes, which no message holds.
        Err(_) => {
            let asked = asked.device_io_request.clone();
            plain(DeviceIoResponse::new(asked, status))
        }
    }
}

/// What every answer begins with.
fn plain(reply: DeviceIoResponse) -> RdpdrPdu {
    RdpdrPdu::DeviceFlushBuffersResponse(DeviceFlushBuffersResponse {
        device_io_response: reply,
    })
}

/// What went wrong, as Windows says it.
pub fn status(error: Errno) -> NtStatus {
    match error {
        Errno::NOENT => NtStatus::NO_SUCH_FILE,
        Errno::NOTDIR => NtStatus::OBJECT_PATH_NOT_FOUND,
        // Links and ways out are nobody's business there.
        Errno::ACCESS | Errno::PERM | Errno::BADF | Errno::LOOP | Errno::XDEV | Errno::NXIO => {
            NtStatus::ACCESS_DENIED
        }
        Errno::EXIST => NtStatus::OBJECT_NAME_COLLISION,
        Errno::ROFS => NtStatus::MEDIA_WRITE_PROTECTED,
        Errno::NOSPC | Errno::DQUOT => NtStatus::DISK_FULL,
        Errno::NOTEMPTY => NtStatus::DIRECTORY_NOT_EMPTY,
        Errno::ISDIR => NtStatus::FILE_IS_A_DIRECTORY,
        Errno::NAMETOOLONG => NtStatus::OBJECT_NAME_INVALID,
        Errno::INVAL | Errno::FBIG => NtStatus::INVALID_PARAMETER,
        Errno::BUSY | Errno::TXTBSY | Errno::AGAIN => NtStatus::SHARING_VIOLATION,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => NtStatus::INSUFFICIENT_RESOURCES,
        _ => NtStatus::UNSUCCESSFUL,
    }
}
