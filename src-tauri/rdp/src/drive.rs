//! A folder of this computer as a drive of the machine (MS-RDPEFS), by the wishes of its owner.
//!
//! | module | holds |
//! | --- | --- |
//! | `path` | what the machine calls a file, and which names it may |
//! | `folder` | the folder on the disk, which nothing leads out of |
//! | `files`, `listing`, `refusal` | opened files, each request and its answer |
//! | `describe` | what is told of files and of the disk |
//!
//! The disk has a thread of its own, and what goes over what may wait for it is refused: whatever it does, no picture waits.

mod describe;
mod files;
mod folder;
mod listing;
mod path;
mod refusal;

use crate::limits::STEP_LIMIT;
use files::{Files, MAX_BYTES, MAX_OPEN};
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
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The only device there is.
const DEVICE: u32 = 1;
/// Requests that wait for the disk. Overflow: they are refused.
const WAITING_REQUESTS: usize = 64;
/// What they hold, in bytes. Overflow: they are refused.
const WAITING_BYTES: usize = 16 << 20;
/// Files are closed also beyond that, each of them: the machine thinks of a file that it closed as closed whatever we say.
const QUEUE: usize = WAITING_REQUESTS + MAX_OPEN;
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
    /// Opens it, unless its disk takes longer than the machine would wait.
    ///
    /// # Errors
    /// Why it cannot be lent, for a person.
    pub async fn open(self) -> Result<Opened, String> {
        let named = self.folder.clone();
        let fail = |why: &str| format!("The folder {named} is not shared: {why}.");
        let path = whole(&self.folder).ok_or_else(|| fail("its whole path is needed"))?;
        let label = label(&path);
        let is_read_only = self.is_read_only;
        let (opened, is_open) = Opened::begin(label, move || Folder::open(&path, is_read_only))
            .map_err(|error| fail(&error.to_string()))?;
        let is_open = timeout(STEP_LIMIT, is_open)
            .await
            .map_err(|_| fail("it does not answer"))?;
        match is_open.map_err(|_| fail("it cannot be opened"))? {
            Ok(()) => Ok(opened),
            Err(Errno::NOENT) => Err(fail("there is none")),
            Err(Errno::NOTDIR) => Err(fail("it is no folder")),
            Err(Errno::ACCESS) => Err(fail("it may not be read")),
            Err(Errno::NOSYS) => Err(fail("that takes Linux 5.6 or newer")),
            Err(error) => Err(fail(&error.to_string())),
        }
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
    /// Begins to open a folder, and what tells what came of it. That is the disk's thread: one that hangs is waited for by
    /// nobody, not even by a program that ends.
    fn begin(
        label: String,
        open: impl FnOnce() -> rustix::io::Result<Folder> + Send + 'static,
    ) -> std::io::Result<(Self, oneshot::Receiver<rustix::io::Result<()>>)> {
        let (orders, waiting) = blocking::sync_channel(QUEUE);
        let (answer, answers) = mpsc::channel(WAITING_ANSWERS);
        let (tell, is_open) = oneshot::channel();
        let load = Arc::new(Load::default());
        let (named, worker_load) = (label.clone(), Arc::clone(&load));
        let work = move || match open() {
            Ok(folder) => {
                if tell.send(Ok(())).is_ok() {
                    serve(Files::new(folder, named), &waiting, &answer, &worker_load);
                }
            }
            // Who asked may have given up.
            Err(error) => tell.send(Err(error)).unwrap_or_default(),
        };
        std::thread::Builder::new()
            .name("rdp drive".to_owned())
            .spawn(work)?;
        let opened = Self {
            backend: Backend { orders, load },
            label,
            answers,
        };
        Ok((opened, is_open))
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

/// The drive, as the session asks about it.
#[derive(Debug, Default)]
pub struct Drive(Option<Arc<Load>>);

impl Drive {
    /// The message of an answer, unless the machine has begun with the drive anew since it asked.
    pub fn message(&self, answer: Answer) -> Option<SvcMessage> {
        let load = self.0.as_ref()?;
        (load.begun() == answer.begun).then(|| SvcMessage::from(answer.message))
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

impl Load {
    fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Takes a request that holds so many bytes, if there is room for it.
    fn take(&self, held: usize, is_close: bool) -> bool {
        let has_room = self.requests.load(Ordering::Relaxed) < WAITING_REQUESTS
            && self.bytes.load(Ordering::Relaxed).saturating_add(held) <= WAITING_BYTES;
        if has_room || is_close {
            self.requests.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(held, Ordering::Relaxed);
        }
        has_room || is_close
    }

    fn give_back(&self, held: usize) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(held, Ordering::Relaxed);
    }
}

enum Order {
    /// A request, and how often the machine had begun with the drive.
    Answer(u32, ServerDriveIoRequest),
    /// It begins anew: that is looked at for every order, this one only says that it is time to.
    Reset,
}

/// Does what waits for the disk, one after the other, until the session is gone.
fn serve(
    mut files: Files,
    orders: &blocking::Receiver<Order>,
    answers: &mpsc::Sender<Answer>,
    load: &Load,
) {
    let mut begun = 0;
    for order in orders {
        if load.begun() != begun {
            begun = load.begun();
            files.reset();
        }
        let Order::Answer(asked, request) = order else {
            continue;
        };
        let held = weight(&request);
        let is_over = || answers.is_closed() || load.begun() != begun;
        // What was asked before means files that are closed, if not others.
        let message = (asked == begun).then(|| files.answer(request, &is_over));
        load.give_back(held);
        if let Some(message) = message
            && answers.blocking_send(Answer { begun, message }).is_err()
        {
            return;
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
        // A queue that is full has orders enough for the disk's thread to notice by.
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
        let is_close = matches!(request, ServerDriveIoRequest::DeviceCloseRequest(_));
        if !self.load.take(held, is_close) {
            let refused = refusal::answer(request, NtStatus::INSUFFICIENT_RESOURCES);
            return Ok(vec![refused.into()]);
        }
        let order = Order::Answer(self.load.begun(), request);
        let Err(blocking::TrySendError::Full(back) | blocking::TrySendError::Disconnected(back)) =
            self.orders.try_send(order)
        else {
            return Ok(Vec::new());
        };
        self.load.give_back(held);
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
