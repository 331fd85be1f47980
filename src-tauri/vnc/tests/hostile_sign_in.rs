//! Servers that lie before the session is up: whatever they send, an error comes of it, and soon.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod peers;
mod support;

use farwire_model::connection::ProtocolKind;
use farwire_model::secret::Secret;
use farwire_model::session::Purpose;
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use peers::rsa_aes::Server;
use proptest::prelude::*;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::session;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Accepts whatever is shown, so that what comes after is reached.
struct Anybody;

impl TrustCheck for Anybody {
    fn check(&self, _: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async { TrustVerdict::Trusted })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

/// Sends all of it at once, then closes; the run must end by itself, without a panic.
fn survive(sent: &[u8], protocol: ProtocolKind) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut session = session(|start| {
            start.purpose = Purpose::Probe;
            start.endpoint.protocol = protocol;
            start.credentials.username = Some("ann".to_owned());
            start.credentials.password = Some(Secret::new("secret"));
            start.trust = Arc::new(Anybody);
        });
        session.server.write_all(sent).await.unwrap();
        session.server.shutdown().await.unwrap();
        let mut said = Vec::new();
        let reading = session.server.read_to_end(&mut said);
        tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .unwrap()
            .unwrap();
        // Whether it came up does not matter; that it ended, and how, does.
        let ended = session.run.await;
        assert!(ended.is_ok(), "{ended:?}");
    });
}

/// A key that can be encrypted with, as it goes over the wire.
fn public_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| Server::new(2048, true).public())
}

/// Up to where a sign-in begins, its own first bytes included where noise would never get past them.
fn beginnings() -> Vec<(&'static str, Vec<u8>)> {
    let chosen = |kind: u8| [b"RFB 003.008\n", &[1, kind][..]].concat();
    let kind = |kind: u32| [&chosen(19)[..], &[0, 2, 0, 1], &kind.to_be_bytes()].concat();
    let mut all = vec![
        ("nothing", Vec::new()),
        ("a greeting", b"RFB 003.008\n".to_vec()),
        ("an old greeting", b"RFB 003.003\n".to_vec()),
        ("VeNCrypt agreed", [&chosen(19)[..], &[0, 2, 0]].concat()),
        ("a prime", [&chosen(30)[..], &[0, 2, 0, 128]].concat()),
        ("a long prime", [&chosen(30)[..], &[0, 5, 4, 0]].concat()),
        ("a key", [&chosen(129)[..], &[0, 0, 8, 0]].concat()),
        (
            "tunnels",
            [&chosen(16)[..], &[0, 0, 0, 0, 0, 0, 0]].concat(),
        ),
        (
            "Tight's lists",
            [&chosen(16)[..], &[0; 12], &support::server_init(SIZE, b"x")].concat(),
        ),
    ];
    for number in [1, 2, 5, 6, 16, 19, 30, 113, 129, 130] {
        all.push(("a type", chosen(number)));
    }
    for number in 256..=262 {
        all.push(("a kind", kind(number)));
        all.push(("a kind that is ready", [&kind(number)[..], &[1]].concat()));
    }
    all
}

const SIZE: farwire_model::frame::Size = farwire_model::frame::Size::new(64, 48);

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_after_every_beginning_ends_in_an_error(
        begin in prop::sample::select(beginnings()),
        noise in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(1)], 0..2400),
        is_mac in any::<bool>(),
    ) {
        let protocol = if is_mac { ProtocolKind::Apple } else { ProtocolKind::Vnc };
        survive(&[&begin.1[..], &noise].concat(), protocol);
    }
}

proptest! {
    // Our own key is made anew each time.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_after_a_key_ends_in_an_error(
        kind in prop::sample::select(vec![5_u8, 6, 129, 130]),
        has_length in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let length: &[u8] = if has_length { &[1, 0] } else { &[] };
        let begin = [b"RFB 003.008\n", &[1, kind][..], public_key(), length].concat();
        survive(&[&begin[..], &noise].concat(), ProtocolKind::Vnc);
    }
}
