//! Recordings of a real server give the same picture in our engine as in independent decoders.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::frame::{Framebuffer, Rect, Size};
use farwire_model::session::FailureKind;
use farwire_vnc::decode::{Report, Target};
use std::time::Duration;
use support::{Decoding, Recording, assert_same, session};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use vnc::{PixelFormat, VncConnector, VncEncoding, VncEvent};

const DEADLINE: Duration = Duration::from_secs(20);

/// Sends a whole recording, then closes; meanwhile takes whatever the client says.
async fn serve(mut server: DuplexStream, bytes: Vec<u8>) {
    let (mut reader, mut writer) = tokio::io::split(&mut server);
    let send = async {
        writer.write_all(&bytes).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let drain = async {
        let mut scratch = [0; 4096];
        while reader.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
    };
    tokio::join!(send, drain);
}

async fn ours(recording: &Recording) -> Framebuffer {
    let mut session = session(|_| {});
    let server = tokio::spawn(serve(session.server, recording.bytes.clone()));
    let events = tokio::spawn(async move { while session.events.recv().await.is_some() {} });
    let ended = timeout(DEADLINE, session.run).await.unwrap().unwrap();
    assert_eq!(
        ended.unwrap_err().kind,
        FailureKind::Lost,
        "the recording ends"
    );
    events.await.unwrap();
    server.await.unwrap();
    session.surface.snapshot()
}

/// What the crate `vnc-rs` makes of a recording.
async fn theirs(recording: &Recording) -> Framebuffer {
    let (client, server) = tokio::io::duplex(1 << 20);
    let server = tokio::spawn(serve(server, recording.bytes.clone()));
    let mut connector = VncConnector::new(client)
        .set_auth_method(async { Ok(String::new()) })
        .allow_shared(true)
        .set_pixel_format(PixelFormat::rgba());
    for encoding in [
        VncEncoding::Tight,
        VncEncoding::Zrle,
        VncEncoding::CopyRect,
        VncEncoding::Raw,
        VncEncoding::CursorPseudo,
        VncEncoding::DesktopSizePseudo,
        VncEncoding::ExtendedDesktopSizePseudo,
        VncEncoding::LastRectPseudo,
    ] {
        connector = connector.add_encoding(encoding);
    }
    let client = connector
        .build()
        .unwrap()
        .try_start()
        .await
        .unwrap()
        .finish()
        .unwrap();
    let mut frame = Framebuffer::new(recording.size).unwrap();
    while let Ok(Ok(event)) = timeout(DEADLINE, client.recv_event()).await {
        draw(&mut frame, event);
    }
    drop(client);
    server.await.unwrap();
    frame
}

fn draw(frame: &mut Framebuffer, event: VncEvent) {
    let ours = |rect: vnc::Rect| Rect::new(rect.x, rect.y, rect.width, rect.height);
    match event {
        VncEvent::SetResolution(screen) => resize(frame, screen.width, screen.height),
        VncEvent::DesktopUpdate(update) => {
            if let Some(layout) = update.layout {
                resize(frame, layout.width, layout.height);
            }
        }
        VncEvent::RawImage(rect, bytes) => put(frame, ours(rect), &bytes),
        VncEvent::Copy(to, from) => frame.copy(ours(from), to.x, to.y),
        VncEvent::JpegImage(rect, bytes) => put(frame, ours(rect), &jpeg(&bytes)),
        VncEvent::Error(error) => panic!("vnc-rs: {error}"),
        _ => {}
    }
}

fn resize(frame: &mut Framebuffer, width: u16, height: u16) {
    let mut next = Framebuffer::new(Size::new(width, height)).unwrap();
    if let Some(both) = next.size().rect().intersection(frame.size().rect()) {
        for y in 0..both.height {
            let from = frame.row(both, y).unwrap();
            next.row_mut(both, y).unwrap().copy_from_slice(from);
        }
    }
    *frame = next;
}

fn put(frame: &mut Framebuffer, rect: Rect, bytes: &[u8]) {
    let rows = bytes.chunks_exact(usize::from(rect.width) * 4);
    for (to, from) in frame.rows_mut(rect).zip(rows) {
        for (to, from) in to.iter_mut().zip(from.chunks_exact(4)) {
            *to = [from[0], from[1], from[2], 255];
        }
    }
}

fn jpeg(bytes: &[u8]) -> Vec<u8> {
    let picture = mozjpeg::Decompress::new_mem(bytes).unwrap();
    let mut rest = picture
        .to_colorspace(mozjpeg::ColorSpace::JCS_EXT_RGBA)
        .unwrap();
    rest.read_scanlines().unwrap()
}

async fn check(name: &str) {
    check_recording(&Recording::open(name), name).await;
}

async fn check_recording(recording: &Recording, name: &str) {
    assert_same(&ours(recording).await, &theirs(recording).await, name);
}

#[tokio::test]
async fn raw_matches_an_independent_decoder() {
    check("raw").await;
}

#[tokio::test]
async fn copy_rect_matches_an_independent_decoder() {
    check("copyrect").await;
}

#[tokio::test]
async fn zrle_matches_an_independent_decoder() {
    check("zrle").await;
}

#[tokio::test]
async fn tight_matches_an_independent_decoder() {
    check("tight").await;
}

#[tokio::test]
async fn tight_with_jpeg_matches_an_independent_decoder() {
    check("tight-jpeg").await;
}

#[tokio::test]
async fn a_resize_matches_an_independent_decoder() {
    check("resize").await;
}

/// TigerVNC never uses the gradient filter nor three colours' worth of the rest, so these rectangles are made here.
#[tokio::test]
async fn filters_that_the_recorded_server_never_uses_match_an_independent_decoder() {
    let size = Size::new(40, 30);
    let noise: Vec<u8> = (0..40 * 30 * 3)
        .map(|at: u32| (at * at / 7) as u8)
        .collect();
    let indices: Vec<u8> = (0..40 * 30).map(|at: u32| (at % 3) as u8).collect();
    let mut bytes = support::opening(size);
    bytes.extend([0, 0, 0, 4]);
    // The gradient filter on stream 2, twice: the stream goes on, the guesses start over.
    let mut stream = flate2::Compress::new(flate2::Compression::new(6), true);
    for _ in 0..2 {
        bytes.extend(support::rectangle(size.rect(), 7));
        bytes.extend([0x60, 2]);
        bytes.extend(support::tight_data(&mut stream, &noise));
    }
    // Three colours on stream 1; then a rectangle too small to be compressed.
    let mut stream = flate2::Compress::new(flate2::Compression::new(6), true);
    bytes.extend(support::rectangle(size.rect(), 7));
    bytes.extend([0x50, 1, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    bytes.extend(support::tight_data(&mut stream, &indices));
    bytes.extend(support::rectangle(Rect::new(1, 1, 3, 1), 7));
    bytes.extend([0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let recording = Recording {
        begin: 0,
        bytes,
        size,
        pixels: farwire_vnc::PixelFormat::FULL,
    };
    check_recording(&recording, "filters").await;
}

/// `examples/record.rs` ends a recording with the whole picture in raw pixels, at rest: the server itself says what its
/// other encodings meant.
#[test]
fn each_encoding_and_depth_ends_with_the_picture_that_the_server_then_sends_raw() {
    for (name, expected) in [
        ("rre", "RRE"),
        ("corre", "CoRRE"),
        ("zlib", "zlib"),
        ("zrle-high", "ZRLE"),
        ("tight-high", "Tight"),
        ("tight-low", "Tight"),
        ("hextile-mapped", "Hextile"),
        ("tight-wide", "Tight"),
        ("tight-deep", "Tight"),
        ("zrle-wide", "ZRLE"),
        ("zrle-deep", "ZRLE"),
    ] {
        let recording = Recording::open(name);
        let mut decoding = Decoding::of(&recording);
        let mut seen = Vec::new();
        let (mut last, mut before) = (Framebuffer::default(), Framebuffer::default());
        let target = Target {
            surface: &decoding.surface,
            meter: &decoding.meter,
        };
        let mut rest = recording.messages();
        loop {
            let used = decoding.decoder.feed(target, rest, &mut |report| {
                if matches!(report, Report::UpdateEnded { .. }) {
                    let now = decoding.surface.snapshot();
                    before = std::mem::replace(&mut last, now);
                    seen.push(decoding.meter.codec());
                }
            });
            rest = &rest[used.unwrap()..];
            if rest.is_empty() {
                break;
            }
        }
        assert_eq!(seen.pop(), Some("Raw"), "{name} ends in raw pixels");
        assert!(seen.contains(&expected), "{name}: {seen:?}");
        assert_same(&before, &last, name);
        let colours: std::collections::BTreeSet<_> = last.pixels().iter().collect();
        assert!(colours.len() > 10, "{name} has {} colours", colours.len());
    }
}

#[tokio::test]
async fn hextile_matches_a_plain_reading_of_the_rfc() {
    let recording = Recording::open("hextile");
    let mut reference = Reference {
        bytes: recording.messages(),
        frame: Framebuffer::new(recording.size).unwrap(),
        background: [0; 4],
        foreground: [0; 4],
    };
    while !reference.bytes.is_empty() {
        reference.message();
    }
    assert_same(&ours(&recording).await, &reference.frame, "hextile");
}

/// RFC 6143, sections 7.6.1, 7.7.2 and 7.7.4, pixel by pixel.
struct Reference<'a> {
    bytes: &'a [u8],
    frame: Framebuffer,
    background: [u8; 4],
    foreground: [u8; 4],
}

impl Reference<'_> {
    fn u8(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().unwrap();
        self.bytes = rest;
        *first
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.u8(), self.u8()])
    }

    fn pixel(&mut self) -> [u8; 4] {
        let pixel = [self.u8(), self.u8(), self.u8(), 255];
        self.u8();
        pixel
    }

    fn put(&mut self, x: u16, y: u16, pixel: [u8; 4]) {
        let at = usize::from(y) * usize::from(self.frame.size().width) + usize::from(x);
        self.frame.pixels_mut()[at] = pixel;
    }

    fn message(&mut self) {
        match self.u8() {
            0 => {}
            2 => return,
            kind => panic!("the recording has a message of type {kind}"),
        }
        self.u8();
        for _ in 0..self.u16() {
            let rect = Rect::new(self.u16(), self.u16(), self.u16(), self.u16());
            match [self.u16(), self.u16()] {
                [0, 1] => {
                    let from = Rect::new(self.u16(), self.u16(), rect.width, rect.height);
                    self.frame.copy(from, rect.x, rect.y);
                }
                [0, 5] => self.hextile(rect),
                [0xffff, 0xff20] => return,
                encoding => panic!("the recording has a rectangle in encoding {encoding:?}"),
            }
        }
    }

    fn hextile(&mut self, rect: Rect) {
        for y in (rect.y..rect.y + rect.height).step_by(16) {
            for x in (rect.x..rect.x + rect.width).step_by(16) {
                let right = (x + 16).min(rect.x + rect.width);
                let bottom = (y + 16).min(rect.y + rect.height);
                self.tile(x, y, right, bottom);
            }
        }
    }

    fn tile(&mut self, left: u16, top: u16, right: u16, bottom: u16) {
        let flags = self.u8();
        if flags & 1 != 0 {
            for y in top..bottom {
                for x in left..right {
                    let pixel = self.pixel();
                    self.put(x, y, pixel);
                }
            }
            return;
        }
        if flags & 2 != 0 {
            self.background = self.pixel();
        }
        if flags & 4 != 0 {
            self.foreground = self.pixel();
        }
        for y in top..bottom {
            for x in left..right {
                self.put(x, y, self.background);
            }
        }
        let count = if flags & 8 != 0 { self.u8() } else { 0 };
        for _ in 0..count {
            let pixel = if flags & 16 != 0 {
                self.pixel()
            } else {
                self.foreground
            };
            let (place, extent) = (self.u8(), self.u8());
            let (x, y) = (left + u16::from(place >> 4), top + u16::from(place & 15));
            for y in y..=y + u16::from(extent & 15) {
                for x in x..=x + u16::from(extent >> 4) {
                    self.put(x, y, pixel);
                }
            }
        }
    }
}
