//! Turns rows of server pixels into ours, in every format we ask servers for.

use crate::error::DecodeError;
use crate::wire::Reader;
use farwire_model::frame::Pixel;

/// What shows where nothing was painted.
pub const BLACK: Pixel = [0, 0, 0, 255];

/// How many colours a server is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// 32 bits, depth 24, little endian, red lowest.
    ///
    /// A pixel is then the bytes R, G, B, and one to ignore: a row of Raw is a row of ours but for the alpha, and the
    /// three-byte pixels of Tight and ZRLE are R, G, B.
    #[default]
    Full,
    /// 16 bits: five of red, six of green, five of blue.
    High,
    /// 8 bits: three of red, three of green, two of blue.
    Low,
    /// 8 bits that are places in a map of 256 colours, which the server sends (RFC 6143, section 7.6.2).
    Mapped,
}

/// A channel of a pixel in a number: how far it is shifted, and its largest value.
type Channel = (u32, u8);

/// A pixel format, and the colours of its numbers.
pub struct Format {
    depth: Depth,
    /// The colour of every number; empty at full depth, which needs none.
    colours: Box<[Pixel]>,
}

impl Format {
    /// The format for a depth. A map is black until the server sends it.
    pub fn new(depth: Depth) -> Self {
        let colours = match (channels(depth), depth) {
            (_, Depth::Full) => Box::default(),
            (None, _) => vec![BLACK; 256].into_boxed_slice(),
            (Some(channels), _) => (0..1_u32 << (bytes(depth) * 8))
                .map(|number| {
                    let [red, green, blue] = channels.map(|channel| scaled(number, channel));
                    [red, green, blue, 255]
                })
                .collect(),
        };
        Self { depth, colours }
    }

    /// As `SetPixelFormat` says it (RFC 6143, section 7.4).
    pub fn on_the_wire(depth: Depth) -> [u8; 16] {
        let Some([(red_shift, red), (green_shift, green), (blue_shift, blue)]) = channels(depth)
        else {
            return [8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        };
        let (bits, used) = match depth {
            Depth::Full => (32, 24),
            Depth::High => (16, 16),
            Depth::Low | Depth::Mapped => (8, 8),
        };
        let shift = |bits: u32| u8::try_from(bits).unwrap_or(0);
        #[rustfmt::skip]
        let fields = [
            bits, used, 0, 1, 0, red, 0, green, 0, blue,
            shift(red_shift), shift(green_shift), shift(blue_shift), 0, 0, 0,
        ];
        fields
    }

    /// Bytes of a pixel.
    pub fn bytes(&self) -> usize {
        bytes(self.depth)
    }

    /// Bytes of a pixel in Tight, TRLE and ZRLE, which leave out a byte that says nothing.
    pub fn compact_bytes(&self) -> usize {
        match self.depth {
            Depth::Full => 3,
            _ => self.bytes(),
        }
    }

    /// Whole pixels into a row.
    pub fn row(&self, to: &mut [Pixel], from: &[u8]) {
        match self.depth {
            Depth::Full => four_byte_row(to, from),
            _ => self.table_row(to, from),
        }
    }

    /// Compact pixels into a row.
    pub fn compact_row(&self, to: &mut [Pixel], from: &[u8]) {
        match self.depth {
            Depth::Full => three_byte_row(to, from),
            _ => self.table_row(to, from),
        }
    }

    fn table_row(&self, to: &mut [Pixel], from: &[u8]) {
        if self.bytes() == 2 {
            for (to, from) in to.iter_mut().zip(from.as_chunks().0) {
                *to = self.colour(usize::from(u16::from_le_bytes(*from)));
            }
        } else {
            for (to, from) in to.iter_mut().zip(from) {
                *to = self.colour(usize::from(*from));
            }
        }
    }

    /// The next whole pixel.
    pub fn pixel(&self, reader: &mut Reader<'_>) -> Result<Pixel, DecodeError> {
        match self.depth {
            Depth::Full => reader
                .array()
                .map(|[red, green, blue, _]| [red, green, blue, 255]),
            _ => self.compact(reader),
        }
    }

    /// The next compact pixel.
    pub fn compact(&self, reader: &mut Reader<'_>) -> Result<Pixel, DecodeError> {
        match self.depth {
            Depth::Full => reader.array().map(opaque),
            Depth::High => {
                let number = reader.array().map(u16::from_le_bytes)?;
                Ok(self.colour(usize::from(number)))
            }
            Depth::Low | Depth::Mapped => Ok(self.colour(usize::from(reader.u8()?))),
        }
    }

    /// The colour of a pixel's number.
    pub fn of_number(&self, number: u32) -> Pixel {
        match self.depth {
            Depth::Full => {
                let [red, green, blue, _] = number.to_le_bytes();
                opaque([red, green, blue])
            }
            _ => self.colour(usize::try_from(number).unwrap_or(usize::MAX)),
        }
    }

    fn colour(&self, number: usize) -> Pixel {
        self.colours.get(number).copied().unwrap_or(BLACK)
    }

    /// Takes colours of the map, from the one with this number on: red, green and blue of 16 bits each.
    pub fn map(&mut self, first: u16, colours: &[[u8; 6]]) {
        if self.depth == Depth::Mapped {
            let slots = self.colours.iter_mut().skip(usize::from(first));
            for (slot, &[red, _, green, _, blue, _]) in slots.zip(colours) {
                *slot = opaque([red, green, blue]);
            }
        }
    }

    /// Red, green and blue of a pixel's number, for the formats that have them.
    pub fn channels(&self) -> Option<[Channel; 3]> {
        channels(self.depth)
    }
}

const fn bytes(depth: Depth) -> usize {
    match depth {
        Depth::Full => 4,
        Depth::High => 2,
        Depth::Low | Depth::Mapped => 1,
    }
}

const fn channels(depth: Depth) -> Option<[Channel; 3]> {
    match depth {
        Depth::Full => Some([(0, 255), (8, 255), (16, 255)]),
        Depth::High => Some([(11, 31), (5, 63), (0, 31)]),
        Depth::Low => Some([(0, 7), (3, 7), (6, 3)]),
        Depth::Mapped => None,
    }
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
            let mut format = Format::new(depth);
            format.map(3, &[[1, 99, 2, 99, 3, 99]]);
            let mut row = [[7; 4]; 2];
            format.row(&mut row, bytes);
            assert_eq!(row, expected, "{depth:?}");
            assert_eq!(Format::on_the_wire(depth)[0], format.bytes() as u8 * 8);
        }
    }

    #[test]
    fn a_colour_map_that_is_too_long_is_cut_off() {
        let mut format = Format::new(Depth::Mapped);
        format.map(255, &[[1; 6], [2; 6]]);
        format.map(u16::MAX, &[[3; 6]]);
        assert_eq!(format.colour(255), [1, 1, 1, 255]);
    }
}
