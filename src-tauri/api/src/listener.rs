//! The switch of the HTTP API, and the app's own loopback port for session streams.

use crate::Api;
use crate::control;
use crate::error::ApiError;
use crate::server::{Offer, Server};
use farwire_model::application::ListenerState;
use farwire_model::error::ErrorCode;
use farwire_model::settings::ApiSettings;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the stream port looks whether a session is still open.
const STREAM_CHECK: Duration = Duration::from_secs(5);

/// The app's listeners. The HTTP API is off until a person switches it on; the stream port is there only while a session is.
#[derive(Default)]
pub struct Listener {
    api: tokio::sync::Mutex<Option<Server>>,
    streams: tokio::sync::Mutex<Option<Server>>,
    state: Mutex<ListenerState>,
    control: CancellationToken,
    tasks: TaskTracker,
}

impl Listener {
    /// Adds the listeners to a surface and opens the HTTP API if a person left it on.
    pub async fn start(api: &Arc<Api>) {
        let listener = Arc::new(Self::default());
        if api.listener.set(Arc::clone(&listener)).is_err() {
            return;
        }
        listener.answer_command_line(api);
        let settings = api.core.settings().api;
        if settings.enabled
            && let Err(error) = listener.apply(api, &settings).await
        {
            tracing::warn!(error = %error.body.error_message, "the HTTP API does not listen");
        }
    }

    /// Answers the command line while the store is held by this program.
    fn answer_command_line(self: &Arc<Self>, api: &Arc<Api>) {
        let socket = match control::bind(api.core.data_dir()) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "the command line cannot ask this program");
                return;
            }
        };
        let this = Arc::clone(self);
        let url = move || this.state().url;
        self.tasks.spawn(control::serve(
            Arc::clone(api),
            socket,
            url,
            self.control.clone(),
        ));
    }

    /// Whether the HTTP API listens.
    pub fn state(&self) -> ListenerState {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, state: ListenerState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Switches the HTTP API on or off or to another port, at once. A new port is bound before the old one is let go.
    pub(crate) async fn apply(
        &self,
        api: &Arc<Api>,
        settings: &ApiSettings,
    ) -> Result<(), ApiError> {
        let mut running = self.api.lock().await;
        if !settings.enabled {
            if let Some(server) = running.take() {
                server.stop().await;
            }
            control::remove_run_file(api.core.data_dir());
            self.note(ListenerState::default());
            return Ok(());
        }
        if running
            .as_ref()
            .is_some_and(|server| server.port() == settings.port)
        {
            return Ok(());
        }
        let server = match Server::start(Arc::clone(api), settings.port, Offer::Everything).await {
            Ok(server) => server,
            Err(error) => {
                let message = format!(
                    "could not listen on port {}: {error}. Choose another port; nothing was changed",
                    settings.port
                );
                if running.is_none() {
                    self.note(ListenerState {
                        error: Some(message.clone()),
                        ..ListenerState::default()
                    });
                }
                return Err(
                    ApiError::new(409, ErrorCode::ConfigurationError, message).about("api.port")
                );
            }
        };
        let prepared = async {
            control::ensure_first_token(&api.core).await?;
            control::write_run_file(api.core.data_dir(), &server.url(), &api.instance)
        };
        if let Err(error) = prepared.await {
            server.stop().await;
            let message = format!("could not write the token's file: {error}");
            return Err(ApiError::new(500, ErrorCode::GeneralError, message).about("api"));
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        self.note(ListenerState {
            listening: true,
            url: Some(server.url()),
            since: i64::try_from(since).ok(),
            error: None,
        });
        if let Some(old) = running.replace(server) {
            old.stop().await;
        }
        Ok(())
    }

    /// Stops everything.
    async fn stop(&self, data_dir: &Path) {
        self.control.cancel();
        // Also where there is none, since no socket could be made: waiting ends only then.
        self.tasks.close();
        self.tasks.wait().await;
        control::remove_run_file(data_dir);
        let api = self.api.lock().await.take();
        let streams = self.streams.lock().await.take();
        for server in api.iter().chain(streams.iter()) {
            server.stop().await;
        }
    }
}

impl Api {
    /// Ends sessions, listeners and every task, in this order.
    pub async fn close(&self) {
        self.core.close().await;
        if let Some(listener) = self.listener.get() {
            listener.stop(self.core.data_dir()).await;
        }
    }

    /// Where the window opens WebSockets: a loopback port that answers nothing but tickets, bound while a session is open.
    pub(crate) async fn stream_base(self: &Arc<Self>) -> Result<String, ApiError> {
        let Some(listener) = self.listener.get() else {
            let message = "this program has no port for streams";
            return Err(ApiError::new(409, ErrorCode::ConfigurationError, message));
        };
        let mut streams = listener.streams.lock().await;
        if let Some(server) = &*streams {
            return Ok(format!("ws://127.0.0.1:{}", server.port()));
        }
        let server = Server::start(Arc::clone(self), 0, Offer::Streams)
            .await
            .map_err(|error| {
                let message = format!("could not open a loopback port for the picture: {error}");
                ApiError::new(500, ErrorCode::OutOfResources, message)
            })?;
        let base = format!("ws://127.0.0.1:{}", server.port());
        *streams = Some(server);
        drop(streams);
        // Ends by itself: when no session is left, or when the listener took its server away.
        tokio::spawn(close_unused(Arc::downgrade(self), Arc::downgrade(listener)));
        Ok(base)
    }
}

async fn close_unused(api: std::sync::Weak<Api>, listener: std::sync::Weak<Listener>) {
    loop {
        tokio::time::sleep(STREAM_CHECK).await;
        let (Some(api), Some(listener)) = (api.upgrade(), listener.upgrade()) else {
            return;
        };
        let mut streams = listener.streams.lock().await;
        if streams.is_none() {
            return;
        }
        if api.core.sessions().is_empty() {
            if let Some(server) = streams.take() {
                server.stop().await;
            }
            return;
        }
    }
}
