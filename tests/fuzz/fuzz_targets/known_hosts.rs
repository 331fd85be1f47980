//! OpenSSH's list of known hosts.
#![no_main]

#[path = "../../../src-tauri/ssh/src/known_hosts.rs"]
#[expect(dead_code, reason = "what was found is asked by the connection alone")]
mod known_hosts;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    for (host, port) in [("web", 22), ("WEB", 2222), ("::1", 22), ("a.b.example", 22)] {
        let found = known_hosts::lookup(&text, host, port);
        let all = found.keys.len() + found.authorities.len() + found.revoked.len();
        assert!(all <= text.lines().count());
    }
});
