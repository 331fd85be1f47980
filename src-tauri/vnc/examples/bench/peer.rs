//! vnc-rs with what an application has to add to it: a picture that its events are applied to, and JPEG.

use crate::{Outcome, write_picture};
use farwire_model::frame::{Framebuffer, Rect, Size};
use mozjpeg::{ColorSpace, Decompress};
use std::error::Error;
use tokio::net::TcpStream;
use vnc::{PixelFormat, VncConnector, VncEncoding, VncError, VncEvent};

/// Follows the server until it closes, then writes the picture.
#[tokio::main]
pub async fn run(port: u16, picture: &str) -> Outcome {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let client = VncConnector::new(stream)
        .set_auth_method(async { Ok::<_, VncError>(String::new()) })
        .add_encoding(VncEncoding::Tight)
        .add_encoding(VncEncoding::Zrle)
        .add_encoding(VncEncoding::CopyRect)
        .add_encoding(VncEncoding::Raw)
        .add_encoding(VncEncoding::CursorPseudo)
        .add_encoding(VncEncoding::LastRectPseudo)
        .set_pixel_format(PixelFormat::rgba())
        .build()?
        .try_start()
        .await?
        .finish()?;
    let mut frame = Framebuffer::default();
    // Requests are left out: the recording plays without them, and here they would only cost.
    loop {
        match client.recv_event().await {
            Ok(VncEvent::Error(error)) => {
                eprintln!("{error}");
                break;
            }
            Ok(event) => apply(&mut frame, event)?,
            Err(error) => {
                eprintln!("{error}");
                break;
            }
        }
    }
    write_picture(picture, frame.pixels())
}

fn apply(frame: &mut Framebuffer, event: VncEvent) -> Result<(), Box<dyn Error>> {
    let place = |rect: vnc::Rect| Rect::new(rect.x, rect.y, rect.width, rect.height);
    match event {
        VncEvent::SetResolution(screen) => {
            *frame = Framebuffer::new(Size::new(screen.width, screen.height))?;
        }
        VncEvent::RawImage(rect, pixels) => paint(frame, place(rect), &pixels),
        VncEvent::JpegImage(rect, picture) => {
            let picture = Decompress::new_mem(&picture)?;
            let mut rest = picture.to_colorspace(ColorSpace::JCS_EXT_RGBA)?;
            paint(frame, place(rect), &rest.read_scanlines()?);
        }
        VncEvent::Copy(to, from) => frame.copy(place(from), to.x, to.y),
        _ => {}
    }
    Ok(())
}

fn paint(frame: &mut Framebuffer, rect: Rect, pixels: &[u8]) {
    let row_bytes = usize::from(rect.width).max(1) * 4;
    for (to, from) in frame.rows_mut(rect).zip(pixels.chunks_exact(row_bytes)) {
        to.as_flattened_mut().copy_from_slice(from);
    }
}
