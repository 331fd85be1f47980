//! What we send (RFC 6143, section 7.5), appended to a buffer.

use crate::text::to_latin1;
use farwire_model::frame::Rect;

/// The pixel format we ask for: 32 bits, depth 24, little endian, red lowest.
///
/// A pixel is then the bytes R, G, B, and one to ignore: a row of Raw is a row of ours but for the alpha, and the
/// three-byte pixels of Tight and ZRLE are R, G, B.
pub const PIXEL_FORMAT: [u8; 16] = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0];

/// `SetPixelFormat` with [`PIXEL_FORMAT`].
pub fn set_pixel_format(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(&PIXEL_FORMAT);
}

/// `SetEncodings`, best first.
pub fn set_encodings(out: &mut Vec<u8>, encodings: &[i32]) {
    let count = u16::try_from(encodings.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&[2, 0]);
    out.extend_from_slice(&count.to_be_bytes());
    for encoding in encodings.iter().take(usize::from(count)) {
        out.extend_from_slice(&encoding.to_be_bytes());
    }
}

/// Whether a request asks for everything or for what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Every pixel.
    Everything,
    /// What changed since the last update.
    Changes,
}

/// `FramebufferUpdateRequest`.
pub fn request_update(out: &mut Vec<u8>, ask: Ask, rect: Rect) {
    out.extend_from_slice(&[3, u8::from(ask == Ask::Changes)]);
    for field in [rect.x, rect.y, rect.width, rect.height] {
        out.extend_from_slice(&field.to_be_bytes());
    }
}

/// `KeyEvent`.
pub fn key(out: &mut Vec<u8>, is_down: bool, keysym: u32) {
    out.extend_from_slice(&[4, u8::from(is_down), 0, 0]);
    out.extend_from_slice(&keysym.to_be_bytes());
}

/// `PointerEvent`; bit 0 of `mask` is button 1.
pub fn pointer(out: &mut Vec<u8>, mask: u8, x: u16, y: u16) {
    out.extend_from_slice(&[5, mask]);
    out.extend_from_slice(&x.to_be_bytes());
    out.extend_from_slice(&y.to_be_bytes());
}

/// `ClientCutText`.
pub fn cut_text(out: &mut Vec<u8>, text: &str) {
    let text = to_latin1(text);
    out.extend_from_slice(&[6, 0, 0, 0]);
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&text);
}

/// A screen of `ExtendedDesktopSize`: the server's own id and flags, which go back as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Its number.
    pub id: u32,
    /// Its flags.
    pub flags: u32,
}

/// `SetDesktopSize` with one screen that covers everything.
pub fn set_desktop_size(out: &mut Vec<u8>, width: u16, height: u16, screen: Screen) {
    out.extend_from_slice(&[251, 0]);
    out.extend_from_slice(&width.to_be_bytes());
    out.extend_from_slice(&height.to_be_bytes());
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&screen.id.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(&width.to_be_bytes());
    out.extend_from_slice(&height.to_be_bytes());
    out.extend_from_slice(&screen.flags.to_be_bytes());
}

/// `ClientFence`. The payload is at most 64 bytes, as every fence that was read is.
pub fn fence(out: &mut Vec<u8>, flags: u32, payload: &[u8]) {
    out.extend_from_slice(&[248, 0, 0, 0]);
    out.extend_from_slice(&flags.to_be_bytes());
    out.push(u8::try_from(payload.len()).unwrap_or(0));
    out.extend_from_slice(payload);
}
