//! Automatic quality follows what a link carries.

use crate::app::{App, until};
use crate::remote::{Remote, run};
use crate::xvnc::has;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Something that moves: pictures of many colours, one after the other.
struct Painter(Child);

impl Painter {
    fn start(display: &str, folder: &Path) -> Self {
        let mut animate = Command::new("animate");
        animate.args(["-delay", "10", "-display", display]);
        for number in ["1", "2", "3"] {
            let picture = folder.join(format!("{number}.png"));
            let path = picture.to_str().unwrap();
            let make = ["-size", "640x480", "-seed", number, "plasma:", path];
            assert!(run("convert", &make));
            animate.arg(picture);
        }
        animate.stdout(Stdio::null()).stderr(Stdio::null());
        Self(animate.spawn().unwrap())
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn automatic_quality_falls_with_the_link_and_rises_again() {
    if !has("tc") || !has("animate") {
        return;
    }
    let Some(remote) = Remote::start("640x480") else {
        return;
    };
    let app = App::start().await;
    let body = json!({"name": "desk", "host": remote.address, "vnc.quality": "auto"});
    let uid = app.connection(body).await;
    let connect = format!("/connection/{uid}/connect?wait=1");
    let (app, connect) = (&app, &connect);
    until("the server is up", || async move {
        app.call("ACTION", connect, Value::Null).await.0 == 200
    })
    .await;
    let level = || async move {
        let sessions = app.ok("GET", "/sessions", Value::Null).await;
        sessions[0]["quality_level"].as_u64().expect("a level")
    };
    let _painter = Painter::start(remote.display(), app.dir.path());
    until(
        "a free cable is used well",
        || async move { level().await == 8 },
    )
    .await;
    // What leaves the server's end of the cable. A burst of two packets: a deeper one would let whole updates through at once.
    let shape = |rate: &str| {
        let rate = ["rate", rate, "burst", "3k", "latency", "400ms"];
        let at = [
            "-n",
            &remote.name,
            "qdisc",
            "replace",
            "dev",
            "far",
            "root",
            "tbf",
        ];
        assert!(run("tc", &[at.as_slice(), &rate].concat()), "{rate:?}");
    };
    shape("6mbit");
    until(
        "6 Mbit/s are a step lower",
        || async move { level().await == 6 },
    )
    .await;
    shape("600kbit");
    until(
        "600 kbit/s are the lowest",
        || async move { level().await == 2 },
    )
    .await;
    shape("100mbit");
    until("a free cable is used well again", || async move {
        level().await == 8
    })
    .await;
}
