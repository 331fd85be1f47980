//! How long each step of the way may take, each with its reason.

use std::time::Duration;

/// Looking a name up. Resolvers give up by themselves after 5 to 30 s; people do sooner.
pub const RESOLVE_LIMIT: Duration = Duration::from_secs(10);
/// Opening TCP to one address. A live machine answers within 3 s even over satellite and one lost packet.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Opening TCP to all addresses of a name together.
pub const CONNECT_TOTAL_LIMIT: Duration = Duration::from_secs(20);
/// Setting TLS up: a few packets, and one signature of a small device.
pub const TLS_LIMIT: Duration = Duration::from_secs(15);
/// A link without traffic is probed by TCP after this long, where the protocol itself has no sign of life.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
/// Between two such probes.
pub const KEEPALIVE_PERIOD: Duration = Duration::from_secs(5);
/// Probes without an answer before the link is dead: 30 s after the last sign of life, together.
pub const KEEPALIVE_PROBES: u32 = 3;
/// Sent bytes that nobody acknowledges for this long end the link. The system's own limit is about 15 minutes.
#[cfg(target_os = "linux")]
pub const ACK_LIMIT: Duration = Duration::from_secs(30);
/// How long nobody must look before the machine is told to send nothing: tabs are changed back and forth.
pub const HIDE_REST: Duration = Duration::from_secs(3);
