//! Our engine as the application runs it: socket, session task, decoding thread, surface. No viewer is attached.

use crate::{Outcome, write_picture};
use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::{Credentials, Endpoint};
use farwire_model::frame::Surface;
use farwire_model::session::{Meter, Protocol, Purpose, Start};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use farwire_vnc::Vnc;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Nothing is asked for on a connection without TLS.
struct NoTrust;

impl TrustCheck for NoTrust {
    fn check(&self, _: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async { TrustVerdict::Unknown })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

/// Follows the server until it closes, then writes the picture.
#[tokio::main]
pub async fn run(port: u16, quality: &str, picture: &str) -> Outcome {
    let quality = match quality.parse::<u64>() {
        Ok(level) => level.into(),
        Err(_) => quality.into(),
    };
    let (events, mut heard) = mpsc::channel(16);
    let (_input, inputs) = mpsc::channel(1);
    let surface = Surface::new();
    let run = Vnc.run(Start {
        endpoint: Endpoint {
            protocol: ProtocolKind::Vnc,
            host: "127.0.0.1".to_owned(),
            port,
            via: None,
            through: Vec::new(),
        },
        credentials: Credentials::default(),
        jumps: Vec::new(),
        files: tokio::sync::watch::Sender::new(None),
        tunnels: tokio::sync::watch::Sender::new(None),
        settings: [("vnc.quality".to_owned(), quality)].into_iter().collect(),
        size: None,
        purpose: Purpose::Live,
        surface: Arc::clone(&surface),
        screen: None,
        log: None,
        meter: Arc::new(Meter::default()),
        events,
        inputs,
        trust: Arc::new(NoTrust),
        ask: Arc::new(farwire_model::ask::Nobody),
        kept: farwire_model::session::Kept::default(),
        cancel: CancellationToken::new(),
    });
    let session = tokio::spawn(run);
    while heard.recv().await.is_some() {}
    // It ends by the server's closing, which is a loss to a session. What went wrong otherwise shows in the picture.
    if let Err(error) = session.await? {
        eprintln!("{error}");
    }
    write_picture(picture, surface.snapshot().pixels())
}
