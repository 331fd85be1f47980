//! From a host name to an open TCP connection.

#[cfg(target_os = "linux")]
use crate::limits::ACK_LIMIT;
use crate::limits::{
    CONNECT_LIMIT, CONNECT_TOTAL_LIMIT, KEEPALIVE_IDLE, KEEPALIVE_PERIOD, KEEPALIVE_PROBES,
    RESOLVE_LIMIT,
};
use crate::link::begin;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Looks the machine up and connects to the first of its addresses that answers.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve` or `connect`.
pub async fn tcp(start: &Start) -> Result<TcpStream, SessionError> {
    let (host, port) = (start.endpoint.host.as_str(), start.endpoint.port);
    begin(start, Stage::Resolve).await;
    let addresses = resolve(host, port).await?;
    begin(start, Stage::Connect).await;
    let deadline = Instant::now() + CONNECT_TOTAL_LIMIT;
    let mut last = None;
    for address in addresses {
        let attempt = timeout(CONNECT_LIMIT, TcpStream::connect(address));
        match timeout_at(deadline, attempt).await {
            Ok(Ok(Ok(stream))) => {
                if let Err(error) = prepare(&stream) {
                    tracing::debug!(%error, "could not have TCP watch the connection");
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
    let (why, advice) = match last {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => (
            "nothing listens there".to_owned(),
            "check the port and that Remote Desktop is switched on",
        ),
        Some(error) if error.kind() == io::ErrorKind::TimedOut => (
            format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            "check that the machine is on and no firewall blocks the port",
        ),
        other => (
            other.map(|error| error.to_string()).unwrap_or_default(),
            "check the address and the network",
        ),
    };
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        format!("could not connect to {host}:{port}: {why}; {advice}"),
    ))
}

/// Sends input at once, and has TCP notice when the other side is gone without a word.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_PERIOD)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    // Keepalive is silent while sent bytes wait to be acknowledged.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(ACK_LIMIT))?;
    Ok(())
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
            match addresses.is_empty() {
                true => Err(fail("it has no address")),
                false => Ok(addresses),
            }
        }
    }
}
