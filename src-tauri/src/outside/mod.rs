//! Files of machines that are open in programs of the desktop: each is copied to a private folder, opened there by whatever the
//! desktop opens such files with, and brought back to its machine whenever it was saved.
//!
//! | file | holds |
//! | --- | --- |
//! | `copy` | the copy on this computer, and how it comes and goes |
//! | `keeper` | one file's life: watched, brought back, removed |
//! | `open_files` | the files there are, and what the page can ask for |

mod copy;
mod keeper;
pub mod open_files;

pub use open_files::OpenFiles;
