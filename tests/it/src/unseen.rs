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
        is_filled(&desk, [0x2f, 0x6f, 0x4f])
    })
    .await;
    assert!(a_second().await < 300, "nobody looks yet");
    assert!(!viewer.shows(&desk.picture()));
    // Scripts that look while no viewer does see the picture of now, also two at once.
    let (one, other) = tokio::join!(app.screenshot(&session), app.screenshot(&session));
    for seen in [one, other] {
        assert!(seen == desk.picture(), "a screenshot is of now");
    }
    socket.send(shown(true)).await.unwrap();
    follow(&mut viewer, &mut socket, &desk).await;
    app.stop().await;
}

/// Whether the desktop shows one colour and nothing else.
fn is_filled(desk: &Xvnc, colour: [u8; 3]) -> bool {
    let picture = desk.picture();
    picture.pixels().all(|pixel| pixel.0[..3] == colour)
}
