//! What was changed, by whom, and the way back.
//!
//! | file | holds |
//! | --- | --- |
//! | `step` | one thing before and after a change |
//! | `fields` | what differs between the two, as the API shows it |
//! | `remember` | keeping a change with the batch that makes it, and dropping the oldest |
//! | `version` | earlier versions of things, and when two are equal |
//! | `undo` | listing changes, taking them back, bringing a version back |

mod fields;
mod remember;
mod step;
mod undo;
mod version;

pub(crate) use remember::{HEADS, Remembered, forget_secrets, remember};
pub(crate) use step::{Step, Steps};
pub(crate) use version::{Versioned, next_revision};
