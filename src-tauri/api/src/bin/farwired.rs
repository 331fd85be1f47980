//! Farwire without a window: the HTTP API and the browser page on loopback.

use farwire_api::Api;
use farwire_api::archive::{Export, Import};
use farwire_api::control::{self, Ask, Told};
use farwire_api::route::Dialect;
use farwire_api::server::{Offer, Server};
use farwire_core::error::CoreError;
use farwire_core::memory_dump::forbid_memory_dumps;
use farwire_core::store::{self, StoreError};
use farwire_core::vault::{Vault, VaultError, read_passphrase_file};
use farwire_core::{Config, Core, Opening};
use farwire_model::settings::DEFAULT_API_PORT;
use farwire_model::token::Scope;
use mimalloc::MiMalloc;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Many small texts come and go, by request and by record: the system's allocator took a sixth of a read's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const HELP: &str = "\
Farwire without a window: the HTTP API and the browser page on loopback.

farwired [--data-dir DIR] [--port N] [--passphrase-file FILE] [--dialects LIST]
    runs until SIGTERM or SIGINT. --port 0 picks a free port. With --passphrase-file no key store is needed.
    LIST: native, always, and files; both if nothing is said
farwired token new --name NAME --scopes LIST [--data-dir DIR]
    prints a new token. Scopes: read write connect files credentials trust reveal admin
farwired link [--data-dir DIR]
    prints a new sign-in link for the browser page of the running farwired
farwired restore [BACKUP] [--list] [--data-dir DIR]
    restores a backup, the newest if none is named, while nothing runs on the folder; what was saved before is kept
    beside it. --list prints the backups: name, records, bytes
farwired export --out FILE --passphrase-file FILE [--data-dir DIR] [--vault-passphrase-file FILE]
    writes everything saved, passwords included, into a new file that the passphrase opens
farwired import FILE --passphrase-file FILE [--preview] [--replace] [--data-dir DIR] [--vault-passphrase-file FILE]
    takes over what is in such a file. What is here already stays, unless --replace. --preview changes nothing.
";

/// How long the start waits for the key store; it goes on in the background after that.
const KEYRING_WAIT: Duration = Duration::from_secs(5);

/// Another process holds the data folder.
const EXIT_HELD: u8 = 3;

#[derive(Default)]
struct Options {
    command: Vec<String>,
    data_dir: Option<PathBuf>,
    port: Option<u16>,
    passphrase_file: Option<PathBuf>,
    vault_passphrase_file: Option<PathBuf>,
    out: Option<PathBuf>,
    is_preview: bool,
    replaces: bool,
    name: Option<String>,
    scopes: Option<String>,
    dialects: Option<String>,
    is_list: bool,
}

enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// Another process holds the data folder.
    Held(String),
    /// Anything else.
    Other(String),
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::Store {
                source: error @ StoreError::Locked { .. },
            } => Self::Held(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let level = std::env::var("FARWIRE_LOG").unwrap_or_else(|_| "info".to_owned());
    // What passes through the SSH library may be a secret, and its finest log tells of single packets.
    let level = format!("{level},russh=info,russh_sftp=info");
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let failure = match run().await {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let (message, code) = match failure {
        Failure::Usage(message) => (format!("{message}\n\n{HELP}"), 2),
        Failure::Held(message) => (message, EXIT_HELD),
        Failure::Other(message) => (message, 1),
    };
    let _ = writeln!(std::io::stderr(), "farwired: {message}");
    ExitCode::from(code)
}

async fn run() -> Result<(), Failure> {
    forbid_memory_dumps()?;
    let options = parse(std::env::args().skip(1))?;
    let data_dir = match &options.data_dir {
        Some(dir) => dir.clone(),
        None => default_data_dir()?,
    };
    let words: Vec<&str> = options.command.iter().map(String::as_str).collect();
    match words[..] {
        [] => serve(&options, &data_dir).await,
        ["token", "new"] => token(&options, &data_dir).await,
        ["export"] => {
            let out = need(&options.out, "--out")?;
            let ask = Ask::Export(Export {
                out: std::path::absolute(out)?,
                passphrase_file: archive_passphrase(&options)?,
            });
            move_things(&options, &data_dir, ask).await
        }
        ["import", file] => {
            let ask = Ask::Import(Import {
                file: std::path::absolute(file)?,
                passphrase_file: archive_passphrase(&options)?,
                is_preview: options.is_preview,
                replaces: options.replaces,
            });
            move_things(&options, &data_dir, ask).await
        }
        ["link"] => match control::ask(&data_dir, &Ask::Link).await? {
            Some(told) => print(told),
            None => Err(Failure::Other(format!(
                "no farwired runs on {}",
                data_dir.display()
            ))),
        },
        ["restore"] if options.is_list => list_backups(&data_dir),
        ["restore"] => restore(&data_dir, None),
        ["restore", backup] => restore(&data_dir, Some(backup)),
        ["help"] => {
            say(HELP);
            Ok(())
        }
        _ => Err(Failure::Usage(format!(
            "there is no command {:?}",
            options.command.join(" ")
        ))),
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(word) = words.next() {
        if word == "--help" || word == "-h" {
            options.command = vec!["help".to_owned()];
            return Ok(options);
        }
        if word == "--list" {
            options.is_list = true;
            continue;
        }
        if !word.starts_with("--") {
            options.command.push(word);
            continue;
        }
        match word.as_str() {
            "--preview" => options.is_preview = true,
            "--replace" => options.replaces = true,
            _ => parse_value(&mut options, word, &mut words)?,
        }
    }
    Ok(options)
}

/// Reads an option that has a value, in the same word or the next.
fn parse_value(
    options: &mut Options,
    word: String,
    words: &mut impl Iterator<Item = String>,
) -> Result<(), Failure> {
    let (key, value) = match word.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (word, words.next()),
    };
    let value = value.ok_or_else(|| Failure::Usage(format!("{key} needs a value")))?;
    match key.as_str() {
        "--data-dir" => options.data_dir = Some(value.into()),
        "--passphrase-file" => options.passphrase_file = Some(value.into()),
        "--vault-passphrase-file" => options.vault_passphrase_file = Some(value.into()),
        "--out" => options.out = Some(value.into()),
        "--name" => options.name = Some(value),
        "--scopes" => options.scopes = Some(value),
        "--dialects" => options.dialects = Some(value),
        "--port" => {
            let port = value
                .parse()
                .map_err(|_| Failure::Usage(format!("{value:?} is no port")))?;
            options.port = Some(port);
        }
        _ => return Err(Failure::Usage(format!("there is no option {key}"))),
    }
    Ok(())
}

fn default_data_dir() -> Result<PathBuf, Failure> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    let base = base
        .or_else(home)
        .ok_or_else(|| Failure::Usage("HOME is not set: name a --data-dir".to_owned()))?;
    Ok(base.join("dev.farwire.app"))
}

async fn serve(options: &Options, data_dir: &Path) -> Result<(), Failure> {
    let dialects = read_dialects(options.dialects.as_deref())?;
    let opening = Opening::start(Config::at(data_dir)).await?;
    let vault = Arc::clone(opening.vault());
    // Making the key out of a passphrase takes as long as reading a large library; neither waits for the other.
    let (unlocked, core) = tokio::join!(
        unlock(&vault, options.passphrase_file.as_deref()),
        opening.finish()
    );
    let (unlocked, core) = (unlocked?, core?);
    if let Some(notice) = core.notice() {
        tracing::warn!("{notice}");
    }
    if let Err(error) = unlocked {
        tracing::warn!(%error, "the vault stays locked: passwords can be neither read nor saved");
    }
    let api = Api::speaking(core, dialects);
    let port = options.port.unwrap_or(DEFAULT_API_PORT);
    let server = Server::start(Arc::clone(&api), port, Offer::Everything)
        .await
        .map_err(|error| {
            Failure::Other(format!(
                "could not listen on 127.0.0.1:{port}: {error}; choose another --port"
            ))
        })?;
    control::ensure_first_token(api.core()).await?;
    control::write_run_file(data_dir, &server.url(), &api.instance)?;
    let cancel = CancellationToken::new();
    let control = match control::bind(data_dir) {
        Ok(socket) => {
            let url = server.url();
            let serving = control::serve(
                Arc::clone(&api),
                socket,
                move || Some(url.clone()),
                cancel.clone(),
            );
            Some(tokio::spawn(serving))
        }
        Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            tracing::warn!(%error, "the command line cannot ask this program");
            None
        }
        Err(error) => return Err(error.into()),
    };
    say(&format!("farwired listening on {}\n", server.url()));
    say(&format!(
        "sign in once: {}\n",
        control::sign_in_link(&api, &server.url())
    ));
    say(&format!(
        "token file: {}\n",
        control::token_file(data_dir).display()
    ));
    let (mut term, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    cancel.cancel();
    control::remove_run_file(data_dir);
    // Sessions first: their streams end by themselves then.
    api.core().close().await;
    server.stop().await;
    match control {
        Some(control) => control
            .await
            .map_err(|error| Failure::Other(format!("the control socket stopped: {error}"))),
        None => Ok(()),
    }
}

/// Unlocks the vault by the passphrase in a file, or the key store. That the key store does not is no failure: its reason is answered.
async fn unlock(
    vault: &Arc<Vault>,
    passphrase_file: Option<&Path>,
) -> Result<Result<(), VaultError>, Failure> {
    let Some(file) = passphrase_file else {
        return Ok(vault.unlock_with_keyring(KEYRING_WAIT).await);
    };
    let passphrase =
        read_passphrase_file(file).map_err(|error| Failure::Other(error.to_string()))?;
    // A wrong passphrase ends the program: it was named on purpose, and every later step would fail.
    vault
        .unlock_with_passphrase(passphrase)
        .await
        .map_err(CoreError::from)?;
    Ok(Ok(()))
}

/// Without a list, every dialect but those with a switch of their own.
fn read_dialects(list: Option<&str>) -> Result<Vec<Dialect>, Failure> {
    let mut dialects = Vec::new();
    for word in list.unwrap_or("native,files").split(',') {
        match word {
            "native" => dialects.push(Dialect::Native),
            "files" => dialects.push(Dialect::Files),
            "sessions" => {
                tracing::warn!("this version does not speak the dialect sessions");
            }
            other => {
                return Err(Failure::Usage(format!(
                    "there is no dialect {other:?}: native, files, sessions"
                )));
            }
        }
    }
    if !dialects.contains(&Dialect::Native) {
        let message = "--dialects needs native: tickets, the document and the page are part of it";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(dialects)
}

fn need<T: Clone>(value: &Option<T>, key: &str) -> Result<T, Failure> {
    value
        .clone()
        .ok_or_else(|| Failure::Usage(format!("{key} is missing")))
}

fn archive_passphrase(options: &Options) -> Result<PathBuf, Failure> {
    let file = need(&options.passphrase_file, "--passphrase-file")?;
    Ok(std::path::absolute(file)?)
}

/// Exports or imports in the running program, or alone where none runs.
async fn move_things(options: &Options, data_dir: &Path, ask: Ask) -> Result<(), Failure> {
    if let Some(told) = control::ask(data_dir, &ask).await? {
        return print(told);
    }
    let core = Core::open(Config::at(data_dir)).await?;
    let unlocked = unlock(core.vault(), options.vault_passphrase_file.as_deref()).await?;
    unlocked.map_err(CoreError::from)?;
    let told = match ask {
        Ask::Export(export) => export.run(&core).await,
        Ask::Import(import) => import.run(&core).await,
        Ask::Token { .. } | Ask::Link => return Ok(()),
    };
    core.close().await;
    print(told)
}

async fn token(options: &Options, data_dir: &Path) -> Result<(), Failure> {
    let name = need(&options.name, "--name")?;
    let mut scopes = Vec::new();
    for word in need(&options.scopes, "--scopes")?.split(',') {
        let scope = Scope::parse(word.trim());
        scopes.push(scope.ok_or_else(|| Failure::Usage(format!("{word:?} is no scope")))?);
    }
    let ask = Ask::Token { name, scopes };
    if let Some(told) = control::ask(data_dir, &ask).await? {
        return print(told);
    }
    // Nobody runs here, so the store is ours to open.
    let core = Core::open(Config::at(data_dir)).await?;
    let Ask::Token { name, scopes } = ask else {
        return Ok(());
    };
    let told = control::new_token(&core, name, scopes).await;
    core.close().await;
    print(told)
}

fn list_backups(data_dir: &Path) -> Result<(), Failure> {
    for backup in store::backups(data_dir).map_err(CoreError::from)? {
        let records = backup.records.map_or("?".to_owned(), |n| n.to_string());
        say(&format!("{}  {records}  {}\n", backup.id, backup.bytes));
    }
    Ok(())
}

fn restore(data_dir: &Path, backup: Option<&str>) -> Result<(), Failure> {
    let told = store::restore_backup(data_dir, backup, SystemTime::now());
    say(&format!("{}\n", told.map_err(CoreError::from)?));
    Ok(())
}

fn print(told: Told) -> Result<(), Failure> {
    match told {
        Told::Text { text } => {
            say(&format!("{text}\n"));
            Ok(())
        }
        Told::Error { message } => Err(Failure::Other(message)),
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    // Nobody may be listening on the other end of a pipe; that is no reason to stop.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
