//! Records a server in two pixel formats at once, update by update.

use crate::{Outcome, write_picture};
use farwire_model::frame::{Size, Surface};
use farwire_model::session::Meter;
use farwire_vnc::PixelFormat;
use farwire_vnc::decode::{Decoder, Report, Target};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A server that sends nothing for this long does not work.
const LIMIT: Duration = Duration::from_secs(20);

/// `SetPixelFormat` of 32 bits with these shifts of red and blue.
fn pixel_format(red: u8, blue: u8) -> [u8; 20] {
    [
        0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, red, 8, blue, 0, 0, 0,
    ]
}

/// One connection and what it brought.
struct Tape {
    server: TcpStream,
    bytes: Vec<u8>,
    /// How much of `bytes` the decoder is done with.
    used: usize,
    decoder: Decoder,
    surface: Arc<Surface>,
    meter: Meter,
}

impl Tape {
    fn new(port: u16, format: [u8; 20], encodings: &[i32]) -> Result<Self, Box<dyn Error>> {
        let server = TcpStream::connect(("127.0.0.1", port))?;
        server.set_nodelay(true)?;
        server.set_read_timeout(Some(LIMIT))?;
        let mut tape = Self {
            server,
            bytes: Vec::new(),
            used: 0,
            decoder: Decoder::new(PixelFormat::FULL),
            surface: Surface::new(),
            meter: Meter::default(),
        };
        tape.take::<12>()?;
        tape.server.write_all(b"RFB 003.008\n")?;
        if tape.take::<2>()? != [1, 1] {
            return Err("the server has other security types than None".into());
        }
        tape.server.write_all(&[1])?;
        tape.take::<4>()?;
        tape.server.write_all(&[1])?;
        let [w0, w1, h0, h1] = tape.take::<4>()?;
        tape.take::<16>()?;
        let name = u32::from_be_bytes(tape.take::<4>()?);
        for _ in 0..name {
            tape.take::<1>()?;
        }
        tape.used = tape.bytes.len();
        let size = Size::new(u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
        tape.surface.paint(|painter| painter.resize(size))?;
        tape.server.write_all(&format)?;
        let mut message = vec![2, 0];
        message.extend_from_slice(&u16::try_from(encodings.len())?.to_be_bytes());
        message.extend(encodings.iter().flat_map(|encoding| encoding.to_be_bytes()));
        tape.server.write_all(&message)?;
        Ok(tape)
    }

    fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Box<dyn Error>> {
        let mut bytes = [0; COUNT];
        self.server.read_exact(&mut bytes)?;
        self.bytes.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn ask(&mut self, is_incremental: bool) -> Outcome {
        let Size { width, height } = self.surface.size();
        let ([w0, w1], [h0, h1]) = (width.to_be_bytes(), height.to_be_bytes());
        let kind = u8::from(is_incremental);
        self.server
            .write_all(&[3, kind, 0, 0, 0, 0, w0, w1, h0, h1])?;
        Ok(())
    }

    /// Reads until an update is whole. The decoder finds its end; that it decodes well is for others to tell.
    fn update(&mut self) -> Outcome {
        let mut chunk = vec![0; 1 << 20];
        let mut has_ended = false;
        while !has_ended {
            let count = self.server.read(&mut chunk)?;
            let new = chunk
                .get(..count)
                .filter(|new| !new.is_empty())
                .ok_or("the server closed the connection")?;
            self.bytes.extend_from_slice(new);
            let target = Target {
                surface: &self.surface,
                meter: &self.meter,
            };
            let mut used = usize::MAX;
            while used > 0 {
                let rest = self.bytes.get(self.used..).unwrap_or_default();
                used = self.decoder.feed(target, rest, &mut |report| {
                    has_ended |= matches!(report, Report::UpdateEnded { .. });
                })?;
                self.used += used;
            }
        }
        Ok(())
    }
}

/// Writes NAME.rgb and NAME.bgr, recordings in our pixel format and in that of X, and NAME.picture, what they end with
/// by the decoder at hand. Prints bytes and millions of pixels.
pub fn run(port: u16, name: &str, encodings: &str, frames: u32, scene: &[&str]) -> Outcome {
    let [program, arguments @ ..] = scene else {
        return Err("the scene is missing".into());
    };
    let encodings = encodings
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<i32>, _>>()?;
    let mut drawing = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut pencil = drawing.stdin.take().ok_or("no pipe to the scene")?;
    let mut drawn = BufReader::new(drawing.stdout.take().ok_or("no pipe from the scene")?).lines();
    let mut tapes = [
        Tape::new(port, pixel_format(0, 16), &encodings)?,
        Tape::new(port, pixel_format(16, 0), &encodings)?,
    ];
    for frame in 0..frames {
        writeln!(pencil, "{frame}")?;
        drawn.next().ok_or("the scene ended")??;
        for tape in &mut tapes {
            tape.ask(frame > 0)?;
        }
        for tape in &mut tapes {
            tape.update()?;
        }
    }
    drop(pencil);
    drawing.wait()?;
    for (tape, order) in tapes.iter().zip(["rgb", "bgr"]) {
        // Whole updates only: a next one may have begun.
        let whole = tape.bytes.get(..tape.used).unwrap_or_default();
        std::fs::write(format!("{name}.{order}"), whole)?;
    }
    let [ours, _] = &tapes;
    write_picture(&format!("{name}.picture"), ours.surface.snapshot().pixels())?;
    let pixels = ours.decoder.pixels() as f64 / 1e6;
    writeln!(std::io::stdout(), "{} {pixels:.3}", ours.used)?;
    Ok(())
}
