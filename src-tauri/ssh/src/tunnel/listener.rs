//! Listening on this computer, and connecting on from it.

use farwire_link::ByteStream;
use farwire_link::CONNECT_LIMIT;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use farwire_model::tunnel::TunnelEnd;
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Something that takes connections on this computer. Dropped, it does no more.
pub enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::Socket),
}

impl Listener {
    /// Listens; answers where, with the port that was chosen for port 0.
    ///
    /// # Errors
    /// Stage `channel`.
    pub async fn bind(at: &TunnelEnd) -> Result<(Self, TunnelEnd), SessionError> {
        let bound = match at {
            TunnelEnd::Tcp { host, port } => Self::tcp(host, *port).await,
            TunnelEnd::Unix(path) => Self::unix(path),
        };
        bound.map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => match at {
                    TunnelEnd::Tcp { .. } => "another program has this port: end it or choose another port",
                    TunnelEnd::Unix(_) => "a file is there already: remove it or choose another path",
                },
                io::ErrorKind::PermissionDenied => {
                    "this account may not: ports below 1024 and others' folders are not for everybody"
                }
                io::ErrorKind::AddrNotAvailable => "this computer does not have that address",
                _ => "choose another place",
            };
            let message = format!("could not listen on {at}: {error}; {advice}");
            SessionError::new(Stage::Channel, FailureKind::Protocol, message)
        })
    }

    async fn tcp(host: &str, port: u16) -> io::Result<(Self, TunnelEnd)> {
        let listener = TcpListener::bind((host, port)).await?;
        let bound = listener.local_addr()?;
        let end = TunnelEnd::Tcp {
            host: bound.ip().to_string(),
            port: bound.port(),
        };
        Ok((Self::Tcp(listener), end))
    }

    #[cfg(unix)]
    fn unix(path: &str) -> io::Result<(Self, TunnelEnd)> {
        let socket = unix::Socket::bind(path)?;
        Ok((Self::Unix(socket), TunnelEnd::Unix(path.to_owned())))
    }

    #[cfg(not(unix))]
    fn unix(_: &str) -> io::Result<(Self, TunnelEnd)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes the next connection. Nothing is lost when this is dropped half-way.
    pub async fn accept(&self) -> io::Result<Box<dyn ByteStream>> {
        match self {
            Self::Tcp(listener) => Ok(without_delay(listener.accept().await?.0)),
            #[cfg(unix)]
            Self::Unix(socket) => socket.accept().await,
        }
    }
}

/// Keys that are typed must not wait to be joined with more.
fn without_delay(stream: TcpStream) -> Box<dyn ByteStream> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch Nagle's algorithm off");
    }
    Box::new(stream)
}

/// Connects on from this computer.
///
/// # Errors
/// In words.
pub async fn connect(to: &TunnelEnd) -> Result<Box<dyn ByteStream>, String> {
    let connecting = async {
        match to {
            TunnelEnd::Tcp { host, port } => TcpStream::connect((host.as_str(), *port))
                .await
                .map(without_delay),
            #[cfg(unix)]
            TunnelEnd::Unix(path) => tokio::net::UnixStream::connect(path)
                .await
                .map(|stream| Box::new(stream) as Box<dyn ByteStream>),
            #[cfg(not(unix))]
            TunnelEnd::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    };
    let why = match timeout(CONNECT_LIMIT, connecting).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
    };
    Err(format!(
        "this computer could not connect on to {to}: {why}; check that something listens there"
    ))
}

#[cfg(unix)]
mod unix {
    //! A Unix socket that only this account can connect to, and that is gone when it is not listened on any more.

    use farwire_link::ByteStream;
    use std::fs;
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};
    use tokio::net::{UnixListener, UnixSocket};

    /// Connections that wait to be taken.
    const BACKLOG: u32 = 128;

    pub struct Socket {
        listener: UnixListener,
        path: PathBuf,
        /// Device and number of the file: another one of that name is not ours to remove.
        file: (u64, u64),
    }

    fn file(path: &Path) -> io::Result<(u64, u64)> {
        let metadata = fs::symlink_metadata(path)?;
        Ok((metadata.dev(), metadata.ino()))
    }

    impl Socket {
        pub fn bind(path: &str) -> io::Result<Self> {
            let socket = UnixSocket::new_stream()?;
            socket.bind(path)?;
            let path = PathBuf::from(path);
            let ours = file(&path)?;
            // Nobody can connect before it listens, so that nobody slips in before the rights are set.
            let listening = fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
                .and_then(|()| socket.listen(BACKLOG));
            match listening {
                Ok(listener) => Ok(Self {
                    listener,
                    path,
                    file: ours,
                }),
                Err(error) => {
                    fs::remove_file(&path).unwrap_or_default();
                    Err(error)
                }
            }
        }

        pub async fn accept(&self) -> io::Result<Box<dyn ByteStream>> {
            Ok(Box::new(self.listener.accept().await?.0))
        }
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            if file(&self.path).is_ok_and(|now| now == self.file)
                && let Err(error) = fs::remove_file(&self.path)
            {
                tracing::warn!(%error, "could not remove the socket of a tunnel");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_socket_is_its_owners_alone_and_goes_when_nobody_listens() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let at = TunnelEnd::Unix(path.to_str().unwrap().to_owned());
        let (listener, bound) = Listener::bind(&at).await.unwrap();
        assert_eq!(bound, at);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (accepted, connected) = tokio::join!(listener.accept(), connect(&at));
        accepted.unwrap();
        connected.unwrap();
        let error = Listener::bind(&at).await.err().unwrap();
        assert!(error.message.contains("a file is there already"), "{error}");
        drop(listener);
        assert!(!path.exists());
        // Another one's file of that name stays.
        let (listener, _) = Listener::bind(&at).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "other").unwrap();
        drop(listener);
        assert_eq!(std::fs::read(&path).unwrap(), b"other");
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_so() {
        let at = TunnelEnd::Tcp {
            host: "127.0.0.1".to_owned(),
            port: 0,
        };
        let (_listener, bound) = Listener::bind(&at).await.unwrap();
        assert_ne!(bound, at);
        let error = Listener::bind(&bound).await.err().unwrap();
        assert_eq!(error.stage, Stage::Channel);
        assert!(
            error.message.contains("another program has this port"),
            "{error}"
        );
    }
}
