//! From a host name to an open TCP connection.

use crate::limits::{CONNECT_LIMIT, CONNECT_TOTAL_LIMIT, RESOLVE_LIMIT};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Looks a host's addresses up.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve`.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, SessionError> {
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
            let addresses: Vec<_> = found.collect();
            if addresses.is_empty() {
                return Err(fail("it has no address"));
            }
            Ok(addresses)
        }
    }
}

/// Connects to the first of a host's addresses that answers.
///
/// # Errors
/// Kind `Unreachable`, stage `connect`.
pub async fn connect(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
) -> Result<TcpStream, SessionError> {
    let deadline = Instant::now() + CONNECT_TOTAL_LIMIT;
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for address in addresses {
        let attempt = timeout(CONNECT_LIMIT, TcpStream::connect(address));
        match timeout_at(deadline, attempt).await {
            Ok(Ok(Ok(stream))) => {
                // Keys that are typed must not wait to be joined with more.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not switch Nagle's algorithm off");
                }
                return Ok(stream);
            }
            Ok(Ok(Err(error))) => last = error,
            Ok(Err(_)) => last = io::ErrorKind::TimedOut.into(),
            Err(_) => break,
        }
    }
    let (why, advice) = match last.kind() {
        io::ErrorKind::ConnectionRefused => (
            "nothing listens there".to_owned(),
            "check the port and that the SSH server runs",
        ),
        io::ErrorKind::TimedOut => (
            format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            "check that the machine is on and no firewall blocks the port",
        ),
        _ => (last.to_string(), "check the address and the network"),
    };
    let message = format!("could not connect to {host}:{port}: {why}; {advice}");
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        message,
    ))
}
