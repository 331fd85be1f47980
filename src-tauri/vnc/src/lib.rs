//! Our RFB client (VNC): RFC 6143 and the community's extensions.
//!
//! | module | holds |
//! | --- | --- |
//! | [`Vnc`], [`run_over`] | the two ways in: an endpoint, or a stream of bytes that is already open |
//! | `connect` | host name to TCP |
//! | `handshake` | version, security types, TLS, sign-in, `ServerInit`; each wait has a limit |
//! | `session` | the live session: one task that reads, writes and reports |
//! | `worker` | the decoding thread |
//! | `decode` | the server's messages and every encoding, without I/O, one a file |
//! | [`inflate`] | zlib streams of any length |
//! | `client`, `input`, `resize`, `clipboard`, `pulse`, `bandwidth` | what we send, and when |
//! | `limits` | every cap and time limit, with its reason |
//!
//! Bytes flow: socket, [chunks](limits::CHUNKS), decoding thread, [`Surface`](farwire_model::frame::Surface). What is
//! no pixel flows back as [reports](limits::REPORTS) to the session task, which answers the server and the application.

mod bandwidth;
mod client;
mod clipboard;
mod connect;
pub mod decode;
mod encoding;
mod error;
mod handshake;
pub mod inflate;
mod input;
mod keycode;
mod keysym;
mod limits;
mod options;
mod pixel;
mod pixel_format;
mod pulse;
mod resize;
mod session;
mod text;
mod wire;
mod worker;

pub use error::DecodeError;
pub use pixel_format::{Depth, PixelFormat};

use farwire_model::credentials::Endpoint;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, Protocol, Run, SessionError, Start};
use handshake::{Established, Outcome, Tls};
use options::Options;
use tokio::io::{AsyncRead, AsyncWrite};

/// The VNC protocol handler.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vnc;

impl Protocol for Vnc {
    fn run(&self, start: Start) -> Run {
        Box::pin(async move {
            let options = Options::of(&start);
            let established = tokio::select! {
                () = start.cancel.cancelled() => return Ok(()),
                established = dial(&start, &options) => established?,
            };
            session::run(established, start, options).await
        })
    }
}

async fn dial(start: &Start, options: &Options) -> Result<Established, SessionError> {
    let Endpoint { host, port, .. } = &start.endpoint;
    let mut tls = Tls::First;
    loop {
        let stream = connect::connect(host, *port, &start.events).await?;
        match handshake::establish(stream, start, options, tls).await? {
            Outcome::Up(established) => return Ok(established),
            // Happens once: it is the answer to TLS in the first place alone.
            Outcome::AgainWithoutTls => tls = Tls::Last,
        }
    }
}

/// Carries a session over a stream that is already open: a channel inside SSH, a Unix socket, a pipe.
///
/// The endpoint in `start` only names the machine in messages, and to `trust` should the server offer TLS.
///
/// # Errors
/// As [`Protocol::run`], from stage `banner` on.
pub async fn run_over<S>(stream: S, start: Start) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let options = Options::of(&start);
    // One stream allows one attempt, so inside SSH, where all is protected, TLS comes last.
    let tls = match start.endpoint.via {
        Some(_) => Tls::Last,
        None => Tls::First,
    };
    let outcome = tokio::select! {
        () = start.cancel.cancelled() => return Ok(()),
        outcome = handshake::establish(Box::new(stream), &start, &options, tls) => outcome?,
    };
    match outcome {
        Outcome::Up(established) => session::run(established, start, options).await,
        Outcome::AgainWithoutTls => Err(SessionError::new(
            Stage::Tls,
            FailureKind::Protocol,
            format!(
                "{}:{} has TLS without a certificate only; allow X509Vnc in its settings, or take TLS out of them",
                start.endpoint.host, start.endpoint.port
            ),
        )),
    }
}
