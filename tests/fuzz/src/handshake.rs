//! From the greeting to the session, over a stream that ends with the input.

use super::support::session_over;
use farwire_model::connection::ProtocolKind;
use farwire_model::ids::ConnectionId;
use farwire_model::secret::Secret;
use farwire_model::session::Purpose;
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use std::future::Future;
use std::io::Cursor;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A stream that has ended leaves nothing to wait for but the work at hand, which takes a second or two at most.
const LIMIT: Duration = Duration::from_secs(9);

thread_local! {
    /// Made once: its threads outlive an input.
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
}

/// The bits of the first byte.
const HAS_PASSWORD: u8 = 1;
const HAS_ACCOUNT: u8 = 2;
const IS_MAC: u8 = 4;
const IS_INSIDE_SSH: u8 = 8;
const WAS_ACCEPTED: u8 = 16;
const IS_LIVE: u8 = 32;

/// Accepts whatever is shown, so that what comes after is reached.
struct Anybody {
    was_accepted: bool,
}

impl TrustCheck for Anybody {
    fn check(&self, _: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async { TrustVerdict::Trusted })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        self.was_accepted.then(|| "SHA256:known".to_owned())
    }
}

/// All that a server says. The first byte chooses what is stored for it and how it is reached.
pub fn handshake(input: &[u8]) {
    let Some((choice, said)) = input.split_first() else {
        return;
    };
    let has = |bit: u8| choice & bit != 0;
    let stream = tokio::io::join(Cursor::new(said.to_vec()), tokio::io::sink());
    let run = async {
        let mut session = session_over(stream, (), |start| {
            if has(HAS_PASSWORD) {
                start.credentials.password = Some(Secret::new("secret"));
            }
            if has(HAS_ACCOUNT) {
                start.credentials.username = Some("ann".to_owned());
            }
            if has(IS_MAC) {
                start.endpoint.protocol = ProtocolKind::Apple;
            }
            start.endpoint.via = has(IS_INSIDE_SSH).then(|| ConnectionId::new("con_gate"));
            start.trust = Arc::new(Anybody {
                was_accepted: has(WAS_ACCEPTED),
            });
            start.purpose = match has(IS_LIVE) {
                true => Purpose::Live,
                false => Purpose::Probe,
            };
        });
        while session.events.recv().await.is_some() {}
        let ended = session.run.await;
        // Whether it came up does not matter; that it ended, and how, does.
        assert!(ended.is_ok(), "{ended:?}");
        let size = session.surface.size();
        let pixels = session
            .surface
            .paint(|painter| painter.frame().pixels().len());
        assert_eq!(pixels, size.pixels());
    };
    RUNTIME.with(|runtime| {
        let ended = runtime.block_on(async { tokio::time::timeout(LIMIT, run).await });
        assert!(ended.is_ok(), "it did not end");
    });
}
