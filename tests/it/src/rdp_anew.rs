//! What a new RDP session on the same desktop takes over from the one before: encodings are changed by one.

use crate::app::{App, until};
use crate::rdp_server::{Security, Server};
use crate::rdp_server_clip::Clip;
use crate::stream::{Socket, attach};
use crate::xrdp::PASSWORD;
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// CF_UNICODETEXT.
const TEXT: u32 = 13;

/// A session on such a server, and a viewer of it.
async fn begin(app: &App, server: &mut Server) -> (String, Socket) {
    let uid = app.rdp(server.port, PASSWORD, json!({})).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    server.begun().await;
    let viewer = attach(app, &session).await;
    (session, viewer)
}

/// Has the session begin anew.
async fn change(app: &App, server: &mut Server, session: &str) {
    let path = format!("/session/{session}");
    app.ok("PUT", &path, json!({"codec": "bitmaps"})).await;
    server.begun().await;
}

#[tokio::test]
async fn what_was_copied_here_can_be_pasted_there() {
    let Some(mut server) = Server::start(Security::Tls, 320, 200) else {
        return;
    };
    let app = App::start().await;
    let (session, mut viewer) = begin(&app, &mut server).await;
    let message = [&[5], "copied before".as_bytes()].concat();
    viewer.send(Message::binary(message)).await.unwrap();
    let offered = Clip::Offers(vec![(TEXT, String::new())]);
    // When its channel opened there was nothing yet.
    while server.clip().await != offered {}
    change(&app, &mut server, &session).await;
    assert_eq!(server.clip().await, offered);
    server.want(TEXT);
    let text = "copied before\0".encode_utf16();
    let text = text.flat_map(u16::to_le_bytes).collect();
    assert_eq!(server.clip().await, Clip::Brings(Some(text)));
    app.stop().await;
}

#[tokio::test]
async fn a_size_that_could_not_be_asked_for_yet_is_begun_with() {
    let Some(mut server) = Server::of_any_size(Security::Tls) else {
        return;
    };
    let app = App::start().await;
    let (session, mut viewer) = begin(&app, &mut server).await;
    let fields = [1000_u16, 700, 100].map(u16::to_le_bytes).concat();
    let message = [&[6][..], &fields].concat();
    viewer.send(Message::binary(message)).await.unwrap();
    // What is read after it tells that it was read.
    viewer
        .send(Message::binary([&[5], "after".as_bytes()].concat()))
        .await
        .unwrap();
    while server.clip().await != Clip::Offers(vec![(TEXT, String::new())]) {}
    change(&app, &mut server, &session).await;
    until("the session has the viewer's size", || async {
        let view = app.view(&session).await;
        (&view["width"], &view["height"]) == (&json!(1000), &json!(700))
    })
    .await;
    app.stop().await;
}
