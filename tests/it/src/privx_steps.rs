//! The files dialect's two steps: cookies, time, broken links, requests that are none.

use crate::privx::{Proxy, Step};
use crate::sshd::USER;
use crate::wire::Answer;
use farwire_core::wake::Clock;
use serde_json::{Value, json};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A clock that is set by hand.
struct Hands(AtomicU64);

impl Clock for Hands {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn running(&self) -> Duration {
        self.wall()
    }
}

#[tokio::test]
async fn second_steps_need_the_cookie_their_caller_and_their_time() {
    let clock = Arc::new(Hands(AtomicU64::new(1_000_000)));
    let Some(proxy) = Proxy::with_clock(Arc::clone(&clock) as Arc<dyn Clock>).await else {
        return;
    };
    let later = |secs| clock.0.fetch_add(secs, Ordering::SeqCst);
    fs::write(proxy.home("file"), "old").unwrap();
    let path = proxy.home("file");
    let step = proxy
        .step(json!({"cmd": "GET", "display_path": path}))
        .await;
    let other = proxy
        .step(json!({"cmd": "GET", "display_path": path}))
        .await;
    let mixed = |id: &Step, cookie: &Step| Step {
        id: id.id.clone(),
        cookie: cookie.cookie.clone(),
    };
    assert_eq!(
        proxy.download(&mixed(&step, &other), None).await.status(),
        403
    );
    let none = Step {
        id: step.id.clone(),
        cookie: "a=b".to_owned(),
    };
    assert_eq!(proxy.download(&none, None).await.status(), 403);
    for _ in 0..3 {
        later(599);
        assert_eq!(
            proxy.download(&step, None).await.status(),
            200,
            "ten minutes from its last use"
        );
    }
    assert_eq!(
        proxy.download(&other, None).await.status(),
        404,
        "nobody used it for ten minutes"
    );

    // Somebody else's token with the right cookie.
    let scopes = [farwire_model::token::Scope::Files];
    let token = proxy.app.token_with(&scopes).await;
    let request = proxy
        .app
        .request("GET", &format!("{}/download/{}", proxy.file, step.id));
    let answer = request
        .bearer_auth(&token)
        .header("cookie", &step.cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);

    let up = proxy.put(&path).await;
    assert_eq!(
        proxy
            .upload(&mixed(&up, &step), b"stolen".to_vec())
            .await
            .status(),
        403
    );
    assert_eq!(
        proxy.download(&up, None).await.status(),
        404,
        "an upload is no download"
    );
    assert_eq!(proxy.upload(&up, b"new".to_vec()).await.status(), 200);
    assert_eq!(
        proxy.upload(&up, b"again".to_vec()).await.status(),
        404,
        "one upload each"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    let late = proxy.put(&path).await;
    later(601);
    assert_eq!(proxy.upload(&late, b"late".to_vec()).await.status(), 404);
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");

    // One cookie serves many files.
    let request = proxy
        .app
        .request("POST", &proxy.file)
        .bearer_auth(&proxy.app.token);
    let body = json!({"cmd": "GET", "display_path": path});
    let answer = request
        .header("cookie", &step.cookie)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(
        answer.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .starts_with(&step.cookie)
    );
    proxy.app.stop().await;
}

#[tokio::test]
async fn a_broken_upload_leaves_the_old_file_and_a_whole_one_keeps_what_it_is() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let path = proxy.home("file");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let chown = Command::new("chown")
        .args(["1000:1000", path.to_str().unwrap()])
        .status();
    assert!(chown.unwrap().success());
    std::os::unix::fs::symlink("file", proxy.home("link")).unwrap();
    let before = proxy.names();

    // The client says 10 MB, sends one, and goes away.
    let step = proxy.put(&path).await;
    let mut client = TcpStream::connect(("127.0.0.1", proxy.app.server.port()))
        .await
        .unwrap();
    let head = format!(
        "POST {}/upload/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nCookie: {}\r\nContent-Length: 10000000\r\n\r\n",
        proxy.file, step.id, proxy.app.token, step.cookie
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![7; 1_000_000]).await.unwrap();
    let home = proxy.server.home();
    crate::app::until("the upload began", || async {
        fs::read_dir(&home).unwrap().count() > 2
    })
    .await;
    drop(client);
    crate::app::until("nothing half is left", || async {
        fs::read_dir(&home).unwrap().count() == 2
    })
    .await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(proxy.names(), before);

    // A whole one goes through the link, which stays one, and keeps the permissions.
    assert_eq!(
        proxy
            .upload(&proxy.put(&proxy.home("link")).await, vec![9; 3_000_000])
            .await
            .status(),
        200
    );
    assert_eq!(fs::read(&path).unwrap(), vec![9; 3_000_000]);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    assert!(
        fs::symlink_metadata(proxy.home("link"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(proxy.names().len(), 2);

    // Where nothing may be written the first step or the second says so.
    for (path, code) in [("/etc", 4), ("/nowhere/file", 2)] {
        let (status, answer) = proxy.run(json!({"cmd": "PUT", "new_path": path})).await;
        assert_eq!(status, code, "{answer}");
    }
    let step = proxy.put(Path::new("/etc/farwire-test")).await;
    let answer = proxy.upload(&step, b"x".to_vec()).await;
    assert_eq!(answer.status(), 424);
    assert!(answer.text().await.unwrap().contains("not allowed"));
    proxy.app.stop().await;
}

#[tokio::test]
async fn a_server_that_dies_breaks_the_answer_off() {
    let Some(mut proxy) = Proxy::start().await else {
        return;
    };
    File::create(proxy.home("large"))
        .unwrap()
        .set_len(1 << 32)
        .unwrap();
    let step = proxy
        .step(json!({"cmd": "GET", "display_path": proxy.home("large")}))
        .await;
    let mut client = TcpStream::connect(("127.0.0.1", proxy.app.server.port()))
        .await
        .unwrap();
    let head = format!(
        "GET {}/download/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nCookie: {}\r\n\r\n",
        proxy.file, step.id, proxy.app.token, step.cookie
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 65536];
    let mut read = client.read(&mut buffer).await.unwrap();
    assert!(buffer.starts_with(b"HTTP/1.1 200 OK"));
    let begun = Answer {
        text: String::from_utf8_lossy(&buffer[..read]).into_owned(),
    };
    let path = format!("{}/download/{}", proxy.file, step.id);
    proxy.app.check("GET", &path, &begun).await;
    proxy.server.kill();
    while let Ok(length @ 1..) = client.read(&mut buffer).await {
        read += length;
    }
    assert!(read < 1 << 32, "it ends early, so that the client knows");
    let (app, file) = (&proxy.app, &proxy.file);
    crate::app::until("the loss is said", || async {
        let (status, answer) = app.call("POST", file, json!({"cmd": "HOME"})).await;
        (status.as_u16(), answer["property"].as_str()) == (424, Some("session"))
    })
    .await;
    assert_eq!(proxy.download(&step, None).await.status(), 424);
    proxy.app.stop().await;
}

#[tokio::test]
async fn requests_that_are_none_are_named() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let post = async |path: &str, body: Value| {
        let (status, answer) = proxy.app.call("POST", path, body).await;
        (
            status.as_u16(),
            answer["property"].as_str().unwrap_or("").to_owned(),
        )
    };
    let home = proxy.server.home();
    for (body, property) in [
        (json!({}), "cmd"),
        (json!({"cmd": "LS"}), "path"),
        (json!({"cmd": "MV", "path": "/x"}), "new_path"),
        (json!({"cmd": "PUT"}), "new_path"),
        (json!({"cmd": "LS", "path": "path:%0"}), "path"),
        (json!({"cmd": "LS", "path": 7}), "path"),
    ] {
        assert_eq!(
            post(&proxy.file, body.clone()).await,
            (400, property.to_owned()),
            "{body}"
        );
    }
    // What this dialect's clients send besides is passed over, and null is nothing.
    let (status, answer) = proxy
        .run(json!({"cmd": "LS", "path": null, "display_path": home, "recursive": true}))
        .await;
    assert_eq!(
        (status, answer["display_path"].as_str()),
        (0, home.to_str())
    );
    for path in [
        proxy.file.replace("%3Afiles", "%3Aother"),
        proxy.file.replace("%3Afiles", ""),
        "/ssh-proxy/api/v1/connections/s_none%3Afiles/file".to_owned(),
    ] {
        assert_eq!(post(&path, json!({"cmd": "HOME"})).await.0, 404, "{path}");
    }

    // Keeping a session proves the login anew.
    let none = "/ssh-proxy/api/v1/connections/s_none/keepalive";
    assert_eq!(post(none, Value::Null).await.0, 404);
    let keep = format!(
        "/ssh-proxy/api/v1/connections/{}/keepalive",
        proxy.connection
    );
    let send = async || {
        let request = proxy
            .app
            .request("POST", &keep)
            .bearer_auth(&proxy.app.token);
        request.send().await.unwrap()
    };
    let kept = send().await;
    assert_eq!(
        (kept.status().as_u16(), kept.text().await.unwrap()),
        (200, String::new())
    );
    let session = proxy
        .app
        .ok(
            "GET",
            &format!("/session/{}", proxy.connection),
            Value::Null,
        )
        .await;
    let uid = session["connection_uid"].as_str().unwrap();
    let wrong = json!({"ssh.username": USER, "ssh.password": "another one"});
    proxy
        .app
        .ok("PUT", &format!("/connection/{uid}/credentials"), wrong)
        .await;
    let refused = send().await;
    assert_eq!(refused.status(), 424);
    assert_eq!(refused.json::<Value>().await.unwrap()["property"], "auth");
    assert_eq!(
        proxy.run(json!({"cmd": "HOME"})).await.0,
        0,
        "the session stays"
    );
    proxy.app.stop().await;
}
