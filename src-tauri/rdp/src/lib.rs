//! RDP: sessions over the ironrdp crates, which nothing else in Farwire names.
//!
//! | module | holds |
//! | --- | --- |
//! | [`Rdp`], [`run_over`] | the two ways in: an endpoint, or a stream of bytes that is already open |
//! | `establish`, `link`, `tls`, `failure`, `status` | protection, TLS and its certificate, signing in, opening; what went wrong, in words |
//! | `session`, `live` | the live session: what reads and writes, and what it does with it |
//! | `picture`, `graphics`, `codec`, `speed` | what is decoded, brought to the shared picture; the graphics pipeline; by which codec, and how fast |
//! | `input`, `keycode`, `layout`, `wire` | keys and the pointer |
//! | `wishes`, `redirect`, `cookie` | what a session is asked for besides its picture; where a broker sends it; taking it up again |
//! | [`file`] | the lines of an .rdp file |
//! | `clipboard`, `clip_html`, `clip_picture` | text, formatted text and pictures both ways |
//! | `drive` | a folder of this computer as a drive of the machine |
//! | `resize` | the viewer's size |
//! | `guard`, `limits` | every cap and time limit, with its reason |
//!
//! Each session has a thread of its own: decoding is work, and what goes wrong in it ends that session alone.

mod clip_html;
mod clip_picture;
mod clipboard;
mod codec;
mod cookie;
mod drive;
mod establish;
mod failure;
pub mod file;
mod graphics;
mod guard;
mod input;
mod keycode;
mod layout;
mod limits;
mod link;
mod live;
mod names;
mod options;
mod picture;
mod redirect;
mod resize;
mod session;
mod speed;
mod status;
mod tls;
mod wire;
mod wishes;

use establish::{Outcome, establish, peer};
use farwire_link::{ByteStream, begin, tcp};
use farwire_model::ask::{Question, Questions};
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Protocol, Run, SessionError, SessionEvent, Start};
use options::{Options, Security, allowed};
use redirect::{MAX_REDIRECTIONS, Target};
use session::Next;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// The RDP protocol handler.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rdp;

impl Protocol for Rdp {
    fn run(&self, start: Start) -> Run {
        Box::pin(on_its_thread(start, None))
    }
}

/// Carries a session over a stream that is already open: a channel inside SSH.
///
/// The endpoint in `start` names the machine in messages and to `trust`.
///
/// # Errors
/// As [`Protocol::run`], from stage `banner` on.
pub async fn run_over<S>(stream: S, start: Start) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    on_its_thread(start, Some(Box::new(stream))).await
}

/// Runs a session on a thread of its own, to its end.
async fn on_its_thread(
    mut start: Start,
    stream: Option<Box<dyn ByteStream>>,
) -> Result<(), SessionError> {
    let fault = |what: &str| SessionError::new(Stage::Session, FailureKind::Protocol, what);
    // Whoever stops waiting for the session stops the session.
    start.cancel = start.cancel.child_token();
    let _stop = start.cancel.clone().drop_guard();
    let (done, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            fault(&format!(
                "could not start a session: {error}; close others and try again"
            ))
        })?;
    let work = move || {
        let result = runtime.block_on(to_its_end(start, stream));
        // Looking names up may still be under way; nobody waits for it.
        runtime.shutdown_background();
        // Nobody listens to the end of a session that was stopped.
        done.send(result).unwrap_or_default();
    };
    std::thread::Builder::new()
        .name("rdp session".to_owned())
        .spawn(work)
        .map_err(|error| {
            fault(&format!(
                "could not start a session: {error}; close others and try again"
            ))
        })?;
    // A panic drops the sender; its own text went to the log.
    ended.await.unwrap_or_else(|_| {
        Err(fault(
            "the session was stopped by a fault in Farwire while reading what the machine sent; connect again",
        ))
    })
}

async fn to_its_end(
    mut start: Start,
    mut stream: Option<Box<dyn ByteStream>>,
) -> Result<(), SessionError> {
    let mut options = Options::of(&start);
    let cancel = start.cancel.clone();
    options.can_begin_anew = stream.is_none();
    let mut size = options.size;
    let mut sent: Vec<Target> = Vec::new();
    let mut copied = None;
    loop {
        let dialling = dial(&start, &options, stream.take(), size, sent.last());
        let outcome = tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            outcome = dialling => outcome?,
        };
        let established = match outcome {
            Outcome::Up(established) => established,
            Outcome::Sent(target) => {
                go_on(&mut start, &mut options, &mut sent, *target).await?;
                continue;
            }
            Outcome::Probed { security } => {
                let name = start.endpoint.host.clone();
                let connected = SessionEvent::Connected { name, security };
                start.events.send(connected).await.unwrap_or_default();
                return Ok(());
            }
        };
        match session::run(*established, &mut start, &options, copied.take()).await? {
            Next::Nothing => return Ok(()),
            Next::Sent(target) => go_on(&mut start, &mut options, &mut sent, *target).await?,
            Next::Again(anew) if options.can_begin_anew => {
                size = allowed(anew.size);
                options.scale = anew.scale;
                options.codecs = anew.codecs;
                // What it began with is old, and what a broker gave for the password is good for once.
                (start.size, copied) = (anew.wish, anew.copied);
                if let Some(target) = sent.last_mut() {
                    target.cookie = None;
                }
            }
            Next::Again(_) => {
                let message = format!(
                    "the session with {} has to begin anew for another size or codec; connect again",
                    peer(&start)
                );
                return Err(SessionError::new(
                    Stage::Session,
                    FailureKind::Lost,
                    message,
                ));
            }
        }
    }
}

async fn dial(
    start: &Start,
    options: &Options,
    stream: Option<Box<dyn ByteStream>>,
    size: Size,
    target: Option<&Target>,
) -> Result<Outcome, SessionError> {
    let stream = match stream {
        Some(stream) => stream,
        None => Box::new(reach(start).await?),
    };
    establish(stream, start, options, size, target).await
}

/// Takes the way that a broker sends the session, where it may: the certificate there is asked about like any other, and a
/// password goes to another machine only when a person types it for that one.
async fn go_on(
    start: &mut Start,
    options: &mut Options,
    sent: &mut Vec<Target>,
    target: Target,
) -> Result<(), SessionError> {
    let sender = peer(start);
    let refused = |why: &str, stage| {
        let message = format!(
            "{sender} sends the session on to another machine: {why}; connect to that machine"
        );
        SessionError::new(stage, FailureKind::Refused, message)
    };
    if !options.can_begin_anew {
        let why = "through SSH only the machine itself is reached";
        return Err(refused(why, Stage::Channel));
    }
    if sent.len() >= MAX_REDIRECTIONS {
        return Err(refused("each sends it on to the next", Stage::Channel));
    }
    let account = target.account(establish::account(start));
    let is_elsewhere = |host: &&String| !host.eq_ignore_ascii_case(&start.endpoint.host);
    if let Some(host) = target.host.clone().filter(|host| is_elsewhere(&host)) {
        // NLA takes the password whatever the broker gave for it.
        let is_needed = target.cookie.is_none() || options.security != Security::Tls;
        if start.credentials.password.take().is_some() && is_needed {
            let typed = password_for(start, &host, &account.user).await;
            let why =
                format!("nobody typed the password for {host}, and the stored one is not for it");
            start.credentials.password = Some(typed.ok_or_else(|| refused(&why, Stage::Auth))?);
        }
        // Protected no worse there than here.
        if options.security == Security::Auto && tls::had_nla(start) {
            options.security = Security::Nla;
        }
        // A folder is lent to the machine that it was lent to.
        if let Some(lent) = options.wishes.drive.take() {
            let folder = lent.folder;
            let why = format!("{sender} sends the session on to {host}");
            options.not_lent = Some(format!("The folder {folder} is not shared: {why}."));
        }
        start.endpoint.host = host;
    }
    start.credentials.username = Some(account.user).filter(|user| !user.is_empty());
    start.credentials.domain = account.domain;
    sent.push(target);
    Ok(())
}

/// Asks the person for the password of an account on a machine that a broker names.
async fn password_for(start: &Start, host: &str, user: &str) -> Option<Secret> {
    let sender = peer(start);
    let questions = Questions {
        machine: sender.clone(),
        instructions: format!(
            "{sender} sends the session on to {host}. The password stored for {sender} is not sent there."
        ),
        questions: vec![Question {
            text: match user {
                "" => format!("Password for {host}"),
                user => format!("Password for {user} on {host}"),
            },
            echo: false,
        }],
    };
    let answers = start.ask.ask(questions).await?;
    answers.into_iter().next()
}

/// Opens TCP to the machine.
async fn reach(start: &Start) -> Result<TcpStream, SessionError> {
    let (host, port) = (start.endpoint.host.as_str(), start.endpoint.port);
    begin(&start.events, Stage::Resolve).await;
    let addresses = tcp::resolve(host, port).await?;
    begin(&start.events, Stage::Connect).await;
    let check = "that Remote Desktop is switched on";
    let stream = tcp::connect(host, port, &addresses, check).await?;
    tcp::watch(&stream);
    Ok(stream)
}
