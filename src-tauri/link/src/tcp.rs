//! From a host name to an open TCP connection.

#[cfg(target_os = "linux")]
use crate::limits::ACK_LIMIT;
use crate::limits::{
    CONNECT_LIMIT, CONNECT_TOTAL_LIMIT, KEEPALIVE_IDLE, KEEPALIVE_PERIOD, KEEPALIVE_PROBES,
    RESOLVE_LIMIT,
};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Looks a host's addresses up. An IPv6 address may be written as in a URL.
///
/// # Errors
/// Kind `Unreachable`, stage `resolve`.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, SessionError> {
    let fail = |why: &str| {
        let message = format!("could not find {host}: {why}; check the spelling of the host name");
        SessionError::new(Stage::Resolve, FailureKind::Unreachable, message)
    };
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

/// Connects to the first of a host's addresses that answers. What is sent is not held back to be joined with more.
///
/// `check` says what to look at where nothing listens, as "that the SSH server runs".
///
/// # Errors
/// Kind `Unreachable`, stage `connect`.
pub async fn connect(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
    check: &str,
) -> Result<TcpStream, SessionError> {
    let deadline = Instant::now() + CONNECT_TOTAL_LIMIT;
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for address in addresses {
        let attempt = timeout(CONNECT_LIMIT, TcpStream::connect(address));
        match timeout_at(deadline, attempt).await {
            Ok(Ok(Ok(stream))) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not switch Nagle's algorithm off");
                }
                return Ok(stream);
            }
            Ok(Ok(Err(error))) => last = error,
            Ok(Err(_)) => last = io::ErrorKind::TimedOut.into(),
            Err(_) => {
                last = io::ErrorKind::TimedOut.into();
                break;
            }
        }
    }
    let (why, advice) = match last.kind() {
        io::ErrorKind::ConnectionRefused => (
            "nothing listens there".to_owned(),
            format!("check the port and {check}"),
        ),
        io::ErrorKind::TimedOut => (
            format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            "check that the machine is on and no firewall blocks the port".to_owned(),
        ),
        _ => (
            last.to_string(),
            "check the address and the network".to_owned(),
        ),
    };
    Err(SessionError::new(
        Stage::Connect,
        FailureKind::Unreachable,
        format!("could not connect to {host}:{port}: {why}; {advice}"),
    ))
}

/// Has TCP notice when the other side is gone without a word: for protocols without a sign of life of their own.
pub fn watch(stream: &TcpStream) {
    if let Err(error) = set_watch(stream) {
        tracing::debug!(%error, "could not have TCP watch the connection");
    }
}

fn set_watch(stream: &TcpStream) -> io::Result<()> {
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn tcp_watches_the_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses = resolve("[127.0.0.1]", port).await.unwrap();
        let stream = connect("127.0.0.1", port, &addresses, "it").await.unwrap();
        watch(&stream);
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        let seconds = Duration::from_secs;
        assert_eq!(socket.tcp_keepalive_time().unwrap(), seconds(15));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), seconds(5));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(seconds(30)));
    }

    #[tokio::test]
    async fn a_closed_port_says_what_to_check() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let tried = connect("host", address.port(), &[address], "that it is on").await;
        let error = tried.unwrap_err();
        assert_eq!(error.stage, Stage::Connect);
        assert!(
            error
                .message
                .ends_with("nothing listens there; check the port and that it is on"),
            "{}",
            error.message
        );
    }
}
