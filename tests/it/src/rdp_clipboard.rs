//! Text and pictures on the clipboard of an RDP session, by a real server's.

use crate::app::App;
use crate::rdp::{make_file, signed_in};
use crate::rdp_server::{Security, Server};
use crate::rdp_server_clip::Clip;
use crate::stream::attach;
use crate::xrdp::{PASSWORD, Xrdp};
use futures_util::{SinkExt, StreamExt};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;
use std::io::Cursor;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// A picture of its own: no two parts of it are the same.
fn picture(seed: u8) -> RgbImage {
    RgbImage::from_fn(33, 21, |x, y| {
        let (x, y) = (u8::try_from(x).unwrap(), u8::try_from(y).unwrap());
        Rgb([x * 7, y * 12, seed])
    })
}

/// A picture without its upper line.
fn lower(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    image::imageops::crop_imm(picture, 0, 1, width, height - 1).to_image()
}

#[tokio::test]
async fn pictures_are_copied_both_ways() {
    let Some(server) = Xrdp::start() else { return };
    let (app, session) = signed_in(server.port).await;
    make_file(&app, &session, &server, "ready", "echo yes").await;
    let mut socket = attach(&app, &session).await;

    let here = picture(200);
    let mut png = Vec::new();
    here.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .unwrap();
    let message = [&[12], png.as_slice()].concat();
    socket.send(Message::binary(message)).await.unwrap();
    let mut tries = 0;
    loop {
        tries += 1;
        let paste =
            "timeout 5 xclip -o -selection clipboard -t image/bmp > ~/pasted.bmp; echo done";
        make_file(&app, &session, &server, &format!("pasted{tries}"), paste).await;
        let mut bytes = std::fs::read(server.home().join("pasted.bmp")).unwrap();
        let count = bytes.len();
        // xrdp counts without the header that it adds, and so cuts off the end: that of the upper line.
        bytes.resize(count + 14, 0);
        let pasted = image::load_from_memory_with_format(&bytes, ImageFormat::Bmp);
        if pasted.is_ok_and(|pasted| lower(&pasted.into_rgb8()) == lower(&here)) {
            break;
        }
        assert!(tries < 20, "the machine pastes {count} other bytes");
    }

    let there = picture(90);
    there
        .save_with_format(server.home().join("there.bmp"), ImageFormat::Bmp)
        .unwrap();
    let copy = "xclip -selection clipboard -t image/bmp ~/there.bmp >/dev/null";
    make_file(&app, &session, &server, "copied", copy).await;
    let arrives = async {
        while let Some(message) = socket.next().await {
            let message = message.unwrap().into_data();
            let Some((17, png)) = message.first().copied().zip(message.get(24..)) else {
                continue;
            };
            let arrived = image::load_from_memory_with_format(png, ImageFormat::Png).unwrap();
            if arrived.into_rgb8() == there {
                return;
            }
        }
        panic!("the stream ended");
    };
    tokio::time::timeout(Duration::from_secs(60), arrives)
        .await
        .expect("what was copied there is told here");
    app.stop().await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_is_told_as_that() {
    let Some(mut server) = Server::start(Security::Tls, 320, 200) else {
        return;
    };
    let app = App::start().await;
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let mut socket = attach(&app, &session).await;
    server.begun().await;
    while server.clip().await != Clip::Offers(Vec::new()) {}
    // CF_DIB.
    server.offer(&[(8, "")]);
    while server.clip().await != Clip::Wants(8) {}
    server.bring(b"no picture".to_vec());
    let said = async {
        while let Some(message) = socket.next().await {
            let message = message.unwrap().into_data();
            if message.first() == Some(&13) {
                return String::from_utf8(message.get(24..).unwrap().to_vec()).unwrap();
            }
        }
        panic!("the stream ended");
    };
    let said = tokio::time::timeout(Duration::from_secs(60), said).await;
    assert_eq!(
        said.unwrap(),
        "The machine's clipboard holds a picture that cannot be read here."
    );
    app.stop().await;
}

#[tokio::test]
async fn text_is_copied_both_ways() {
    let Some(server) = Xrdp::start() else { return };
    let (app, session) = signed_in(server.port).await;
    make_file(&app, &session, &server, "ready", "echo yes").await;
    let mut socket = attach(&app, &session).await;
    let here = "from here: é ß 漢\nand a second line";
    let message = [&[5], here.as_bytes()].concat();
    socket.send(Message::binary(message)).await.unwrap();
    let mut tries = 0;
    loop {
        tries += 1;
        let name = format!("pasted{tries}");
        let pasted = make_file(
            &app,
            &session,
            &server,
            &name,
            "timeout 5 xclip -o -selection clipboard",
        )
        .await;
        // xrdp hands the line ends of the protocol on as they are.
        if pasted.replace("\r\n", "\n") == here {
            break;
        }
        assert!(tries < 20, "the machine still pastes {pasted:?}");
    }
    let there = "from there: é ß 漢\nand more";
    std::fs::write(server.home().join("text"), there).unwrap();
    make_file(
        &app,
        &session,
        &server,
        "copied",
        "xclip -selection clipboard ~/text >/dev/null",
    )
    .await;
    let arrives = async {
        while let Some(message) = socket.next().await {
            let message = message.unwrap().into_data();
            if message.first() == Some(&7) && message.get(24..) == Some(there.as_bytes()) {
                return;
            }
        }
        panic!("the stream ended");
    };
    tokio::time::timeout(Duration::from_secs(60), arrives)
        .await
        .expect("what was copied there is told here");
    app.stop().await;
}
