//! JSON that can be read in one way only.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// A value in which no object has a key twice: of two readers, one might go by the first and one by the last. JSON makes no
/// difference between 1 and 1.0, and neither do we.
pub(crate) struct Plain(pub Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let Some(number) = Number::from_f64(value) else {
            return Ok(Value::Null);
        };
        let text = number.to_string();
        let whole = text.strip_suffix(".0").and_then(|text| text.parse().ok());
        Ok(whole.map_or(Value::Number(number), |whole: i64| Value::from(whole)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = pairs.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("{key} is there twice")));
            }
            let Plain(value) = pairs.next_value()?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_is_what_is_there() {
        let text =
            r#"{"a": [null, true, -1, 18446744073709551615, 1.5, 2.0, -3e2, "x\u00e9"], "b": {}}"#;
        let Plain(value) = serde_json::from_str(text).unwrap();
        let whole = json!({"a": [null, true, -1, u64::MAX, 1.5, 2, -300, "xé"], "b": {}});
        assert_eq!(value, whole);
    }

    #[test]
    fn a_key_is_there_once_however_deep() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"[{"b": {"a": 1, "c": 2, "\u0061": 3}}]"#,
        ] {
            let error = serde_json::from_str::<Plain>(text).map(|_| ()).unwrap_err();
            assert!(
                error.to_string().starts_with("a is there twice at"),
                "{error}"
            );
        }
    }
}
