//! Tunnels: ports and sockets carried through an SSH connection, as they are asked for and shown.

use crate::error::ErrorBody;
use crate::ids::{ConnectionId, SessionId, TunnelId};
use crate::session::SessionError;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use ts_rs::TS;

/// The longest end of a tunnel, in characters: a host name has at most 253, a socket's path 107 bytes.
pub const MAX_END_CHARS: usize = 300;
/// The longest path of a Unix socket, in bytes: what fits into its address on every system.
pub const MAX_SOCKET_PATH_BYTES: usize = 103;
/// The longest list of tunnels of a connection, in characters.
pub const MAX_TUNNELS_CHARS: usize = 2000;

/// What a tunnel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum TunnelKind {
    /// Listens on this computer, and the machine connects on.
    Local,
    /// Listens on the machine, and this computer connects on.
    Remote,
    /// Listens on this computer as a SOCKS5 proxy; each client says where the machine connects on to.
    Dynamic,
}

/// An end of a tunnel: an address, or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TunnelEnd {
    /// A host name or address, and a port. Port 0 to listen on: a free one.
    Tcp {
        /// Without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// The absolute path of a Unix socket.
    Unix(String),
}

/// Why a text is no end of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is none of: {wanted}")]
pub struct TunnelEndError {
    text: String,
    wanted: &'static str,
}

impl TunnelEnd {
    /// Reads where a tunnel of this kind listens. A port alone means the loopback interface.
    ///
    /// # Errors
    /// It is none of `8080`, `127.0.0.1:8080`, `[::1]:8080`, `/run/user/1000/its.sock`.
    pub fn listen(text: &str, kind: TunnelKind) -> Result<Self, TunnelEndError> {
        let wrong = || TunnelEndError {
            text: text.chars().take(80).collect(),
            wanted: "a port, an IP address or localhost with a port, the absolute path of a socket",
        };
        // The machine reads localhost as the loopback interface of every family (RFC 4254, section 7.1).
        let loopback = match kind {
            TunnelKind::Local | TunnelKind::Dynamic => "127.0.0.1",
            TunnelKind::Remote => "localhost",
        };
        if let Ok(port) = text.parse::<u16>()
            && text.bytes().all(|byte| byte.is_ascii_digit())
        {
            let host = loopback.to_owned();
            return Ok(Self::Tcp { host, port });
        }
        match Self::split(text).ok_or_else(wrong)? {
            Self::Tcp { host, port } if host == "localhost" => {
                let host = loopback.to_owned();
                Ok(Self::Tcp { host, port })
            }
            Self::Tcp { host, .. } if host.parse::<IpAddr>().is_err() => Err(wrong()),
            end => Ok(end),
        }
    }

    /// Reads where a tunnel leads to.
    ///
    /// # Errors
    /// It is none of `host:80`, `[::1]:80`, `/run/its.sock`.
    pub fn target(text: &str) -> Result<Self, TunnelEndError> {
        let wrong = || TunnelEndError {
            text: text.chars().take(80).collect(),
            wanted: "a host with a port, the absolute path of a socket",
        };
        match Self::split(text).ok_or_else(wrong)? {
            Self::Tcp { port: 0, .. } => Err(wrong()),
            end => Ok(end),
        }
    }

    fn split(text: &str) -> Option<Self> {
        let is_odd = |c: char| c.is_control() || c.is_whitespace();
        if text.chars().count() > MAX_END_CHARS {
            return None;
        }
        if text.starts_with('/') {
            let is_path = text.len() > 1
                && text.len() <= MAX_SOCKET_PATH_BYTES
                && !text.chars().any(char::is_control);
            return is_path.then(|| Self::Unix(text.to_owned()));
        }
        let (host, port) = text.rsplit_once(':')?;
        if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let port = port.parse().ok()?;
        let inside = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = match inside {
            Some(address) => address.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None if host.is_empty() || host.contains([':', '[', ']', '/', '@', ',']) => {
                return None;
            }
            None if host.chars().any(is_odd) => return None,
            None => host.to_owned(),
        };
        Some(Self::Tcp { host, port })
    }

    /// Whether others than this machine's own programs can reach it, where it is listened on.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Tcp { host, .. } if host == "localhost" => false,
            Self::Tcp { host, .. } => !host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for TunnelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

impl Serialize for TunnelEnd {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(self)
    }
}

impl JsonSchema for TunnelEnd {
    fn schema_name() -> Cow<'static, str> {
        "TunnelEnd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "tunnel-end", "minLength": 1, "maxLength": MAX_END_CHARS })
    }
}

/// What is asked for of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelPlan {
    /// What it does.
    pub kind: TunnelKind,
    /// Where it listens.
    pub listen: TunnelEnd,
    /// Where it leads to; none for a SOCKS5 proxy.
    pub to: Option<TunnelEnd>,
}

impl TunnelPlan {
    /// Reads a connection's list of tunnels: `L 8080 web:80, R 9000 localhost:3000, D 1080`.
    ///
    /// # Errors
    /// Which part is none, in words.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let parts = text.split([',', ';']).map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(Self::parse).collect()
    }

    fn parse(part: &str) -> Result<Self, String> {
        let wrong = |why: String| {
            let part: String = part.chars().take(80).collect();
            format!(
                "{part:?} is no tunnel: {why}; write L 8080 host:80, R 9000 host:80 or D 1080, separated by commas"
            )
        };
        let words: Vec<_> = part.split_whitespace().collect();
        let (kind, listen, to) = match words.as_slice() {
            ["L", listen, to] => (TunnelKind::Local, listen, Some(to)),
            ["R", listen, to] => (TunnelKind::Remote, listen, Some(to)),
            ["D", listen] => (TunnelKind::Dynamic, listen, None),
            _ => return Err(wrong("it has other parts".to_owned())),
        };
        let read = |error: TunnelEndError| wrong(error.to_string());
        Ok(Self {
            kind,
            listen: TunnelEnd::listen(listen, kind).map_err(read)?,
            to: to
                .map(|to| TunnelEnd::target(to))
                .transpose()
                .map_err(read)?,
        })
    }
}

impl fmt::Display for TunnelPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.to) {
            (TunnelKind::Local, Some(to)) => write!(f, "L {} {to}", self.listen),
            (TunnelKind::Remote, Some(to)) => write!(f, "R {} {to}", self.listen),
            _ => write!(f, "D {}", self.listen),
        }
    }
}

/// Where a tunnel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum TunnelState {
    /// On its way up, or up again after a lost link.
    Starting,
    /// It listens.
    Up,
    /// It cannot be opened; `error` says why.
    Failed,
}

/// A tunnel as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, TS, JsonSchema)]
#[ts(export)]
pub struct TunnelView {
    /// Its identifier.
    pub tunnel_id: TunnelId,
    /// The SSH connection it goes through.
    pub connection_uid: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// The session that carries it: it asks what the machine wants to know.
    pub session_id: SessionId,
    /// What it does.
    pub kind: TunnelKind,
    /// Where it listens, as asked for.
    #[ts(type = "string")]
    pub listen: TunnelEnd,
    /// Where it leads to; none for a SOCKS5 proxy.
    #[ts(type = "string | null")]
    pub to: Option<TunnelEnd>,
    /// Where it listens indeed, while it does.
    #[ts(type = "string | null")]
    pub bound: Option<TunnelEnd>,
    /// Whether it listens where others than the programs there can reach it.
    pub open: bool,
    /// Whether it came with a session of its connection, and ends with it.
    pub with_connection: bool,
    /// Where it stands.
    pub state: TunnelState,
    /// Bytes that came from the machine.
    #[ts(type = "number")]
    pub bytes_in: u64,
    /// Bytes that went to the machine.
    #[ts(type = "number")]
    pub bytes_out: u64,
    /// Open channels: one for each connection that is carried.
    pub channels: u32,
    /// Connections that were carried so far.
    #[ts(type = "number")]
    pub carried: u64,
    /// Why the newest connection that could not be carried was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trouble: Option<String>,
    /// Why it does not listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ErrorBody>,
}

/// Counters of one tunnel; written by the handler, read by everybody.
#[derive(Debug, Default)]
pub struct TunnelMeter {
    /// Bytes that came from the machine.
    pub bytes_in: AtomicU64,
    /// Bytes that went to the machine.
    pub bytes_out: AtomicU64,
    /// Open channels.
    pub channels: AtomicU32,
    /// Connections that were carried so far.
    pub carried: AtomicU64,
    /// Where it listens; none while it does not.
    pub bound: watch::Sender<Option<TunnelEnd>>,
    /// Why the newest connection that could not be carried was not.
    pub trouble: watch::Sender<Option<String>>,
}

impl TunnelMeter {
    /// The counters at this moment: bytes in, bytes out, open channels, connections carried.
    pub fn counts(&self) -> (u64, u64, u32, u64) {
        (
            self.bytes_in.load(Ordering::Relaxed),
            self.bytes_out.load(Ordering::Relaxed),
            self.channels.load(Ordering::Relaxed),
            self.carried.load(Ordering::Relaxed),
        )
    }
}

/// A run of a tunnel.
pub type Carrying = Pin<Box<dyn Future<Output = Result<(), SessionError>> + Send>>;

/// A link that tunnels go through.
pub trait TunnelLink: Send + Sync {
    /// Opens one tunnel and carries it until it is cancelled or the link ends; then nothing listens any more and its
    /// channels are closed. Says in the meter where it listens.
    ///
    /// The error's kind is `Lost` when the link ended.
    fn carry(
        self: Arc<Self>,
        plan: TunnelPlan,
        meter: Arc<TunnelMeter>,
        cancel: CancellationToken,
    ) -> Carrying;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_listens_on_the_loopback_interface() {
        for (text, kind, expected) in [
            ("8080", TunnelKind::Local, Some("127.0.0.1:8080")),
            ("8080", TunnelKind::Remote, Some("localhost:8080")),
            ("0", TunnelKind::Dynamic, Some("127.0.0.1:0")),
            ("localhost:80", TunnelKind::Local, Some("127.0.0.1:80")),
            ("0.0.0.0:80", TunnelKind::Local, Some("0.0.0.0:80")),
            ("[::1]:80", TunnelKind::Local, Some("[::1]:80")),
            ("[0::1]:80", TunnelKind::Remote, Some("[::1]:80")),
            ("/run/a b.sock", TunnelKind::Local, Some("/run/a b.sock")),
            ("*:80", TunnelKind::Local, None),
            ("name:80", TunnelKind::Local, None),
            (":80", TunnelKind::Local, None),
            ("::1:80", TunnelKind::Local, None),
            ("+80", TunnelKind::Local, None),
            ("65536", TunnelKind::Local, None),
            ("127.0.0.1", TunnelKind::Local, None),
            ("127.0.0.1:", TunnelKind::Local, None),
            ("its.sock", TunnelKind::Local, None),
            ("/", TunnelKind::Local, None),
            ("", TunnelKind::Local, None),
        ] {
            let read = TunnelEnd::listen(text, kind).ok();
            let shown = read.map(|end| end.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_target_is_an_address_or_a_socket() {
        for (text, expected) in [
            ("web:80", Some("web:80")),
            ("[fe80::1]:80", Some("[fe80::1]:80")),
            ("/run/docker.sock", Some("/run/docker.sock")),
            ("web:0", None),
            ("80", None),
            ("we b:80", None),
            ("me@web:80", None),
            ("[web]:80", None),
        ] {
            let read = TunnelEnd::target(text).ok();
            let shown = read.map(|end| end.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
        let long = format!("/{}", "x".repeat(MAX_SOCKET_PATH_BYTES));
        assert!(TunnelEnd::target(&long).is_err());
    }

    #[test]
    fn a_list_of_tunnels_is_read_and_written_alike() {
        let text = "L 8080 web:80, R 0.0.0.0:9000 /run/a.sock; D [::1]:1080,";
        let plans = TunnelPlan::list(text).unwrap();
        let shown: Vec<_> = plans.iter().map(ToString::to_string).collect();
        let expected = [
            "L 127.0.0.1:8080 web:80",
            "R 0.0.0.0:9000 /run/a.sock",
            "D [::1]:1080",
        ];
        assert_eq!(shown, expected);
        assert_eq!(TunnelPlan::list(&shown.join(", ")).unwrap(), plans);
        assert_eq!(TunnelPlan::list(" "), Ok(Vec::new()));
        for wrong in ["8080", "L 80", "D 80 web:80", "X 1 a:2", "L 80 web"] {
            assert!(TunnelPlan::list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_loopback_interface_is_closed_to_others() {
        for (text, expected) in [
            ("80", false),
            ("127.0.0.2:80", false),
            ("[::1]:80", false),
            ("0.0.0.0:80", true),
            ("[::]:80", true),
            ("192.168.1.2:80", true),
            ("/run/a", false),
        ] {
            let end = TunnelEnd::listen(text, TunnelKind::Local).unwrap();
            assert_eq!(end.is_open(), expected, "{text}");
        }
    }
}
