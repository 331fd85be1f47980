//! The numbers of encodings and what we offer (RFC 6143, section 7.7, and the community's registry).

use crate::options::Levels;

pub const RAW: i32 = 0;
pub const COPY_RECT: i32 = 1;
pub const RRE: i32 = 2;
pub const CORRE: i32 = 4;
pub const HEXTILE: i32 = 5;
pub const ZLIB: i32 = 6;
pub const TIGHT: i32 = 7;
pub const TRLE: i32 = 15;
pub const ZRLE: i32 = 16;
pub const DESKTOP_SIZE: i32 = -223;
pub const LAST_RECT: i32 = -224;
pub const POINTER_POSITION: i32 = -232;
pub const CURSOR: i32 = -239;
pub const X_CURSOR: i32 = -240;
pub const EXTENDED_KEYS: i32 = -258;
pub const LED_STATE: i32 = -261;
pub const DESKTOP_NAME: i32 = -307;
pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
pub const FENCE: i32 = -312;
pub const CONTINUOUS_UPDATES: i32 = -313;
pub const CURSOR_WITH_ALPHA: i32 = -314;
pub const EXTENDED_BUTTONS: i32 = -316;
/// Written as a number without a sign, `0xc0a1e5ce`.
pub const EXTENDED_CLIPBOARD: i32 = -1_063_131_698;
/// JPEG quality 0; 9 is -23.
const QUALITY_0: i32 = -32;
/// Compression level 0; 9 is -247.
const COMPRESSION_0: i32 = -256;

/// What we offer besides the levels, best first.
const OFFERED: [i32; 23] = [
    TIGHT,
    ZRLE,
    ZLIB,
    HEXTILE,
    TRLE,
    CORRE,
    RRE,
    COPY_RECT,
    RAW,
    CURSOR_WITH_ALPHA,
    CURSOR,
    X_CURSOR,
    POINTER_POSITION,
    EXTENDED_DESKTOP_SIZE,
    DESKTOP_SIZE,
    LAST_RECT,
    DESKTOP_NAME,
    LED_STATE,
    EXTENDED_KEYS,
    EXTENDED_BUTTONS,
    EXTENDED_CLIPBOARD,
    FENCE,
    CONTINUOUS_UPDATES,
];

/// What we offer. Without a quality no server uses JPEG, so the picture is exact.
pub fn offered(levels: Levels) -> Vec<i32> {
    let mut list = OFFERED.to_vec();
    list.push(COMPRESSION_0 + i32::from(levels.compression));
    list.extend(levels.quality.map(|quality| QUALITY_0 + i32::from(quality)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extended_clipboard_has_the_registrys_number() {
        assert_eq!(EXTENDED_CLIPBOARD.cast_unsigned(), 0xc0a1_e5ce);
    }
}
