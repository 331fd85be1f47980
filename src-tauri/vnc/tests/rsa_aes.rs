//! RSA-AES: the key is accepted before anything is said, and every message is proven.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod peers;
mod support;

use farwire_model::error::Stage;
use farwire_model::frame::{Rect, Size};
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use peers::rsa_aes::{Keys, Server, Twist};
use peers::{greet, result, take};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::{Session, opening, rectangle, server_init, session_over, update};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SIZE: Size = Size::new(64, 48);
/// The four types: number, 256 bits, covers the session.
const TYPES: [(u8, bool, bool); 4] = [
    (5, false, true),
    (6, false, false),
    (129, true, true),
    (130, true, false),
];

/// One fingerprint is accepted, or none.
struct Accepted(Option<String>);

impl TrustCheck for Accepted {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async move {
            match &self.0 {
                Some(known) if *known == identity.fingerprint => TrustVerdict::Trusted,
                Some(known) => TrustVerdict::Changed {
                    known: known.clone(),
                },
                None => TrustVerdict::Unknown,
            }
        })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        self.0.clone()
    }
}

/// One for all tests: making a key takes a while.
fn server(is_256: bool) -> &'static Server {
    static SERVERS: [OnceLock<Server>; 2] = [OnceLock::new(), OnceLock::new()];
    SERVERS[usize::from(is_256)].get_or_init(|| Server::new(2048, is_256))
}

/// The hash of the key as it is sent, and of "ne" where the session is not covered, by OpenSSL.
fn fingerprint(server: &Server, covers_session: bool) -> String {
    let mut bytes = server.public();
    if !covers_session {
        bytes.extend(b"ne");
    }
    let text = openssl::base64::encode_block(&openssl::sha::sha256(&bytes));
    format!("SHA256:{}", text.trim_end_matches('='))
}

fn start(purpose: Purpose, accepted: Option<String>) -> Session {
    start_over(1 << 20, purpose, accepted)
}

/// Over a link that holds so many bytes.
fn start_over(room: usize, purpose: Purpose, accepted: Option<String>) -> Session {
    let (server, client) = tokio::io::duplex(room);
    session_over(client, server, |start| {
        start.purpose = purpose;
        start.credentials.username = Some("ann".to_owned());
        start.credentials.password = Some(Secret::new("secret"));
        start.trust = Arc::new(Accepted(accepted));
    })
}

async fn failure(session: Session) -> SessionError {
    tokio::time::timeout(Duration::from_secs(60), session.run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err()
}

#[tokio::test]
async fn every_type_signs_in_and_covers_what_it_says() {
    for (number, is_256, covers_session) in TYPES {
        let server = server(is_256);
        let accepted = fingerprint(server, covers_session);
        let mut session = start(Purpose::Probe, Some(accepted));
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[1, 2, number]).await, number);
        let (name, password, mut keys) = server.serve(pipe).await;
        assert_eq!((&name[..], &password[..]), ("ann", "secret"), "{number}");
        let init = [&[0; 4][..], &server_init(SIZE, b"desk")].concat();
        let (shared, security) = if covers_session {
            // One message may hold several of RFB's, and be cut anywhere within them.
            for part in [&init[..2], &[], &init[2..]] {
                pipe.write_all(&keys.to_client.seal(part)).await.unwrap();
            }
            let bits = if is_256 { 256 } else { 128 };
            let security = format!("RSA-AES with {bits} bits, key pinned");
            (keys.from_client.read(pipe).await, security)
        } else {
            pipe.write_all(&init).await.unwrap();
            let security = "not encrypted after the sign-in, key pinned; going through an SSH connection protects it";
            (take(pipe, 1).await, security.to_owned())
        };
        assert_eq!(shared, [1], "{number}");
        assert_eq!(session.run.await.unwrap(), Ok(()), "{number}");
        let mut events = Vec::new();
        while let Some(event) = session.events.recv().await {
            events.push(event);
        }
        let stages = [
            Stage::Banner,
            Stage::KeyExchange,
            Stage::Tls,
            Stage::Auth,
            Stage::Session,
        ];
        assert_eq!(events[..5], stages.map(SessionEvent::Stage), "{number}");
        let name = "desk".to_owned();
        assert_eq!(events[5], SessionEvent::Connected { name, security });
    }
}

#[tokio::test]
async fn a_password_alone_is_sent_where_it_alone_is_asked_for() {
    let mut server = Server::new(3072, true);
    server.wanted = 2;
    let accepted = fingerprint(&server, true);
    let mut session = start(Purpose::Probe, Some(accepted));
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[129, 5]).await, 129);
    let (name, password, mut keys) = server.serve(pipe).await;
    assert_eq!((&name[..], &password[..]), ("", "secret"));
    let wrong = b"\0\0\0\x01\0\0\0\x05wrong";
    pipe.write_all(&keys.to_client.seal(wrong)).await.unwrap();
    let error = failure(session).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Auth, FailureKind::Refused)
    );
    assert!(error.message.contains("says \"wrong\"; check"), "{error}");
}

#[tokio::test]
async fn a_key_that_nobody_accepted_is_shown_and_told_nothing() {
    let other = "SHA256:before".to_owned();
    for (number, is_256, covers_session) in TYPES {
        for accepted in [None, Some(other.clone())] {
            let server = server(is_256);
            let mut session = start(Purpose::Probe, accepted.clone());
            let pipe = &mut session.server;
            assert_eq!(greet(pipe, &[number]).await, number);
            pipe.write_all(&server.public()).await.unwrap();
            let mut said = Vec::new();
            pipe.read_to_end(&mut said).await.unwrap();
            assert!(said.is_empty(), "{number}");
            let error = failure(session).await;
            assert_eq!(
                (error.stage, error.kind),
                (Stage::Tls, FailureKind::Untrusted),
                "{error}"
            );
            let shown = error.identity.as_ref().unwrap();
            let suffix = if covers_session { "" } else { "ne" };
            assert_eq!(shown.algorithm, format!("RSA 2048 (RA2{suffix})"));
            assert_eq!(shown.fingerprint, fingerprint(server, covers_session));
            assert_eq!(error.known, accepted, "{number}");
            let warns = error.message.contains("not the session");
            assert_eq!(warns, !covers_session, "{error}");
        }
    }
}

#[tokio::test]
async fn a_key_accepted_for_the_session_is_not_accepted_for_the_sign_in_alone() {
    let server = server(true);
    let accepted = fingerprint(server, true);
    let mut session = start(Purpose::Probe, Some(accepted.clone()));
    let pipe = &mut session.server;
    // Somebody took 129 out of the list.
    assert_eq!(greet(pipe, &[130, 2]).await, 130);
    pipe.write_all(&server.public()).await.unwrap();
    let error = failure(session).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Untrusted)
    );
    assert_eq!(error.known, Some(accepted.clone()));
    assert!(error.identity.is_some());
    // Or everything but the password.
    let mut session = start(Purpose::Probe, Some(accepted.clone()));
    let sent = b"RFB 003.008\n\x02\x02\x01";
    session.server.write_all(sent).await.unwrap();
    let mut said = Vec::new();
    session.server.read_to_end(&mut said).await.unwrap();
    assert_eq!(said, b"RFB 003.008\n");
    let error = failure(session).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Untrusted)
    );
    assert_eq!(error.known, Some(accepted));
}

#[tokio::test]
async fn a_server_that_cheats_is_told_no_password() {
    for (twist, text) in [
        (Twist::Hash, "saw other keys than were sent"),
        (Twist::Proof, "is not what the machine sent"),
        (Twist::ShortSecret, "a secret that cannot be read"),
    ] {
        let mut server = Server::new(2048, true);
        server.twist = twist;
        let accepted = fingerprint(&server, true);
        let session = start(Purpose::Probe, Some(accepted));
        let mut pipe = session.server;
        let serving = tokio::spawn(async move {
            assert_eq!(greet(&mut pipe, &[129]).await, 129);
            server.serve(&mut pipe).await;
        });
        let error = session.run.await.unwrap().unwrap_err();
        assert!(error.message.contains(text), "{twist:?}: {error}");
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Tls, FailureKind::Protocol)
        );
        assert!(serving.await.is_err(), "{twist:?}: it got the credentials");
    }
}

#[tokio::test]
async fn an_unknown_kind_of_credentials_is_refused() {
    let mut server = Server::new(2048, false);
    server.wanted = 3;
    let accepted = fingerprint(&server, true);
    let session = start(Purpose::Probe, Some(accepted));
    let mut pipe = session.server;
    let serving = tokio::spawn(async move {
        assert_eq!(greet(&mut pipe, &[5]).await, 5);
        server.serve(&mut pipe).await;
    });
    let error = session.run.await.unwrap().unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Auth, FailureKind::Protocol)
    );
    assert!(error.message.contains("credentials of kind 3"), "{error}");
    assert!(serving.await.is_err());
}

#[tokio::test]
async fn keys_of_a_length_that_cannot_be_are_refused_before_they_are_read() {
    for bits in [0, 1, 1024, 2047, 8193, 65_536, u32::MAX] {
        let mut session = start(Purpose::Probe, None);
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[129]).await, 129);
        pipe.write_all(&u32::to_be_bytes(bits)).await.unwrap();
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Tls, FailureKind::Protocol)
        );
        let text = format!("an RSA key of {bits} bits");
        assert!(error.message.contains(&text), "{error}");
    }
    // The length is right; the numbers are no key.
    for filling in [0, 1, 2] {
        let mut session = start(Purpose::Probe, None);
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[129]).await, 129);
        pipe.write_all(&2048_u32.to_be_bytes()).await.unwrap();
        pipe.write_all(&[filling; 512]).await.unwrap();
        let error = failure(session).await;
        assert!(error.message.contains("an RSA key that is none"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_every_wait() {
    let server = server(true);
    let public = server.public();
    for length in [0, 3, 4, public.len() - 1, public.len()] {
        let accepted = fingerprint(server, true);
        let mut session = start(Purpose::Probe, Some(accepted));
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[129]).await, 129);
        pipe.write_all(&public[..length]).await.unwrap();
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Tls, FailureKind::Unreachable),
            "{length} {error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_under_the_keys_ends_every_wait() {
    for (twist, stage) in [
        (Twist::SilentAfterSecret, Stage::Tls),
        (Twist::SilentAfterHash, Stage::Auth),
        // The result is owed.
        (Twist::None, Stage::Auth),
    ] {
        let mut server = Server::new(2048, true);
        server.twist = twist;
        let accepted = fingerprint(&server, true);
        let session = start(Purpose::Probe, Some(accepted));
        let mut pipe = session.server;
        let serving = tokio::spawn(async move {
            assert_eq!(greet(&mut pipe, &[129]).await, 129);
            let _keys = server.serve(&mut pipe).await;
            std::future::pending::<()>().await;
        });
        let error = session.run.await.unwrap().unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Unreachable),
            "{twist:?} {error}"
        );
        serving.abort();
    }
}

/// A live session whose link is sealed, and narrow: no long message fits it whole. What the client says first is already read.
async fn live() -> (Session, Keys) {
    let server = server(true);
    let accepted = fingerprint(server, true);
    let mut session = start_over(2000, Purpose::Live, Some(accepted));
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[129]).await, 129);
    let (_, _, mut keys) = server.serve(pipe).await;
    let init = [&[0; 4][..], &server_init(SIZE, b"desk")].concat();
    pipe.write_all(&keys.to_client.seal(&init)).await.unwrap();
    assert_eq!(keys.from_client.read(pipe).await, [1]);
    let mut hello = Vec::new();
    while hello.len() < 10 || hello[hello.len() - 10..][..2] != [3, 0] {
        hello.extend(keys.from_client.read(pipe).await);
    }
    assert_eq!(hello[..4], [0; 4], "the pixel format");
    (session, keys)
}

#[tokio::test]
async fn pixels_arrive_through_messages_cut_anywhere() {
    let (mut session, mut keys) = live().await;
    let pixels = vec![9_u8; 64 * 48 * 4];
    let frame = [
        &update(1)[..],
        &rectangle(Rect::new(0, 0, 64, 48), 0),
        &pixels,
        &[2],
    ]
    .concat();
    for part in frame.chunks(777) {
        let message = keys.to_client.seal(part);
        // A message itself arrives in pieces, too.
        for piece in message.chunks(100) {
            session.server.write_all(piece).await.unwrap();
        }
    }
    loop {
        let event = session.events.recv().await.unwrap();
        if event == SessionEvent::Bell {
            break;
        }
    }
    let picture = session.surface.snapshot();
    assert!(
        picture
            .pixels()
            .iter()
            .all(|pixel| *pixel == [9, 9, 9, 255])
    );
    assert_eq!(
        keys.from_client.read(&mut session.server).await[..2],
        [3, 1]
    );
    // The longest message there can be.
    let long = [&[3, 0, 0, 0, 0, 0, 0xff, 0xf7][..], &[b'x'; 65_527]].concat();
    let message = keys.to_client.seal(&long);
    session.server.write_all(&message).await.unwrap();
    let event = session.events.recv().await.unwrap();
    assert_eq!(event, SessionEvent::Clipboard("x".repeat(65_527)));
    session.cancel.cancel();
    assert_eq!(session.run.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_changed_repeated_or_cut_message_ends_the_session() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let proof: Change = |mut message| {
        *message.last_mut().unwrap() ^= 1;
        message
    };
    let body: Change = |mut message| {
        message[2] ^= 1;
        message
    };
    let again: Change = |message| message.repeat(2);
    let cut: Change = |mut message| {
        message.pop();
        message
    };
    for change in [proof, body, again, cut] {
        let (mut session, mut keys) = live().await;
        let message = change(keys.to_client.seal(&[2]));
        session.server.write_all(&message).await.unwrap();
        session.server.shutdown().await.unwrap();
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Session, FailureKind::Lost)
        );
    }
}

#[tokio::test]
async fn the_end_between_messages_is_an_end() {
    let (session, _) = live().await;
    drop(session.server);
    let error = tokio::time::timeout(Duration::from_secs(10), session.run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Session, FailureKind::Lost)
    );
}

#[tokio::test]
async fn much_input_comes_through_a_narrow_link_in_order() {
    let (session, mut keys) = live().await;
    let text = "y".repeat(300_000);
    let input = farwire_model::input::SessionInput::Clipboard(text.clone());
    session.inputs.send(input).await.unwrap();
    let mut pipe = session.server;
    let mut said = Vec::new();
    while said.len() < 8 + text.len() {
        said.extend(keys.from_client.read(&mut pipe).await);
    }
    assert_eq!(
        said[..8],
        [&[6, 0, 0, 0][..], &300_000_u32.to_be_bytes()].concat()
    );
    assert!(said[8..].iter().all(|byte| *byte == b'y'));
    session.cancel.cancel();
    assert_eq!(session.run.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_plain_opening_is_no_sealed_one() {
    // What a server of type None would send next is not taken for messages under a key.
    let server = server(false);
    let accepted = fingerprint(server, true);
    let mut session = start(Purpose::Probe, Some(accepted));
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[5]).await, 5);
    let _ = server.serve(pipe).await;
    result(pipe, true).await;
    pipe.write_all(&opening(SIZE)).await.unwrap();
    pipe.shutdown().await.unwrap();
    let error = failure(session).await;
    assert_eq!(error.stage, Stage::Auth, "{error}");
}
