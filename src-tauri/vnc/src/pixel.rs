//! Turns rows of server pixels into ours, in every format that servers have.

use crate::error::DecodeError;
use crate::pixel_format::{Channel, PixelFormat};
use crate::wire::Reader;
use farwire_model::frame::Pixel;

/// What shows where nothing was painted.
pub const BLACK: Pixel = [0, 0, 0, 255];

/// Tight's three bytes are red, green and blue, however the server's own pixels lie.
static FULL: Format = Format {
    pixels: PixelFormat::FULL,
    three: Some(0),
    colours: Vec::new(),
};

/// A pixel format, and the colours of its numbers.
pub struct Format {
    pixels: PixelFormat,
    /// How far the three bytes of a compact pixel are shifted; none if it has more or fewer.
    three: Option<u32>,
    /// The colour of every number; empty for pixels of 32 bits.
    colours: Vec<Pixel>,
}

impl Format {
    /// The colours of a format. A map is black until the server sends it.
    pub fn new(pixels: PixelFormat) -> Self {
        let colours = match pixels {
            PixelFormat { bits: 32, .. } => Vec::new(),
            PixelFormat {
                channels: None,
                bits,
                ..
            } => vec![BLACK; 1 << bits],
            PixelFormat {
                channels: Some(channels),
                bits,
                ..
            } => (0..1_u32 << bits)
                .map(|number| coloured(number, channels))
                .collect(),
        };
        Self {
            pixels,
            three: pixels.three_bytes(),
            colours,
        }
    }

    /// The format of Tight's pixels, whose short ones are red, green and blue.
    pub fn in_tight(&self) -> &Self {
        if self.pixels.is_short_in_tight() {
            &FULL
        } else {
            self
        }
    }

    /// Bytes of a pixel.
    pub const fn bytes(&self) -> usize {
        self.pixels.bytes()
    }

    /// Bytes of a pixel in TRLE, ZRLE, and in Tight's own format, which leave out a byte that says nothing.
    pub fn compact_bytes(&self) -> usize {
        match self.three {
            Some(_) => 3,
            None => self.bytes(),
        }
    }

    /// Whole pixels into a row.
    pub fn row(&self, to: &mut [Pixel], from: &[u8]) {
        match self.pixels {
            PixelFormat::FULL => four_byte_row(to, from),
            PixelFormat {
                bits: 32,
                is_big_endian: false,
                ..
            } => self.wide_row(to, from, u32::from_le_bytes),
            PixelFormat { bits: 32, .. } => self.wide_row(to, from, u32::from_be_bytes),
            _ => self.table_row(to, from),
        }
    }

    /// Compact pixels into a row.
    pub fn compact_row(&self, to: &mut [Pixel], from: &[u8]) {
        match (self.pixels, self.three) {
            (PixelFormat::FULL, _) => three_byte_row(to, from),
            (pixels, Some(shift)) => {
                self.wide_row(to, from, |three: [u8; 3]| pixels.number(&three) << shift)
            }
            (_, None) => self.row(to, from),
        }
    }

    fn wide_row<const BYTES: usize>(
        &self,
        to: &mut [Pixel],
        from: &[u8],
        number: impl Fn([u8; BYTES]) -> u32,
    ) {
        for (to, from) in to.iter_mut().zip(from.as_chunks().0) {
            *to = self.of_number(number(*from));
        }
    }

    fn table_row(&self, to: &mut [Pixel], from: &[u8]) {
        match self.pixels {
            PixelFormat {
                bits: 16,
                is_big_endian: false,
                ..
            } => {
                self.wide_row(to, from, |two| u32::from(u16::from_le_bytes(two)));
            }
            PixelFormat { bits: 16, .. } => {
                self.wide_row(to, from, |two| u32::from(u16::from_be_bytes(two)))
            }
            _ => self.wide_row(to, from, |[one]| u32::from(one)),
        }
    }

    /// The next whole pixel.
    pub fn pixel(&self, reader: &mut Reader<'_>) -> Result<Pixel, DecodeError> {
        let bytes = reader.take(self.bytes())?;
        Ok(self.of_number(self.pixels.number(bytes)))
    }

    /// The next compact pixel.
    pub fn compact(&self, reader: &mut Reader<'_>) -> Result<Pixel, DecodeError> {
        match self.three {
            None => self.pixel(reader),
            Some(shift) => {
                let three: [u8; 3] = reader.array()?;
                Ok(self.of_number(self.pixels.number(&three) << shift))
            }
        }
    }

    /// The number of a pixel of Tight's gradient.
    pub fn number(&self, bytes: &[u8]) -> u32 {
        self.pixels.number(bytes)
    }

    /// The colour of a pixel's number.
    pub fn of_number(&self, number: u32) -> Pixel {
        match self.pixels {
            PixelFormat::FULL => {
                let [red, green, blue, _] = number.to_le_bytes();
                opaque([red, green, blue])
            }
            PixelFormat {
                bits: 32,
                channels: Some(channels),
                ..
            } => coloured(number, channels),
            _ => {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                self.colours.get(place).copied().unwrap_or(BLACK)
            }
        }
    }

    /// Takes colours of the map, from the one with this number on: red, green and blue of 16 bits each.
    pub fn map(&mut self, first: u16, colours: &[[u8; 6]]) {
        if self.pixels.channels.is_none() {
            let slots = self.colours.iter_mut().skip(usize::from(first));
            for (slot, &[red, _, green, _, blue, _]) in slots.zip(colours) {
                *slot = opaque([red, green, blue]);
            }
        }
    }

    /// Red, green and blue of a pixel's number, for the formats that have them.
    pub const fn channels(&self) -> Option<[Channel; 3]> {
        self.pixels.channels
    }
}

fn coloured(number: u32, channels: [Channel; 3]) -> Pixel {
    opaque(channels.map(|channel| scaled(number, channel)))
}

/// A channel, scaled to 0 to 255.
fn scaled(number: u32, (shift, max): Channel) -> u8 {
    let max = u32::from(max);
    let value = (number >> shift & max) * 255 + max / 2;
    u8::try_from(value / max).unwrap_or(u8::MAX)
}

/// A pixel of three bytes.
pub const fn opaque([red, green, blue]: [u8; 3]) -> Pixel {
    [red, green, blue, 255]
}

fn four_byte_row(to: &mut [Pixel], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from.as_chunks::<4>().0) {
        // As one number this becomes a vector OR; byte by byte it does not.
        *to = (u32::from_le_bytes(*from) | 0xff00_0000).to_le_bytes();
    }
}

fn three_byte_row(to: &mut [Pixel], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from.as_chunks::<3>().0) {
        *to = opaque(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel_format::Depth;

    fn asked(depth: Depth) -> PixelFormat {
        PixelFormat::asked(depth).unwrap()
    }

    #[test]
    fn each_depth_gives_white_black_and_a_third_colour() {
        for (depth, bytes, expected) in [
            (
                Depth::Full,
                &[255, 0, 128, 9, 0, 0, 0, 0][..],
                [[255, 0, 128, 255], BLACK],
            ),
            (
                Depth::High,
                &[0xff, 0xff, 0x00, 0xf8],
                [[255; 4], [255, 0, 0, 255]],
            ),
            (
                Depth::Low,
                &[0xff, 0b0000_0111],
                [[255; 4], [255, 0, 0, 255]],
            ),
            (Depth::Mapped, &[3, 0], [[1, 2, 3, 255], BLACK]),
        ] {
            let pixels = asked(depth);
            let mut format = Format::new(pixels);
            format.map(3, &[[1, 99, 2, 99, 3, 99]]);
            let mut row = [[7; 4]; 2];
            format.row(&mut row, bytes);
            assert_eq!(row, expected, "{depth:?}");
            let wire = pixels.to_wire();
            assert_eq!(wire[0], format.bytes() as u8 * 8);
            assert_eq!(PixelFormat::from_wire(wire), Some(pixels));
        }
    }

    #[test]
    fn formats_of_servers_give_the_same_colour_whole_and_compact() {
        // Bits, used, big endian; the channels; whole and compact bytes of the colour 0x20, 0x40, 0x80.
        type Case<'a> = ([u8; 3], [Channel; 3], &'a [u8], &'a [u8]);
        let cases: [Case<'_>; 7] = [
            (
                [32, 24, 0],
                [(16, 255), (8, 255), (0, 255)],
                &[0x80, 0x40, 0x20, 9],
                &[0x80, 0x40, 0x20],
            ),
            (
                [32, 24, 1],
                [(16, 255), (8, 255), (0, 255)],
                &[9, 0x20, 0x40, 0x80],
                &[0x20, 0x40, 0x80],
            ),
            (
                [32, 24, 0],
                [(24, 255), (16, 255), (8, 255)],
                &[9, 0x80, 0x40, 0x20],
                &[0x80, 0x40, 0x20],
            ),
            (
                [32, 24, 1],
                [(24, 255), (16, 255), (8, 255)],
                &[0x20, 0x40, 0x80, 9],
                &[0x20, 0x40, 0x80],
            ),
            // Channels that reach from the lowest byte into the highest leave nothing out.
            (
                [32, 24, 0],
                [(0, 255), (12, 255), (24, 255)],
                &[0x20, 0, 0x04, 0x80],
                &[0x20, 0, 0x04, 0x80],
            ),
            (
                [32, 30, 1],
                [(20, 1023), (10, 1023), (0, 1023)],
                &[0x08, 0x04, 0x06, 0x02],
                &[0x08, 0x04, 0x06, 0x02],
            ),
            (
                [16, 16, 1],
                [(11, 31), (5, 63), (0, 31)],
                &[0x22, 0x10],
                &[0x22, 0x10],
            ),
        ];
        for ([bits, used, big], channels, whole, compact) in cases {
            let pixels = PixelFormat {
                is_big_endian: big == 1,
                ..PixelFormat::coloured(bits, used, channels)
            };
            assert_eq!(PixelFormat::from_wire(pixels.to_wire()), Some(pixels));
            let format = Format::new(pixels);
            let close = |[red, green, blue, alpha]: Pixel| {
                let near = |one: u8, other: u8| one.abs_diff(other) <= 4;
                near(red, 0x20) && near(green, 0x40) && near(blue, 0x80) && alpha == 255
            };
            let mut row = [BLACK; 1];
            format.row(&mut row, whole);
            assert!(close(row[0]), "{pixels:?}: {row:?}");
            assert_eq!(
                format.pixel(&mut Reader::new(whole, "a pixel")).unwrap(),
                row[0]
            );
            assert_eq!(format.compact_bytes(), compact.len(), "{pixels:?}");
            assert_eq!(
                format
                    .compact(&mut Reader::new(compact, "a pixel"))
                    .unwrap(),
                row[0]
            );
            let mut compact_row = [BLACK; 1];
            format.compact_row(&mut compact_row, compact);
            assert_eq!(compact_row, row, "{pixels:?}");
            let tight = format.in_tight();
            let is_short = used == 24;
            assert_eq!(tight.compact_bytes() == 3, is_short, "{pixels:?}");
            if is_short {
                assert_eq!(
                    tight
                        .compact(&mut Reader::new(&[0x20, 0x40, 0x80], "a pixel"))
                        .unwrap(),
                    row[0]
                );
            }
        }
    }

    #[test]
    fn a_colour_map_that_is_too_long_is_cut_off() {
        let mut format = Format::new(asked(Depth::Mapped));
        format.map(255, &[[1; 6], [2; 6]]);
        format.map(u16::MAX, &[[3; 6]]);
        assert_eq!(format.of_number(255), [1, 1, 1, 255]);
    }
}
