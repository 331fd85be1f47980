//! RDP sessions on a server of the tests' own, which tells exactly what it was told and draws exactly what is asked.

use crate::app::{App, until};
use crate::rdp_server::{Security, Server, Told};
use crate::rdp_server_parts::update;
use crate::stream::attach;
use crate::xrdp::PASSWORD;
use futures_util::SinkExt;
use ironrdp_pdu::fast_path::UpdateCode;
use ironrdp_pdu::input::fast_path::{FastPathInputEvent, KeyboardFlags};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const WIDTH: u16 = 320;
const HEIGHT: u16 = 200;

/// A session on such a server, once it began.
async fn begin(app: &App, server: &mut Server) -> String {
    let uid = app
        .rdp(server.port, PASSWORD, json!({"rdp.keyboard": "de"}))
        .await;
    app.accept(&uid, server.port).await;
    // The first attempt stopped at the certificate.
    assert_eq!(server.told().await, Told::Ended);
    let session = app.open(&uid).await;
    assert_eq!(server.begun().await.layout, 0x407);
    session
}

/// Each pixel another colour than its neighbours.
fn pattern() -> Vec<[u8; 3]> {
    let pixel = |at: usize| {
        let (x, y) = (at % usize::from(WIDTH), at / usize::from(WIDTH));
        [x as u8, y as u8, (x * 7 + y * 13) as u8]
    };
    (0..usize::from(WIDTH) * usize::from(HEIGHT))
        .map(pixel)
        .collect()
}

#[tokio::test]
async fn every_pixel_is_where_and_what_the_machine_drew() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let session = begin(&app, &mut server).await;
    let mut expected = pattern();
    server.draw(0, 0, WIDTH, &expected);
    let shows = |expected: Vec<[u8; 3]>| {
        let (app, session) = (&app, &session);
        async move {
            until("the picture is exact", || async {
                let shown = app.screenshot(session).await;
                let pixels = shown.pixels().map(|pixel| pixel.0);
                shown.dimensions() == (WIDTH.into(), HEIGHT.into())
                    && pixels.eq(expected.iter().map(|[r, g, b]| [*r, *g, *b, 255]))
            })
            .await;
        }
    };
    shows(expected.clone()).await;
    assert_eq!(app.view(&session).await["codec"], "Bitmaps");
    // A part of it, up to the last pixel.
    let part = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [1, 2, 3]];
    server.draw(WIDTH - 2, HEIGHT - 2, 2, &part);
    for (at, pixel) in part.into_iter().enumerate() {
        let (x, y) = (WIDTH - 2 + at as u16 % 2, HEIGHT - 2 + at as u16 / 2);
        expected[usize::from(y) * usize::from(WIDTH) + usize::from(x)] = pixel;
    }
    shows(expected).await;
    app.stop().await;
}

#[tokio::test]
async fn keys_are_told_by_their_place_each_down_and_up() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let session = begin(&app, &mut server).await;
    let path = format!("/session/{session}/input");
    app.ok("PUT", &path, json!({"keys": ["ctrl+alt+Delete"]}))
        .await;
    let (up, extended) = (KeyboardFlags::RELEASE, KeyboardFlags::EXTENDED);
    let down = KeyboardFlags::empty();
    let expected = [
        (down, 0x1d),
        (down, 0x38),
        (extended, 0x53),
        (up | extended, 0x53),
        (up, 0x38),
        (up, 0x1d),
    ];
    let mut keys = Vec::new();
    while keys.len() < expected.len() {
        if let Told::Input(FastPathInputEvent::KeyboardEvent(flags, code)) = server.told().await {
            keys.push((flags, code));
        }
    }
    assert_eq!(keys, expected);
    app.stop().await;
}

#[tokio::test]
async fn nla_lets_in_whoever_has_the_password_and_nobody_else() {
    let Some(mut server) = Server::start(Security::Nla, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let session = begin(&app, &mut server).await;
    let view = app.view(&session).await;
    assert_eq!(view["security"], "TLS 1.3, certificate pinned, NLA");
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    while server.told().await != Told::Ended {}
    let wrong = app.rdp(server.port, "Not.the.one", json!({})).await;
    let path = format!("/connection/{wrong}/connect?wait=1");
    let (status, answer) = app.call("ACTION", &path, Value::Null).await;
    assert_eq!(
        (status.as_u16(), &answer["property"]),
        (424, &json!("auth")),
        "{answer}"
    );
    assert!(!answer.to_string().contains("Not.the.one"), "{answer}");
    assert_eq!(server.told().await, Told::Ended, "no session began");
    app.stop().await;
}

#[tokio::test]
async fn the_machine_is_told_to_rest_while_nobody_looks_and_to_draw_again() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let session = begin(&app, &mut server).await;
    let mut viewer = attach(&app, &session).await;
    for is_shown in [false, true, false] {
        let message = Message::binary(vec![7, u8::from(is_shown)]);
        viewer.send(message).await.unwrap();
        let draws = loop {
            if let Told::Draw(draws) = server.told().await
                // Drawing anew is asked for by a stop and a go.
                && draws == is_shown
            {
                break draws;
            }
        };
        assert_eq!(draws, is_shown);
    }
    app.stop().await;
}

#[tokio::test]
async fn the_machine_is_asked_for_the_viewers_size_and_scale() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let session = begin(&app, &mut server).await;
    let mut viewer = attach(&app, &session).await;
    for (size, scale) in [((1001_u16, 700_u16), 150_u16), ((1001, 700), 200)] {
        let fields = [size.0, size.1, scale].map(u16::to_le_bytes).concat();
        let message = [&[6][..], &fields].concat();
        viewer.send(Message::binary(message)).await.unwrap();
        let layout = loop {
            if let layout @ Told::Layout { .. } = server.told().await {
                break layout;
            }
        };
        // The protocol has even widths only.
        let size = (u32::from(size.0) - 1, u32::from(size.1));
        let scale = u32::from(scale);
        assert_eq!(layout, Told::Layout { size, scale });
    }
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    while server.told().await != Told::Ended {}
    // A scale of one's own stays, whatever the viewer has.
    let settings = json!({"rdp.scale": 300});
    let uid = app.rdp(server.port, PASSWORD, settings).await;
    let session = app.open(&uid).await;
    let mut viewer = attach(&app, &session).await;
    let fields = [640_u16, 480, 150].map(u16::to_le_bytes).concat();
    let message = [&[6][..], &fields].concat();
    viewer.send(Message::binary(message)).await.unwrap();
    let layout = loop {
        if let layout @ Told::Layout { .. } = server.told().await {
            break layout;
        }
    };
    let (size, scale) = ((640, 480), 300);
    assert_eq!(layout, Told::Layout { size, scale });
    app.stop().await;
}

#[tokio::test]
async fn noise_ends_the_session_it_came_in_and_no_other() {
    let (Some(mut noisy), Some(mut quiet)) = (
        Server::start(Security::Tls, WIDTH, HEIGHT),
        Server::start(Security::Tls, WIDTH, HEIGHT),
    ) else {
        return;
    };
    let app = App::start().await;
    let other = begin(&app, &mut quiet).await;
    let session = begin(&app, &mut noisy).await;
    // A rectangle that claims more than it has; a part of an update without its begin; a message on a channel that claims 4 GiB.
    let mut bitmap = vec![1, 0, 1, 0];
    bitmap.extend([0xff; 18]);
    let huge = [
        &[3, 0, 0, 23, 2, 0xf0, 0x80, 26 << 2, 0, 1, 3, 0xec, 0x70, 8][..],
        &u32::MAX.to_le_bytes(),
        &[3, 0, 0, 0, 0],
    ]
    .concat();
    for noise in [
        update(UpdateCode::Bitmap, &bitmap),
        update(UpdateCode::SurfaceCommands, &[0xff; 40]),
        huge,
    ] {
        noisy.say(noise);
    }
    while noisy.told().await != Told::Ended {}
    until("the session is begun anew or given up, by name", || async {
        let view = app.view(&session).await;
        let message = view["error"]["error_message"].as_str().unwrap_or_default();
        view["state"] != "connected" && message.contains("cannot follow what 127.0.0.1")
    })
    .await;
    quiet.draw(0, 0, WIDTH, &pattern());
    until("the other one goes on", || async {
        let shown = app.screenshot(&other).await;
        shown
            .pixels()
            .map(|pixel| pixel.0)
            .eq(pattern().iter().map(|[r, g, b]| [*r, *g, *b, 255]))
    })
    .await;
    assert_eq!(app.view(&other).await["state"], "connected");
    app.stop().await;
}
