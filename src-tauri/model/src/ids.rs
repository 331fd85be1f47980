//! Opaque identifiers. Each is a short text with a prefix that tells people what it names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// What every identifier of this kind begins with.
            pub const PREFIX: &str = $prefix;

            /// Wraps a text that came from a caller; it may name nothing.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A group of connections.
    GroupId,
    "g_"
);
id!(
    /// A saved connection.
    ConnectionId,
    "c_"
);
id!(
    /// Credentials saved as a thing of their own.
    CredentialId,
    "k_"
);
id!(
    /// A live session.
    SessionId,
    "s_"
);
id!(
    /// A token of the HTTP API.
    TokenId,
    "t_"
);
id!(
    /// A host key or certificate a person decided about.
    TrustId,
    "h_"
);
id!(
    /// A remembered change of saved things.
    ChangeId,
    "v_"
);
id!(
    /// A transfer of files.
    TransferId,
    "x_"
);
id!(
    /// A tunnel through an SSH connection.
    TunnelId,
    "u_"
);
