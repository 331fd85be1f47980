//! Reads zlib streams (RFC 1950, RFC 1951) that live as long as a connection and arrive in pieces of any size.
//!
//! | module | holds |
//! | --- | --- |
//! | `stream` | the stream: its blocks, step by step, and what was inflated and not used yet |
//! | `quick` | the loop that nearly all bytes go through |
//! | `codes` | Huffman codes as tables |
//! | `bits` | bits of the input |
//!
//! What is inflated stays where it is until it is used, and is the history for what follows, so that nothing is copied but
//! the history each time the buffer is full. The checksum at a stream's end is not looked at: streams of a connection have no end.

mod bits;
mod codes;
mod quick;
mod stream;

pub use stream::{Damage, Inflate};
