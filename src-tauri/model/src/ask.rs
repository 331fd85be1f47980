//! What a machine asks the person while signing in.

use crate::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use ts_rs::TS;

/// One thing a machine wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Question {
    /// What it asks, in its own words, without control characters.
    pub text: String,
    /// Whether the answer may be seen while it is typed.
    pub echo: bool,
}

/// What a machine wants to know at once (RFC 4256, section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Questions {
    /// The machine that asks: `user@host:port`.
    pub machine: String,
    /// What the machine says about it, in its own words; may be empty.
    pub instructions: String,
    /// The questions, in order.
    pub questions: Vec<Question>,
}

/// Brings questions to a person.
pub trait Ask: Send + Sync {
    /// Asks, and waits for the answers: as many as there are questions. `None` when nobody answers.
    fn ask(
        &self,
        questions: Questions,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Secret>>> + Send + '_>>;
}

/// There is nobody to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Ask for Nobody {
    fn ask(&self, _: Questions) -> Pin<Box<dyn Future<Output = Option<Vec<Secret>>> + Send + '_>> {
        Box::pin(std::future::ready(None))
    }
}
