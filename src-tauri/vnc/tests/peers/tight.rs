//! A TightVNC server's half of security type 16.

use super::{Pipe, take};
use tokio::io::AsyncWriteExt;

pub const NO_TUNNEL: &[u8; 16] = b"\0\0\0\0TGHTNOTUNNEL";
pub const NONE: &[u8; 16] = b"\0\0\0\x01STDVNOAUTH__";
pub const VNC: &[u8; 16] = b"\0\0\0\x02STDVVNCAUTH_";
pub const UNIX: &[u8; 16] = b"\0\0\0\x81TGHTULGNAUTH";

async fn list(pipe: &mut impl Pipe, entries: &[&[u8; 16]]) {
    let count = entries.len() as u32;
    pipe.write_all(&count.to_be_bytes()).await.unwrap();
    for entry in entries {
        pipe.write_all(*entry).await.unwrap();
    }
}

/// Speaks it; answers the number of the sign-in that was chosen, of none if there was no list.
pub async fn serve(
    pipe: &mut impl Pipe,
    tunnels: &[&[u8; 16]],
    sign_ins: &[&[u8; 16]],
) -> Option<u8> {
    list(pipe, tunnels).await;
    if !tunnels.is_empty() {
        assert_eq!(take(pipe, 4).await, [0; 4], "no tunnel");
    }
    list(pipe, sign_ins).await;
    if sign_ins.is_empty() {
        return None;
    }
    let chosen = take(pipe, 4).await;
    assert_eq!(chosen[..3], [0; 3]);
    Some(chosen[3])
}

/// What follows `ServerInit`: so many messages of the server, messages of the client, and encodings.
pub fn interaction(counts: [u16; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for count in counts {
        bytes.extend(count.to_be_bytes());
    }
    bytes.extend([0, 0]);
    let entries = counts
        .iter()
        .map(|count| usize::from(*count))
        .sum::<usize>();
    for _ in 0..entries {
        bytes.extend(b"\0\0\0\x82TGHTFTS_LSDT");
    }
    bytes
}
