//! From a host name to an open TCP connection.

use crate::limits::{CONNECT_LIMIT, CONNECT_TOTAL_LIMIT, RESOLVE_LIMIT};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, SessionEvent};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Looks the host up and connects to the first of its addresses that answers.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve` or `connect`.
pub async fn connect(
    host: &str,
    port: u16,
    events: &mpsc::Sender<SessionEvent>,
) -> Result<TcpStream, SessionError> {
    // A receiver that is gone cancels the run elsewhere.
    events
        .send(SessionEvent::Stage(Stage::Resolve))
        .await
        .unwrap_or_default();
    let addresses = resolve(host, port).await?;
    events
        .send(SessionEvent::Stage(Stage::Connect))
        .await
        .unwrap_or_default();
    let deadline = Instant::now() + CONNECT_TOTAL_LIMIT;
    let mut last = None;
    for address in &addresses {
        let attempt = timeout(CONNECT_LIMIT, TcpStream::connect(address));
        match timeout_at(deadline, attempt).await {
            Ok(Ok(Ok(stream))) => {
                // Input must not wait to be joined with more input.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not switch Nagle's algorithm off");
                }
                return Ok(stream);
            }
            Ok(Ok(Err(error))) => last = Some(error),
            Ok(Err(_)) => last = Some(io::ErrorKind::TimedOut.into()),
            Err(_) => {
                last = Some(io::ErrorKind::TimedOut.into());
                break;
            }
        }
    }
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        unreachable_text(host, port, last.as_ref()),
    ))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, SessionError> {
    let fail = |why: &str| {
        let message = format!("could not find {host}: {why}; check the spelling of the host name");
        SessionError::new(Stage::Resolve, FailureKind::Unreachable, message)
    };
    // An IPv6 address may be written as in a URL.
    let name = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    match timeout(RESOLVE_LIMIT, tokio::net::lookup_host((name, port))).await {
        Err(_) => Err(fail("the name service did not answer in time")),
        Ok(Err(error)) => Err(fail(&error.to_string())),
        Ok(Ok(found)) => {
            let addresses: Vec<SocketAddr> = found.collect();
            if addresses.is_empty() {
                Err(fail("it has no address"))
            } else {
                Ok(addresses)
            }
        }
    }
}

fn unreachable_text(host: &str, port: u16, error: Option<&io::Error>) -> String {
    let (why, advice) = match error.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => (
            "nothing listens there".to_owned(),
            "check the port and that the VNC server runs",
        ),
        Some(io::ErrorKind::TimedOut) => (
            format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            "check that the machine is on and no firewall blocks the port",
        ),
        _ => (
            error.map(ToString::to_string).unwrap_or_default(),
            "check the address and the network",
        ),
    };
    format!("could not connect to {host}:{port}: {why}; {advice}")
}
