//! Who changes saved things, and how.

use crate::history::Step;
use std::sync::{Arc, Mutex, PoisonError};

/// Who OpenSSH's configuration is, where it changes something.
pub(crate) const CONFIGURATION: &str = "config";

/// Who changes something, and how the change is to be kept.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The identifier of a token, `ui`, `page`, `terminal` or `config`.
    pub who: String,
    /// What people call it.
    pub who_name: String,
    /// The run the change belongs to, as a script named it.
    pub run: Option<String>,
    /// Lets a create that is asked for twice happen once.
    pub once: Option<OnceKey>,
    /// Whether it may write credentials, and so say which shared ones a machine uses.
    pub may_write_credentials: bool,
    /// Whether it may read secrets, and so decide that shared ones are sent to a machine.
    pub may_reveal: bool,
    preview: Option<Preview>,
}

/// Names a request that must not be carried out twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceKey {
    /// The caller's key together with whose it is, hashed.
    pub key: String,
    /// What was asked, hashed: the same key with another request is a mistake.
    pub request: String,
}

/// Takes up what a dry run would do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preview(Arc<Mutex<Vec<Step>>>);

impl Preview {
    /// Notes what a change would do.
    pub fn note(&self, steps: Vec<Step>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(steps);
    }

    /// What was noted.
    pub fn take(&self) -> Vec<Step> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Origin {
    /// What connections remember that this caller places: him, unless he may decide where secrets go.
    pub(crate) fn placing(&self) -> Option<Arc<str>> {
        (!self.may_reveal).then(|| Arc::from(self.who.as_str()))
    }

    /// A caller by identifier and name, who may neither write credentials nor read secrets until that is said.
    pub fn new(who: impl Into<String>, who_name: impl Into<String>) -> Self {
        Self {
            who: who.into(),
            who_name: who_name.into(),
            run: None,
            once: None,
            may_write_credentials: false,
            may_reveal: false,
            preview: None,
        }
    }

    /// The person before the window.
    pub fn window() -> Self {
        Self::new("ui", "window").trusted()
    }

    /// The owner at his terminal.
    pub fn terminal() -> Self {
        Self::new("terminal", "command line").trusted()
    }

    /// OpenSSH's configuration, which says where machines are. Where shared credentials go is not for it to decide.
    pub(crate) fn configuration() -> Self {
        Self {
            may_write_credentials: true,
            ..Self::new(CONFIGURATION, "~/.ssh/config")
        }
    }

    /// The same, who may write credentials and decide where they go.
    fn trusted(self) -> Self {
        Self {
            may_write_credentials: true,
            may_reveal: true,
            ..self
        }
    }

    /// The same, but nothing is changed: what would be is noted for [`crate::Core::previewed`].
    pub fn dry(self) -> Self {
        Self {
            preview: Some(Preview::default()),
            once: None,
            ..self
        }
    }

    /// Whether nothing is to be changed.
    pub fn is_dry(&self) -> bool {
        self.preview.is_some()
    }

    pub(crate) fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }
}
