//! Measures decoding: feeds a recording (see `examples/record.rs`) to the decoder, N times, from memory.
//!
//! `cargo run --release -p farwire-vnc --example replay -- RECORDING [N] [CHUNK]`
//!
//! Prints megapixels and full-HD pictures (2.07 megapixels) a second of processor time, by the pixels the rectangles
//! cover; copies and solid fills count as well.

use farwire_model::frame::{Size, Surface};
use farwire_model::session::Meter;
use farwire_vnc::PixelFormat;
use farwire_vnc::decode::{Decoder, Report, Target};
use std::error::Error;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments
        .first()
        .ok_or("usage: replay RECORDING [N] [CHUNK]")?;
    let times: u32 = arguments.get(1).map_or(Ok(5), |text| text.parse())?;
    let chunk: usize = arguments
        .get(2)
        .map_or(Ok(256 << 10), |text| text.parse())?;
    let bytes = std::fs::read(path)?;
    let (size, messages) = opened(&bytes).ok_or("no recording")?;
    for _ in 0..times {
        let (surface, meter) = (Surface::new(), Meter::default());
        surface.paint(|painter| painter.resize(size))?;
        let target = Target {
            surface: &surface,
            meter: &meter,
        };
        let mut decoder = Decoder::new(PixelFormat::FULL);
        let (mut pending, mut resized) = (Vec::new(), 0);
        let (began, clock) = (processor_seconds(), Instant::now());
        for part in messages.chunks(chunk) {
            pending.extend_from_slice(part);
            let used = decoder.feed(target, &pending, &mut |report| {
                resized += u32::from(matches!(report, Report::Resized(_)));
            })?;
            pending.drain(..used);
        }
        let (seconds, wall) = (processor_seconds() - began, clock.elapsed().as_secs_f64());
        let pixels = decoder.pixels() as f64;
        writeln!(
            std::io::stdout(),
            "{seconds:.3} s of processors, {wall:.3} s, {} updates, {:.1} Mpx, {:.0} MB/s, {:.0} Mpx/s = {:.0} full-HD pictures/s, {} ({} resizes, {} bytes left)",
            meter.updates.load(Ordering::Relaxed),
            pixels / 1e6,
            messages.len() as f64 / 1e6 / seconds,
            pixels / 1e6 / seconds,
            pixels / 2_073_600.0 / seconds,
            meter.codec(),
            resized,
            pending.len(),
        )?;
    }
    Ok(())
}

/// Processor time of this program's threads where the system tells it (Linux), else wall time.
fn processor_seconds() -> f64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = BEGAN.get_or_init(Instant::now);
    let spent = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks = spent.and_then(|text| {
        // After the name in brackets: user and system time are the 12th and 13th fields, in ticks of 10 ms.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    });
    ticks.map_or_else(|| began.elapsed().as_secs_f64(), |ticks| ticks / 100.0)
}

/// Splits a recording into the screen's size and the messages after `ServerInit`.
fn opened(bytes: &[u8]) -> Option<(Size, &[u8])> {
    let types = usize::from(*bytes.get(12)?);
    let init = bytes.get(13 + types + 4..)?;
    let &[w0, w1, h0, h1] = init.first_chunk()?;
    let name = u32::from_be_bytes(*init.get(20..)?.first_chunk()?);
    let messages = init.get(24 + usize::try_from(name).ok()?..)?;
    Some((
        Size::new(u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1])),
        messages,
    ))
}
