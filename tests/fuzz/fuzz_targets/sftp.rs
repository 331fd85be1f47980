//! Packets of an SFTP server, whole and in pieces.
#![no_main]

#[path = "../../../src-tauri/ssh/src/sftp/wire.rs"]
#[expect(dead_code, reason = "requests are written by the client alone")]
mod wire;

use bytes::{Bytes, BytesMut};
use wire::{Reply, packet, reply, version};

/// What a stream of packets says, taken in by pieces; none from the first one that is broken.
fn read(input: &[u8], piece: usize) -> Vec<Option<(u32, Reply)>> {
    let (mut buffer, mut said) = (BytesMut::new(), Vec::new());
    for part in input.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            match packet(&mut buffer) {
                Ok(Some(inside)) => {
                    let length = inside.len();
                    let _ = version(inside.clone());
                    let read = reply(inside).ok();
                    if let Some((_, Reply::Names(names))) = &read {
                        // A count allocates nothing that is not there.
                        let held: usize = names
                            .iter()
                            .map(|named| named.name.len() + named.long.len() + 12)
                            .sum();
                        assert!(held <= length);
                    }
                    said.push(read);
                }
                Ok(None) => break,
                Err(_) => return said,
            }
        }
        assert!(buffer.capacity() <= 2 * (wire::MAX_PACKET_BYTES + piece) + 8);
    }
    said
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = reply(Bytes::copy_from_slice(input));
    let _ = wire::numbers::<5>(Bytes::copy_from_slice(input));
    assert!(read(input, input.len().max(1)) == read(input, 3));
});
