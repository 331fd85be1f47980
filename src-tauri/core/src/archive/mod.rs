//! Moving to another machine: everything saved in one file, secrets included, encrypted with a passphrase.
//!
//! | file | holds |
//! | --- | --- |
//! | `line` | what is in an archive, one JSON value a line |
//! | `export` | writing one |
//! | `read` | reading one |
//! | `import` | taking over what is in one |
//! | `error` | why that did not work |
//!
//! The file is of the format of the `age` program, for its passphrase (`age --decrypt FILE` shows the lines), so that what is in
//! it can be had without this program. The other machine seals the secrets with a master key of its own. Tokens stay behind:
//! they open the machine they were made on, and another one is not to be opened by them unasked.

mod error;
mod export;
mod import;
mod line;
mod read;

#[cfg(test)]
mod tests;

pub use error::ArchiveError;
pub use export::Exported;
pub use import::{Imported, SameId, Tally};
pub use read::{Archive, read_archive};

/// The cost of guessing the passphrase: 2 to this power, what the `age` program uses. About a second, and 256 MiB.
const WORK_FACTOR: u8 = 18;

/// The most an archive may ask for: 1 GiB and some seconds. A file from elsewhere must not take the machine down.
const MAX_WORK_FACTOR: u8 = 20;
