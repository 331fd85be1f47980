//! zlib streams: what another library makes of the same bytes, whole, in pieces, and damaged.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../tests/fuzz/src/inflate.rs"]
#[allow(dead_code, reason = "the fuzz target is not called here")]
mod beside;

use beside::inflates_as_another;
use farwire_vnc::inflate::Inflate;
use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

/// Bytes as pixels are: noise around a colour, runs, repeated rows; more than the history and a buffer hold.
fn pixels(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut number = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let (kind, count) = (number() % 4, number() % 600 + 1);
        match kind {
            0 => bytes.extend((0..count).map(|_| (number() % 40 + number() % 40 + 80) as u8)),
            1 => {
                let colour = [number() as u8, number() as u8, number() as u8];
                bytes.extend(colour.iter().cycle().take(count));
            }
            2 => bytes.extend((0..count).map(|_| number() as u8)),
            _ => {
                let back = number() % 40_000 + 1;
                for _ in 0..count {
                    bytes.push(bytes.len().checked_sub(back).map_or(7, |from| bytes[from]));
                }
            }
        }
    }
    bytes.truncate(length);
    bytes
}

/// Blocks that end as those of a rectangle do, every `part` bytes.
fn blocks(bytes: &[u8], level: u32, part: usize) -> Vec<u8> {
    let mut stream = Compress::new(Compression::new(level), false);
    let mut blocks = Vec::new();
    for part in bytes.chunks(part) {
        blocks.reserve(part.len() * 2 + 1024);
        stream
            .compress_vec(part, &mut blocks, FlushCompress::Sync)
            .unwrap();
    }
    blocks
}

#[test]
fn every_level_of_compression_is_read_as_another_library_reads_it() {
    let bytes = pixels(5, 1 << 20);
    for level in 0..=9 {
        for part in [700, 1 << 16, 1 << 20] {
            inflates_as_another(&blocks(&bytes, level, part), 16 << 10, 1);
        }
    }
}

#[test]
fn a_stream_goes_on_and_starts_over() {
    let bytes = pixels(9, 900_000);
    let packed = [&[0x78, 0x01], &blocks(&bytes, 6, 5_000)[..]].concat();
    let mut stream = Inflate::default();
    for _ in 0..2 {
        let (mut got, mut rest) = (Vec::new(), &packed[..]);
        while got.len() < bytes.len() {
            // A row at a time, and what is inflated with it stays.
            let row = stream.fill(&mut rest, 1_000).unwrap();
            let count = row.len().min(1_000);
            assert!(count > 0, "it ends after {} bytes", got.len());
            got.extend_from_slice(&row[..count]);
            stream.consume(count);
        }
        assert!(got == bytes);
        assert_eq!(stream.fill(&mut rest, 1).unwrap(), b"");
        assert_eq!(rest, b"");
        stream.reset();
    }
}

#[test]
fn what_is_no_stream_is_refused() {
    let cases: [(&[u8], &str); 8] = [
        (b"\x79\x01", "it does not begin as a zlib stream"),
        (b"\x78\x20", "it does not begin as a zlib stream"),
        (b"\x88\x1c", "it does not begin as a zlib stream"),
        (b"\x78\x01\x07", "a block is of no known kind"),
        (
            b"\x78\x01\x01\x05\0\0\0",
            "the length of a stored block is not twice the same",
        ),
        (b"\x78\x01\xfd\xff\xff", "the codes of a block are none"),
        (
            b"\x78\x01\x03\x62\x00",
            "something is to be repeated from before the beginning",
        ),
        (b"\x78\x01\x1b\x03", "a code stands for nothing"),
    ];
    for (bytes, expected) in cases {
        let damage = Inflate::default().fill(&mut &bytes[..], 1).unwrap_err();
        assert_eq!(damage.to_string(), expected, "{bytes:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_yield_the_same_as_the_whole(
        seed: u64, length in 0..80_000_usize, level in 0..=9_u32, part in 1..40_000_usize, piece in 1..5_000_usize,
        wanted in 1..70_000_usize,
    ) {
        inflates_as_another(&blocks(&pixels(seed, length), level, part), piece, wanted);
    }

    #[test]
    fn damage_is_seen_where_another_library_sees_it(
        seed: u64, length in 0..6_000_usize, level in 0..=9_u32, piece in 1..5_000_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut blocks = blocks(&pixels(seed, length), level, 2_000);
        for (at, byte) in damage {
            if !blocks.is_empty() {
                let at = at.index(blocks.len());
                blocks[at] = byte;
            }
        }
        inflates_as_another(&blocks, piece, 1);
    }
}
