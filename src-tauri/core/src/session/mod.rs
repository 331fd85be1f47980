//! Live sessions: one actor each, viewers around a shared picture.

mod actor;
mod asking;
mod attempt;
mod exec;
mod live;
mod log;
mod registry;
mod screenshot;
mod test;
mod through;
mod typing;

pub use exec::check_ssh;
pub use live::Session;
pub use registry::{Asks, Connect};
pub use screenshot::{ImageFormat, Screenshot};
pub use typing::{KeyStroke, PointerWish};

pub(crate) use registry::{Sessions, View};
pub(crate) use through::ThroughSsh;
