//! Which keys a body or a query has. One declaration gives the struct a handler reads, the parser and the JSON Schema, so
//! that they cannot differ.
//!
//! ```text
//! keys! {
//!     /// What a group is told.
//!     pub(super) struct GroupChange {
//!         /// What people call it.
//!         name: Option<Name>,                       // may be absent
//!         /// The group it lies in; null for the top.
//!         parent_uid: Option<Option<GroupId>>,      // may be absent or null
//!     }
//! }
//! ```
//!
//! A field without `Option` must be there. After the struct's name may stand: `passing over "a", "b"`, keys that a GET
//! answers and that mean nothing when they are sent back; `ignoring others`, for a dialect that does; `with [Rule…]`. A last line `..name: Type` takes in the keys of a
//! table, such as the dotted settings.

use crate::error::ApiError;
use crate::fields::Fields;
use crate::shape::Shape;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// An object's keys.
pub(crate) trait Keys: Sized {
    /// Whether there are none.
    const IS_NOTHING: bool = false;
    /// Whether this stands for a body of bytes, which has no keys.
    const IS_BYTES: bool = false;
    /// Whether unknown keys are passed over, as scripts of the dialect expect.
    const IGNORES_OTHERS: bool = false;
    /// Keys that are taken and passed over.
    const PASSED_OVER: &'static [&'static str] = &[];
    /// What holds between keys.
    const RULES: &'static [Rule] = &[];

    /// Writes the keys down.
    fn describe(object: &mut Object, generator: &mut SchemaGenerator);

    /// Takes the keys out. What is left is unknown.
    fn take(fields: &mut Fields) -> Result<Self, ApiError>;
}

/// What holds between keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// At least one of them is there.
    AtLeastOne(&'static [&'static str]),
    /// With one of them, the other is there too.
    Together(&'static str, &'static str),
}

impl Rule {
    fn check(self, fields: &Fields) -> Result<(), ApiError> {
        let missing = match self {
            Self::AtLeastOne(keys) if !keys.iter().any(|key| fields.has(key)) => {
                keys.first().copied()
            }
            Self::Together(a, b) if fields.has(a) && !fields.has(b) => Some(b),
            Self::Together(a, b) if fields.has(b) && !fields.has(a) => Some(a),
            _ => None,
        };
        missing.map_or(Ok(()), |key| Err(fields.place(key).missing()))
    }

    fn describe(self, schema: &mut Schema) {
        let (key, value) = match self {
            Self::AtLeastOne(keys) => {
                let one = |key| serde_json::json!({ "required": [key] });
                ("anyOf", keys.iter().map(one).collect::<Value>())
            }
            Self::Together(a, b) => {
                let both = serde_json::json!({ a: [b], b: [a] });
                ("dependentRequired", both)
            }
        };
        schema.insert(key.to_owned(), value);
    }
}

/// An object's keys as JSON Schema writes them.
#[derive(Debug, Default)]
pub(crate) struct Object {
    /// The schema of each key.
    pub properties: Map<String, Value>,
    /// The keys that must be there.
    pub required: Vec<Value>,
}

impl Object {
    /// Adds a key that may be absent.
    pub fn add(&mut self, key: &str, doc: &str, mut schema: Schema) {
        if !doc.is_empty() {
            schema.insert("description".to_owned(), Value::from(doc.trim()));
        }
        self.properties.insert(key.to_owned(), schema.into());
    }
}

/// A key's value: required, optional, or optional and nullable.
pub(crate) trait Entry: Sized {
    /// Whether the key must be there.
    const IS_REQUIRED: bool;

    /// The schema of its values.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// Takes the key out and reads it.
    fn take(fields: &mut Fields, key: &str) -> Result<Self, ApiError>;
}

impl<T: Shape> Entry for T {
    const IS_REQUIRED: bool = true;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn take(fields: &mut Fields, key: &str) -> Result<Self, ApiError> {
        fields.read(key)?.ok_or_else(|| fields.place(key).missing())
    }
}

impl<T: Shape> Entry for Option<T> {
    const IS_REQUIRED: bool = false;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn take(fields: &mut Fields, key: &str) -> Result<Self, ApiError> {
        fields.read(key)
    }
}

impl<T: Shape> Entry for Option<Option<T>> {
    const IS_REQUIRED: bool = false;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Option<T>>()
    }

    fn take(fields: &mut Fields, key: &str) -> Result<Self, ApiError> {
        fields.read_or_null(key)
    }
}

/// Reads an object whole.
pub(crate) fn read<K: Keys>(mut fields: Fields) -> Result<K, ApiError> {
    for key in K::PASSED_OVER {
        fields.take(key);
    }
    for rule in K::RULES {
        rule.check(&fields)?;
    }
    let read = K::take(&mut fields)?;
    if !K::IGNORES_OTHERS {
        fields.finish()?;
    }
    Ok(read)
}

/// An object's JSON Schema.
pub(crate) fn schema<K: Keys>(doc: &str, generator: &mut SchemaGenerator) -> Schema {
    let mut object = Object::default();
    K::describe(&mut object, generator);
    for key in K::PASSED_OVER {
        object.add(
            key,
            "Passed over: what a GET answered may be sent back as it is.",
            json_schema!({}),
        );
    }
    let mut schema = json_schema!({
        "type": "object",
        "description": doc.trim(),
        "properties": object.properties,
        "required": object.required,
        "additionalProperties": K::IGNORES_OTHERS,
    });
    for rule in K::RULES {
        rule.describe(&mut schema);
    }
    schema
}

impl Keys for () {
    const IS_NOTHING: bool = true;

    fn describe(_: &mut Object, _: &mut SchemaGenerator) {}

    fn take(_: &mut Fields) -> Result<Self, ApiError> {
        Ok(())
    }
}

/// A body of bytes, which the handler takes as they come: see `Call::content`.
#[derive(Debug)]
pub(crate) struct Raw;

impl Keys for Raw {
    const IS_NOTHING: bool = true;
    const IS_BYTES: bool = true;

    fn describe(_: &mut Object, _: &mut SchemaGenerator) {}

    fn take(_: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self)
    }
}

impl schemars::JsonSchema for Raw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Raw".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

macro_rules! keys {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident
        $(passing over $($passed:literal),+)?
        $(ignoring $others:ident)?
        $(with [$($rule:expr),+])?
        {
            $($(#[doc = $doc:literal])+ $key:ident: $kind:ty,)*
            $(..$table:ident: $table_kind:ty,)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        #[allow(non_snake_case, reason = "keys are spelled as the API spells them")]
        $vis struct $name {
            $($(#[doc = $doc])+ pub $key: $kind,)*
            $(pub $table: $table_kind,)?
        }

        impl $crate::keys::Keys for $name {
            $(const PASSED_OVER: &'static [&'static str] = &[$($passed),+];)?
            $(const IGNORES_OTHERS: bool = { let _ = stringify!($others); true };)?
            $(const RULES: &'static [$crate::keys::Rule] = &[$($rule),+];)?

            fn describe(
                object: &mut $crate::keys::Object,
                generator: &mut schemars::SchemaGenerator,
            ) {
                $(
                    let schema = <$kind as $crate::keys::Entry>::schema(generator);
                    object.add(stringify!($key), concat!($($doc),+), schema);
                    if <$kind as $crate::keys::Entry>::IS_REQUIRED {
                        object.required.push(stringify!($key).into());
                    }
                )*
                $(<$table_kind as $crate::keys::Keys>::describe(object, generator);)?
            }

            fn take(
                fields: &mut $crate::fields::Fields,
            ) -> Result<Self, $crate::error::ApiError> {
                Ok(Self {
                    $($key: <$kind as $crate::keys::Entry>::take(fields, stringify!($key))?,)*
                    $($table: <$table_kind as $crate::keys::Keys>::take(fields)?,)?
                })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            // Two of the same name in different files are two schemas.
            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::keys::schema::<Self>(concat!($($about),+), generator)
            }
        }

        impl $crate::shape::Shape for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::fields::Place,
            ) -> Result<Self, $crate::error::ApiError> {
                match value {
                    serde_json::Value::Object(map) => {
                        $crate::keys::read($crate::fields::Fields::inside(map, place))
                    }
                    _ => Err(place.wrong_type("an object")),
                }
            }
        }
    };
}
pub(crate) use keys;
