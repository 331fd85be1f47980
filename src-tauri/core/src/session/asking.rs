//! Questions of a machine: shown with the session's state until somebody answers.

use super::live::Session;
use crate::Core;
use crate::error::CoreError;
use farwire_model::ask::{Ask, Questions};
use farwire_model::error::ErrorCode;
use farwire_model::event::EventAction;
use farwire_model::frame::Notice;
use farwire_model::secret::Secret;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use tokio::sync::oneshot;

/// Brings a machine's questions to whoever looks at a session.
pub(super) struct Asking {
    pub session: Arc<Session>,
    /// Tells of it who looks at no session.
    pub core: Weak<Core>,
}

/// Takes the questions back, also when the run that asked them is dropped.
struct Asked<'a>(&'a Asking);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.show(None, None);
    }
}

impl Asking {
    fn show(&self, questions: Option<Questions>, sender: Option<oneshot::Sender<Vec<Secret>>>) {
        self.session.show_questions(questions, sender);
        if let Some(core) = self.core.upgrade() {
            core.tell_session(&self.session, EventAction::Put);
        }
    }
}

impl Ask for Asking {
    fn ask(
        &self,
        questions: Questions,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Secret>>> + Send + '_>> {
        Box::pin(async move {
            let (sender, answers) = oneshot::channel();
            self.session.was_asked.store(true, Ordering::Relaxed);
            self.show(Some(questions), Some(sender));
            let _asked = Asked(self);
            answers.await.ok()
        })
    }
}

impl Session {
    fn show_questions(
        &self,
        questions: Option<Questions>,
        sender: Option<oneshot::Sender<Vec<Secret>>>,
    ) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = sender;
        self.state.send_modify(|state| state.questions = questions);
        self.surface
            .tell(Notice::State(self.state.borrow().clone()));
    }

    /// Answers what the machine asks.
    ///
    /// # Errors
    /// It asks nothing, or another number of things.
    pub fn answer(&self, answers: Vec<Secret>) -> Result<(), CoreError> {
        let state = self.state.borrow().clone();
        let Some(questions) = state.questions else {
            return Err(CoreError::Forbidden {
                property: "session",
                message: format!("the machine of {} asks nothing now", self.name),
            });
        };
        let asked = questions.questions.len();
        if answers.len() != asked {
            let message = format!("the machine asks {asked} things: answer each of them");
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "answers",
                message,
            ));
        }
        let sender = self
            .answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(sender) = sender {
            // The run that asked may have ended this moment.
            let _ = sender.send(answers);
        }
        Ok(())
    }
}
