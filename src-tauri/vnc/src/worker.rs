//! The thread that decodes: it owns the decoder and never waits for the network while the picture is locked.

use crate::decode::{Decoder, Report, Target};
use crate::error::DecodeError;
use crate::pixel_format::PixelFormat;
use bytes::BytesMut;
use farwire_model::frame::Surface;
use farwire_model::session::Meter;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Decodes chunks until no more come or nobody listens to the reports.
///
/// Blocks; run it on a thread of its own.
pub fn run(
    mut chunks: mpsc::Receiver<BytesMut>,
    reports: mpsc::Sender<Report>,
    surface: Arc<Surface>,
    meter: Arc<Meter>,
    pixels: PixelFormat,
) -> Result<(), DecodeError> {
    let target = Target {
        surface: &surface,
        meter: &meter,
    };
    let mut decoder = Decoder::new(pixels);
    // What could not be decoded yet: at most one incomplete rectangle, whose length its decoder caps.
    let mut pending = BytesMut::new();
    while let Some(chunk) = chunks.blocking_recv() {
        if pending.is_empty() {
            pending = chunk;
        } else {
            // Chunks of one block lie one behind the other: joined without copying.
            pending.unsplit(chunk);
        }
        loop {
            let used = decoder.feed(target, &pending, &mut |report| {
                // A session that is over takes no reports; the check below ends this thread.
                reports.blocking_send(report).unwrap_or_default();
            })?;
            drop(pending.split_to(used));
            if reports.is_closed() {
                return Ok(());
            }
            if used == 0 || pending.is_empty() {
                break;
            }
        }
    }
    Ok(())
}
