//! The picture of RDP sessions: every codec a real server has, changing it, and nothing drawn where nobody looks.

use crate::app::{App, until};
use crate::rdp::{distance, is_dark};
use crate::stream::attach;
use crate::xrdp::{PASSWORD, Shadow, Xrdp};
use futures_util::{SinkExt, StreamExt};
use image::RgbaImage;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// How far the parts of two pictures are from each other, in levels of a channel: the worst of all squares of 16 pixels. Codecs
/// lose edges; a wrong colour or place is more than that.
fn worst_part(one: &RgbaImage, other: &RgbaImage) -> f64 {
    if one.dimensions() != other.dimensions() {
        return f64::INFINITY;
    }
    let mean = |picture: &RgbaImage, left: u32, top: u32, channel: usize| {
        let square = (0..16).flat_map(|y| (0..16).map(move |x| (left + x, top + y)));
        let sum: u32 = square
            .map(|(x, y)| u32::from(picture.get_pixel(x, y).0[channel]))
            .sum();
        f64::from(sum) / 256.0
    };
    let (width, height) = one.dimensions();
    let squares = (0..height / 16).flat_map(|y| (0..width / 16).map(move |x| (x * 16, y * 16)));
    let differences = squares.flat_map(|(x, y)| {
        (0..3).map(move |channel| (mean(one, x, y, channel) - mean(other, x, y, channel)).abs())
    });
    differences.fold(0.0, f64::max)
}

/// Waits until the session shows what the desktop does, within what codecs lose.
async fn is_shown(app: &App, session: &str, server: &Shadow) {
    until("the desktop is drawn", || async {
        let (desktop, shown) = (server.desk.picture(), app.screenshot(session).await);
        distance(&desktop, &shown) < 3.0 && worst_part(&desktop, &shown) < 12.0
    })
    .await;
    assert!(!is_dark(&app.screenshot(session).await));
}

/// A terminal with a picture of all colours, which goes on for a while.
fn show_colours(server: &mut Shadow) {
    let script = "i=0; while [ $i -lt 256 ]; do printf '\\033[48;5;%dm %3d ' $i $i; i=$((i+1)); done; printf '\\033[0m'; exec sh";
    server.desk.spawn(
        "xterm",
        &[
            "-geometry",
            "90x30+10+10",
            "-bg",
            "#205080",
            "-fg",
            "white",
            "-e",
            "sh",
            "-c",
            script,
        ],
    );
}

#[tokio::test]
async fn every_codec_draws_what_the_desktop_shows_and_can_be_changed_while_connected() {
    let Some(mut server) = Shadow::start("nla") else {
        return;
    };
    show_colours(&mut server);
    let app = App::start().await;
    let uid = app
        .rdp(server.port, PASSWORD, json!({"rdp.codec": "h264"}))
        .await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let path = format!("/session/{session}");
    assert_eq!(app.view(&session).await["codec_choice"], "h264");
    for (choice, codecs) in [
        ("h264", &["H.264 4:4:4"][..]),
        ("remotefx", &["RemoteFX", "RemoteFX Progressive"]),
        ("bitmaps", &["Bitmaps"]),
        ("h264", &["H.264 4:4:4"]),
    ] {
        app.ok("PUT", &path, json!({"codec": choice})).await;
        let mut tries = 0;
        until(&format!("the machine sends {choice}"), || {
            tries += 1;
            // A first picture may come before the channel of a codec is open; what is drawn later comes by it.
            let colour = format!("#{:06x}", 0x20_4080 + (tries % 64) * 0x20_0000 / 64);
            let painted = server
                .desk
                .command("xsetroot")
                .args(["-solid", &colour])
                .status();
            assert!(painted.unwrap().success());
            let (app, session) = (&app, &session);
            async move {
                let view = app.view(session).await;
                view["state"] == "connected" && codecs.iter().any(|codec| view["codec"] == *codec)
            }
        })
        .await;
        is_shown(&app, &session, &server).await;
        if choice == "bitmaps" {
            until("they are exact", || async {
                server.desk.picture() == app.screenshot(&session).await
            })
            .await;
        }
    }
    let view = app.view(&session).await;
    assert_eq!(
        (&view["codec_choice"], &view["error"]),
        (&json!("h264"), &Value::Null)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_codec_is_changed_also_on_a_way_through_ssh() {
    let (Some(server), Some(gate)) = (Xrdp::start(), crate::sshd::Sshd::start()) else {
        return;
    };
    let app = App::start().await;
    let via = app.ssh(&gate, json!({"name": "gate"})).await;
    app.trust(&gate).await;
    let uid = app.rdp(server.port, PASSWORD, json!({"via": via})).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let path = format!("/session/{session}");
    // This server has no other than these, and draws all there is when a session begins.
    for (choice, codec) in [("auto", "RemoteFX"), ("bitmaps", "Bitmaps")] {
        app.ok("PUT", &path, json!({"codec": choice})).await;
        until(&format!("the machine sends {codec}"), || async {
            let view = app.view(&session).await;
            view["state"] == "connected" && view["codec"] == codec
        })
        .await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_codec_is_chosen_where_there_are_some() {
    let Some(server) = crate::xvnc::Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(server.port, Some(crate::xvnc::PASSWORD)).await;
    let session = app.open(&uid).await;
    let path = format!("/session/{session}");
    for (codec, expected) in [("h264", 409), ("mpeg", 400)] {
        let (status, answer) = app.call("PUT", &path, json!({"codec": codec})).await;
        assert_eq!(status, expected, "{answer}");
        assert_eq!(answer["property"], "codec", "{answer}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_machine_draws_nothing_while_nobody_looks() {
    let counting =
        "exec xterm -geometry 80x24+0+0 -e sh -c 'while :; do date +%N; sleep 0.02; done'";
    let Some(server) = Xrdp::showing(counting) else {
        return;
    };
    let app = App::start().await;
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let received = || async { app.view(&session).await["bytes_in"].as_u64().unwrap() };
    let comes = || async {
        let before = received().await;
        until("pixels come", || async {
            received().await > before + 20_000
        })
        .await;
    };
    comes().await;
    let socket = attach(&app, &session).await;
    let (mut say, mut hear) = socket.split();
    let listening = tokio::spawn(async move { while let Some(Ok(_)) = hear.next().await {} });
    let visible = |is_visible: bool| Message::binary(vec![7, u8::from(is_visible)]);
    say.send(visible(false)).await.unwrap();
    let rests = || async {
        until("the machine sends no pixels", || async {
            let before = received().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            // The clock of its programs ticks on, and would bring far more.
            received().await < before + 2_000
        })
        .await;
    };
    rests().await;
    // Whoever takes a screenshot sees what is there now, and the machine rests again after.
    let first = app.screenshot(&session).await;
    until("the clock ticks on", || async {
        app.screenshot(&session).await != first
    })
    .await;
    rests().await;
    say.send(visible(true)).await.unwrap();
    comes().await;
    say.send(visible(false)).await.unwrap();
    rests().await;
    // With its last viewer gone, scripts look at it.
    listening.abort();
    drop(say);
    comes().await;
    app.stop().await;
}
