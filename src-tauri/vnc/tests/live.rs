//! A session that is up: what it asks for, sends, reports, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::error::Stage;
use farwire_model::frame::{Rect, Size};
use farwire_model::input::{Buttons, Keysym, Scancode, SessionInput};
use farwire_model::quality::Quality;
use farwire_model::session::{FailureKind, SessionEvent, Start};
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::{Session, opening, rectangle, session, update};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const SIZE: Size = Size::new(64, 48);
const DEADLINE: Duration = Duration::from_secs(10);
const ASK_FOR_CHANGES: [u8; 10] = [3, 1, 0, 0, 0, 0, 0, 64, 0, 48];

/// A session that is up, with what it says at the start already read.
async fn up(change: impl FnOnce(&mut Start)) -> Session {
    let mut session = session(change);
    session.server.write_all(&opening(SIZE)).await.unwrap();
    let hello = said(&mut session, 14 + 20).await;
    assert_eq!(hello[..14], *b"RFB 003.008\n\x01\x01");
    assert_eq!(hello[14..18], [0, 0, 0, 0], "the pixel format");
    let encodings = said(&mut session, 4).await;
    said(&mut session, usize::from(encodings[3]) * 4).await;
    assert_eq!(
        said(&mut session, 10).await,
        [3, 0, 0, 0, 0, 0, 0, 64, 0, 48],
        "everything"
    );
    while let Some(event) = session.events.recv().await {
        if matches!(event, SessionEvent::Connected { .. }) {
            break;
        }
    }
    session
}

async fn said(session: &mut Session, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(DEADLINE, session.server.read_exact(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    bytes
}

async fn serve(session: &mut Session, parts: &[&[u8]]) {
    session.server.write_all(&parts.concat()).await.unwrap();
}

async fn event(session: &mut Session) -> SessionEvent {
    timeout(DEADLINE, session.events.recv())
        .await
        .unwrap()
        .unwrap()
}

fn key(is_down: bool, keysym: u32) -> SessionInput {
    SessionInput::Key {
        is_down,
        keysym: Keysym(keysym),
        scancode: Scancode(0),
    }
}

fn pointer(x: u16, buttons: u16) -> SessionInput {
    SessionInput::Pointer {
        x,
        y: 2,
        buttons: Buttons(buttons),
    }
}

#[tokio::test]
async fn the_next_update_is_asked_for_before_the_pixels_arrive() {
    let mut session = up(|_| {}).await;
    serve(&mut session, &[&update(1)]).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    assert_eq!(session.meter.updates.load(Ordering::Relaxed), 0);
    let pixels = [10, 20, 30, 0].repeat(4);
    serve(
        &mut session,
        &[&rectangle(Rect::new(1, 1, 2, 2), 0), &pixels, &update(0)],
    )
    .await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    let frame = session.surface.snapshot();
    assert_eq!(
        frame.row(Rect::new(1, 1, 2, 1), 1).unwrap(),
        [[10, 20, 30, 255]; 2]
    );
    assert_eq!(frame.pixels()[0], [0, 0, 0, 255]);
}

#[tokio::test]
async fn a_key_is_sent_while_an_update_is_still_on_its_way() {
    let mut session = up(|_| {}).await;
    serve(
        &mut session,
        &[&update(1), &rectangle(SIZE.rect(), 0), &[1; 100]],
    )
    .await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    session.inputs.send(key(true, 0x61)).await.unwrap();
    assert_eq!(said(&mut session, 8).await, [4, 1, 0, 0, 0, 0, 0, 0x61]);
}

#[tokio::test]
async fn waiting_pointer_moves_become_one() {
    let mut session = up(|_| {}).await;
    // Nothing yields in between, so the session finds all of them waiting.
    for input in [
        pointer(1, 0),
        pointer(2, 0),
        pointer(3, 1),
        pointer(4, 1),
        pointer(4, 0),
    ] {
        session.inputs.try_send(input).unwrap();
    }
    let expected = [[5, 0, 0, 2, 0, 2], [5, 1, 0, 4, 0, 2], [5, 0, 0, 4, 0, 2]];
    assert_eq!(said(&mut session, 18).await, expected.concat());
}

#[tokio::test]
async fn cancelling_releases_what_is_held_and_closes() {
    let mut session = up(|_| {}).await;
    session.inputs.send(key(true, 0xffe3)).await.unwrap();
    session
        .inputs
        .send(pointer(5, Buttons::LEFT))
        .await
        .unwrap();
    said(&mut session, 14).await;
    session.cancel.cancel();
    let mut rest = Vec::new();
    timeout(DEADLINE, session.server.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        rest,
        [&[4, 0, 0, 0, 0, 0, 0xff, 0xe3][..], &[5, 0, 0, 5, 0, 2]].concat()
    );
    assert_eq!(session.run.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn what_is_no_pixel_is_reported() {
    let mut session = up(|_| {}).await;
    let name = [
        &update(1)[..],
        &rectangle(Rect::default(), -307),
        &[0, 0, 0, 3],
        b"new",
    ]
    .concat();
    serve(
        &mut session,
        &[&[2], &[3, 0, 0, 0, 0, 0, 0, 2], b"\xfcx", &name],
    )
    .await;
    assert_eq!(event(&mut session).await, SessionEvent::Bell);
    assert_eq!(
        event(&mut session).await,
        SessionEvent::Clipboard("üx".to_owned())
    );
    assert_eq!(
        event(&mut session).await,
        SessionEvent::Name("new".to_owned())
    );
}

#[tokio::test]
async fn fences_are_answered_and_measure_the_round_trip() {
    let mut session = up(|_| {}).await;
    serve(&mut session, &[&[248, 0, 0, 0, 0x80, 0, 0, 3, 1, 42]]).await;
    let mut answers = said(&mut session, 10 + 13).await;
    let ping = answers.split_off(10);
    assert_eq!(answers, [248, 0, 0, 0, 0, 0, 0, 3, 1, 42]);
    assert_eq!(ping[..9], [248, 0, 0, 0, 0x80, 0, 0, 0, 4]);
    serve(
        &mut session,
        &[&[248, 0, 0, 0, 0, 0, 0, 0, 4], &ping[9..], &[2]],
    )
    .await;
    assert_eq!(event(&mut session).await, SessionEvent::Bell);
    assert!(session.meter.latency_us.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn the_viewers_size_is_asked_for_once_the_server_takes_wishes() {
    let mut session = up(|start| {
        start.settings.insert("vnc.resize".to_owned(), true.into());
        start.size = Some(Size::new(800, 600));
    })
    .await;
    let layout = [&[1, 0, 0, 0][..], &[0, 0, 0, 9], &[0; 8], &[0, 0, 0, 5]].concat();
    let here = rectangle(SIZE.rect(), -308);
    serve(&mut session, &[&update(1), &here, &layout]).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    let mut wish = vec![
        251, 0, 3, 32, 2, 88, 1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 3, 32, 2, 88,
    ];
    wish.extend([0, 0, 0, 5]);
    assert_eq!(said(&mut session, 24).await, wish);
    // It agrees: the picture has the new size, and everything is asked for again.
    let there = rectangle(Rect::new(1, 0, 800, 600), -308);
    serve(&mut session, &[&update(1), &there, &layout]).await;
    said(&mut session, 10).await;
    assert_eq!(
        said(&mut session, 10).await,
        [3, 0, 0, 0, 0, 0, 3, 32, 2, 88]
    );
    assert_eq!(session.surface.size(), Size::new(800, 600));
}

#[tokio::test]
async fn a_server_that_closes_a_session_lost_it() {
    let mut session = up(|_| {}).await;
    // What arrived before the end is still painted.
    serve(
        &mut session,
        &[
            &update(1),
            &rectangle(Rect::new(0, 0, 1, 1), 0),
            &[7, 7, 7, 7],
        ],
    )
    .await;
    drop(session.server);
    let error = timeout(DEADLINE, session.run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Session, FailureKind::Lost),
        "{error}"
    );
    assert_eq!(session.surface.snapshot().pixels()[0], [7, 7, 7, 255]);
}

#[tokio::test]
async fn a_server_that_cannot_be_followed_ends_the_session_alone() {
    let mut session = up(|_| {}).await;
    serve(&mut session, &[&[99]]).await;
    let error = timeout(DEADLINE, session.run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Session, FailureKind::Protocol)
    );
    assert!(
        error.message.contains("message type 99 was not agreed on"),
        "{error}"
    );
}

#[tokio::test]
async fn an_application_that_is_gone_ends_the_session() {
    let mut session = up(|_| {}).await;
    session.events.close();
    serve(&mut session, &[&[2]]).await;
    assert_eq!(
        timeout(DEADLINE, session.run).await.unwrap().unwrap(),
        Ok(())
    );
}

#[tokio::test]
async fn a_server_that_updates_unasked_is_not_asked_any_more() {
    let mut session = up(|_| {}).await;
    serve(&mut session, &[&[150], &update(0)]).await;
    assert_eq!(
        said(&mut session, 10).await,
        [150, 1, 0, 0, 0, 0, 0, 64, 0, 48]
    );
    let wider = rectangle(Rect::new(0, 0, 80, 48), -223);
    serve(&mut session, &[&update(0), &update(1), &wider]).await;
    assert_eq!(
        said(&mut session, 20).await,
        [
            150, 1, 0, 0, 0, 0, 0, 80, 0, 48, 3, 0, 0, 0, 0, 0, 0, 80, 0, 48
        ],
        "the new size, and nothing for the updates before it"
    );
}

/// The encodings that the next message, a `SetEncodings`, offers.
async fn offered(session: &mut Session) -> Vec<i32> {
    let head = said(session, 4).await;
    assert_eq!(head[..2], [2, 0], "SetEncodings");
    let count = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let list = said(session, count * 4).await;
    list.as_chunks()
        .0
        .iter()
        .copied()
        .map(i32::from_be_bytes)
        .collect()
}

#[tokio::test]
async fn the_quality_changes_while_the_session_goes_on() {
    let mut session = up(|_| {}).await;
    let chosen = SessionInput::Quality(Quality::Level(3));
    session.inputs.send(chosen).await.unwrap();
    let list = offered(&mut session).await;
    assert!(list.contains(&-29), "{list:?}");
    let chosen = SessionInput::Quality(Quality::Lossless);
    session.inputs.send(chosen).await.unwrap();
    let list = offered(&mut session).await;
    assert!(
        !list.iter().any(|encoding| (-32..=-23).contains(encoding)),
        "{list:?}"
    );
    assert_eq!(
        said(&mut session, 10).await,
        [3, 0, 0, 0, 0, 0, 0, 64, 0, 48],
        "what was sent with losses is asked for again"
    );
}

#[tokio::test]
async fn unicode_is_copied_where_the_server_understands_it() {
    let mut session = up(|_| {}).await;
    // Capabilities: text of 1000 bytes unasked, request, notify and provide.
    let caps = [
        &[3, 0, 0, 0][..],
        &(-8_i32).to_be_bytes(),
        &0x1b00_0001_u32.to_be_bytes(),
        &1000_u32.to_be_bytes(),
    ];
    serve(&mut session, &caps).await;
    let answer = said(&mut session, 16).await;
    assert_eq!(answer[..9], [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0x1f]);
    let copied = SessionInput::Clipboard("Ωμέγα".to_owned());
    session.inputs.send(copied).await.unwrap();
    let head = said(&mut session, 12).await;
    assert_eq!(head[8..], 0x1000_0001_u32.to_be_bytes(), "text is provided");
    let length = -i32::from_be_bytes(head[4..8].try_into().unwrap()) - 4;
    let packed = said(&mut session, length as usize).await;
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&packed[..]), &mut text)
        .unwrap();
    assert_eq!(text[4..], *"Ωμέγα\0".as_bytes());
}

/// Lets this much time pass at once. The decoding thread keeps the clock from running ahead by itself.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_silent_server_is_shown_as_stalled_and_given_up_later() {
    let mut session = up(|_| {}).await;
    let fence = [248, 0, 0, 0, 0x80, 0, 0, 0, 0];
    serve(&mut session, &[&fence]).await;
    said(&mut session, 9).await;
    assert_eq!(said(&mut session, 13).await[9..], *b"ping");
    pass(Duration::from_millis(1500)).await;
    assert_eq!(event(&mut session).await, SessionEvent::Stalled(true));
    serve(&mut session, &[&[248, 0, 0, 0, 0, 0, 0, 0, 4], b"ping"]).await;
    assert_eq!(event(&mut session).await, SessionEvent::Stalled(false));
    pass(Duration::from_secs(1)).await;
    assert_eq!(said(&mut session, 13).await[9..], *b"ping");
    pass(Duration::from_millis(1500)).await;
    assert_eq!(event(&mut session).await, SessionEvent::Stalled(true));
    pass(Duration::from_secs(20)).await;
    let ended = timeout(DEADLINE, session.run).await.unwrap();
    let error = ended.unwrap().unwrap_err();
    assert!(error.message.contains("does not answer"), "{error}");
}

/// How old the machine's last word may be when its picture is still shown as a live one.
const LIVE: Duration = Duration::from_secs(2);
/// The question for one pixel.
const ASK_FOR_A_PIXEL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 1, 0, 1];

#[tokio::test]
async fn two_seconds_after_the_last_word_the_picture_is_shown_as_old() {
    for has_fences in [true, false] {
        let mut session = up(|_| {}).await;
        if has_fences {
            serve(&mut session, &[&[248, 0, 0, 0, 0x80, 0, 0, 0, 0]]).await;
            said(&mut session, 9 + 13).await;
            serve(&mut session, &[&[248, 0, 0, 0, 0, 0, 0, 0, 4], b"ping"]).await;
        }
        // A word at a bad moment: the last question is answered, the next one not yet sent.
        serve(&mut session, &[&[2]]).await;
        assert_eq!(event(&mut session).await, SessionEvent::Bell);
        pass(LIVE / 2).await;
        match has_fences {
            true => assert_eq!(said(&mut session, 13).await[9..], *b"ping"),
            false => assert_eq!(said(&mut session, 10).await, ASK_FOR_A_PIXEL),
        }
        pass(LIVE / 2).await;
        assert_eq!(event(&mut session).await, SessionEvent::Stalled(true));
    }
}

#[tokio::test]
async fn a_part_of_a_picture_ends_the_silence_and_an_answered_question_is_no_picture() {
    let mut session = up(|_| {}).await;
    pass(LIVE / 2).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_A_PIXEL);
    let pixel = rectangle(Rect::new(0, 0, 1, 1), 0);
    serve(&mut session, &[&update(1), &pixel, &[1, 2, 3, 0]]).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    pass(LIVE / 2).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_A_PIXEL);
    assert_eq!(session.meter.updates.load(Ordering::Relaxed), 0);
    // A large picture that stops in its middle, and goes on.
    serve(
        &mut session,
        &[&update(1), &rectangle(SIZE.rect(), 0), &[1; 100]],
    )
    .await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_CHANGES);
    pass(LIVE / 2).await;
    assert_eq!(said(&mut session, 10).await, ASK_FOR_A_PIXEL);
    pass(LIVE / 2).await;
    assert_eq!(event(&mut session).await, SessionEvent::Stalled(true));
    serve(&mut session, &[&[1; 100]]).await;
    assert_eq!(event(&mut session).await, SessionEvent::Stalled(false));
}

#[tokio::test]
async fn after_sleep_a_dead_link_is_given_up_within_seconds() {
    let mut session = up(|_| {}).await;
    session.inputs.send(SessionInput::CheckLink).await.unwrap();
    assert_eq!(said(&mut session, 10).await, [3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    pass(Duration::from_secs(4)).await;
    let ended = timeout(DEADLINE, session.run).await.unwrap();
    assert_eq!(ended.unwrap().unwrap_err().kind, FailureKind::Lost);
}
