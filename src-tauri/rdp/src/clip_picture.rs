//! Pictures on the clipboard: Windows' device-independent bitmap (MS-RDPECLIP 2.2.5.2, format 8) on the wire, PNG here.

use crate::limits::MAX_CLIP_PICTURE_PIXELS;
use farwire_model::input::MAX_PICTURE_BYTES;
use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, Limits};
use std::io::Cursor;

/// The header of a file, which the clipboard leaves out.
const FILE_HEADER_BYTES: usize = 14;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More pixels than are decoded, or more bytes than are brought here.
    TooLarge,
    /// It is none that can be read.
    Broken,
}

/// The PNG of a machine's bitmap.
///
/// # Errors
/// See [`Refused`].
pub fn png(bitmap: &[u8]) -> Result<Vec<u8>, Refused> {
    let decoder = BmpDecoder::new_without_file_header(Cursor::new(bitmap));
    let picture = decoded(decoder.map_err(|_| Refused::Broken)?)?;
    let (width, height) = (picture.width(), picture.height());
    let mut png = Vec::new();
    // The session's own thread does this: quickly rather than small.
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
    let rgb = picture.into_rgb8();
    let written = encoder.write_image(rgb.as_raw(), width, height, ExtendedColorType::Rgb8);
    written.map_err(|_| Refused::Broken)?;
    match png.len() <= MAX_PICTURE_BYTES {
        true => Ok(png),
        false => Err(Refused::TooLarge),
    }
}

/// The bitmap of a PNG, on white where one sees through; `None` when it is too large or no PNG.
pub fn bitmap(png: &[u8]) -> Option<Vec<u8>> {
    let decoder = PngDecoder::new(Cursor::new(png)).ok()?;
    let picture = decoded(decoder).ok()?.into_rgba8();
    let (width, height) = picture.dimensions();
    let rgb: Vec<u8> = picture
        .pixels()
        .flat_map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            [red, green, blue].map(|part| over_white(part, alpha))
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = BmpEncoder::new(&mut file);
    encoder
        .encode(&rgb, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    file.get(FILE_HEADER_BYTES..).map(<[u8]>::to_vec)
}

fn decoded(mut decoder: impl ImageDecoder) -> Result<DynamicImage, Refused> {
    let (width, height) = decoder.dimensions();
    match u64::from(width) * u64::from(height) {
        0 => return Err(Refused::Broken),
        pixels if pixels > MAX_CLIP_PICTURE_PIXELS => return Err(Refused::TooLarge),
        _ => {}
    }
    let mut limits = Limits::default();
    // Four bytes a pixel, eight where the PNG has 16 bits a colour.
    limits.max_alloc = Some(MAX_CLIP_PICTURE_PIXELS * 8);
    decoder.set_limits(limits).map_err(|_| Refused::Broken)?;
    DynamicImage::from_decoder(decoder).map_err(|_| Refused::Broken)
}

fn over_white(part: u8, alpha: u8) -> u8 {
    let (part, alpha) = (u16::from(part), u16::from(alpha));
    let mixed = (part * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};
    use proptest::prelude::*;

    fn png_of(picture: &RgbaImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture
            .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn a_picture_is_the_same_there_and_back() {
        let here = RgbaImage::from_fn(5, 3, |x, y| {
            let (x, y) = (u8::try_from(x).unwrap(), u8::try_from(y).unwrap());
            Rgba([x * 50, y * 80, 7, 255])
        });
        let there = bitmap(&png_of(&here)).unwrap();
        assert_eq!(
            &there[..4],
            [40, 0, 0, 0],
            "the header that every program reads"
        );
        let back = image::load_from_memory(&png(&there).unwrap()).unwrap();
        assert_eq!(back.into_rgba8(), here);
    }

    #[test]
    fn what_one_sees_through_is_white() {
        let clear = RgbaImage::from_pixel(2, 2, Rgba([9, 9, 9, 0]));
        let back = png(&bitmap(&png_of(&clear)).unwrap()).unwrap();
        let back = image::load_from_memory(&back).unwrap().into_rgba8();
        assert!(back.pixels().all(|pixel| pixel.0 == [255; 4]));
    }

    #[test]
    fn a_picture_that_claims_a_huge_size_is_refused() {
        let mut header = vec![0; 40];
        header[..4].copy_from_slice(&40_u32.to_le_bytes());
        header[4..8].copy_from_slice(&60_000_i32.to_le_bytes());
        header[8..12].copy_from_slice(&60_000_i32.to_le_bytes());
        header[12..16].copy_from_slice(&[1, 0, 24, 0]);
        assert_eq!(png(&header), Err(Refused::TooLarge));
        assert_eq!(png(&[]), Err(Refused::Broken));
        assert_eq!(bitmap(b"\x89PNG\r\n\x1a\n"), None);
    }

    /// The width and height of a PNG.
    fn size(png: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory_with_format(png, image::ImageFormat::Png).unwrap();
        (picture.width(), picture.height())
    }

    proptest! {
        #[test]
        fn a_bitmap_is_read_at_the_size_it_names_or_refused(
            width in -64_i32..64, height in -64_i32..64,
            bits in prop_oneof![Just(1_u16), Just(4), Just(8), Just(16), Just(24), Just(32), any::<u16>()],
            rest in proptest::collection::vec(any::<u8>(), 0..512),
        ) {
            let mut made = 40_u32.to_le_bytes().to_vec();
            made.extend(width.to_le_bytes());
            made.extend(height.to_le_bytes());
            made.extend([1, 0]);
            made.extend(bits.to_le_bytes());
            made.extend([0; 24]);
            made.extend(rest);
            if let Ok(png) = png(&made) {
                prop_assert_eq!(size(&png), (width.unsigned_abs(), height.unsigned_abs()));
            }
            // All of it is there.
            let whole = 64 * 64 * 4 + 1024;
            made.resize(40 + whole, 7);
            let is_sane = width > 0 && height != 0 && matches!(bits, 24 | 32);
            prop_assert!(png(&made).is_ok() || !is_sane, "{} x {} at {}", width, height, bits);
        }

        #[test]
        fn a_damaged_picture_becomes_one_of_its_own_size_or_none(
            at in 0_usize..200, byte in any::<u8>(), length in 0_usize..200,
        ) {
            let mut bytes = png_of(&RgbaImage::from_fn(9, 5, |x, y| Rgba([x as u8 * 20, y as u8 * 40, 3, 255])));
            let count = bytes.len();
            bytes[at % count] = byte;
            bytes.truncate(count - length % 2 * (length % count));
            if let Some(there) = bitmap(&bytes) {
                let back = png(&there).unwrap();
                let named = bytes.get(16..24).unwrap();
                let side = |from: usize| u32::from_be_bytes(named[from..from + 4].try_into().unwrap());
                prop_assert_eq!(size(&back), (side(0), side(4)));
            }
        }
    }
}
