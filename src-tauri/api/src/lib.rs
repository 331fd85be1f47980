//! Farwire's one API surface: the window, the browser page and scripts all end in [`Api::handle`].
//!
//! | module | holds |
//! | --- | --- |
//! | [`request`] | what comes in and what goes out, without a transport |
//! | [`route`] | the route table's types and matching: 404, 405 with `Allow` |
//! | [`native`] | the native dialect, one file a noun |
//! | `fields` | reading JSON bodies so that every mistake names its key |
//! | [`auth`] | tokens, sign-in codes, single-use tickets |
//! | `body` | reading a request's body within limits |
//! | `crowd` | what a client is told when there are too many |
//! | `guard` | what a request must look like before anybody reads it |
//! | [`stream`] | a session's pixels and input over one WebSocket |
//! | [`server`] | sockets, HTTP and WebSockets; the only place that knows the HTTP library |
//! | [`listener`] | the switch of the HTTP API, and the app's own loopback port for streams |
//! | [`archive`] | what the command line does with archives |
//! | [`control`] | the socket that serves the command line |

pub mod archive;
pub mod auth;
mod body;
pub mod control;
mod crowd;
mod error;
mod fields;
mod guard;
pub mod listener;
pub mod native;
pub mod page;
pub mod request;
pub mod route;
pub mod server;
pub mod stream;

use auth::{Codes, PageTokens, Tickets};
use error::ApiError;
use farwire_core::Core;
use farwire_model::error::ErrorCode;
use request::{Caller, Request, Response};
use route::{Access, Call, Found};
use std::sync::{Arc, OnceLock};
use zeroize::Zeroize;

/// The API surface over one running application.
pub struct Api {
    pub(crate) core: Arc<Core>,
    pub(crate) tickets: Tickets,
    pub(crate) page_tokens: PageTokens,
    /// One-time sign-in codes of the browser page.
    pub codes: Codes,
    /// Names this run of the program, so that clients can tell restarts apart.
    pub instance: String,
    pub(crate) listener: OnceLock<Arc<listener::Listener>>,
    /// One change of the settings at a time: each reads them, acts, and writes them whole.
    pub(crate) changing_settings: tokio::sync::Mutex<()>,
}

impl Api {
    /// A surface over an application.
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core,
            tickets: Tickets::default(),
            page_tokens: PageTokens::default(),
            codes: Codes::default(),
            instance: auth::random_hex::<8>(),
            listener: OnceLock::new(),
            changing_settings: tokio::sync::Mutex::default(),
        })
    }

    /// The application behind the surface.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Answers one request. Never fails: what goes wrong is an answer.
    pub async fn handle(self: &Arc<Self>, request: Request) -> Response {
        match self.dispatch(request).await {
            Ok(response) => response,
            Err(error) => error.response(),
        }
    }

    async fn dispatch(self: &Arc<Self>, request: Request) -> Result<Response, ApiError> {
        let found = route::find(native::ROUTES, &request.method, &request.path);
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
        if let Access::Scope(scope) = route.access
            && !request.caller.may(scope)
        {
            return Err(ApiError::scope_missing(scope));
        }
        let query = request::Query::parse(&request.query);
        if let Some(key) = query.unknown(route.query) {
            // Passing over a key such as dry_run would do what the caller meant not to do.
            let message = format!("{} takes no {key} after the question mark", route.pattern);
            return Err(ApiError::new(400, ErrorCode::InvalidRequestData, message).about(key));
        }
        // A page that looks by itself is nobody's use: reading does not count, but for secrets.
        if route.method != "GET" || query.get("reveal").is_some() {
            self.core.note_use();
        }
        let parsed = request::parse_body(&request.body);
        // There may have been secrets in it.
        if let Ok(mut bytes) = request.body.try_into_mut() {
            bytes.zeroize();
        }
        let call = Call {
            api: Arc::clone(self),
            caller: request.caller,
            params,
            query,
            body: parsed?,
            if_match: request::if_match(request.if_match.as_deref())?,
            base_url: request.base_url,
            gone: request.gone,
        };
        (route.handler)(&call).await
    }
}
