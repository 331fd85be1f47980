//! A viewer over a WebSocket sees what the machine shows. The viewer here is written from the codec's description.

use crate::app::{App, until};
use crate::xvnc::{PASSWORD, Xvnc};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Error, Message};

#[derive(Default)]
pub struct Viewer {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
    cursors: usize,
    states: Vec<String>,
    clipboard: Vec<String>,
    frames: u32,
}

impl Viewer {
    /// Draws one message; answers the acknowledgement that a finished frame asks for.
    pub fn draw(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let (head, payload) = message.split_at(24);
        let field = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let (x, y, w, h) = (field(2), field(4), field(6), field(8));
        match head[0] {
            1 => {
                assert_eq!(payload.len(), w * h * 4);
                for row in 0..h {
                    for column in 0..w {
                        let at = (row * w + column) * 4;
                        self.pixels[(y + row) * self.width + x + column] =
                            payload[at..at + 4].try_into().unwrap();
                    }
                }
            }
            2 => {
                let before = self.pixels.clone();
                let (source_x, source_y) = (field(10), field(12));
                for row in 0..h {
                    for column in 0..w {
                        self.pixels[(y + row) * self.width + x + column] =
                            before[(source_y + row) * self.width + source_x + column];
                    }
                }
            }
            3 => {
                for row in 0..h {
                    self.pixels[(y + row) * self.width + x..][..w]
                        .fill(head[16..20].try_into().unwrap());
                }
            }
            4 => {
                (self.width, self.height) = (w, h);
                self.pixels = vec![[0, 0, 0, 255]; w * h];
            }
            5 => self.cursors += 1,
            7 => self
                .clipboard
                .push(String::from_utf8(payload.to_vec()).unwrap()),
            8 => {
                let state: Value = serde_json::from_slice(payload).unwrap();
                self.states
                    .push(state["state"].as_str().unwrap().to_owned());
            }
            11 => {
                self.frames += 1;
                return Some([&[1], &head[20..24]].concat());
            }
            6 | 9 | 10 | 12..=14 => {}
            other => panic!("no message of kind {other} exists"),
        }
        None
    }

    pub fn shows(&self, picture: &image::RgbaImage) -> bool {
        (self.width, self.height) == (picture.width() as usize, picture.height() as usize)
            && self
                .pixels
                .iter()
                .zip(picture.pixels())
                .all(|(ours, theirs)| *ours == theirs.0)
    }
}

pub type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

pub async fn attach(app: &App, session: &str) -> Socket {
    let ticket = app
        .ok("PUT", "/ticket", json!({"session_id": session}))
        .await;
    tokio_tungstenite::connect_async(ticket["url"].as_str().unwrap())
        .await
        .unwrap()
        .0
}

/// Draws until the viewer shows what the server shows.
pub async fn follow(viewer: &mut Viewer, socket: &mut Socket, desk: &Xvnc) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        while let Ok(Some(message)) =
            tokio::time::timeout(Duration::from_millis(100), socket.next()).await
        {
            if let Some(ack) = viewer.draw(&message.unwrap().into_data()) {
                socket.send(Message::binary(ack)).await.unwrap();
            }
        }
        if viewer.shows(&desk.picture()) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the viewer never showed the server's picture"
        );
    }
}

#[tokio::test]
async fn a_viewer_follows_the_picture_and_types() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let mut socket = attach(&app, &session).await;
    let mut viewer = Viewer::default();
    follow(&mut viewer, &mut socket, &desk).await;
    assert_eq!(viewer.states.last().unwrap(), "connected");
    desk.spawn("xterm", &["-geometry", "40x10+0+0", "-e", "sh"]);
    let blank = viewer.pixels.clone();
    while viewer.pixels == blank {
        let message = socket.next().await.unwrap().unwrap();
        if let Some(ack) = viewer.draw(&message.into_data()) {
            socket.send(Message::binary(ack)).await.unwrap();
        }
    }
    follow(&mut viewer, &mut socket, &desk).await;
    // Pointer into the terminal, then "touch FILE" and Return, as the page sends them.
    let file = desk.dir.path().join("from-the-viewer");
    socket
        .send(Message::binary(vec![3, 50, 0, 50, 0, 0, 0]))
        .await
        .unwrap();
    let text = format!("touch {}\n", file.display());
    for letter in text.chars() {
        let keysym: u32 = if letter == '\n' {
            0xff0d
        } else {
            letter as u32
        };
        for down in [1, 0] {
            let bytes = [&[2, down][..], &keysym.to_le_bytes(), &[0, 0]].concat();
            socket.send(Message::binary(bytes)).await.unwrap();
        }
    }
    let file_ref = &file;
    until("what the viewer typed was run", || async move {
        file_ref.exists()
    })
    .await;
    follow(&mut viewer, &mut socket, &desk).await;
    assert!(
        viewer.cursors > 0,
        "the machine's cursor is drawn by the viewer"
    );
    // A scrolling terminal: copies and pixels in the right order.
    let noise = "i=0; while [ $i -lt 300 ]; do echo line $i $i $i; i=$((i+1)); done\n";
    socket
        .send(Message::binary([&[9][..], noise.as_bytes()].concat()))
        .await
        .unwrap();
    follow(&mut viewer, &mut socket, &desk).await;
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    let end = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_binary() {
                viewer.draw(&message.into_data());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), end)
        .await
        .expect("the stream ends with its session");
    assert_eq!(viewer.states.last().unwrap(), "closed");
    app.stop().await;
}

#[tokio::test]
async fn a_viewer_that_does_not_answer_holds_nobody_back() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let mut deaf = attach(&app, &session).await;
    let mut socket = attach(&app, &session).await;
    let mut viewer = Viewer::default();
    desk.spawn(
        "xterm",
        &[
            "-geometry",
            "40x10+0+0",
            "-e",
            "sh",
            "-c",
            "i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); sleep 0.002; done; sleep 60",
        ],
    );
    tokio::time::timeout(Duration::from_secs(20), async {
        while viewer.frames < 20 {
            let message = socket.next().await.unwrap().unwrap();
            if let Some(ack) = viewer.draw(&message.into_data()) {
                socket.send(Message::binary(ack)).await.unwrap();
            }
        }
    })
    .await
    .unwrap();
    follow(&mut viewer, &mut socket, &desk).await;
    // The silent one got two frames and no more; once it answers, it gets the newest picture.
    let mut late = Viewer::default();
    let mut acks = Vec::new();
    while let Ok(Some(message)) =
        tokio::time::timeout(Duration::from_millis(500), deaf.next()).await
    {
        acks.extend(late.draw(&message.unwrap().into_data()));
    }
    assert_eq!(late.frames, 2, "frames without an answer");
    for ack in acks {
        deaf.send(Message::binary(ack)).await.unwrap();
    }
    follow(&mut late, &mut deaf, &desk).await;
    app.stop().await;
}

#[tokio::test]
async fn a_viewer_that_is_hidden_gets_the_picture_when_it_is_shown_and_when_the_session_ends() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let mut socket = attach(&app, &session).await;
    let mut viewer = Viewer::default();
    follow(&mut viewer, &mut socket, &desk).await;
    let shown = |is_shown: bool| Message::binary(vec![7, u8::from(is_shown)]);
    // One that has all of the picture is told so, with a frame in which nothing changes.
    let before = viewer.frames;
    for is_shown in [false, true] {
        socket.send(shown(is_shown)).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        while viewer.frames == before {
            let message = socket.next().await.unwrap().unwrap();
            if let Some(ack) = viewer.draw(&message.into_data()) {
                socket.send(Message::binary(ack)).await.unwrap();
            }
        }
    })
    .await
    .expect("an answer to a viewer that is shown");
    follow(&mut viewer, &mut socket, &desk).await;

    socket.send(shown(false)).await.unwrap();
    let before = viewer.pixels.clone();
    // One change and no more: a terminal would draw its cursor later.
    desk.spawn("xsetroot", &["-solid", "#2f6f4f"]);
    until("the session has the colour", || async {
        let picture = desk.picture();
        !viewer.shows(&picture) && app.screenshot(&session).await == picture
    })
    .await;
    let last = app.screenshot(&session).await;
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    let end = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_binary() {
                viewer.draw(&message.into_data());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), end)
        .await
        .expect("the stream ends with its session");
    assert_eq!(viewer.states.last().unwrap(), "closed");
    assert!(viewer.pixels != before, "the picture changed while hidden");
    assert!(viewer.shows(&last), "the last picture of the session");
    app.stop().await;
}

#[tokio::test]
async fn an_observing_viewer_cannot_type() {
    let Some(mut desk) = Xvnc::start() else {
        return;
    };
    desk.spawn("xterm", &["-geometry", "40x10+0+0", "-e", "sh"]);
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let answer = app
        .ok(
            "ACTION",
            &format!("/connection/{uid}/observe?wait=1"),
            Value::Null,
        )
        .await;
    let session = answer["session_id"].as_str().unwrap().to_owned();
    let mut socket = attach(&app, &session).await;
    let mut viewer = Viewer::default();
    follow(&mut viewer, &mut socket, &desk).await;
    let (first, second) = (
        desk.dir.path().join("first"),
        desk.dir.path().join("second"),
    );
    let type_into = |file: &std::path::Path| {
        Message::binary([&[9][..], format!("touch {}\n", file.display()).as_bytes()].concat())
    };
    let pointer = || Message::binary(vec![3, 50, 0, 50, 0, 0, 0]);
    socket.send(pointer()).await.unwrap();
    socket.send(type_into(&first)).await.unwrap();
    // The session's own view says when the viewer's messages were read: control is given after them.
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.ok(
        "PUT",
        &format!("/session/{session}"),
        json!({"view_only": false}),
    )
    .await;
    socket.send(pointer()).await.unwrap();
    socket.send(type_into(&second)).await.unwrap();
    let second_ref = &second;
    until("control types", || async move { second_ref.exists() }).await;
    assert!(!first.exists(), "an observer typed");
    app.stop().await;
}

#[tokio::test]
async fn tickets_open_one_stream_once() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let refused = async |url: String| match tokio_tungstenite::connect_async(url).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    };
    let ticket = app
        .ok("PUT", "/ticket", json!({"session_id": session}))
        .await;
    let url = ticket["url"].as_str().unwrap().to_owned();
    assert_eq!(refused(url.clone()).await, 101);
    assert_eq!(refused(url.clone()).await, 401, "a ticket is used once");
    let events = app.ok("PUT", "/ticket", json!({"events": true})).await;
    let crossed = url.replace(
        ticket["ticket"].as_str().unwrap(),
        events["ticket"].as_str().unwrap(),
    );
    assert_eq!(
        refused(crossed).await,
        401,
        "a ticket opens what it was made for"
    );
    assert_eq!(
        refused(events["url"].as_str().unwrap().to_owned()).await,
        401,
        "and is used up by trying"
    );
    let (status, _) = app
        .call("PUT", "/ticket", json!({"session_id": "no-such"}))
        .await;
    assert_eq!(status, 404);
    app.stop().await;
}

#[tokio::test]
async fn changes_arrive_as_numbered_events() {
    let app = App::start().await;
    let ticket = app.ok("PUT", "/ticket", json!({"events": true})).await;
    let (mut socket, _) = tokio_tungstenite::connect_async(ticket["url"].as_str().unwrap())
        .await
        .unwrap();
    // The stream begins when its task subscribes, shortly after the handshake: change until one is heard.
    let uid = app.connection(json!({"name": "x"})).await;
    let mut next = async || {
        loop {
            app.ok("PUT", &format!("/connection/{uid}"), json!({"notes": "n"}))
                .await;
            if let Ok(message) =
                tokio::time::timeout(Duration::from_millis(300), socket.next()).await
            {
                return serde_json::from_slice::<Value>(&message.unwrap().unwrap().into_data())
                    .unwrap();
            }
        }
    };
    let (first, second) = (next().await, next().await);
    assert_eq!(
        (first["kind"].as_str(), first["action"].as_str()),
        (Some("connection"), Some("put"))
    );
    assert_eq!(first["id"], uid.as_str());
    assert_eq!(
        second["seq"].as_u64(),
        first["seq"].as_u64().map(|number| number + 1)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_viewer_leaves_with_its_token_and_the_session_stays() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let uid = app.vnc(desk.port, Some(PASSWORD)).await;
    let session = app.open(&uid).await;
    let mut mine = attach(&app, &session).await;
    let token = app
        .token_with(&[farwire_model::token::Scope::Connect])
        .await;
    let id = app.api.core().find_token(&token).unwrap().id;
    let wish = json!({"session_id": session});
    let (_, ticket) = app.call_as(&token, "PUT", "/ticket", wish).await;
    let url = ticket["url"].as_str().unwrap();
    let mut theirs = tokio_tungstenite::connect_async(url).await.unwrap().0;
    let first = theirs.next().await.unwrap().unwrap();
    assert!(first.is_binary(), "it is up before the token goes");
    app.ok("DELETE", &format!("/token/{id}"), Value::Null).await;
    let ended = async { while let Some(Ok(_)) = theirs.next().await {} };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .expect("the stream ends with its token");
    let view = app
        .ok("GET", &format!("/session/{session}"), Value::Null)
        .await;
    assert_eq!(view["state"], "connected");
    follow(&mut Viewer::default(), &mut mine, &desk).await;
    app.stop().await;
}
