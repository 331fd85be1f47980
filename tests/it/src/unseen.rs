//! Sessions on a real Xvnc that nobody looks at.

use crate::app::{App, until};
use crate::stream::{Viewer, attach, follow};
use crate::xvnc::{PASSWORD, Xvnc};
use futures_util::SinkExt;
use serde_json::Value;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_machine_sends_no_pictures_while_nobody_looks() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let mut socket = attach(&app, &session).await;
    let mut viewer = Viewer::default();
    follow(&mut viewer, &mut socket, &desk).await;
    let (running, program) = (
        desk.dir.path().join("running"),
        desk.dir.path().join("program"),
    );
    std::fs::write(&running, "").unwrap();
    let text = format!(
        "while [ -e {} ]; do date; sleep 0.02; done",
        running.display()
    );
    std::fs::write(&program, text).unwrap();
    // It keeps clear of the middle, where the pointer rests and may be painted into the picture.
    let place = ["-geometry", "40x10+0+0", "-e", "sh"];
    desk.spawn(
        "xterm",
        &[&place[..], &[program.to_str().unwrap()]].concat(),
    );
    let received = || async {
        let view = app
            .ok("GET", &format!("/session/{session}"), Value::Null)
            .await;
        view["bytes_in"].as_u64().unwrap()
    };
    // Questions whether the machine lives, and their answers, go on: some 30 bytes a second.
    let a_second = || async {
        let before = received().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        received().await - before
    };
    let shown = |is_shown: bool| Message::binary(vec![7, u8::from(is_shown)]);
    until("the machine sends pictures", || async {
        a_second().await > 1000
    })
    .await;
    socket.send(shown(false)).await.unwrap();
    until("it sends none any more", || async {
        a_second().await < 300
    })
    .await;

    std::fs::remove_file(&running).unwrap();
    desk.spawn("xsetroot", &["-solid", "#2f6f4f"]);
    until("the desktop has another colour alone", || async {
        let picture = desk.picture();
        let first = *picture.get_pixel(0, 0);
        first.0[..3] == [0x2f, 0x6f, 0x4f] && picture.pixels().all(|pixel| *pixel == first)
    })
    .await;
    assert!(a_second().await < 300, "nobody looks yet");
    assert!(!viewer.shows(&desk.picture()));
    socket.send(shown(true)).await.unwrap();
    follow(&mut viewer, &mut socket, &desk).await;
    // A script that looks while no viewer does sees the picture of now.
    socket.send(shown(false)).await.unwrap();
    until("it sends none again", || async { a_second().await < 300 }).await;
    desk.spawn("xsetroot", &["-solid", "#6f2f4f"]);
    until("a screenshot has the new colour", || async {
        app.screenshot(&session).await == desk.picture() && !viewer.shows(&desk.picture())
    })
    .await;
    app.stop().await;
}
