//! How tunnels through a real OpenSSH server fail, wait and end; VNC through SSH.

use crate::app::{App, until};
use crate::sshd::{Setup, Sshd};
use crate::transfers::saved;
use crate::tunnels::{LIMIT, connect, machine, nobody_listens, port, talk};
use crate::xvnc::{Xvnc, free_port};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_leaves_nothing() {
    let setup = Setup {
        config: "AllowTcpForwarding no",
        ..Setup::default()
    };
    let Some(server) = Sshd::with(setup) else {
        return;
    };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let desk = app.vnc(1, None).await;
    let own = app.dir.path().join("data/control.sock");
    let own = own.to_str().unwrap();
    let target = format!("127.0.0.1:{}", machine().await);
    for (body, expected) in [
        (
            json!({"uid": uid, "kind": "local", "listen": taken, "to": target}),
            (424, "channel", "another program has this port"),
        ),
        (
            json!({"uid": uid, "kind": "remote", "listen": "0", "to": target}),
            (424, "channel", "AllowTcpForwarding"),
        ),
        (
            json!({"uid": uid, "kind": "local", "listen": "*:80", "to": target}),
            (400, "listen", "is none of"),
        ),
        (
            json!({"uid": uid, "kind": "local", "listen": "0", "to": "80"}),
            (400, "to", "is none of"),
        ),
        (
            json!({"uid": uid, "kind": "local", "listen": "0"}),
            (400, "to", "leads somewhere"),
        ),
        (
            json!({"uid": uid, "kind": "dynamic", "listen": "0", "to": target}),
            (400, "to", "leads somewhere"),
        ),
        (
            json!({"uid": uid, "kind": "remote", "listen": "0", "to": own}),
            (400, "to", "own folder"),
        ),
        (
            json!({"uid": desk, "kind": "dynamic", "listen": "0"}),
            (409, "protocol", "takes an SSH connection"),
        ),
    ] {
        let (status, answer) = app.call("PUT", "/tunnels?wait=1", body.clone()).await;
        let message = answer["error_message"].as_str().unwrap();
        let got = (status.as_u16(), answer["property"].as_str().unwrap());
        assert_eq!(got, (expected.0, expected.1), "{body}: {answer}");
        assert!(message.contains(expected.2), "{body}: {answer}");
    }
    drop(held);
    assert_eq!(app.count("/tunnels").await, 0);
    until("no session is left", || async {
        app.count("/sessions").await == 0
    })
    .await;

    // The server says so only once somebody comes.
    let tunnel = json!({"uid": uid, "kind": "local", "listen": "0", "to": target});
    let tunnel = app.tunnel(tunnel).await;
    let mut client = connect(port(&tunnel)).await;
    let ended = timeout(LIMIT, client.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    until("it says why", || async {
        let view = app.shown(&tunnel).await;
        let trouble = view["trouble"].as_str().unwrap_or_default().to_owned();
        trouble.contains("it forbids that; allow AllowTcpForwarding on it")
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_machine_that_is_not_trusted_is_said_and_tried_again_when_it_is() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let trusted = app.ok("GET", "/trust", Value::Null).await;
    let trusted = format!("/trust/{}", trusted[0]["id"].as_str().unwrap());
    app.ok("DELETE", &trusted, Value::Null).await;
    let body = json!({"uid": uid, "kind": "dynamic", "listen": "0"});
    let (status, answer) = app.call("PUT", "/tunnels?wait=1", body.clone()).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (424, Some("host_key")),
        "{answer}"
    );
    assert_eq!(app.count("/tunnels").await, 0);
    // Without waiting it stays, and says so.
    let tunnel = app.ok("PUT", "/tunnels", body.clone()).await;
    until("it failed", || async {
        app.shown(&tunnel).await["state"] == "failed"
    })
    .await;
    let error = app.shown(&tunnel).await["error"].clone();
    assert_eq!(error["property"], "host_key", "{error}");
    saved(&app, &server).await;
    let other = app.tunnel(body).await;
    assert_eq!(other["session_id"], tunnel["session_id"]);
    until("both are up", || async {
        app.shown(&tunnel).await["state"] == "up"
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn tunnels_of_a_connection_come_and_go_with_its_shell() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let (listening, to) = (free_port(), machine().await);
    let path = format!("/connection/{uid}");
    let list = json!({"ssh.tunnels": format!("L {listening} 127.0.0.1:{to}, D 0")});
    app.ok("PUT", &path, list).await;
    let (status, answer) = app.call("PUT", &path, json!({"ssh.tunnels": "L 80"})).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("ssh.tunnels")),
        "{answer}"
    );
    let shell = app.open(&uid).await;
    until("both are up", || async {
        let all = app.ok("GET", "/tunnels", Value::Null).await;
        let all = all.as_array().unwrap();
        all.len() == 2
            && all
                .iter()
                .all(|tunnel| tunnel["state"] == "up" && tunnel["with_connection"] == true)
    })
    .await;
    talk(connect(listening).await, 1000).await;
    // A second shell brings no second ones, and the first one's end takes none away.
    let second = app.open(&uid).await;
    app.ok("DELETE", &format!("/session/{shell}"), Value::Null)
        .await;
    assert_eq!(app.count("/tunnels").await, 2);
    talk(connect(listening).await, 1000).await;
    app.ok("DELETE", &format!("/session/{second}"), Value::Null)
        .await;
    until("they are gone", || async {
        app.count("/tunnels").await == 0
    })
    .await;
    nobody_listens(listening).await;
    // One that was opened alone is not opened twice, and outlives the shell.
    let alone = json!({"uid": uid, "kind": "local", "listen": listening.to_string(), "to": format!("127.0.0.1:{to}")});
    let alone = app.ok("PUT", "/tunnels?wait=1", alone).await;
    let third = app.open(&uid).await;
    until("the proxy is up, too", || async {
        let all = app.ok("GET", "/tunnels", Value::Null).await;
        let all = all.as_array().unwrap();
        all.len() == 2 && all.iter().all(|tunnel| tunnel["state"] == "up")
    })
    .await;
    app.ok("DELETE", &format!("/session/{third}"), Value::Null)
        .await;
    until("the proxy is gone", || async {
        app.count("/tunnels").await == 1
    })
    .await;
    talk(connect(listening).await, 1000).await;
    let alone = format!("/tunnel/{}", alone["tunnel_id"].as_str().unwrap());
    app.ok("DELETE", &alone, Value::Null).await;
    until("no session is left", || async {
        app.count("/sessions").await == 0
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_dies_ends_what_was_carried_and_is_waited_for() {
    let Some(mut server) = Sshd::start() else {
        return;
    };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let to = format!("127.0.0.1:{}", machine().await);
    let body = json!({"uid": uid, "kind": "local", "listen": "0", "to": to});
    let tunnel = app.tunnel(body).await;
    let mut open = connect(port(&tunnel)).await;
    open.write_all(b"x").await.unwrap();
    until("it is carried", || async {
        app.shown(&tunnel).await["channels"] == json!(1)
    })
    .await;
    server.kill();
    let ended = timeout(LIMIT, open.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    until("it waits for the server", || async {
        let view = app.shown(&tunnel).await;
        let waits = (&view["state"], &view["bound"], &view["channels"])
            == (&json!("starting"), &Value::Null, &json!(0));
        waits && view["error"].is_object()
    })
    .await;
    nobody_listens(port(&tunnel)).await;
    app.closed(&tunnel).await;
    assert_eq!(app.count("/sessions").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_waited_for() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    // More than fits into all buffers on the way, which are a few MB.
    const LENGTH: usize = 48 << 20;
    let source = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = source.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = source.accept().await.unwrap();
        let _ = stream.write_all(&vec![7; LENGTH]).await;
        let _ = stream.shutdown().await;
    });
    let body = json!({"uid": uid, "kind": "local", "listen": "0", "to": to});
    let tunnel = app.tunnel(body).await;
    let mut client = connect(port(&tunnel)).await;
    // It flows until everything on the way is full, and no further.
    let taken = async || app.shown(&tunnel).await["bytes_in"].as_u64().unwrap();
    let mut last = 0;
    let mut same = 0;
    until("nothing flows any more", || async { taken().await > 0 }).await;
    while same < 20 {
        let now = taken().await;
        same = if now == last { same + 1 } else { 0 };
        last = now;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(last < 32 << 20, "{last} bytes for a client that takes none");
    let mut got = Vec::new();
    timeout(LIMIT, client.read_to_end(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(got.len(), LENGTH);
    app.stop().await;
}

#[tokio::test]
async fn a_client_that_holds_up_the_others_is_cut_off() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let source = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = source.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = source.accept().await.unwrap();
        // Until it is cut off.
        while stream.write_all(&[7; 65_536]).await.is_ok() {}
    });
    let flood = json!({"uid": uid, "kind": "local", "listen": "0", "to": to});
    let flood = app.tunnel(flood).await;
    let to = format!("127.0.0.1:{}", machine().await);
    let other = json!({"uid": uid, "kind": "local", "listen": "0", "to": to});
    let other = app.tunnel(other).await;
    let stuck = connect(port(&flood)).await;
    until("it takes nothing", || async {
        app.shown(&flood).await["bytes_in"].as_u64().unwrap() > 1 << 20
    })
    .await;
    // It waits for as long as the first one is waited for, and no longer.
    let patient = timeout(LIMIT, talk(connect(port(&other)).await, 1000));
    patient.await.unwrap();
    let told = async {
        loop {
            let view = app.shown(&flood).await;
            let trouble = view["trouble"].as_str().unwrap_or_default();
            if trouble.contains("held up all others") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Longer than other things may take: it is waited for first.
    timeout(LIMIT, told).await.unwrap();
    drop(stuck);
    app.stop().await;
}

#[tokio::test]
async fn a_desktop_is_shown_through_ssh() {
    let Some(desktop) = Xvnc::start() else { return };
    let Some(mut server) = Sshd::start() else {
        return;
    };
    let app = App::start().await;
    let via = saved(&app, &server).await;
    let body = json!({"name": "desk", "host": "127.0.0.1", "port": desktop.port, "via": via});
    let uid = app.connection(body).await;
    let path = format!("/connection/{uid}/credentials");
    app.ok("PUT", &path, json!({"vnc.password": crate::xvnc::PASSWORD}))
        .await;
    let session = app.open(&uid).await;
    let picture = app.screenshot(&session).await;
    assert_eq!(picture.dimensions(), (640, 480));
    // It really goes that way.
    server.kill();
    let path = format!("/session/{session}");
    until("the way is missed", || async {
        app.ok("GET", &path, Value::Null).await["state"] == "reconnecting"
    })
    .await;
    app.stop().await;
}
