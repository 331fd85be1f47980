//! The transfers there are, and what can be asked of them.

use super::local::system_path;
use super::{carry, written};
use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::private_file::{is_inside, is_within, write_private};
use crate::random;
use crate::store::create_private_dirs;
use farwire_model::error::{ErrorBody, ErrorCode};
use farwire_model::event::{EventAction, EventKind};
use farwire_model::ids::TransferId;
use farwire_model::session::Channel;
use farwire_model::transfer::RemotePath;
use farwire_model::transfer_view::{Conflict, FilePlace, TransferState, TransferView};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};

/// Transfers that copy at once; each has a link of its own to its machine.
const AT_ONCE: usize = 3;
/// Transfers that are kept, also finished ones; the oldest finished one goes first.
const MAX_TRANSFERS: usize = 500;

/// What is to be copied.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// The file or folder.
    pub from: FilePlace,
    /// The copy itself; a path that ends with a slash means the source's name in that folder.
    pub to: FilePlace,
    /// What happens where something is there already.
    pub conflict: Conflict,
    /// Whether each copy is read again and compared.
    pub checksum: bool,
}

/// How much of a path is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The file or the folder's own entries.
    Itself,
    /// All that lies in it too.
    Everything,
}

/// What somebody wants of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Run,
    Pause,
    Cancel,
}

/// One transfer.
#[derive(Debug)]
pub(crate) struct Transfer {
    shown: Mutex<TransferView>,
    pub(super) wish: watch::Sender<Wish>,
    /// Whether an earlier try may have copied some of it.
    pub(super) is_again: AtomicBool,
    /// Counted while it copies, and looked at when it is shown.
    pub(super) files_done: AtomicU64,
    pub(super) bytes_done: AtomicU64,
}

impl Transfer {
    fn new(view: TransferView, wish: Wish, is_again: bool) -> Arc<Self> {
        Arc::new(Self {
            wish: watch::Sender::new(wish),
            is_again: AtomicBool::new(is_again),
            files_done: AtomicU64::new(view.files_done),
            bytes_done: AtomicU64::new(view.bytes_done),
            shown: Mutex::new(view),
        })
    }

    pub(super) fn shown(&self) -> MutexGuard<'_, TransferView> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> TransferView {
        let view = self.shown().clone();
        TransferView {
            files_done: self.files_done.load(Ordering::Relaxed),
            bytes_done: self.bytes_done.load(Ordering::Relaxed),
            ..view
        }
    }
}

/// The transfers there are.
#[derive(Debug)]
pub(crate) struct Transfers {
    all: Mutex<BTreeMap<TransferId, Arc<Transfer>>>,
    pub(super) places: Semaphore,
    /// One file a transfer: what is under way is nothing that exports or backups should hold.
    folder: PathBuf,
}

impl Transfers {
    /// Reads what an earlier run of the program left; also returns what to tell people of it.
    pub fn load(data_dir: &Path) -> (Self, Option<String>) {
        let (views, told) = written::read_all(data_dir);
        let mut all = BTreeMap::new();
        for mut view in views {
            if matches!(view.state, TransferState::Waiting | TransferState::Running) {
                view.state = TransferState::Paused;
                let message = "Farwire ended while it was copying: resume goes on where it was";
                view.error = Some(ErrorBody::new(ErrorCode::GeneralError, message));
            }
            (view.rate, view.eta_secs) = (0, None);
            let wish = match view.state {
                TransferState::Cancelled => Wish::Cancel,
                _ => Wish::Pause,
            };
            all.insert(view.transfer_id.clone(), Transfer::new(view, wish, true));
        }
        let transfers = Self {
            all: Mutex::new(all),
            places: Semaphore::new(AT_ONCE),
            folder: written::folder(data_dir),
        };
        (transfers, told)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<TransferId, Arc<Transfer>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, id: &TransferId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

impl Core {
    /// Every transfer, the oldest first.
    pub fn transfers(&self) -> Vec<TransferView> {
        let all: Vec<_> = self.transfers.all().values().cloned().collect();
        let mut views: Vec<_> = all.iter().map(|transfer| transfer.view()).collect();
        views.sort_by(|a, b| (a.created, &a.transfer_id).cmp(&(b.created, &b.transfer_id)));
        views
    }

    /// One transfer.
    ///
    /// # Errors
    /// An unknown transfer.
    pub fn transfer(&self, id: &TransferId) -> Result<TransferView, CoreError> {
        self.known_transfer(id).map(|transfer| transfer.view())
    }

    /// Begins a transfer.
    ///
    /// # Errors
    /// An unknown connection, a place that cannot be copied from or to, too many transfers; it cannot be kept.
    pub async fn start_transfer(
        self: &Arc<Self>,
        new: NewTransfer,
    ) -> Result<TransferView, CoreError> {
        let NewTransfer {
            from,
            mut to,
            conflict,
            checksum,
        } = new;
        self.check_place("from", &from)?;
        if to.path.as_bytes().ends_with(b"/") {
            let name = from.path.name().ok_or_else(|| {
                let message = "to ends with a slash, and from has no name: name the copy in to";
                CoreError::field(ErrorCode::ValueIncorrectFormat, "to.path", message)
            })?;
            to.path = to.path.join(name).map_err(|error| {
                CoreError::field(
                    ErrorCode::ValueIncorrectFormat,
                    "to.path",
                    error.to_string(),
                )
            })?;
            to.display_path = to.path.to_string();
        }
        if to.path.name().is_none() {
            let message = "to names the copy itself: its last part is a name";
            return Err(CoreError::field(
                ErrorCode::ValueIncorrectFormat,
                "to.path",
                message,
            ));
        }
        // The copy itself: the folder it goes into may well be around Farwire's own.
        self.check_place("to", &to)?;
        self.check_links_open(&from, &to)?;
        let view = TransferView {
            transfer_id: TransferId::new(random::id(TransferId::PREFIX)),
            from,
            to,
            conflict,
            checksum,
            state: TransferState::Waiting,
            files: 0,
            files_done: 0,
            left_out: 0,
            bytes: 0,
            bytes_done: 0,
            rate: 0,
            eta_secs: None,
            asked: Vec::new(),
            failed: Vec::new(),
            error: None,
            created: random::now(),
        };
        let transfer = Transfer::new(view.clone(), Wish::Run, false);
        self.make_place_for_transfer()?;
        self.keep_transfer(&transfer).await?;
        let all = || self.transfers.all();
        all().insert(view.transfer_id.clone(), Arc::clone(&transfer));
        self.tell_transfer(&view.transfer_id);
        self.carry(transfer);
        Ok(view)
    }

    /// Refuses a copy that a locked vault keeps from every machine it is about.
    fn check_links_open(&self, from: &FilePlace, to: &FilePlace) -> Result<(), CoreError> {
        let mut machines = [&from.uid, &to.uid].into_iter().flatten();
        machines.try_for_each(|uid| self.check_unlocked(uid, Channel::Files, None, None))
    }

    /// Holds a transfer: what is copied stays.
    ///
    /// # Errors
    /// An unknown transfer, or one that is over.
    pub fn pause_transfer(&self, id: &TransferId) -> Result<TransferView, CoreError> {
        self.wish(id, Wish::Pause, false)
    }

    /// Ends a transfer: what is half copied is removed, what is whole stays.
    ///
    /// # Errors
    /// An unknown transfer, or one that is over.
    pub fn cancel_transfer(&self, id: &TransferId) -> Result<TransferView, CoreError> {
        self.wish(id, Wish::Cancel, false)
    }

    /// Goes on with a transfer that was held, that asks, or that failed; from now on by this rule, where one is given.
    ///
    /// # Errors
    /// An unknown transfer, or one that is over; a locked vault, where it has to sign in anew.
    pub fn resume_transfer(
        &self,
        id: &TransferId,
        rule: Option<Conflict>,
    ) -> Result<TransferView, CoreError> {
        let transfer = self.known_transfer(id)?;
        let shown = transfer.view();
        if !shown.state.is_final() && shown.state != TransferState::Running {
            self.check_links_open(&shown.from, &shown.to)?;
        }
        let is_other_rule = rule.is_some_and(|rule| {
            let mut shown = transfer.shown();
            let earlier = std::mem::replace(&mut shown.conflict, rule);
            earlier != rule
        });
        self.wish(id, Wish::Run, is_other_rule)
    }

    /// Forgets a transfer that is over; what was copied stays.
    ///
    /// # Errors
    /// An unknown transfer, or one that is not over.
    pub fn forget_transfer(&self, id: &TransferId) -> Result<(), CoreError> {
        if !self.known_transfer(id)?.shown().state.is_final() {
            let message = format!("the transfer {id} is not over: cancel it first");
            return Err(CoreError::Forbidden {
                property: "state",
                message,
            });
        }
        self.drop_transfer(id);
        Ok(())
    }

    fn drop_transfer(&self, id: &TransferId) {
        self.transfers.all().remove(id);
        if let Err(error) = fs::remove_file(self.transfers.file(id)) {
            tracing::warn!(%error, "could not forget a transfer on the disk");
        }
        self.events
            .send(EventKind::Transfer, id.as_str(), EventAction::Delete, None);
    }

    fn wish(
        &self,
        id: &TransferId,
        wish: Wish,
        is_other_rule: bool,
    ) -> Result<TransferView, CoreError> {
        let transfer = self.known_transfer(id)?;
        let state = transfer.shown().state;
        if state.is_final() {
            let message = format!("the transfer {id} is over: begin a new one");
            return Err(CoreError::Forbidden {
                property: "state",
                message,
            });
        }
        // One that runs by the rules that are asked for just goes on.
        let is_moot = wish == Wish::Run && !is_other_rule && state == TransferState::Running;
        if !is_moot {
            transfer.wish.send_replace(wish);
        }
        Ok(transfer.view())
    }

    fn known_transfer(&self, id: &TransferId) -> Result<Arc<Transfer>, CoreError> {
        let all = self.transfers.all();
        all.get(id)
            .cloned()
            .ok_or_else(|| CoreError::unknown("transfer", id))
    }

    /// Takes up what an earlier run of the program left; each waits until somebody resumes it.
    pub(crate) fn take_up_transfers(self: &Arc<Self>) {
        let all: Vec<_> = self.transfers.all().values().cloned().collect();
        for transfer in all {
            if !transfer.shown().state.is_final() {
                self.carry(transfer);
            }
        }
    }

    fn carry(self: &Arc<Self>, transfer: Arc<Transfer>) {
        let cancel = self.cancel.child_token();
        self.tasks
            .spawn(carry::run(Arc::downgrade(self), transfer, cancel));
    }

    fn make_place_for_transfer(&self) -> Result<(), CoreError> {
        let all = self.transfers.all();
        if all.len() < MAX_TRANSFERS {
            return Ok(());
        }
        let finished = all.values().map(|transfer| transfer.view());
        let finished = finished.filter(|view| view.state.is_final());
        let Some(oldest) = finished.min_by_key(|view| view.created) else {
            let message = format!("{MAX_TRANSFERS} transfers are under way: let some finish first");
            return Err(CoreError::Busy { message });
        };
        drop(all);
        self.drop_transfer(&oldest.transfer_id);
        Ok(())
    }

    /// Writes a transfer down, so that it outlives the program.
    pub(super) async fn keep_transfer(&self, transfer: &Transfer) -> Result<(), CoreError> {
        let view = transfer.view();
        let (folder, file) = (
            self.transfers.folder.clone(),
            self.transfers.file(&view.transfer_id),
        );
        let written = tokio::task::spawn_blocking(move || {
            create_private_dirs(&folder)?;
            let text = written::written(&view)?;
            write_private(&file, |file| file.write_all(&text))
        });
        let attempt = "keeping a transfer";
        let failed = |message: String| CoreError::Internal { attempt, message };
        let written = written.await.map_err(|fault| failed(fault.to_string()))?;
        written.map_err(|error: std::io::Error| failed(error.to_string()))
    }

    pub(super) fn tell_transfer(&self, id: &TransferId) {
        self.events
            .send(EventKind::Transfer, id.as_str(), EventAction::Put, None);
    }

    /// Refuses paths of this computer that nobody may reach through Farwire.
    ///
    /// # Errors
    /// A relative path, and Farwire's own folder; about `property`.
    pub fn check_path_here(
        &self,
        property: String,
        path: &RemotePath,
        reach: Reach,
    ) -> Result<(), CoreError> {
        let path = system_path(path);
        if !path.is_absolute() {
            let message = "a path on this computer is absolute";
            return Err(CoreError::field(
                ErrorCode::ValueIncorrectFormat,
                property,
                message,
            ));
        }
        // Tokens and sealed secrets lie there.
        let is_ours = match reach {
            Reach::Itself => is_inside(&path, &self.data_dir),
            Reach::Everything => is_within(&path, &self.data_dir),
        };
        if is_ours {
            let message = "Farwire's own folder is not copied, looked into or changed: export what is saved instead";
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                property,
                message,
            ));
        }
        Ok(())
    }

    /// Refuses places that no copy may come from or go to.
    fn check_place(&self, property: &'static str, place: &FilePlace) -> Result<(), CoreError> {
        let key = |key: &str| format!("{property}.{key}");
        let Some(uid) = &place.uid else {
            return self.check_path_here(key("path"), &place.path, Reach::Everything);
        };
        let connection = known_connection(&self.saved.read(), uid).map_err(|_| {
            let message = format!("no connection {uid} is saved");
            CoreError::field(ErrorCode::InvalidRequestData, key("uid"), message)
        })?;
        let channel = farwire_model::session::Channel::Files;
        self.sessions.protocol(connection.protocol, channel)?;
        Ok(())
    }
}
