//! One transfer's life: waiting, copying, trying again.

use super::copy::{Copied, Copier, Target, finish_folder, make_folder};
use super::count::{Pace, Tally};
use super::links::{LARGE_TO_READ, LARGE_TO_WRITE, Way};
use super::queue::{Transfer, Wish};
use super::together::{self, Wanted};
use super::walk::{Found, Item, walk};
use crate::Core;
use crate::error::CoreError;
use farwire_model::error::{ErrorBody, ErrorCode};
use farwire_model::transfer::{Files, FilesError, Links};
use farwire_model::transfer_view::{TransferState, TransferView};
use futures_util::StreamExt;
use futures_util::future::{self, BoxFuture};
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Files that are copied at once: of 2 KiB each, 32 bring no more than 16.
const FILES_AT_ONCE: usize = 16;
/// Places that are looked at at once, before files go as one stream.
const TARGETS_AT_ONCE: usize = 64;
/// Waits before a lost link is tried again; after the last the transfer has failed.
const BACK_OFF: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];
/// A try that held this long was good: the waits begin with the shortest again when the link is lost then.
const STEADY: Duration = Duration::from_secs(60);
/// How often it is told how far a transfer is.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long removing what is half copied may take.
const TIDY_LIMIT: Duration = Duration::from_secs(10);

/// Why a try ended early.
pub(super) enum Stopped {
    /// The link was lost, or never came up: trying again may help.
    Lost(ErrorBody),
    /// Trying again by itself would not help.
    Failed(ErrorBody),
}

impl Stopped {
    /// Why, as it is shown.
    pub fn body(self) -> ErrorBody {
        match self {
            Self::Lost(body) | Self::Failed(body) => body,
        }
    }
}

impl From<FilesError> for Stopped {
    fn from(error: FilesError) -> Self {
        let body = ErrorBody::new(ErrorCode::GeneralError, error.message);
        match error.status.is_passing() {
            true => Self::Lost(body),
            false => Self::Failed(body),
        }
    }
}

impl From<CoreError> for Stopped {
    fn from(error: CoreError) -> Self {
        let body = error.body();
        match body.error_code {
            ErrorCode::IntraServiceCommunicationError => Self::Lost(body),
            _ => Self::Failed(body),
        }
    }
}

/// Carries a transfer until nothing more comes.
pub(super) async fn run(core: Weak<Core>, transfer: Arc<Transfer>, cancel: CancellationToken) {
    let mut wish = transfer.wish.subscribe();
    let mut losses = 0;
    loop {
        let Some(strong) = core.upgrade() else {
            return;
        };
        let life = Life {
            core: strong,
            transfer: Arc::clone(&transfer),
        };
        let wanted = *wish.borrow_and_update();
        let next = match wanted {
            Wish::Cancel => {
                let tidying = tokio::time::timeout(TIDY_LIMIT, life.tidy());
                tokio::select! {
                    _ = tidying => {}
                    () = cancel.cancelled() => {}
                }
                life.show(TransferState::Cancelled, None).await;
                return;
            }
            Wish::Pause => {
                life.pause().await;
                None
            }
            Wish::Run => {
                let begun = Instant::now();
                let tried = tokio::select! {
                    tried = life.try_once() => tried,
                    // What is under way is dropped; what it wrote is gone on with.
                    _ = wish.changed() => continue,
                    () = cancel.cancelled() => return,
                };
                match tried {
                    Ok(state) => {
                        life.show(state, None).await;
                        if state.is_final() {
                            return;
                        }
                        None
                    }
                    Err(Stopped::Lost(body)) => {
                        if begun.elapsed() > STEADY {
                            losses = 0;
                        }
                        let wait = BACK_OFF.get(losses).copied();
                        losses += 1;
                        let state = match wait {
                            Some(_) => TransferState::Waiting,
                            None => TransferState::Failed,
                        };
                        life.show(state, Some(body)).await;
                        wait
                    }
                    Err(Stopped::Failed(body)) => {
                        life.show(TransferState::Failed, Some(body)).await;
                        None
                    }
                }
            }
        };
        drop(life);
        if !rest(&mut wish, next, &cancel).await {
            return;
        }
        if next.is_none() {
            losses = 0;
        }
    }
}

/// Waits for another wish, or until a time is over; `false` when the program ends.
async fn rest(
    wish: &mut watch::Receiver<Wish>,
    wait: Option<Duration>,
    cancel: &CancellationToken,
) -> bool {
    let over = async {
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        changed = wish.changed() => changed.is_ok(),
        () = over => true,
        () = cancel.cancelled() => false,
    }
}

/// A transfer while it is looked after.
struct Life {
    core: Arc<Core>,
    transfer: Arc<Transfer>,
}

impl Life {
    /// Shows a state, tells it and keeps it.
    async fn show(&self, state: TransferState, error: Option<ErrorBody>) {
        let id = {
            let mut shown = self.transfer.shown();
            (shown.state, shown.error) = (state, error);
            if state != TransferState::Running {
                (shown.rate, shown.eta_secs) = (0, None);
            }
            shown.transfer_id.clone()
        };
        self.core.tell_transfer(&id);
        if let Err(error) = self.core.keep_transfer(&self.transfer).await {
            tracing::warn!(transfer = %id, %error, "a transfer will be unknown after a restart");
        }
    }

    async fn pause(&self) {
        let (state, error) = {
            let shown = self.transfer.shown();
            (shown.state, shown.error.clone())
        };
        // What failed or asks stays so: that it rests is seen anyway.
        if !matches!(state, TransferState::Failed | TransferState::Asking) {
            let error = error.filter(|_| state == TransferState::Paused);
            self.show(TransferState::Paused, error).await;
        }
    }

    /// Copies everything once. Answers how it stands then.
    async fn try_once(&self) -> Result<TransferState, Stopped> {
        self.show(TransferState::Waiting, None).await;
        let place = self.core.transfers.places.acquire().await;
        self.show(TransferState::Running, None).await;
        let view = self.transfer.view();
        let from = Way::open(&self.core, &view.from).await?;
        let to = Way::open(&self.core, &view.to).await?;
        let copier = Copier {
            id: view.transfer_id.clone(),
            from,
            to,
            rule: view.conflict,
            is_again: self.transfer.is_again.swap(true, Ordering::Relaxed),
            checksum: view.checksum,
        };
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pace = Pace::new();
        let mut copying = std::pin::pin!(self.copy(&copier, &view));
        let ended = loop {
            tokio::select! {
                ended = &mut copying => break ended,
                _ = ticks.tick() => {
                    pace.note(&self.transfer);
                    self.core.tell_transfer(&view.transfer_id);
                }
            }
        };
        drop(place);
        ended
    }

    async fn copy(&self, copier: &Copier, view: &TransferView) -> Result<TransferState, Stopped> {
        let found = self.find(&*copier.from.files, view).await?;
        let sizes = found.files.iter().filter_map(|item| item.attributes.size);
        let largest = sizes.max().unwrap_or(0);
        let widening = future::join(
            copier.from.widen(&self.core, largest, LARGE_TO_READ),
            copier.to.widen(&self.core, largest, LARGE_TO_WRITE),
        );
        tokio::select! {
            ended = self.copy_found(copier, view, &found) => ended,
            (never, _) = widening => match never {},
        }
    }

    async fn copy_found(
        &self,
        copier: &Copier,
        view: &TransferView,
        found: &Found,
    ) -> Result<TransferState, Stopped> {
        let mut is_new = false;
        for (depth, folder) in found.folders.iter().enumerate() {
            let is_made = make_folder(&*copier.to.files, &folder.to).await?;
            is_new |= depth == 0 && is_made;
        }
        let transfer = &*self.transfer;
        let mut tally = Tally::default();
        let left = match found.folders.first() {
            Some(root) => {
                self.copy_together(copier, view, root, is_new, found, &mut tally)
                    .await?
            }
            None => found.files.iter().collect(),
        };
        let mut left = left.into_iter();
        let mut copies = FuturesUnordered::new();
        loop {
            let next = left.by_ref().take(FILES_AT_ONCE - copies.len());
            copies.extend(next.map(|item| self.copy_one(copier, item)));
            let Some((item, copied)) = copies.next().await else {
                break;
            };
            tally.note(transfer, item, copied)?;
        }
        drop(copies);
        let Tally { asked, failed } = tally;
        // The innermost first: what is done in a folder changes its time.
        for folder in found.folders.iter().rev() {
            finish_folder(&*copier.to.files, folder).await;
        }
        if failed > 0 {
            let message = format!(
                "{failed} of {} files could not be copied: see why, then retry",
                found.files.len()
            );
            let body = ErrorBody::new(ErrorCode::GeneralError, message);
            return Err(Stopped::Failed(body));
        }
        Ok(match asked {
            0 => TransferState::Done,
            _ => TransferState::Asking,
        })
    }

    /// Copies small files as one stream, where there are many and one side is this computer. Answers what is left.
    async fn copy_together<'a>(
        &self,
        copier: &'a Copier,
        view: &TransferView,
        root: &Item,
        is_new: bool,
        found: &'a Found,
        tally: &mut Tally,
    ) -> Result<Vec<&'a Item>, Stopped> {
        let is_small = |item: &&Item| {
            let size = item.attributes.size;
            size.is_some_and(|size| size <= together::SMALL_BYTES)
        };
        let (small, mut left): (Vec<_>, Vec<_>) = found.files.iter().partition(is_small);
        let is_between = view.from.uid.is_some() != view.to.uid.is_some();
        if small.len() < together::ENOUGH || copier.checksum || !is_between {
            left.splice(..0, small);
            return Ok(left);
        }
        let transfer = &*self.transfer;
        let mut wanted = Vec::with_capacity(small.len());
        if is_new {
            // Nothing can be in the way.
            let all = small.into_iter().map(|item| Wanted {
                item,
                target: item.to.clone(),
            });
            wanted.extend(all);
        } else {
            let mut unseen = small.into_iter();
            let mut targets = FuturesOrdered::new();
            loop {
                let next = unseen.by_ref().take(TARGETS_AT_ONCE - targets.len());
                targets.extend(next.map(|item| target_of(copier, item)));
                let Some((item, target)) = targets.next().await else {
                    break;
                };
                match target {
                    Ok(Target::At(target)) => wanted.push(Wanted { item, target }),
                    Ok(Target::Nowhere(outcome)) => {
                        if outcome == Copied::Done {
                            self.told(item);
                        }
                        tally.note(transfer, item, Ok(outcome))?;
                    }
                    Err(error) => tally.note(transfer, item, Err(error))?,
                }
            }
        }
        let done = |item: &'a Item| {
            self.told(item);
            transfer.files_done.fetch_add(1, Ordering::Relaxed);
        };
        left.extend(match view.from.uid {
            Some(_) => together::fetch(copier, root, wanted, done).await?,
            None => together::send(copier, root, wanted, done).await?,
        });
        Ok(left)
    }

    /// All of a file is there.
    fn told(&self, item: &Item) {
        let bytes = item.attributes.size.unwrap_or(0);
        self.transfer.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    fn copy_one<'a>(
        &'a self,
        copier: &'a Copier,
        item: &'a Item,
    ) -> BoxFuture<'a, (&'a Item, Result<Copied, FilesError>)> {
        let told = |bytes| {
            let done = &self.transfer.bytes_done;
            done.fetch_add(bytes, Ordering::Relaxed);
        };
        Box::pin(async move { (item, copier.file(item, told).await) })
    }

    /// Looks at what there is to copy, and begins to count anew.
    async fn find(&self, from: &dyn Files, view: &TransferView) -> Result<Found, Stopped> {
        {
            let mut shown = self.transfer.shown();
            (shown.files, shown.bytes, shown.left_out) = (0, 0, 0);
            shown.asked.clear();
            shown.failed.clear();
        }
        self.transfer.files_done.store(0, Ordering::Relaxed);
        self.transfer.bytes_done.store(0, Ordering::Relaxed);
        // A link that somebody names is followed; one that is found on the way is not.
        let root = Item {
            attributes: from.attributes(&view.from.path, Links::Follow).await?,
            from: view.from.path.clone(),
            to: view.to.path.clone(),
        };
        let tell = |found: &Found| {
            let mut shown = self.transfer.shown();
            shown.files = found.files.len() as u64;
            shown.left_out = found.left_out;
        };
        let found = walk(from, root, tell).await?;
        tell(&found);
        let sizes = found.files.iter().filter_map(|item| item.attributes.size);
        self.transfer.shown().bytes = sizes.fold(0, u64::saturating_add);
        Ok(found)
    }

    /// Removes what is half copied.
    async fn tidy(&self) -> Result<(), Stopped> {
        let view = self.transfer.view();
        if !self.transfer.is_again.load(Ordering::Relaxed) {
            return Ok(());
        }
        let copier = Copier {
            id: view.transfer_id.clone(),
            from: Way::open(&self.core, &view.from).await?,
            to: Way::open(&self.core, &view.to).await?,
            rule: view.conflict,
            is_again: true,
            checksum: false,
        };
        let to = &*copier.to.files;
        let found = self.find(&*copier.from.files, &view).await?;
        if let Some(root) = found.folders.first() {
            together::remove_staging(to, &together::staging(&copier, &root.to)?).await;
        }
        for item in &found.files {
            let temporary = copier.temporary(item, &item.attributes)?;
            // Most never were there.
            to.remove_file(&temporary).await.unwrap_or_default();
        }
        Ok(())
    }
}

fn target_of<'a>(
    copier: &'a Copier,
    item: &'a Item,
) -> BoxFuture<'a, (&'a Item, Result<Target, FilesError>)> {
    Box::pin(async move { (item, copier.target(item, &item.attributes).await) })
}
