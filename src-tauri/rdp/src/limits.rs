//! Caps on everything a server can make us wait for or remember, each with its reason.

use std::time::Duration;

/// Agreeing on how the session is protected, and setting TLS up: a few packets each.
pub const STEP_LIMIT: Duration = Duration::from_secs(15);
/// Signing in. A Windows machine may have to ask a domain controller that is slow to answer.
pub const AUTH_LIMIT: Duration = Duration::from_secs(30);
/// Opening the session once signed in: licence, capabilities, the first sizes. Terminal servers start programs meanwhile.
pub const OPEN_LIMIT: Duration = Duration::from_secs(30);
/// Taking a new size. Measured 1 s on a busy machine; then the session is opened anew at that size.
pub const REACTIVATE_LIMIT: Duration = Duration::from_secs(10);
/// Telling the server goodbye: keys up, then close.
pub const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
/// How long the server may take none of the bytes that wait for it. TCP itself gives up on a dead path as
/// soon; a server that lives reads within seconds.
pub const STALL_LIMIT: Duration = Duration::from_secs(30);
/// After this computer slept, a server that was asked for a picture and is silent for this long is gone.
pub const WAKE_LIMIT: Duration = Duration::from_secs(4);
/// How long the viewer's size must rest before the server is asked to take it: a window is dragged in many steps.
pub const RESIZE_REST: Duration = Duration::from_millis(300);
/// Updates that arrive in one go are shown together, but no later than this: one frame of a 60 Hz screen.
pub const SHOW_LIMIT: Duration = Duration::from_millis(16);
/// A second message that cannot be decoded this soon after the first means that asking for the picture anew did not help.
pub const DAMAGE_PERIOD: Duration = Duration::from_secs(10);

/// One message before the session is up. The longest, of the sign-in, has a ticket or a certificate in it.
pub const MAX_MESSAGE_BYTES: usize = 64 << 10;
/// What a server says of itself or of an error, as far as it is shown.
pub const MAX_TEXT_CHARS: usize = 256;
/// Clipboard text in either direction, in UTF-8: 1 MiB is a novel.
pub const MAX_CLIPBOARD_BYTES: usize = 1 << 20;
/// Its pixels: those of the largest screens there are, 7680 x 4320.
pub const MAX_CLIP_PICTURE_PIXELS: u64 = 7680 * 4320;
/// One message on a channel, also on a dynamic one. The machine's clipboard may hold more text than we take, which is no reason
/// to end the session; beyond this it is.
pub const MAX_CHANNEL_BYTES: usize = 64 << 20;
/// A pointer's side, by the protocol (MS-RDPBCGR 2.2.9.1.1.4.5 names 384; older servers know no large ones).
pub const MAX_CURSOR_SIDE: u16 = 384;
/// The longest account, domain or password that is sent (MS-RDPBCGR 2.2.1.11.1.1 holds 512 bytes of UTF-16).
pub const MAX_SIGN_IN_CHARS: usize = 255;

/// Bytes that wait for the socket before further input is left in its queue, and no more is read: what is read is answered.
pub const WAITING_BYTES: usize = 64 << 10;
/// Events that wait for the application. Overflow: the server is not read.
pub const WAITING_EVENTS: usize = 32;
