//! This computer sleeps: links that died meanwhile are noticed at once, those that live stay.

use crate::app::{App, until};
use crate::xvnc::has;
use farwire_core::wake::Clock;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A clock that can be told that the computer slept.
struct Sleeper {
    begin: Instant,
    slept: AtomicU64,
}

impl Clock for Sleeper {
    fn wall(&self) -> Duration {
        self.begin.elapsed() + Duration::from_secs(self.slept.load(Ordering::Relaxed))
    }

    fn running(&self) -> Duration {
        self.begin.elapsed()
    }
}

/// A VNC server in a network of its own, behind a cable that can be pulled.
struct Remote {
    name: String,
    address: String,
    server: Option<Child>,
}

impl Remote {
    /// `None`, which CI does not accept, where networks cannot be made.
    fn start() -> Option<Self> {
        if !has("ip") || !has("Xvnc") {
            return None;
        }
        let number = std::process::id() % 250;
        let name = format!("fw{}", std::process::id());
        let mut remote = Self {
            address: format!("10.213.{number}.2"),
            name,
            server: None,
        };
        let Self { name, address, .. } = &remote;
        let ours = format!("10.213.{number}.1/24");
        let is_made = ip(&["netns", "add", name])
            && ip(&[
                "link", "add", name, "type", "veth", "peer", "name", "far", "netns", name,
            ])
            && ip(&["addr", "add", &ours, "dev", name])
            && ip(&["link", "set", name, "up"])
            && ip(&[
                "-n",
                name,
                "addr",
                "add",
                &format!("{address}/24"),
                "dev",
                "far",
            ])
            && ip(&["-n", name, "link", "set", "far", "up"]);
        assert!(
            is_made || std::env::var_os("CI").is_none(),
            "networks cannot be made here"
        );
        if !is_made {
            eprintln!("SKIPPED: networks cannot be made here, which takes root");
            return None;
        }
        let server = Command::new("ip")
            .args(["netns", "exec", name, "Xvnc", "-displayfd", "1"])
            .args([
                "-geometry",
                "320x200",
                "-rfbport",
                "5900",
                "-interface",
                address,
            ])
            .args([
                "-SecurityTypes",
                "None",
                "-nolisten",
                "tcp",
                "-nolisten",
                "unix",
            ])
            .stdin(Stdio::null())
            // Not its errors' place: it closes the one it writes the display to, and the next connection would get it.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        remote.server = Some(server);
        Some(remote)
    }

    fn cable(&self, is_plugged: bool) {
        let state = if is_plugged { "up" } else { "down" };
        assert!(ip(&["link", "set", &self.name, state]));
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        ip(&["netns", "del", &self.name]);
        ip(&["link", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_link_that_died_in_sleep_is_noticed_and_comes_back_in_the_same_session() {
    let Some(remote) = Remote::start() else {
        return;
    };
    let clock = Arc::new(Sleeper {
        begin: Instant::now(),
        slept: AtomicU64::new(0),
    });
    let sleep = || clock.slept.fetch_add(3600, Ordering::Relaxed);
    let app = App::with_clock(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let body = json!({"name": "desk", "host": remote.address, "vnc.quality": "lossless"});
    let uid = app.connection(body).await;
    let connect = format!("/connection/{uid}/connect?wait=1");
    let (app, connect) = (&app, &connect);
    until("the server is up", || async move {
        app.call("ACTION", connect, Value::Null).await.0 == 200
    })
    .await;
    let session = app.ok("GET", "/sessions", Value::Null).await[0]["session_id"].clone();
    let path = format!("/session/{}", session.as_str().unwrap());
    let path = &path;
    let state = || async move {
        let view = app.ok("GET", path, Value::Null).await;
        view["state"].as_str().unwrap().to_owned()
    };
    let picture = app.screenshot(session.as_str().unwrap()).await;
    assert_eq!(picture.dimensions(), (320, 200));

    sleep();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(state().await, "connected", "a link that lives stays");

    remote.cable(false);
    sleep();
    let asleep = Instant::now();
    until("the dead link is noticed", || async move {
        state().await == "reconnecting"
    })
    .await;
    assert!(asleep.elapsed() < Duration::from_secs(10));
    assert_eq!(
        app.screenshot(session.as_str().unwrap()).await,
        picture,
        "the last picture stays"
    );

    remote.cable(true);
    sleep();
    let awake = Instant::now();
    until("the same session is up again", || async move {
        state().await == "connected"
    })
    .await;
    assert!(awake.elapsed() < Duration::from_secs(15));
}
