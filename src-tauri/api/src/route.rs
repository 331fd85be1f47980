//! The route table's types and how a path finds its route.

use crate::Api;
use crate::answer;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::keys::{self, Keys};
use crate::request::{Caller, Content, Head, Response};
use farwire_core::origin::Origin;
use farwire_model::token::Scope;
use futures_util::stream;
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

/// A handler at work.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Response, ApiError>> + Send>>;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the port.
    Open,
    /// Callers with this scope.
    Scope(Scope),
    /// Callers with the scope reveal, and persons who prove themselves in the request. The handler asks for the proof.
    Proof,
}

impl Access {
    /// The scope that a token must have; none where no token is asked for.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Open => None,
            Self::Scope(scope) => Some(scope),
            Self::Proof => Some(Scope::Reveal),
        }
    }

    /// Whether a caller may ask at all.
    pub(crate) fn lets(self, caller: &Caller) -> bool {
        let is_in = self.scope().is_none_or(|scope| caller.may(scope));
        is_in || self == Self::Proof && caller.is_person()
    }
}

/// What a route does to saved things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Reads,
    /// It saves a new thing.
    Creates,
    /// It changes a saved thing that counts its revisions.
    Changes,
    /// It saves something that counts no revisions.
    Sets,
    /// It deletes a saved thing.
    Deletes,
    /// It does something else, such as opening a session or making a token, that cannot be taken back.
    Acts,
}

impl Effect {
    /// Whether it changes saved things, which can be asked for as a dry run and taken back.
    pub fn is_saving(self) -> bool {
        matches!(
            self,
            Self::Creates | Self::Changes | Self::Sets | Self::Deletes
        )
    }
}

/// Whose scripts a route is for. Each is served or not, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Our own; always there: tickets, the document and the page are part of it.
    Native,
    /// The files dialect.
    Files,
}

impl Dialect {
    /// What every path of it begins with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Native => "/",
            Self::Files => "/ssh-proxy/",
        }
    }
}

/// One row of the route table.
pub struct Route {
    /// GET, PUT, DELETE or ACTION.
    pub method: &'static str,
    /// The path; `{name}` stands for one segment.
    pub pattern: &'static str,
    /// What it does to saved things.
    pub effect: Effect,
    /// Statuses of its own: those it answers besides the ones that every route of its kind may.
    pub refuses: &'static [u16],
    /// Who may use it.
    pub access: Access,
    /// What it does, for people.
    pub doc: &'static str,
    /// Whether its body is bytes of any kind, taken as they come.
    pub takes_bytes: bool,
    pub(crate) run: fn(Asked) -> Running,
    pub(crate) describe: fn(&mut SchemaGenerator) -> Described,
}

impl Route {
    /// The dialect it belongs to.
    pub fn dialect(&self) -> Dialect {
        match self.pattern.starts_with(Dialect::Files.prefix()) {
            true => Dialect::Files,
            false => Dialect::Native,
        }
    }
}

/// A request that found its route.
pub(crate) struct Asked {
    pub api: Arc<Api>,
    pub caller: Caller,
    /// Who changes something, and how.
    pub by: Origin,
    pub params: Vec<String>,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub if_match: Option<u64>,
    pub base_url: Option<String>,
    pub head: Head,
    pub content: Option<Content>,
    pub gone: Option<CancellationToken>,
}

/// A request as its handler sees it. `B` says which keys its body has, `Q` which ones may follow the question mark.
pub(crate) struct Call<B = (), Q = ()> {
    pub api: Arc<Api>,
    pub caller: Caller,
    /// Who changes something, and how.
    pub by: Origin,
    pub query: Q,
    pub if_match: Option<u64>,
    pub base_url: Option<String>,
    /// Headers that few routes look at.
    pub head: Head,
    content: Mutex<Option<Content>>,
    gone: Option<CancellationToken>,
    params: Vec<String>,
    body: Body,
    reads: std::marker::PhantomData<fn() -> B>,
}

/// A body that is wiped when nobody needs it any more: there may have been secrets in it.
struct Body(Option<Value>);

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(body) = &mut self.0 {
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

impl Asked {
    /// The same for its handler.
    pub fn typed<B: Keys, Q: Keys>(self) -> Result<Call<B, Q>, ApiError> {
        if B::IS_NOTHING {
            // Nobody will read it: passing over a body would do what the caller did not mean.
            keys::read::<B>(Fields::of_body(self.body.as_ref())?)?;
        }
        Ok(Call {
            api: self.api,
            caller: self.caller,
            by: self.by,
            query: keys::read(Fields::of_query(self.query))?,
            if_match: self.if_match,
            base_url: self.base_url,
            gone: self.gone,
            head: self.head,
            content: Mutex::new(self.content),
            params: self.params,
            body: Body(self.body),
            reads: std::marker::PhantomData,
        })
    }
}

impl<B, Q> Call<B, Q> {
    /// The first `{…}` of the pattern. Every pattern that asks has one.
    pub fn id(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }

    /// The second one.
    pub fn second_id(&self) -> &str {
        self.params.get(1).map_or("", String::as_str)
    }

    /// Returns once nobody waits for the answer any more.
    pub async fn gone(&self) {
        match &self.gone {
            Some(gone) => gone.cancelled().await,
            None => future::pending().await,
        }
    }

    /// The body of a route that takes bytes: once, and nothing after that.
    pub fn content(&self) -> Content {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        content.take().unwrap_or_else(|| Box::pin(stream::empty()))
    }

    /// Refuses callers without all of these scopes, for what its route's scope alone does not say.
    pub fn need(&self, scopes: impl IntoIterator<Item = Scope>) -> Result<(), ApiError> {
        let mut missing = scopes.into_iter().filter(|scope| !self.caller.may(*scope));
        missing
            .next()
            .map_or(Ok(()), |scope| Err(ApiError::scope_missing(scope)))
    }
}

impl<B: Keys, Q> Call<B, Q> {
    /// Reads the body. The handler says when: an unknown thing is the first mistake to name, before the body's.
    pub fn body(&self) -> Result<B, ApiError> {
        keys::read(Fields::of_body(self.body.0.as_ref())?)
    }
}

/// What a handler's type says of its route.
#[derive(Debug)]
pub(crate) struct Described {
    /// The keys after the question mark.
    pub query: Schema,
    /// The body; none where there is none.
    pub body: Option<Schema>,
    /// The answer.
    pub answer: answer::Form,
}

/// Whether a handler takes bytes, by its type.
pub(crate) const fn takes_bytes<B, Q, A, F>(_: &F) -> bool
where
    B: Keys,
    Q: Keys,
    F: AsyncFn(&Call<B, Q>) -> Result<A, ApiError>,
{
    B::IS_BYTES
}

/// Describes a route by its handler's type.
pub(crate) fn describe<B, Q, A, F>(_: F, generator: &mut SchemaGenerator) -> Described
where
    B: Keys + JsonSchema,
    Q: Keys,
    A: answer::Answer,
    F: AsyncFn(&Call<B, Q>) -> Result<A, ApiError>,
{
    Described {
        query: keys::schema::<Q>("", generator),
        body: (!B::IS_NOTHING).then(|| generator.subschema_for::<B>()),
        answer: A::form(generator),
    }
}

/// What a path and a verb lead to.
pub(crate) enum Found {
    /// A route and its decoded parameters.
    Route(&'static Route, Vec<String>),
    /// The path is known, the verb is not one of these.
    WrongVerb(String),
    /// No route has this path.
    Nothing,
}

/// The routes by the first segment of their path, which is never a parameter: a request is compared with a few of them.
pub(crate) struct Table(BTreeMap<&'static str, Vec<Entry>>);

struct Entry {
    route: &'static Route,
    parts: Vec<&'static str>,
}

impl Entry {
    fn is_match(&self, segments: &[Cow<'_, str>]) -> bool {
        let pairs = self.parts.iter().zip(segments);
        self.parts.len() == segments.len()
            && pairs
                .into_iter()
                .all(|(part, segment)| is_parameter(part) || part == segment)
    }

    /// The segments that stand for something.
    fn params(&self, segments: Vec<Cow<'_, str>>) -> Vec<String> {
        let named = self.parts.iter().zip(segments);
        named
            .filter(|(part, _)| is_parameter(part))
            .map(|(_, segment)| segment.into_owned())
            .collect()
    }
}

fn is_parameter(part: &str) -> bool {
    part.starts_with('{')
}

impl Table {
    /// Splits the patterns of a list once.
    pub fn of(routes: impl IntoIterator<Item = &'static Route>) -> Self {
        let mut table: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
        for route in routes {
            let parts: Vec<_> = parts(route.pattern).collect();
            let first = parts.first().copied().unwrap_or_default();
            debug_assert!(!is_parameter(first), "{}", route.pattern);
            table.entry(first).or_default().push(Entry { route, parts });
        }
        Self(table)
    }
}

/// Looks a request up. Trailing slashes are optional, POST stands for ACTION, HEAD for GET.
pub(crate) fn find(table: &Table, method: &str, path: &str) -> Found {
    let wanted = match method {
        "POST" => "ACTION",
        "HEAD" => "GET",
        other => other,
    };
    let Some(segments) = segments(path) else {
        return Found::Nothing;
    };
    let entries = segments.first().and_then(|first| table.0.get(&**first));
    let mut verbs = Vec::new();
    let mut pattern = None;
    for entry in entries.into_iter().flatten() {
        let route = entry.route;
        if !entry.is_match(&segments) {
            continue;
        }
        // A literal segment stands first and keeps the path to itself: `none` is no group that could be deleted.
        if *pattern.get_or_insert(route.pattern) != route.pattern {
            continue;
        }
        if route.method == wanted {
            return Found::Route(route, entry.params(segments));
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
fn segments<'a>(path: &'a str) -> Option<Vec<Cow<'a, str>>> {
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let decode = |segment: &'a str| {
        let text = match segment.contains('%') {
            true => percent_decode_str(segment).decode_utf8().ok()?,
            false => Cow::Borrowed(segment),
        };
        let is_safe = !matches!(&*text, "" | "." | "..")
            && !text.bytes().any(|byte| matches!(byte, b'/' | 0));
        is_safe.then_some(text)
    };
    inner.split('/').map(decode).collect()
}

fn parts(pattern: &str) -> impl Iterator<Item = &str> {
    let inner = pattern.strip_prefix('/').unwrap_or(pattern);
    inner.strip_suffix('/').unwrap_or(inner).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing(_: &Call) -> Result<answer::Done, ApiError> {
        Ok(answer::Done {})
    }

    fn route(method: &'static str, pattern: &'static str) -> Route {
        Route {
            method,
            pattern,
            effect: Effect::Reads,
            refuses: &[],
            access: Access::Open,
            doc: "",
            takes_bytes: false,
            run: |_| Box::pin(async { Ok(Response::empty()) }),
            describe: |generator| super::describe(nothing, generator),
        }
    }

    fn describe(method: &str, path: &str) -> String {
        let routes = vec![
            route("GET", "/group/none"),
            route("GET", "/group/{id}"),
            route("PUT", "/group/{id}"),
            route("ACTION", "/group/{id}/open"),
        ];
        match find(&Table::of(&*routes.leak()), method, path) {
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
            ("PUT", "/group/none", "allow GET, HEAD"),
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
