//! How pixels lie in bytes: what servers are asked for, and what they have by themselves.

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
    /// What the server has. It is asked for nothing: some servers send their own format, whatever they are asked for.
    Server,
}

impl Depth {
    /// The depth of this name, as settings have it.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "full" => Self::Full,
            "high" => Self::High,
            "low" => Self::Low,
            "mapped" => Self::Mapped,
            "server" => Self::Server,
            _ => return None,
        })
    }
}

/// A channel of a pixel in a number: how far it is shifted, and its largest value, one less than a power of two.
pub type Channel = (u32, u16);

/// How a server's pixels lie in bytes (RFC 6143, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelFormat {
    /// Of a pixel: 8, 16 or 32.
    pub(crate) bits: u8,
    /// How many of them say something.
    pub(crate) used: u8,
    pub(crate) is_big_endian: bool,
    /// Red, green and blue; none of a map, where pixels are places in it.
    pub(crate) channels: Option<[Channel; 3]>,
}

impl PixelFormat {
    /// That of [`Depth::Full`].
    pub const FULL: Self = Self::coloured(32, 24, [(0, 255), (8, 255), (16, 255)]);

    pub(crate) const fn coloured(bits: u8, used: u8, channels: [Channel; 3]) -> Self {
        Self {
            bits,
            used,
            is_big_endian: false,
            channels: Some(channels),
        }
    }

    /// What a server is asked for; nothing means that its own is taken.
    pub fn asked(depth: Depth) -> Option<Self> {
        match depth {
            Depth::Full => Some(Self::FULL),
            Depth::High => Some(Self::coloured(16, 16, [(11, 31), (5, 63), (0, 31)])),
            Depth::Low => Some(Self::coloured(8, 8, [(0, 7), (3, 7), (6, 3)])),
            Depth::Mapped => Some(Self {
                bits: 8,
                used: 8,
                is_big_endian: false,
                channels: None,
            }),
            Depth::Server => None,
        }
    }

    /// The format that a server says it has; none for one that no server can have.
    pub fn from_wire(bytes: [u8; 16]) -> Option<Self> {
        let [
            bits,
            used,
            is_big_endian,
            is_coloured,
            r1,
            r0,
            g1,
            g0,
            b1,
            b0,
            shifts @ ..,
        ] = bytes;
        let [red, green, blue, ..] = shifts;
        let fits = |shift: u8, max: [u8; 2]| {
            let max = u16::from_be_bytes(max);
            let is_whole = max.trailing_ones() + max.leading_zeros() == 16 && max > 0;
            let is_inside = u32::from(shift) + max.trailing_ones() <= u32::from(bits);
            (is_whole && is_inside).then_some((u32::from(shift), max))
        };
        let channels = match is_coloured {
            0 => None,
            _ => Some([
                fits(red, [r1, r0])?,
                fits(green, [g1, g0])?,
                fits(blue, [b1, b0])?,
            ]),
        };
        let is_known = match bits {
            8 | 16 => true,
            32 => channels.is_some(),
            _ => false,
        };
        is_known.then_some(Self {
            bits,
            used,
            is_big_endian: is_big_endian != 0 && bits > 8,
            channels,
        })
    }

    /// As `SetPixelFormat` says it (RFC 6143, section 7.4).
    pub fn to_wire(self) -> [u8; 16] {
        let Self {
            bits,
            used,
            is_big_endian,
            channels,
        } = self;
        let is_coloured = u8::from(channels.is_some());
        let [red, green, blue] = channels.unwrap_or_default();
        let shift = |(shift, _): Channel| u8::try_from(shift).unwrap_or(0);
        let ([r1, r0], [g1, g0], [b1, b0]) = (
            red.1.to_be_bytes(),
            green.1.to_be_bytes(),
            blue.1.to_be_bytes(),
        );
        #[rustfmt::skip]
        let fields = [
            bits, used, u8::from(is_big_endian), is_coloured, r1, r0, g1, g0, b1, b0,
            shift(red), shift(green), shift(blue), 0, 0, 0,
        ];
        fields
    }

    /// Bytes of a pixel.
    pub(crate) const fn bytes(self) -> usize {
        match self.bits {
            32 => 4,
            16 => 2,
            _ => 1,
        }
    }

    /// Where the three bytes of a pixel lie that say something, by how many bits, if three are enough (RFC 6143, section 7.7.5).
    pub(crate) fn three_bytes(self) -> Option<u32> {
        let channels = self
            .channels
            .filter(|_| self.bits == 32 && self.used <= 24)?;
        let mask = channels
            .iter()
            .fold(0, |mask, (shift, max)| mask | u32::from(*max) << shift);
        match mask {
            ..0x0100_0000 => Some(0),
            _ if mask & 0xff == 0 => Some(8),
            _ => None,
        }
    }

    /// Whether Tight leaves a byte out (rfbproto, "Tight Encoding", `TPIXEL`).
    pub(crate) fn is_short_in_tight(self) -> bool {
        let is_byte = |(_, max): Channel| max == 255;
        self.bits == 32
            && self.used == 24
            && self
                .channels
                .is_some_and(|three| three.into_iter().all(is_byte))
    }

    /// The number that these bytes are.
    pub(crate) fn number(self, bytes: &[u8]) -> u32 {
        let add = |number: u32, byte: &u8| number << 8 | u32::from(*byte);
        if self.is_big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_no_server_can_have_are_refused() {
        let full = PixelFormat::FULL.to_wire();
        for (at, value) in [
            (0, 24), // bits of a pixel
            (0, 8),  // blue would begin behind the end
            (3, 0),  // a map of 2^32 colours
            (5, 0),  // no red
            (5, 254),
            (12, 25),
            (12, 255),
        ] {
            let mut wire = full;
            wire[at] = value;
            assert_eq!(PixelFormat::from_wire(wire), None, "{at}: {value}");
        }
    }
}
