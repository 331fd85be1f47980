//! How good a picture a session asks for.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use ts_rs::TS;

/// How good a picture a session asks for.
///
/// In settings and in the API: `"auto"`, `"lossless"`, or a level from 0, the smallest, to 9, the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, TS)]
#[ts(export, type = "\"auto\" | \"lossless\" | number")]
pub enum Quality {
    /// As good as the link carries, measured while it is used.
    #[default]
    Auto,
    /// Exact pixels.
    Lossless,
    /// This level, 0 to 9.
    Level(u8),
}

impl Quality {
    /// What a quality may be, in words.
    pub const WORDS: &'static str = "auto, lossless, or a whole number from 0 to 9";
    /// The best level.
    pub const BEST: u8 = 9;

    /// Reads a setting; `None` when it is none of these.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(word) if word == "auto" => Some(Self::Auto),
            Value::String(word) if word == "lossless" => Some(Self::Lossless),
            Value::Number(number) => number
                .as_u64()
                .and_then(|level| u8::try_from(level).ok())
                .filter(|level| *level <= Self::BEST)
                .map(Self::Level),
            _ => None,
        }
    }
}

impl JsonSchema for Quality {
    fn schema_name() -> Cow<'static, str> {
        "Quality".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "enum": ["auto", "lossless"] },
            { "type": "integer", "minimum": 0, "maximum": Self::BEST },
        ] })
    }
}

impl From<Quality> for Value {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Auto => "auto".into(),
            Quality::Lossless => "lossless".into(),
            Quality::Level(level) => level.into(),
        }
    }
}

impl Serialize for Quality {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from(*self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of(&value).ok_or_else(|| D::Error::custom(format!("a quality is {}", Self::WORDS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quality_is_read_as_it_is_written() {
        for (text, expected) in [
            ("\"auto\"", Some(Quality::Auto)),
            ("\"lossless\"", Some(Quality::Lossless)),
            ("9", Some(Quality::Level(9))),
            ("10", None),
            ("-1", None),
            ("7.5", None),
            ("\"best\"", None),
            ("null", None),
        ] {
            let read: Option<Quality> = serde_json::from_str(text).ok();
            assert_eq!(read, expected, "{text}");
            if let Some(quality) = read {
                assert_eq!(serde_json::to_string(&quality).unwrap(), text);
            }
        }
    }
}
