//! Tight's filters: rows of filtered bytes become pixels.

use crate::pixel::{BLACK, Format};
use farwire_model::frame::Pixel;

/// A bit a pixel, highest first.
pub fn two_colours(to: &mut [Pixel], from: &[u8], colours: &[Pixel]) {
    let &[zero, one, ..] = colours else { return };
    for (to, byte) in to.chunks_mut(8).zip(from) {
        for (position, pixel) in to.iter_mut().enumerate() {
            *pixel = if byte << position & 0x80 == 0 {
                zero
            } else {
                one
            };
        }
    }
}

/// A byte a pixel. Indices past the palette are black.
pub fn palette(to: &mut [Pixel], from: &[u8], colours: &[Pixel]) {
    for (to, index) in to.iter_mut().zip(from) {
        *to = colours.get(usize::from(*index)).copied().unwrap_or(BLACK);
    }
}

/// Each channel is the difference to a guess from its neighbours on the left, above, and left above.
#[derive(Default)]
pub struct Gradient {
    above: Vec<[u16; 3]>,
}

impl Gradient {
    /// The next row. A format without channels, a colour map, has no gradients.
    pub fn row(&mut self, format: &Format, to: &mut [Pixel], from: &[u8]) {
        let Some(channels) = format.channels() else {
            return;
        };
        self.above.resize(to.len(), [0; 3]);
        let (mut left, mut left_above) = ([0; 3], [0; 3]);
        let pixels = from.chunks_exact(format.compact_bytes());
        for ((to, above), bytes) in to.iter_mut().zip(&mut self.above).zip(pixels) {
            let difference = format.number(bytes);
            let mut number = 0;
            let mut values = [0; 3];
            for (index, (shift, max)) in channels.into_iter().enumerate() {
                let at = |pixel: &[u16; 3]| i32::from(pixel.get(index).copied().unwrap_or(0));
                let guess = at(&left) + at(above) - at(&left_above);
                let guess = u32::try_from(guess.clamp(0, i32::from(max))).unwrap_or(0);
                // Largest values are one less than a power of two, so this is the sum modulo that power.
                let value = guess.wrapping_add(difference >> shift) & u32::from(max);
                number |= value << shift;
                if let Some(slot) = values.get_mut(index) {
                    *slot = u16::try_from(value).unwrap_or(0);
                }
            }
            left_above = *above;
            left = values;
            *above = values;
            *to = format.of_number(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel_format::PixelFormat;

    #[test]
    fn bits_are_read_from_the_highest_and_rows_end_at_their_width() {
        let mut colours = [BLACK; 256];
        colours[1] = [1, 1, 1, 255];
        let mut row = [BLACK; 10];
        two_colours(&mut row, &[0b1010_0000, 0b0100_0000], &colours);
        let ones: Vec<bool> = row.iter().map(|pixel| pixel[0] == 1).collect();
        let expected = [
            true, false, true, false, false, false, false, false, false, true,
        ];
        assert_eq!(ones, expected);
    }

    #[test]
    fn a_gradient_guess_stays_between_0_and_255() {
        let mut gradient = Gradient::default();
        let full = Format::new(PixelFormat::FULL);
        let mut row = [BLACK; 2];
        gradient.row(&full, &mut row, &[200, 0, 0, 0, 0, 0]);
        assert_eq!(row, [[200, 0, 0, 255], [200, 0, 0, 255]]);
        gradient.row(&full, &mut row, &[100, 10, 0, 0, 0, 0]);
        // Guesses 200 and 200 + 44 - 200; the sum of difference and guess wraps at 256.
        assert_eq!(row, [[44, 10, 0, 255], [44, 10, 0, 255]]);
    }
}
