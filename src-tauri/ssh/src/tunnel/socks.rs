//! SOCKS version 5 (RFC 1928) as a proxy speaks it: no sign-in, CONNECT, addresses of both families and names. Names are not
//! looked up here: the machine does.

use crate::limits::SOCKS_LIMIT;
use bytes::{Buf, BytesMut};
use farwire_link::ByteStream;
use farwire_model::tunnel::TunnelEnd;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const VERSION: u8 = 5;
const NO_SIGN_IN: u8 = 0;
const NO_WAY: u8 = 0xff;
const CONNECT: u8 = 1;

/// What a client is answered (RFC 1928, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Succeeded = 0,
    Failed = 1,
    Forbidden = 2,
    Unreachable = 4,
    NoSuchCommand = 7,
    NoSuchAddress = 8,
}

impl Reply {
    /// The answer's bytes. The address that the machine connects from is not known: zeros.
    pub fn bytes(self) -> [u8; 10] {
        [VERSION, self as u8, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// Why a client's bytes are no request that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It does not speak SOCKS 5.
    Version(u8),
    /// It signs in.
    SignIn,
    /// It asks for something else, and is told so.
    Request(Reply),
}

/// Reads a client's first message: whether it does without signing in, and the message's length. `None` until all of it is
/// there.
pub fn greeting(bytes: &[u8]) -> Result<Option<usize>, Bad> {
    let (&version, rest) = match bytes.split_first() {
        None => return Ok(None),
        Some(parts) => parts,
    };
    if version != VERSION {
        return Err(Bad::Version(version));
    }
    let Some((&count, ways)) = rest.split_first() else {
        return Ok(None);
    };
    match ways.get(..usize::from(count)) {
        None => Ok(None),
        Some(ways) if ways.contains(&NO_SIGN_IN) => Ok(Some(2 + ways.len())),
        Some(_) => Err(Bad::SignIn),
    }
}

/// Reads a client's request: where it wants to, and the message's length. `None` until all of it is there.
pub fn request(bytes: &[u8]) -> Result<Option<(TunnelEnd, usize)>, Bad> {
    let failed = Err(Bad::Request(Reply::Failed));
    if let Some(&version) = bytes.first().filter(|version| **version != VERSION) {
        return Err(Bad::Version(version));
    }
    if bytes.get(1).is_some_and(|command| *command != CONNECT) {
        return Err(Bad::Request(Reply::NoSuchCommand));
    }
    let (host, rest, length) = match (bytes.get(3), bytes.get(4..)) {
        (None, _) | (_, None) => return Ok(None),
        (Some(1), Some(rest)) => match rest.split_first_chunk::<4>() {
            None => return Ok(None),
            Some((address, rest)) => (Ipv4Addr::from(*address).to_string(), rest, 8),
        },
        (Some(4), Some(rest)) => match rest.split_first_chunk::<16>() {
            None => return Ok(None),
            Some((address, rest)) => (Ipv6Addr::from(*address).to_string(), rest, 20),
        },
        (Some(3), Some(rest)) => {
            let Some((&count, rest)) = rest.split_first() else {
                return Ok(None);
            };
            let Some((name, rest)) = rest.split_at_checked(usize::from(count)) else {
                return Ok(None);
            };
            let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            let Some(name) = std::str::from_utf8(name).ok().filter(|_| is_name) else {
                return failed;
            };
            (name.to_owned(), rest, 5 + usize::from(count))
        }
        (Some(_), Some(_)) => return Err(Bad::Request(Reply::NoSuchAddress)),
    };
    match rest
        .first_chunk::<2>()
        .map(|port| u16::from_be_bytes(*port))
    {
        None => Ok(None),
        Some(0) => failed,
        Some(port) => Ok(Some((TunnelEnd::Tcp { host, port }, length + 2))),
    }
}

/// Asks a client where it wants to. What it sent beyond its request, without waiting for the answer, is left in `more`.
///
/// # Errors
/// It left, dawdles, or wants what is not served; it has been told so.
pub async fn ask(client: &mut dyn ByteStream, more: &mut BytesMut) -> io::Result<TunnelEnd> {
    let asking = async {
        read(client, more, |bytes| {
            Ok(greeting(bytes)?.map(|length| ((), length)))
        })
        .await?;
        client.write_all(&[VERSION, NO_SIGN_IN]).await?;
        read(client, more, request).await
    };
    match timeout(SOCKS_LIMIT, asking).await {
        Ok(asked) => asked,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn read<T>(
    client: &mut dyn ByteStream,
    more: &mut BytesMut,
    parse: impl Fn(&[u8]) -> Result<Option<(T, usize)>, Bad>,
) -> io::Result<T> {
    loop {
        match parse(more) {
            Ok(Some((value, length))) => {
                more.advance(length);
                return Ok(value);
            }
            // A whole message has at most 262 bytes, so that no more than one read beyond them waits here.
            Ok(None) => {
                let mut bytes = [0; 4096];
                let length = client.read(&mut bytes).await?;
                if length == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                more.extend_from_slice(bytes.get(..length).unwrap_or_default());
            }
            Err(bad) => {
                let (told, message) = match bad {
                    Bad::Version(version) => (
                        Vec::new(),
                        format!(
                            "a client spoke something else than SOCKS 5: its first byte is {version}"
                        ),
                    ),
                    Bad::SignIn => (
                        vec![VERSION, NO_WAY],
                        "a client wanted to sign in, which this proxy does not ask for".to_owned(),
                    ),
                    Bad::Request(reply) => (
                        reply.bytes().to_vec(),
                        "a client asked for something else than CONNECT to an address".to_owned(),
                    ),
                };
                // It may have left meanwhile.
                client.write_all(&told).await.unwrap_or_default();
                client.shutdown().await.unwrap_or_default();
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A request for this, as RFC 1928 writes it.
    fn written(end: &TunnelEnd) -> Vec<u8> {
        let TunnelEnd::Tcp { host, port } = end else {
            panic!("no socket can be asked for")
        };
        let mut bytes = vec![5, 1, 0];
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            bytes.push(1);
            bytes.extend(address.octets());
        } else if let Ok(address) = host.parse::<Ipv6Addr>() {
            bytes.push(4);
            bytes.extend(address.octets());
        } else {
            bytes.extend([3, u8::try_from(host.len()).unwrap()]);
            bytes.extend(host.bytes());
        }
        bytes.extend(port.to_be_bytes());
        bytes
    }

    fn end(host: &str, port: u16) -> TunnelEnd {
        let host = host.to_owned();
        TunnelEnd::Tcp { host, port }
    }

    #[test]
    fn requests_are_read_with_what_they_ask_for() {
        for (bytes, expected) in [
            (
                b"\x05\x01\0\x01\x7f\0\0\x01\0\x50".as_slice(),
                Ok(Some((end("127.0.0.1", 80), 10))),
            ),
            (
                b"\x05\x01\0\x03\x03web\x1f\x90and more",
                Ok(Some((end("web", 8080), 10))),
            ),
            (b"\x05\x02\0\x01", Err(Bad::Request(Reply::NoSuchCommand))),
            (
                b"\x05\x01\0\x02\x03",
                Err(Bad::Request(Reply::NoSuchAddress)),
            ),
            (b"\x05\x01\0\x03\0\0\x50", Err(Bad::Request(Reply::Failed))),
            (
                b"\x05\x01\0\x03\x02a\n\0\x50",
                Err(Bad::Request(Reply::Failed)),
            ),
            (
                b"\x05\x01\0\x03\x02\xc3\xa4\0\x50",
                Err(Bad::Request(Reply::Failed)),
            ),
            (b"\x05\x01\0\x03\x01a\0\0", Err(Bad::Request(Reply::Failed))),
            (b"\x04\x01\0\x50\x7f\0\0\x01\0", Err(Bad::Version(4))),
            (b"GET / HTTP/1.1", Err(Bad::Version(b'G'))),
        ] {
            assert_eq!(request(bytes), expected, "{bytes:?}");
        }
        assert_eq!(greeting(b"\x05\x02\x02\x00x"), Ok(Some(4)));
        assert_eq!(greeting(b"\x05\x01\x02"), Err(Bad::SignIn));
        assert_eq!(greeting(b"\x05\x00"), Err(Bad::SignIn));
        assert_eq!(greeting(b"\x05\x02\x02"), Ok(None));
        assert_eq!(greeting(b"\x04"), Err(Bad::Version(4)));
    }

    fn host() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<Ipv6Addr>().prop_map(|address| address.to_string()),
            "[a-z][a-z0-9.-]{0,200}",
        ]
    }

    proptest! {
        #[test]
        fn any_cut_asks_for_more_and_the_whole_is_what_was_written(host in host(), port in 1..u16::MAX, tail: Vec<u8>) {
            let end = end(&host, port);
            let bytes = written(&end);
            for cut in 0..bytes.len() {
                prop_assert_eq!(request(&bytes[..cut]), Ok(None));
            }
            let whole = [bytes.clone(), tail].concat();
            prop_assert_eq!(request(&whole), Ok(Some((end, bytes.len()))));
        }

        #[test]
        fn nothing_panics_and_no_message_is_longer_than_its_bytes(bytes: Vec<u8>) {
            if let Ok(Some(length)) = greeting(&bytes) {
                prop_assert!(length <= bytes.len());
            }
            if let Ok(Some((_, length))) = request(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }

        #[test]
        fn no_mutation_panics(host in host(), port: u16, at: prop::sample::Index, byte: u8) {
            let mut bytes = written(&end(&host, port));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = request(&bytes);
        }
    }

    #[tokio::test]
    async fn a_client_is_asked_and_what_it_sent_early_is_kept() {
        let (client, mut proxy) = tokio::io::duplex(64);
        let (mut from, mut to) = tokio::io::split(client);
        let mut more = BytesMut::new();
        let asked = async { ask(&mut proxy, &mut more).await };
        let asking = async {
            to.write_all(b"\x05\x01\0\x05\x01\0\x03\x03web\0\x50early")
                .await
                .unwrap();
            let mut answer = [0; 2];
            from.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [5, 0]);
        };
        let (asked, ()) = tokio::join!(asked, asking);
        assert_eq!(asked.unwrap(), end("web", 80));
        assert_eq!(&more[..], b"early");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_dawdles_is_left() {
        let (_client, mut proxy) = tokio::io::duplex(64);
        let error = ask(&mut proxy, &mut BytesMut::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
