//! Signing in to accounts without TLS, and through Tight's lists: macOS, UltraVNC, TightVNC.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod peers;
mod support;

use farwire_model::connection::ProtocolKind;
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent, Start};
use peers::{apple, greet, ms_logon, result, take, tight};
use std::time::Duration;
use support::{Session, server_init, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SIZE: Size = Size::new(64, 48);

fn probe(change: impl FnOnce(&mut Start)) -> Session {
    session(|start| {
        start.purpose = Purpose::Probe;
        start.credentials.username = Some("ann".to_owned());
        start.credentials.password = Some(Secret::new("sécret 12"));
        change(start);
    })
}

/// Everything after the sign-in; answers how the link is protected.
async fn connected(mut session: Session, after_init: &[u8]) -> String {
    assert_eq!(take(&mut session.server, 1).await, [1]);
    let init = [&server_init(SIZE, b"desk"), after_init].concat();
    session.server.write_all(&init).await.unwrap();
    assert_eq!(session.run.await.unwrap(), Ok(()));
    while let Some(event) = session.events.recv().await {
        if let SessionEvent::Connected { security, .. } = event {
            return security;
        }
    }
    panic!("never connected");
}

async fn failure(session: Session) -> SessionError {
    tokio::time::timeout(Duration::from_secs(60), session.run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err()
}

fn account() -> (String, String) {
    ("ann".to_owned(), "sécret 12".to_owned())
}

#[tokio::test]
async fn a_mac_is_signed_in_to_by_its_own_type_first() {
    for prime_bytes in [256, 512] {
        let mut session = probe(|start| start.endpoint.protocol = ProtocolKind::Apple);
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[30, 33, 36, 35, 2]).await, 30);
        assert_eq!(apple::serve(pipe, prime_bytes).await, account());
        result(pipe, true).await;
        let security = connected(session, b"").await;
        assert!(security.starts_with("not encrypted after the sign-in"));
        assert!(security.contains("SSH"), "{security}");
    }
}

#[tokio::test]
async fn inside_ssh_the_link_is_called_protected() {
    for kind in [30, 113] {
        let gate = Some(ConnectionId::new("con_gate".to_owned()));
        let mut session = probe(|start| start.endpoint.via = gate);
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[kind]).await, kind);
        match kind {
            30 => assert_eq!(apple::serve(pipe, 256).await, account()),
            _ => assert_eq!(ms_logon::serve(pipe).await, account()),
        }
        result(pipe, true).await;
        assert_eq!(connected(session, b"").await, "inside the SSH connection");
    }
}

#[tokio::test]
async fn ultravnc_gets_account_and_password() {
    let mut session = probe(|_| {});
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[2, 17, 113]).await, 113);
    assert_eq!(ms_logon::serve(pipe).await, account());
    result(pipe, true).await;
    let security = connected(session, b"").await;
    assert!(security.starts_with("not encrypted, and the password hardly"));
}

#[tokio::test]
async fn a_wrong_password_is_named_with_its_account() {
    for kind in [30, 113] {
        let mut session = probe(|_| {});
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[kind]).await, kind);
        match kind {
            30 => apple::serve(pipe, 256).await,
            _ => ms_logon::serve(pipe).await,
        };
        result(pipe, false).await;
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Auth, FailureKind::Refused)
        );
        let said = "says \"wrong\"; check the account and the password";
        assert!(error.message.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_without_the_reason_it_owes_is_a_refusal() {
    let mut session = probe(|_| {});
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[30]).await, 30);
    apple::serve(pipe, 256).await;
    pipe.write_all(&[0, 0, 0, 1]).await.unwrap();
    pipe.shutdown().await.unwrap();
    let error = failure(session).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Auth, FailureKind::Refused)
    );
}

#[tokio::test]
async fn what_is_not_stored_or_does_not_fit_is_said_before_anything_is_sent() {
    type Change = fn(&mut Start);
    let no_account: Change = |start| start.credentials.username = None;
    let no_password: Change = |start| start.credentials.password = None;
    let long_password: Change = |start| {
        start.credentials.password = Some(Secret::new("x".repeat(64)));
    };
    let long_name: Change = |start| start.credentials.username = Some("x".repeat(300));
    for (change, kind, text) in [
        (no_account, FailureKind::CredentialsMissing, "enter both"),
        (no_password, FailureKind::CredentialsMissing, "enter both"),
        (
            long_password,
            FailureKind::Refused,
            "no password over 63 bytes",
        ),
        (long_name, FailureKind::Refused, "no account name over"),
    ] {
        for security_type in [30, 113] {
            let mut session = probe(change);
            assert_eq!(
                greet(&mut session.server, &[security_type]).await,
                security_type
            );
            let mut said = Vec::new();
            session.server.read_to_end(&mut said).await.unwrap();
            assert!(said.is_empty(), "{text}");
            let error = failure(session).await;
            assert_eq!((error.stage, error.kind), (Stage::Auth, kind), "{error}");
            assert!(error.message.contains(text), "{error}");
        }
    }
}

#[tokio::test]
async fn numbers_of_which_no_secret_can_come_are_refused_and_nothing_is_sent() {
    let apple = |generator: u8, length: u16, prime: &[u8], public: &[u8]| {
        [&[0, generator][..], &length.to_be_bytes(), prime, public].concat()
    };
    let number = |last: u8| [&[0; 127][..], &[last]].concat();
    let prime = [0xff; 128];
    let mut last = prime;
    last[127] = 0xfe;
    let mut even = prime;
    even[127] = 0xfe;
    let ultra = |numbers: [u64; 3]| numbers.map(u64::to_be_bytes).as_flattened().to_vec();
    for (what, kind, sent, text) in [
        ("no length", 30, apple(2, 0, &[], &[]), "0 bytes"),
        ("short", 30, apple(2, 127, &[], &[]), "127 bytes"),
        ("long", 30, apple(2, 1025, &[], &[]), "1025 bytes"),
        ("longest", 30, apple(2, 65535, &[], &[]), "65535 bytes"),
        (
            "public 0",
            30,
            apple(2, 128, &prime, &number(0)),
            "no secret",
        ),
        (
            "public 1",
            30,
            apple(2, 128, &prime, &number(1)),
            "no secret",
        ),
        ("public -1", 30, apple(2, 128, &prime, &last), "no secret"),
        ("even", 30, apple(2, 128, &even, &number(9)), "no secret"),
        (
            "prime 1",
            30,
            apple(2, 128, &number(1), &number(9)),
            "no secret",
        ),
        (
            "generator 1",
            30,
            apple(1, 128, &prime, &number(9)),
            "no secret",
        ),
        ("public 0, 64 bits", 113, ultra([7, 23, 0]), "no secret"),
        ("public 1, 64 bits", 113, ultra([7, 23, 1]), "no secret"),
        ("modulus 0, 64 bits", 113, ultra([7, 0, 9]), "no secret"),
    ] {
        let mut session = probe(|_| {});
        assert_eq!(greet(&mut session.server, &[kind]).await, kind);
        session.server.write_all(&sent).await.unwrap();
        let mut said = Vec::new();
        session.server.read_to_end(&mut said).await.unwrap();
        assert!(said.is_empty(), "{what}");
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Auth, FailureKind::Protocol),
            "{what}: {error}"
        );
        assert!(error.message.contains(text), "{what}: {error}");
    }
}

#[tokio::test]
async fn tightvnc_is_signed_in_to_without_a_tunnel_and_its_lists_are_read() {
    let tunnel = &[tight::NO_TUNNEL][..];
    for (what, tunnels, sign_ins, expected, counts) in [
        (
            "a password",
            tunnel,
            &[tight::NONE, tight::VNC][..],
            Some(2),
            [4, 7, 20],
        ),
        (
            "no tunnels",
            &[],
            &[tight::UNIX, tight::VNC],
            Some(2),
            [0, 0, 0],
        ),
        (
            "nothing is asked",
            tunnel,
            &[tight::NONE],
            Some(1),
            [1, 0, 0],
        ),
        ("no list", &[], &[], None, [0, 0, 256]),
    ] {
        let mut session = probe(|_| {});
        let pipe = &mut session.server;
        assert_eq!(greet(pipe, &[16]).await, 16);
        assert_eq!(
            tight::serve(pipe, tunnels, sign_ins).await,
            expected,
            "{what}"
        );
        if expected == Some(2) {
            pipe.write_all(&[7; 16]).await.unwrap();
            take(pipe, 16).await;
        }
        result(pipe, true).await;
        let security = connected(session, &tight::interaction(counts)).await;
        assert_eq!(security, "not encrypted", "{what}");
    }
}

#[tokio::test]
async fn tight_lists_that_cannot_be_used_are_named() {
    let ssl = b"\0\0\0\x01TGHTSSLTUNNL";
    for (sent, text) in [
        (
            [&[0, 0, 0, 1][..], ssl].concat(),
            "tunnels that are not supported (TGHTSSLTUNNL)",
        ),
        (
            [&[0; 4][..], &[0, 0, 0, 1], tight::UNIX].concat(),
            "(TGHTULGNAUTH)",
        ),
        // The number is known, but not by this name.
        (
            [&[0; 4][..], &[0, 0, 0, 1], b"\0\0\0\x01XXXXNOAUTH__"].concat(),
            "(XXXXNOAUTH__)",
        ),
        (vec![0, 0, 1, 1], "of 257 is over the limit of 256"),
        (vec![0xff; 4], "is over the limit of 256"),
        ([[0; 4], [0xff; 4]].concat(), "is over the limit of 256"),
    ] {
        let mut session = probe(|_| {});
        assert_eq!(greet(&mut session.server, &[16]).await, 16);
        session.server.write_all(&sent).await.unwrap();
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::KeyExchange, FailureKind::Protocol),
            "{error}"
        );
        assert!(error.message.contains(text), "{error}");
    }
    let mut session = probe(|_| {});
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[16]).await, 16);
    assert_eq!(tight::serve(pipe, &[], &[]).await, None);
    result(pipe, true).await;
    let endless = [&server_init(SIZE, b"desk")[..], &[0, 0, 1, 1, 0, 0, 0, 0]].concat();
    pipe.write_all(&endless).await.unwrap();
    let error = failure(session).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Session, FailureKind::Protocol)
    );
    assert!(error.message.contains("capabilities of 257"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_every_wait() {
    let half_prime = [&[0, 2, 0, 128][..], &[0xff; 64]].concat();
    for (kind, sent, stage) in [
        (30, &b""[..], Stage::Auth),
        (30, &half_prime, Stage::Auth),
        (113, b"", Stage::Auth),
        (113, &[0; 23], Stage::Auth),
        (16, b"", Stage::KeyExchange),
        (16, &[0, 0, 0, 2, 0, 0], Stage::KeyExchange),
        (16, &[0; 4], Stage::KeyExchange),
        (16, &[0, 0, 0, 0, 0, 0, 0, 1, 0], Stage::KeyExchange),
        (16, &[0; 8], Stage::Auth),
    ] {
        let mut session = probe(|_| {});
        assert_eq!(greet(&mut session.server, &[kind]).await, kind);
        session.server.write_all(sent).await.unwrap();
        let error = failure(session).await;
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Unreachable),
            "{kind} {error}"
        );
        assert!(
            error.message.contains("did not answer within 15 s"),
            "{error}"
        );
    }
}
