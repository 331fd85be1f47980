//! `ClientInit` and `ServerInit` (RFC 6143, section 7.3; rfbproto, "Tight Security Type").

use super::Link;
use super::tight::CAPABILITY_BYTES;
use crate::limits::{MAX_CAPABILITIES, MAX_NAME_BYTES};
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

/// Says whether other viewers may stay; learns the screen's size and name.
pub async fn exchange(
    link: &mut Link,
    is_shared: bool,
    init: Init,
) -> Result<(Size, String), SessionError> {
    const STAGE: Stage = Stage::Session;
    link.write(STAGE, &[u8::from(is_shared)]).await?;
    let [w0, w1, h0, h1] = link.read(STAGE).await?;
    let size = Size::new(u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
    // The server's own pixel format does not matter: we ask for ours.
    let _format: [u8; 16] = link.read(STAGE).await?;
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
    Ok((size, crate::text::shown(&name)))
}
