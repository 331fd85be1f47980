//! Live sessions: one actor each, viewers around a shared picture.

mod actor;
mod live;
mod registry;
mod screenshot;
mod test;
mod typing;

pub use live::Session;
pub use registry::Connect;
pub use screenshot::{ImageFormat, Screenshot};
pub use typing::{KeyStroke, PointerWish};

pub(crate) use registry::Sessions;
