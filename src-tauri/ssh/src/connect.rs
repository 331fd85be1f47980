//! From an address to a link that is signed in to, through any number of machines.

use crate::auth;
use crate::connection::Connection;
use crate::doors::Doors;
use crate::guard::{Ear, Fault, Guard};
use crate::host_key;
use crate::limits::{
    BANNER_LIMIT, KEEPALIVE_MISSES, KEY_EXCHANGE_LIMIT, MAX_JUMPS, MAX_TEXT_CHARS,
};
use crate::options::Options;
use crate::text;
use crate::watched::Watched;
use farwire_link::{ByteStream, tcp};
use farwire_model::ask::Ask;
use farwire_model::credentials::Hop;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, Meter, SessionError, SessionEvent, Start};
use farwire_model::trust::TrustCheck;
use russh::client::{self, Handle};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Everything a link needs besides the machines on its way.
#[derive(Clone)]
pub struct Call {
    /// Asked about every host key.
    pub trust: Arc<dyn TrustCheck>,
    /// Asked what a machine wants to know and no credential answers.
    pub ask: Arc<dyn Ask>,
    /// Told the stages.
    pub events: mpsc::Sender<SessionEvent>,
    /// Counts the bytes of the last machine's link.
    pub meter: Arc<Meter>,
    /// How much a server may send in one channel before it is read; none means enough for fast and long links.
    pub window: Option<u32>,
}

impl Call {
    /// What a run was given, and the machines on its way, the last one the one that is meant.
    pub fn of(start: &Start) -> (Self, Vec<Hop>) {
        let call = Self {
            trust: Arc::clone(&start.trust),
            ask: Arc::clone(&start.ask),
            events: start.events.clone(),
            meter: Arc::clone(&start.meter),
            window: None,
        };
        let last = Hop {
            endpoint: start.endpoint.clone(),
            credentials: start.credentials.clone(),
            settings: start.settings.clone(),
        };
        let mut hops = start.jumps.clone();
        hops.push(last);
        (call, hops)
    }

    pub(crate) async fn stage(&self, stage: Stage) {
        // A receiver that is gone cancels the run elsewhere.
        let event = SessionEvent::Stage(stage);
        self.events.send(event).await.unwrap_or_default();
    }
}

/// How much a server may send before it is read: 16 MiB carry 2.5 Gbit/s at 50 ms.
const WINDOW: u32 = 16 << 20;

/// Connects to the last of these machines through those before it, and signs in to each. Every stage has its limit.
///
/// Dropping the future or the connection closes everything on the way.
///
/// # Errors
/// Where it failed, why and what to do. With machines in between, the message says at which one.
pub async fn connect(call: &Call, hops: &[Hop]) -> Result<Connection, SessionError> {
    connect_as(call, hops, Last::Meant).await
}

/// Connects to the last of the machines on the way to another one, which is no SSH server.
///
/// # Errors
/// As [`connect`]; the message says at which machine.
pub async fn connect_jumps(call: &Call, jumps: &[Hop]) -> Result<Connection, SessionError> {
    connect_as(call, jumps, Last::OnTheWay).await
}

/// What the last machine is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// The one that is meant.
    Meant,
    /// One on the way to something else.
    OnTheWay,
}

async fn connect_as(call: &Call, hops: &[Hop], last: Last) -> Result<Connection, SessionError> {
    if hops.len() > MAX_JUMPS + 1 {
        let message = format!("more than {MAX_JUMPS} machines on the way: connect through fewer");
        return Err(SessionError::new(
            Stage::Connect,
            FailureKind::Protocol,
            message,
        ));
    }
    let mut below: Option<Connection> = None;
    for (place, hop) in hops.iter().enumerate() {
        let is_last = place + 1 == hops.len() && last == Last::Meant;
        let reached = reach(call, hop, below.take(), is_last).await;
        below = Some(reached.map_err(|error| at_jump(error, hop, is_last))?);
    }
    below.ok_or_else(|| {
        let message = "no machine was named to connect to";
        SessionError::new(Stage::Connect, FailureKind::Protocol, message)
    })
}

/// Names the machine in between that an error is of.
fn at_jump(mut error: SessionError, hop: &Hop, is_last: bool) -> SessionError {
    if !is_last {
        // A person who is asked about this key would think it is the last machine's.
        if error.kind == FailureKind::Untrusted {
            error.identity = None;
            error.known = None;
            error
                .message
                .push_str("; open the connection that this one goes through and accept it there, or in the list of trusted machines");
        }
        error.message = format!(
            "on the way, at {}:{}: {}",
            hop.endpoint.host, hop.endpoint.port, error.message
        );
        if error.kind == FailureKind::CredentialsMissing || error.kind == FailureKind::Refused {
            error.message.push_str(
                "; credentials that are typed go to the last machine only: save them with the connection it goes through",
            );
        }
    }
    error
}

async fn reach(
    call: &Call,
    hop: &Hop,
    below: Option<Connection>,
    is_last: bool,
) -> Result<Connection, SessionError> {
    let (host, port) = (&hop.endpoint.host, hop.endpoint.port);
    let stream: Box<dyn ByteStream> = match &below {
        Some(below) => {
            call.stage(Stage::Connect).await;
            below.direct_tcpip(host, port).await?
        }
        None => {
            call.stage(Stage::Resolve).await;
            let addresses = tcp::resolve(host, port).await?;
            call.stage(Stage::Connect).await;
            Box::new(tcp::connect(host, port, &addresses, "that the SSH server runs").await?)
        }
    };
    let options = Options::of(&hop.settings);
    let known = call.trust.known_host(host.clone(), port).await;
    let config = Arc::new(client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-Farwire_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: call.window.unwrap_or(WINDOW),
        maximum_packet_size: 65535,
        // With packets of 32 KiB, as `sshd` sends them, a small window is all that waits.
        channel_buffer_size: call
            .window
            .map_or(100, |window| usize::try_from(window >> 15).unwrap_or(100)),
        keepalive_interval: options.keepalive,
        keepalive_max: KEEPALIVE_MISSES,
        preferred: host_key::preferred(&known),
        nodelay: true,
        ..client::Config::default()
    });
    let ear = Ear::default();
    let doors = Doors::default();
    let guard = Guard {
        endpoint: hop.endpoint.clone(),
        trust: Arc::clone(&call.trust),
        known,
        events: call.events.clone(),
        ear: ear.clone(),
        doors: doors.clone(),
    };
    let cut = CancellationToken::new();
    let meter = if is_last {
        Arc::clone(&call.meter)
    } else {
        Arc::default()
    };
    // From here on whatever ends this future ends the link's task too.
    let guarded = cut.clone().drop_guard();
    let mut handle = shake_hands(call, hop, config, stream, cut, meter, guard).await?;
    call.stage(Stage::Auth).await;
    auth::sign_in(&mut handle, hop, &options, call, &ear).await?;
    Ok(Connection::new(handle, hop, ear, doors, guarded, below))
}

/// Exchanges greetings and keys; the server's key is checked on the way.
async fn shake_hands(
    call: &Call,
    hop: &Hop,
    config: Arc<client::Config>,
    stream: Box<dyn ByteStream>,
    cut: CancellationToken,
    meter: Arc<Meter>,
    guard: Guard,
) -> Result<Handle<Guard>, SessionError> {
    let (host, port) = (&hop.endpoint.host, hop.endpoint.port);
    call.stage(Stage::Banner).await;
    let ear = guard.ear.clone();
    let (stream, mut greeting) = Watched::new(stream, cut, meter);
    let mut connecting = std::pin::pin!(client::connect_stream(config, stream, guard));
    let mut stage = Stage::Banner;
    let mut deadline = Instant::now() + BANNER_LIMIT;
    loop {
        tokio::select! {
            connected = &mut connecting => {
                let greeting = greeting.borrow().line.clone();
                return connected.map_err(|fault| not_up(fault, stage, greeting, &ear, hop));
            }
            Ok(()) = greeting.changed(), if stage == Stage::Banner => {
                stage = Stage::KeyExchange;
                deadline = Instant::now() + KEY_EXCHANGE_LIMIT;
                call.stage(stage).await;
            }
            () = sleep_until(deadline) => {
                let (what, limit) = match stage {
                    Stage::Banner => ("no greeting of an SSH server", BANNER_LIMIT),
                    _ => ("no end of the key exchange", KEY_EXCHANGE_LIMIT),
                };
                let message = format!(
                    "{what} came from {host}:{port} within {} s; check that an SSH server listens there and is not overloaded",
                    limit.as_secs()
                );
                return Err(SessionError::new(stage, FailureKind::Unreachable, message));
            }
        }
    }
}

fn not_up(
    fault: Fault,
    stage: Stage,
    greeting: Option<String>,
    ear: &Ear,
    hop: &Hop,
) -> SessionError {
    let (host, port) = (&hop.endpoint.host, hop.endpoint.port);
    let error = match fault {
        Fault::Untrusted(error) => return *error,
        Fault::Link(error) => error,
    };
    let (kind, message) = match error {
        russh::Error::NoCommonAlgo { kind, ours, theirs } => (
            FailureKind::Protocol,
            format!(
                "{host}:{port} and Farwire have no {} in common: it has {}; Farwire has {}. Bring the server up to date",
                algorithms(&kind),
                text::line(&theirs.join(", "), MAX_TEXT_CHARS),
                ours.join(", ")
            ),
        ),
        russh::Error::Version => (
            FailureKind::Protocol,
            format!(
                "{host}:{port} is no server of SSH 2{}; check the port",
                greeting.map_or_else(String::new, |line| format!(
                    ": it greets with {}",
                    text::line(&line, 80)
                ))
            ),
        ),
        error => {
            let why = match ear.said().goodbye {
                Some(goodbye) if !goodbye.is_empty() => format!("it said: {goodbye}"),
                _ => link_words(&error),
            };
            (
                FailureKind::Unreachable,
                format!(
                    "{host}:{port} ended the connection: {why}; it may be overloaded, or may not let this computer in"
                ),
            )
        }
    };
    SessionError::new(stage, kind, message)
}

/// What became of a link, in words.
pub(crate) fn link_words(error: &russh::Error) -> String {
    match error {
        russh::Error::Disconnect | russh::Error::HUP | russh::Error::SendError => {
            "it closed the connection".to_owned()
        }
        russh::Error::KeepaliveTimeout => "it does not answer any more".to_owned(),
        russh::Error::IO(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "it closed the connection".to_owned()
        }
        error => text::line(&error.to_string(), MAX_TEXT_CHARS),
    }
}

fn algorithms(kind: &russh::AlgorithmKind) -> &'static str {
    match kind {
        russh::AlgorithmKind::Kex => "key exchange",
        russh::AlgorithmKind::Key => "type of host key",
        russh::AlgorithmKind::Cipher => "cipher",
        russh::AlgorithmKind::Compression => "compression",
        russh::AlgorithmKind::Mac => "message authentication code",
    }
}
