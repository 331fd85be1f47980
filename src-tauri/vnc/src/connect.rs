//! From a host name to an open TCP connection, or from a path to one through a Unix socket.

#[cfg(unix)]
use farwire_link::CONNECT_LIMIT;
use farwire_link::{ByteStream, begin, tcp};
use farwire_model::error::Stage;
#[cfg(unix)]
use farwire_model::session::FailureKind;
use farwire_model::session::{SessionError, SessionEvent};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::sync::mpsc;
#[cfg(unix)]
use tokio::time::timeout;

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
    begin(events, Stage::Resolve).await;
    let addresses = tcp::resolve(host, port).await?;
    begin(events, Stage::Connect).await;
    let stream = tcp::connect(host, port, &addresses, "that the VNC server runs").await?;
    tcp::watch(&stream);
    Ok(Box::new(stream))
}

#[cfg(unix)]
async fn unix(
    path: &str,
    events: &mpsc::Sender<SessionEvent>,
) -> Result<Box<dyn ByteStream>, SessionError> {
    begin(events, Stage::Connect).await;
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
