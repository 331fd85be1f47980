//! The links of a transfer to a machine: one, and more where it is far away and a large file is copied, since each link carries
//! only so many bytes a round trip.

use super::carry::Stopped;
use super::local::LocalFiles;
use crate::Core;
use crate::session::{Asks, Connect};
use farwire_model::ids::{ConnectionId, SessionId};
use farwire_model::session::Channel;
use farwire_model::transfer::{FileStatus, Files, FilesError};
use farwire_model::transfer_view::FilePlace;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a link for files may take to come up.
const LINK_LIMIT: Duration = Duration::from_secs(30);
/// Links to one machine at once. Each carries OpenSSH's 2 MiB a round trip upwards, and is one more sign-in.
const MOST_LINKS: usize = 4;
/// A machine this far away is worth more links: one carries 130 MiB/s at most then.
const FAR: Duration = Duration::from_millis(15);
/// And so is a file as large as this that is written there: smaller ones are over before the links are up.
pub(super) const LARGE_TO_WRITE: u64 = 32 << 20;
/// One that is read there has to be larger. One link brings what a far machine sends in order, 16 MiB a round trip; of what
/// several bring, 16 MiB may wait for what is before them, and are asked for again after a broken transfer.
pub(super) const LARGE_TO_READ: u64 = 512 << 20;

/// The files of a place, and the links they come over.
pub(super) struct Way {
    pub files: Arc<dyn Files>,
    /// The same files over further links, as they come up.
    more: watch::Sender<Vec<Arc<dyn Files>>>,
    // None for this computer's own.
    first: Option<Link>,
    was_widened: AtomicBool,
}

/// A link to a machine; it ends when this is dropped, also half-way.
struct Link {
    core: Arc<Core>,
    connection: ConnectionId,
    session: SessionId,
    took_somebody: bool,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.core.drop_session(&self.session);
    }
}

impl Way {
    /// Opens the files of a place, over a link of its own where they are another machine's.
    pub async fn open(core: &Arc<Core>, place: &FilePlace) -> Result<Self, Stopped> {
        let (files, first): (Arc<dyn Files>, _) = match &place.uid {
            None => (Arc::new(LocalFiles), None),
            Some(uid) => {
                let (files, link) = open(core, uid, Asks::People).await?;
                (files, Some(link))
            }
        };
        Ok(Self {
            files,
            more: watch::Sender::new(Vec::new()),
            first,
            was_widened: AtomicBool::new(false),
        })
    }

    /// The same files over further links, as they come up.
    pub fn more(&self) -> watch::Receiver<Vec<Arc<dyn Files>>> {
        self.more.subscribe()
    }

    /// Opens further links if the largest file has so many bytes at least, and holds them until it is dropped. Whatever is in the way of
    /// one leaves the others to carry all.
    pub async fn widen(&self, core: &Arc<Core>, largest: u64, least: u64) -> Infallible {
        let mut held = Vec::new();
        if let Some(first) = &self.first
            && largest >= least
            && self.files.round_trip() >= FAR
            // Nobody is asked for one code after the other.
            && !first.took_somebody
            && !self.was_widened.swap(true, Ordering::Relaxed)
        {
            let links = (1..MOST_LINKS).map(|_| open(core, &first.connection, Asks::Nobody));
            let mut links: FuturesUnordered<_> = links.collect();
            while let Some(opened) = links.next().await {
                match opened {
                    Ok((files, link)) => {
                        held.push(link);
                        self.more.send_modify(|more| more.push(files));
                    }
                    Err(stopped) => {
                        let error = stopped.body();
                        tracing::debug!(error = %error.error_message, "fewer links carry a file");
                    }
                }
            }
        }
        std::future::pending().await
    }
}

async fn open(
    core: &Arc<Core>,
    connection: &ConnectionId,
    asks: Asks,
) -> Result<(Arc<dyn Files>, Link), Stopped> {
    let options = Connect {
        channel: Channel::Files,
        asks,
        ..Connect::default()
    };
    let session = core.connect(connection, options).await?;
    let mut link = Link {
        core: Arc::clone(core),
        connection: connection.clone(),
        session: session.id.clone(),
        took_somebody: false,
    };
    core.wait_until_up(&session, LINK_LIMIT).await?;
    link.took_somebody = session.was_asked();
    let files = session.files().ok_or_else(|| {
        FilesError::new(
            FileStatus::ConnectionLost,
            "the link for files was lost at once",
        )
    })?;
    Ok((files, link))
}
