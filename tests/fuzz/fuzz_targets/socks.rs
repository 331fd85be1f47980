//! What a client says to the SOCKS5 proxy.
#![no_main]

#[path = "../../../src-tauri/ssh/src/limits.rs"]
#[expect(dead_code, reason = "other caps are for others")]
mod limits;
#[path = "../../../src-tauri/ssh/src/tunnel/socks.rs"]
#[expect(dead_code, reason = "the way over a stream needs one")]
mod socks;
#[path = "../../../src-tauri/ssh/src/watched.rs"]
#[expect(dead_code, reason = "a stream's name alone is needed")]
mod watched;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(Some(length)) = socks::greeting(input) {
        assert!(length <= input.len());
        // More behind it changes nothing, and less is not enough.
        assert!(matches!(socks::greeting(&input[..length]), Ok(Some(again)) if again == length));
        assert!(matches!(socks::greeting(&input[..length - 1]), Ok(None)));
    }
    if let Ok(Some((to, length))) = socks::request(input) {
        assert!(length <= input.len());
        assert!(matches!(socks::request(&input[..length]), Ok(Some((again, _))) if again == to));
        assert!(matches!(socks::request(&input[..length - 1]), Ok(None)));
    }
});
