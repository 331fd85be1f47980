//! Copies of files between machines: a queue of transfers, each from one [`Files`](farwire_model::transfer::Files) to another.
//!
//! | file | holds |
//! | --- | --- |
//! | `queue` | the transfers there are, and what can be asked of them |
//! | `carry` | one transfer's life: waiting, copying, trying again |
//! | `walk` | what lies in a folder |
//! | `copy` | one file: conflicts, temporary name, going on where it was |
//! | `count` | how far it is |
//! | `together`, `packing`, `tar` | many small files as one stream |
//! | `links` | the links to a machine: one, and more for large files far away |
//! | `pipe` | bytes from an open file to another, many requests at once |
//! | `spread` | one file that is open over several links |
//! | `upload` | a file from a stream of bytes |
//! | `trash` | deleting by moving into a folder of the machine |
//! | `local` | this computer's files |

mod carry;
mod copy;
mod count;
mod links;
mod local;
mod packing;
mod pipe;
mod queue;
mod spread;
mod tar;
mod together;
mod trash;
mod upload;
mod walk;
mod written;

pub use local::local_files;
pub use pipe::content;
pub use queue::{NewTransfer, Reach};
pub use trash::discard;
pub use upload::Upload;

pub(crate) use queue::Transfers;
