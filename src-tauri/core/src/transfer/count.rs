//! How far a transfer is: how fast it goes, and what needs somebody.

use super::copy::Copied;
use super::queue::Transfer;
use super::walk::Item;
use farwire_model::transfer::FilesError;
use farwire_model::transfer_view::TransferTrouble;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// How many conflicts and failures are named.
const MAX_NAMED: usize = 100;

/// Files that need somebody.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub asked: usize,
    pub failed: usize,
}

impl Tally {
    /// Counts what became of a file, and names it where somebody has to look.
    ///
    /// # Errors
    /// The link was lost.
    pub fn note(
        &mut self,
        transfer: &Transfer,
        item: &Item,
        copied: Result<Copied, FilesError>,
    ) -> Result<(), FilesError> {
        match copied {
            Ok(Copied::Done) => {
                transfer.files_done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Copied::Asked) => {
                self.asked += 1;
                let mut shown = transfer.shown();
                if shown.asked.len() < MAX_NAMED {
                    shown.asked.push(item.to.to_string());
                }
            }
            Err(error) if error.status.is_passing() => return Err(error),
            Err(error) => {
                self.failed += 1;
                let mut shown = transfer.shown();
                if shown.failed.len() < MAX_NAMED {
                    shown.failed.push(TransferTrouble {
                        path: item.to.to_string(),
                        message: error.message,
                    });
                }
            }
        }
        Ok(())
    }
}

/// How fast a transfer is, lately.
pub(super) struct Pace {
    bytes: u64,
    at: Instant,
    rate: f64,
}

impl Pace {
    pub fn new() -> Self {
        Self {
            bytes: 0,
            at: Instant::now(),
            rate: 0.0,
        }
    }

    pub fn note(&mut self, transfer: &Transfer) {
        let bytes = transfer.bytes_done.load(Ordering::Relaxed);
        let secs = self.at.elapsed().as_secs_f64();
        if secs < 0.5 {
            return;
        }
        let now = bytes.saturating_sub(self.bytes) as f64 / secs;
        // The last few seconds count most.
        self.rate = match self.rate {
            0.0 => now,
            rate => rate * 0.7 + now * 0.3,
        };
        (self.bytes, self.at) = (bytes, Instant::now());
        let mut shown = transfer.shown();
        shown.rate = self.rate as u64;
        shown.eta_secs = shown.bytes.saturating_sub(bytes).checked_div(shown.rate);
    }
}
