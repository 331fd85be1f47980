//! The same on servers other than a plain TigerVNC: what they show is what we show.

use crate::app::{App, until};
use crate::peers::Peer;
use crate::xvnc::{Xvnc, free_port};
use image::RgbaImage;
use serde_json::{Value, json};

/// Opens a session of a server that asks for nothing, with these settings on top.
async fn open(app: &App, port: u16, settings: Value) -> String {
    open_at(app, json!({"host": "127.0.0.1", "port": port}), settings).await
}

async fn open_at(app: &App, place: Value, settings: Value) -> String {
    let mut body = place;
    body["name"] = "desk".into();
    body["vnc.quality"] = "lossless".into();
    for (key, value) in settings.as_object().unwrap() {
        body[key] = value.clone();
    }
    let uid = app.connection(body).await;
    app.open(&uid).await
}

async fn shows(app: &App, session: &str, picture: impl Fn() -> RgbaImage) {
    let picture = &picture;
    until("the screenshot equals what the server shows", || async {
        let shown = app.screenshot(session).await;
        is_drawn_on(&shown) && shown == picture()
    })
    .await;
}

/// Whether something is seen: a screen is dark before its programs draw.
fn is_drawn_on(picture: &RgbaImage) -> bool {
    picture.pixels().any(|pixel| pixel.0[0] > 100)
}

/// A program that draws once, in many colours, away from the pointer.
fn paint(desk: &mut Xvnc) {
    desk.spawn(
        "xterm",
        &[
            "-geometry",
            "40x10+0+0",
            "-bg",
            "#203040",
            "-fg",
            "#e0d0a0",
            "-e",
            "ls --color=always -l / /usr; sleep 600",
        ],
    );
}

#[tokio::test]
async fn x11vnc_shows_its_screen_and_takes_keys() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    paint(&mut desk);
    let Some(server) = Peer::x11vnc(&desk) else {
        return;
    };
    let app = App::start().await;
    let session = open(&app, server.port, json!({})).await;
    shows(&app, &session, || desk.picture()).await;
    let before = app.screenshot(&session).await;
    desk.spawn("xclock", &["-digital", "-geometry", "200x40+300+20"]);
    let (app_ref, session_ref, before_ref) = (&app, &session, &before);
    until("the clock appears", || async move {
        app_ref.screenshot(session_ref).await != *before_ref
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_screen_of_5120_x_2880_is_shown_whole() {
    let Some(mut desk) = Xvnc::with(
        free_port(),
        &["-SecurityTypes", "None", "-geometry", "5120x2880"],
    ) else {
        return;
    };
    paint(&mut desk);
    let app = App::start().await;
    let session = open(&app, desk.port, json!({})).await;
    shows(&app, &session, || desk.picture()).await;
    app.stop().await;
}

#[tokio::test]
async fn a_server_behind_a_unix_socket_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("screen.sock");
    let path = socket.display().to_string();
    let options = ["-SecurityTypes", "None", "-rfbunixpath", &path];
    let Some(mut desk) = Xvnc::with(free_port(), &options) else {
        return;
    };
    paint(&mut desk);
    let app = App::start().await;
    let session = open_at(&app, json!({"host": path}), json!({})).await;
    shows(&app, &session, || desk.picture()).await;
    app.stop().await;
}

/// How far apart the same pixel's colours may be when the server was asked for fewer of them.
fn is_near(ours: &RgbaImage, theirs: &RgbaImage, most: u8) -> bool {
    ours.dimensions() == theirs.dimensions()
        && ours
            .pixels()
            .zip(theirs.pixels())
            .all(|(a, b)| a.0.iter().zip(b.0).all(|(a, b)| a.abs_diff(b) <= most))
}

/// Servers that are asked for no pixel format send their own.
#[tokio::test]
async fn the_servers_own_pixels_are_followed() {
    let app = App::start().await;
    for (depth, format) in [
        ("16", "rgb565"),
        ("16", "bgr565"),
        ("24", "rgb888"),
        ("24", "bgr888"),
    ] {
        let options = [
            "-SecurityTypes",
            "None",
            "-depth",
            depth,
            "-pixelformat",
            format,
        ];
        let Some(mut desk) = Xvnc::with(free_port(), &options) else {
            return;
        };
        paint(&mut desk);
        let session = open(&app, desk.port, json!({"vnc.colours": "server"})).await;
        let (app, session, desk) = (&app, &session, &desk);
        until(format, || async move {
            let shown = app.screenshot(session).await;
            // A picture of 16 bits is scaled up by rules of its own.
            let most = if depth == "16" { 8 } else { 0 };
            is_drawn_on(&shown) && is_near(&shown, &desk.picture(), most)
        })
        .await;
    }
    app.stop().await;
}

#[tokio::test]
async fn qemu_shows_its_screen_in_every_number_of_colours() {
    let Some(server) = Peer::qemu() else {
        return;
    };
    let app = App::start().await;
    let session = open(&app, server.port, json!({})).await;
    shows(&app, &session, || server.screendump()).await;
    for (colours, most) in [("high", 8), ("low", 80), ("mapped", 80), ("server", 0)] {
        let session = open(&app, server.port, json!({"vnc.colours": colours})).await;
        let (app, session, server) = (&app, &session, &server);
        until(colours, || async move {
            let shown = app.screenshot(session).await;
            is_drawn_on(&shown) && is_near(&shown, &server.screendump(), most)
        })
        .await;
    }
    app.stop().await;
}

#[tokio::test]
async fn wayvnc_shows_its_screen() {
    let wallpaper = RgbaImage::from_fn(400, 300, |x, y| {
        image::Rgba([
            (x * 255 / 400) as u8,
            (y * 255 / 300) as u8,
            (x ^ y) as u8,
            255,
        ])
    });
    let Some(server) = Peer::wayvnc(&wallpaper) else {
        return;
    };
    let (server_ref, wallpaper_ref) = (&server, &wallpaper);
    // The desktop's own pointer lies on it.
    until("the wallpaper is up", || async move {
        let shown = server_ref.grim();
        let same = shown.pixels().zip(wallpaper_ref.pixels());
        same.filter(|(a, b)| a == b).count() > 400 * 300 * 9 / 10
    })
    .await;
    let app = App::start().await;
    let session = open(&app, server.port, json!({})).await;
    shows(&app, &session, || server.grim()).await;
    app.stop().await;
}
