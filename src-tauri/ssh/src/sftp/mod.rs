//! An SFTP client: version 3 of the protocol (draft-ietf-secsh-filexfer-02) and OpenSSH's extensions (its `PROTOCOL` file,
//! section 4), over any stream.
//!
//! It is our own because names are bytes: a client that reads them as text cannot name a file whose name is none.
//!
//! | file | holds |
//! | --- | --- |
//! | `wire` | packets as bytes: pure functions |
//! | `link` | requests and replies by number, bounded |
//! | `client` | [`Sftp`]: what can be done with paths |
//! | `file` | an open file |

mod client;
mod file;
mod link;
mod wire;

pub use client::Sftp;
