//! What `tar` on a machine packs.
#![no_main]

#[path = "../../../src-tauri/core/src/transfer/tar.rs"]
#[expect(dead_code, reason = "headers are written by the program alone")]
mod tar;

use std::io::Read;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut reader = tar::Reader::new(input);
    let mut content = 0;
    while let Ok(Some(member)) = reader.next() {
        assert!(member.name.len() <= farwire_model::transfer::MAX_PATH_BYTES + 1);
        if member.is_file && member.size % 2 == 0 {
            let mut bytes = Vec::new();
            let _ = reader.by_ref().take(1 << 20).read_to_end(&mut bytes);
            assert!(bytes.len() as u64 <= member.size);
            content += bytes.len();
        }
    }
    assert!(content <= input.len());
});
