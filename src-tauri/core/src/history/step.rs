//! One thing before and after a change.

use crate::error::CoreError;
use crate::saved::to_bytes;
use farwire_model::history::{ChangeAction, ThingKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// One thing before and after a change, as the store keeps it: secrets stay sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub kind: ThingKind,
    pub key: String,
    /// The record before; none when the change made it.
    pub before: Option<Box<RawValue>>,
    /// The record after; none when the change deleted it.
    pub after: Option<Box<RawValue>>,
}

impl Step {
    /// What the change did to the thing.
    pub fn action(&self) -> ChangeAction {
        match (&self.before, &self.after) {
            (None, _) => ChangeAction::Create,
            (Some(_), Some(_)) => ChangeAction::Update,
            (Some(_), None) => ChangeAction::Delete,
        }
    }
}

/// The steps of one change, one a thing.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    list: Vec<Step>,
    places: HashMap<String, usize>,
}

impl Steps {
    /// Notes what happens to a thing. A second note about the same one only replaces what it ends as.
    pub fn note(
        &mut self,
        kind: ThingKind,
        key: &str,
        before: Option<&impl Serialize>,
        after: Option<&[u8]>,
    ) -> Result<(), CoreError> {
        let after = after.map(|bytes| raw(bytes.to_vec())).transpose()?;
        let place = format!("{kind:?} {key}");
        if let Some(step) = self
            .places
            .get(&place)
            .and_then(|&place| self.list.get_mut(place))
        {
            step.after = after;
            return Ok(());
        }
        let before = before
            .map(|record| to_bytes(record).and_then(raw))
            .transpose()?;
        self.places.insert(place, self.list.len());
        self.list.push(Step {
            kind,
            key: key.to_owned(),
            before,
            after,
        });
        Ok(())
    }

    /// The steps in the order they were first noted.
    pub fn list(&self) -> &[Step] {
        &self.list
    }

    /// The same, taken out.
    pub fn into_list(self) -> Vec<Step> {
        self.list
    }
}

fn raw(bytes: Vec<u8>) -> Result<Box<RawValue>, CoreError> {
    let internal = |message: String| CoreError::Internal {
        attempt: "remembering a change",
        message,
    };
    let text = String::from_utf8(bytes).map_err(|error| internal(error.to_string()))?;
    RawValue::from_string(text).map_err(|error| internal(error.to_string()))
}
