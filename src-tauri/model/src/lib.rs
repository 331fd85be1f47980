//! Farwire's nouns and the traits between its parts. No I/O happens here.
//!
//! | module | holds |
//! | --- | --- |
//! | [`ids`] | opaque identifiers |
//! | [`group`], [`connection`], [`credentials`], [`settings`], [`token`], [`trust`] | saved things and what the API says of them |
//! | [`setting`] | what the value of a dotted setting may be |
//! | [`secret`] | text that is wiped and never printed |
//! | [`error`] | closed error codes, stages, the error body of the API |
//! | [`frame`] | rectangles, the framebuffer, what viewers are owed, the binary frame codec |
//! | [`input`] | keys, buttons, and the codec of what viewers send |
//! | [`codec`] | how pixels are encoded, and what a machine is offered |
//! | [`session`] | what a protocol handler is given and what it reports; trait [`session::Protocol`] |
//! | [`command`] | what came of a command that was run on a machine |
//! | [`terminal`] | a terminal's screen, as a protocol handler sees it |
//! | [`application`] | what the API says of the application itself |
//! | [`audit`] | who asked for what |
//! | [`ask`] | what a machine asks the person while signing in |
//! | [`event`] | the change events the window and scripts listen to |
//! | [`transfer`] | files of another machine: paths, attributes; trait [`transfer::Files`] |
//! | [`transfer_view`] | copies under way, as the API shows them |
//! | [`commas`] | lists as one text |
//! | [`host`] | names and addresses of machines |
//! | [`jump`] | machines on the way that no saved connection stands for |
//! | [`tunnel`] | ports and sockets carried through SSH; trait [`tunnel::TunnelLink`] |
//! | [`import`] | what a file says of a machine |
//! | [`history`] | what was changed, by whom, and how |

#![deny(missing_docs)]

pub mod application;
pub mod ask;
pub mod audit;
pub mod codec;
pub mod command;
pub mod commas;
pub mod connection;
pub mod credentials;
pub mod error;
pub mod event;
pub mod frame;
pub mod group;
pub mod history;
pub mod host;
pub mod ids;
pub mod import;
pub mod input;
pub mod jump;
pub mod quality;
pub mod secret;
pub mod session;
pub mod setting;
pub mod settings;
pub mod terminal;
pub mod token;
pub mod transfer;
pub mod transfer_view;
pub mod trust;
pub mod tunnel;
