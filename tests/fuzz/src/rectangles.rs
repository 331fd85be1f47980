//! Each encoding, behind the header of an update and of a rectangle that fits.
//!
//! The first byte chooses the pixel format and whether the data is compressed here, as noise is no zlib stream; the second how
//! long the pieces are, and the next four the rectangle. What follows the rectangle's data is the next header.

use super::both_ways::{SIZE, decode, pixels};
use super::support::{deflate, rectangle, tight_data, update};
use farwire_model::frame::Rect;
use flate2::{Compress, Compression};

/// A count of rectangles that means: until one says that it was the last.
const ANY_NUMBER: u16 = u16::MAX;
/// Set in the first byte: compress the data.
const IS_PACKED: u8 = 4;

/// What the first bytes choose, and the bytes behind them.
struct Choice<'a> {
    choice: u8,
    piece: usize,
    rect: Rect,
    data: &'a [u8],
}

fn choose(input: &[u8]) -> Option<Choice<'_>> {
    let (&[choice, piece, x, y, width, height], data) = input.split_first_chunk()?;
    let (x, y) = (u16::from(x) % SIZE.width, u16::from(y) % SIZE.height);
    let rect = Rect::new(
        x,
        y,
        u16::from(width) % (SIZE.width - x + 1),
        u16::from(height) % (SIZE.height - y + 1),
    );
    Some(Choice {
        choice,
        piece: usize::from(piece) + 1,
        rect,
        data,
    })
}

/// One rectangle, whose data is as it is.
fn plain(input: &[u8], encoding: i32) {
    if let Some(chosen) = choose(input) {
        chosen.decode(&[rectangle(chosen.rect, encoding), chosen.data.to_vec()]);
    }
}

impl Choice<'_> {
    fn decode(&self, parts: &[Vec<u8>]) {
        let messages = [update(ANY_NUMBER), parts.concat()].concat();
        decode(pixels(self.choice), self.piece, &messages);
    }

    /// Two rectangles whose data is compressed in one stream; a byte says where the first one's ends.
    fn packed(&self, encoding: i32, mut pack: impl FnMut(&mut Compress, &[u8]) -> Vec<u8>) {
        let (cut, data) = self.data.split_first().unwrap_or((&0, &[]));
        let (first, second) = data.split_at(data.len() * usize::from(*cut) / 255);
        let mut stream = Compress::new(Compression::fast(), true);
        let header = rectangle(self.rect, encoding);
        let (first, second) = (pack(&mut stream, first), pack(&mut stream, second));
        self.decode(&[header.clone(), first, header, second]);
    }
}

/// Raw pixels.
pub fn raw(input: &[u8]) {
    plain(input, 0);
}

/// Parts of the screen that move.
pub fn copyrect(input: &[u8]) {
    plain(input, 1);
}

/// RRE.
pub fn rre(input: &[u8]) {
    plain(input, 2);
}

/// CoRRE.
pub fn corre(input: &[u8]) {
    plain(input, 4);
}

/// Hextile.
pub fn hextile(input: &[u8]) {
    plain(input, 5);
}

/// Zlib.
pub fn zlib(input: &[u8]) {
    behind_a_length(input, 6);
}

/// TRLE.
pub fn trle(input: &[u8]) {
    plain(input, 15);
}

/// ZRLE.
pub fn zrle(input: &[u8]) {
    behind_a_length(input, 16);
}

/// What zlib and ZRLE share: data behind its length in four bytes.
fn behind_a_length(input: &[u8], encoding: i32) {
    match choose(input) {
        Some(chosen) if chosen.choice & IS_PACKED != 0 => {
            chosen.packed(encoding, |stream, data| {
                let data = deflate(stream, data);
                [&(data.len() as u32).to_be_bytes(), &data[..]].concat()
            })
        }
        _ => plain(input, encoding),
    }
}

/// Tight. Its data's first byte says how many bytes precede what is compressed: the control byte, the filter, colours.
pub fn tight(input: &[u8]) {
    const TIGHT: i32 = 7;
    match choose(input) {
        Some(chosen) if chosen.choice & IS_PACKED != 0 => chosen.packed(TIGHT, |stream, data| {
            let (head, data) = data.split_first().unwrap_or((&0, &[]));
            let (head, data) = data.split_at(data.len().min(usize::from(*head)));
            [head, &tight_data(stream, data)].concat()
        }),
        _ => plain(input, TIGHT),
    }
}

/// The pointer's pictures, of two colours, of many, or with alpha, and its place.
pub fn cursor(input: &[u8]) {
    let kind = input.first().map_or(0, |choice| choice >> 2 & 3);
    plain(input, [-239, -240, -314, -232][usize::from(kind)]);
}
