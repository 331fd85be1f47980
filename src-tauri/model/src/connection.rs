//! Saved connections and the settings each protocol honours.

use crate::codec::CodecChoice;
use crate::credentials::{CredentialUse, Endpoint};
use crate::ids::{ConnectionId, CredentialId, GroupId};
use crate::jump::Jump;
use crate::setting::SettingKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use ts_rs::TS;

/// How a machine is spoken to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[ts(export)]
pub enum ProtocolKind {
    /// RFB (RFC 6143 and the community's extensions).
    #[default]
    Vnc,
    /// Remote Desktop Protocol.
    Rdp,
    /// Secure Shell.
    Ssh,
    /// Our own agent.
    Near,
    /// Apple Screen Sharing: RFB 003.889.
    Apple,
}

impl ProtocolKind {
    /// Every protocol.
    pub const ALL: [Self; 5] = [Self::Vnc, Self::Rdp, Self::Ssh, Self::Near, Self::Apple];

    /// The protocol as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vnc => "VNC",
            Self::Rdp => "RDP",
            Self::Ssh => "SSH",
            Self::Near => "NEAR",
            Self::Apple => "APPLE",
        }
    }

    /// Reads a protocol; `None` for a word that is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The port used when a connection names none. NEAR needs none: it dials by key.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Vnc | Self::Apple => 5900,
            Self::Rdp => 3389,
            Self::Ssh => 22,
            Self::Near => 0,
        }
    }

    /// What this protocol's credential keys begin with, before the dot.
    pub fn credential_prefix(self) -> &'static str {
        match self {
            Self::Vnc => "vnc",
            Self::Rdp => "rdp",
            Self::Ssh => "ssh",
            Self::Near => "rxp",
            Self::Apple => "apple",
        }
    }
}

impl fmt::Display for ProtocolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A connection as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its identifier.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Host name or address; none until a person says.
    pub host: Option<String>,
    /// TCP port; none means the protocol's own.
    pub port: Option<u16>,
    /// An SSH connection it goes through.
    pub via: Option<ConnectionId>,
    /// The group it lies in.
    pub group: Option<GroupId>,
    /// Free labels.
    #[serde(deserialize_with = "without_spare_room")]
    pub tags: Vec<String>,
    /// Whether a person marked it.
    pub is_favorite: bool,
    /// Free text.
    pub notes: String,
    /// MAC address for Wake-on-LAN, as typed.
    pub mac: Option<String>,
    /// The shared credentials it signs in with, where it has none of its own.
    #[serde(default)]
    pub credential: Option<CredentialUse>,
    /// The token that chose its machine, its place among the groups or its credentials last, unless it may read secrets: only
    /// those shared credentials are sent to it that this token wrote. None once somebody has decided who may read them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "shared_text"
    )]
    pub placed_by: Option<Arc<str>>,
    /// Dotted settings that differ from the default, see [`setting`].
    pub settings: BTreeMap<String, Value>,
    /// Counts changes, from 1.
    pub revision: u64,
    /// In Unix seconds.
    pub created: i64,
    /// In Unix seconds.
    pub modified: i64,
    /// In Unix seconds.
    pub last_connected: Option<i64>,
}

/// Lists grow by doubling, which for two tags of each of 100,000 connections is 5 MB that nobody uses.
fn without_spare_room<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::deserialize(reader)?;
    // Shrinking would leave an allocator free to keep the room.
    let mut exact = Vec::with_capacity(texts.len());
    exact.extend(texts);
    Ok(exact)
}

/// A text that many records hold one after the other is kept once.
fn shared_text<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Arc<str>>, D::Error> {
    thread_local! {
        static LAST: RefCell<Arc<str>> = RefCell::new(Arc::from(""));
    }
    let text = Option::<Cow<'de, str>>::deserialize(reader)?;
    Ok(text.map(|text| {
        LAST.with_borrow_mut(|last| {
            if **last != *text {
                *last = Arc::from(&*text);
            }
            Arc::clone(last)
        })
    }))
}

impl Connection {
    /// The port in use: its own, or the protocol's.
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.protocol.default_port())
    }

    /// The machine it speaks to, as far as the connection alone tells: without the addresses of saved machines on the way.
    pub fn own_endpoint(&self) -> Endpoint {
        Endpoint {
            protocol: self.protocol,
            host: self.host.clone().unwrap_or_default(),
            port: self.effective_port(),
            via: self.via.clone(),
            through: self.addresses_before(),
        }
    }

    /// The machines on the way that no saved connection stands for.
    ///
    /// # Errors
    /// What is saved of them cannot be read, in words. That is never the same as no machines on the way.
    pub fn jumps(&self) -> Result<Vec<Jump>, String> {
        match self.saved_jumps() {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Jump::list(text),
            Some(other) => Err(format!("{other} is no list of machines")),
        }
    }

    fn saved_jumps(&self) -> Option<&Value> {
        let saved = self.settings.get("ssh.jump");
        saved.filter(|_| self.protocol == ProtocolKind::Ssh)
    }

    /// The addresses of those machines. What cannot be read stands for itself, so that it is another way than none.
    pub fn addresses_before(&self) -> Vec<String> {
        match self.jumps() {
            Ok(jumps) => jumps.iter().map(Jump::address).collect(),
            Err(_) => self
                .saved_jumps()
                .map(Value::to_string)
                .into_iter()
                .collect(),
        }
    }

    /// Its address, `host:port`.
    pub fn address(&self) -> String {
        let host = self.host.as_deref().unwrap_or_default();
        format!("{host}:{}", self.effective_port())
    }
}

/// A connection as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export, rename = "Connection")]
pub struct ConnectionView {
    /// Its identifier.
    pub uid: ConnectionId,
    /// Its name.
    pub name: String,
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Host name or address.
    pub host: Option<String>,
    /// The port in use.
    pub port: u16,
    /// An SSH connection it goes through.
    pub via: Option<ConnectionId>,
    /// The group it lies in.
    pub category_uid: Option<GroupId>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Whether a person marked it.
    pub favorite: bool,
    /// Free text.
    pub notes: String,
    /// MAC address for Wake-on-LAN.
    pub mac: Option<String>,
    /// The shared credentials it signs in with, where it has none of its own.
    pub credential: Option<CredentialId>,
    /// Whether shared credentials, its own or a group's, are not sent to it until they are chosen again: in the window, or by a
    /// token that may read secrets.
    pub credential_withheld: bool,
    /// Dotted settings that differ from the default.
    #[ts(type = "Record<string, boolean | number | string>")]
    #[schemars(schema_with = "settings_schema")]
    pub settings: BTreeMap<String, Value>,
    /// Counts changes, from 1.
    #[ts(type = "number")]
    pub revision: u64,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub created: i64,
    /// In Unix seconds.
    #[ts(type = "number")]
    pub modified: i64,
    /// In Unix seconds.
    #[ts(type = "number | null")]
    pub last_connected: Option<i64>,
}

impl From<&Connection> for ConnectionView {
    fn from(connection: &Connection) -> Self {
        Self {
            uid: connection.id.clone(),
            name: connection.name.clone(),
            protocol: connection.protocol,
            host: connection.host.clone(),
            port: connection.effective_port(),
            via: connection.via.clone(),
            category_uid: connection.group.clone(),
            tags: connection.tags.clone(),
            favorite: connection.is_favorite,
            notes: connection.notes.clone(),
            mac: connection.mac.clone(),
            credential: connection.credential.as_ref().map(|used| used.id.clone()),
            // Whoever knows the machines on the way says so.
            credential_withheld: false,
            settings: connection.settings.clone(),
            revision: connection.revision,
            created: connection.created,
            modified: connection.modified,
            last_connected: connection.last_connected,
        }
    }
}

/// What connections are ordered by. Equals are ordered by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ConnectionOrder {
    /// The name, case ignored.
    #[default]
    Name,
    /// The host.
    Host,
    /// The port in use.
    Port,
    /// The protocol.
    Protocol,
    /// Marked ones first.
    Favorite,
    /// When it was made.
    Created,
    /// When it was changed last.
    Modified,
    /// When it was last up.
    LastConnected,
}

/// An item of a group, as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct GroupItem {
    /// Its identifier.
    pub uid: ConnectionId,
    /// Always `connection`.
    #[ts(type = "\"connection\"")]
    #[schemars(extend("const" = "connection"))]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How the machine is spoken to.
    pub protocol: ProtocolKind,
    /// Host name or address.
    pub host: Option<String>,
    /// The port in use.
    pub port: u16,
    /// The group it lies in.
    pub category_uid: Option<GroupId>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Whether a person marked it.
    pub favorite: bool,
    /// In Unix seconds.
    #[ts(type = "number | null")]
    pub last_connected: Option<i64>,
}

/// A machine that announces itself on the local network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct NearbyMachine {
    /// Stable while it is announced.
    pub uid: String,
    /// The announced name.
    pub name: String,
    /// What it offers.
    pub protocol: ProtocolKind,
    /// Its address, or its host name while no address is known.
    pub host: String,
    /// The announced port.
    pub port: u16,
    /// How it was found: `mdns`.
    pub source: String,
    /// The saved connection with this address, if there is one.
    pub saved_as: Option<ConnectionId>,
}

/// The layouts of keyboards that a machine can be told, as X11 names them.
pub const KEYBOARDS: [&str; 24] = [
    "us", "gb", "de", "at", "ch", "fr", "be", "ca", "es", "latam", "it", "pt", "br", "nl", "dk",
    "no", "se", "fi", "pl", "cz", "hu", "tr", "ru", "jp",
];

/// Every dotted setting that something honours: key, what it may be.
pub const SETTINGS: [(&str, SettingKind); 36] = [
    // Ask the server to take the viewer's size.
    ("vnc.resize", SettingKind::Bool),
    // Leave other viewers connected.
    ("vnc.shared", SettingKind::Bool),
    // Begin as an observer.
    ("vnc.view_only", SettingKind::Bool),
    // How good the picture is; absent means automatic.
    ("vnc.quality", SettingKind::Quality),
    // How many colours the server is asked for: 24, 16 or 8 bits, 8 bits with a map of colours,
    // or nothing, so that its own are taken.
    (
        "vnc.colours",
        SettingKind::Choice(&["full", "high", "low", "mapped", "server"]),
    ),
    // Tight's and zlib's effort on the server; absent means automatic.
    ("vnc.compression", SettingKind::AutoOr { min: 0, max: 9 }),
    // How often a silent link is asked for a sign of life, in seconds; 0 never.
    ("ssh.keepalive", SettingKind::Integer { min: 0, max: 3600 }),
    // Whether keys of this computer's SSH agent are offered; absent means they are.
    ("ssh.agent", SettingKind::Bool),
    // Whether programs on the machine may sign with the keys of this computer's SSH agent; absent means they may not.
    ("ssh.forward_agent", SettingKind::Bool),
    // Whether programs on the machine may show windows on this computer's X display; absent means they may not.
    ("ssh.forward_x11", SettingKind::Bool),
    // Private keys' files to sign in with, separated by commas, a comma in a path written `\,`; certificates may lie beside them.
    ("ssh.key_file", SettingKind::Text(4096)),
    // The address that `~/.ssh/config` is asked for before each connect: host, port, user, keys and the way are as it says.
    ("ssh.config", SettingKind::Text(400)),
    // Lines above a terminal's screen that are kept.
    (
        "ssh.scrollback",
        SettingKind::Integer {
            min: 0,
            max: 100_000,
        },
    ),
    // Whether programs on the machine may write the clipboard (OSC 52); absent means they may not.
    ("ssh.clipboard", SettingKind::Bool),
    // Whether what a shell prints is kept in a file; absent means it is not.
    ("ssh.log", SettingKind::Bool),
    // Machines on the way that no saved connection stands for: `me@outer, me@inner:2222 key /a/key`. An SSH connection's own:
    // what lies in a group does not take it over.
    ("ssh.jump", SettingKind::Jumps),
    // The folder on the machine that deleted files are moved to, in the home folder unless it begins with a slash; absent means
    // that they are removed.
    ("ssh.trash", SettingKind::Text(1024)),
    // Tunnels that open and end with a session of the connection: `L 8080 host:80, R 9000 host:80, D 1080`.
    ("ssh.tunnels", SettingKind::Tunnels),
    // How a session is protected: NLA where the machine has it and else TLS; NLA; TLS and the machine's own sign-in screen.
    ("rdp.security", SettingKind::Choice(&["auto", "nla", "tls"])),
    // How many colours the machine is asked for: 32, 24, 16 or 15 bits.
    (
        "rdp.colours",
        SettingKind::Choice(&["full", "true", "high", "low"]),
    ),
    // Which kinds of encoding the machine is offered.
    ("rdp.codec", SettingKind::Choice(&CodecChoice::WORDS)),
    // The keyboard's layout; absent means this computer's.
    ("rdp.keyboard", SettingKind::Choice(&KEYBOARDS)),
    // Ask the machine to take the viewer's size; absent means to, unless it has a size of its own here.
    ("rdp.resize", SettingKind::Bool),
    // The size the session begins with.
    (
        "rdp.width",
        SettingKind::Integer {
            min: 200,
            max: 8192,
        },
    ),
    (
        "rdp.height",
        SettingKind::Integer {
            min: 200,
            max: 8192,
        },
    ),
    // Whether the machine's administrative session is asked for; absent means it is not.
    ("rdp.admin", SettingKind::Bool),
    // The program that is started instead of the desktop, and the folder it is started in.
    ("rdp.program", SettingKind::Text(255)),
    ("rdp.folder", SettingKind::Text(255)),
    // What a broker is told, so that it finds the machine or the farm.
    ("rdp.balance", SettingKind::Text(255)),
    // What this computer is called there.
    ("rdp.client_name", SettingKind::Text(15)),
    // How much of a desktop's beauty is sent; absent means the usual.
    ("rdp.effects", SettingKind::Choice(&["all", "none"])),
    // Whether the clipboard is shared; absent means it is.
    ("rdp.clipboard", SettingKind::Bool),
    // The folder of this computer that is lent to the machine as a drive, whole or below the home folder by `~/`; absent means none.
    ("rdp.drive", SettingKind::Text(1024)),
    // Whether nothing in it may be changed; absent means so.
    ("rdp.drive_read_only", SettingKind::Bool),
    // Lines of the .rdp file that the connection came from, for which there is no other setting: they are written back.
    ("rdp.file", SettingKind::Lines),
    // How large the machine draws things, in percent; absent means as the viewer's screen has it.
    ("rdp.scale", SettingKind::Integer { min: 100, max: 500 }),
];

/// What a setting may be; `None` for a key nobody honours.
pub fn setting(key: &str) -> Option<SettingKind> {
    SETTINGS
        .into_iter()
        .find_map(|(known, kind)| (known == key).then_some(kind))
}

/// Settings that say where one machine is: no group has them.
pub const OWN_SETTINGS: [&str; 3] = ["ssh.jump", "ssh.config", "rdp.file"];

pub(crate) fn settings_schema(generator: &mut SchemaGenerator) -> Schema {
    let properties: serde_json::Map<_, _> = SETTINGS
        .into_iter()
        .map(|(key, kind)| (key.to_owned(), kind.schema(generator).into()))
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}
