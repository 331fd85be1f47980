//! A folder of this computer as a drive of the machine (MS-RDPEFS), by the wishes of its owner.
//!
//! | module | holds |
//! | --- | --- |
//! | `path` | what the machine calls a file, and which names it may |
//! | `folder` | the folder on the disk, which nothing leads out of |
//! | `files`, `refusal` | opened files, each request and its answer |
//! | `describe` | what is told of files and of the disk |
//!
//! The disk has a thread of its own: what takes it long keeps no picture waiting.

mod describe;
mod files;
mod folder;
mod path;
mod refusal;

use files::{Files, MAX_BYTES};
use folder::Folder;
use ironrdp_core::impl_as_any;
use ironrdp_pdu::PduResult;
use ironrdp_pdu::gcc::ChannelName;
use ironrdp_rdpdr::pdu::RdpdrPdu;
use ironrdp_rdpdr::pdu::efs::{
    DeviceControlRequest, NtStatus, ServerDeviceAnnounceResponse, ServerDriveIoRequest,
};
use ironrdp_rdpdr::pdu::esc::{ReturnCode, ScardCall, ScardIoCtlCode};
use ironrdp_rdpdr::{Rdpdr, RdpdrBackend};
use ironrdp_svc::{CompressionCondition, SvcClientProcessor, SvcMessage, SvcProcessor};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc as blocking;
use tokio::sync::mpsc;

/// The only device there is.
const DEVICE: u32 = 1;
/// Requests that wait for the disk before the machine is not read any more.
const WAITING_REQUESTS: usize = 64;
/// What they hold, in bytes, before it is not read any more.
const WAITING_BYTES: usize = 16 << 20;
/// Room behind that: whatever one message brings is taken.
const QUEUE: usize = WAITING_REQUESTS + 8;
/// Answers that wait for the session. Overflow: the disk waits.
const WAITING_ANSWERS: usize = 4;

/// What the owner of this computer lends a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    /// The folder, whole or below his home by `~/`.
    pub folder: String,
    /// Whether it may only be read.
    pub is_read_only: bool,
}

impl Lent {
    /// Opens it.
    ///
    /// # Errors
    /// Why it cannot be lent, for a person.
    pub async fn open(self) -> Result<Opened, String> {
        let named = self.folder.clone();
        let fail = |why: &str| format!("The folder {named} is not shared: {why}.");
        let path = whole(&self.folder).ok_or_else(|| fail("its whole path is needed"))?;
        let label = label(&path);
        let opening = move || Folder::open(&path, self.is_read_only);
        let opened = tokio::task::spawn_blocking(opening).await;
        let folder =
            opened
                .map_err(|_| fail("it cannot be opened"))?
                .map_err(|error| match error {
                    Errno::NOENT => fail("there is none"),
                    Errno::NOTDIR => fail("it is no folder"),
                    Errno::ACCESS => fail("it may not be read"),
                    Errno::NOSYS => fail("that takes Linux 5.6 or newer"),
                    error => fail(&error.to_string()),
                })?;
        Opened::new(folder, label).map_err(|error| fail(&error.to_string()))
    }
}

/// A path as the system takes it.
fn whole(named: &str) -> Option<PathBuf> {
    let path = match named.strip_prefix("~/") {
        Some(rest) => PathBuf::from(std::env::var_os("HOME")?).join(rest),
        None => PathBuf::from(named),
    };
    path.is_absolute().then_some(path)
}

/// What the machine calls the drive: the folder's name, as far as a drive may have it (MS-RDPEFS 2.2.1.3).
fn label(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let may_be = |letter: &char| letter.is_alphanumeric() || " _-.".contains(*letter);
    let name: String = name.chars().filter(may_be).take(32).collect();
    match name.trim() {
        "" => "Farwire".to_owned(),
        name => name.to_owned(),
    }
}

/// A folder that is lent: its channel's part, and what comes of it.
#[derive(Debug)]
pub struct Opened {
    backend: Backend,
    label: String,
    answers: mpsc::Receiver<Answer>,
}

impl Opened {
    fn new(folder: Folder, label: String) -> std::io::Result<Self> {
        let (orders, waiting) = blocking::sync_channel(QUEUE);
        let (answer, answers) = mpsc::channel(WAITING_ANSWERS);
        let load = Arc::new(Load::default());
        let files = Files::new(folder, label.clone());
        let (told, worker_load) = (answer, Arc::clone(&load));
        std::thread::Builder::new()
            .name("rdp drive".to_owned())
            .spawn(move || serve(files, &waiting, &told, &worker_load))?;
        Ok(Self {
            backend: Backend { orders, load },
            label,
            answers,
        })
    }

    /// The channel, on which this computer has this name, and what comes of the disk.
    pub fn parts(self, computer: String) -> (Channel, Drive, Answers) {
        let load = Arc::clone(&self.backend.load);
        let drives = Some(vec![(DEVICE, self.label)]);
        let channel = Rdpdr::new(Box::new(self.backend), computer).with_drives(drives);
        (
            Channel(channel),
            Drive(Some(load)),
            Answers(Some(self.answers)),
        )
    }
}

/// How much waits for the disk.
#[derive(Debug, Default)]
pub struct Drive(Option<Arc<Load>>);

impl Drive {
    /// Whether there is room for what a message asks of the disk.
    pub fn has_room(&self) -> bool {
        self.0.as_ref().is_none_or(|load| {
            load.requests.load(Ordering::Relaxed) < WAITING_REQUESTS
                && load.bytes.load(Ordering::Relaxed) < WAITING_BYTES
        })
    }

    /// The message of an answer, unless the machine has begun with the drive anew since it asked.
    pub fn message(&self, answer: Answer) -> Option<SvcMessage> {
        let load = self.0.as_ref()?;
        let is_fresh = load.begun.load(Ordering::Relaxed) == answer.begun;
        is_fresh.then(|| SvcMessage::from(answer.message))
    }
}

/// What the disk answered.
#[derive(Debug, Default)]
pub struct Answers(Option<mpsc::Receiver<Answer>>);

impl Answers {
    /// The next one; none ever without a drive. Cancel safe.
    pub async fn next(&mut self) -> Answer {
        if let Some(answers) = &mut self.0
            && let Some(answer) = answers.recv().await
        {
            return answer;
        }
        std::future::pending().await
    }
}

/// An answer to a request.
pub struct Answer {
    begun: u32,
    message: RdpdrPdu,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// What waits for the disk.
#[derive(Debug, Default)]
struct Load {
    requests: AtomicUsize,
    bytes: AtomicUsize,
    /// How often the machine began with the drive.
    begun: AtomicU32,
}

enum Order {
    Answer(u32, ServerDriveIoRequest),
    Reset,
}

/// Does what waits for the disk, one after the other, until the session is gone.
fn serve(
    mut files: Files,
    orders: &blocking::Receiver<Order>,
    answers: &mpsc::Sender<Answer>,
    load: &Load,
) {
    for order in orders {
        match order {
            Order::Reset => files.reset(),
            Order::Answer(begun, request) => {
                let held = weight(&request);
                let message = files.answer(request);
                load.requests.fetch_sub(1, Ordering::Relaxed);
                load.bytes.fetch_sub(held, Ordering::Relaxed);
                if answers.blocking_send(Answer { begun, message }).is_err() {
                    return;
                }
            }
        }
    }
}

/// What a request holds, in bytes.
fn weight(request: &ServerDriveIoRequest) -> usize {
    match request {
        ServerDriveIoRequest::DeviceWriteRequest(asked) => asked.write_data.len(),
        ServerDriveIoRequest::ServerCreateDriveRequest(asked) => asked.path.len(),
        ServerDriveIoRequest::ServerDriveQueryDirectoryRequest(asked) => asked.path.len(),
        ServerDriveIoRequest::ServerDriveSetInformationRequest(asked) => asked.set_buffer.size(),
        ServerDriveIoRequest::ServerDriveSetSecurityRequest(asked) => {
            asked.security_descriptor.len()
        }
        ServerDriveIoRequest::ServerDriveLockControlRequest(asked) => {
            asked.locks.len().saturating_mul(16)
        }
        _ => 0,
    }
}

/// Hands what the machine asks for to the disk's thread.
#[derive(Debug)]
struct Backend {
    orders: blocking::SyncSender<Order>,
    load: Arc<Load>,
}

impl_as_any!(Backend);

impl RdpdrBackend for Backend {
    fn reset(&mut self) -> PduResult<()> {
        self.load.begun.fetch_add(1, Ordering::Relaxed);
        // Only a disk's thread that is gone takes no order.
        self.orders.try_send(Order::Reset).unwrap_or_default();
        Ok(())
    }

    fn remove_drive(&mut self, _: u32) -> PduResult<Vec<SvcMessage>> {
        self.reset()?;
        Ok(Vec::new())
    }

    fn handle_server_device_announce_response(
        &mut self,
        answer: ServerDeviceAnnounceResponse,
    ) -> PduResult<()> {
        if answer.result_code != NtStatus::SUCCESS {
            tracing::info!(status = ?answer.result_code, "the machine takes no drive");
        }
        Ok(())
    }

    fn handle_scard_call(
        &mut self,
        asked: DeviceControlRequest<ScardIoCtlCode>,
        call: ScardCall,
    ) -> PduResult<Vec<SvcMessage>> {
        let response = call.error_response(asked, ReturnCode::NoService);
        Ok(vec![RdpdrPdu::DeviceControlResponse(response).into()])
    }

    fn handle_drive_io_request(
        &mut self,
        request: ServerDriveIoRequest,
    ) -> PduResult<Vec<SvcMessage>> {
        let held = weight(&request);
        if held > MAX_BYTES {
            let refused = refusal::answer(request, NtStatus::INVALID_PARAMETER);
            return Ok(vec![refused.into()]);
        }
        self.load.requests.fetch_add(1, Ordering::Relaxed);
        self.load.bytes.fetch_add(held, Ordering::Relaxed);
        let begun = self.load.begun.load(Ordering::Relaxed);
        let order = Order::Answer(begun, request);
        let Err(blocking::TrySendError::Full(back) | blocking::TrySendError::Disconnected(back)) =
            self.orders.try_send(order)
        else {
            return Ok(Vec::new());
        };
        self.load.requests.fetch_sub(1, Ordering::Relaxed);
        self.load.bytes.fetch_sub(held, Ordering::Relaxed);
        Ok(match back {
            Order::Answer(_, request) => {
                vec![refusal::answer(request, NtStatus::INSUFFICIENT_RESOURCES).into()]
            }
            Order::Reset => Vec::new(),
        })
    }
}

/// The channel of devices. What cannot be read on it is passed over: the session goes on without.
#[derive(Debug)]
pub struct Channel(Rdpdr);

impl_as_any!(Channel);

impl SvcProcessor for Channel {
    fn channel_name(&self) -> ChannelName {
        self.0.channel_name()
    }

    fn compression_condition(&self) -> CompressionCondition {
        self.0.compression_condition()
    }

    fn process(&mut self, payload: &[u8]) -> PduResult<Vec<SvcMessage>> {
        let answer = self.0.process(payload);
        Ok(answer.unwrap_or_else(|error| {
            tracing::debug!(error = %error.report(), "a message about drives was passed over");
            Vec::new()
        }))
    }
}

impl SvcClientProcessor for Channel {}

/// The channel of sound, on which nothing is said: Windows tells of drives only who has one (MS-RDPEFS, appendix A, 1). That
/// none is to be played is told while the session opens.
#[derive(Debug)]
pub struct Silence;

impl_as_any!(Silence);

impl SvcProcessor for Silence {
    fn channel_name(&self) -> ChannelName {
        ChannelName::from_static(b"rdpsnd\0\0")
    }

    fn process(&mut self, _: &[u8]) -> PduResult<Vec<SvcMessage>> {
        Ok(Vec::new())
    }
}

impl SvcClientProcessor for Silence {}

#[cfg(test)]
#[path = "drive/tests.rs"]
mod tests;
