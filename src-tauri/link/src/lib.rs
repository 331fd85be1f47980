//! The way to a machine that every protocol takes: its name, its port, and the identity it shows.
//!
//! | module | does |
//! | --- | --- |
//! | [`tcp`] | host name to an open TCP connection |
//! | [`tls`] | TLS over any stream |
//! | [`hidden`] | nothing sent where nobody looks |
//! | [`identity`] | what the machine shows, held against what a person accepted |
//! | `limits` | how long each step may take, with its reason |

pub mod hidden;
pub mod identity;
mod limits;
pub mod tcp;
pub mod tls;

use farwire_model::error::Stage;
use farwire_model::session::SessionEvent;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

pub use limits::CONNECT_LIMIT;

/// Any two-way stream of bytes: TCP, TLS, a channel inside SSH, a Unix socket, a pipe in tests.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Tells that a stage begins.
pub async fn begin(events: &mpsc::Sender<SessionEvent>, stage: Stage) {
    // A receiver that is gone cancels the run elsewhere.
    let told = events.send(SessionEvent::Stage(stage)).await;
    told.unwrap_or_default();
}
