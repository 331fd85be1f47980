//! The numbers of encodings and what we offer (RFC 6143, section 7.7, and the community's registry).

use crate::options::Options;

pub const RAW: i32 = 0;
pub const COPY_RECT: i32 = 1;
pub const HEXTILE: i32 = 5;
pub const TIGHT: i32 = 7;
pub const ZRLE: i32 = 16;
pub const DESKTOP_SIZE: i32 = -223;
pub const LAST_RECT: i32 = -224;
pub const CURSOR: i32 = -239;
pub const DESKTOP_NAME: i32 = -307;
pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
pub const FENCE: i32 = -312;
pub const CURSOR_WITH_ALPHA: i32 = -314;
/// JPEG quality 0; 9 is -23.
const QUALITY_0: i32 = -32;
/// Compression level 0; 9 is -247.
const COMPRESSION_0: i32 = -256;

/// What we offer, best first. Without a quality no server uses JPEG, so the picture is exact.
pub fn offered(options: &Options) -> Vec<i32> {
    let mut list = vec![
        TIGHT,
        ZRLE,
        HEXTILE,
        COPY_RECT,
        RAW,
        CURSOR_WITH_ALPHA,
        CURSOR,
        EXTENDED_DESKTOP_SIZE,
        DESKTOP_SIZE,
        LAST_RECT,
        DESKTOP_NAME,
        FENCE,
        COMPRESSION_0 + i32::from(options.compression),
    ];
    list.extend(
        options
            .quality
            .map(|quality| QUALITY_0 + i32::from(quality)),
    );
    list
}
