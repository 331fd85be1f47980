//! Farwire's one API surface: the window, the browser page and scripts all end in [`Api::handle`].
//!
//! | module | holds |
//! | --- | --- |
//! | `dispatch` | a request's way to its handler: scope, origin, audit |
//! | [`request`] | what comes in and what goes out, without a transport |
//! | [`route`] | the route table's types and matching: 404, 405 with `Allow` |
//! | [`native`] | the native dialect, one file a noun |
//! | `privx` | the files dialect |
//! | `keys` | which keys a body or a query has: struct, parser and schema in one declaration |
//! | `fields` | taking keys out of a body so that every mistake names its key |
//! | `shape`, `text` | what a single value may be |
//! | `answer` | what handlers answer with |
//! | [`openapi`] | the document of all routes |
//! | [`auth`] | tokens, sign-in codes, single-use tickets, guesses |
//! | `body` | reading a request's body within limits |
//! | `crowd` | what a client is told when there are too many |
//! | `guard` | what a request must look like before anybody reads it |
//! | `patience` | a connection whose client has to take what it is sent |
//! | [`stream`] | a session's pixels and input over one WebSocket |
//! | [`server`] | sockets, HTTP and WebSockets; the only place that knows the HTTP library |
//! | [`listener`] | the switch of the HTTP API, and the app's own loopback port for streams |
//! | [`archive`] | what the command line does with archives |
//! | [`control`] | the socket that serves the command line |

mod answer;
pub mod archive;
pub mod auth;
mod body;
pub mod control;
mod crowd;
mod dispatch;
mod error;
mod fields;
mod guard;
mod json;
mod keys;
pub mod listener;
pub mod native;
pub mod openapi;
pub mod page;
mod patience;
mod privx;
pub mod request;
pub mod route;
pub mod server;
mod shape;
pub mod stream;
mod text;

use auth::{Codes, Guesses, PageTokens, Tickets};
use farwire_core::Core;
use request::{Request, Response};
use route::{Dialect, Table};
use std::sync::{Arc, OnceLock};

/// The API surface over one running application.
pub struct Api {
    pub(crate) core: Arc<Core>,
    pub(crate) tickets: Tickets,
    pub(crate) page_tokens: PageTokens,
    pub(crate) guesses: Guesses,
    /// Files that wait for their second step.
    pub(crate) steps: privx::steps::Steps,
    /// One-time sign-in codes of the browser page.
    pub codes: Codes,
    /// The dialects it speaks, and their routes.
    pub(crate) dialects: Vec<Dialect>,
    pub(crate) routes: Table,
    pub(crate) documents: native::Documents,
    /// Names this run of the program, so that clients can tell restarts apart.
    pub instance: String,
    pub(crate) listener: OnceLock<Arc<listener::Listener>>,
    /// One change of the settings at a time: each reads them, acts, and writes them whole.
    pub(crate) changing_settings: tokio::sync::Mutex<()>,
}

impl Api {
    /// A surface over an application, with every dialect that has no switch of its own.
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Self::speaking(core, vec![Dialect::Native, Dialect::Files])
    }

    /// A surface that has the routes of these dialects only: others are answered as if there were none.
    pub fn speaking(core: Arc<Core>, dialects: Vec<Dialect>) -> Arc<Self> {
        let served = native::ROUTES.iter();
        let routes = Table::of(served.filter(|route| dialects.contains(&route.dialect())));
        Arc::new(Self {
            core,
            dialects,
            routes,
            documents: native::Documents::default(),
            tickets: Tickets::default(),
            page_tokens: PageTokens::default(),
            guesses: Guesses::default(),
            steps: privx::steps::Steps::default(),
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

    /// Does with the files of this computer what a command of the files dialect says, as JSON. There is no route to it: it is for
    /// the program's own window, and no token reaches it. Never fails: what goes wrong is an answer.
    pub async fn files_here(&self, command: &[u8]) -> Response {
        match privx::file::run_here(&self.core, command).await {
            Ok(response) => response,
            Err(error) => error.response(),
        }
    }

    /// Answers one request. Never fails: what goes wrong is an answer.
    pub async fn handle(self: &Arc<Self>, request: Request) -> Response {
        match dispatch::dispatch(self, request).await {
            Ok(response) => response,
            Err(error) => error.response(),
        }
    }
}
