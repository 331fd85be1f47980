//! What the tests share: recordings, a session over a pipe, a decoder over a slice.

#![allow(dead_code, reason = "each test binary uses its part")]

use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::{Credentials, Endpoint};
use farwire_model::frame::{Framebuffer, Rect, Size, Surface};
use farwire_model::input::SessionInput;
use farwire_model::session::{Meter, Purpose, SessionError, SessionEvent, Start};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use farwire_vnc::decode::{Decoder, Report, Target};
use farwire_vnc::{DecodeError, Depth, PixelFormat};
use flate2::{Compress, FlushCompress};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Pixels whose highest three bytes are red, green and blue, highest first, as a recording was asked for.
const WIDE: [u8; 16] = [32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 24, 16, 8, 0, 0, 0];
/// Ten bits a channel.
const DEEP: [u8; 16] = [32, 30, 0, 1, 3, 255, 3, 255, 3, 255, 20, 10, 0, 0, 0, 0];

/// A recording of `examples/record.rs`.
pub struct Recording {
    /// Everything the server sent.
    pub bytes: Vec<u8>,
    /// The screen's first size.
    pub size: Size,
    /// Where the messages after `ServerInit` begin.
    pub begin: usize,
    /// What the server was asked for.
    pub pixels: PixelFormat,
}

impl Recording {
    pub fn open(name: &str) -> Self {
        let path = format!("{}/tests/streams/{name}.rfb", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let init = 13 + usize::from(bytes[12]) + 4;
        let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let size = Size::new(number(init), number(init + 2));
        let begin = init + 24 + usize::from(number(init + 22));
        let ending = name.rsplit_once('-').map_or("", |(_, ending)| ending);
        let pixels = match (ending, Depth::of(ending)) {
            ("wide", _) => PixelFormat::from_wire(WIDE),
            ("deep", _) => PixelFormat::from_wire(DEEP),
            (_, depth) => PixelFormat::asked(depth.unwrap_or_default()),
        };
        Self {
            bytes,
            size,
            begin,
            pixels: pixels.unwrap(),
        }
    }

    pub fn messages(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

/// What a server of type None sends up to and including `ServerInit`.
pub fn opening(size: Size) -> Vec<u8> {
    let mut bytes = b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec();
    bytes.extend(server_init(size, b"desk"));
    bytes
}

/// `ServerInit`, with the pixel format that we ask for.
pub fn server_init(size: Size, name: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(size.width.to_be_bytes());
    bytes.extend(size.height.to_be_bytes());
    bytes.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
    bytes.extend((name.len() as u32).to_be_bytes());
    bytes.extend(name);
    bytes
}

/// An update's header.
pub fn update(rectangles: u16) -> Vec<u8> {
    [&[0, 0][..], &rectangles.to_be_bytes()].concat()
}

/// A rectangle's header.
pub fn rectangle(rect: Rect, encoding: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in [rect.x, rect.y, rect.width, rect.height] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(encoding.to_be_bytes());
    bytes
}

/// The next piece of a zlib stream.
pub fn deflate(stream: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2 + 1024);
    stream
        .compress_vec(bytes, &mut out, FlushCompress::Sync)
        .unwrap();
    out
}

/// The next piece of a zlib stream behind Tight's length.
pub fn tight_data(stream: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    let data = deflate(stream, bytes);
    let length = data.len();
    let mut out = vec![
        length as u8 | 0x80,
        (length >> 7) as u8 | 0x80,
        (length >> 14) as u8,
    ];
    out.extend(data);
    out
}

/// Names of every recording.
pub const RECORDINGS: [&str; 15] = [
    "raw",
    "copyrect",
    "hextile",
    "zrle",
    "tight",
    "tight-jpeg",
    "resize",
    "cursor-alpha",
    "rre",
    "corre",
    "zlib",
    "zrle-high",
    "tight-high",
    "tight-low",
    "hextile-mapped",
];

/// A decoder, its picture, and what it reported.
pub struct Decoding {
    pub decoder: Decoder,
    pub surface: Arc<Surface>,
    pub meter: Meter,
    pub reports: Vec<Report>,
}

impl Decoding {
    pub fn new(size: Size) -> Self {
        Self::at(size, PixelFormat::FULL)
    }

    /// A decoder for a recording.
    pub fn of(recording: &Recording) -> Self {
        Self::at(recording.size, recording.pixels)
    }

    pub fn at(size: Size, pixels: PixelFormat) -> Self {
        let surface = Surface::new();
        surface.paint(|painter| painter.resize(size)).unwrap();
        Self {
            decoder: Decoder::new(pixels),
            surface,
            meter: Meter::default(),
            reports: Vec::new(),
        }
    }

    /// Feeds once; answers how many bytes are done with.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, DecodeError> {
        let target = Target {
            surface: &self.surface,
            meter: &self.meter,
        };
        let reports = &mut self.reports;
        self.decoder
            .feed(target, bytes, &mut |report| reports.push(report))
    }

    /// Feeds in pieces of at most `piece` bytes, as they would arrive; answers what is left over.
    pub fn feed_in_pieces(&mut self, bytes: &[u8], piece: usize) -> Result<usize, DecodeError> {
        let mut pending = Vec::new();
        for part in bytes.chunks(piece) {
            pending.extend_from_slice(part);
            let used = self.feed(&pending)?;
            pending.drain(..used);
        }
        Ok(pending.len())
    }
}

pub struct TrustNobody;

impl TrustCheck for TrustNobody {
    fn check(&self, _: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async { TrustVerdict::Unknown })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

/// A session of ours whose server is the test.
pub struct Session<S = DuplexStream> {
    pub server: S,
    pub events: mpsc::Receiver<SessionEvent>,
    pub inputs: mpsc::Sender<SessionInput>,
    pub surface: Arc<Surface>,
    pub meter: Arc<Meter>,
    pub cancel: CancellationToken,
    pub run: JoinHandle<Result<(), SessionError>>,
}

/// Starts a session over a pipe; `change` sets what differs from an anonymous live one.
pub fn session(change: impl FnOnce(&mut Start)) -> Session {
    let (server, client) = tokio::io::duplex(1 << 20);
    session_over(client, server, change)
}

/// Starts a session over a stream whose other end is `server`, or nothing of the test's.
pub fn session_over<S>(
    client: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    server: S,
    change: impl FnOnce(&mut Start),
) -> Session<S> {
    let (events_in, events) = mpsc::channel(64);
    let (inputs, inputs_out) = mpsc::channel(64);
    let (surface, meter, cancel) = (
        Surface::new(),
        Arc::new(Meter::default()),
        CancellationToken::new(),
    );
    let mut start = Start {
        endpoint: Endpoint {
            protocol: ProtocolKind::Vnc,
            host: "desk".to_owned(),
            port: 5900,
            via: None,
            through: Vec::new(),
        },
        credentials: Credentials::default(),
        jumps: Vec::new(),
        files: tokio::sync::watch::Sender::new(None),
        tunnels: tokio::sync::watch::Sender::new(None),
        screen: None,
        log: None,
        settings: BTreeMap::new(),
        size: None,
        purpose: Purpose::Live,
        surface: Arc::clone(&surface),
        meter: Arc::clone(&meter),
        events: events_in,
        inputs: inputs_out,
        trust: Arc::new(TrustNobody),
        ask: Arc::new(farwire_model::ask::Nobody),
        kept: farwire_model::session::Kept::default(),
        cancel: cancel.clone(),
    };
    change(&mut start);
    let run = tokio::spawn(farwire_vnc::run_over(client, start));
    Session {
        server,
        events,
        inputs,
        surface,
        meter,
        cancel,
        run,
    }
}

/// Shows where two pictures differ first.
pub fn assert_same(ours: &Framebuffer, theirs: &Framebuffer, what: &str) {
    assert_eq!(ours.size(), theirs.size(), "{what}");
    let differs = ours
        .pixels()
        .iter()
        .zip(theirs.pixels())
        .position(|(a, b)| a != b);
    if let Some(at) = differs {
        let width = usize::from(ours.size().width);
        let (x, y) = (at % width, at / width);
        panic!(
            "{what}: {:?} and {:?} at {x},{y}",
            ours.pixels()[at],
            theirs.pixels()[at]
        );
    }
}
