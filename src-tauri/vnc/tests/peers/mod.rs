//! The server's half of sign-ins that no server at hand has, written from the protocol's description on OpenSSL: it
//! shares nothing with the code under test.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod apple;
pub mod ms_logon;
pub mod rsa_aes;
pub mod tight;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a peer speaks over.
pub trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<P: AsyncRead + AsyncWrite + Send + Unpin> Pipe for P {}

/// Exactly so many bytes.
pub async fn take(pipe: &mut impl Pipe, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    pipe.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// Greets as 3.8, offers these types and reads the one that is chosen.
pub async fn greet(pipe: &mut impl Pipe, types: &[u8]) -> u8 {
    pipe.write_all(b"RFB 003.008\n").await.unwrap();
    assert_eq!(take(pipe, 12).await, b"RFB 003.008\n");
    pipe.write_all(&[types.len() as u8]).await.unwrap();
    pipe.write_all(types).await.unwrap();
    take(pipe, 1).await[0]
}

/// Says whether the sign-in was right.
pub async fn result(pipe: &mut impl Pipe, is_right: bool) {
    let said = match is_right {
        true => &b"\0\0\0\0"[..],
        false => b"\0\0\0\x01\0\0\0\x05wrong",
    };
    pipe.write_all(said).await.unwrap();
    pipe.flush().await.unwrap();
}

/// The text before the first NUL.
pub fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap();
    String::from_utf8(field[..end].to_vec()).unwrap()
}
