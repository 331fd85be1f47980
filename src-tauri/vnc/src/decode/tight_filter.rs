//! Tight's filters: rows of filtered bytes become pixels.

use crate::pixel::BLACK;
use farwire_model::frame::Pixel;

/// A bit a pixel, highest first.
pub fn two_colours(to: &mut [Pixel], from: &[u8], colours: &[Pixel; 256]) {
    let [zero, one, ..] = *colours;
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
pub fn palette(to: &mut [Pixel], from: &[u8], colours: &[Pixel; 256]) {
    for (to, index) in to.iter_mut().zip(from) {
        *to = colours.get(usize::from(*index)).copied().unwrap_or(BLACK);
    }
}

/// Each colour is the difference to a guess from its neighbours on the left, above, and left above.
#[derive(Default)]
pub struct Gradient {
    above: Vec<[u8; 3]>,
}

impl Gradient {
    /// The next row.
    pub fn row(&mut self, to: &mut [Pixel], from: &[u8]) {
        self.above.resize(to.len(), [0; 3]);
        let (mut left, mut left_above) = ([0; 3], [0; 3]);
        let differences = from.as_chunks::<3>().0;
        for ((to, above), difference) in to.iter_mut().zip(&mut self.above).zip(differences) {
            let colour: [u8; 3] = std::array::from_fn(|channel| {
                let at = |pixel: &[u8; 3]| pixel.get(channel).copied().unwrap_or(0);
                let guess =
                    i16::from(at(&left)) + i16::from(at(above)) - i16::from(at(&left_above));
                let guess = u8::try_from(guess.clamp(0, 255)).unwrap_or(0);
                guess.wrapping_add(at(difference))
            });
            left_above = *above;
            left = colour;
            *above = colour;
            *to = crate::pixel::opaque(colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut row = [BLACK; 2];
        gradient.row(&mut row, &[200, 0, 0, 0, 0, 0]);
        assert_eq!(row, [[200, 0, 0, 255], [200, 0, 0, 255]]);
        gradient.row(&mut row, &[100, 10, 0, 0, 0, 0]);
        // Guesses 200 and 200 + 44 - 200; the sum of difference and guess wraps at 256.
        assert_eq!(row, [[44, 10, 0, 255], [44, 10, 0, 255]]);
    }
}
