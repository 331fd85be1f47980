//! `ClientInit` and `ServerInit` (RFC 6143, section 7.3; rfbproto, "Tight Security Type").

use super::Link;
use super::tight::CAPABILITY_BYTES;
use crate::limits::{MAX_CAPABILITIES, MAX_NAME_BYTES};
use crate::pixel_format::PixelFormat;
use crate::wire::capped;
use farwire_model::error::Stage;
use farwire_model::frame::{MAX_PIXELS, MAX_SIDE, Size};
use farwire_model::session::{FailureKind, SessionError};

/// What `ServerInit` ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// The screen's name.
    Plain,
    /// After it, the lists of what the server can do besides: it was signed in to by security type Tight.
    WithCapabilities,
}

/// Says whether other viewers may stay; learns the screen's size, the server's own pixel format, and the name.
pub async fn exchange(
    link: &mut Link,
    is_shared: bool,
    init: Init,
) -> Result<(Size, [u8; 16], String), SessionError> {
    const STAGE: Stage = Stage::Session;
    link.write(STAGE, &[u8::from(is_shared)]).await?;
    let [w0, w1, h0, h1] = link.read(STAGE).await?;
    let size = Size::new(u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
    let format = link.read(STAGE).await?;
    let length = link.read_u32(STAGE).await?;
    let refuse = |link: &Link, why: String| {
        let what = format!("opened the session with {why}, which cannot be right");
        link.fail(STAGE, FailureKind::Protocol, &what)
    };
    let length = capped("a name", length, MAX_NAME_BYTES)
        .map_err(|error| refuse(link, error.to_string()))?;
    let mut name = vec![0; length];
    link.read_into(STAGE, &mut name).await?;
    if init == Init::WithCapabilities {
        // Messages of either side and encodings. All that matters of them is asked for in other ways.
        let [s0, s1, c0, c1, e0, e1, _, _]: [u8; 8] = link.read(STAGE).await?;
        for count in [[s0, s1], [c0, c1], [e0, e1]] {
            let count = u32::from(u16::from_be_bytes(count));
            let count = capped("a list of capabilities", count, MAX_CAPABILITIES)
                .map_err(|error| refuse(link, error.to_string()))?;
            let mut list = vec![0; count * CAPABILITY_BYTES];
            link.read_into(STAGE, &mut list).await?;
        }
    }
    let longest = size.width.max(size.height);
    if size.pixels() == 0 || size.pixels() > MAX_PIXELS || longest > MAX_SIDE {
        let why = format!("a screen of {} x {} pixels", size.width, size.height);
        return Err(refuse(link, why));
    }
    Ok((size, format, crate::text::shown(&name)))
}

/// The server's own pixel format, which matters only to those who ask for no other.
pub fn followed(link: &Link, format: [u8; 16]) -> Result<PixelFormat, SessionError> {
    PixelFormat::from_wire(format).ok_or_else(|| {
        let what = "has pixels of a format that cannot be followed; choose other colours than the server's own";
        link.fail(Stage::Session, FailureKind::Protocol, what)
    })
}
