//! Caps on everything a server can make us wait for or remember, each with its reason.

use std::time::Duration;

/// One answer of the server before the session is up. TigerVNC lets the person at the machine decide for 10 s.
pub const STEP_LIMIT: Duration = Duration::from_secs(15);
/// Telling the server goodbye: keys up, then close.
pub const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
/// The server is asked whether it lives when its last word is this old: by a fence, which also measures the round trip, or for
/// one pixel. That is some 30 bytes.
pub const ASK_AFTER: Duration = Duration::from_millis(800);
/// From this much silence on, while an answer is owed, the picture is shown as old. Both together stay under the 2 s after which
/// nobody may still take the picture for a live one; a round trip over satellites takes less.
pub const STALL_SHOWN: Duration = Duration::from_millis(1000);
/// The most that a server without fences may take for one pixel before its silence is shown. QEMU looks at its screen every 3 s
/// while nothing happens.
pub const SLOW_ANSWER: Duration = Duration::from_secs(4);
/// After this computer slept, a server that is silent for this long is gone: the link most likely is.
pub const WAKE_LIMIT: Duration = Duration::from_secs(4);
/// A server that owes an answer and sends nothing at all for this long is gone.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// How long the server may take none of the bytes that wait for it. TCP itself gives up on a dead path as
/// soon; a server that lives reads within seconds, also while it encodes a large screen.
pub const STALL_LIMIT: Duration = Duration::from_secs(30);
/// How long the viewer's size must rest before the server is asked to take it: a window is dragged in many steps.
pub const RESIZE_REST: Duration = Duration::from_millis(300);

/// Desktop names. TigerVNC and `x11vnc` stay under 200 bytes.
pub const MAX_NAME_BYTES: usize = 4096;
/// What is shown of a server's text.
pub const MAX_TEXT_CHARS: usize = 256;
/// Why a server refused. Longer reasons are cut here; the connection ends anyway.
pub const MAX_REASON_BYTES: usize = 4096;
/// Clipboard text in either direction: 1 MiB is a novel.
pub const MAX_CUT_TEXT_BYTES: usize = 1 << 20;
/// Clipboard text that is read past without being kept. More is no clipboard but an attack or a lost sync.
pub const MAX_SKIPPED_TEXT_BYTES: usize = 16 << 20;
/// A cursor's side. Windows and X go up to 512.
pub const MAX_CURSOR_SIDE: u16 = 1024;
/// A fence's payload, by the extension's definition.
pub const MAX_FENCE_BYTES: usize = 64;
/// Output a rectangle's zlib data may yield past its last pixel. Real servers yield none; other clients ignore it.
pub const MAX_SURPLUS_BYTES: usize = 64 << 10;

/// What is read from the socket at a time.
pub const READ_BYTES: usize = 256 << 10;
/// Reads share blocks of this size, so that what could not be decoded yet and what comes next mostly lie together.
pub const BLOCK_BYTES: usize = 1 << 20;
/// Chunks between the socket and the decoder, 4 MiB at most. Overflow: the socket is not read, TCP slows the server.
pub const CHUNKS: usize = 16;
/// Reports between the decoder and the session. Overflow: the decoder waits.
pub const REPORTS: usize = 64;
/// Bytes that wait for the socket before no further reports are taken: each may be owed an answer, of up to 73 bytes.
/// Thousands of answers fit, far more than a server that reads ever waits for. Overflow: the decoder waits.
pub const MAX_OWED_BYTES: usize = 256 << 10;
/// Events that wait for the application. Overflow: no further reports are taken, so the decoder waits.
pub const WAITING_EVENTS: usize = 32;
/// Bytes that wait for the socket before further input is left in its queue.
pub const WAITING_BYTES: usize = 64 << 10;

/// Entries of one list of security type Tight. TightVNC's longest has 20; each is 16 bytes.
pub const MAX_CAPABILITIES: usize = 256;
/// The shortest prime of a Diffie-Hellman sign-in: 1024 bits, as the oldest Macs have it.
pub const MIN_PRIME_BYTES: usize = 128;
/// The longest. Macs go up to 512 bytes; what is longer costs us time and protects nobody more.
pub const MAX_PRIME_BYTES: usize = 1024;
/// The shortest RSA key of a server. Shorter ones are broken, and nobody makes them by default.
pub const MIN_RSA_BITS: u32 = 2048;
/// The longest. The cryptographic library takes none beyond.
pub const MAX_RSA_BITS: u32 = 8192;
/// What is sealed as one message to a server of RSA-AES. TigerVNC's are as long; the format allows 65535.
pub const SEALED_BYTES: usize = 8192;
