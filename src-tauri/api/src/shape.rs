//! What a single value of a body or a query may be: its JSON Schema, and how it is read by the same rule.

use crate::error::ApiError;
use crate::fields::Place;
use farwire_model::codec::CodecChoice;
use farwire_model::connection::{ConnectionOrder, ProtocolKind};
use farwire_model::ids::{ConnectionId, CredentialId, GroupId, SessionId, TokenId};
use farwire_model::quality::Quality;
use farwire_model::secret::Secret;
use farwire_model::settings::{Density, GraphicsChoice, TerminalColours, Theme};
use farwire_model::token::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;

/// A value that a caller sends. Its JSON Schema says what is read, and nothing else is.
pub(crate) trait Shape: JsonSchema + Sized {
    /// Whether a query may give the key several times.
    const IS_LIST: bool = false;

    /// The value that a text after the question mark stands for.
    fn of_text(text: &str) -> Value {
        Value::from(text)
    }

    /// Reads a value.
    fn read(value: Value, place: &Place) -> Result<Self, ApiError>;
}

impl Shape for String {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(place.wrong_type("a text")),
        }
    }
}

/// Shapes that are a text inside.
macro_rules! texts {
    ($($name:ident),*) => {$(
        impl $crate::shape::Shape for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::fields::Place,
            ) -> Result<Self, $crate::error::ApiError> {
                <String as $crate::shape::Shape>::read(value, place).map($name::new)
            }
        }
    )*};
}
pub(crate) use texts;

texts!(
    GroupId,
    ConnectionId,
    CredentialId,
    SessionId,
    TokenId,
    Secret
);

impl Shape for bool {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        value
            .as_bool()
            .ok_or_else(|| place.wrong_type("true or false"))
    }
}

/// `true`, and nothing else: leaving the key out is how to say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct True;

impl JsonSchema for True {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "True".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean", "const": true })
    }
}

impl Shape for True {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        match value {
            Value::Bool(true) => Ok(Self),
            Value::Bool(false) => Err(place.out_of_bounds("is true, or not there")),
            _ => Err(place.wrong_type("true")),
        }
    }
}

/// A switch after the question mark, such as `wait=1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Switch(pub bool);

impl JsonSchema for Switch {
    fn schema_name() -> Cow<'static, str> {
        "Switch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Named alone, as in ?wait, it is on.
        json_schema!({ "type": "string", "enum": ["1", "0", "true", "false", ""] })
    }
}

impl Shape for Switch {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        match value.as_str() {
            Some("1" | "true" | "") => Ok(Self(true)),
            Some("0" | "false") => Ok(Self(false)),
            _ => Err(place.wrong_type("1 or 0")),
        }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<T, const MIN: i64, const MAX: i64>(pub T);

impl<T, const MIN: i64, const MAX: i64> JsonSchema for Whole<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

impl<T: TryFrom<i64>, const MIN: i64, const MAX: i64> Shape for Whole<T, MIN, MAX> {
    fn of_text(text: &str) -> Value {
        // "007" and "+7" are texts, not numbers.
        let number = text.parse::<i64>().ok();
        let number = number.filter(|number| number.to_string() == text);
        number.map_or_else(|| Value::from(text), Value::from)
    }

    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        let Value::Number(number) = &value else {
            return Err(place.wrong_type("a whole number"));
        };
        if number.is_f64() && number.as_f64().is_some_and(|number| number.fract() != 0.0) {
            return Err(place.wrong_type("a whole number"));
        }
        number
            .as_i64()
            .filter(|number| (MIN..=MAX).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .map(Self)
            .ok_or_else(|| place.out_of_bounds(&format!("is a whole number from {MIN} to {MAX}")))
    }
}

impl<T: Shape> Shape for Vec<T> {
    const IS_LIST: bool = true;

    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        match value {
            Value::Array(items) => items.into_iter().map(|item| T::read(item, place)).collect(),
            _ => Err(place.wrong_type("a list")),
        }
    }
}

/// Enumerations of the model.
macro_rules! words {
    ($($name:ty),*) => {$(
        impl $crate::shape::Shape for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::fields::Place,
            ) -> Result<Self, $crate::error::ApiError> {
                $crate::shape::read_word(value, place)
            }
        }
    )*};
}
pub(crate) use words;

words!(
    CodecChoice,
    ConnectionOrder,
    ProtocolKind,
    Scope,
    Theme,
    Density,
    GraphicsChoice,
    TerminalColours
);

/// Reads one of the words of an enumeration.
pub(crate) fn read_word<T: DeserializeOwned + JsonSchema>(
    value: Value,
    place: &Place,
) -> Result<T, ApiError> {
    let known = || {
        let schema = T::json_schema(&mut SchemaGenerator::default());
        format!("one of {}", known_words(schema.as_value()).join(", "))
    };
    if !value.is_string() {
        return Err(place.wrong_type(&known()));
    }
    serde_json::from_value(value).map_err(|_| place.unknown(&format!("is {}", known())))
}

/// The words of an enumeration's schema: documented ones stand apart, the others together.
fn known_words(schema: &Value) -> Vec<&str> {
    let apart = schema["oneOf"].as_array().into_iter().flatten();
    let inside = apart.flat_map(known_words);
    let together = schema["enum"].as_array().into_iter().flatten();
    let words = together.chain(schema.get("const"));
    words.filter_map(Value::as_str).chain(inside).collect()
}

impl Shape for Quality {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        let expected = "auto, lossless, or a whole number from 0 to 9";
        Self::of(&value).ok_or_else(|| match value {
            Value::String(_) | Value::Number(_) => place.out_of_bounds(&format!("is {expected}")),
            _ => place.wrong_type(expected),
        })
    }
}

/// What a token may do: at least one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(pub Vec<Scope>);

impl JsonSchema for Scopes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scopes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let scope = generator.subschema_for::<Scope>();
        json_schema!({ "type": "array", "items": scope, "minItems": 1 })
    }
}

impl Shape for Scopes {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        let scopes = Vec::<Scope>::read(value, place)?;
        if scopes.is_empty() {
            return Err(place.out_of_bounds("has at least one scope"));
        }
        Ok(Self(scopes))
    }
}
