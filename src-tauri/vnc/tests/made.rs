//! Messages no server on this machine sends, made here by a plain reading of their definitions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::frame::{Framebuffer, Rect, Size};
use farwire_vnc::decode::{CAPS, Extended, NOTIFY, PROVIDE, REQUEST, Report, TEXT};
use flate2::{Compress, Compression};
use proptest::prelude::*;
use support::{Decoding, assert_same, deflate, rectangle, update};

const SIZE: Size = Size::new(50, 37);

/// A run's length: one more than the sum of its bytes, of which all but the last are 255.
fn run_length(length: usize) -> Vec<u8> {
    let mut bytes = vec![255; (length - 1) / 255];
    bytes.push(((length - 1) % 255) as u8);
    bytes
}

/// How a tile is to be written.
#[derive(Clone, Copy, Debug)]
enum Way {
    Raw,
    Solid,
    Packed,
    Runs,
    PaletteRuns,
    PackedAgain,
    PaletteRunsAgain,
}

/// Writes TRLE (RFC 6143, section 7.7.5) and keeps the picture it means.
struct Trle {
    bytes: Vec<u8>,
    frame: Framebuffer,
    palette: Vec<[u8; 3]>,
}

impl Trle {
    /// Colours of a tile, from a few when a palette is to hold them.
    fn tile(&mut self, tile: Rect, way: Way, noise: &[u8]) {
        let count = usize::from(tile.width) * usize::from(tile.height);
        let width = usize::from(tile.width);
        let byte = |at: usize| noise[at % noise.len()];
        let colour = |at: usize| [byte(at), byte(at + 1), byte(at + 2)];
        let has_palette = !self.palette.is_empty();
        let way = match way {
            Way::PackedAgain if !has_palette || self.palette.len() > 16 => Way::Raw,
            Way::PaletteRunsAgain if !has_palette => Way::Raw,
            other => other,
        };
        let size = match way {
            Way::Packed => 2 + usize::from(byte(0)) % 15,
            Way::PaletteRuns => 2 + usize::from(byte(0)) % 126,
            _ => 0,
        };
        if size > 0 {
            self.palette = (0..size).map(|at| colour(at * 3 + 1)).collect();
        }
        let palette = self.palette.clone();
        let index = |at: usize| usize::from(byte(at / 3 + 7)) % palette.len().max(1);
        let pixels: Vec<[u8; 3]> = match way {
            Way::Raw => (0..count).map(colour).collect(),
            Way::Solid => vec![colour(0); count],
            Way::Runs => (0..count).map(|at| colour(at / 40)).collect(),
            _ => (0..count).map(|at| palette[index(at)]).collect(),
        };
        match way {
            Way::Raw => {
                self.bytes.push(0);
                self.bytes.extend(pixels.iter().flatten());
            }
            Way::Solid => {
                self.bytes.push(1);
                self.bytes.extend(pixels[0]);
            }
            Way::Runs => {
                self.bytes.push(128);
                for run in pixels.chunk_by(|a, b| a == b) {
                    self.bytes.extend(run[0]);
                    self.bytes.extend(run_length(run.len()));
                }
            }
            Way::Packed | Way::PackedAgain => {
                match way {
                    Way::Packed => {
                        self.bytes.push(palette.len() as u8);
                        self.bytes.extend(palette.iter().flatten());
                    }
                    _ => self.bytes.push(127),
                }
                let bits = match palette.len() {
                    ..=2 => 1,
                    3..=4 => 2,
                    _ => 4,
                };
                for row in 0..usize::from(tile.height) {
                    let mut packed = vec![0_u8; (width * bits).div_ceil(8)];
                    for x in 0..width {
                        let at = x * bits;
                        packed[at / 8] |= (index(row * width + x) as u8) << (8 - bits - at % 8);
                    }
                    self.bytes.extend(packed);
                }
            }
            Way::PaletteRuns | Way::PaletteRunsAgain => {
                match way {
                    Way::PaletteRuns => {
                        self.bytes.push(128 + palette.len() as u8);
                        self.bytes.extend(palette.iter().flatten());
                    }
                    _ => self.bytes.push(129),
                }
                let indices: Vec<usize> = (0..count).map(index).collect();
                for run in indices.chunk_by(|a, b| a == b) {
                    if run.len() == 1 {
                        self.bytes.push(run[0] as u8);
                    } else {
                        self.bytes.push(run[0] as u8 | 128);
                        self.bytes.extend(run_length(run.len()));
                    }
                }
            }
        }
        for (row, from) in self.frame.rows_mut(tile).zip(pixels.chunks(width)) {
            for (to, [red, green, blue]) in row.iter_mut().zip(from) {
                *to = [*red, *green, *blue, 255];
            }
        }
    }
}

fn any_way() -> impl Strategy<Value = Way> {
    prop::sample::select(&[
        Way::Raw,
        Way::Solid,
        Way::Packed,
        Way::Runs,
        Way::PaletteRuns,
        Way::PackedAgain,
        Way::PaletteRunsAgain,
    ])
}

proptest! {
    #[test]
    fn trle_means_what_the_rfc_says(
        ways in prop::collection::vec(any_way(), 12),
        noise in prop::collection::vec(any::<u8>(), 60..900),
        piece in 1..400_usize,
    ) {
        let mut made = Trle { bytes: Vec::new(), frame: Framebuffer::new(SIZE).unwrap(), palette: Vec::new() };
        let mut ways = ways.into_iter();
        for y in (0..SIZE.height).step_by(16) {
            for x in (0..SIZE.width).step_by(16) {
                let tile = Rect::new(x, y, 16.min(SIZE.width - x), 16.min(SIZE.height - y));
                made.tile(tile, ways.next().unwrap(), &noise[usize::from(x / 16)..]);
            }
        }
        let bytes = [&update(1)[..], &rectangle(SIZE.rect(), 15), &made.bytes].concat();
        let mut decoding = Decoding::new(SIZE);
        prop_assert_eq!(decoding.feed_in_pieces(&bytes, piece).unwrap(), 0);
        assert_same(&decoding.surface.snapshot(), &made.frame, "trle");
    }
}

#[test]
fn trle_tiles_that_use_colours_there_are_none_of_are_refused() {
    for kind in [17, 126, 127, 129] {
        let bytes = [&update(1)[..], &rectangle(SIZE.rect(), 15), &[kind]].concat();
        assert!(Decoding::new(SIZE).feed(&bytes).is_err(), "{kind}");
    }
}

#[test]
fn a_few_bytes_cannot_paint_a_screen_again_and_again() {
    let part = [&[1, 2, 3, 0][..], &[0, 0, 0, 0, 0, 50, 0, 37]].concat();
    let bytes = [
        &update(1)[..],
        &rectangle(SIZE.rect(), 2),
        &100_u32.to_be_bytes(),
        &[0; 4],
        &part.repeat(100),
    ]
    .concat();
    let error = Decoding::new(SIZE).feed(&bytes).unwrap_err();
    assert!(error.to_string().contains("the area of RRE"), "{error}");
}

/// An extended `ServerCutText`.
fn extended(flags: u32, payload: &[u8]) -> Vec<u8> {
    let length = -(payload.len() as i32 + 4);
    [
        &[3, 0, 0, 0][..],
        &length.to_be_bytes(),
        &flags.to_be_bytes(),
        payload,
    ]
    .concat()
}

fn provided(text: &[u8], size: u32) -> Vec<u8> {
    let mut stream = Compress::new(Compression::fast(), true);
    let data = deflate(&mut stream, &[&size.to_be_bytes()[..], text].concat());
    extended(PROVIDE | TEXT, &data)
}

#[test]
fn extended_clipboards_speak_utf8_and_any_number_of_lines() {
    let text = "Grüße €\r\n二行\0".as_bytes();
    for (message, expected) in [
        (
            provided(text, text.len() as u32),
            vec![Report::Clipboard("Grüße €\n二行".to_owned())],
        ),
        (provided(b"\0", 1), vec![Report::Clipboard(String::new())]),
        (
            provided(b"", u32::MAX),
            vec![Report::ClipboardTooLong(u32::MAX as usize)],
        ),
        (
            extended(CAPS | REQUEST | 3, &[0, 1, 0, 0, 0, 0, 0, 9]),
            vec![Report::Extended(Extended::Caps {
                actions: CAPS | REQUEST | 3,
                unasked: 65_536,
            })],
        ),
        (
            extended(NOTIFY | TEXT, &[]),
            vec![Report::Extended(Extended::Notify { has_text: true })],
        ),
        (
            extended(REQUEST | TEXT, &[]),
            vec![Report::Extended(Extended::Request)],
        ),
        // Pictures alone are of no use.
        (extended(PROVIDE | 8, &[1, 2, 3]), vec![]),
    ] {
        let mut decoding = Decoding::new(SIZE);
        assert_eq!(decoding.feed_in_pieces(&message, 3).unwrap(), 0);
        assert_eq!(decoding.reports, expected, "{message:?}");
    }
}

#[test]
fn extended_clipboards_that_end_early_are_refused() {
    for message in [
        extended(CAPS | 3, &[0, 0, 0, 1]),
        extended(PROVIDE | TEXT, &[]),
        extended(PROVIDE | TEXT, &[1, 2, 3, 4, 5]),
        [&[3, 0, 0, 0][..], &(-2_i32).to_be_bytes(), &[0, 0]].concat(),
    ] {
        assert!(Decoding::new(SIZE).feed(&message).is_err(), "{message:?}");
    }
}

#[test]
fn what_is_no_picture_is_reported() {
    let nothing = Rect::default();
    for (encoding, rest, expected) in [
        (-258, &[][..], Report::TakesKeyCodes),
        (-316, &[], Report::TakesMoreButtons),
        (-261, &[5], Report::Locks(5)),
    ] {
        let bytes = [&update(1), &rectangle(nothing, encoding), rest].concat();
        let mut decoding = Decoding::new(SIZE);
        assert_eq!(decoding.feed(&bytes).unwrap(), bytes.len());
        assert_eq!(decoding.reports[1], expected);
    }
    let mut decoding = Decoding::new(SIZE);
    assert_eq!(decoding.feed(&[150]).unwrap(), 1);
    assert_eq!(decoding.reports, [Report::CanUpdateUnasked]);
}

/// Large rectangles of all four streams and of one colour, in one update: they are painted on several processors.
#[test]
fn tight_rectangles_that_arrive_together_mean_what_each_says() {
    let size = Size::new(1024, 768);
    let mut expected = Framebuffer::new(size).unwrap();
    let mut streams: [Compress; 4] =
        std::array::from_fn(|_| Compress::new(Compression::fast(), true));
    let mut decoding = Decoding::new(size);
    for round in 0..6_usize {
        let mut bytes = update(16);
        for tile in 0..16_usize {
            let place = (tile * 7 + round) % 16;
            let rect = Rect::new((place % 4 * 256) as u16, (place / 4 * 192) as u16, 256, 192);
            bytes.extend(rectangle(rect, 7));
            let seed = (round * 16 + tile) as u32;
            let pixels: Vec<[u8; 3]> = (0..256 * 192_u32)
                .map(|at| [at as u8, (at / 256 + seed) as u8, (at * seed / 512) as u8])
                .collect();
            let number = tile % 5;
            if number == 4 {
                bytes.extend([0x80, 1, seed as u8, 3]);
                expected.fill(rect, [1, seed as u8, 3, 255]);
                continue;
            }
            // Now and then a rectangle starts a stream over, its own or another.
            let reset = (tile * 3 + round) % 9;
            let control = if reset < 4 {
                streams[reset] = Compress::new(Compression::fast(), true);
                1 << reset
            } else {
                0
            };
            bytes.push((number as u8) << 4 | control);
            bytes.extend(support::tight_data(
                &mut streams[number],
                pixels.as_flattened(),
            ));
            for (row, from) in expected.rows_mut(rect).zip(pixels.chunks(256)) {
                for (to, [red, green, blue]) in row.iter_mut().zip(from) {
                    *to = [*red, *green, *blue, 255];
                }
            }
        }
        let piece = if round % 2 == 0 { usize::MAX } else { 100_000 };
        assert_eq!(decoding.feed_in_pieces(&bytes, piece).unwrap(), 0);
        assert_same(&decoding.surface.snapshot(), &expected, "tight");
    }
    assert_eq!(
        decoding
            .meter
            .updates
            .load(std::sync::atomic::Ordering::Relaxed),
        6
    );
}
