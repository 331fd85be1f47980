//! The application's settings and its tokens.

use crate::Core;
use crate::error::CoreError;
use crate::random;
use crate::text::checked_name;
use farwire_model::error::ErrorCode;
use farwire_model::ids::TokenId;
use farwire_model::secret::Secret;
use farwire_model::settings::{Settings, TerminalSettings};
use farwire_model::token::{Scope, Token, TokenView};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How often a token's last use is written, in seconds: a busy script must not cost a write per call.
const LAST_USED_SECS: i64 = 60;

/// How long a wait for a token's end trusts the clock.
const CLOCK_CHECK: Duration = Duration::from_secs(60);

impl Core {
    /// The application's settings.
    pub fn settings(&self) -> Settings {
        (*self.saved.read().app_settings()).clone()
    }

    /// Saves the application's settings.
    ///
    /// # Errors
    /// A font's name that cannot be one; the store.
    pub async fn save_settings(&self, settings: Settings) -> Result<(), CoreError> {
        check_font(&settings.terminal.font)?;
        self.saved
            .note(|saving| saving.put(settings).map(|_| ()))
            .await
    }

    /// Every token, oldest first.
    pub fn tokens(&self) -> Vec<TokenView> {
        let all = self.saved.read();
        let mut views: Vec<_> = all.tokens.values().map(|token| view(token)).collect();
        drop(all);
        views.sort_by_key(|token| token.created);
        views
    }

    /// Makes a token. Its text is answered here and never again.
    ///
    /// # Errors
    /// A name or scopes that cannot be taken; the store.
    pub async fn create_token(
        &self,
        name: String,
        mut scopes: Vec<Scope>,
        expires: Option<i64>,
    ) -> Result<(TokenId, Secret), CoreError> {
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            let message = "a token needs at least one scope";
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "scopes",
                message,
            ));
        }
        let created = random::now();
        if expires.is_some_and(|expires| expires <= created) {
            let message = "a token expires in the future, in Unix seconds";
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "expires",
                message,
            ));
        }
        let text = Secret::new(format!("fw_{}", random::hex(&random::bytes::<32>())));
        let token = Token {
            id: TokenId::new(random::id(TokenId::PREFIX)),
            name: checked_name(name)?,
            hash: hash(text.expose()),
            scopes,
            created,
            expires,
            last_used: None,
        };
        let id = token.id.clone();
        self.saved.note(|saving| saving.put(token)).await?;
        Ok((id, text))
    }

    /// Makes a token useless.
    ///
    /// # Errors
    /// An unknown token; the store.
    pub async fn delete_token(&self, id: &TokenId) -> Result<(), CoreError> {
        self.saved
            .note(|saving| {
                if !saving.all().tokens.contains_key(id.as_str()) {
                    return Err(CoreError::unknown("token", id));
                }
                saving.delete::<Token>(id.as_str())
            })
            .await
    }

    /// The token with this text, unless it expired. Every stored hash is compared, each in constant time.
    pub fn find_token(&self, text: &str) -> Option<TokenView> {
        let wanted = hash(text);
        let now = random::now();
        let all = self.saved.read();
        let mut found = None;
        for token in all.tokens.values() {
            if bool::from(token.hash.as_bytes().ct_eq(wanted.as_bytes())) {
                found = Some(token);
            }
        }
        found
            .filter(|token| token.expires.is_none_or(|expires| expires > now))
            .map(|token| view(token))
    }

    /// A number that goes up with each change of any token.
    pub fn token_changes(&self) -> u64 {
        self.saved.token_changes()
    }

    /// Whether a token that [`Core::find_token`] found is good still. `changes` is [`Core::token_changes`] of before it was looked
    /// for.
    pub fn is_token_same(&self, token: &TokenView, changes: u64) -> bool {
        let lasts = |expires: i64| expires > random::now();
        self.token_changes() == changes && token.expires.is_none_or(lasts)
    }

    /// Whether a token is there and has not expired.
    pub fn is_token_good(&self, id: &TokenId) -> bool {
        let all = self.saved.read();
        let known = all.tokens.get(id.as_str());
        let lasts = |expires: i64| expires > random::now();
        known.is_some_and(|token| token.expires.is_none_or(lasts))
    }

    /// The hash of a token, as [`Core::find_token`] compares it: what a client proves itself our peer with.
    pub fn token_hash(&self, id: &TokenId) -> Option<String> {
        self.saved
            .read()
            .tokens
            .get(id.as_str())
            .map(|token| token.hash.clone())
    }

    /// Returns once a token is deleted or expires.
    pub async fn token_gone(&self, id: &TokenId) {
        let mut events = self.subscribe();
        loop {
            let expires = match self.saved.read().tokens.get(id.as_str()) {
                Some(token) => token.expires,
                None => return,
            };
            let left = expires.map(|expires| expires.saturating_sub(random::now()));
            if left.is_some_and(|left| left <= 0) {
                return;
            }
            // The clock may be set meanwhile: it is looked at again after a minute at most.
            let left = left.map_or(CLOCK_CHECK, |left| {
                CLOCK_CHECK.min(Duration::from_secs(left.unsigned_abs()))
            });
            tokio::select! {
                // Whatever it says, also that some were missed, the token is looked up again.
                _ = events.recv() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Notes that a token was used, at most once a minute.
    pub async fn note_token_used(&self, token: &TokenView) {
        let now = random::now();
        if token
            .last_used
            .is_some_and(|last| now - last < LAST_USED_SECS)
        {
            return;
        }
        let noted = self
            .saved
            .note(|saving| {
                let Some(known) = saving.all().tokens.get(token.id.as_str()) else {
                    return Ok(());
                };
                let mut known = (**known).clone();
                known.last_used = Some(now);
                saving.put(known).map(|_| ())
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not note when a token was last used");
        }
    }
}

/// A font's family, which pages put into their style sheets.
fn check_font(font: &str) -> Result<(), CoreError> {
    let is_short = font.chars().count() <= TerminalSettings::MAX_FONT_CHARS;
    let is_plain =
        |c: char| !c.is_control() && !matches!(c, '"' | '\'' | '\\' | ';' | '{' | '}' | '<' | '>');
    if is_short && font.chars().all(is_plain) {
        return Ok(());
    }
    let message = format!(
        "a font's name has at most {} characters, and neither quotes nor brackets",
        TerminalSettings::MAX_FONT_CHARS
    );
    Err(CoreError::field(
        ErrorCode::ValueOutOfBounds,
        "font",
        message,
    ))
}

fn view(token: &Token) -> TokenView {
    TokenView {
        id: token.id.clone(),
        name: token.name.clone(),
        scopes: token.scopes.clone(),
        created: token.created,
        expires: token.expires,
        last_used: token.last_used,
    }
}

fn hash(text: &str) -> String {
    random::hex(&Sha256::digest(text.as_bytes()))
}
