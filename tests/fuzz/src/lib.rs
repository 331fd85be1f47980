//! What is fuzzed: every parser of what a VNC server sends, each as a plain function of bytes. A panic is a finding.
//!
//! | module | holds |
//! | --- | --- |
//! | `handshake` | from the greeting to the session, over a stream that ends |
//! | `messages` | server messages as they come, and clipboards |
//! | `rectangles` | each encoding, behind a header that is right |
//! | `inflate` | zlib streams, beside another library |
//! | `both_ways` | decoding whole and in pieces, and what must hold after it |
//!
//! Parsers of what comes over SSH are fuzzed by programs of their own, which include their files: `sftp`, `tar`, `known_hosts`,
//! `socks`, `ssh_config` and `x11`. So are those of what comes over RDP: `rdp_clipboard`, `rdp_frame`, `rdp_redirect`, and
//! `rdp_file`, whose files come from anywhere. What the ironrdp crates decode is theirs to fuzz.
//!
//! `fuzz_targets` runs them on noise; the tests of `farwire-vnc` include this file and run them on every file of
//! `corpus`, where what once failed is kept.

mod both_ways;
mod handshake;
mod inflate;
mod messages;
mod rectangles;
#[path = "../../../src-tauri/vnc/tests/support/mod.rs"]
mod support;

pub use handshake::handshake;
pub use inflate::inflate;
pub use messages::{clipboard, stream};
pub use rectangles::{copyrect, corre, cursor, hextile, raw, rre, tight, trle, zlib, zrle};

/// A parser under test.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `corpus`.
pub const TARGETS: [(&str, Target); 14] = [
    ("handshake", handshake),
    ("stream", stream),
    ("clipboard", clipboard),
    ("raw", raw),
    ("copyrect", copyrect),
    ("rre", rre),
    ("corre", corre),
    ("hextile", hextile),
    ("zlib", zlib),
    ("tight", tight),
    ("trle", trle),
    ("zrle", zrle),
    ("cursor", cursor),
    ("inflate", inflate),
];
