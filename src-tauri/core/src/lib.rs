//! The application without a surface.
//!
//! | module | holds |
//! | --- | --- |
//! | [`store`] | durable records; the only place that knows the database engine |
//! | [`vault`] | the master key, sealing and opening secrets |
//! | `saved` | everything saved in memory, and the one way to change it |
//! | [`origin`] | who changes something, and how it is to be kept |
//! | `history` | what was changed, and the way back |
//! | `answers` | creates that are asked for twice and happen once |
//! | [`groups`], [`connections`], [`credentials`], [`shared_credentials`], [`settings`], `trust` | what can be done with saved things |
//! | [`address`] | addresses that nobody saved yet, by `~/.ssh/config` |
//! | `decision` | who decides which machines shared credentials go to |
//! | [`sealed`] | records with secrets in them |
//! | [`sign_in`] | what a connection signs in with, and where that may be sent |
//! | [`limits`] | how long texts may be |
//! | `backups` | going back to what was saved earlier |
//! | [`rotation`] | replacing the master key |
//! | [`archive`] | everything in one encrypted file, for another machine |
//! | [`transfer`] | copies of files between machines: a queue, and uploads
//! | [`tunnel`] | ports and sockets carried through SSH connections |
//! | [`session`] | live sessions: actor, viewers, screenshots, typing, the connection test |
//! | [`imports`], `rdp_file` | files of other programs, read and written |
//! | `discovery` | machines that announce themselves nearby |
//! | `idle` | locking the vault when nobody uses it |
//! | [`memory_dump`] | keeping secrets out of core dumps |
//! | [`wake`] | what happens after this computer slept |
//! | [`private_file`] | a file that only its owner may read, there whole or not at all |
//! | `events` | numbered change events |
//! | [`search`] | finding saved connections |
//! | `wake_on_lan` | waking a machine by its network card |
//! | `audit` | who asked for what, line by line |
//! | `notice` | what a person should know of how the store was opened |

#![deny(missing_docs)]

pub mod address;
mod answers;
pub mod archive;
mod audit;
mod backups;
pub mod connections;
pub mod credentials;
mod decision;
mod discovery;
pub mod error;
mod events;
pub mod groups;
mod history;
mod idle;
pub mod imports;
mod inheritance;
mod lending;
pub mod limits;
pub mod memory_dump;
mod notice;
pub mod origin;
pub mod private_file;
pub mod random;
mod rdp_file;
pub mod rotation;
mod saved;
pub mod sealed;
pub mod search;
pub mod session;
pub mod settings;
pub mod shared_credentials;
pub mod sign_in;
pub mod store;
pub mod terminal;
mod text;
pub mod transfer;
mod trust;
pub mod tunnel;
pub mod vault;
pub mod wake;
mod wake_on_lan;

use crate::store::Store;
use crate::vault::Vault;
use crate::wake::{Clock, SystemClock};
use error::CoreError;
use farwire_model::connection::ProtocolKind;
use farwire_model::event::{EventAction, EventKind, EventMessage};
use farwire_model::session::{Channel, Protocol};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where the application keeps its things, and what it tells the time by.
#[derive(Clone)]
pub struct Config {
    /// The folder for everything saved; made when it is missing.
    pub data_dir: PathBuf,
    /// Tells whether the computer slept.
    pub clock: Arc<dyn Clock>,
    /// OpenSSH's list of known hosts, which is read and never written; none for no such list. Its configuration lies beside it.
    pub known_hosts: Option<PathBuf>,
}

impl Config {
    /// A folder for everything saved, the computer's own clocks, the user's list of known hosts.
    pub fn at(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            clock: Arc::new(SystemClock::default()),
            known_hosts: std::env::home_dir().map(|home| home.join(".ssh/known_hosts")),
        }
    }
}

/// An application whose store is open, while what is saved in it is not read yet: the vault can be unlocked meanwhile.
pub struct Opening {
    config: Config,
    store: Arc<dyn Store>,
    notice: Arc<notice::Notice>,
    working_copy: Option<store::WorkingCopy>,
    vault: Arc<Vault>,
    transfers: transfer::Transfers,
}

impl Opening {
    /// Opens the store under a folder.
    ///
    /// # Errors
    /// As [`Core::open`].
    pub async fn start(config: Config) -> Result<Self, CoreError> {
        let dir = config.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || store::open(&dir)).await;
        let opened = opened.map_err(interrupted("opening the store"))??;
        Ok(Self::over(opened, config))
    }

    fn over(opened: store::Opened, config: Config) -> Self {
        let store::Opened {
            store,
            notice,
            full,
            working_copy,
        } = opened;
        let (transfers, told) = transfer::Transfers::load(&config.data_dir);
        let told: Vec<String> = notice.into_iter().chain(told).collect();
        let notice = (!told.is_empty()).then(|| told.join(" "));
        Self {
            vault: Vault::new(Arc::clone(&store)),
            config,
            store,
            transfers,
            notice: Arc::new(notice::Notice::new(notice, full)),
            working_copy,
        }
    }

    /// The vault.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// Reads everything saved.
    ///
    /// # Errors
    /// As [`Core::open`].
    pub async fn finish(self) -> Result<Arc<Core>, CoreError> {
        let store = Arc::clone(&self.store);
        let loaded = tokio::task::spawn_blocking(move || saved::Saved::load(store)).await;
        let saved = loaded.map_err(interrupted("reading the store"))??;
        Ok(Core::over(self, saved))
    }
}

fn interrupted(attempt: &'static str) -> impl FnOnce(tokio::task::JoinError) -> CoreError {
    move |error| CoreError::Internal {
        attempt,
        message: error.to_string(),
    }
}

/// The application: everything saved, the vault, the live sessions.
pub struct Core {
    data_dir: PathBuf,
    store: Arc<dyn Store>,
    saved: Arc<saved::Saved>,
    vault: Arc<Vault>,
    sessions: session::Sessions,
    transfers: transfer::Transfers,
    tunnels: tunnel::Tunnels,
    imports: imports::Imports,
    discovery: discovery::Discovery,
    events: Arc<events::Events>,
    audit: audit::Audit,
    last_use: Arc<idle::LastUse>,
    known_hosts: Option<PathBuf>,
    notice: Arc<notice::Notice>,
    working_copy: Mutex<Option<store::WorkingCopy>>,
    clock: Arc<dyn Clock>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Core {
    /// Opens everything saved under a folder. The vault stays locked until somebody unlocks it.
    ///
    /// # Errors
    /// The store is held by another process, is newer than this program, or cannot be read or restored.
    pub async fn open(config: Config) -> Result<Arc<Self>, CoreError> {
        Opening::start(config).await?.finish().await
    }

    /// The application over an open store and what is saved in it.
    fn over(opening: Opening, saved: saved::Saved) -> Arc<Self> {
        let Opening {
            config,
            store,
            notice,
            working_copy,
            vault,
            transfers,
        } = opening;
        let vnc: Arc<dyn Protocol> = Arc::new(session::ThroughSsh::Vnc);
        let core = Arc::new(Self {
            vault,
            store,
            saved: Arc::new(saved),
            sessions: session::Sessions::new(vec![
                (ProtocolKind::Vnc, Channel::Main, Arc::clone(&vnc)),
                (ProtocolKind::Apple, Channel::Main, vnc),
                (
                    ProtocolKind::Rdp,
                    Channel::Main,
                    Arc::new(session::ThroughSsh::Rdp),
                ),
                (ProtocolKind::Ssh, Channel::Main, Arc::new(farwire_ssh::Ssh)),
                (
                    ProtocolKind::Ssh,
                    Channel::Files,
                    Arc::new(farwire_ssh::SshFiles),
                ),
                (
                    ProtocolKind::Ssh,
                    Channel::Tunnels,
                    Arc::new(farwire_ssh::SshTunnels),
                ),
            ]),
            transfers,
            tunnels: tunnel::Tunnels::default(),
            imports: imports::Imports::default(),
            discovery: discovery::Discovery::default(),
            events: Arc::new(events::Events::new()),
            audit: audit::Audit::of(&config.data_dir),
            last_use: Arc::new(idle::LastUse::new(Arc::clone(&config.clock))),
            known_hosts: config.known_hosts,
            notice,
            working_copy: Mutex::new(working_copy),
            clock: Arc::clone(&config.clock),
            data_dir: config.data_dir,
            cancel: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        core.tasks.spawn(tell_changes(
            Arc::clone(&core.events),
            core.store.subscribe(),
            core.vault.watch(),
            core.cancel.clone(),
        ));
        core.tasks.spawn(Arc::clone(&core.notice).watch(
            core.data_dir.clone(),
            Arc::clone(&core.events),
            core.cancel.clone(),
        ));
        core.tasks.spawn(back_up_daily(
            Arc::clone(&core.store),
            core.data_dir.clone(),
            core.cancel.clone(),
        ));
        core.tasks.spawn(wake::watch(
            Arc::downgrade(&core),
            config.clock,
            core.cancel.clone(),
        ));
        core.take_up_transfers();
        core
    }

    /// Ends every session and every task.
    pub async fn close(&self) {
        // First, so that it goes whatever takes long: what is open of it stays until it is closed.
        drop(
            self.working_copy
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.end_all_sessions().await;
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The folder with everything saved.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The vault.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// What time is told by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What a person should know about opening the store, such as that a damaged one was restored from a backup, or that nothing
    /// can be saved until there is room; an event of the settings tells when there is.
    pub fn notice(&self) -> Option<String> {
        self.notice.text()
    }

    /// Listens to numbered change events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<EventMessage> {
        self.events.subscribe()
    }
}

async fn tell_changes(
    events: Arc<events::Events>,
    mut changes: broadcast::Receiver<Arc<store::Change>>,
    mut vault: tokio::sync::watch::Receiver<vault::VaultState>,
    cancel: CancellationToken,
) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            changed = vault.changed() => match changed {
                Ok(()) => events.send(EventKind::Vault, "", EventAction::Put, None),
                Err(_) => break,
            },
            change = changes.recv() => match change {
                Ok(change) => events.stored(&change),
                Err(RecvError::Lagged(_)) => events.send(EventKind::Resync, "", EventAction::Put, None),
                Err(RecvError::Closed) => break,
            }
        }
    }
}

/// How often a program that runs for days looks whether today's backup is there.
const BACKUP_CHECK: Duration = Duration::from_secs(3600);

async fn back_up_daily(store: Arc<dyn Store>, data_dir: PathBuf, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(BACKUP_CHECK) => {}
        }
        let (store, dir) = (Arc::clone(&store), data_dir.clone());
        let backing_up = move || store::backup_if_due(&*store, &dir, SystemTime::now());
        match tokio::task::spawn_blocking(backing_up).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not write today's backup"),
            Err(error) => tracing::error!(%error, "the backup stopped"),
        }
    }
}
