//! SSH over a bad line, and with servers that are not like the others.

use crate::app::{App, until};
use crate::line::{Fault, Line};
use crate::sshd::{Setup, Sshd, USER, keygen};
use crate::transfers::{begin, here, rests, there};
use serde_json::{Value, json};
use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A connection to a server over a line.
async fn over(app: &App, server: &Sshd, line: &Line, more: Value) -> String {
    let mut more = more;
    more["port"] = line.port.into();
    let uid = app.ssh(server, more).await;
    let body = json!({"host": "127.0.0.1", "port": line.port, "fingerprint": server.fingerprint("ed25519")});
    app.ok("PUT", "/trust", body).await;
    uid
}

async fn shell(app: &App, uid: &str) -> String {
    let path = format!("/connection/{uid}/terminal?wait=1");
    let opened = app.ok("ACTION", &path, Value::Null).await;
    opened["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_line_of_single_bytes_and_a_late_one_carry_all_the_same() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    for fault in [Fault::Crumbs, Fault::Late(Duration::from_millis(60))] {
        let line = Line::to(server.port, fault).await;
        let uid = over(&app, &server, &line, json!({})).await;
        let session = shell(&app, &uid).await;
        app.typed(&session, "seq 1 50; echo all-$((40+2))\n").await;
        until("the shell printed it", || async {
            app.text(&session).await.contains("\nall-42")
        })
        .await;
        let source = app.dir.path().join("source");
        fs::write(&source, vec![7; 100_000]).unwrap();
        let target = server.home().join(format!("copy-{}", line.port));
        let id = begin(
            &app,
            json!({"from": here(&source), "to": there(&uid, &target)}),
        )
        .await;
        rests(&app, &id, "done").await;
        assert!(
            fs::read(&target).unwrap() == fs::read(&source).unwrap(),
            "{fault:?}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_line_that_falls_silent_is_told_and_then_given_up() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let line = Line::to(server.port, Fault::Nothing).await;
    let uid = over(&app, &server, &line, json!({"ssh.keepalive": 1})).await;
    let session = shell(&app, &uid).await;
    line.fault.send_replace(Fault::Silent);
    let begun = Instant::now();
    let path = format!("/session/{session}");
    let view = async || app.ok("GET", &path, Value::Null).await;
    until("the silence is told", || async {
        let view = view().await;
        view["stalled"] == true || view["state"] == "failed"
    })
    .await;
    until("the link is given up", || async {
        view().await["state"] == "failed"
    })
    .await;
    // Three signs of life, a second each; the rest is a busy machine's.
    assert!(
        begun.elapsed() > Duration::from_secs(2),
        "not at the first silence"
    );
    let view = view().await;
    let message = view["error"]["error_message"].as_str().unwrap();
    assert!(message.contains("was lost"), "{view}");
    app.stop().await;
}

#[tokio::test]
async fn a_cut_line_costs_a_copy_little_more_than_was_under_way() {
    const SIZE: usize = 48 << 20;
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let line = Line::to(server.port, Fault::Nothing).await;
    let uid = over(&app, &server, &line, json!({})).await;
    let source = app.dir.path().join("source");
    let bytes: Vec<u8> = (0..SIZE).map(|at| (at >> 5) as u8).collect();
    fs::write(&source, &bytes).unwrap();
    let target = server.home().join("copy");
    line.fault.send_replace(Fault::CutAfter(24 << 20));
    let id = begin(
        &app,
        json!({"from": here(&source), "to": there(&uid, &target)}),
    )
    .await;
    let path = format!("/transfer/{id}");
    until("it waits for the line", || async {
        let view = app.ok("GET", &path, Value::Null).await;
        assert_ne!(view["state"], "done", "it was cut: {view}");
        view["state"] == "waiting" && view["error"].is_object()
    })
    .await;
    line.fault.send_replace(Fault::Nothing);
    until("it is done", || async {
        app.ok("GET", &path, Value::Null).await["state"] == "done"
    })
    .await;
    assert!(fs::read(&target).unwrap() == bytes);
    let passed = line.passed.load(Ordering::Relaxed);
    assert!(
        passed < (SIZE as u64) * 14 / 10,
        "{passed} bytes went through for {SIZE}"
    );
    app.stop().await;
}

#[tokio::test]
async fn keys_that_change_on_the_way_change_nothing_else() {
    let setup = Setup {
        config: "RekeyLimit 1M\nLogLevel DEBUG",
        ..Setup::default()
    };
    let Some(server) = Sshd::with(setup) else {
        return;
    };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let source = app.dir.path().join("source");
    let bytes: Vec<u8> = (0..24_u32 << 20).map(|at| (at >> 7) as u8).collect();
    fs::write(&source, &bytes).unwrap();
    let (up, down) = (server.home().join("copy"), app.dir.path().join("down"));
    for copy in [
        json!({"from": here(&source), "to": there(&uid, &up)}),
        json!({"from": there(&uid, &up), "to": here(&down)}),
    ] {
        let id = begin(&app, copy).await;
        rests(&app, &id, "done").await;
    }
    assert!(fs::read(&up).unwrap() == bytes && fs::read(&down).unwrap() == bytes);
    let again = server.log().matches("rekey").count();
    assert!(again > 10, "the keys changed {again} times");
    app.stop().await;
}

#[tokio::test]
async fn another_kind_of_server_opens_shells_and_files() {
    let setup = Setup {
        is_dropbear: true,
        ..Setup::default()
    };
    let Some(server) = Sshd::with(setup) else {
        return;
    };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let session = shell(&app, &uid).await;
    app.typed(&session, "echo user-$(id -un)\n").await;
    until("the shell printed it", || async {
        app.text(&session).await.contains(&format!("\nuser-{USER}"))
    })
    .await;
    let source = app.dir.path().join("source");
    fs::create_dir(&source).unwrap();
    for index in 0..60 {
        fs::write(source.join(index.to_string()), vec![b'x'; index * 100]).unwrap();
    }
    fs::write(source.join("large"), vec![7; 3_000_000]).unwrap();
    let (up, down) = (server.home().join("copy"), app.dir.path().join("down"));
    for copy in [
        json!({"from": here(&source), "to": there(&uid, &up)}),
        json!({"from": there(&uid, &up), "to": here(&down)}),
    ] {
        let id = begin(&app, copy).await;
        rests(&app, &id, "done").await;
    }
    assert_eq!(
        crate::transfers::tree(&down),
        crate::transfers::tree(&source)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_key_on_this_computer_that_a_file_names_opens_it() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let key = app.dir.path().join("key");
    keygen(&["-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
    server.authorize(&fs::read_to_string(key.with_extension("pub")).unwrap());
    let body = json!({"name": "by key", "protocol": "SSH", "host": "127.0.0.1", "port": server.port, "ssh.agent": false, "ssh.key_file": key});
    let uid = app.connection(body).await;
    let path = format!("/connection/{uid}/credentials");
    app.ok("PUT", &path, json!({"ssh.username": USER})).await;
    app.trust(&server).await;
    let session = shell(&app, &uid).await;
    app.typed(&session, "echo in-$((40+2))\n").await;
    until("the shell printed it", || async {
        app.text(&session).await.contains("\nin-42")
    })
    .await;
    app.stop().await;
}
