//! Anonymous TLS: encrypted, never without encryption, and never where an identity was accepted.

#![cfg(feature = "anonymous-tls")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod peers;
mod support;

use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVersion};
use peers::{greet, take};
use std::pin::Pin;
use std::time::Duration;
use support::{Session, server_init, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_openssl::SslStream;

/// A probe of a server that lists these kinds; answers the kind it chose.
async fn offered(has_account: bool, kinds: &[u32]) -> (Session, u32) {
    let mut session = session(|start| {
        start.purpose = Purpose::Probe;
        start.credentials.username = has_account.then(|| "ann".to_owned());
        start.credentials.password = Some(Secret::new("secret"));
    });
    let pipe = &mut session.server;
    assert_eq!(greet(pipe, &[2, 19]).await, 19);
    pipe.write_all(&[0, 2]).await.unwrap();
    assert_eq!(take(pipe, 2).await, [0, 2]);
    pipe.write_all(&[0, kinds.len() as u8]).await.unwrap();
    for kind in kinds {
        pipe.write_all(&kind.to_be_bytes()).await.unwrap();
    }
    let chosen = take(pipe, 4).await;
    (session, u32::from_be_bytes(chosen.try_into().unwrap()))
}

/// The server's side of TLS with these ciphers, after it said that it is ready.
async fn accept(
    mut pipe: DuplexStream,
    ciphers: &str,
) -> Result<SslStream<DuplexStream>, openssl::ssl::Error> {
    pipe.write_all(&[1]).await.unwrap();
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    context
        .set_max_proto_version(Some(SslVersion::TLS1_2))
        .unwrap();
    context.set_cipher_list(ciphers).unwrap();
    let ssl = Ssl::new(&context.build()).unwrap();
    let mut stream = SslStream::new(ssl, pipe).unwrap();
    Pin::new(&mut stream).accept().await?;
    Ok(stream)
}

async fn failure(run: tokio::task::JoinHandle<Result<(), SessionError>>) -> SessionError {
    tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err()
}

#[tokio::test]
async fn account_and_password_go_through_it_where_nothing_better_is_offered() {
    for (has_account, kinds, expected) in [
        (true, &[257, 258, 259][..], 259),
        (true, &[257, 258], 258),
        (false, &[257, 258, 259], 258),
        (false, &[257, 259], 257),
    ] {
        let (session, chosen) = offered(has_account, kinds).await;
        assert_eq!(chosen, expected);
        let Session {
            server,
            mut events,
            run,
            ..
        } = session;
        let mut inside = accept(server, "aNULL:!eNULL:@SECLEVEL=0").await.unwrap();
        match expected {
            258 => {
                inside.write_all(&[7; 16]).await.unwrap();
                // The response to a challenge of sevens with the password "secret".
                let response = [0x02, 0xb0, 0x48, 0xd0, 0x34, 0x8e, 0x64, 0x76].repeat(2);
                assert_eq!(take(&mut inside, 16).await, response);
            }
            259 => assert_eq!(
                take(&mut inside, 17).await,
                b"\0\0\0\x03\0\0\0\x06annsecret"
            ),
            _ => {}
        }
        let rest = [&[0; 4][..], &server_init(Size::new(4, 4), b"desk")].concat();
        inside.write_all(&rest).await.unwrap();
        inside.flush().await.unwrap();
        assert_eq!(take(&mut inside, 1).await, [1]);
        assert_eq!(run.await.unwrap(), Ok(()));
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event);
        }
        let security = "encrypted (TLS 1.2), but the machine's identity is not proven".to_owned();
        let name = "desk".to_owned();
        assert_eq!(last, Some(SessionEvent::Connected { name, security }));
    }
}

#[tokio::test]
async fn ciphers_that_do_not_encrypt_are_not_agreed_on() {
    let (session, _) = offered(false, &[257]).await;
    let accepted = accept(session.server, "AECDH-NULL-SHA:@SECLEVEL=0").await;
    assert!(accepted.is_err());
    let error = failure(session.run).await;
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Tls, FailureKind::Protocol),
        "{error}"
    );
    assert!(
        error.message.contains("anonymous TLS with desk:5900"),
        "{error}"
    );
}

#[tokio::test]
async fn noise_and_the_end_are_refused() {
    for sent in [&[0; 64][..], b""] {
        let (mut session, _) = offered(false, &[257]).await;
        session.server.write_all(&[1]).await.unwrap();
        session.server.write_all(sent).await.unwrap();
        session.server.shutdown().await.unwrap();
        let error = failure(session.run).await;
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Tls, FailureKind::Protocol),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_wait() {
    for is_ready in [false, true] {
        let (mut session, _) = offered(false, &[257]).await;
        if is_ready {
            session.server.write_all(&[1]).await.unwrap();
        }
        let error = failure(session.run).await;
        let stage = if is_ready {
            Stage::Tls
        } else {
            Stage::KeyExchange
        };
        assert_eq!((error.stage, error.kind), (stage, FailureKind::Unreachable));
        assert!(error.message.contains("within 15 s"), "{error}");
    }
}

#[tokio::test]
async fn inside_ssh_a_password_needs_no_tls() {
    let mut session = session(|start| {
        start.endpoint.via = Some(ConnectionId::new("con_gate".to_owned()));
        start.credentials.password = Some(Secret::new("secret"));
    });
    assert_eq!(greet(&mut session.server, &[19, 2]).await, 2);
    session.cancel.cancel();
    let mut rest = Vec::new();
    session.server.read_to_end(&mut rest).await.unwrap();
    assert_eq!(session.run.await.unwrap(), Ok(()));
}
