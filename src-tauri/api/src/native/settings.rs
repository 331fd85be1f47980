//! The application: settings, tokens, sign-in, version.

use crate::answer::{Done, Private};
use crate::auth;
use crate::control;
use crate::error::ApiError;
use crate::keys::keys;
use crate::request::Caller;
use crate::route::Call;
use crate::shape::{Scopes, Whole};
use crate::text::{FontName, Name};
use farwire_model::application::{SettingsView, VersionView};
use farwire_model::error::ErrorCode;
use farwire_model::ids::TokenId;
use farwire_model::settings::{
    Density, GraphicsChoice, Settings, TerminalColours, TerminalSettings, Theme,
};
use farwire_model::token::{Scope, TokenView};
use schemars::JsonSchema;
use serde::Serialize;

/// Less would lock it between two clicks.
const MIN_LOCK_AFTER_SECS: u32 = 10;

/// The last second of the year 9999.
const LATEST: i64 = 253_402_300_799;

keys! {
    /// What changes about the application's settings.
    pub(super) struct SettingsChange passing over "api_state", "token_file", "notice" {
        /// The HTTP API; set in the window only.
        api: Option<ApiChange>,
        /// How the window looks.
        appearance: Option<AppearanceChange>,
        /// How shells look.
        terminal: Option<TerminalChange>,
        /// When the vault locks by itself.
        vault: Option<AutoLockChange>,
    }
}

keys! {
    /// What changes about how shells look.
    pub(super) struct TerminalChange {
        /// The font's family; empty for one that this computer has.
        font: Option<FontName>,
        /// The font's size in CSS pixels.
        font_size: Option<Whole<u8, { TerminalSettings::FONT_SIZES.0 as i64 }, { TerminalSettings::FONT_SIZES.1 as i64 }>>,
        /// The colours.
        colours: Option<TerminalColours>,
    }
}

keys! {
    /// What changes about the HTTP API.
    pub(super) struct ApiChange {
        /// Whether it listens at all.
        enabled: Option<bool>,
        /// The loopback port.
        port: Option<Whole<u16, 1024, 65535>>,
    }
}

keys! {
    /// What changes about how the window looks.
    pub(super) struct AppearanceChange {
        /// Light, dark, or as the system says.
        theme: Option<Theme>,
        /// Row heights.
        density: Option<Density>,
        /// How the program's own window draws remote screens.
        graphics: Option<GraphicsChoice>,
    }
}

keys! {
    /// What changes about when the vault locks by itself.
    pub(super) struct AutoLockChange {
        /// After this many seconds without use; null for never.
        lock_after_secs: Option<Option<Whole<u32, { MIN_LOCK_AFTER_SECS as i64 }, { u32::MAX as i64 }>>>,
        /// When this computer wakes from sleep.
        lock_after_sleep: Option<bool>,
    }
}

keys! {
    /// A new token.
    pub(super) struct NewToken {
        /// What people call it.
        name: Name,
        /// What it may do.
        scopes: Scopes,
        /// When it stops working, in Unix seconds; null for never.
        expires: Option<Option<Whole<i64, 0, LATEST>>>,
    }
}

keys! {
    /// What signs the browser page in.
    pub(super) struct SignIn {
        /// The one-time code of the link.
        code: String,
    }
}

keys! {
    /// What this program is to prove.
    pub(super) struct Challenge {
        /// What the proofs are made over.
        nonce: Option<String>,
        /// The tokens it is to prove it knows, by their identifiers.
        token: Option<Vec<TokenId>>,
    }
}

/// A token that was made. Its text is answered here and never again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeToken {
    /// Its identifier.
    id: TokenId,
    /// Its text.
    token: String,
}

/// The browser page is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SignedIn {
    /// The page's token.
    token: String,
}

pub(super) async fn show(call: &Call) -> Result<SettingsView, ApiError> {
    Ok(view(call, &call.api.core.settings()))
}

fn view<B, Q>(call: &Call<B, Q>, settings: &Settings) -> SettingsView {
    SettingsView {
        api: settings.api.clone(),
        appearance: settings.appearance.clone(),
        terminal: settings.terminal.clone(),
        vault: settings.vault.clone(),
        api_state: call.api.listener.get().map(|listener| listener.state()),
        token_file: control::token_file(call.api.core.data_dir())
            .display()
            .to_string(),
        notice: call.api.core.notice(),
    }
}

pub(super) async fn update(call: &Call<SettingsChange>) -> Result<SettingsView, ApiError> {
    let change = call.body()?;
    let _gate = call.api.changing_settings.lock().await;
    let before = call.api.core.settings();
    let mut settings = before.clone();
    if let Some(ApiChange { enabled, port }) = change.api {
        settings.api.enabled = enabled.unwrap_or(settings.api.enabled);
        settings.api.port = port.map_or(settings.api.port, |port| port.0);
    }
    if let Some(AppearanceChange {
        theme,
        density,
        graphics,
    }) = change.appearance
    {
        settings.appearance.theme = theme.unwrap_or(settings.appearance.theme);
        settings.appearance.density = density.unwrap_or(settings.appearance.density);
        settings.appearance.graphics = graphics.unwrap_or(settings.appearance.graphics);
    }
    if let Some(TerminalChange {
        font,
        font_size,
        colours,
    }) = change.terminal
    {
        let terminal = &mut settings.terminal;
        terminal.font = font.map_or(std::mem::take(&mut terminal.font), |FontName(font)| font);
        terminal.font_size = font_size.map_or(terminal.font_size, |size| size.0);
        terminal.colours = colours.unwrap_or(terminal.colours);
    }
    if let Some(AutoLockChange {
        lock_after_secs,
        lock_after_sleep,
    }) = change.vault
    {
        let locks = &mut settings.vault;
        locks.lock_after_secs = match lock_after_secs {
            Some(after) => after.map(|after| after.0),
            None => locks.lock_after_secs,
        };
        locks.lock_after_sleep = lock_after_sleep.unwrap_or(locks.lock_after_sleep);
    }
    if settings.api != before.api {
        if !matches!(call.caller, Caller::Ui) {
            let message = "the API's switch and port are set in the window, or for farwired on its command line";
            return Err(ApiError::new(403, ErrorCode::PermissionDenied, message).about("api"));
        }
        if let Some(listener) = call.api.listener.get() {
            listener.apply(&call.api, &settings.api).await?;
        }
    }
    call.api.core.save_settings(settings.clone()).await?;
    Ok(view(call, &settings))
}

pub(super) async fn tokens(call: &Call) -> Result<Vec<TokenView>, ApiError> {
    Ok(call.api.core.tokens())
}

pub(super) async fn create_token(call: &Call<NewToken>) -> Result<Private<MadeToken>, ApiError> {
    let NewToken {
        name,
        scopes,
        expires,
    } = call.body()?;
    // Whoever may read secrets gives that to nobody else here.
    let may_give =
        |scope| call.caller.may(scope) && (scope != Scope::Reveal || call.caller.is_person());
    if let Some(scope) = scopes.0.iter().find(|scope| !may_give(**scope)) {
        let message = format!(
            "a token with the scope {scope} is made on the owner's terminal: farwired token new"
        );
        return Err(ApiError::new(403, ErrorCode::PermissionDenied, message).about("scopes"));
    }
    let expires = expires.flatten().map(|expires| expires.0);
    let made = call.api.core.create_token(name.0, scopes.0, expires).await;
    let (id, token) = made?;
    Ok(Private(MadeToken {
        id,
        token: token.expose().to_owned(),
    }))
}

pub(super) async fn delete_token(call: &Call) -> Result<Done, ApiError> {
    call.api.core.delete_token(&TokenId::new(call.id())).await?;
    Ok(Done {})
}

pub(super) async fn sign_in(call: &Call<SignIn>) -> Result<Private<SignedIn>, ApiError> {
    if !call.api.codes.redeem(&call.body()?.code) {
        return Err(ApiError::unauthorized());
    }
    let token = call.api.page_tokens.issue();
    Ok(Private(SignedIn { token }))
}

pub(super) async fn version(call: &Call<(), Challenge>) -> Result<VersionView, ApiError> {
    let proof = |nonce: &str, id: &TokenId| {
        let hash = call.api.core.token_hash(id)?;
        Some((id.to_string(), auth::proof(&hash, nonce)))
    };
    let proofs = call.query.nonce.as_deref().map(|nonce| {
        let ids = call.query.token.iter().flatten();
        ids.filter_map(|id| proof(nonce, id)).collect()
    });
    Ok(VersionView {
        name: "Farwire".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("FARWIRE_COMMIT").map(str::to_owned),
        api: 1,
        instance: call.api.instance.clone(),
        proofs,
    })
}
