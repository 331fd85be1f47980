//! The farwired program itself.

use crate::client::Client;
use crate::contract::Contract;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

/// The program the tests run: the one `FARWIRED_BIN` names, else built here once, because `cargo test` alone does not build
/// programs of other packages.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(built) = std::env::var_os("FARWIRED_BIN") {
            return PathBuf::from(built);
        }
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--offline",
                "-p",
                "farwire-api",
                "--bin",
                "farwired",
            ])
            // Beside this test, whose profile it has.
            .args((!cfg!(debug_assertions)).then_some("--release"))
            .status()
            .unwrap();
        assert!(status.success());
        // This test lies in <target>/<profile>/deps.
        let test = std::env::current_exe().unwrap();
        test.parent().unwrap().parent().unwrap().join("farwired")
    })
}

pub struct Daemon {
    pub child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: PathBuf,
}

impl Daemon {
    pub fn start(data: &Path, passphrase: &Path) -> Self {
        let errors = passphrase.with_file_name("errors");
        let log = File::create(&errors).unwrap();
        Self::logging(data, passphrase, "info", log)
    }

    /// One that says everything of a level and above.
    pub fn logging(data: &Path, passphrase: &Path, level: &str, log: impl Into<Stdio>) -> Self {
        Self::spawn(Command::new(program()), data, passphrase, level, log)
    }

    /// One whose files would be open to everybody that the umask does not keep out.
    pub fn with_umask(data: &Path, passphrase: &Path, umask: &str) -> Self {
        let log = File::create(passphrase.with_file_name("errors")).unwrap();
        let mut command = Command::new("sh");
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(program());
        Self::spawn(command, data, passphrase, "info", log)
    }

    /// One in another environment.
    pub fn among(data: &Path, passphrase: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let log = File::create(passphrase.with_file_name("errors")).unwrap();
        let mut command = Command::new(program());
        change(&mut command);
        Self::spawn(command, data, passphrase, "info", log)
    }

    /// One whose data folder is on a file system that can only be read, and whose run-time folder is `run` beside the
    /// passphrase. Takes root.
    pub fn read_only(data: &Path, passphrase: &Path) -> Self {
        let log = File::create(passphrase.with_file_name("errors")).unwrap();
        let mut command = Command::new("unshare");
        let script =
            "mount --bind \"$D\" \"$D\" && mount -o remount,ro,bind \"$D\" && exec \"$0\" \"$@\"";
        command.args(["-m", "sh", "-c", script]).arg(program());
        let run = passphrase.with_file_name("run");
        fs::create_dir(&run).unwrap();
        command.env("D", data).env("XDG_RUNTIME_DIR", run);
        Self::spawn(command, data, passphrase, "info", log)
    }

    fn spawn(
        mut command: Command,
        data: &Path,
        passphrase: &Path,
        level: &str,
        log: impl Into<Stdio>,
    ) -> Self {
        let errors = passphrase.with_file_name("errors");
        let mut child = command
            .args(["--port", "0", "--data-dir"])
            .arg(data)
            .arg("--passphrase-file")
            .arg(passphrase)
            .current_dir(passphrase.parent().unwrap())
            .env("FARWIRE_LOG", level)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            errors,
        }
    }

    pub fn line(&mut self) -> String {
        let line = self.lines.next();
        line.unwrap_or_else(|| panic!("it ended: {}", self.errors()))
            .unwrap()
    }

    /// Where it listens, from its first line.
    pub fn url(&mut self) -> String {
        let line = self.line();
        let url = line.strip_prefix("farwired listening on ");
        url.unwrap_or_else(|| panic!("{line}")).to_owned()
    }

    /// The rest of what it says on standard output, once it has ended.
    pub fn rest(&mut self) -> String {
        self.lines
            .by_ref()
            .map(|line| line.unwrap() + "\n")
            .collect()
    }

    /// What it has written to standard error so far.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const PASSPHRASE: &str = "a passphrase for tests";

/// Runs the program to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    Command::new(program())
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .output()
        .unwrap()
}

/// A new token, made on the owner's terminal.
pub fn token(data: &Path, scopes: &str) -> String {
    let made = run(
        data,
        &["token", "new", "--name", "made", "--scopes", scopes],
    );
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

pub fn passphrase_file(folder: &Path, mode: u32) -> PathBuf {
    let file = folder.join("passphrase");
    fs::write(&file, format!("{PASSPHRASE}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    file
}

#[tokio::test]
async fn it_says_where_it_is_keeps_strangers_out_and_stops_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let passphrase = passphrase_file(dir.path(), 0o600);
    let mut daemon = Daemon::start(&data, &passphrase);
    let url = daemon.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let link = daemon.line();
    assert!(link.contains(&format!("{url}/ui/#code=")), "{link}");
    daemon.line();
    for (name, kind) in [
        ("api-token", "file"),
        ("api.json", "file"),
        ("control.sock", "socket"),
    ] {
        let mode = fs::metadata(data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{kind} {name}");
    }
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let run: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(data.join("api.json")).unwrap()).unwrap();
    assert_eq!(
        (run["url"].as_str(), run["pid"].as_u64()),
        (Some(url.as_str()), Some(u64::from(daemon.child.id())))
    );
    let client = Client::new(url.as_str());
    let token = fs::read_to_string(data.join("api-token")).unwrap();
    let get = async |path: &str, token: &str| {
        client
            .request("GET", path)
            .bearer_auth(token.trim())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(get("/groups", &token).await, 200);
    assert_eq!(
        get("/tokens", &token).await,
        403,
        "the first token makes no tokens"
    );

    // The command line asks the running program.
    let admin = self::token(&data, "read,admin");
    assert_eq!(get("/tokens", &admin).await, 200, "{admin}");

    // A sign-in code works once.
    let code = link.rsplit_once("code=").unwrap().1.to_owned();
    let sign_in = async || {
        let body = serde_json::json!({ "code": code });
        client
            .request("PUT", "/ui/signin")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let answer: serde_json::Value = sign_in().await.json().await.unwrap();
    assert_eq!(
        get("/settings", answer["token"].as_str().unwrap()).await,
        200
    );
    assert_eq!(sign_in().await.status(), 401);

    // A second one on the same folder says who holds it.
    let second = Command::new(program())
        .args(["--port", "0", "--data-dir"])
        .arg(&data)
        .arg("--passphrase-file")
        .arg(&passphrase)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(3));
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        message.contains(&daemon.child.id().to_string()),
        "{message}"
    );

    daemon.signal("-TERM");
    let ended = daemon.child.wait().unwrap();
    assert!(ended.success(), "{ended}");
    assert!(!data.join("control.sock").exists() && !data.join("api.json").exists());

    // Nobody runs now: the command line opens the store itself, and the same token is still good afterwards.
    let later = self::token(&data, "read");
    let mut daemon = Daemon::start(&data, &passphrase);
    let url = daemon.url();
    let client = Client::new(url);
    for token in [token, later] {
        let status = client
            .request("GET", "/groups")
            .bearer_auth(token.trim())
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status, 200);
    }
}

#[test]
fn an_open_passphrase_file_and_a_wrong_passphrase_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let run = |passphrase: &Path| {
        Command::new(program())
            .args(["--port", "0", "--data-dir"])
            .arg(dir.path().join("data"))
            .arg("--passphrase-file")
            .arg(passphrase)
            .output()
            .unwrap()
    };
    let open = run(&passphrase_file(dir.path(), 0o644));
    assert_eq!(open.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&open.stderr).contains("passphrase"));
    let file = passphrase_file(dir.path(), 0o600);
    let mut daemon = Daemon::start(&dir.path().join("data"), &file);
    daemon.line();
    drop(daemon);
    fs::write(&file, "another one").unwrap();
    let wrong = run(&file);
    assert_eq!(wrong.status.code(), Some(1));
    let message = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        message.contains("wrong") && !message.contains("another one"),
        "{message}"
    );
}

#[tokio::test]
async fn dialects_that_are_not_named_are_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(dir.path(), 0o600);
    for (list, has_files) in [(None, true), (Some("native"), false)] {
        let data = dir.path().join(format!("data {has_files}"));
        let mut daemon = Daemon::among(&data, &passphrase, |command| {
            command.args(list.map(|list| ["--dialects", list]).into_iter().flatten());
        });
        let (url, token) = (daemon.url(), token(&data, "files"));
        // This server's document is its own.
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let put = async |path: &str| {
            let request = http.put(format!("{url}{path}")).bearer_auth(&token);
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        };
        let document = http.get(format!("{url}/openapi.json")).send().await;
        let contract = Contract::new(document.unwrap().json().await.unwrap());
        let path = "/ssh-proxy/api/v1/connections/x/keepalive";
        let expected = if has_files { 405 } else { 404 };
        let (status, body) = put(path).await;
        assert_eq!(status, expected, "{list:?}");
        contract.check("PUT", path, status, "application/json", &body);
        let (status, _) = put(&path.replacen('s', "%73", 1)).await;
        assert_eq!(status, expected, "{list:?}, encoded");
    }
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    for (arguments, part) in [
        (&["--colour", "red"][..], "--colour"),
        (&["--port", "many"], "many"),
        (&["--dialects", "telnet"], "telnet"),
        (&["--dialects", "files"], "native"),
        (&["dance"], "dance"),
        (
            &[
                "token",
                "new",
                "--name",
                "x",
                "--scopes",
                "fly",
                "--data-dir",
                "unused",
            ],
            "fly",
        ),
    ] {
        let output = Command::new(program()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(part),
            "{arguments:?}"
        );
    }
}
