//! Turns rows of server pixels into ours.

use farwire_model::frame::Pixel;

/// What shows where nothing was painted.
pub const BLACK: Pixel = [0, 0, 0, 255];

/// A pixel of three bytes.
pub const fn opaque([red, green, blue]: [u8; 3]) -> Pixel {
    [red, green, blue, 255]
}

/// Four-byte pixels (Raw, Hextile) into a row.
pub fn four_byte_row(to: &mut [Pixel], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from.as_chunks::<4>().0) {
        // As one number this becomes a vector OR; byte by byte it does not.
        *to = (u32::from_le_bytes(*from) | 0xff00_0000).to_le_bytes();
    }
}

/// Three-byte pixels (Tight, ZRLE) into a row.
pub fn three_byte_row(to: &mut [Pixel], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from.as_chunks::<3>().0) {
        *to = opaque(*from);
    }
}
