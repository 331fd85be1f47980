//! Connects to a VNC server and writes what it shows as a PPM picture.
//!
//! `cargo run -p farwire-vnc --example shot -- HOST PORT OUT.ppm [seconds] [password] [key=value ...]`,
//! where `key=value` are settings such as `vnc.quality=6`. Text after `type=` is typed once the session is up.

use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::{Credentials, Endpoint};
use farwire_model::frame::Surface;
use farwire_model::input::SessionInput;
use farwire_model::secret::Secret;
use farwire_model::session::{Meter, Protocol, Purpose, SessionEvent, Start};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

struct TrustAll;

impl TrustCheck for TrustAll {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        eprintln!("trusting {} {}", identity.algorithm, identity.fingerprint);
        Box::pin(async { TrustVerdict::Trusted })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: shot HOST PORT OUT.ppm [seconds] [password] [key=value ...]".into());
    };
    let seconds: f64 = rest.first().map_or(Ok(2.0), |text| text.parse())?;
    let mut credentials = Credentials::default();
    if let Some(password) = rest.get(1).filter(|password| !password.is_empty()) {
        credentials.set("vnc.password", Secret::new(password.as_str()));
    }
    let pairs: Vec<(&str, &str)> = rest
        .iter()
        .skip(2)
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let settings = pairs
        .iter()
        .filter(|(key, _)| key.starts_with("vnc."))
        .map(|(key, value)| {
            let value = match *value {
                "true" => true.into(),
                "false" => false.into(),
                other => match other.parse::<u64>() {
                    Ok(number) => number.into(),
                    Err(_) => other.into(),
                },
            };
            ((*key).to_owned(), value)
        });

    let (events, mut heard) = mpsc::channel(16);
    let (input, inputs) = mpsc::channel(16);
    let (surface, meter, cancel) = (
        Surface::new(),
        Arc::new(Meter::default()),
        CancellationToken::new(),
    );
    let start = Start {
        endpoint: Endpoint {
            protocol: ProtocolKind::Vnc,
            host: host.clone(),
            port: port.parse()?,
            via: None,
            through: Vec::new(),
        },
        credentials,
        jumps: Vec::new(),
        files: tokio::sync::watch::Sender::new(None),
        tunnels: tokio::sync::watch::Sender::new(None),
        screen: None,
        log: None,
        settings: settings.collect(),
        size: None,
        purpose: Purpose::Live,
        surface: Arc::clone(&surface),
        meter: Arc::clone(&meter),
        events,
        inputs,
        trust: Arc::new(TrustAll),
        ask: Arc::new(farwire_model::ask::Nobody),
        kept: farwire_model::session::Kept::default(),
        cancel: cancel.clone(),
    };
    let run = tokio::spawn(farwire_vnc::Vnc.run(start));
    while let Some(event) = heard.recv().await {
        eprintln!("{event:?}");
        if matches!(event, SessionEvent::Connected { .. }) {
            break;
        }
    }
    let others = tokio::spawn(async move {
        while let Some(event) = heard.recv().await {
            eprintln!("{event:?}");
        }
    });
    tokio::time::sleep(Duration::from_secs_f64(seconds / 2.0)).await;
    for (key, value) in pairs {
        match key {
            "type" => {
                input
                    .send(SessionInput::Text(value.replace("\\n", "\n")))
                    .await?
            }
            "size" => {
                let (width, height) = value.split_once('x').ok_or("size=WIDTHxHEIGHT")?;
                let (width, height) = (width.parse()?, height.parse()?);
                input
                    .send(SessionInput::Viewport {
                        width,
                        height,
                        scale_percent: 100,
                    })
                    .await?;
            }
            _ => {}
        }
    }
    tokio::time::sleep(Duration::from_secs_f64(seconds / 2.0)).await;
    cancel.cancel();
    run.await??;
    others.await?;
    let frame = surface.snapshot();
    let mut ppm = format!("P6 {} {} 255\n", frame.size().width, frame.size().height).into_bytes();
    ppm.extend(
        frame
            .pixels()
            .iter()
            .flat_map(|[red, green, blue, _]| [*red, *green, *blue]),
    );
    std::fs::write(out, ppm)?;
    eprintln!(
        "{} updates, {} bytes in, {} out, {} µs round trip, {}",
        meter.updates.load(Ordering::Relaxed),
        meter.bytes_in.load(Ordering::Relaxed),
        meter.bytes_out.load(Ordering::Relaxed),
        meter.latency_us.load(Ordering::Relaxed),
        meter.codec()
    );
    Ok(())
}
