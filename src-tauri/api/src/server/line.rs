//! One connection and who is at its other end.

use super::Shared;
use super::admit::Place;
use crate::Api;
use crate::request::Caller;
use farwire_model::token::TokenView;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A connection. What its requests share stands here and not in [`Shared`], which the others use at the same time.
pub(super) struct Line {
    pub shared: Arc<Shared>,
    /// Its place among those allowed at once.
    pub place: Arc<Place>,
    known: Mutex<Option<Known>>,
}

/// The token that a connection showed last: most show the same one with each request.
struct Known {
    /// The header it was in.
    shown: Zeroizing<Vec<u8>>,
    token: Arc<TokenView>,
    /// [`farwire_core::Core::token_changes`] before it was looked up.
    changes: u64,
}

impl Line {
    pub fn new(shared: Arc<Shared>, place: Arc<Place>) -> Self {
        Self {
            shared,
            place,
            known: Mutex::default(),
        }
    }

    /// Who sends a request with these headers.
    pub async fn identify(&self, headers: &HeaderMap) -> Caller {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Caller::Nobody;
        };
        let Api {
            core, page_tokens, ..
        } = &*self.shared.api;
        if let Some(token) = self.known(value) {
            core.note_token_used(&token).await;
            return Caller::Token(token);
        }
        let text = value.to_str().ok();
        let Some(text) = text.and_then(|text| text.strip_prefix("Bearer ")) else {
            return Caller::Nobody;
        };
        let text = text.trim();
        if let Some(token) = page_tokens.find(text) {
            return Caller::Page(token);
        }
        let changes = core.token_changes();
        let Some(token) = core.find_token(text).map(Arc::new) else {
            return Caller::Nobody;
        };
        *self.lock() = Some(Known {
            shown: Zeroizing::new(value.as_bytes().to_vec()),
            token: Arc::clone(&token),
            changes,
        });
        core.note_token_used(&token).await;
        Caller::Token(token)
    }

    /// The token that was shown before in the same header, unless it expired or any token was changed since.
    fn known(&self, header: &HeaderValue) -> Option<Arc<TokenView>> {
        let known = self.lock();
        let known = known.as_ref()?;
        let core = &self.shared.api.core;
        let is_same = known.shown.as_slice() == header.as_bytes();
        (is_same && core.is_token_same(&known.token, known.changes))
            .then(|| Arc::clone(&known.token))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
