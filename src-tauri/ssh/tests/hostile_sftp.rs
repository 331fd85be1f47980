//! Servers that lie, over a pipe in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use farwire_model::transfer::{FileStatus, Files, FilesError, Open, RemotePath};
use farwire_ssh::sftp::Sftp;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const HELLO: [u8; 9] = [0, 0, 0, 5, 2, 0, 0, 0, 3];

fn string(bytes: &[u8]) -> Vec<u8> {
    [
        &u32::try_from(bytes.len()).unwrap().to_be_bytes()[..],
        bytes,
    ]
    .concat()
}

fn packet(kind: u8, id: [u8; 4], inside: &[u8]) -> Vec<u8> {
    string(&[&[kind], &id[..], inside].concat())
}

fn names(id: [u8; 4], names: &[&[u8]]) -> Vec<u8> {
    let mut inside = u32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        inside.extend([string(name), string(b""), vec![0; 4]].concat());
    }
    packet(104, id, &inside)
}

/// The next request: its kind and number.
async fn request(stream: &mut DuplexStream) -> Option<(u8, [u8; 4])> {
    let length = stream.read_u32().await.ok()?;
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await.ok()?;
    Some((bytes[0], bytes[1..5].try_into().unwrap()))
}

/// A server that greets and then answers by a rule, until it is left.
fn server(answer: impl Fn(u8, [u8; 4]) -> Vec<u8> + Send + 'static) -> DuplexStream {
    let (ours, mut theirs) = duplex(1 << 20);
    tokio::spawn(async move {
        request(&mut theirs).await;
        theirs.write_all(&HELLO).await.unwrap();
        while let Some((kind, id)) = request(&mut theirs).await {
            if theirs.write_all(&answer(kind, id)).await.is_err() {
                return;
            }
        }
    });
    ours
}

fn root() -> RemotePath {
    RemotePath::new("/").unwrap()
}

async fn list(answer: impl Fn(u8, [u8; 4]) -> Vec<u8> + Send + 'static) -> FilesError {
    let files = Sftp::start(server(answer)).await.unwrap();
    let root = root();
    let listing = tokio::time::timeout(Duration::from_secs(60), files.list(&root));
    listing.await.expect("it ends").unwrap_err()
}

fn handle(id: [u8; 4]) -> Vec<u8> {
    packet(102, id, &string(b"h"))
}

#[tokio::test]
async fn listings_that_lie_are_refused() {
    for name in [&b"../up"[..], b"/etc/passwd", b"a/b", b"", b"a\0b"] {
        let error = list(move |kind, id| {
            if kind == 11 {
                handle(id)
            } else {
                names(id, &[b"good", name])
            }
        })
        .await;
        assert_eq!(error.status, FileStatus::BadMessage, "{error}");
    }
    let error = list(|kind, id| {
        if kind == 11 {
            handle(id)
        } else {
            names(id, &[])
        }
    })
    .await;
    assert_eq!(
        error.status,
        FileStatus::BadMessage,
        "a listing of nothing that never ends"
    );
    let many = vec![&b"x"[..]; 5000];
    let error = list(move |kind, id| {
        if kind == 11 {
            handle(id)
        } else {
            names(id, &many)
        }
    })
    .await;
    assert_eq!(error.status, FileStatus::Failure);
    assert!(error.message.contains("1000000"), "{error}");
}

#[tokio::test]
async fn packets_that_lie_end_the_link_and_allocate_nothing() {
    for (what, answer) in [
        ("a length of 4 GB", vec![0xff; 4]),
        ("a string of 4 GB", packet(102, [0, 0, 0, 1], &[0xff; 4])),
        (
            "a count of 4 billion",
            packet(104, [0, 0, 0, 1], &[0xff; 4]),
        ),
        ("an answer to nothing", handle([0xee; 4])),
        ("a kind that does not exist", packet(77, [0, 0, 0, 1], &[])),
        (
            "a handle of 300 bytes",
            packet(102, [0, 0, 0, 1], &string(&[b'h'; 300])),
        ),
    ] {
        let files = Sftp::start(server(move |_, _| answer.clone()))
            .await
            .unwrap();
        let error = files.list(&root()).await.unwrap_err();
        assert_eq!(error.status, FileStatus::BadMessage, "{what}: {error}");
        assert_eq!(files.home().await.unwrap_err(), error, "{what}");
    }
    let more = server(|kind, id| {
        if kind == 3 {
            handle(id)
        } else {
            packet(103, id, &string(&[7; 200]))
        }
    });
    let files = Sftp::start(more).await.unwrap();
    let file = files.open(&root(), Open::Read).await.unwrap();
    let error = file.read(0, 100).await.unwrap_err();
    assert_eq!(
        error.status,
        FileStatus::BadMessage,
        "more than was asked for"
    );
}

#[tokio::test]
async fn what_is_no_file_service_is_named() {
    for (first, words) in [
        (&b"Welcome to this machine!\n"[..], "login script"),
        (&[0xff; 16], "no SFTP server"),
        (&[0, 0, 0, 5, 2, 0, 0, 0, 2], "version 2"),
        (&[0, 0, 0, 5, 9, 0, 0, 0, 3], "no SFTP server"),
        (b"", "ended its file service"),
    ] {
        let (ours, mut theirs) = duplex(1024);
        theirs.write_all(first).await.unwrap();
        theirs.shutdown().await.unwrap();
        let error = Sftp::start(ours).await.unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let (ours, _theirs) = duplex(1024);
    let error = Sftp::start(ours).await.unwrap_err();
    assert_eq!(error.status, FileStatus::ConnectionLost);

    let files = Sftp::start(server(|_, _| Vec::new())).await.unwrap();
    // Where nobody asks, silence is no fault.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let begun = tokio::time::Instant::now();
    let error = files.home().await.unwrap_err();
    assert_eq!(error.status, FileStatus::ConnectionLost);
    assert!(
        begun.elapsed() <= Duration::from_secs(91),
        "{:?}",
        begun.elapsed()
    );
}
