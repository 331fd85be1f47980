//! What the desktop tells a person about the program: a link that was lost while no window of ours is looked at, and that
//! the API was switched on, always.

use crate::window;
use farwire_core::Core;
use farwire_model::event::{EventAction, EventKind, EventMessage};
use farwire_model::session::SessionState;
use notify_rust::{Hint, Notification, NotificationResponse, Urgency};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tauri::{AppHandle, Manager};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// For how long losses are gathered: a network that goes away takes many links with it, and some come back at once.
const GATHER: Duration = Duration::from_secs(1);
/// Names that a notification spells out.
const MAX_NAMES: usize = 4;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Links,
    Api,
}

/// Title and text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    about: About,
    title: String,
    text: String,
}

/// Tells until `cancel` is called.
pub async fn tell(app: AppHandle, core: Arc<Core>, cancel: CancellationToken) {
    let mut events = core.subscribe();
    let mut news = News {
        is_api_on: core.settings().api.enabled,
        ..News::default()
    };
    let shown = TaskTracker::new();
    // One of a kind at a time: not every desktop says when one is gone, and each costs a connection to it.
    let (mut of_links, mut of_api) = (cancel.child_token(), cancel.child_token());
    let mut due = None;
    loop {
        let told = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        let notice = tokio::select! {
            () = cancel.cancelled() => break,
            () = told => {
                due = None;
                news.losses().filter(|_| !is_looked_at(&app))
            }
            event = events.recv() => match event {
                Ok(event) => {
                    let settings = core.settings();
                    let notice = news.hear(&event, settings.api.enabled, settings.api.port);
                    due = news.has_losses().then(|| due.unwrap_or(Instant::now() + GATHER));
                    notice
                }
                // Of what was missed, links are in the window; the API is asked after.
                Err(RecvError::Lagged(_)) => {
                    let api = core.settings().api;
                    news.look(api.enabled, api.port)
                }
                Err(RecvError::Closed) => break,
            },
        };
        if let Some(notice) = notice {
            let earlier = match notice.about {
                About::Links => &mut of_links,
                About::Api => &mut of_api,
            };
            earlier.cancel();
            *earlier = cancel.child_token();
            shown.spawn(show(notice, app.clone(), earlier.clone()));
        }
    }
    shown.close();
    shown.wait().await;
}

fn is_looked_at(app: &AppHandle) -> bool {
    let windows = app.webview_windows();
    windows
        .values()
        .any(|window| window.is_focused().unwrap_or(false))
}

/// The text as the desktop reads it: with marks of its own, which names and messages must not pass for.
fn plain(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Shows one until it is gone, and brings the window forward when it is clicked. Without a desktop that shows any, nothing
/// is lost: the window says the same.
async fn show(notice: Notice, app: AppHandle, cancel: CancellationToken) {
    let mut notification = Notification::new();
    notification
        .appname("Farwire")
        .summary(&notice.title)
        .body(&plain(&notice.text))
        .icon("farwire")
        .hint(Hint::DesktopEntry("farwire".to_owned()))
        .urgency(Urgency::Normal)
        .action("default", "Show");
    let handle = tokio::select! {
        () = cancel.cancelled() => return,
        handle = notification.show_async() => handle,
    };
    let handle = match handle {
        Ok(handle) => handle,
        Err(error) => {
            tracing::debug!(%error, "the desktop shows no notifications");
            return;
        }
    };
    let answered = handle.wait_for_action_async(|answer: &NotificationResponse| {
        if matches!(answer, NotificationResponse::Default) {
            window::bring_forward(&app, window::MAIN);
        }
    });
    tokio::select! {
        () = cancel.cancelled() => handle.close_async().await,
        _ = answered => {}
    }
}

/// What was heard, and what of it a person does not know yet.
#[derive(Default)]
struct News {
    /// The sessions that are up, by identifier.
    up: BTreeMap<String, String>,
    /// The machines whose link was lost, by session, and why.
    lost: BTreeMap<String, Notice>,
    is_api_on: bool,
}

impl News {
    /// Takes an event in, and what the settings say; answers what is worth telling at once.
    fn hear(&mut self, event: &EventMessage, is_api_on: bool, port: u16) -> Option<Notice> {
        if event.kind == EventKind::Settings {
            return self.look(is_api_on, port);
        }
        let session = event
            .session
            .as_ref()
            .filter(|_| event.action == EventAction::Put);
        let Some(session) = session else {
            self.up.remove(&event.id);
            self.lost.remove(&event.id);
            return None;
        };
        match session.state {
            SessionState::Connected => {
                self.up.insert(event.id.clone(), session.name.clone());
                self.lost.remove(&event.id);
            }
            SessionState::Reconnecting | SessionState::Failed => {
                if let Some(name) = self.up.remove(&event.id) {
                    let error = session.error.as_ref();
                    let text = error.map(|error| error.error_message.clone());
                    let lost = Notice {
                        about: About::Links,
                        title: format!("The link to {name} was lost"),
                        text: text.unwrap_or_default(),
                    };
                    self.lost.insert(event.id.clone(), lost);
                }
            }
            SessionState::Connecting => {}
            SessionState::Closed => {
                self.up.remove(&event.id);
                self.lost.remove(&event.id);
            }
        }
        None
    }

    /// Takes in whether the API is on.
    fn look(&mut self, is_api_on: bool, port: u16) -> Option<Notice> {
        let was_on = std::mem::replace(&mut self.is_api_on, is_api_on);
        (is_api_on && !was_on).then(|| Notice {
            about: About::Api,
            title: "The API is on".to_owned(),
            text: format!(
                "Programs on this computer that have a token can use your machines through port {port}. \
                Was this not you? Switch it off in Settings."
            ),
        })
    }

    fn has_losses(&self) -> bool {
        !self.lost.is_empty()
    }

    /// All losses that were not told yet, as one.
    fn losses(&mut self) -> Option<Notice> {
        let lost: Vec<_> = std::mem::take(&mut self.lost).into_values().collect();
        match lost.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => {
                let reasons = many.iter().take(MAX_NAMES).map(|lost| lost.title.as_str());
                let mut text = reasons.collect::<Vec<_>>().join("\n");
                if let Some(more) = many.len().checked_sub(MAX_NAMES).filter(|more| *more > 0) {
                    text += &format!("\n… and {more} more");
                }
                let title = format!("The links to {} machines were lost", many.len());
                Some(Notice {
                    about: About::Links,
                    title,
                    text,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::codec::CodecChoice;
    use farwire_model::connection::ProtocolKind;
    use farwire_model::error::{ErrorBody, ErrorCode};
    use farwire_model::ids::{ConnectionId, SessionId};
    use farwire_model::quality::Quality;
    use farwire_model::session::SessionView;

    fn event(kind: EventKind, id: &str, session: Option<SessionView>) -> EventMessage {
        EventMessage {
            seq: 1,
            kind,
            id: id.to_owned(),
            action: EventAction::Put,
            session,
        }
    }

    fn session(name: &str, state: SessionState) -> EventMessage {
        let error = ErrorBody::new(ErrorCode::GeneralError, format!("{name} is silent"));
        let view = SessionView {
            session_id: SessionId::new(format!("ses_{name}")),
            connection_uid: ConnectionId::new(format!("con_{name}")),
            name: name.to_owned(),
            protocol: ProtocolKind::Vnc,
            state,
            view_only: false,
            width: 0,
            height: 0,
            fps: 0,
            bytes_in: 0,
            bytes_out: 0,
            latency_ms: None,
            codec: String::new(),
            codec_choice: CodecChoice::Auto,
            quality: Quality::Auto,
            quality_level: None,
            stalled: false,
            security: String::new(),
            connection_id: None,
            channel_id: None,
            log: None,
            questions: None,
            error: Some(error),
        };
        event(EventKind::Session, &format!("ses_{name}"), Some(view))
    }

    /// The losses told after these events.
    fn told(events: &[EventMessage]) -> Option<Notice> {
        let mut news = News::default();
        for event in events {
            assert_eq!(news.hear(event, false, 3279), None);
        }
        news.losses()
    }

    #[test]
    fn only_a_link_that_was_up_is_lost() {
        use SessionState::{Closed, Connected, Connecting, Failed, Reconnecting};
        let cases = [
            (vec![Connecting, Failed], false),
            (vec![Connecting, Connected, Closed], false),
            (vec![Connecting, Connected, Reconnecting], true),
            (vec![Connecting, Connected, Failed], true),
            (vec![Connected, Reconnecting, Connected], false),
            (vec![Connected, Reconnecting, Failed], true),
            (vec![Connected, Reconnecting, Closed], false),
        ];
        for (states, is_lost) in cases {
            let events: Vec<_> = states.iter().map(|state| session("a", *state)).collect();
            let expected = is_lost.then(|| Notice {
                about: About::Links,
                title: "The link to a was lost".to_owned(),
                text: "a is silent".to_owned(),
            });
            assert_eq!(told(&events), expected, "{states:?}");
        }
    }

    #[test]
    fn many_losses_are_told_as_one() {
        let events: Vec<_> = ["a", "b", "c", "d", "e", "f"]
            .iter()
            .flat_map(|name| {
                [SessionState::Connected, SessionState::Failed].map(|state| session(name, state))
            })
            .collect();
        let notice = told(&events).unwrap();
        assert_eq!(notice.title, "The links to 6 machines were lost");
        assert_eq!(notice.text.lines().count(), 5);
        assert!(notice.text.ends_with("… and 2 more"), "{}", notice.text);
    }

    #[test]
    fn a_loss_is_told_once() {
        let mut news = News::default();
        for state in [SessionState::Connected, SessionState::Reconnecting] {
            news.hear(&session("a", state), false, 3279);
        }
        assert!(news.losses().is_some());
        // The next attempt fails, too.
        news.hear(&session("a", SessionState::Reconnecting), false, 3279);
        assert_eq!(news.losses(), None);
    }

    #[test]
    fn the_api_is_told_of_when_it_is_switched_on() {
        let settings = event(EventKind::Settings, "", None);
        let mut news = News::default();
        let told: Vec<_> = [false, true, true, false, true]
            .map(|is_on| news.hear(&settings, is_on, 4000).is_some())
            .into();
        assert_eq!(told, [false, true, false, false, true]);
        news.is_api_on = false;
        let text = news.hear(&settings, true, 4000).unwrap().text;
        assert!(text.contains("port 4000"), "{text}");
    }
}
