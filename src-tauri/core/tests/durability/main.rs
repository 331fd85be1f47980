//! What was acknowledged survives the end of the process, and of the power.
//!
//! | file | holds |
//! | --- | --- |
//! | `lanes` | several writers in a process of its own, and the check of what they left |
//! | `disk` | a small disk of a test's own |
//! | `full` | a full disk, and one that can only be read |
//! | `kill` | `kill -9`, again and again |
//! | `power` | power cuts, again and again |

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod disk;
mod full;
mod kill;
mod lanes;
mod power;
