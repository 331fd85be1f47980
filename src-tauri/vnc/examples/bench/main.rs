//! Our engine beside other decoders, on the same recordings. `tests/bench/vnc` puts the parts together.
//!
//! | command | does |
//! | --- | --- |
//! | `record PORT NAME ENCODINGS FRAMES SCENE…` | has a scene drawn frame by frame, and records each update of a server |
//! | `play RECORDING ORDER [--then COMMAND] CLIENT…` | plays a recording to a client, and says what that cost the client |
//! | `ours PORT QUALITY PICTURE` | a client: our engine, whole, with no viewer attached |
//! | `vnc-rs PORT PICTURE` | a client: vnc-rs, its events applied to a picture |
//! | `compare PICTURE PICTURE` | says how far two pictures are apart |
//!
//! Pictures are files of red, green and blue bytes.

mod compare;
mod ours;
mod peer;
mod play;
mod record;

use std::error::Error;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["record", port, name, encodings, frames, scene @ ..] => {
            record::run(port.parse()?, name, encodings, frames.parse()?, scene)
        }
        ["play", recording, order, "--then", then, client @ ..] => {
            play::run(recording, order, Some(then), client)
        }
        ["play", recording, order, client @ ..] => play::run(recording, order, None, client),
        ["ours", port, quality, picture] => ours::run(port.parse()?, quality, picture),
        ["vnc-rs", port, picture] => peer::run(port.parse()?, picture),
        ["compare", one, other] => compare::run(one, other),
        _ => Err("the commands are record, play, ours, vnc-rs and compare".into()),
    }
}

/// Writes a picture's red, green and blue bytes.
fn write_picture(path: &str, pixels: &[[u8; 4]]) -> Outcome {
    let bytes: Vec<u8> = pixels
        .iter()
        .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
        .collect();
    Ok(std::fs::write(path, bytes)?)
}
