//! What the value of a dotted setting may be.

use crate::jump::MAX_JUMPS_CHARS;
use crate::quality::Quality;
use crate::tunnel::MAX_TUNNELS_CHARS;
use schemars::{Schema, SchemaGenerator, json_schema};

/// What a setting's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// The same, or `"auto"`: nobody chooses, whatever a group says.
    AutoOr {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// Text of at most this many characters, none of them a control character.
    Text(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A [`crate::quality::Quality`].
    Quality,
    /// A list of machines on the way, see [`crate::jump::Jump::list`].
    Jumps,
    /// A list of tunnels, see [`crate::tunnel::TunnelPlan::list`].
    Tunnels,
    /// Lines of text: no control characters but the ends of lines.
    Lines,
}

/// The most characters of a setting that is lines.
pub const MAX_LINES_CHARS: usize = 16 * 1024;

impl SettingKind {
    /// The JSON Schema of its values.
    pub fn schema(self, generator: &mut SchemaGenerator) -> Schema {
        match self {
            Self::Bool => json_schema!({ "type": "boolean" }),
            Self::Integer { min, max } => {
                json_schema!({ "type": "integer", "minimum": min, "maximum": max })
            }
            Self::AutoOr { min, max } => json_schema!({ "anyOf": [
                { "type": "string", "enum": ["auto"] },
                { "type": "integer", "minimum": min, "maximum": max },
            ] }),
            Self::Text(length) => json_schema!({
                "type": "string",
                "maxLength": length,
                "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$",
            }),
            Self::Choice(words) => json_schema!({ "type": "string", "enum": words }),
            Self::Quality => generator.subschema_for::<Quality>(),
            Self::Jumps => {
                json_schema!({ "type": "string", "format": "jumps", "maxLength": MAX_JUMPS_CHARS })
            }
            Self::Tunnels => {
                json_schema!({ "type": "string", "format": "tunnels", "maxLength": MAX_TUNNELS_CHARS })
            }
            Self::Lines => json_schema!({
                "type": "string",
                "maxLength": MAX_LINES_CHARS,
                "pattern": r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$",
            }),
        }
    }
}
