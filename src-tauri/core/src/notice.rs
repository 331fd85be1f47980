//! What a person should know of how the store was opened, for as long as it is so.

use crate::events::Events;
use crate::store;
use farwire_model::event::{EventAction, EventKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a disk that was full is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What is told.
pub(crate) struct Notice {
    /// What happened while the store was opened; that stays so.
    opened: Option<String>,
    /// That nothing can be saved, until there is room again.
    full: Mutex<Option<String>>,
}

impl Notice {
    pub(crate) fn new(opened: Option<String>, full: Option<String>) -> Self {
        Self {
            opened,
            full: Mutex::new(full),
        }
    }

    /// All of it, as whole sentences.
    pub(crate) fn text(&self) -> Option<String> {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Vec<&str> = [&self.opened, &full]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        (!told.is_empty()).then(|| told.join(" "))
    }

    fn is_full(&self) -> bool {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some()
    }

    /// Waits for room on a disk that was full, and says that there is.
    pub(crate) async fn watch(
        self: Arc<Self>,
        data_dir: PathBuf,
        events: Arc<Events>,
        cancel: CancellationToken,
    ) {
        while self.is_full() {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let full = store::full_disk(&data_dir);
            let is_over = full.is_none();
            *self.full.lock().unwrap_or_else(PoisonError::into_inner) = full;
            if is_over {
                events.send(EventKind::Settings, "", EventAction::Put, None);
            }
        }
    }
}
