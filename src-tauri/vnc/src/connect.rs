//! From a host name to an open TCP connection, or from a path to one through a Unix socket.

use crate::handshake::ByteStream;
#[cfg(target_os = "linux")]
use crate::limits::ACK_LIMIT;
use crate::limits::{
    CONNECT_LIMIT, CONNECT_TOTAL_LIMIT, KEEPALIVE_IDLE, KEEPALIVE_PERIOD, KEEPALIVE_PROBES,
    RESOLVE_LIMIT,
};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, SessionEvent};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Connects to a host, or, where it is an absolute path, to the Unix socket there.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve` or `connect`.
pub async fn connect(
    host: &str,
    port: u16,
    events: &mpsc::Sender<SessionEvent>,
) -> Result<Box<dyn ByteStream>, SessionError> {
    #[cfg(unix)]
    if host.starts_with('/') {
        return unix(host, events).await;
    }
    Ok(Box::new(tcp(host, port, events).await?))
}

#[cfg(unix)]
async fn unix(
    path: &str,
    events: &mpsc::Sender<SessionEvent>,
) -> Result<Box<dyn ByteStream>, SessionError> {
    // A receiver that is gone cancels the run elsewhere.
    events
        .send(SessionEvent::Stage(Stage::Connect))
        .await
        .unwrap_or_default();
    let why = match timeout(CONNECT_LIMIT, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => return Ok(Box::new(stream)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "nobody takes the connection".to_owned(),
    };
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        format!(
            "could not connect to the socket {path}: {why}; check that its server runs and lets you in"
        ),
    ))
}

/// Looks the host up and connects to the first of its addresses that answers.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve` or `connect`.
async fn tcp(
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
                if let Err(error) = watch(&stream) {
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
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        unreachable_text(host, port, last.as_ref()),
    ))
}

/// Has TCP notice when the other side is gone without a word, also where the server has no fences.
fn watch(stream: &TcpStream) -> io::Result<()> {
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn tcp_watches_the_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (events, _stages) = mpsc::channel(4);
        let stream = tcp("127.0.0.1", port, &events).await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        let seconds = Duration::from_secs;
        assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(15));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(5));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(30)));
    }
}
