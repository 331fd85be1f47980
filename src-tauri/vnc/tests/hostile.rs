//! Servers that lie: cut, changed and made-up streams end in an error or wait for more; nothing else happens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::error::Stage;
use farwire_model::frame::{Rect, Size};
use farwire_model::session::FailureKind;
use farwire_vnc::DecodeError;
use farwire_vnc::decode::Report;
use flate2::{Compress, Compression};
use proptest::prelude::*;
use std::time::Duration;
use support::{
    Decoding, RECORDINGS, Recording, Session, assert_same, deflate, opening, rectangle, session,
    tight_data, update,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

const SIZE: Size = Size::new(100, 80);

/// Feeds messages whole; they must be refused.
fn refused(parts: &[&[u8]]) -> DecodeError {
    Decoding::new(SIZE).feed(&parts.concat()).unwrap_err()
}

#[test]
fn lengths_over_their_cap_are_refused_before_anything_arrives() {
    for (what, bytes) in [
        ("clipboard text", &[3, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff][..]),
        ("extended clipboard text", &[3, 0, 0, 0, 0x80, 0, 0, 0]),
        ("a fence", &[248, 0, 0, 0, 0, 0, 0, 0, 65]),
    ] {
        assert!(
            matches!(refused(&[bytes]), DecodeError::TooLong { .. }),
            "{what}"
        );
    }
    let whole = SIZE.rect();
    for (what, header, rest) in [
        ("a name", rectangle(whole, -307), &[0, 0, 0x10, 1][..]),
        ("ZRLE data", rectangle(whole, 16), &[0xff, 0xff, 0xff, 0xff]),
        ("a cursor", rectangle(Rect::new(0, 0, 1025, 1), -239), &[]),
        (
            "a cursor with alpha",
            rectangle(Rect::new(0, 0, 1, 0xffff), -314),
            &[],
        ),
    ] {
        let error = refused(&[&update(1), &header, rest]);
        assert!(
            matches!(error, DecodeError::TooLong { .. }),
            "{what}: {error}"
        );
    }
}

#[test]
fn rectangles_outside_the_screen_are_refused_in_every_encoding() {
    for encoding in [0, 1, 2, 4, 5, 6, 7, 15, 16] {
        for rect in [
            Rect::new(1, 0, 100, 80),
            Rect::new(0, 80, 1, 1),
            Rect::new(0xffff, 0xffff, 0xffff, 0xffff),
        ] {
            let error = refused(&[&update(1), &rectangle(rect, encoding)]);
            assert!(
                matches!(error, DecodeError::Outside { .. }),
                "{encoding}: {error}"
            );
        }
    }
    let error = refused(&[
        &update(1),
        &rectangle(Rect::new(0, 0, 50, 50), 1),
        &[0, 51, 0, 0],
    ]);
    assert!(
        matches!(error, DecodeError::Outside { .. }),
        "a copy from outside: {error}"
    );
}

#[test]
fn what_was_not_agreed_on_is_refused() {
    assert!(matches!(
        refused(&[&[77]]),
        DecodeError::Message { kind: 77 }
    ));
    for encoding in [3, 8, 17, -260, i32::MIN] {
        let error = refused(&[&update(1), &rectangle(Rect::default(), encoding)]);
        assert!(matches!(error, DecodeError::Encoding { .. }), "{error}");
    }
}

#[test]
fn a_screen_size_we_cannot_hold_is_refused_and_the_picture_stays() {
    let mut decoding = Decoding::new(SIZE);
    for (encoding, rest) in [(-223, &[][..]), (-308, &[0, 0, 0, 0])] {
        for rect in [
            Rect::new(0, 0, 0, 10),
            Rect::new(0, 0, 0xffff, 0xffff),
            Rect::new(0, 0, 16_384, 16_384),
        ] {
            let bytes = [&update(1), &rectangle(rect, encoding), rest].concat();
            let error = Decoding::new(SIZE).feed(&bytes).unwrap_err();
            assert!(matches!(error, DecodeError::Screen(_)), "{error}");
        }
    }
    assert_eq!(decoding.feed(&update(0)).unwrap(), 4);
    assert_eq!(decoding.surface.size(), SIZE);
}

#[test]
fn sizes_without_end_let_whoever_feeds_see_to_other_things() {
    for (encoding, rest) in [(-223, &[][..]), (-308, &[0, 0, 0, 0])] {
        let sizes = (0..100_u16).flat_map(|number| {
            let rect = Rect::new(0, 0, 4096, 4096 - number % 2);
            [&rectangle(rect, encoding), rest].concat()
        });
        let bytes: Vec<u8> = update(100).into_iter().chain(sizes).collect();
        let mut decoding = Decoding::new(SIZE);
        let used = decoding.feed(&bytes).unwrap();
        assert!(
            used < bytes.len() / 10,
            "{encoding}: {used} bytes in one go"
        );
    }
}

#[test]
fn a_zip_bomb_is_refused_without_being_unpacked() {
    let bomb = vec![0; 16 << 20];
    let mut stream = Compress::new(Compression::new(9), true);
    let mut data = Vec::with_capacity(1 << 20);
    stream
        .compress_vec(&bomb, &mut data, flate2::FlushCompress::Sync)
        .unwrap();
    assert!(data.len() < 64 << 10);

    let length = (data.len() as u32).to_be_bytes();
    let zrle = refused(&[&update(1), &rectangle(SIZE.rect(), 16), &length, &data]);
    // As a tile of kind 0 each, the zeros are black pixels; those after the last tile are the bomb.
    assert!(matches!(zrle, DecodeError::Surplus), "{zrle}");

    let compact = [
        data.len() as u8 | 0x80,
        (data.len() >> 7) as u8 | 0x80,
        (data.len() >> 14) as u8,
    ];
    let tight = refused(&[
        &update(1),
        &rectangle(SIZE.rect(), 7),
        &[0],
        &compact,
        &data,
    ]);
    assert!(matches!(tight, DecodeError::Surplus), "{tight}");
}

#[test]
fn tiles_that_break_the_format_are_refused() {
    let rect = Rect::new(0, 0, 64, 64);
    for (what, tile, said) in [
        ("a kind that is none", &[17][..], "cannot be 17"),
        ("another kind that is none", &[129], "cannot be 129"),
        (
            "a run past the tile",
            &[
                128, 1, 2, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                255, 255, 200,
            ],
            "a run of pixels",
        ),
        ("a tile that ends early", &[0, 1, 2, 3], "length of a ZRLE"),
    ] {
        let mut stream = Compress::new(Compression::fast(), true);
        let data = deflate(&mut stream, tile);
        let length = (data.len() as u32).to_be_bytes();
        let error = refused(&[&update(1), &rectangle(rect, 16), &length, &data]);
        assert!(error.to_string().contains(said), "{what}: {error}");
    }
    let mut stream = Compress::new(Compression::fast(), true);
    let short = tight_data(&mut stream, &[1; 64 * 63 * 3]);
    refused(&[&update(1), &rectangle(rect, 7), &[0], &short]);
    refused(&[&update(1), &rectangle(rect, 7), &[0xa0]]);
    refused(&[&update(1), &rectangle(rect, 7), &[0x40, 3]]);
    refused(&[&update(1), &rectangle(rect, 7), &[0x90, 4, 1, 2, 3, 4]]);
}

#[test]
fn clipboard_text_over_the_limit_is_read_past() {
    let mut decoding = Decoding::new(SIZE);
    let text = vec![b'x'; (1 << 20) + 1];
    let bytes = [
        &[3, 0, 0, 0][..],
        &(text.len() as u32).to_be_bytes(),
        &text,
        &[2],
    ]
    .concat();
    assert_eq!(decoding.feed_in_pieces(&bytes, 100_000).unwrap(), 0);
    assert_eq!(
        decoding.reports,
        [Report::ClipboardTooLong((1 << 20) + 1), Report::Bell]
    );
}

#[test]
fn a_colour_map_that_was_not_asked_for_is_read_past() {
    let mut decoding = Decoding::new(SIZE);
    let bytes = [&[1, 0, 0, 0, 0, 2][..], &[9; 12], &[2]].concat();
    assert_eq!(decoding.feed_in_pieces(&bytes, 1).unwrap(), 0);
    assert_eq!(decoding.reports, [Report::Bell]);
}

const DEADLINE: Duration = Duration::from_secs(30);
/// Far over what the pipe, the chunks and the owed answers may hold together, about 7 MiB.
const FLOOD_BYTES: usize = 16 << 20;

/// A fence that wants an answer, of the largest size.
fn fence() -> Vec<u8> {
    [&[248, 0, 0, 0, 0x80, 0, 0, 0, 64][..], &[7; 64]].concat()
}

/// A session whose server repeats a message until no more is taken and never reads; answers how many bytes were taken.
async fn flooded(message: &[u8]) -> (Session, usize) {
    let mut session = session(|_| {});
    session.server.write_all(&opening(SIZE)).await.unwrap();
    let block = message.repeat(1000);
    let mut taken = 0;
    while taken < FLOOD_BYTES {
        let write = session.server.write(&block[taken % block.len()..]);
        match timeout(Duration::from_secs(1), write).await {
            Ok(count) => taken += count.unwrap(),
            Err(_) => break,
        }
    }
    (session, taken)
}

#[tokio::test]
async fn a_flood_is_held_back_and_a_server_that_never_reads_is_given_up() {
    for (what, message) in [("fences", fence()), ("empty updates", update(0))] {
        let (session, taken) = flooded(&message).await;
        assert!(taken < FLOOD_BYTES, "{what} are taken without end");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(30)).await;
        tokio::time::resume();
        let ended = timeout(DEADLINE, session.run).await;
        let error = ended.unwrap().unwrap().unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Session, FailureKind::Lost),
            "{what}: {error}"
        );
        assert!(
            error.message.contains("it took nothing for 30 s"),
            "{what}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_reads_after_all_gets_every_answer() {
    let (session, taken) = flooded(&fence()).await;
    let mut said = BufReader::new(session.server);
    let mut hello = [0; 14 + 20 + 4];
    said.read_exact(&mut hello).await.unwrap();
    let mut rest = vec![0; usize::from(hello[37]) * 4 + 10];
    said.read_exact(&mut rest).await.unwrap();
    let answers = async {
        let mut answers = 0;
        while answers < taken / fence().len() {
            let mut header = [0; 9];
            said.read_exact(&mut header).await.unwrap();
            let mut payload = vec![0; usize::from(header[8])];
            said.read_exact(&mut payload).await.unwrap();
            // The session asks for round trips of its own in between.
            if header[4] == 0 {
                assert_eq!(payload, [7; 64], "answer {answers}");
                answers += 1;
            }
        }
    };
    timeout(DEADLINE, answers).await.unwrap();
    assert!(!session.run.is_finished());
}

fn any_recording() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&RECORDINGS)
}

proptest! {
    #[test]
    fn a_stream_in_pieces_gives_the_same_picture(name in any_recording(), piece in 1..5000_usize) {
        let recording = Recording::open(name);
        let (mut whole, mut parts) = (Decoding::of(&recording), Decoding::of(&recording));
        prop_assert_eq!(whole.feed_in_pieces(recording.messages(), usize::MAX).unwrap(), 0);
        prop_assert_eq!(parts.feed_in_pieces(recording.messages(), piece).unwrap(), 0);
        prop_assert_eq!(&whole.reports, &parts.reports);
        assert_same(&whole.surface.snapshot(), &parts.surface.snapshot(), name);
    }

    #[test]
    fn a_cut_stream_waits_for_more(name in any_recording(), cut in any::<prop::sample::Index>()) {
        let recording = Recording::open(name);
        let mut decoding = Decoding::of(&recording);
        let cut = cut.index(recording.messages().len());
        prop_assert!(decoding.feed(&recording.messages()[..cut]).unwrap() <= cut);
    }

    #[test]
    fn a_changed_stream_ends_in_an_error_or_goes_on(
        name in any_recording(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        piece in 1..100_000_usize,
    ) {
        let recording = Recording::open(name);
        let mut bytes = recording.messages().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // A panic fails the test; the picture cannot be written outside of in safe code.
        let mut decoding = Decoding::of(&recording);
        drop(decoding.feed_in_pieces(&bytes, piece));
        let size = decoding.surface.size();
        prop_assert_eq!(decoding.surface.snapshot().pixels().len(), size.pixels());
    }

    #[test]
    fn noise_after_a_rectangle_header_never_panics(
        encoding in prop::sample::select(&[
            0, 1, 2, 4, 5, 6, 7, 15, 16, -232, -239, -240, -258, -261, -314, -316, -308, -307,
        ]),
        width in 0..100_u16,
        height in 0..80_u16,
        noise in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        let mut decoding = Decoding::new(SIZE);
        let header = rectangle(Rect::new(0, 0, width, height), encoding);
        drop(decoding.feed(&[&update(1), &header, &noise[..]].concat()));
    }
}
