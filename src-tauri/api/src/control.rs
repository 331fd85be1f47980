//! Files and a socket in the data folder: how the command line and other programs of the owner find and ask us.

use crate::Api;
use crate::archive;
use farwire_core::Core;
use farwire_core::error::CoreError;
use farwire_core::private_file::write_private;
use farwire_core::store::StoreError;
use farwire_model::token::Scope;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A request of the command line is one short line.
const MAX_LINE_BYTES: u64 = 64 * 1024;
/// How long the command line may take to ask, and to be answered what takes no time.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// How long an archive may take: its passphrase is slow on purpose, and a disk may be.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(600);
/// How many questions are answered at once; further ones wait their turn.
const MAX_ASKERS: usize = 8;

/// Where the first token's text lies.
pub fn token_file(data_dir: &Path) -> PathBuf {
    data_dir.join("api-token")
}

fn run_file(data_dir: &Path) -> PathBuf {
    data_dir.join("api.json")
}

/// Where the command line asks a running program.
pub fn socket_file(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Makes the first token, unless its file is there and its token still exists.
///
/// # Errors
/// The store, or the file cannot be written.
pub async fn ensure_first_token(core: &Core) -> io::Result<()> {
    let path = token_file(core.data_dir());
    let known = fs::read_to_string(&path).ok();
    if known.is_some_and(|text| core.find_token(text.trim()).is_some()) {
        return Ok(());
    }
    let made = core
        .create_token("first token".to_owned(), Scope::FIRST_TOKEN.to_vec(), None)
        .await;
    let (_, token) = match made {
        // Tokens that are there work all the same.
        Err(CoreError::Store {
            source: error @ StoreError::ReadOnly { .. },
        }) => {
            tracing::warn!(%error, "no first token was made");
            return Ok(());
        }
        made => made.map_err(io::Error::other)?,
    };
    write_private(&path, |file| writeln!(file, "{}", token.expose()))
}

/// Tells other programs of the owner where the API is; on a disk that can only be read, nobody.
///
/// # Errors
/// The file cannot be written.
pub fn write_run_file(data_dir: &Path, url: &str, instance: &str) -> io::Result<()> {
    let text = serde_json::json!({ "url": url, "pid": std::process::id(), "instance": instance });
    match write_private(&run_file(data_dir), |file| writeln!(file, "{text}")) {
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => {
            tracing::warn!(%error, "other programs are not told where the API is");
            Ok(())
        }
        written => written,
    }
}

/// Takes [`write_run_file`] back.
pub fn remove_run_file(data_dir: &Path) {
    // Gone already is as good.
    let _ = fs::remove_file(run_file(data_dir));
}

/// What the command line asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// A new token.
    Token {
        /// What people call it.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// A new sign-in link for the browser page.
    Link,
    /// Everything saved, in a file for another machine.
    Export(archive::Export),
    /// What is in such a file.
    Import(archive::Import),
}

impl Ask {
    /// How long the answer may take.
    fn limit(&self) -> Duration {
        match self {
            Self::Token { .. } | Self::Link => ASK_LIMIT,
            Self::Export(_) | Self::Import(_) => ARCHIVE_LIMIT,
        }
    }
}

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Told {
    /// The token's text, the link, or what was done.
    Text {
        /// It.
        text: String,
    },
    /// It did not work.
    Error {
        /// Why.
        message: String,
    },
}

/// Makes the socket. Who reaches it owns the data folder.
///
/// # Errors
/// The socket cannot be made.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let path = socket_file(data_dir);
    // The store's lock says that no other process of this folder runs: a socket here is a left-over.
    match fs::remove_file(&path) {
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers the command line until `cancel` is called, then takes the socket away. `url` says where the API listens now.
pub async fn serve(
    api: Arc<Api>,
    listener: UnixListener,
    url: impl Fn() -> Option<String>,
    cancel: CancellationToken,
) {
    let mut answering = JoinSet::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = answering.join_next() => {}
            accepted = listener.accept(), if answering.len() < MAX_ASKERS => {
                if let Ok((socket, _)) = accepted
                    && !is_ourselves(&socket)
                {
                    let (api, url) = (Arc::clone(&api), url());
                    answering.spawn(async move {
                        if let Err(error) = answer(&api, url, socket).await {
                            tracing::debug!(%error, "the command line went away");
                        }
                    });
                }
            }
        }
    }
    answering.shutdown().await;
    // Gone already is as good.
    let _ = fs::remove_file(socket_file(api.core.data_dir()));
}

/// Whether this very process connects: a tunnel that leads here would make whoever comes through it the owner.
fn is_ourselves(socket: &UnixStream) -> bool {
    let peer = socket.peer_cred().ok().and_then(|peer| peer.pid());
    peer.and_then(|pid| u32::try_from(pid).ok()) == Some(std::process::id())
}

async fn answer(api: &Arc<Api>, url: Option<String>, socket: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = socket.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(MAX_LINE_BYTES));
    tokio::time::timeout(ASK_LIMIT, reader.read_line(&mut line)).await??;
    let told = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => {
            let limit = ask.limit();
            let too_slow = |_| Told::Error {
                message: format!("it took longer than {limit:?}"),
            };
            let told = tokio::time::timeout(limit, tell(api, url, ask)).await;
            told.unwrap_or_else(too_slow)
        }
        // The parser's own message could quote what is in the line.
        Err(error) => Told::Error {
            message: format!("this is no question, near column {}", error.column()),
        },
    };
    let mut text = serde_json::to_string(&told)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await
}

async fn tell(api: &Arc<Api>, url: Option<String>, ask: Ask) -> Told {
    match ask {
        Ask::Token { name, scopes } => new_token(&api.core, name, scopes).await,
        Ask::Export(export) => export.run(&api.core).await,
        Ask::Import(import) => import.run(&api.core).await,
        Ask::Link => match url {
            Some(url) => Told::Text {
                text: sign_in_link(api, &url),
            },
            None => Told::Error {
                message: "the HTTP API is off: switch it on in the window's settings".to_owned(),
            },
        },
    }
}

/// Makes a token for the command line.
pub async fn new_token(core: &Core, name: String, scopes: Vec<Scope>) -> Told {
    match core.create_token(name, scopes, None).await {
        Ok((_, token)) => Told::Text {
            text: token.expose().to_owned(),
        },
        Err(error) => Told::Error {
            message: error.to_string(),
        },
    }
}

/// A link that signs the browser page in, once.
pub fn sign_in_link(api: &Api, url: &str) -> String {
    format!("{url}/ui/#code={}", api.codes.issue())
}

/// Asks the running program of a data folder; `None` when none runs.
///
/// # Errors
/// It runs but does not answer.
pub async fn ask(data_dir: &Path, ask: &Ask) -> io::Result<Option<Told>> {
    let Ok(socket) = UnixStream::connect(socket_file(data_dir)).await else {
        return Ok(None);
    };
    let (reader, mut writer) = socket.into_split();
    let mut text = serde_json::to_string(ask)?;
    text.push('\n');
    let talk = async {
        writer.write_all(text.as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(reader.take(MAX_LINE_BYTES))
            .read_line(&mut line)
            .await?;
        serde_json::from_str(&line).map_err(io::Error::other)
    };
    let told = tokio::time::timeout(ask.limit() + ASK_LIMIT, talk).await;
    told.map_err(|_| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            "the running program does not answer",
        )
    })?
    .map(Some)
}
