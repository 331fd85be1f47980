//! Live sessions: one actor each, viewers around a shared picture.

mod actor;
mod registry;
mod screenshot;
mod test;
mod typing;

pub use registry::{Connect, Session};
pub use screenshot::{ImageFormat, Screenshot};
pub use typing::{KeyStroke, PointerWish};

pub(crate) use registry::Sessions;
