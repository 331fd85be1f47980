//! SSH connections through the API: shells, commands, host keys, ways through other machines.

use crate::app::{App, until};
use crate::sshd::{PASSWORD, Setup, Sshd, USER, keygen};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

impl App {
    /// A saved SSH connection to this server, with its password.
    pub async fn ssh(&self, server: &Sshd, more: Value) -> String {
        let mut body = json!({"name": "shell", "protocol": "SSH", "host": "127.0.0.1", "port": server.port, "ssh.agent": false});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let uid = self.connection(body).await;
        let path = format!("/connection/{uid}/credentials");
        self.ok(
            "PUT",
            &path,
            json!({"ssh.username": USER, "ssh.password": PASSWORD}),
        )
        .await;
        uid
    }

    pub async fn trust(&self, server: &Sshd) {
        let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint("ed25519")});
        self.ok("PUT", "/trust", body).await;
    }

    async fn exec(&self, uid: &str, command: &str) -> (u16, Value) {
        let path = format!("/connection/{uid}/exec");
        let (status, answer) = self
            .call("ACTION", &path, json!({"command": command}))
            .await;
        (status.as_u16(), answer)
    }

    pub async fn text(&self, session: &str) -> String {
        let path = format!("/session/{session}/text?above=1000");
        let answer = self.ok("GET", &path, Value::Null).await;
        let lines = answer["lines"].as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap())
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub async fn typed(&self, session: &str, text: &str) {
        let path = format!("/session/{session}/input");
        self.ok("PUT", &path, json!({"text": text})).await;
    }
}

#[tokio::test]
async fn a_shell_opens_takes_keys_and_is_read_as_text_and_picture() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    // Nothing is sent to a machine whose key nobody accepted.
    let (status, answer) = app.exec(&uid, "true").await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (424, Some("host_key")),
        "{answer}"
    );
    assert_eq!(
        answer["details"][0]["error_message"],
        server.fingerprint("ed25519")
    );
    assert!(!server.log().contains(USER), "{}", server.log());
    app.trust(&server).await;

    let (status, answer) = app.exec(&uid, "echo out; echo err >&2; exit 3").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer,
        json!({"status": 3, "stdout": "out\n", "stderr": "err\n", "truncated": false})
    );

    let path = format!("/connection/{uid}/terminal?wait=1");
    let opened = app.ok("ACTION", &path, Value::Null).await;
    let session = opened["session_id"].as_str().unwrap().to_owned();
    app.typed(&session, "echo made by a shell > made; stty size\n")
        .await;
    let made = server.home().join("made");
    until("the shell wrote a file", || async { made.exists() }).await;
    assert_eq!(fs::read_to_string(&made).unwrap(), "made by a shell\n");
    until("the terminal is 24 x 80", || async {
        app.text(&session).await.contains("24 80")
    })
    .await;
    let input = format!("/session/{session}/input");
    // A shell that is about to start a program may lose a Ctrl+C: the program itself says that it runs.
    let program = json!({"text": "sh -c 'echo runs; exec sleep 1000'\n"});
    app.ok("PUT", &input, program).await;
    until("the program runs", || async {
        let text = app.text(&session).await;
        text.lines().any(|line| line.trim_end() == "runs")
    })
    .await;
    app.ok("PUT", &input, json!({"keys": ["ctrl+c"]})).await;
    until("Ctrl+C ended it", || async {
        app.text(&session).await.contains("^C")
    })
    .await;
    let picture = app.screenshot(&session).await;
    let colours: std::collections::HashSet<_> = picture.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 10, "letters are drawn: {}", colours.len());

    app.typed(&session, "exit 5\n").await;
    let show = format!("/session/{session}");
    until("the shell is over", || async {
        let view = app.ok("GET", &show, Value::Null).await;
        view["state"] == "failed"
            && view["error"]["error_message"] == "the shell ended with status 5"
    })
    .await;
    // Another one in its place, below what the first one showed.
    app.ok(
        "ACTION",
        &format!("/session/{session}/reconnect"),
        Value::Null,
    )
    .await;
    until("it is up again", || async {
        app.ok("GET", &show, Value::Null).await["state"] == "connected"
    })
    .await;
    app.typed(&session, "echo second\n").await;
    until("both are there", || async {
        let text = app.text(&session).await;
        text.contains("24 80") && text.contains("--- new shell ---") && text.contains("\nsecond")
    })
    .await;
    app.ok("DELETE", &show, Value::Null).await;
}

#[tokio::test]
async fn a_viewer_gets_the_screen_then_bytes_and_types() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let session = app.open(&uid).await;
    app.typed(&session, "echo before a viewer\n").await;
    until("it is there", || async {
        app.text(&session).await.contains("\nbefore a viewer")
    })
    .await;
    let ticket = app
        .ok("PUT", "/ticket", json!({"session_id": session}))
        .await;
    let url = ticket["url"].as_str().unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut shown = Vec::new();
    let mut screens = Vec::new();
    let mut is_typed = false;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !String::from_utf8_lossy(&shown).contains("typed-by-viewer-132x43") {
        assert!(
            Instant::now() < deadline,
            "{}",
            String::from_utf8_lossy(&shown)
        );
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        let Message::Binary(bytes) = message.unwrap().unwrap().unwrap() else {
            continue;
        };
        let (head, payload) = bytes.split_at(24);
        let field = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        match head[0] {
            15 => shown.extend_from_slice(payload),
            16 => {
                screens.push((field(6), field(8)));
                shown = payload.to_vec();
            }
            11 => {
                let ack = [&[1], &head[20..24]].concat();
                socket.send(Message::binary(ack)).await.unwrap();
            }
            _ => {}
        }
        if !is_typed && String::from_utf8_lossy(&shown).contains("before a viewer") {
            is_typed = true;
            let size = [&[11][..], &132_u16.to_le_bytes(), &43_u16.to_le_bytes()].concat();
            socket.send(Message::binary(size)).await.unwrap();
            let text = b"\x0aset -- $(stty size); echo typed-by-viewer-$2x$1\r";
            socket.send(Message::binary(text.to_vec())).await.unwrap();
        }
    }
    assert_eq!(screens.first(), Some(&(80, 24)));
    assert_eq!(screens.last(), Some(&(132, 43)));
}

#[tokio::test]
async fn much_output_is_taken_in_and_ctrl_c_acts_at_once() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let session = app.open(&uid).await;
    app.typed(
        &session,
        "yes this pours | head -c 40000000; echo all-$((1+1))-done\n",
    )
    .await;
    until("40 MB are through", || async {
        app.text(&session).await.contains("all-2-done")
    })
    .await;
    app.typed(&session, "yes endless\n").await;
    until("it pours", || async {
        app.text(&session)
            .await
            .ends_with("endless\nendless\nendless")
            || app.text(&session).await.matches("endless").count() > 500
    })
    .await;
    let asked = Instant::now();
    let input = format!("/session/{session}/input");
    app.ok("PUT", &input, json!({"keys": ["ctrl+c"]})).await;
    until("it stopped", || async {
        app.text(&session).await.contains("^C")
    })
    .await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    app.typed(&session, "echo alive-$((2+2))\n").await;
    until("the shell goes on", || async {
        app.text(&session).await.contains("alive-4")
    })
    .await;
}

#[tokio::test]
async fn the_doctor_goes_through_the_stages() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    let test = format!("/connection/{uid}/test");
    let report = app.ok("ACTION", &test, Value::Null).await;
    assert_eq!(
        (&report["ok"], &report["host_key"]["state"]),
        (&json!(false), &json!("unknown"))
    );
    app.trust(&server).await;
    let report = app.ok("ACTION", &test, Value::Null).await;
    let stages = report["stages"].as_array().unwrap().iter();
    let stages: Vec<_> = stages
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        stages,
        [
            "resolve",
            "connect",
            "banner",
            "key_exchange",
            "host_key",
            "auth",
            "channel"
        ]
    );
    assert_eq!(
        (&report["ok"], &report["host_key"]["state"]),
        (&json!(true), &json!("trusted")),
        "{report}"
    );
}

#[tokio::test]
async fn a_changed_host_key_is_blocked_and_both_are_told() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    let other = format!("SHA256:{}", "A".repeat(43));
    let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": other});
    app.ok("PUT", "/trust", body).await;
    let (status, answer) = app.exec(&uid, "true").await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (424, Some("host_key")),
        "{answer}"
    );
    assert_eq!(
        answer["details"][0]["error_message"],
        server.fingerprint("ed25519")
    );
    assert_eq!(answer["details"][1]["error_message"], other);
    assert!(!server.log().contains(USER), "{}", server.log());
}

#[tokio::test]
async fn the_list_of_known_hosts_vouches_warns_and_revokes() {
    let keys = Setup {
        keys: &["ed25519", "ecdsa", "rsa"],
        ..Setup::default()
    };
    let Some(server) = Sshd::with(keys) else {
        return;
    };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    let list = app.dir.path().join("data/known_hosts");
    let at = format!("[127.0.0.1]:{}", server.port);
    let stranger = server.dir.path().join("stranger");
    keygen(&["-t", "ed25519", "-N", "", "-f", stranger.to_str().unwrap()]);
    let stranger = fs::read_to_string(stranger.with_extension("pub")).unwrap();
    let stranger = stranger.trim();
    for (lines, expected) in [
        (String::new(), "nobody has accepted"),
        (format!("{at} {}\n", server.host_key("ed25519")), ""),
        // Only its RSA key is known: that is the one it is asked for.
        (format!("{at} {}\n", server.host_key("rsa")), ""),
        (
            format!("[127.0.0.?]:*,!other {}\n", server.host_key("ecdsa")),
            "",
        ),
        (format!("{at} {stranger}\n"), "shows another host key"),
        (
            format!("{at} {stranger}\n{at} {}\n", server.host_key("ed25519")),
            "",
        ),
        (
            format!(
                "@revoked * {}\n{at} {}\n",
                server.host_key("ed25519"),
                server.host_key("ed25519")
            ),
            "revoked",
        ),
        (
            format!("127.0.0.1 {}\n", server.host_key("ed25519")),
            "nobody has accepted",
        ),
    ] {
        fs::write(&list, &lines).unwrap();
        let (status, answer) = app.exec(&uid, "true").await;
        match expected {
            "" => assert_eq!(status, 200, "{lines}: {answer}"),
            expected => {
                let message = answer["error_message"].as_str().unwrap();
                assert!(
                    status == 424 && message.contains(expected),
                    "{lines}: {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_authority_in_the_list_vouches_for_hosts() {
    let prepare = "ssh-keygen -q -t ed25519 -N '' -f \"$D/ca\"; \
        ssh-keygen -q -s \"$D/ca\" -I host -h -n 127.0.0.1 \"$D/host_ed25519.pub\"; \
        echo \"HostCertificate $D/host_ed25519-cert.pub\" >> \"$D/sshd_config\"";
    let Some(server) = Sshd::with(Setup {
        prepare,
        ..Setup::default()
    }) else {
        return;
    };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    let list = app.dir.path().join("data/known_hosts");
    let ca = fs::read_to_string(server.dir.path().join("ca.pub")).unwrap();
    for (line, is_known) in [
        (format!("@cert-authority *.example {ca}"), false),
        (format!("@cert-authority [127.0.0.1]:* {ca}"), true),
        (
            format!("@cert-authority [127.0.0.1]:* {ca}@revoked * {ca}"),
            false,
        ),
    ] {
        fs::write(&list, &line).unwrap();
        let (status, answer) = app.exec(&uid, "true").await;
        assert_eq!(status == 200, is_known, "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_way_through_others_and_a_moved_machine_on_it_gets_nothing() {
    let (Some(first), Some(second), Some(third), Some(stranger)) =
        (Sshd::start(), Sshd::start(), Sshd::start(), Sshd::start())
    else {
        return;
    };
    let app = App::start().await;
    for server in [&first, &second, &third, &stranger] {
        app.trust(server).await;
    }
    let outer = app.ssh(&first, json!({"name": "outer"})).await;
    let inner = app
        .ssh(&second, json!({"name": "inner", "via": outer}))
        .await;
    let uid = app
        .ssh(&third, json!({"name": "target", "via": inner}))
        .await;
    let (status, answer) = app.exec(&uid, "echo $SSH_CONNECTION").await;
    assert_eq!(status, 200, "{answer}");
    let seen = answer["stdout"].as_str().unwrap().trim();
    assert!(seen.ends_with(&third.port.to_string()), "{seen}");
    let session = app.open(&uid).await;
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;

    // The outermost machine moves: what goes through it speaks to another machine now.
    let path = format!("/connection/{outer}");
    app.ok("PUT", &path, json!({"port": stranger.port})).await;
    let credentials = format!("/connection/{outer}/credentials");
    app.ok("PUT", &credentials, json!({"ssh.password": PASSWORD}))
        .await;
    for (moved, server) in [(&inner, &second), (&uid, &third)] {
        let before = server.log().matches(USER).count();
        let (status, answer) = app.exec(moved, "true").await;
        assert_eq!(
            (status, answer["property"].as_str()),
            (424, Some("auth")),
            "{answer}"
        );
        assert!(
            answer["error_message"]
                .as_str()
                .unwrap()
                .contains("nothing was sent"),
            "{answer}"
        );
        assert_eq!(server.log().matches(USER).count(), before);
    }
    app.ok("PUT", &path, json!({"port": first.port})).await;
    let path = format!("/connection/{outer}/credentials");
    app.ok("PUT", &path, json!({"ssh.password": PASSWORD}))
        .await;
    assert_eq!(app.exec(&uid, "true").await.0, 200);
}

#[tokio::test]
async fn what_the_machine_asks_is_answered_through_the_session() {
    const NEW: &str = "battery staple 9";
    let Some(server) = Sshd::with(Setup {
        config: "AuthenticationMethods keyboard-interactive",
        prepare: "chage -d 0 alice",
        ..Setup::default()
    }) else {
        return;
    };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let opened = app
        .ok("ACTION", &format!("/connection/{uid}/connect"), Value::Null)
        .await;
    let session = opened["session_id"].as_str().unwrap();
    let show = format!("/session/{session}");
    let answers = format!("/session/{session}/answers");
    let (show, app) = (&show, &app);
    for round in ["New password", "etype new password"] {
        until("it asks", || async move {
            let view = app.ok("GET", show, Value::Null).await;
            let text = view["questions"]["questions"][0]["text"]
                .as_str()
                .unwrap_or_default();
            text.contains(round)
        })
        .await;
        let (status, _) = app
            .call("PUT", &answers, json!({"answers": ["a", "b"]}))
            .await;
        assert_eq!(status, 400);
        app.ok("PUT", &answers, json!({"answers": [NEW]})).await;
    }
    until("it is up", || async move {
        app.ok("GET", show, Value::Null).await["state"] == "connected"
    })
    .await;
    let (status, _) = app.call("PUT", &answers, json!({"answers": [NEW]})).await;
    assert_eq!(status, 409, "nothing is asked any more");
}
