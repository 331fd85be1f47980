//! Pictures on the clipboard: Windows' device-independent bitmap (MS-RDPECLIP 2.2.5.2, format 8) on the wire, PNG here.

use crate::limits::MAX_CLIP_PICTURE_PIXELS;
use farwire_model::input::MAX_PICTURE_BYTES;
use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, Limits};
use std::io::Cursor;

/// The header of a file, which the clipboard leaves out.
const FILE_HEADER_BYTES: usize = 14;

/// The PNG of a machine's bitmap; `None` when it is too large or none at all.
pub fn png(bitmap: &[u8]) -> Option<Vec<u8>> {
    let decoder = BmpDecoder::new_without_file_header(Cursor::new(bitmap)).ok()?;
    let picture = decoded(decoder)?;
    let (width, height) = (picture.width(), picture.height());
    let mut png = Vec::new();
    // The session's own thread does this: quickly rather than small.
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
    let rgb = picture.into_rgb8();
    let written = encoder.write_image(rgb.as_raw(), width, height, ExtendedColorType::Rgb8);
    written.ok()?;
    (png.len() <= MAX_PICTURE_BYTES).then_some(png)
}

/// The bitmap of a PNG, on white where one sees through; `None` when it is too large or no PNG.
pub fn bitmap(png: &[u8]) -> Option<Vec<u8>> {
    let decoder = PngDecoder::new(Cursor::new(png)).ok()?;
    let picture = decoded(decoder)?.into_rgba8();
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

fn decoded(mut decoder: impl ImageDecoder) -> Option<DynamicImage> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width).checked_mul(u64::from(height))?;
    if pixels == 0 || pixels > MAX_CLIP_PICTURE_PIXELS {
        return None;
    }
    let mut limits = Limits::default();
    // Four bytes a pixel, eight where the PNG has 16 bits a colour.
    limits.max_alloc = Some(MAX_CLIP_PICTURE_PIXELS * 8);
    decoder.set_limits(limits).ok()?;
    DynamicImage::from_decoder(decoder).ok()
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
        assert_eq!(png(&header), None);
        assert_eq!(png(&[]), None);
        assert_eq!(bitmap(b"\x89PNG\r\n\x1a\n"), None);
    }

    proptest! {
        #[test]
        fn any_bitmap_is_read_or_refused(
            head in proptest::collection::vec(any::<u8>(), 0..60),
            width in 0_i32..64, height in -64_i32..64, bits in prop_oneof![Just(1_u16), Just(4), Just(8), Just(16), Just(24), Just(32)],
            rest in proptest::collection::vec(any::<u8>(), 0..512),
        ) {
            let _ = png(&head);
            let mut made = 40_u32.to_le_bytes().to_vec();
            made.extend(width.to_le_bytes());
            made.extend(height.to_le_bytes());
            made.extend([1, 0]);
            made.extend(bits.to_le_bytes());
            made.extend([0; 24]);
            made.extend(rest);
            let _ = png(&made);
            let _ = bitmap(&made);
        }
    }
}
