//! What we send (RFC 6143, section 7.5), appended to a buffer.

use crate::pixel_format::PixelFormat;
use crate::text::to_latin1;
use farwire_model::frame::{Rect, Size};

/// `SetPixelFormat`.
pub fn set_pixel_format(out: &mut Vec<u8>, pixels: PixelFormat) {
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(&pixels.to_wire());
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

/// `PointerEvent`; bit 0 of `mask` is button 1. Buttons from the eighth on take a byte of their own (the registry's
/// "Extended Mouse Buttons"), where the server knows it; elsewhere there are eight.
pub fn pointer(out: &mut Vec<u8>, mask: u16, is_extended: bool, x: u16, y: u16) {
    let [high, low] = mask.to_be_bytes();
    let marker = 0x80;
    let upper = high << 1 | low >> 7;
    let is_long = is_extended && upper != 0;
    out.extend_from_slice(&[5, if is_long { low | marker } else { low }]);
    out.extend_from_slice(&x.to_be_bytes());
    out.extend_from_slice(&y.to_be_bytes());
    if is_long {
        out.push(upper);
    }
}

/// `QEMU Extended Key Event`, with the key's number of the PC's first scancode set, `0x80` standing for the prefix `e0`.
pub fn extended_key(out: &mut Vec<u8>, is_down: bool, keysym: u32, code: u32) {
    out.extend_from_slice(&[255, 0, 0, u8::from(is_down)]);
    out.extend_from_slice(&keysym.to_be_bytes());
    out.extend_from_slice(&code.to_be_bytes());
}

/// `EnableContinuousUpdates` for this part of the screen, or for none of it.
pub fn continuous_updates(out: &mut Vec<u8>, part: Option<Rect>) {
    out.extend_from_slice(&[150, u8::from(part.is_some())]);
    let rect = part.unwrap_or_default();
    for field in [rect.x, rect.y, rect.width, rect.height] {
        out.extend_from_slice(&field.to_be_bytes());
    }
}

/// An extended `ClientCutText` (the registry's "Extended Clipboard"): its length is written as a negative number.
pub fn extended_cut_text(out: &mut Vec<u8>, flags: u32, payload: &[u8]) {
    let length = i32::try_from(payload.len() + 4).unwrap_or(0);
    out.extend_from_slice(&[6, 0, 0, 0]);
    out.extend_from_slice(&(-length).to_be_bytes());
    out.extend_from_slice(&flags.to_be_bytes());
    out.extend_from_slice(payload);
}

/// `ClientCutText`.
pub fn cut_text(out: &mut Vec<u8>, text: &str) {
    let text = to_latin1(text);
    out.extend_from_slice(&[6, 0, 0, 0]);
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&text);
}

/// A screen of `ExtendedDesktopSize`. The server's own id and flags go back as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Its number.
    pub id: u32,
    /// Where it lies in the picture.
    pub rect: Rect,
    /// Its flags.
    pub flags: u32,
}

/// `SetDesktopSize` with one screen that covers everything.
pub fn set_desktop_size(out: &mut Vec<u8>, size: Size, screen: Screen) {
    out.extend_from_slice(&[251, 0]);
    out.extend_from_slice(&size.width.to_be_bytes());
    out.extend_from_slice(&size.height.to_be_bytes());
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&screen.id.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(&size.width.to_be_bytes());
    out.extend_from_slice(&size.height.to_be_bytes());
    out.extend_from_slice(&screen.flags.to_be_bytes());
}

/// `ClientFence`. The payload is at most 64 bytes, as every fence that was read is.
pub fn fence(out: &mut Vec<u8>, flags: u32, payload: &[u8]) {
    out.extend_from_slice(&[248, 0, 0, 0]);
    out.extend_from_slice(&flags.to_be_bytes());
    out.push(u8::try_from(payload.len()).unwrap_or(0));
    out.extend_from_slice(payload);
}
