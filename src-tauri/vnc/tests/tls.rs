//! VeNCrypt: nothing secret is said before the certificate was accepted, and what cannot be spoken is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use support::{Session, server_init, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// Made by `openssl req -x509`; its hash by `openssl dgst -sha256`.
const CERTIFICATE: &[u8] = include_bytes!("tls/certificate.der");
const KEY: &[u8] = include_bytes!("tls/key.der");
const FINGERPRINT: &str = "SHA256:o0uFEvR1wr0LxgRCIGucG7XoJxS0H/2AqE0Ji6YHw7w";

/// Answers every question with the same verdict, once the server's side of TLS is up: until then nothing may be said.
struct Verdict(TrustVerdict, Arc<Notify>);

impl TrustCheck for Verdict {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        assert_eq!(identity, identity_of_the_server());
        Box::pin(async {
            self.1.notified().await;
            self.0.clone()
        })
    }

    fn accepted(&self, kind: IdentityKind, host: &str, port: u16) -> Option<String> {
        assert_eq!((kind, host, port), (IdentityKind::Tls, "desk", 5900));
        match &self.0 {
            TrustVerdict::Trusted => Some(FINGERPRINT.to_owned()),
            TrustVerdict::Unknown => None,
            TrustVerdict::Changed { known } => Some(known.clone()),
        }
    }
}

fn identity_of_the_server() -> Identity {
    Identity {
        kind: IdentityKind::Tls,
        host: "desk".to_owned(),
        port: 5900,
        algorithm: "ECDSA P-256".to_owned(),
        fingerprint: FINGERPRINT.to_owned(),
    }
}

/// A probe of a server that offers these kinds of VeNCrypt; everything up to the kinds is said.
async fn offered(verdict: TrustVerdict, types: &[u8], kinds: &[u32]) -> (Session, Arc<Notify>) {
    let is_up = Arc::new(Notify::new());
    let trust = Arc::new(Verdict(verdict, Arc::clone(&is_up)));
    let mut session = session(|start| {
        start.purpose = Purpose::Probe;
        start.credentials.username = Some("ann".to_owned());
        start.credentials.password = Some(Secret::new("secret"));
        start.trust = trust;
    });
    let count = [types.len() as u8];
    let kinds: Vec<u8> = kinds.iter().flat_map(|kind| kind.to_be_bytes()).collect();
    let said = [
        b"RFB 003.008\n",
        &count[..],
        types,
        &[0, 2, 0, kinds.len() as u8 / 4],
        &kinds,
    ]
    .concat();
    session.server.write_all(&said).await.unwrap();
    assert_eq!(
        heard::<15>(&mut session.server).await,
        *b"RFB 003.008\n\x13\x00\x02"
    );
    (session, is_up)
}

async fn heard<const N: usize>(stream: &mut (impl AsyncReadExt + Unpin)) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn accept(server: DuplexStream) -> std::io::Result<TlsStream<DuplexStream>> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config)).accept(server).await
}

async fn refused(verdict: TrustVerdict) -> SessionError {
    let (mut session, is_up) = offered(verdict, &[19], &[262]).await;
    assert_eq!(heard::<4>(&mut session.server).await, 262_u32.to_be_bytes());
    session.server.write_all(&[1]).await.unwrap();
    let mut inside = accept(session.server).await.unwrap();
    is_up.notify_one();
    let mut said = Vec::new();
    // The client leaves; whether it says goodbye in TLS does not matter.
    inside.read_to_end(&mut said).await.unwrap_or_default();
    assert!(
        said.is_empty(),
        "nothing is said to a machine that was not accepted"
    );
    session.run.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn an_accepted_certificate_lets_account_and_password_through() {
    let (mut session, is_up) = offered(TrustVerdict::Trusted, &[2, 19, 1], &[258, 262, 261]).await;
    assert_eq!(heard::<4>(&mut session.server).await, 262_u32.to_be_bytes());
    session.server.write_all(&[1]).await.unwrap();
    let mut inside = accept(session.server).await.unwrap();
    is_up.notify_one();
    assert_eq!(
        heard::<17>(&mut inside).await,
        *b"\0\0\0\x03\0\0\0\x06annsecret"
    );
    let rest = [&[0; 4][..], &server_init(Size::new(4, 4), b"desk")].concat();
    inside.write_all(&rest).await.unwrap();
    inside.flush().await.unwrap();
    assert_eq!(heard::<1>(&mut inside).await, [1]);
    assert_eq!(session.run.await.unwrap(), Ok(()));
    let mut events = Vec::new();
    while let Some(event) = session.events.recv().await {
        events.push(event);
    }
    let security = "TLS 1.3, certificate pinned".to_owned();
    let connected = SessionEvent::Connected {
        name: "desk".to_owned(),
        security,
    };
    assert_eq!(events.last(), Some(&connected));
    assert!(events.contains(&SessionEvent::Stage(Stage::Tls)));
}

#[tokio::test]
async fn an_unknown_certificate_ends_the_attempt_and_is_shown() {
    let error = refused(TrustVerdict::Unknown).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Untrusted)
    );
    assert_eq!(error.identity, Some(identity_of_the_server()));
    assert_eq!(error.known, None);
    assert!(error.message.contains(FINGERPRINT), "{error}");
}

#[tokio::test]
async fn a_changed_certificate_ends_the_attempt_and_both_are_shown() {
    let known = "SHA256:before".to_owned();
    let error = refused(TrustVerdict::Changed {
        known: known.clone(),
    })
    .await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Untrusted)
    );
    assert_eq!(error.identity, Some(identity_of_the_server()));
    assert_eq!(error.known, Some(known));
}

#[tokio::test]
async fn kinds_that_are_not_spoken_are_named_and_refused() {
    for (types, text) in [
        (&[19][..], "(TLSSASL, X509SASL, type 300); turn SASL off"),
        // What the password would protect is not given up for it.
        #[cfg(feature = "anonymous-tls")]
        (&[2, 19], "(TLSSASL, X509SASL, type 300); turn SASL off"),
    ] {
        let (session, _) = offered(TrustVerdict::Unknown, types, &[263, 264, 300]).await;
        let error = session.run.await.unwrap().unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::KeyExchange, FailureKind::Protocol),
            "{error}"
        );
        assert!(error.message.contains(text), "{error}");
    }
}

#[tokio::test]
async fn account_and_password_are_never_sent_in_the_clear() {
    let (mut session, _) = offered(TrustVerdict::Unknown, &[19], &[256]).await;
    let mut said = Vec::new();
    session.server.read_to_end(&mut said).await.unwrap();
    assert!(said.is_empty());
    let error = session.run.await.unwrap().unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::KeyExchange, FailureKind::Protocol)
    );
    assert!(error.message.contains("(Plain); its sign-in"), "{error}");
}

#[tokio::test]
async fn inside_ssh_account_and_password_may_be_sent_as_they_are() {
    let mut session = session(|start| {
        start.purpose = Purpose::Probe;
        start.endpoint.via = Some(ConnectionId::new("con_gate".to_owned()));
        start.credentials.username = Some("ann".to_owned());
        start.credentials.password = Some(Secret::new("secret"));
    });
    let sent = [
        b"RFB 003.008\n",
        &[1, 19, 0, 2, 0, 1][..],
        &256_u32.to_be_bytes(),
    ]
    .concat();
    session.server.write_all(&sent).await.unwrap();
    assert_eq!(
        heard::<15>(&mut session.server).await,
        *b"RFB 003.008\n\x13\x00\x02"
    );
    assert_eq!(heard::<4>(&mut session.server).await, 256_u32.to_be_bytes());
    assert_eq!(
        heard::<17>(&mut session.server).await,
        *b"\0\0\0\x03\0\0\0\x06annsecret"
    );
    let rest = [&[0; 4][..], &server_init(Size::new(4, 4), b"desk")].concat();
    session.server.write_all(&rest).await.unwrap();
    assert_eq!(session.run.await.unwrap(), Ok(()));
}

#[cfg(not(feature = "anonymous-tls"))]
#[tokio::test]
async fn kinds_without_a_certificate_are_named_and_refused() {
    for (types, stage, text) in [
        (&[19][..], Stage::KeyExchange, "(TLSNone, TLSVnc, type 300)"),
        // A type that was chosen cannot be given back on the same stream.
        (&[2, 19], Stage::Tls, "TLS without a certificate only"),
    ] {
        let (session, _) = offered(TrustVerdict::Unknown, types, &[257, 258, 300]).await;
        let error = session.run.await.unwrap().unwrap_err();
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Protocol),
            "{error}"
        );
        assert!(error.message.contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_machine_whose_certificate_was_accepted_is_never_spoken_to_in_the_clear() {
    let greeting = &b"RFB 003.008\n"[..];
    let old = &b"RFB 003.003\n"[..];
    let anonymous = [greeting, &[2, 2, 19, 0, 2, 0, 1], &257_u32.to_be_bytes()].concat();
    for (what, sent, expected) in [
        (
            "no sign-in",
            [greeting, &[1, 1]].concat(),
            greeting.to_vec(),
        ),
        (
            "a password",
            [greeting, &[2, 1, 2]].concat(),
            greeting.to_vec(),
        ),
        (
            "3.3, no sign-in",
            [old, &[0, 0, 0, 1]].concat(),
            old.to_vec(),
        ),
        (
            "3.3, a password",
            [old, &[0, 0, 0, 2]].concat(),
            old.to_vec(),
        ),
        (
            "TLS without a certificate, or a password",
            anonymous,
            [greeting, &[19, 0, 2]].concat(),
        ),
    ] {
        for via in [None, Some(ConnectionId::new("con_gate".to_owned()))] {
            let mut session = session(|start| {
                start.endpoint.via = via.clone();
                start.credentials.password = Some(Secret::new("secret"));
                start.trust = Arc::new(Verdict(TrustVerdict::Trusted, Arc::default()));
            });
            session.server.write_all(&sent).await.unwrap();
            // A client that goes on would wait for more, so its end must not take that long.
            session.server.shutdown().await.unwrap();
            let error = session.run.await.unwrap().unwrap_err();
            assert_eq!(
                (error.stage, error.kind),
                (Stage::Tls, FailureKind::Untrusted),
                "{what} {via:?}: {error}"
            );
            assert_eq!(error.identity, None, "{what}");
            assert_eq!(error.known.as_deref(), Some(FINGERPRINT), "{what}");
            assert!(
                error.message.contains("offered no TLS although"),
                "{what}: {error}"
            );
            let mut said = Vec::new();
            session.server.read_to_end(&mut said).await.unwrap();
            assert_eq!(said, expected, "{what} {via:?}");
        }
    }
}

#[tokio::test]
async fn noise_instead_of_tls_is_refused() {
    let (mut session, _) = offered(TrustVerdict::Trusted, &[19], &[260]).await;
    session.server.write_all(&[1]).await.unwrap();
    session.server.write_all(&[0; 64]).await.unwrap();
    let error = session.run.await.unwrap().unwrap_err();
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Protocol),
        "{error}"
    );
}
