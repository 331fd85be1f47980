//! Plays a recording to a client and measures the client.

use crate::Outcome;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often the client's processor time is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// A client that used less than `LITTLE` seconds for this long is done.
const REST: Duration = Duration::from_millis(400);
const LITTLE: f64 = 0.001;
/// A client that is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Plays `recording`, which has its pixels in this byte order, to the client, in whose words `{port}` is the port.
///
/// Prints the processor and wall seconds between the first message after `ServerInit` and the client's rest, all its
/// threads and the kernel's work for them included; its start is not. Then runs `then`, and closes the connection.
pub fn run(recording: &str, order: &str, then: Option<&str>, client: &[&str]) -> Outcome {
    let bytes = std::fs::read(recording)?;
    let (opening, messages) = split(&bytes).ok_or("no recording")?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port().to_string();
    let mut words = client.iter().map(|word| word.replace("{port}", &port));
    let mut child = Command::new(words.next().ok_or("the client is missing")?)
        .args(words)
        .stdout(Stdio::null())
        .spawn()?;
    let measured = serve(&listener, opening, messages, order, then, &mut child);
    if measured.is_err() || then.is_some() {
        child.kill()?;
    }
    child.wait()?;
    let (cpu, wall) = measured?;
    writeln!(std::io::stdout(), "{cpu:.4} {wall:.4}")?;
    Ok(())
}

fn serve(
    listener: &TcpListener,
    opening: [&[u8]; 4],
    messages: &[u8],
    order: &str,
    then: Option<&str>,
    child: &mut Child,
) -> Result<(f64, f64), Box<dyn Error>> {
    let mut stream = accept(listener, child)?;
    stream.set_nodelay(true)?;
    // The version, the security type and `ClientInit` answer the first three parts.
    for (part, answer) in opening.into_iter().zip([12, 1, 1, 0]) {
        stream.write_all(part)?;
        stream.read_exact(vec![0; answer].as_mut_slice())?;
    }
    let [.., init] = opening;
    let native = init.get(4..20).map_or("nothing", byte_order);
    let asked = wishes(&mut stream, native)?;
    if asked != order {
        return Err(format!("the recording is {order}, the client asked for {asked}").into());
    }
    let mut heard = stream.try_clone()?;
    // Ends with the connection. A client whose words nobody takes would wait for ever.
    let drain = thread::spawn(move || std::io::copy(&mut heard, &mut std::io::sink()));
    rest(child)?;
    let (before, began) = (processor_seconds(child)?, Instant::now());
    let mut writer = stream.try_clone()?;
    let (after, wall) = thread::scope(|scope| {
        let sending = scope.spawn(move || writer.write_all(messages));
        let mut ended = rest(child)?;
        while !sending.is_finished() {
            ended = rest(child)?;
        }
        sending.join().map_err(|_| "the sender failed")??;
        Ok::<_, Box<dyn Error>>((processor_seconds(child)?, ended - began))
    })?;
    if let Some(then) = then
        && !Command::new("sh").args(["-c", then]).status()?.success()
    {
        return Err(format!("failed: {then}").into());
    }
    stream.shutdown(std::net::Shutdown::Both)?;
    drop(drain.join());
    Ok((after - before, wall.as_secs_f64()))
}

/// Waits for the client's connection, as long as it lives.
fn accept(listener: &TcpListener, child: &mut Child) -> Result<TcpStream, Box<dyn Error>> {
    listener.set_nonblocking(true)?;
    let began = Instant::now();
    while began.elapsed() < LIMIT && child.try_wait()?.is_none() {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(LIMIT))?;
                return Ok(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => thread::sleep(LOOK),
            Err(error) => return Err(error.into()),
        }
    }
    Err("the client did not connect".into())
}

/// The byte order of a pixel format.
fn byte_order(format: &[u8]) -> &'static str {
    match format {
        [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, ..] => "rgb",
        [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, ..] => "bgr",
        _ => "something else",
    }
}

/// Reads what the client says up to its first request for an update; answers the byte order it wants, which is the
/// server's own unless it says otherwise.
fn wishes(stream: &mut TcpStream, native: &'static str) -> Result<&'static str, Box<dyn Error>> {
    let mut order = native;
    loop {
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        let [kind] = kind;
        match kind {
            0 => {
                let mut format = [0; 19];
                stream.read_exact(&mut format)?;
                let [_, _, _, format @ ..] = format;
                order = byte_order(&format);
            }
            2 => {
                let mut head = [0; 3];
                stream.read_exact(&mut head)?;
                let [_, high, low] = head;
                let count = usize::from(u16::from_be_bytes([high, low]));
                stream.read_exact(&mut vec![0; count * 4])?;
            }
            3 => {
                stream.read_exact(&mut [0; 9])?;
                return Ok(order);
            }
            5 => stream.read_exact(&mut [0; 5])?,
            kind => return Err(format!("the client begins with message {kind}").into()),
        }
    }
}

/// Waits until the client rests; answers when it began to.
fn rest(child: &Child) -> Result<Instant, Box<dyn Error>> {
    let deadline = Instant::now() + LIMIT;
    let (mut since, mut spent) = (Instant::now(), processor_seconds(child)?);
    while since.elapsed() < REST {
        if Instant::now() > deadline {
            return Err("the client does not come to rest".into());
        }
        thread::sleep(LOOK);
        let now = processor_seconds(child)?;
        if now - spent > LITTLE {
            (since, spent) = (Instant::now(), now);
        }
    }
    Ok(since)
}

/// Processor time of all threads of the client, in the kernel's count of nanoseconds.
fn processor_seconds(child: &Child) -> Result<f64, Box<dyn Error>> {
    let mut nanos = 0.0;
    for task in std::fs::read_dir(format!("/proc/{}/task", child.id()))? {
        // A thread that ends meanwhile is none that works.
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let spent = text.split(' ').next().map(str::parse::<f64>);
        nanos += spent.and_then(Result::ok).unwrap_or(0.0);
    }
    Ok(nanos / 1e9)
}

/// Splits a recording into the parts a client answers, and the messages.
fn split(bytes: &[u8]) -> Option<([&[u8]; 4], &[u8])> {
    let (version, rest) = bytes.split_at_checked(12)?;
    let (types, rest) = rest.split_at_checked(1 + usize::from(*rest.first()?))?;
    let (result, rest) = rest.split_at_checked(4)?;
    let name = u32::from_be_bytes(*rest.get(20..)?.first_chunk()?);
    let (init, messages) = rest.split_at_checked(24 + usize::try_from(name).ok()?)?;
    Some(([version, types, result, init], messages))
}
