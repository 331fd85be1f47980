//! Records what a VNC server sends, for the tests and for measuring.
//!
//! `cargo run -p farwire-vnc --example record -- HOST:PORT OUT SECONDS ENCODINGS [MILLISECONDS] [WIDTHxHEIGHT] [DEPTH]`
//!
//! The server must take security type None. ENCODINGS are numbers, best first, joined by commas, pseudo-encodings
//! included: `7,1,0,-224,-32`. The recording holds every byte the server sent, greeting included; `examples/replay.rs`
//! and `tests/replay.rs` feed it to decoders. Updates are asked for every MILLISECONDS (40), so nothing here depends on
//! the decoders under test. With a size (`-` for none) the server is asked to take it half way. DEPTH is `full`, `high`,
//! `low` or `mapped`, and its pixel format is written here again, as plain bytes.
//!
//! The last second is silent, for the screen to rest; then the server is asked for everything once more, in raw pixels.
//! So a recording ends with what the picture must be by then.

use farwire_vnc::{Depth, PixelFormat};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// `SetPixelFormat` for a depth's name, or a format's sixteen bytes as hexadecimal digits.
fn pixel_format(depth: &str) -> Option<Vec<u8>> {
    let digits = u128::from_str_radix(depth, 16).map(u128::to_be_bytes);
    let format = Depth::of(depth).and_then(PixelFormat::asked);
    let format = format.or_else(|| PixelFormat::from_wire(digits.ok()?))?;
    Some([[0; 4].as_slice(), &format.to_wire()].concat())
}

/// `SetEncodings`.
fn set_encodings(encodings: &[i32]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut message = vec![2, 0];
    message.extend_from_slice(&u16::try_from(encodings.len())?.to_be_bytes());
    message.extend(encodings.iter().flat_map(|encoding| encoding.to_be_bytes()));
    Ok(message)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, out, seconds, encodings, rest @ ..] = arguments.as_slice() else {
        return Err(
            "usage: record HOST:PORT OUT SECONDS ENCODINGS [MILLISECONDS] [WIDTHxHEIGHT] [DEPTH]"
                .into(),
        );
    };
    let length = Duration::from_secs_f64(seconds.parse()?);
    let encodings = encodings
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<i32>, _>>()?;
    let period = Duration::from_millis(rest.first().map_or(Ok(40), |text| text.parse())?);
    let wish = rest.get(1).and_then(|text| text.split_once('x'));
    let depth = rest.get(2).map_or("full", String::as_str);
    let format = pixel_format(depth)
        .ok_or("DEPTH is full, high, low, mapped, or a pixel format in hexadecimal digits")?;

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

    server.write_all(&format)?;
    server.write_all(&set_encodings(&encodings)?)?;
    server.write_all(&[3, 0, 0, 0, 0, 0, 255, 255, 255, 255])?;

    let mut wish = match wish {
        Some((width, height)) => Some((width.parse::<u16>()?, height.parse::<u16>()?)),
        None => None,
    };
    let (began, mut asked) = (Instant::now(), Instant::now());
    server.set_read_timeout(Some(Duration::from_millis(5)))?;
    let mut chunk = vec![0; 1 << 20];
    let (rest, end) = (Duration::from_secs(1), Duration::from_secs(2));
    let mut is_ending = false;
    while began.elapsed() < length + end {
        if began.elapsed() > length + rest && !is_ending {
            is_ending = true;
            let pseudo = encodings.iter().copied().filter(|encoding| *encoding < 0);
            let raw: Vec<i32> = std::iter::once(0).chain(pseudo).collect();
            server.write_all(&set_encodings(&raw)?)?;
            server.write_all(&[3, 0, 0, 0, 0, 0, 255, 255, 255, 255])?;
        }
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
        if asked.elapsed() > period && began.elapsed() < length {
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
