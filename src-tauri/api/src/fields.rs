//! The keys of a body or a query, taken out one by one, so that every mistake names its key.

use crate::error::ApiError;
use crate::shape::Shape;
use farwire_model::error::ErrorCode;
use serde_json::{Map, Value};

/// Where keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A JSON body.
    Body,
    /// What follows the question mark: texts only, each key as often as it was given.
    Query,
}

/// The keys of an object; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    // Where this object lies in the body, with a dot at the end; empty at the top.
    prefix: String,
    source: Source,
}

impl Fields {
    /// A body that must be an object; no body is an empty one.
    pub fn of_body(body: Option<&Value>) -> Result<Self, ApiError> {
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
            source: Source::Body,
        })
    }

    /// What follows the question mark, decoded. Each value is the list of what its key was given.
    pub fn of_query(pairs: Vec<(String, String)>) -> Self {
        let mut map = Map::new();
        for (key, value) in pairs {
            let given = map.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(given) = given {
                given.push(Value::from(value));
            }
        }
        Self {
            map,
            prefix: String::new(),
            source: Source::Query,
        }
    }

    /// An object inside a body.
    pub fn inside(map: Map<String, Value>, place: &Place) -> Self {
        Self {
            map,
            prefix: format!("{}.", place.name),
            source: place.source,
        }
    }

    /// Takes a key's value out as it is, when the key is there.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key)
    }

    /// Takes a key out and reads its value, when the key is there.
    pub fn read<T: Shape>(&mut self, key: &str) -> Result<Option<T>, ApiError> {
        let place = self.place(key);
        match (self.source, self.take(key)) {
            (_, None) => Ok(None),
            (Source::Query, Some(Value::Array(given))) => {
                let mut values = given
                    .iter()
                    .filter_map(|text| text.as_str().map(T::of_text));
                let value = match (T::IS_LIST, values.next(), values.next()) {
                    (false, Some(value), None) => value,
                    (false, ..) => return Err(place.unknown("is given once")),
                    (true, ..) => Value::Array(given),
                };
                T::read(value, &place).map(Some)
            }
            (_, Some(value)) => T::read(value, &place).map(Some),
        }
    }

    /// The same, where `null` means something: back to the default.
    pub fn read_or_null<T: Shape>(&mut self, key: &str) -> Result<Option<Option<T>>, ApiError> {
        if self.map.get(key) == Some(&Value::Null) {
            self.map.remove(key);
            return Ok(Some(None));
        }
        self.read(key).map(|read| read.map(Some))
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Refuses keys that nobody took.
    pub fn finish(self) -> Result<(), ApiError> {
        let Some(key) = self.map.keys().next() else {
            return Ok(());
        };
        let place = self.place(key);
        let message = match self.source {
            Source::Body => format!("there is no key {} here", place.name),
            // Passing over a key such as dry_run would do what the caller meant not to do.
            Source::Query => format!("this takes no {} after the question mark", place.name),
        };
        Err(place.error(ErrorCode::InvalidRequestData, message))
    }

    /// Where a key lies.
    pub fn place(&self, key: &str) -> Place {
        Place {
            name: format!("{}{key}", self.prefix),
            source: self.source,
        }
    }
}

/// Where a value lies, and the errors about it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    name: String,
    source: Source,
}

impl Place {
    /// The error for a key that must be there.
    pub fn missing(&self) -> ApiError {
        let message = format!("{} is missing", self.name);
        self.error(ErrorCode::RequiredValueMissing, message)
    }

    /// The error for a value of the wrong type.
    pub fn wrong_type(&self, expected: &str) -> ApiError {
        let code = match self.source {
            Source::Body => ErrorCode::ValueIncorrectType,
            // Everything after the question mark is a text: it can only have the wrong form.
            Source::Query => ErrorCode::ValueIncorrectFormat,
        };
        self.error(code, format!("{} is {expected}", self.name))
    }

    /// The error for a value that is too small, too large, too short or too long.
    pub fn out_of_bounds(&self, expected: &str) -> ApiError {
        let message = format!("{} {expected}", self.name);
        self.error(ErrorCode::ValueOutOfBounds, message)
    }

    /// The error for a value nobody knows.
    pub fn unknown(&self, expected: &str) -> ApiError {
        let message = format!("{} {expected}", self.name);
        self.error(ErrorCode::InvalidRequestData, message)
    }

    fn error(&self, code: ErrorCode, message: String) -> ApiError {
        ApiError::new(400, code, message).about(self.name.clone())
    }
}
