//! Addresses that nobody saved: what `~/.ssh/config` says of them, and the way it leads, on real OpenSSH servers.

use crate::app::App;
use crate::sshd::{Sshd, USER, keygen};
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

impl App {
    /// Writes the configuration beside the list of known hosts.
    fn configured(&self, text: &str) {
        let path = self.dir.path().join("data/config");
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    async fn address(&self, address: &str) -> Value {
        self.ok("PUT", "/address", json!({"address": address}))
            .await
    }
}

#[tokio::test]
async fn an_address_is_opened_as_the_configuration_says_through_others() {
    let (Some(outer), Some(inner)) = (Sshd::start(), Sshd::start()) else {
        return;
    };
    let app = App::start().await;
    let key = app.dir.path().join("key");
    keygen(&["-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    for server in [&outer, &inner] {
        server.authorize(&public);
        let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint("ed25519")});
        app.ok("PUT", "/trust", body).await;
    }
    let (key, mark) = (key.display(), app.dir.path().join("mark"));
    app.configured(&format!(
        "Match exec \"touch {mark}\"\n Port 1\n\
         Host box\n HostName 127.0.0.1\n Port {}\n ProxyJump way\n\
         Host way\n HostName 127.0.0.1\n Port {}\n\
         Host *\n User {USER}\n IdentityFile /no-such-key\n IdentityFile {key}\n",
        inner.port,
        outer.port,
        mark = mark.display()
    ));
    let saved = app.address("ssh box").await;
    assert_eq!(saved["is_new"], true);
    let notes = saved["notes"].as_array().unwrap();
    assert!(
        notes.len() == 1 && notes[0].as_str().unwrap().contains("Match exec"),
        "{notes:?}"
    );
    assert!(!mark.exists(), "nothing is run");
    let uid = saved["uid"].as_str().unwrap();
    let connection = app
        .ok("GET", &format!("/connection/{uid}"), Value::Null)
        .await;
    assert_eq!(
        (
            &connection["name"],
            &connection["host"],
            &connection["port"]
        ),
        (&json!("box"), &json!("127.0.0.1"), &json!(inner.port))
    );
    assert_eq!(
        connection["settings"]["ssh.jump"],
        format!("{USER}@127.0.0.1:{} key {key}", outer.port)
    );
    let command = json!({"command": "echo $SSH_CONNECTION"});
    let exec = format!("/connection/{uid}/exec");
    let answer = app.ok("ACTION", &exec, command.clone()).await;
    let seen = answer["stdout"].as_str().unwrap().trim();
    assert!(seen.ends_with(&inner.port.to_string()), "{seen}");
    assert!(
        outer.log().contains("Accepted publickey"),
        "{}",
        outer.log()
    );
    // What cannot be read of the configuration never leads past the way that is known.
    let jump = connection["settings"]["ssh.jump"].clone();
    let whole = fs::read_to_string(app.dir.path().join("data/config")).unwrap();
    let file = app.dir.path().join("data/config");
    let unknown = whole.replace("ProxyJump way", "ProxyJump %q");
    for (what, text, mode) in [
        ("others may write it", &whole, Some(0o666)),
        ("a part of it is unknown", &unknown, Some(0o600)),
        ("it is gone", &whole, None),
    ] {
        app.configured(text);
        match mode {
            Some(mode) => fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        app.ok("ACTION", &exec, command.clone()).await;
        let connection = app
            .ok("GET", &format!("/connection/{uid}"), Value::Null)
            .await;
        assert_eq!(connection["settings"]["ssh.jump"], jump, "{what}");
    }
    app.configured(&whole);
    // The same once more is the same connection; another user is another one.
    let again = app.address("ssh://box").await;
    assert_eq!(
        (&again["uid"], &again["is_new"]),
        (&saved["uid"], &json!(false))
    );
    let other = app.address("root@box").await;
    assert_eq!(other["is_new"], true);
    assert_ne!(other["uid"], saved["uid"]);

    // The way is a part of where a password belongs.
    let credentials = format!("/connection/{uid}/credentials");
    app.ok("PUT", &credentials, json!({"ssh.password": "secret"}))
        .await;
    let path = format!("/connection/{uid}");
    app.ok(
        "PUT",
        &path,
        json!({"ssh.jump": format!("{USER}@localhost:{}", outer.port)}),
    )
    .await;
    let (status, answer) = app.call("ACTION", &exec, command).await;
    let message = answer["error_message"].as_str().unwrap();
    assert!(
        status == 424 && message.contains("nothing was sent") && message.contains("localhost"),
        "{answer}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_connection_follows_the_configuration_until_somebody_changes_it() {
    let (Some(first), Some(second)) = (Sshd::start(), Sshd::start()) else {
        return;
    };
    let app = App::start().await;
    let keys: Vec<_> = ["one", "two"].map(|name| app.dir.path().join(name)).into();
    for key in &keys {
        keygen(&["-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
    }
    // Only the second key is let in.
    let public = fs::read_to_string(keys[1].with_extension("pub")).unwrap();
    for server in [&first, &second] {
        server.authorize(&public);
        let body = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": server.fingerprint("ed25519")});
        app.ok("PUT", "/trust", body).await;
    }
    let configure = |host: &str, user: &str, server: &Sshd| {
        app.configured(&format!(
            "Host box\n HostName {host}\n Port {}\n User {user}\n IdentityFile {}\n IdentityFile {}\n",
            server.port,
            keys[0].display(),
            keys[1].display(),
        ));
    };
    configure("127.0.0.1", USER, &first);
    let saved = app.address("box").await;
    assert_eq!(saved["notes"], json!([]));
    let uid = saved["uid"].as_str().unwrap();
    let path = format!("/connection/{uid}");
    let exec = format!("/connection/{uid}/exec");
    let port = json!({"command": "echo $SSH_CONNECTION | cut -d' ' -f4"});
    // Every key is tried, not only the first one that is there.
    let answer = app.ok("ACTION", &exec, port.clone()).await;
    assert_eq!(answer["stdout"], format!("{}\n", first.port));

    configure("127.0.0.1", USER, &second);
    let answer = app.ok("ACTION", &exec, port.clone()).await;
    assert_eq!(answer["stdout"], format!("{}\n", second.port));
    let connection = app.ok("GET", &path, Value::Null).await;
    assert_eq!(connection["port"], second.port);
    let again = app.address("box").await;
    assert_eq!(
        (&again["uid"], &again["is_new"]),
        (&saved["uid"], &json!(false))
    );
    // A password goes nowhere else because the configuration says so.
    let credentials = format!("/connection/{uid}/credentials");
    app.ok("PUT", &credentials, json!({"ssh.password": "secret"}))
        .await;
    configure("127.0.0.1", "root", &first);
    let (status, answer) = app.call("ACTION", &exec, port.clone()).await;
    let message = answer["error_message"].as_str().unwrap();
    assert!(
        status == 424 && message.contains("nothing was sent"),
        "{answer}"
    );
    let user = app.ok("GET", &credentials, Value::Null).await;
    assert_eq!(user["ssh.username"], "root", "{user}");
    app.ok("DELETE", &credentials, Value::Null).await;
    app.ok("PUT", &credentials, json!({"ssh.username": USER}))
        .await;

    // What is said by hand counts from then on.
    app.ok("PUT", &path, json!({"port": first.port})).await;
    let connection = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        connection["settings"].get("ssh.config"),
        None,
        "{connection}"
    );
    configure("127.0.0.1", USER, &second);
    let answer = app.ok("ACTION", &exec, port).await;
    assert_eq!(answer["stdout"], format!("{}\n", first.port));
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_address_or_may_not_be_saved_is_refused() {
    let app = App::start().await;
    for address in ["", "-oProxyCommand=x", "a b", "web:0"] {
        let (status, answer) = app
            .call("PUT", "/address", json!({"address": address}))
            .await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some("address")),
            "{address}"
        );
    }
    for (jump, expected) in [("me@way:22", 200), ("way", 400), ("", 200)] {
        let body = json!({"name": "x", "protocol": "SSH", "ssh.jump": jump});
        let (status, answer) = app.call("PUT", "/connection", body).await;
        assert_eq!(status, expected, "{jump}: {answer}");
    }
    // Where one machine is, many cannot be.
    for key in ["ssh.jump", "ssh.config"] {
        let body = json!({"name": "site", (key): "me@way:22"});
        let (status, answer) = app.call("PUT", "/group", body).await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some(key)),
            "{answer}"
        );
    }
    // A user name is a credential.
    let writer = app.token_with(&[Scope::Read, Scope::Write]).await;
    let body = json!({"address": "me@web"});
    let (status, answer) = app.call_as(&writer, "PUT", "/address", body).await;
    assert_eq!(status, 403, "{answer}");
    // Without a configuration it is what was written.
    let saved = app.address("me@web.example:2222").await;
    let path = format!("/connection/{}", saved["uid"].as_str().unwrap());
    let connection = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        (&connection["host"], &connection["port"], &saved["notes"]),
        (&json!("web.example"), &json!(2222), &json!([]))
    );
    let user = app
        .ok("GET", &format!("{path}/credentials"), Value::Null)
        .await;
    assert_eq!(user["ssh.username"], "me", "{user}");
    app.stop().await;
}
