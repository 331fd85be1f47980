//! The application's own settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The API's usual port.
pub const DEFAULT_API_PORT: u16 = 3279;

/// Everything a person can set about the application itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
#[serde(default)]
pub struct Settings {
    /// The HTTP API.
    pub api: ApiSettings,
    /// How the window looks.
    pub appearance: Appearance,
    /// How shells look.
    pub terminal: TerminalSettings,
    /// When the vault locks by itself.
    pub vault: VaultSettings,
}

/// The HTTP API's switch and place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
#[serde(default)]
pub struct ApiSettings {
    /// Whether it listens at all. Off until a person says otherwise.
    pub enabled: bool,
    /// The loopback port.
    pub port: u16,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            port: DEFAULT_API_PORT,
        }
    }
}

/// When the vault locks by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
#[serde(default)]
pub struct VaultSettings {
    /// Seconds since a person or a script last did something; none for never.
    pub lock_after_secs: Option<u32>,
    /// When the computer wakes from sleep.
    pub lock_after_sleep: bool,
}

/// How the window looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
#[serde(default)]
pub struct Appearance {
    /// Light, dark, or as the system says.
    pub theme: Theme,
    /// Row heights.
    pub density: Density,
    /// How the program's own window draws remote screens. Read when it starts.
    pub graphics: GraphicsChoice,
}

/// How the program's own window draws remote screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum GraphicsChoice {
    /// As suits the machine.
    #[default]
    Auto,
    /// By the page, and without the graphics device.
    Safe,
    /// On a surface of the desktop's, whatever the machine.
    Native,
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Row heights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum Density {
    /// Small rows.
    #[default]
    Compact,
    /// Taller rows.
    Roomy,
}

/// How shells look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
#[serde(default)]
pub struct TerminalSettings {
    /// The font's family; empty for one that this computer has.
    pub font: String,
    /// The font's size in CSS pixels.
    pub font_size: u8,
    /// The colours.
    pub colours: TerminalColours,
}

impl TerminalSettings {
    /// The longest name of a font.
    pub const MAX_FONT_CHARS: usize = 100;
    /// The smallest and the largest size of a font.
    pub const FONT_SIZES: (u8, u8) = (8, 32);
}

impl Default for TerminalSettings {
    fn default() -> Self {
        Self {
            font: String::new(),
            font_size: 14,
            colours: TerminalColours::default(),
        }
    }
}

/// The colours of shells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum TerminalColours {
    /// Light on dark grey.
    #[default]
    Dark,
    /// Dark on nearly white.
    Light,
    /// White on black, with strong colours.
    Contrast,
    /// Muted colours of equal lightness.
    Muted,
}
