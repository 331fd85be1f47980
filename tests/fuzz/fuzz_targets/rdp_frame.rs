//! What is read of an RDP message before it is decoded: its caps, and its encoding.
#![no_main]

#[path = "../../../src-tauri/rdp/src/codec.rs"]
mod codec;
#[path = "../../../src-tauri/rdp/src/guard.rs"]
mod guard;
#[path = "../../../src-tauri/rdp/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = codec::of_update(input);
    for dynamic in [None, Some(1004), Some(1005)] {
        let guard = guard::Guard::new(1003, dynamic);
        let verdict = guard.check(input);
        if let Err(guard::Refused::TooLong(length)) = verdict {
            assert!(length as usize > limits::MAX_CHANNEL_BYTES);
            // More behind it changes nothing.
            assert!(guard.check(&[input, input].concat()) == verdict);
        }
    }
});
