//! How pixels are encoded on the wire, and which encodings a machine is offered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// How pixels were encoded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the encodings' own names")]
pub enum Codec {
    Raw = 1,
    CopyRect,
    Rre,
    Corre,
    Hextile,
    Zlib,
    Trle,
    Zrle,
    Tight,
    TightJpeg,
    Bitmap,
    RemoteFx,
    Progressive,
    ClearCodec,
    Planar,
    Avc420,
    Avc444,
}

impl Codec {
    /// Every encoding and its name for people.
    pub const ALL: [(Self, &'static str); 17] = [
        (Self::Raw, "Raw"),
        (Self::CopyRect, "CopyRect"),
        (Self::Rre, "RRE"),
        (Self::Corre, "CoRRE"),
        (Self::Hextile, "Hextile"),
        (Self::Zlib, "zlib"),
        (Self::Trle, "TRLE"),
        (Self::Zrle, "ZRLE"),
        (Self::Tight, "Tight"),
        (Self::TightJpeg, "Tight JPEG"),
        (Self::Bitmap, "Bitmaps"),
        (Self::RemoteFx, "RemoteFX"),
        (Self::Progressive, "RemoteFX Progressive"),
        (Self::ClearCodec, "ClearCodec"),
        (Self::Planar, "Planar"),
        (Self::Avc420, "H.264"),
        (Self::Avc444, "H.264 4:4:4"),
    ];
}

/// Which kinds of encoding an RDP machine is offered; it uses what it likes best of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum CodecChoice {
    /// All of them, but H.264 only while this computer decodes it fast enough.
    #[default]
    Auto,
    /// All of them.
    H264,
    /// All but H.264.
    RemoteFx,
    /// Bitmaps alone: exact pixels.
    Bitmaps,
}

impl CodecChoice {
    /// The setting that says which.
    pub const SETTING: &str = "rdp.codec";
    /// What it may be.
    pub const WORDS: [&str; 4] = ["auto", "h264", "remotefx", "bitmaps"];

    /// Reads the setting; what is absent or unknown is automatic.
    pub fn of(setting: Option<&Value>) -> Self {
        setting
            .and_then(|value| Self::deserialize(value).ok())
            .unwrap_or_default()
    }

    /// The word in settings and in the API.
    pub fn word(self) -> &'static str {
        let [auto, h264, remote_fx, bitmaps] = Self::WORDS;
        match self {
            Self::Auto => auto,
            Self::H264 => h264,
            Self::RemoteFx => remote_fx,
            Self::Bitmaps => bitmaps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_codecs_is_read_as_it_is_written() {
        for word in CodecChoice::WORDS {
            let read = CodecChoice::of(Some(&word.into()));
            assert_eq!(read.word(), word);
            assert_eq!(serde_json::to_value(read).unwrap(), word);
        }
        for none in [None, Some(&Value::Null), Some(&Value::from("mpeg"))] {
            assert_eq!(CodecChoice::of(none), CodecChoice::Auto);
        }
    }
}
