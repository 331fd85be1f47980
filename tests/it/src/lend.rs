//! The SSH agent of this computer and its X display: signing in with the one, and lending both to a real SSH server.

use crate::app::until;
use crate::client::Client;
use crate::daemon::{Daemon, passphrase_file, token};
use crate::sshd::{PASSWORD, Setup, Sshd, USER, fingerprint, keygen};
use crate::xvnc::{Xvnc, has};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A real agent.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(folder: &Path) -> Option<Self> {
        if !has("ssh-agent") || !has("ssh-add") {
            return None;
        }
        let socket = folder.join("agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self { child, socket };
        let deadline = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(&agent.socket).is_err() {
            assert!(Instant::now() < deadline, "the agent does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(agent)
    }

    /// Makes a key that only the agent has; answers its public line and its fingerprint.
    fn new_key(&self, folder: &Path) -> (String, String) {
        let path = folder.join("agents-key");
        keygen(&["-t", "ed25519", "-N", "", "-f", path.to_str().unwrap()]);
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(&path)
            .env("SSH_AUTH_SOCK", &self.socket)
            .status();
        assert!(added.unwrap().success());
        fs::remove_file(&path).unwrap();
        let public = path.with_extension("pub");
        (fs::read_to_string(&public).unwrap(), fingerprint(&public))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program itself: where the agent and the display are stands in its environment.
struct Program {
    _daemon: Daemon,
    client: Client,
    token: String,
    _dir: TempDir,
}

impl Program {
    fn start(environment: &[(&str, &Path)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let passphrase = passphrase_file(dir.path(), 0o600);
        let mut daemon = Daemon::among(&data, &passphrase, |command| {
            for name in ["SSH_AUTH_SOCK", "DISPLAY", "XAUTHORITY"] {
                command.env_remove(name);
            }
            command
                .env("HOME", dir.path())
                .envs(environment.iter().copied());
        });
        let client = Client::new(daemon.url());
        let token = token(&data, "read,write,connect,credentials,trust,reveal");
        Self {
            _daemon: daemon,
            client,
            token,
            _dir: dir,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.client.request(method, path).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// A saved connection to a server whose key is trusted.
    async fn save(&self, server: &Sshd, settings: Value, credentials: Value) -> String {
        let key = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint("ed25519")});
        self.ok("PUT", "/trust", key).await;
        let mut body =
            json!({"name": "shell", "protocol": "SSH", "host": "127.0.0.1", "port": server.port});
        let body_fields = body.as_object_mut().unwrap();
        body_fields.extend(settings.as_object().unwrap().clone());
        let saved = self.ok("PUT", "/connection", body).await;
        let uid = saved["uid"].as_str().unwrap().to_owned();
        let path = format!("/connection/{uid}/credentials");
        self.ok("PUT", &path, credentials).await;
        uid
    }

    async fn shell(&self, uid: &str) -> String {
        let path = format!("/connection/{uid}/terminal?wait=1");
        let opened = self.ok("ACTION", &path, Value::Null).await;
        opened["session_id"].as_str().unwrap().to_owned()
    }

    async fn type_in(&self, session: &str, text: &str) {
        let path = format!("/session/{session}/input");
        self.ok("PUT", &path, json!({ "text": text })).await;
    }

    async fn text(&self, session: &str) -> String {
        let path = format!("/session/{session}/text?above=1000");
        let answer = self.ok("GET", &path, Value::Null).await;
        let lines = answer["lines"].as_array().unwrap().iter();
        let lines: Vec<_> = lines.map(|line| line.as_str().unwrap()).collect();
        lines.join("\n")
    }
}

fn with_password() -> Value {
    json!({"ssh.username": USER, "ssh.password": PASSWORD})
}

/// Runs a line in a shell on the server and waits for what it leaves in a file.
async fn outcome(program: &Program, server: &Sshd, session: &str, line: &str) -> String {
    let home = server.home();
    let (growing, done) = (home.join("growing"), home.join("done"));
    let _ = fs::remove_file(&done);
    let typed = format!("{{ {line}; }} > growing 2>&1; mv growing done\n");
    program.type_in(session, &typed).await;
    until("the line was carried out", || async { done.exists() }).await;
    assert!(!growing.exists());
    fs::read_to_string(done).unwrap()
}

#[tokio::test]
async fn the_agent_signs_in_and_is_lent_only_where_the_settings_say_so() {
    let Some(server) = Sshd::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(agent) = Agent::start(folder.path()) else {
        return;
    };
    let (public, print) = agent.new_key(folder.path());
    server.authorize(&public);
    let program = Program::start(&[("SSH_AUTH_SOCK", &agent.socket)]);
    let user = json!({"ssh.username": USER});
    let plain = program.save(&server, json!({}), user.clone()).await;
    let exec = |uid: &str| format!("/connection/{uid}/exec");
    let whoami = json!({"command": "whoami"});
    let answer = program.ok("ACTION", &exec(&plain), whoami.clone()).await;
    assert_eq!(answer["stdout"], format!("{USER}\n"));
    let without = json!({"ssh.agent": false});
    let without = program.save(&server, without, user.clone()).await;
    let (status, answer) = program
        .call("ACTION", &exec(&without), whoami.clone())
        .await;
    assert_eq!((status, answer["property"].as_str()), (424, Some("auth")));

    // Nobody on the machine reaches the agent.
    let session = program.shell(&plain).await;
    let list = "echo \"at ${SSH_AUTH_SOCK:-nowhere}\"; ssh-add -l";
    let text = outcome(&program, &server, &session, list).await;
    assert!(
        text.starts_with("at nowhere\n") && !text.contains(&print),
        "{text}"
    );

    let lending = json!({"ssh.forward_agent": true});
    let lending = program.save(&server, lending, user).await;
    let session = program.shell(&lending).await;
    for _ in 0..3 {
        let text = outcome(&program, &server, &session, "ssh-add -l").await;
        assert!(text.contains(&print), "{text}");
    }
    // An agent that is gone is said so, there and here.
    drop(agent);
    let text = outcome(&program, &server, &session, "ssh-add -l").await;
    assert!(!text.contains(&print), "{text}");
    let (status, answer) = program.call("ACTION", &exec(&plain), whoami).await;
    let message = answer["error_message"].as_str().unwrap();
    assert!(status == 424 && message.contains("agent"), "{answer}");
}

#[tokio::test]
async fn what_cannot_be_lent_is_said_in_the_shell() {
    let refusing = Setup {
        config: "AllowAgentForwarding no\nX11Forwarding no",
        ..Setup::default()
    };
    let Some(server) = Sshd::with(refusing) else {
        return;
    };
    let both = json!({"ssh.forward_agent": true, "ssh.forward_x11": true, "ssh.agent": false});
    let nowhere = Path::new("/nowhere");
    for (environment, agent, display) in [
        (
            &[][..],
            "this computer has none (SSH_AUTH_SOCK",
            "this computer has none (DISPLAY",
        ),
        (
            &[("SSH_AUTH_SOCK", nowhere), ("DISPLAY", Path::new(":7"))],
            "see AllowAgentForwarding there",
            "see X11Forwarding there",
        ),
        (
            &[("DISPLAY", Path::new("what"))],
            "SSH_AUTH_SOCK",
            "DISPLAY names none",
        ),
    ] {
        let program = Program::start(environment);
        let uid = program.save(&server, both.clone(), with_password()).await;
        let session = program.shell(&uid).await;
        let text = outcome(&program, &server, &session, "echo it works").await;
        assert_eq!(text, "it works\n");
        let words = program.text(&session).await.replace('\n', "");
        assert!(words.contains(agent) && words.contains(display), "{words}");
    }
}

#[tokio::test]
async fn the_display_is_lent_under_a_cookie_of_its_own() {
    let Some(server) = Sshd::with(Setup {
        config: "X11Forwarding yes",
        ..Setup::default()
    }) else {
        return;
    };
    let Some(mut desktop) = Xvnc::start() else {
        return;
    };
    if !has("xdpyinfo") {
        return;
    }
    let cookies = desktop.auth();
    let display = PathBuf::from(&desktop.display);
    let program = Program::start(&[("DISPLAY", &display), ("XAUTHORITY", &cookies)]);
    let plain = json!({"ssh.agent": false});
    let plain = program.save(&server, plain, with_password()).await;
    let session = program.shell(&plain).await;
    let text = outcome(
        &program,
        &server,
        &session,
        "echo \"on ${DISPLAY:-nothing}\"",
    )
    .await;
    assert_eq!(text, "on nothing\n");

    let lending = json!({"ssh.agent": false, "ssh.forward_x11": true});
    let lending = program.save(&server, lending, with_password()).await;
    let session = program.shell(&lending).await;
    let text = outcome(&program, &server, &session, "xdpyinfo").await;
    assert!(text.contains("dimensions:    640x480 pixels"), "{text}");
    // The machine has another cookie than the display, and without it nobody gets in.
    let there = outcome(&program, &server, &session, "xauth list | cut -d' ' -f5").await;
    let real = desktop.command("xauth").arg("list").output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    assert!(
        there.trim().len() == 32 && !real.contains(there.trim()),
        "{there}"
    );
    let text = outcome(&program, &server, &session, "XAUTHORITY=/none xdpyinfo").await;
    assert!(!text.contains("dimensions"), "{text}");
    let wrong = "cp ~/.Xauthority other; xauth -q -f other add $DISPLAY . 00112233445566778899aabbccddeeff; XAUTHORITY=other xdpyinfo";
    let text = outcome(&program, &server, &session, wrong).await;
    assert!(!text.contains("dimensions"), "{text}");
    // A window from there is drawn here, and goes with the shell.
    program
        .type_in(&session, "xterm -title from-afar -e sleep 1000 &\n")
        .await;
    let is_shown = || {
        let tree = desktop
            .command("xwininfo")
            .args(["-root", "-tree"])
            .output();
        String::from_utf8_lossy(&tree.unwrap().stdout).contains("from-afar")
    };
    if has("xwininfo") {
        until("the window is there", || async { is_shown() }).await;
        program
            .ok("DELETE", &format!("/session/{session}"), Value::Null)
            .await;
        until("the window is gone", || async { !is_shown() }).await;
    }
    desktop.kill();
}
