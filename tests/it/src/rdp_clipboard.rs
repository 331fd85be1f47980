//! Text and pictures on the clipboard of an RDP session, by a real server's.

use crate::app::App;
use crate::rdp::{make_file, signed_in};
use crate::rdp_server::{Security, Server};
use crate::rdp_server_clip::Clip;
use crate::stream::{Socket, attach};
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

/// A viewer of a session on such a server, whose clipboard is open.
async fn begin(app: &App, server: &mut Server) -> Socket {
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let socket = attach(app, &session).await;
    server.begun().await;
    while server.clip().await != Clip::Offers(Vec::new()) {}
    socket
}

/// What the next message of a kind holds.
async fn next(socket: &mut Socket, kind: u8) -> String {
    let told = async {
        while let Some(message) = socket.next().await {
            let message = message.unwrap().into_data();
            if message.first() == Some(&kind) {
                return String::from_utf8(message.get(24..).unwrap().to_vec()).unwrap();
            }
        }
        panic!("the stream ended");
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    told.expect("it is told")
}

/// Text as the protocol has it.
fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_is_told_as_that() {
    let Some(mut server) = Server::start(Security::Tls, 320, 200) else {
        return;
    };
    let app = App::start().await;
    let mut socket = begin(&app, &mut server).await;
    // CF_DIB.
    server.offer(&[(8, "")]);
    assert_eq!(server.clip().await, Clip::Wants(8));
    server.bring(b"no picture".to_vec());
    assert_eq!(
        next(&mut socket, 13).await,
        "The machine's clipboard holds a picture that cannot be read here."
    );
    app.stop().await;
}

#[tokio::test]
async fn formatted_text_is_copied_both_ways_beside_its_text() {
    let Some(mut server) = Server::start(Security::Tls, 320, 200) else {
        return;
    };
    let app = App::start().await;
    let mut socket = begin(&app, &mut server).await;
    let (text, html) = ("gr\u{fc}n", "<b>gr\u{fc}n</b>");
    let length = u32::try_from(text.len()).unwrap();
    let message = [
        &[13],
        &length.to_le_bytes()[..],
        text.as_bytes(),
        html.as_bytes(),
    ]
    .concat();
    socket.send(Message::binary(message)).await.unwrap();
    let Clip::Offers(forms) = server.clip().await else {
        panic!("it offers nothing");
    };
    let [(13, _), (number, name)] = &forms[..] else {
        panic!("{forms:?}");
    };
    assert_eq!(name, "HTML Format");
    server.want(13);
    assert_eq!(server.clip().await, Clip::Brings(Some(wide(text))));
    server.want(*number);
    let Clip::Brings(Some(given)) = server.clip().await else {
        panic!("it has none");
    };
    let given = String::from_utf8(given).unwrap();
    assert!(given.starts_with("Version:0.9\r\n"), "{given}");
    let marked = format!("<!--StartFragment-->{html}<!--EndFragment-->");
    assert!(given.contains(&marked), "{given}");

    // The machine's number is another one, and text comes first.
    server.offer(&[(1, ""), (0xc017, "HTML Format"), (13, ""), (8, "")]);
    assert_eq!(server.clip().await, Clip::Wants(13));
    server.bring(wide("there"));
    assert_eq!(server.clip().await, Clip::Wants(0xc017));
    let there =
        "Version:0.9\r\nStartHTML:81\r\nEndHTML:93\r\nStartFragment:81\r\nEndFragment:93\r\n";
    let there = format!("{there}<i>there</i>");
    let start = there.find("<i>").unwrap();
    let there = there.replace(":81", &format!(":{start}"));
    let there = there.replace(":93", &format!(":{}", start + 12));
    server.bring(there.into_bytes());
    assert_eq!(next(&mut socket, 18).await, "\u{5}\0\0\0there<i>there</i>");
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
