//! A request's way to its handler: route, scope, origin, handler, audit.

use crate::Api;
use crate::error::ApiError;
use crate::request::{self, Caller, Query, Request, Response};
use crate::route::{self, Access, Asked, Effect, Found, Route};
use farwire_core::origin::{OnceKey, Origin};
use farwire_model::audit::AuditEntry;
use farwire_model::error::ErrorCode;
use farwire_model::history::DryRun;
use farwire_model::token::Scope;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroize;

/// The longest name of a run, and the longest `Idempotency-Key`: a UUID with a word before it fits many times.
const MAX_HEADER_CHARS: usize = 200;

/// The most of a path that the audit keeps: it has room for so many lines only, and identifiers are short.
const MAX_AUDITED_CHARS: usize = 500;

/// Asks for what would change, without changing it.
pub(crate) const DRY_RUN: &str = "dry_run";

/// Whether a request's body is bytes of any kind, taken as they come.
pub(crate) fn takes_bytes(api: &Api, method: &str, path: &str) -> bool {
    matches!(route::find(&api.routes, method, path), Found::Route(route, _) if route.takes_bytes)
}

/// Answers a request.
pub(crate) async fn dispatch(api: &Arc<Api>, request: Request) -> Result<Response, ApiError> {
    let found = route::find(&api.routes, &request.method, &request.path);
    let is_open = matches!(&found, Found::Route(route, _) if route.access == Access::Open);
    if matches!(request.caller, Caller::Nobody) && !is_open {
        return Err(ApiError::unauthorized());
    }
    let (route, params) = match found {
        Found::Route(route, params) => (route, params),
        Found::WrongVerb(allow) => {
            return Err(ApiError::wrong_verb(&request.method, &request.path, allow));
        }
        Found::Nothing => return Err(ApiError::no_such_path(&request.path)),
    };
    let audited = Audited::of(route, &request);
    let answer = carry_out(api, route, params, request).await;
    if let Some(audited) = audited {
        audited.note(api, &answer);
    }
    answer
}

async fn carry_out(
    api: &Arc<Api>,
    route: &'static Route,
    params: Vec<String>,
    request: Request,
) -> Result<Response, ApiError> {
    if let Some(scope) = route.access.scope()
        && !route.access.lets(&request.caller)
    {
        return Err(ApiError::scope_missing(scope));
    }
    let mut query = Query::parse(&request.query);
    let mut by = origin(route.effect, &request)?;
    if route.effect.is_saving() && query.take_switch(DRY_RUN)? {
        by = by.dry();
    }
    let if_match = request::if_match(request.if_match.as_deref())?;
    if if_match.is_some() && route.effect != Effect::Changes {
        let message = "If-Match means something for a PUT of a saved thing only: leave it out here";
        return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message).about("If-Match"));
    }
    // A page that looks by itself is nobody's use: reading does not count, but for secrets.
    if route.method != "GET" || query.get("reveal").is_some() {
        api.core.note_use();
    }
    let parsed = request::parse_body(&request.body);
    // There may have been secrets in it.
    if let Ok(mut bytes) = request.body.try_into_mut() {
        bytes.zeroize();
    }
    let dry = by.is_dry().then(|| by.clone());
    let asked = Asked {
        api: Arc::clone(api),
        caller: request.caller,
        by,
        params,
        query: query.into_pairs(),
        body: parsed?,
        if_match,
        base_url: request.base_url,
        head: request.head,
        content: request.content,
        gone: request.gone,
    };
    let response = (route.run)(asked).await?;
    if let Some(by) = dry {
        let changes = api.core.previewed(&by);
        let dry_run = DryRun {
            dry_run: true,
            changes,
        };
        return crate::answer::Answer::respond(dry_run);
    }
    Ok(response)
}

/// Who changes something, by which run, and whether it is to happen once only.
fn origin(effect: Effect, request: &Request) -> Result<Origin, ApiError> {
    let (who, who_name) = who(&request.caller);
    let mut by = Origin::new(who, who_name);
    by.may_write_credentials = request.caller.may(Scope::Credentials);
    by.may_reveal = request.caller.is_person() || request.caller.may(Scope::Reveal);
    by.run = run_name(request.run.as_deref())?;
    let Some(key) = named(request.once.as_deref(), "Idempotency-Key")? else {
        return Ok(by);
    };
    if effect != Effect::Creates {
        let message = "Idempotency-Key is for requests that make something new: leave it out here";
        return Err(
            ApiError::new(400, ErrorCode::InvalidRequestData, message).about("Idempotency-Key")
        );
    }
    let path = request.path.trim_end_matches('/');
    let head = format!("{} {path}\n", request.method);
    by.once = Some(OnceKey {
        key: hash(&[by.who.as_bytes(), b"\n", key.as_bytes()]),
        request: hash(&[head.as_bytes(), &request.body]),
    });
    Ok(by)
}

fn who(caller: &Caller) -> (&str, &str) {
    match caller {
        Caller::Ui => ("ui", "window"),
        Caller::Page(token) | Caller::Token(token) => (token.id.as_str(), &token.name),
        Caller::Nobody => ("", ""),
    }
}

/// The run's name, which stands in a path once it is taken back.
fn run_name(value: Option<&str>) -> Result<Option<String>, ApiError> {
    let name = named(value, "Farwire-Run")?;
    if let Some(name) = &name
        && (name.contains('/') || name.starts_with('.'))
    {
        let message = "Farwire-Run stands in a path: it has no / and begins with no dot";
        return Err(
            ApiError::new(400, ErrorCode::ValueIncorrectFormat, message).about("Farwire-Run")
        );
    }
    Ok(name)
}

/// A header's value, where it is there.
fn named(value: Option<&str>, header: &str) -> Result<Option<String>, ApiError> {
    let Some(value) = value.map(str::trim) else {
        return Ok(None);
    };
    let is_good = (1..=MAX_HEADER_CHARS).contains(&value.chars().count())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_good {
        let message = format!("{header} is a text of 1 to {MAX_HEADER_CHARS} ASCII characters");
        return Err(ApiError::new(400, ErrorCode::ValueOutOfBounds, message).about(header));
    }
    Ok(Some(value.to_owned()))
}

fn shortened(path: &str) -> String {
    let mut shown: String = path.chars().take(MAX_AUDITED_CHARS).collect();
    if shown.len() < path.len() {
        shown.push('…');
    }
    shown
}

fn hash(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part);
    }
    farwire_core::random::hex(&sha.finalize())
}

/// A request that leaves a line in the audit: one that is to change or open something, or to read secrets.
struct Audited(AuditEntry);

impl Audited {
    fn of(route: &Route, request: &Request) -> Option<Self> {
        if route.effect == Effect::Reads && request.query.is_empty() {
            return None;
        }
        let mut query = Query::parse(&request.query);
        let reveals = query.get("reveal").is_some_and(|value| value != "0");
        // The same reading as when it is carried out: dry_run=0 is no dry run.
        let is_dry = route.effect.is_saving() && matches!(query.take_switch(DRY_RUN), Ok(true));
        if route.effect == Effect::Reads && !reveals || is_dry {
            return None;
        }
        let (who, who_name) = who(&request.caller);
        let shown = if reveals { "?reveal=1" } else { "" };
        Some(Self(AuditEntry {
            at: 0,
            who: who.to_owned(),
            who_name: who_name.to_owned(),
            method: route.method.to_owned(),
            path: format!("{}{shown}", shortened(&request.path)),
            run: named(request.run.as_deref(), "").ok().flatten(),
            status: 0,
            error_code: None,
        }))
    }

    fn note(mut self, api: &Api, answer: &Result<Response, ApiError>) {
        // A stranger's tries would push out what others did.
        if self.0.who.is_empty() && answer.is_err() {
            return;
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.0.at = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        (self.0.status, self.0.error_code) = match answer {
            Ok(response) => (response.status, None),
            Err(error) => (error.status, Some(error.body.error_code)),
        };
        api.core.note_audit(&self.0);
    }
}
