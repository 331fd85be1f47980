//! JPEG rectangles inside Tight. They are decoded before the picture is locked.

use super::Target;
use crate::error::DecodeError;
use farwire_model::frame::Rect;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Decodes a JPEG picture of exactly the rectangle's size, using `scratch` for its pixels.
pub fn decode(
    target: Target<'_>,
    rect: Rect,
    picture: &[u8],
    scratch: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    if rect.is_empty() {
        return Ok(());
    }
    let damaged = |error: zune_jpeg::errors::DecodeErrors| DecodeError::Jpeg {
        reason: crate::text::shown(format!("{error:?}").as_bytes()),
    };
    let (width, height) = (usize::from(rect.width), usize::from(rect.height));
    let options = DecoderOptions::new_fast()
        .set_max_width(width)
        .set_max_height(height)
        .jpeg_set_out_colorspace(ColorSpace::RGBA);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture), options);
    decoder.decode_headers().map_err(damaged)?;
    // Checked before the pixels are allocated: a small picture must not claim a large one.
    let expected = width * height * 4;
    let is_ours = decoder.dimensions() == Some((width, height))
        && decoder.output_buffer_size() == Some(expected);
    if !is_ours {
        return Err(DecodeError::Jpeg {
            reason: "its size differs from its rectangle's".to_owned(),
        });
    }
    scratch.resize(expected, 0);
    decoder.decode_into(scratch).map_err(damaged)?;
    target.surface.paint(|painter| {
        let rows = painter.frame().rows_mut(rect);
        for (to, from) in rows.zip(scratch.chunks_exact(width * 4)) {
            to.as_flattened_mut().copy_from_slice(from);
        }
        painter.damaged(rect);
    });
    Ok(())
}
