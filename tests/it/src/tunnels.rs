//! Tunnels through a real OpenSSH server: ports, sockets and a SOCKS5 proxy, and what they carry.

use crate::app::{App, until};
use crate::sshd::Sshd;
use crate::transfers::saved;
use crate::xvnc::{free_port, has};
use farwire_model::event::{EventAction, EventKind};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::time::timeout;

pub const LIMIT: Duration = Duration::from_secs(60);

/// Sends back what it is sent, once it was sent all of it, and how much that was.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut bytes = Vec::new();
    if stream.read_to_end(&mut bytes).await.is_ok() {
        let head = format!("{:8}", bytes.len());
        // A client that is gone wants no answer.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }
}

/// Something to connect on to; answers its port.
pub async fn machine() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    port
}

/// Sends so many bytes, says that there are no more, and checks what comes back.
pub async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, length: usize) {
    let sent: Vec<u8> = (0..length).map(|at| (at >> 5) as u8).collect();
    let (mut from, mut to) = tokio::io::split(stream);
    let sending = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let reading = async {
        from.read_to_end(&mut got).await.unwrap();
    };
    timeout(LIMIT, async { tokio::join!(sending, reading) })
        .await
        .unwrap();
    let expected = [format!("{length:8}").into_bytes(), sent].concat();
    assert!(got == expected, "{} bytes came back of {length}", got.len());
}

impl App {
    pub async fn tunnel(&self, body: Value) -> Value {
        self.ok("PUT", "/tunnels?wait=1", body).await
    }

    pub async fn shown(&self, tunnel: &Value) -> Value {
        let path = format!("/tunnel/{}", tunnel["tunnel_id"].as_str().unwrap());
        self.ok("GET", &path, Value::Null).await
    }

    pub async fn closed(&self, tunnel: &Value) {
        let path = format!("/tunnel/{}", tunnel["tunnel_id"].as_str().unwrap());
        self.ok("DELETE", &path, Value::Null).await;
        let (status, _) = self.call("GET", &path, Value::Null).await;
        assert_eq!(status, 404);
    }

    pub async fn count(&self, path: &str) -> usize {
        let all = self.ok("GET", path, Value::Null).await;
        all.as_array().unwrap().len()
    }
}

pub fn port(tunnel: &Value) -> u16 {
    let bound = tunnel["bound"].as_str().unwrap();
    bound.rsplit(':').next().unwrap().parse().unwrap()
}

pub async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

pub async fn nobody_listens(port: u16) {
    until("nobody listens there", || async {
        TcpStream::connect(("127.0.0.1", port)).await.is_err()
    })
    .await;
}

#[tokio::test]
async fn a_local_port_leads_there_and_counts_what_it_carries() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let mut events = app.api.core().subscribe();
    let to = format!("127.0.0.1:{}", machine().await);
    let tunnel = app
        .tunnel(json!({"uid": uid, "kind": "local", "listen": "0", "to": to}))
        .await;
    assert_eq!(
        (&tunnel["state"], &tunnel["open"], &tunnel["listen"]),
        (&json!("up"), &json!(false), &json!("127.0.0.1:0")),
        "{tunnel}"
    );
    let listening = port(&tunnel);
    let ends = format!(":{listening:04X}");
    let heard = crate::switch::listening("self").into_iter();
    let heard: Vec<_> = heard.filter(|it| it.ends_with(&ends)).collect();
    assert_eq!(
        heard,
        [format!("tcp 0100007F{ends}")],
        "loopback, where nothing else is said"
    );
    // An end that says no more gets its answer all the same.
    talk(connect(listening).await, 3_000_000).await;
    let (one, two) = (connect(listening).await, connect(listening).await);
    tokio::join!(talk(one, 100_000), talk(two, 0));
    until("all of it is counted", || async {
        let view = app.shown(&tunnel).await;
        (
            &view["bytes_out"],
            &view["bytes_in"],
            &view["channels"],
            &view["carried"],
        ) == (&json!(3_100_000), &json!(3_100_024), &json!(0), &json!(3))
    })
    .await;

    // Another one of the same connection takes the same session.
    let other = json!({"uid": uid, "kind": "local", "listen": "127.0.0.1:0", "to": to});
    let other = app.tunnel(other).await;
    assert_eq!(other["session_id"], tunnel["session_id"]);
    app.closed(&other).await;
    nobody_listens(port(&other)).await;

    // What is open when it is closed ends.
    let mut open = connect(listening).await;
    open.write_all(b"x").await.unwrap();
    until("it is carried", || async {
        app.shown(&tunnel).await["channels"] == json!(1)
    })
    .await;
    app.closed(&tunnel).await;
    let ended = timeout(LIMIT, open.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    nobody_listens(listening).await;
    until("its session is gone", || async {
        app.count("/sessions").await == 0
    })
    .await;

    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if event.kind == EventKind::Tunnel && event.id == tunnel["tunnel_id"].as_str().unwrap() {
            told.push(event.action);
        }
    }
    assert_eq!(told.last(), Some(&EventAction::Delete));
    assert!(
        told.len() > 2
            && told[..told.len() - 1]
                .iter()
                .all(|action| *action == EventAction::Put)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_proxy_leads_to_names_and_addresses_of_the_machine() {
    if !has("curl") {
        return;
    }
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let web_port = web.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let page = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            let _ = stream.write_all(page.as_bytes()).await;
        }
    });
    let tunnel = json!({"uid": uid, "kind": "dynamic", "listen": "127.0.0.1:0"});
    let tunnel = app.tunnel(tunnel).await;
    assert_eq!(tunnel["to"], Value::Null);
    let get = async |option: &str, url: String| {
        let proxy = format!("127.0.0.1:{}", port(&tunnel));
        let output = Command::new("curl")
            .args([
                "--silent",
                "--noproxy",
                "",
                "--max-time",
                "50",
                option,
                &proxy,
                &url,
            ])
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let page = (Some(0), "hello".to_owned());
    let url = |host: &str| format!("http://{host}:{web_port}/");
    assert_eq!(get("--socks5-hostname", url("localhost")).await, page);
    assert_eq!(get("--socks5", url("127.0.0.1")).await, page);
    // Nobody answers there: the client is told, and so is who looks at the tunnel.
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    assert_ne!(get("--socks5", nobody).await.0, Some(0));
    let view = app.shown(&tunnel).await;
    let trouble = view["trouble"].as_str().unwrap();
    assert!(trouble.contains("nobody answers there"), "{trouble}");
    // What is no SOCKS 5 is left.
    let mut other = connect(port(&tunnel)).await;
    other.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let ended = timeout(LIMIT, other.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    app.closed(&tunnel).await;
    app.stop().await;
}

#[tokio::test]
async fn the_machine_listens_and_this_computer_connects_on() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let to = format!("127.0.0.1:{}", machine().await);
    let tunnel = app
        .tunnel(json!({"uid": uid, "kind": "remote", "listen": "0", "to": to}))
        .await;
    assert_eq!(tunnel["listen"], "localhost:0");
    let listening = port(&tunnel);
    assert_ne!(listening, 0);
    talk(connect(listening).await, 1_000_000).await;
    // The same port twice is the server's to refuse.
    let again = json!({"uid": uid, "kind": "remote", "listen": listening.to_string(), "to": to});
    let (status, answer) = app.call("PUT", "/tunnels?wait=1", again).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (424, Some("channel")),
        "{answer}"
    );
    app.closed(&tunnel).await;
    nobody_listens(listening).await;

    // Nothing to connect on to: the machine's client is let go of.
    let nobody = format!("127.0.0.1:{}", free_port());
    let tunnel = json!({"uid": uid, "kind": "remote", "listen": "0", "to": nobody});
    let tunnel = app.tunnel(tunnel).await;
    let mut client = connect(port(&tunnel)).await;
    let ended = timeout(LIMIT, client.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    until("it says why", || async {
        let view = app.shown(&tunnel).await;
        let trouble = view["trouble"].as_str().unwrap_or_default().to_owned();
        trouble.contains("this computer could not connect on to")
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn sockets_lead_to_sockets_both_ways() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let here = app.dir.path().join("here");
    let there = server.home().join("there");
    let text = |path: &Path| path.to_str().unwrap().to_owned();

    // The machine's socket, on this computer.
    let listener = UnixListener::bind(&there).unwrap();
    fs::set_permissions(&there, fs::Permissions::from_mode(0o777)).unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    let body = json!({"uid": uid, "kind": "local", "listen": text(&here), "to": text(&there)});
    let tunnel = app.tunnel(body.clone()).await;
    let mode = fs::metadata(&here).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    talk(UnixStream::connect(&here).await.unwrap(), 200_000).await;
    let (status, answer) = app.call("PUT", "/tunnels?wait=1", body).await;
    let message = answer["error_message"].as_str().unwrap();
    assert!(
        status == 424 && message.contains("a file is there already"),
        "{answer}"
    );
    app.closed(&tunnel).await;
    assert!(!here.exists());
    serving.abort();
    fs::remove_file(&there).unwrap();

    // This computer's port, as a socket of the machine.
    let to = format!("127.0.0.1:{}", machine().await);
    let body = json!({"uid": uid, "kind": "remote", "listen": text(&there), "to": to});
    let tunnel = app.tunnel(body).await;
    talk(UnixStream::connect(&there).await.unwrap(), 200_000).await;
    app.closed(&tunnel).await;
    assert!(UnixStream::connect(&there).await.is_err());
    app.stop().await;
}
