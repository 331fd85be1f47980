//! From the greeting to `ServerInit`: what is answered, what is refused, and that every wait ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent};
use std::time::Duration;
use support::{server_init, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SIZE: Size = Size::new(64, 48);

struct Outcome {
    result: Result<(), SessionError>,
    said: Vec<u8>,
    stages: Vec<Stage>,
    connected: Option<(String, String)>,
}

/// Probes a server that sends all of `parts` at once, then closes or keeps silent.
async fn probe(password: Option<&str>, parts: &[&[u8]], then_closes: bool) -> Outcome {
    let mut session = session(|start| {
        start.purpose = Purpose::Probe;
        start.credentials.password = password.map(Secret::new);
    });
    session.server.write_all(&parts.concat()).await.unwrap();
    if then_closes {
        session.server.shutdown().await.unwrap();
    }
    let result = session.run.await.unwrap();
    let (mut said, mut stages, mut connected) = (Vec::new(), Vec::new(), None);
    session.server.read_to_end(&mut said).await.unwrap();
    while let Some(event) = session.events.recv().await {
        match event {
            SessionEvent::Stage(stage) => stages.push(stage),
            SessionEvent::Connected { name, security } => connected = Some((name, security)),
            other => panic!("{other:?}"),
        }
    }
    Outcome {
        result,
        said,
        stages,
        connected,
    }
}

#[tokio::test]
async fn each_version_signs_in_its_own_way() {
    let init = server_init(SIZE, b"desk");
    let challenge = [7; 16];
    // The response to a challenge of sevens with the password "secret".
    let response = [0x02, 0xb0, 0x48, 0xd0, 0x34, 0x8e, 0x64, 0x76].repeat(2);
    let ok = [0, 0, 0, 0];
    for (what, password, sent, said) in [
        (
            "3.8, nothing",
            None,
            [b"RFB 003.008\n", &[1, 1][..], &ok, &init].concat(),
            [b"RFB 003.008\n", &[1][..], &[1]].concat(),
        ),
        (
            "3.8, password",
            Some("secret"),
            [b"RFB 003.008\n", &[2, 1, 2][..], &challenge, &ok, &init].concat(),
            [b"RFB 003.008\n", &[2][..], &response, &[1]].concat(),
        ),
        (
            "3.7, nothing",
            None,
            [b"RFB 003.007\n", &[1, 1][..], &init].concat(),
            [b"RFB 003.007\n", &[1][..], &[1]].concat(),
        ),
        (
            "3.7, password",
            Some("secret"),
            [b"RFB 003.007\n", &[1, 2][..], &challenge, &ok, &init].concat(),
            [b"RFB 003.007\n", &[2][..], &response, &[1]].concat(),
        ),
        (
            "3.3, nothing",
            None,
            [b"RFB 003.003\n", &[0, 0, 0, 1][..], &init].concat(),
            [b"RFB 003.003\n", &[1][..]].concat(),
        ),
        (
            "3.3, password",
            Some("secret"),
            [b"RFB 003.003\n", &[0, 0, 0, 2][..], &challenge, &ok, &init].concat(),
            [b"RFB 003.003\n", &response[..], &[1]].concat(),
        ),
        (
            "3.5 is 3.3",
            None,
            [b"RFB 003.005\n", &[0, 0, 0, 1][..], &init].concat(),
            [b"RFB 003.003\n", &[1][..]].concat(),
        ),
        (
            "4.1 speaks 3.8",
            None,
            [b"RFB 004.001\n", &[1, 1][..], &ok, &init].concat(),
            [b"RFB 003.008\n", &[1][..], &[1]].concat(),
        ),
        (
            "macOS",
            None,
            [b"RFB 003.889\n", &[2, 30, 1][..], &ok, &init].concat(),
            [b"RFB 003.008\n", &[1][..], &[1]].concat(),
        ),
    ] {
        let outcome = probe(password, &[&sent], false).await;
        assert_eq!(outcome.result, Ok(()), "{what}");
        assert_eq!(outcome.said, said, "{what}");
        assert_eq!(
            outcome.stages,
            [
                Stage::Banner,
                Stage::KeyExchange,
                Stage::Auth,
                Stage::Session
            ],
            "{what}"
        );
        assert_eq!(
            outcome.connected,
            Some(("desk".to_owned(), "not encrypted".to_owned())),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_where_why_and_what_to_do() {
    let banner = b"RFB 003.008\n";
    let reason = |text: &str| [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat();
    let long = "x".repeat(5000);
    for (what, password, sent, stage, kind, text) in [
        (
            "no VNC at all",
            None,
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            Stage::Banner,
            FailureKind::Protocol,
            "is no VNC server: it begins with \"SSH-2.0-Open\"",
        ),
        (
            "no type in common",
            None,
            [banner, &[2, 17, 200][..]].concat(),
            Stage::KeyExchange,
            FailureKind::Protocol,
            "(Ultra, type 200); in UltraVNC's settings, choose",
        ),
        (
            "a Mac without a VNC password",
            Some("secret"),
            [banner, &[3, 33, 36, 35][..]].concat(),
            Stage::KeyExchange,
            FailureKind::Protocol,
            "(Apple account (RSA), Apple account (SRP), Apple Kerberos); on the Mac",
        ),
        (
            "SASL",
            None,
            [banner, &[1, 20][..]].concat(),
            Stage::KeyExchange,
            FailureKind::Protocol,
            "(SASL); turn SASL off",
        ),
        (
            "a repeater",
            None,
            b"RFB 000.000\n".to_vec(),
            Stage::Banner,
            FailureKind::Protocol,
            "is an UltraVNC repeater",
        ),
        (
            "VeNCrypt 0.1",
            None,
            [banner, &[1, 19, 0, 1][..]].concat(),
            Stage::KeyExchange,
            FailureKind::Protocol,
            "VeNCrypt 0.1",
        ),
        (
            "refused at once",
            None,
            [banner, &[0][..], &reason("Too many\u{1b}[2J failures")].concat(),
            Stage::KeyExchange,
            FailureKind::Refused,
            "says \"Too many[2J failures\"",
        ),
        (
            "refused at once, 3.3",
            None,
            [b"RFB 003.003\n", &[0; 4][..], &reason("no")].concat(),
            Stage::KeyExchange,
            FailureKind::Refused,
            "says \"no\"",
        ),
        (
            "a long reason",
            None,
            [banner, &[0][..], &reason(&long)].concat(),
            Stage::KeyExchange,
            FailureKind::Refused,
            "xxx",
        ),
        (
            "no password stored",
            None,
            [banner, &[1, 2][..]].concat(),
            Stage::Auth,
            FailureKind::CredentialsMissing,
            "enter its VNC password",
        ),
        (
            "wrong password",
            Some("bad"),
            [
                banner,
                &[1, 2][..],
                &[0; 16],
                &[0, 0, 0, 1],
                &reason("Authentication failure"),
            ]
            .concat(),
            Stage::Auth,
            FailureKind::Refused,
            "says \"Authentication failure\"; check the password",
        ),
        (
            "wrong password, 3.7",
            Some("bad"),
            [b"RFB 003.007\n", &[1, 2][..], &[0; 16], &[0, 0, 0, 1]].concat(),
            Stage::Auth,
            FailureKind::Refused,
            "refused the sign-in; check",
        ),
        (
            "an endless name",
            None,
            [
                banner,
                &[1, 1][..],
                &[0; 4],
                &server_init(SIZE, b"")[..20],
                &[0xff; 4],
            ]
            .concat(),
            Stage::Session,
            FailureKind::Protocol,
            "a name of 4294967295 is over the limit",
        ),
        (
            "no screen",
            None,
            [
                banner,
                &[1, 1][..],
                &[0; 4],
                &server_init(Size::new(0, 5), b""),
            ]
            .concat(),
            Stage::Session,
            FailureKind::Protocol,
            "a screen of 0 x 5",
        ),
        (
            "a vast screen",
            None,
            [
                banner,
                &[1, 1][..],
                &[0; 4],
                &server_init(Size::new(65535, 65535), b""),
            ]
            .concat(),
            Stage::Session,
            FailureKind::Protocol,
            "65535 x 65535",
        ),
    ] {
        let error = probe(password, &[&sent], false).await.result.unwrap_err();
        assert_eq!((error.stage, error.kind), (stage, kind), "{what}: {error}");
        assert!(error.message.starts_with("desk:5900 "), "{what}: {error}");
        assert!(error.message.contains(text), "{what}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_at_every_step() {
    let banner = b"RFB 003.008\n";
    let init = server_init(SIZE, b"desk");
    for (sent, stage) in [
        (Vec::new(), Stage::Banner),
        (banner[..11].to_vec(), Stage::Banner),
        (banner.to_vec(), Stage::KeyExchange),
        ([banner, &[2, 1][..]].concat(), Stage::KeyExchange),
        ([banner, &[0, 0, 0, 1][..]].concat(), Stage::KeyExchange),
        ([banner, &[1, 1][..]].concat(), Stage::Auth),
        ([banner, &[1, 1, 0, 0, 0, 0][..]].concat(), Stage::Session),
        (
            [banner, &[1, 1, 0, 0, 0, 0][..], &init[..init.len() - 1]].concat(),
            Stage::Session,
        ),
    ] {
        let outcome =
            tokio::time::timeout(Duration::from_secs(20), probe(None, &[&sent], false)).await;
        let error = outcome.unwrap().result.unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Unreachable),
            "{error}"
        );
        assert!(
            error.message.contains("did not answer within 15 s"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_closes_early_is_named() {
    for (sent, stage) in [
        (&b""[..], Stage::Banner),
        (b"RFB 003.008\n", Stage::KeyExchange),
    ] {
        let error = probe(None, &[sent], true).await.result.unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Unreachable),
            "{error}"
        );
        assert!(error.message.contains("closed the connection"), "{error}");
    }
}

#[tokio::test]
async fn cancelling_ends_a_sign_in_cleanly() {
    let session = session(|_| {});
    session.cancel.cancel();
    assert_eq!(session.run.await.unwrap(), Ok(()));
}
