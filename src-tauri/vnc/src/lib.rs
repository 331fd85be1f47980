//! Our RFB client (VNC): RFC 6143 and the community's extensions.
//!
//! | module | holds |
//! | --- | --- |
//! | [`Vnc`], [`run_over`] | the two ways in: an endpoint, or a stream of bytes that is already open |
//! | `connect` | host name to TCP |
//! | `handshake` | version, security types, sign-in, `ServerInit`; each wait has a limit |
//! | `session` | the live session: one task that reads, writes and reports |
//! | `worker` | the decoding thread |
//! | `decode` | the server's messages and every encoding, without I/O, one a file |
//! | `client`, `input`, `resize`, `fence` | what we send |
//! | `limits` | every cap and time limit, with its reason |
//!
//! Bytes flow: socket, [chunks](limits::CHUNKS), decoding thread, [`Surface`](farwire_model::frame::Surface). What is
//! no pixel flows back as [reports](limits::REPORTS) to the session task, which answers the server and the application.

mod client;
mod connect;
pub mod decode;
mod encoding;
mod error;
mod fence;
mod handshake;
mod input;
mod limits;
mod options;
mod pixel;
mod resize;
mod session;
mod text;
mod wire;
mod worker;

pub use error::DecodeError;

use farwire_model::session::{Protocol, Run, SessionError, Start};
use options::Options;
use tokio::io::{AsyncRead, AsyncWrite};

/// The VNC protocol handler.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vnc;

impl Protocol for Vnc {
    fn run(&self, start: Start) -> Run {
        Box::pin(async move {
            let cancel = start.cancel.clone();
            let dial = connect::connect(&start.endpoint.host, start.endpoint.port, &start.events);
            let stream = tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                stream = dial => stream?,
            };
            run_over(stream, start).await
        })
    }
}

/// Carries a session over a stream that is already open: a channel inside SSH, a Unix socket, a pipe.
///
/// The endpoint in `start` only names the machine in messages.
///
/// # Errors
/// As [`Protocol::run`], from stage `banner` on.
pub async fn run_over<S>(stream: S, start: Start) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let options = Options::of(&start);
    let cancel = start.cancel.clone();
    let established = tokio::select! {
        () = cancel.cancelled() => return Ok(()),
        established = handshake::establish(Box::new(stream), &start, &options) => established?,
    };
    session::run(established, start, options).await
}
