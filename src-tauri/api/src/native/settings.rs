//! The application: settings, tokens, sign-in, version.

use crate::auth;
use crate::control;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::request::{Caller, Response};
use crate::route::Call;
use farwire_model::application::{SettingsView, VersionView};
use farwire_model::error::ErrorCode;
use farwire_model::ids::TokenId;
use farwire_model::settings::{Density, Settings, Theme};
use farwire_model::token::Scope;
use serde_json::json;

/// Less would lock it between two clicks.
const MIN_LOCK_AFTER_SECS: u32 = 10;

pub(super) async fn show(call: &Call) -> Result<Response, ApiError> {
    answer(call, &call.api.core.settings())
}

fn answer(call: &Call, settings: &Settings) -> Result<Response, ApiError> {
    Response::of(&SettingsView {
        api: settings.api.clone(),
        appearance: settings.appearance.clone(),
        vault: settings.vault.clone(),
        api_state: call.api.listener.get().map(|listener| listener.state()),
        token_file: control::token_file(call.api.core.data_dir())
            .display()
            .to_string(),
        notice: call.api.core.notice().map(str::to_owned),
    })
}

pub(super) async fn update(call: &Call) -> Result<Response, ApiError> {
    let _gate = call.api.changing_settings.lock().await;
    let before = call.api.core.settings();
    let mut settings = before.clone();
    let mut fields = Fields::of(call.body.as_ref())?;
    // What a GET answered may be written back as it is.
    fields.take("api_state");
    fields.take("token_file");
    fields.take("notice");
    if let Some(mut api) = fields.object("api")? {
        settings.api.enabled = api.flag("enabled")?.unwrap_or(settings.api.enabled);
        settings.api.port = api.number("port")?.unwrap_or(settings.api.port);
        api.finish()?;
        if settings.api.port < 1024 {
            let message = "the port lies between 1024 and 65535";
            return Err(ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about("api.port"));
        }
    }
    if let Some(mut appearance) = fields.object("appearance")? {
        if let Some(theme) = appearance.text("theme")? {
            settings.appearance.theme = match theme.as_str() {
                "system" => Theme::System,
                "light" => Theme::Light,
                "dark" => Theme::Dark,
                _ => return Err(no_such("appearance.theme", "system, light or dark")),
            };
        }
        if let Some(density) = appearance.text("density")? {
            settings.appearance.density = match density.as_str() {
                "compact" => Density::Compact,
                "roomy" => Density::Roomy,
                _ => return Err(no_such("appearance.density", "compact or roomy")),
            };
        }
        appearance.finish()?;
    }
    if let Some(mut vault) = fields.object("vault")? {
        if let Some(after) = vault.number_or_null("lock_after_secs")? {
            settings.vault.lock_after_secs = after;
        }
        if let Some(after_sleep) = vault.flag("lock_after_sleep")? {
            settings.vault.lock_after_sleep = after_sleep;
        }
        vault.finish()?;
        let is_short = |secs: u32| secs < MIN_LOCK_AFTER_SECS;
        if settings.vault.lock_after_secs.is_some_and(is_short) {
            let message = format!(
                "the vault locks after {MIN_LOCK_AFTER_SECS} seconds or more, or, with null, never"
            );
            return Err(ApiError::new(400, ErrorCode::ValueOutOfBounds, message)
                .about("vault.lock_after_secs"));
        }
    }
    fields.finish()?;
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
    answer(call, &settings)
}

fn no_such(property: &str, choices: &str) -> ApiError {
    let message = format!("{property} is {choices}");
    ApiError::new(400, ErrorCode::InvalidRequestData, message).about(property)
}

pub(super) async fn tokens(call: &Call) -> Result<Response, ApiError> {
    Response::of(&call.api.core.tokens())
}

pub(super) async fn create_token(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let name = fields.need_text("name")?;
    let words = fields
        .texts("scopes")?
        .ok_or_else(|| fields.missing("scopes"))?;
    let expires = fields.number_or_null("expires")?.flatten();
    fields.finish()?;
    let mut scopes = Vec::new();
    for word in words {
        let known: Vec<_> = Scope::ALL.into_iter().map(Scope::as_str).collect();
        let scope = Scope::parse(&word).ok_or_else(|| no_such("scopes", &known.join(", ")))?;
        if !call.caller.may(scope) {
            let message = format!(
                "a token with the scope {scope} is made on the owner's terminal: farwired token new"
            );
            return Err(ApiError::new(403, ErrorCode::PermissionDenied, message).about("scopes"));
        }
        scopes.push(scope);
    }
    let (id, token) = call.api.core.create_token(name, scopes, expires).await?;
    let mut response = Response::json(json!({ "id": id, "token": token.expose() }));
    response
        .headers
        .push(("cache-control", "no-store".to_owned()));
    Ok(response)
}

pub(super) async fn delete_token(call: &Call) -> Result<Response, ApiError> {
    call.api.core.delete_token(&TokenId::new(call.id())).await?;
    Ok(Response::empty())
}

pub(super) async fn sign_in(call: &Call) -> Result<Response, ApiError> {
    let mut fields = Fields::of(call.body.as_ref())?;
    let code = fields.need_text("code")?;
    fields.finish()?;
    if !call.api.codes.redeem(&code) {
        return Err(ApiError::unauthorized());
    }
    let mut response = Response::json(json!({ "token": call.api.page_tokens.issue() }));
    response
        .headers
        .push(("cache-control", "no-store".to_owned()));
    Ok(response)
}

pub(super) async fn version(call: &Call) -> Result<Response, ApiError> {
    let proof = |nonce: &str, id: &str| {
        let hash = call.api.core.token_hash(&TokenId::new(id))?;
        Some((id.to_owned(), auth::proof(&hash, nonce)))
    };
    let proofs = call.query.get("nonce").map(|nonce| {
        let ids = call.query.all("token");
        ids.filter_map(|id| proof(nonce, id)).collect()
    });
    Response::of(&VersionView {
        name: "Farwire".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: 1,
        instance: call.api.instance.clone(),
        proofs,
    })
}
