//! Caps on everything a server can make us wait for or remember, each with its reason.

use std::time::Duration;

/// The server's greeting. `sshd` sends it at once; one that looks our name up first takes up to 10 s.
pub const BANNER_LIMIT: Duration = Duration::from_secs(15);
/// Agreement on algorithms and keys. A small device's processor takes 5 s for its signature.
pub const KEY_EXCHANGE_LIMIT: Duration = Duration::from_secs(20);
/// One answer while signing in. PAM waits 2 to 3 s after a mistake, directories take longer.
pub const AUTH_LIMIT: Duration = Duration::from_secs(30);
/// One question to the person. `sshd` hangs up 120 s after the first byte by default.
pub const ASK_LIMIT: Duration = Duration::from_secs(110);
/// One answer of the agent. Hardware keys wait for a touch.
pub const AGENT_LIMIT: Duration = Duration::from_secs(60);
/// Opening a channel or starting something in it.
pub const CHANNEL_LIMIT: Duration = Duration::from_secs(15);
/// Saying goodbye.
pub const GOODBYE_LIMIT: Duration = Duration::from_secs(1);
/// A link on which nothing arrives is asked for a sign of life this often.
pub const KEEPALIVE_PERIOD: Duration = Duration::from_secs(15);
/// Signs of life that may stay away before the link is dead.
pub const KEEPALIVE_MISSES: usize = 3;

/// What a server may send before its greeting (RFC 4253, section 4.2, allows lines before it). OpenSSH's client reads on
/// for 8 MiB; nobody reads that.
pub const MAX_BEFORE_GREETING_BYTES: usize = 64 << 10;
/// What is kept of the text a server shows before signing in (RFC 4252, section 5.4), in all its pieces.
pub const MAX_BANNER_CHARS: usize = 4096;
/// What is shown of one text of a server: a reason, a name, a question.
pub const MAX_TEXT_CHARS: usize = 1024;
/// Ways of signing in that are tried on one link. `sshd` hangs up after 6 failures by default.
pub const MAX_ATTEMPTS: usize = 12;
/// Keys of an agent that are offered: each one counts as a failure at the server.
pub const MAX_AGENT_KEYS: usize = 6;
/// Rounds of questions in one way of signing in. A changed password with two mistakes takes 8.
pub const MAX_ROUNDS: usize = 16;
/// Questions in one round. PAM asks one at a time; two factors at once are two.
pub const MAX_QUESTIONS: usize = 16;
/// Files of keys that are tried: each key counts as a failure at the server, which hangs up after 6 by default.
pub const MAX_KEY_FILES: usize = 16;
/// A key's file. The longest RSA keys are 13 KB.
pub const MAX_KEY_BYTES: u64 = 64 << 10;
/// The list of known hosts. A line is about 400 bytes: 40,000 machines.
pub const MAX_KNOWN_HOSTS_BYTES: u64 = 16 << 20;
/// Machines on the way to a machine.
pub const MAX_JUMPS: usize = 8;
/// What is kept of what a command prints, each of both ways.
pub const MAX_OUTPUT_BYTES: usize = 1 << 20;
/// How long a command may run.
pub const EXEC_LIMIT: Duration = Duration::from_secs(120);
/// What a server may send of a shell's output before it is read: Ctrl+C is answered behind it.
pub const SHELL_WINDOW: u32 = 256 << 10;
/// How often the round trip is measured.
pub const PING_PERIOD: Duration = Duration::from_secs(5);
/// How long a round trip may take before the machine counts as stalled.
pub const STALL_SHOWN: Duration = Duration::from_secs(3);
/// After this computer slept, a server that is silent for this long is gone: the link most likely is.
pub const WAKE_LIMIT: Duration = Duration::from_secs(4);
/// Answers of the terminal to a machine's questions that wait to be sent. Full: further ones are dropped, as nobody asks
/// hundreds of times and reads no answer.
pub const WAITING_REPLIES: usize = 256;
/// What a server may send in one channel of a tunnel before it is read: as OpenSSH's client lets it, 40 MB/s at 50 ms.
pub const TUNNEL_WINDOW: u32 = 2 << 20;
/// Connections that one link carries at once. A browser opens about a hundred; each may have its window waiting in memory.
pub const MAX_CHANNELS: usize = 128;
/// How long a SOCKS client may take to say where it wants to. It says so at once.
pub const SOCKS_LIMIT: Duration = Duration::from_secs(10);
/// How long one client that takes nothing may hold up all others of its link.
pub const STUCK_LIMIT: Duration = Duration::from_secs(20);
/// Programs on a machine that use what a shell lends at once: an agent is asked by one or two, a desktop has some dozens.
pub const MAX_LENT: usize = 64;
/// How long a program may take to say to a display who it is.
pub const SETUP_LIMIT: Duration = Duration::from_secs(30);
/// The list of cookies of X displays. Most have one line of 60 bytes.
pub const MAX_COOKIES_BYTES: u64 = 1 << 20;
/// How soon it is noticed that a link has ended on which nobody reads.
pub const CLOSED_SEEN: Duration = Duration::from_millis(250);
/// One file of OpenSSH's configuration. A block of a host has about 150 bytes: 7,000 hosts.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// How deep files of OpenSSH's configuration include others: as deep as OpenSSH lets them.
pub const MAX_CONFIG_DEPTH: usize = 16;
/// Files of OpenSSH's configuration altogether.
pub const MAX_CONFIG_FILES: usize = 64;
