//! A part of the screen moved (RFC 6143, section 7.7.2).

use super::{Progress, Target};
use crate::error::DecodeError;
use crate::wire::Reader;
use farwire_model::codec::Codec;
use farwire_model::frame::Rect;

/// Copies the rectangle from the place the server names.
pub fn decode(target: Target<'_>, rect: Rect, input: &[u8]) -> Result<Progress, DecodeError> {
    let mut reader = Reader::new(input, "a copied rectangle");
    let from = Rect::new(reader.u16()?, reader.u16()?, rect.width, rect.height);
    target.surface.paint(|painter| {
        let size = painter.size();
        if !from.fits(size) {
            return Err(DecodeError::Outside { rect: from, size });
        }
        if !rect.is_empty() {
            painter.copy(from, rect.x, rect.y);
        }
        Ok(())
    })?;
    target.meter.set_codec(Codec::CopyRect);
    Ok(Progress::done(4))
}
