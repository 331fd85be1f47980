//! The route table's types and how a path finds its route.

use crate::Api;
use crate::error::ApiError;
use crate::request::{Caller, Query, Response};
use farwire_model::token::Scope;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

/// What a route's handler returns.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, ApiError>> + Send + 'a>>;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the port.
    Open,
    /// Callers with this scope.
    Scope(Scope),
}

/// One row of the route table.
pub struct Route {
    /// GET, PUT, DELETE or ACTION.
    pub method: &'static str,
    /// The path; `{name}` stands for one segment.
    pub pattern: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does, for people.
    pub doc: &'static str,
    /// The keys it takes after the question mark.
    pub query: &'static [&'static str],
    pub(crate) handler: for<'a> fn(&'a Call) -> Answer<'a>,
}

/// A request that found its route.
pub(crate) struct Call {
    pub api: Arc<Api>,
    pub caller: Caller,
    pub params: Vec<String>,
    pub query: Query,
    pub body: Option<Value>,
    pub if_match: Option<u64>,
    pub base_url: Option<String>,
    /// Called when nobody waits for the answer any more.
    pub gone: CancellationToken,
}

impl Drop for Call {
    fn drop(&mut self) {
        // There may have been secrets in it.
        if let Some(body) = &mut self.body {
            wipe(body);
        }
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Call {
    /// The first `{…}` of the pattern. Every pattern that asks has one.
    pub fn id(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }
}

/// What a path and a verb lead to.
pub(crate) enum Found<'a> {
    /// A route and its decoded parameters.
    Route(&'a Route, Vec<String>),
    /// The path is known, the verb is not one of these.
    WrongVerb(String),
    /// No route has this path.
    Nothing,
}

/// Looks a request up. Trailing slashes are optional, POST stands for ACTION, HEAD for GET.
pub(crate) fn find<'a>(table: &'a [Route], method: &str, path: &str) -> Found<'a> {
    let wanted = match method {
        "POST" => "ACTION",
        "HEAD" => "GET",
        other => other,
    };
    let Some(segments) = segments(path) else {
        return Found::Nothing;
    };
    let mut verbs = Vec::new();
    for route in table {
        let Some(params) = match_pattern(route.pattern, &segments) else {
            continue;
        };
        if route.method == wanted {
            return Found::Route(route, params);
        }
        verbs.push(route.method);
    }
    if verbs.is_empty() {
        return Found::Nothing;
    }
    if verbs.contains(&"GET") {
        verbs.push("HEAD");
    }
    if verbs.contains(&"ACTION") {
        verbs.push("POST");
    }
    Found::WrongVerb(verbs.join(", "))
}

/// Splits and decodes a path, each segment once. `None` for a segment that could step out of its place.
fn segments(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let decode = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        let is_safe =
            !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '\0']);
        is_safe.then_some(text)
    };
    inner.split('/').map(decode).collect()
}

fn match_pattern(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut params = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        if part.starts_with('{') {
            params.push(segment.clone());
        } else if part != segment {
            return None;
        }
    }
    Some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &Call) -> Answer<'_> {
        Box::pin(async { Ok(Response::empty()) })
    }

    fn route(method: &'static str, pattern: &'static str) -> Route {
        Route {
            method,
            pattern,
            access: Access::Open,
            doc: "",
            query: &[],
            handler: nothing,
        }
    }

    fn describe(method: &str, path: &str) -> String {
        let table = [
            route("GET", "/group/none"),
            route("GET", "/group/{id}"),
            route("PUT", "/group/{id}"),
            route("ACTION", "/group/{id}/open"),
        ];
        match find(&table, method, path) {
            Found::Route(route, params) => format!("{} {} {params:?}", route.method, route.pattern),
            Found::WrongVerb(allow) => format!("allow {allow}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn paths_find_their_route() {
        for (method, path, expected) in [
            ("GET", "/group/a", "GET /group/{id} [\"a\"]"),
            ("GET", "/group/none/", "GET /group/none []"),
            ("HEAD", "/group/a/", "GET /group/{id} [\"a\"]"),
            ("POST", "/group/a/open", "ACTION /group/{id}/open [\"a\"]"),
            ("GET", "/group/a%3Ab", "GET /group/{id} [\"a:b\"]"),
            ("GET", "/group/%2561", "GET /group/{id} [\"%61\"]"),
            ("PATCH", "/group/a", "allow GET, PUT, HEAD"),
            ("GET", "/group/a/open", "allow ACTION, POST"),
            ("GET", "/group/%2e%2e", "nothing"),
            ("GET", "/group/a%2fb", "nothing"),
            ("GET", "/group/%00", "nothing"),
            ("GET", "/group/%ff", "nothing"),
            ("GET", "/group//", "nothing"),
            ("GET", "/", "nothing"),
            ("GET", "group", "nothing"),
        ] {
            assert_eq!(describe(method, path), expected, "{method} {path}");
        }
    }
}
