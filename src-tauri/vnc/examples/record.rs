//! Records what a VNC server sends, for the tests and for measuring.
//!
//! `cargo run -p farwire-vnc --example record -- HOST:PORT OUT SECONDS ENCODINGS [MILLISECONDS] [WIDTHxHEIGHT]`
//!
//! The server must take security type None. ENCODINGS are numbers, best first, joined by commas, pseudo-encodings
//! included: `7,1,0,-224,-32`. The recording holds every byte the server sent, greeting included, in our own pixel
//! format; `examples/replay.rs` and `tests/replay.rs` feed it to decoders. Updates are asked for every MILLISECONDS
//! (40), so nothing here depends on the decoders under test. With a size the server is asked to take it half way.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// 32 bits, depth 24, little endian, red lowest, as `client::PIXEL_FORMAT`.
const PIXEL_FORMAT: [u8; 20] = [
    0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0,
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, out, seconds, encodings, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: record HOST:PORT OUT SECONDS ENCODINGS [MILLISECONDS] [WIDTHxHEIGHT]".into(),
        );
    };
    let length = Duration::from_secs_f64(seconds.parse()?);
    let encodings = encodings
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<i32>, _>>()?;
    let period = Duration::from_millis(rest.first().map_or(Ok(40), |text| text.parse())?);
    let wish = rest.get(1).and_then(|text| text.split_once('x'));

    let mut server = TcpStream::connect(address)?;
    let mut recording = Vec::new();
    let mut read = |server: &mut TcpStream, count: usize| {
        let mut bytes = vec![0; count];
        server.read_exact(&mut bytes).map(|()| {
            recording.extend_from_slice(&bytes);
            bytes
        })
    };
    read(&mut server, 12)?;
    server.write_all(b"RFB 003.008\n")?;
    let count = read(&mut server, 1)?;
    let types = read(&mut server, count.first().copied().unwrap_or(0).into())?;
    if !types.contains(&1) {
        return Err(format!("the server takes no security type None: {types:?}").into());
    }
    server.write_all(&[1])?;
    read(&mut server, 4)?;
    server.write_all(&[1])?;
    let init = read(&mut server, 24)?;
    let name = init
        .last_chunk()
        .map_or(0, |length| u32::from_be_bytes(*length));
    read(&mut server, usize::try_from(name)?)?;

    server.write_all(&PIXEL_FORMAT)?;
    let mut message = vec![2, 0];
    message.extend_from_slice(&u16::try_from(encodings.len())?.to_be_bytes());
    message.extend(encodings.iter().flat_map(|encoding| encoding.to_be_bytes()));
    server.write_all(&message)?;
    server.write_all(&[3, 0, 0, 0, 0, 0, 255, 255, 255, 255])?;

    let mut wish = match wish {
        Some((width, height)) => Some((width.parse::<u16>()?, height.parse::<u16>()?)),
        None => None,
    };
    let (began, mut asked) = (Instant::now(), Instant::now());
    server.set_read_timeout(Some(Duration::from_millis(5)))?;
    let mut chunk = vec![0; 1 << 20];
    while began.elapsed() < length {
        match server.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => recording.extend(chunk.iter().take(count)),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(error) => return Err(error.into()),
        }
        if asked.elapsed() > period && began.elapsed() + period * 2 < length {
            asked = Instant::now();
            server.write_all(&[3, 1, 0, 0, 0, 0, 255, 255, 255, 255])?;
        }
        if began.elapsed() > length / 2
            && let Some((width, height)) = wish.take()
        {
            let mut message = vec![251, 0];
            message.extend([width, height].into_iter().flat_map(u16::to_be_bytes));
            message.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            message.extend([width, height].into_iter().flat_map(u16::to_be_bytes));
            message.extend([0; 4]);
            server.write_all(&message)?;
        }
    }
    std::fs::write(out, &recording)?;
    eprintln!("{} bytes", recording.len());
    Ok(())
}
