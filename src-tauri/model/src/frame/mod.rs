//! Rectangles, the framebuffer, what each viewer is owed, and the binary frame codec.
//!
//! A handler paints into a [`Surface`]. Pixels and what viewers are owed change under one lock, so a viewer
//! that cuts the newest pixels never applies a copy to a picture that already has it.

mod codec;
mod framebuffer;
mod owed;
mod rect;
mod surface;

pub use codec::{
    HEADER_BYTES, Header, Kind, MAX_TILE_BYTES, encode_frame, encode_terminal, frame_end,
};
pub use framebuffer::{Framebuffer, FramebufferError, MAX_PIXELS, MAX_SIDE, Pixel};
pub use owed::{Draw, Owed};
pub use rect::{Rect, Region, Size};
pub use surface::{Attached, Cursor, FrameSink, Notice, Painter, Surface};
