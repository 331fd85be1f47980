//! A secret is nowhere but in the answer that was asked to reveal it: not in a log, a file, an error, a process's papers.

use crate::client::Client;
use crate::daemon::{Daemon, run, token};
use crate::sshd::{Setup, Sshd, USER, keygen};
use crate::xvnc::Xvnc;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What is looked for. The password is of 8 bytes, more does not count in VNC.
const PASSWORD: &str = "Kan4rieV";
const KEY: &str = "Zeisig-Kanarienvogel-Girlitz";
const TYPED: &str = "Stieglitz-was-typed";
const VAULT: &str = "Gimpel opens the vault";
const JOURNEY: &str = "Buchfink goes on a journey";
const SHARED: &str = "Rotkehlchen-is-shared";
const CANARIES: [&str; 6] = [PASSWORD, KEY, TYPED, VAULT, JOURNEY, SHARED];

/// A piece of the private key that is used to sign in, once it is made. [`KEY`] is its passphrase.
static PRIVATE: OnceLock<String> = OnceLock::new();

/// The forms a secret could hide in.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}"));
    let hex: String = hex.collect();
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes);
    let mut forms = vec![
        secret.as_bytes().to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        wide.collect(),
    ];
    // In base64 a text looks different after 0, 1 or 2 other bytes; the letters at its ends belong to its neighbours too.
    for shift in 0..3 {
        let shifted = [&vec![0; shift], secret.as_bytes()].concat();
        let whole = Base64::encode_string(&shifted);
        let letters = whole.trim_end_matches('=');
        let begin = (shift * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        forms.push(letters.as_bytes()[begin..end].to_vec());
    }
    forms
}

/// The secrets that some bytes give away.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let is_in = |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == form);
    let made = PRIVATE.get().map(String::as_str);
    CANARIES
        .into_iter()
        .chain(made)
        .filter(|secret| forms(secret).iter().any(is_in))
        .collect()
}

#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    let found = found(bytes);
    assert!(found.is_empty(), "{what} gives away {found:?}");
}

/// Every file below a folder.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.is_file() {
            into.push(path);
        }
    }
}

/// What is sent, and what must come back clean.
struct Script {
    client: Client,
    token: String,
}

impl Script {
    async fn send(&self, method: &str, path: &str, body: impl Into<String>) -> (u16, String) {
        let response = self
            .client
            .request(method, path)
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body.into().into_bytes())
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    /// Calls, expects 200, and an answer without secrets.
    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let (status, text) = self.send(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {text}");
        assert_clean(&format!("{method} {path}"), text.as_bytes());
        serde_json::from_str(&text).unwrap()
    }

    /// Calls, expects an error, and one without secrets.
    async fn refused(&self, method: &str, path: &str, body: &str) {
        let (status, text) = self.send(method, path, body).await;
        assert!((400..500).contains(&status), "{method} {path}: {status}");
        assert!(text.contains("error_code"), "{method} {path}: {status}");
        let given = body.chars().take(40).collect::<String>();
        assert_clean(
            &format!("the error of {method} {path} {given}"),
            text.as_bytes(),
        );
    }
}

#[test]
fn the_search_finds_every_form() {
    for secret in CANARIES {
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex: String = wide.iter().step_by(2).map(|b| format!("{b:02X}")).collect();
        let mut hidden = vec![format!("x{secret}y").into_bytes(), wide, hex.into_bytes()];
        for prefix in ["", "a", "ab", "abc"] {
            let text = format!("{prefix}{secret} and more");
            hidden.push(Base64::encode_string(text.as_bytes()).into_bytes());
        }
        for bytes in hidden {
            assert_eq!(
                found(&bytes),
                [secret],
                "{}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
    assert!(found(b"Kanarienvogel").is_empty());
}

#[tokio::test]
async fn a_secret_is_only_where_it_was_asked_for() {
    let Some(desk) = Xvnc::asking_for(PASSWORD) else {
        return;
    };
    let config = "AuthenticationMethods publickey";
    let Some(server) = Sshd::with(Setup {
        config,
        ..Setup::default()
    }) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let private = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let vault = private("vault", VAULT);
    let journey = private("journey", JOURNEY);
    let log = dir.path().join("log");
    let said = fs::File::create(&log).unwrap();
    let mut daemon = Daemon::logging(&data, &vault, "trace", said);
    let url = daemon.url();
    let script = Script {
        client: Client::new(url.as_str()),
        token: token(
            &data,
            "read,write,connect,files,credentials,trust,reveal,admin",
        ),
    };

    // Stored, used, shown once.
    let body = json!({"name": "desk", "host": "127.0.0.1", "port": desk.port});
    let uid = script.ok("PUT", "/connection/", body).await["uid"].clone();
    let uid = uid.as_str().unwrap();
    let credentials = format!("/connection/{uid}/credentials");
    script
        .ok("PUT", &credentials, json!({"vnc.password": PASSWORD}))
        .await;
    let key = private_key(&server);
    let body = json!({"name": "shell", "protocol": "SSH", "host": "127.0.0.1", "port": server.port, "ssh.agent": false});
    let shell = script.ok("PUT", "/connection/", body).await["uid"].clone();
    let machine = format!("/connection/{}", shell.as_str().unwrap());
    let shell = format!("{machine}/credentials");
    let body =
        json!({"ssh.username": USER, "ssh.key": key, "ssh.passphrase": KEY, "ssh.password": KEY});
    script.ok("PUT", &shell, body).await;
    let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint("ed25519")});
    script.ok("PUT", "/trust", body).await;
    let body = json!({"command": "env; cat /proc/self/cmdline"});
    let told = script.ok("ACTION", &format!("{machine}/exec"), body).await;
    assert_eq!(told["status"], 0, "{told}");
    let terminal = format!("{machine}/terminal?wait=1");
    let terminal = script.ok("ACTION", &terminal, Value::Null).await;
    assert!(
        server.log().contains("Accepted publickey"),
        "{}",
        server.log()
    );
    assert_clean("the log of the machine", server.log().as_bytes());
    let terminal = format!("/session/{}", terminal["session_id"].as_str().unwrap());
    script
        .ok("GET", &format!("{terminal}/text"), Value::Null)
        .await;
    let wrong =
        json!({"credentials": {"ssh.username": USER, "ssh.key": key, "ssh.passphrase": VAULT}});
    let connect = format!("{machine}/connect?wait=1");
    script.refused("ACTION", &connect, &wrong.to_string()).await;
    let (status, shown) = script.send("GET", &format!("{shell}?reveal=1"), "").await;
    assert_eq!(
        (status, found(shown.as_bytes()).len()),
        (200, 2),
        "the key and its passphrase"
    );
    let body = json!({"name": "all desks", "password": SHARED});
    let shared = script.ok("PUT", "/credential", body).await["credential_uid"].clone();
    let body = json!({"name": "second desk", "host": "127.0.0.1", "port": desk.port, "credential": shared});
    let second = script.ok("PUT", "/connection/", body).await["uid"].clone();
    let shared = format!("/credential/{}", shared.as_str().unwrap());
    script.ok("GET", &shared, Value::Null).await;
    // The server takes another one.
    let second = format!("/connection/{}/connect?wait=1", second.as_str().unwrap());
    script.refused("ACTION", &second, "").await;
    let path = format!("/connection/{uid}/connect?wait=1");
    let opened = script.ok("ACTION", &path, Value::Null).await;
    let session = format!("/session/{}", opened["session_id"].as_str().unwrap());
    script
        .ok("PUT", &format!("{session}/input"), json!({"text": TYPED}))
        .await;
    script.ok("GET", &credentials, Value::Null).await;
    let (status, shown) = script
        .send("GET", &format!("{credentials}?reveal=1"), "")
        .await;
    assert_eq!((status, found(shown.as_bytes())), (200, vec![PASSWORD]));
    let body = json!({"passphrase": {"old": VAULT, "new": VAULT}});
    script.ok("PUT", "/vault", body).await;
    // This writes a backup, too.
    script
        .ok("ACTION", "/vault/rotate", json!({"passphrase": VAULT}))
        .await;

    // Every kind of mistake.
    let long = PASSWORD.repeat(10_000);
    let connect = format!("/connection/{uid}/connect");
    let input = format!("{session}/input");
    for (method, path, body) in [
        (
            "PUT",
            &*credentials,
            json!({"vnc.password": [PASSWORD]}).to_string(),
        ),
        (
            "PUT",
            &credentials,
            json!({"vnc.password": {"a": PASSWORD}}).to_string(),
        ),
        (
            "PUT",
            &credentials,
            json!({"rdp.password": PASSWORD}).to_string(),
        ),
        (
            "PUT",
            &credentials,
            json!({"vnc.password": long}).to_string(),
        ),
        ("PUT", &credentials, json!(PASSWORD).to_string()),
        ("PUT", &credentials, json!([PASSWORD]).to_string()),
        (
            "PUT",
            &credentials,
            format!("{{\"vnc.password\": \"{PASSWORD}\""),
        ),
        (
            "PUT",
            &credentials,
            format!("{{\"vnc.password\": \"{PASSWORD}\n\"}}"),
        ),
        (
            "PUT",
            &credentials,
            format!("{{\"vnc.password\": \"{PASSWORD}\\ud800\"}}"),
        ),
        (
            "PUT",
            &credentials,
            format!("{{\"vnc.password\": {PASSWORD}}}"),
        ),
        (
            "PUT",
            &credentials,
            format!("{{'vnc.password': '{PASSWORD}'}}"),
        ),
        (
            "PUT",
            &shell,
            json!({"ssh.key": 5, "ssh.password": KEY}).to_string(),
        ),
        (
            "ACTION",
            &connect,
            json!({"credentials": PASSWORD}).to_string(),
        ),
        (
            "ACTION",
            &connect,
            json!({"credentials": {"vnc.password": [PASSWORD]}}).to_string(),
        ),
        (
            "ACTION",
            &connect,
            json!({"credentials": {"ssh.key": KEY}}).to_string(),
        ),
        ("PUT", &shared, json!({"password": [SHARED]}).to_string()),
        ("PUT", &shared, json!({"secret": SHARED}).to_string()),
        ("PUT", &input, json!({"text": [TYPED]}).to_string()),
        ("PUT", &input, json!({"keys": TYPED}).to_string()),
        ("PUT", &input, json!({"keys": [TYPED]}).to_string()),
        ("PUT", "/vault", json!({"passphrase": VAULT}).to_string()),
        (
            "PUT",
            "/vault",
            json!({"passphrase": {"old": [VAULT]}}).to_string(),
        ),
        (
            "PUT",
            "/vault",
            json!({"passphrase": {"old": JOURNEY, "new": VAULT}}).to_string(),
        ),
        ("PUT", "/vault", json!({"source": VAULT}).to_string()),
        (
            "PUT",
            "/vault",
            json!({"source": "keyring", "passphrase": {"old": JOURNEY}}).to_string(),
        ),
        (
            "ACTION",
            "/vault/rotate",
            json!({"passphrase": JOURNEY}).to_string(),
        ),
        (
            "ACTION",
            "/vault/rotate",
            json!({"passphrase": {"a": VAULT}}).to_string(),
        ),
        (
            "ACTION",
            "/vault/unlock",
            json!({"passphrase": [VAULT]}).to_string(),
        ),
    ] {
        script.refused(method, path, &body).await;
    }
    let stranger = Script {
        token: KEY.to_owned(),
        client: Client::new(url.as_str()),
    };
    stranger.refused("GET", "/groups", "").await;
    script.ok("ACTION", "/vault/lock", Value::Null).await;
    for (method, path, body) in [
        ("PUT", &*credentials, json!({"vnc.password": PASSWORD})),
        ("ACTION", "/vault/unlock", json!({"passphrase": JOURNEY})),
        ("ACTION", "/vault/rotate", json!({"passphrase": VAULT})),
    ] {
        script.refused(method, path, &body.to_string()).await;
    }
    script
        .ok("ACTION", "/vault/unlock", json!({"passphrase": VAULT}))
        .await;

    // On the owner's terminal.
    let ask = |line: String| {
        let mut socket = UnixStream::connect(data.join("control.sock")).unwrap();
        socket.write_all(line.as_bytes()).unwrap();
        let mut told = Vec::new();
        socket.read_to_end(&mut told).unwrap();
        assert!(!told.is_empty());
        assert_clean("the control socket", &told);
    };
    ask(format!("{{\"ask\":\"{KEY}\"}}\n"));
    ask(format!("{{\"ask\":\"export\",\"out\":[\"{KEY}\"]}}\n"));
    let archive = data.join("archive.age");
    let (archive, journey) = (archive.to_str().unwrap(), journey.to_str().unwrap());
    for arguments in [
        &["export", "--out", archive, "--passphrase-file", journey][..],
        &["export", "--out", archive, "--passphrase-file", journey],
        &["import", archive, "--passphrase-file", journey, "--preview"],
        &[
            "import",
            archive,
            "--passphrase-file",
            vault.to_str().unwrap(),
        ],
    ] {
        let output = run(&data, arguments);
        assert_clean("what the command line says", &output.stdout);
        assert_clean("what the command line complains", &output.stderr);
    }
    assert!(fs::metadata(archive).unwrap().len() > 500);

    // What the system shows of the program and its children, and what it leaves when it crashes.
    let pid = daemon.child.id().to_string();
    let family = processes(&pid);
    assert_eq!(
        family,
        std::slice::from_ref(&pid),
        "who is started may inherit something"
    );
    for process in family {
        for paper in ["cmdline", "environ"] {
            // Only root may read the environment of a process that forbids dumps; the SSH server took root too.
            let bytes = fs::read(format!("/proc/{process}/{paper}")).unwrap();
            assert!(!bytes.is_empty(), "{paper} of {process}");
            assert_clean(&format!("{paper} of {process}"), &bytes);
        }
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let cores = limits.lines().find(|line| line.contains("core file size"));
    let words: Vec<_> = cores.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
    daemon.signal("-ABRT");
    let ended = daemon.child.wait().unwrap();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));

    let said = daemon.rest();
    assert!(said.contains("/ui/#code="), "{said}");
    assert_clean("standard output", said.as_bytes());

    let mut kept = Vec::new();
    files(&data, &mut kept);
    let names: Vec<_> = kept.iter().map(|path| path.to_string_lossy()).collect();
    for part in ["store/db", "backups/store-", "archive.age", "api-token"] {
        assert!(names.iter().any(|name| name.contains(part)), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("core")), "{names:?}");
    for path in kept {
        assert_clean(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    let logged = fs::read(&log).unwrap();
    let is_trace = logged.windows(5).any(|word| word == b"TRACE");
    assert!(is_trace, "the log was to tell everything");
    assert_clean("the log", &logged);
}

/// A key that the server lets in.
fn private_key(server: &Sshd) -> String {
    let path = server.dir.path().join("id");
    let name = path.to_str().unwrap();
    keygen(&["-t", "ed25519", "-N", KEY, "-f", name]);
    server.authorize(&fs::read_to_string(format!("{name}.pub")).unwrap());
    let key = fs::read_to_string(&path).unwrap();
    // The last whole line is of what only the passphrase opens.
    let line = key.lines().rev().find(|line| line.len() == 70).unwrap();
    PRIVATE.set(line[10..60].to_owned()).unwrap();
    key
}

/// A process and all its children.
fn processes(pid: &str) -> Vec<String> {
    let mut all = vec![pid.to_owned()];
    let mut next = 0;
    while let Some(process) = all.get(next).cloned() {
        next += 1;
        for task in fs::read_dir(format!("/proc/{process}/task"))
            .into_iter()
            .flatten()
        {
            let children = fs::read_to_string(task.unwrap().path().join("children"));
            all.extend(
                children
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(str::to_owned),
            );
        }
    }
    all
}
