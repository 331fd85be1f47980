//! Reading JSON bodies so that every mistake names its key.

use crate::error::ApiError;
use farwire_model::error::ErrorCode;
use serde_json::{Map, Value};

/// The keys of a body, taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    // Where this object lies in the body, with a dot at the end; empty at the top.
    prefix: String,
}

impl Fields {
    /// A body that must be an object; no body is an empty one.
    pub fn of(body: Option<&Value>) -> Result<Self, ApiError> {
        let map = match body {
            None => Map::new(),
            Some(Value::Object(map)) => map.clone(),
            Some(_) => {
                let message = "the body is a JSON object";
                return Err(ApiError::new(400, ErrorCode::ValueIncorrectType, message));
            }
        };
        Ok(Self {
            map,
            prefix: String::new(),
        })
    }

    /// Whether the key is there, also as `null`.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key)
    }

    /// Takes every key that is left.
    pub fn take_rest(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.map).into_iter().collect()
    }

    /// A text, when the key is there.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(key, "a text")),
        }
    }

    /// A text that must be there.
    pub fn need_text(&mut self, key: &str) -> Result<String, ApiError> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A text or `null`, when the key is there.
    pub fn text_or_null(&mut self, key: &str) -> Result<Option<Option<String>>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text))),
            Some(_) => Err(self.wrong_type(key, "a text or null")),
        }
    }

    /// `true` or `false`, when the key is there.
    pub fn flag(&mut self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong_type(key, "true or false")),
        }
    }

    /// A whole number that fits its type, when the key is there.
    pub fn number<T: TryFrom<i64>>(&mut self, key: &str) -> Result<Option<T>, ApiError> {
        match self.number_or_null(key)? {
            None => Ok(None),
            Some(None) => Err(self.wrong_type(key, "a whole number")),
            Some(number) => Ok(number),
        }
    }

    /// A whole number that must be there.
    pub fn need_number<T: TryFrom<i64>>(&mut self, key: &str) -> Result<T, ApiError> {
        self.number(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number that fits its type, or `null`, when the key is there.
    pub fn number_or_null<T: TryFrom<i64>>(
        &mut self,
        key: &str,
    ) -> Result<Option<Option<T>>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::Number(number)) if !number.is_f64() => {
                let fitting = number.as_i64().and_then(|number| T::try_from(number).ok());
                let out_of_range = || {
                    let message = format!("{}{key}: {number} is out of range", self.prefix);
                    ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about(self.name(key))
                };
                fitting
                    .map(|number| Some(Some(number)))
                    .ok_or_else(out_of_range)
            }
            Some(_) => Err(self.wrong_type(key, "a whole number")),
        }
    }

    /// A list of texts, when the key is there.
    pub fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let texts = match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        texts
            .map(Some)
            .ok_or_else(|| self.wrong_type(key, "a list of texts"))
    }

    /// An object, when the key is there.
    pub fn object(&mut self, key: &str) -> Result<Option<Fields>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields {
                map,
                prefix: format!("{}{key}.", self.prefix),
            })),
            Some(_) => Err(self.wrong_type(key, "an object")),
        }
    }

    /// Refuses keys that nobody took.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.unknown(key)),
        }
    }

    /// The error for a key nobody knows.
    pub fn unknown(&self, key: &str) -> ApiError {
        let name = self.name(key);
        ApiError::new(
            400,
            ErrorCode::InvalidRequestData,
            format!("there is no key {name} here"),
        )
        .about(name)
    }

    /// The error for a key that must be there.
    pub fn missing(&self, key: &str) -> ApiError {
        let name = self.name(key);
        ApiError::new(
            400,
            ErrorCode::RequiredValueMissing,
            format!("{name} is missing"),
        )
        .about(name)
    }

    /// The error for a value of the wrong type.
    pub fn wrong_type(&self, key: &str, expected: &str) -> ApiError {
        let name = self.name(key);
        ApiError::new(
            400,
            ErrorCode::ValueIncorrectType,
            format!("{name} is {expected}"),
        )
        .about(name)
    }

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}
