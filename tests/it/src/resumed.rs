//! Copies that are broken off go on where they were: after a kill, after a pause, over a new link.

use crate::app::{App, until};
use crate::client::Client;
use crate::daemon::{Daemon, passphrase_file};
use crate::distant;
use crate::line::{Fault, Line};
use crate::sshd::{PASSWORD, Sshd, USER};
use crate::transfers::{begin, here, rests, saved, there};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Carries connections to a server and counts their bytes; holds them when a limit is reached.
struct Counting {
    port: u16,
    bytes: Arc<AtomicU64>,
    limit: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Counting {
    async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (bytes, limit) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(u64::MAX)),
        );
        let counted = (Arc::clone(&bytes), Arc::clone(&limit));
        let task = tokio::spawn(async move {
            let mut links = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let target = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = target.into_split();
                for (mut from, mut to) in [(from_client, to_server), (from_server, to_client)] {
                    let (bytes, limit) = counted.clone();
                    links.spawn(async move {
                        let mut buffer = vec![0; 16 * 1024];
                        while let Ok(length @ 1..) = from.read(&mut buffer).await {
                            if bytes.fetch_add(length as u64, Ordering::SeqCst)
                                > limit.load(Ordering::SeqCst)
                            {
                                std::future::pending::<()>().await;
                            }
                            if to.write_all(&buffer[..length]).await.is_err() {
                                break;
                            }
                        }
                    });
                }
            }
        });
        Self {
            port,
            bytes,
            limit,
            task,
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Copies, kills farwired when the server saw 60 % of the bytes, and goes on. The server must not see 45 % of them again.
async fn killed_at_sixty_percent(is_upload: bool, links: usize) {
    const SIZE: u64 = 192 * 1024 * 1024;
    let Some(server) = Sshd::start() else { return };
    // A machine that is near gets one link, one far away several.
    let line = match links {
        1 => Line::to(server.port, Fault::Nothing).await,
        _ => Line::far(server.port, distant::LATE, 3 * distant::BYTES_PER_SEC).await,
    };
    line.most.send_replace(links);
    let counting = Counting::before(line.port).await;
    let dir = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE / 4)
        .flat_map(|at| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let (remote, local) = (server.home().join("large"), dir.path().join("large"));
    fs::write(if is_upload { &local } else { &remote }, &content).unwrap();

    let data = dir.path().join("data");
    let passphrase = passphrase_file(dir.path(), 0o600);
    let mut daemon = Daemon::start(&data, &passphrase);
    let mut client = Client::new(daemon.url());
    daemon.line();
    daemon.line();
    let token = fs::read_to_string(data.join("api-token")).unwrap();
    let ask = async |client: &Client, method: &str, path: &str, body: Value| -> Value {
        let mut request = client.request(method, path).bearer_auth(token.trim());
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{method} {path}");
        response.json().await.unwrap()
    };
    let body =
        json!({"name": "files", "protocol": "SSH", "host": "127.0.0.1", "port": counting.port});
    let uid = ask(&client, "PUT", "/connection", body).await["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"ssh.username": USER, "ssh.password": PASSWORD});
    ask(
        &client,
        "PUT",
        &format!("/connection/{uid}/credentials"),
        body,
    )
    .await;
    let key = server.fingerprint("ed25519");
    ask(
        &client,
        "PUT",
        "/trust",
        json!({"host": "127.0.0.1", "port": counting.port, "fingerprint": key}),
    )
    .await;

    counting.limit.store(SIZE * 6 / 10, Ordering::SeqCst);
    let (from, to) = match is_upload {
        true => (here(&local), there(&uid, &remote)),
        false => (there(&uid, &remote), here(&local)),
    };
    let view = ask(&client, "PUT", "/transfer", json!({"from": from, "to": to})).await;
    let id = view["transfer_id"].as_str().unwrap().to_owned();
    let bytes = &counting.bytes;
    until("the server saw 60 %", || async {
        bytes.load(Ordering::SeqCst) > SIZE * 6 / 10
    })
    .await;
    // What went through is also there: on a busy machine much of it waits in buffers that go with the program.
    let arrived = SIZE * 57 / 100;
    until("what went through is there", || async {
        let view = ask(&client, "GET", &format!("/transfer/{id}"), Value::Null).await;
        view["bytes_done"].as_u64().unwrap() > arrived
    })
    .await;
    // A busy machine may seem far away, and more links asked for.
    assert!(line.asked.load(Ordering::SeqCst) >= links);
    daemon.signal("-KILL");
    daemon.child.wait().unwrap();
    drop(daemon);
    assert!(
        !(if is_upload { &remote } else { &local }).exists(),
        "nothing half has the name"
    );

    counting.limit.store(u64::MAX, Ordering::SeqCst);
    let asked = line.asked.load(Ordering::SeqCst);
    line.most.send_replace(asked + links);
    let mut daemon = Daemon::start(&data, &passphrase);
    client = Client::new(daemon.url());
    daemon.line();
    let path = format!("/transfer/{id}");
    let view = ask(&client, "GET", &path, Value::Null).await;
    assert_eq!(view["state"], "paused", "{view}");
    bytes.store(0, Ordering::SeqCst);
    ask(&client, "ACTION", &format!("{path}/resume"), Value::Null).await;
    until("the transfer is done", || async {
        ask(&client, "GET", &path, Value::Null).await["state"] == "done"
    })
    .await;
    let again = bytes.load(Ordering::SeqCst);
    eprintln!("seen again: {:.1} %", again as f64 * 100.0 / SIZE as f64);
    assert!(
        again < SIZE * 45 / 100,
        "the server saw {again} bytes of {SIZE} again"
    );
    assert!(fs::read(&remote).unwrap() == content && fs::read(&local).unwrap() == content);
    let parts = fs::read_dir(server.home())
        .unwrap()
        .chain(fs::read_dir(dir.path()).unwrap());
    let parts = parts.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .as_bytes()
            .starts_with(b".farwire")
    });
    assert_eq!(parts.count(), 0);
}

#[tokio::test]
async fn a_download_goes_on_where_a_kill_ended_it() {
    killed_at_sixty_percent(false, 1).await;
}

#[tokio::test]
async fn an_upload_goes_on_where_a_kill_ended_it() {
    killed_at_sixty_percent(true, 1).await;
}

#[tokio::test]
async fn an_upload_over_several_links_goes_on_where_a_kill_ended_it() {
    killed_at_sixty_percent(true, 4).await;
}

#[tokio::test]
async fn a_lost_link_is_gone_on_with_and_a_cancelled_copy_leaves_nothing_half() {
    const SIZE: u64 = 64 * 1024 * 1024;
    let Some(server) = Sshd::start() else { return };
    let counting = Counting::before(server.port).await;
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    app.ok(
        "PUT",
        &format!("/connection/{uid}"),
        json!({"port": counting.port}),
    )
    .await;
    app.ok(
        "PUT",
        &format!("/connection/{uid}/credentials"),
        json!({"ssh.password": PASSWORD, "ssh.username": USER}),
    )
    .await;
    let key = server.fingerprint("ed25519");
    app.ok(
        "PUT",
        "/trust/",
        json!({"host": "127.0.0.1", "port": counting.port, "fingerprint": key}),
    )
    .await;
    let remote = server.home().join("large");
    File::create(&remote).unwrap().set_len(SIZE).unwrap();
    let target = app.dir.path().join("down");
    fs::create_dir(&target).unwrap();
    let half = || fs::read_dir(&target).unwrap().count();

    counting.limit.store(SIZE / 2, Ordering::SeqCst);
    let body = json!({"from": there(&uid, &remote), "to": here(&target.join("large"))});
    let id = begin(&app, body.clone()).await;
    let bytes = &counting.bytes;
    until("half of it came", || async {
        bytes.load(Ordering::SeqCst) > SIZE / 2
    })
    .await;
    assert_eq!(half(), 1);
    app.ok("ACTION", &format!("/transfer/{id}/pause"), Value::Null)
        .await;
    rests(&app, &id, "paused").await;
    counting.limit.store(u64::MAX, Ordering::SeqCst);
    app.ok("ACTION", &format!("/transfer/{id}/resume"), Value::Null)
        .await;
    rests(&app, &id, "done").await;
    assert_eq!(fs::metadata(target.join("large")).unwrap().len(), SIZE);

    fs::remove_file(target.join("large")).unwrap();
    bytes.store(0, Ordering::SeqCst);
    counting.limit.store(SIZE / 2, Ordering::SeqCst);
    let id = begin(&app, body).await;
    until("half of it came", || async {
        bytes.load(Ordering::SeqCst) > SIZE / 2
    })
    .await;
    assert_eq!(half(), 1);
    counting.limit.store(u64::MAX, Ordering::SeqCst);
    app.ok("ACTION", &format!("/transfer/{id}/cancel"), Value::Null)
        .await;
    rests(&app, &id, "cancelled").await;
    assert_eq!(half(), 0);
    app.stop().await;
}
