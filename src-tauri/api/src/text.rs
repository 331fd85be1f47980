//! Texts with a form of their own. Each says its form as JSON Schema; the application checks it where it saves the text,
//! and a test holds the two together.

use crate::error::ApiError;
use crate::fields::Place;
use crate::shape::{Shape, texts};
use farwire_core::limits::{
    MAX_COMMAND_CHARS, MAX_NAME_CHARS, MAX_NOTES_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TYPED_CHARS,
};
use farwire_model::settings::TerminalSettings;
use farwire_model::transfer::MAX_PATH_BYTES;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use std::borrow::Cow;

macro_rules! forms {
    ($($(#[$doc:meta])+ $name:ident $schema:tt)*) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub String);

        impl $name {
            fn new(text: String) -> Self {
                Self(text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }

        texts!($name);
    )*};
}

/// No control characters, and something to see: what people call a thing.
const LABEL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

forms! {
    /// What people call a thing.
    Name { "type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS, "pattern": LABEL }
    /// A free label.
    Tag { "type": "string", "minLength": 1, "maxLength": MAX_TAG_CHARS, "pattern": LABEL }
    /// A font's family, or nothing.
    FontName { "type": "string", "maxLength": TerminalSettings::MAX_FONT_CHARS, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\"'\\\\;{}<>]*$" }
    /// Free text.
    Notes { "type": "string", "maxLength": MAX_NOTES_CHARS }
    /// A host name, an address without port, or the absolute path of a Unix socket.
    Host { "type": "string", "format": "host", "minLength": 1 }
    /// `[user@]host[:port]`, with `ssh` or `ssh://` before it or not.
    Address { "type": "string", "format": "ssh-address", "minLength": 1 }
    /// A MAC address, with any separators.
    Mac { "type": "string", "pattern": r"^[:.-]*([0-9A-Fa-f][:.-]*){12}$" }
    /// A fingerprint as the connection test shows it.
    Fingerprint { "type": "string", "pattern": r"^SHA256:[A-Za-z0-9+/]{43}$" }
    /// A passphrase that is to be: not empty.
    Passphrase { "type": "string", "minLength": 1 }
    /// A command, as a shell on the machine reads it.
    CommandLine { "type": "string", "minLength": 1, "maxLength": MAX_COMMAND_CHARS }
    /// Text to type.
    Typed { "type": "string", "maxLength": MAX_TYPED_CHARS }
    /// A path on a machine: a handle as it was answered, or a text as a person types it; at most 4096 bytes.
    FilePath { "type": "string", "format": "path", "minLength": 1, "maxLength": MAX_PATH_BYTES, "pattern": r"^[^\u0000]*$" }
    /// An end of a tunnel: a port, an address with a port, or the absolute path of a socket.
    TunnelPlace { "type": "string", "format": "tunnel-end" }
    /// All that is in a text file.
    FileText { "type": "string", "maxLength": 262_144 }
    /// A SHA-256 in hexadecimal digits.
    ContentHash { "type": "string", "pattern": r"^[0-9a-f]{64}$" }
    /// A key: a character or a name such as `Return`, with the keys held meanwhile before it: `ctrl+alt+Delete`.
    KeyName { "type": "string", "format": "key" }
}

/// Free labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tags(pub Vec<String>);

impl JsonSchema for Tags {
    fn schema_name() -> Cow<'static, str> {
        "Tags".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let tag = generator.subschema_for::<Tag>();
        json_schema!({ "type": "array", "items": tag, "maxItems": MAX_TAGS })
    }
}

impl Shape for Tags {
    fn read(value: Value, place: &Place) -> Result<Self, ApiError> {
        let tags = Vec::<Tag>::read(value, place)?;
        Ok(Self(tags.into_iter().map(|Tag(tag)| tag).collect()))
    }
}
