//! Security type Tight: a list of tunnels, of which there is none, and a list of sign-ins (rfbproto, "Tight Security
//! Type").

use super::Link;
use super::choice::{Cover, SignIn, Way, Wish};
use crate::limits::MAX_CAPABILITIES;
use crate::wire::capped;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

const STAGE: Stage = Stage::KeyExchange;

/// A capability: its number, then who registered it under which name. All of it counts.
pub const CAPABILITY_BYTES: usize = 16;

const NO_TUNNEL: &[u8; CAPABILITY_BYTES] = b"\0\0\0\0TGHTNOTUNNEL";

const SIGN_INS: [(&[u8; CAPABILITY_BYTES], SignIn); 2] = [
    (b"\0\0\0\x01STDVNOAUTH__", SignIn::None),
    (b"\0\0\0\x02STDVVNCAUTH_", SignIn::VncAuth),
];

/// Declines tunnels and agrees on a sign-in.
pub async fn agree(link: &mut Link, wish: &Wish) -> Result<SignIn, SessionError> {
    let tunnels = capabilities(link).await?;
    if !tunnels.is_empty() {
        if !tunnels.contains(NO_TUNNEL) {
            let what = format!(
                "offers only tunnels that are not supported ({}); turn them off in its settings",
                names(&tunnels)
            );
            return Err(link.fail(STAGE, FailureKind::Protocol, &what));
        }
        link.write(STAGE, &[0; 4]).await?;
    }
    let offered = capabilities(link).await?;
    if offered.is_empty() {
        return Ok(SignIn::None);
    }
    let known = SIGN_INS
        .into_iter()
        .filter(|(capability, _)| offered.contains(capability))
        .map(|(capability, sign_in)| (capability, Way::In(Cover::Clear, sign_in)));
    let Some((capability, Way::In(_, sign_in))) = wish.best(known) else {
        let what = format!(
            "offers only ways to sign in that are not supported ({}); allow a VNC password in its settings",
            names(&offered)
        );
        return Err(link.fail(STAGE, FailureKind::Protocol, &what));
    };
    let [n0, n1, n2, n3, ..] = *capability;
    link.write(STAGE, &[n0, n1, n2, n3]).await?;
    Ok(sign_in)
}

async fn capabilities(link: &mut Link) -> Result<Vec<[u8; CAPABILITY_BYTES]>, SessionError> {
    let count = link.read_u32(STAGE).await?;
    let count = capped("a list of capabilities", count, MAX_CAPABILITIES).map_err(|error| {
        let what = format!("sends {error}; it cannot be followed");
        link.fail(STAGE, FailureKind::Protocol, &what)
    })?;
    let mut list = vec![[0; CAPABILITY_BYTES]; count];
    link.read_into(STAGE, list.as_flattened_mut()).await?;
    Ok(list)
}

/// Who registered each, under which name.
fn names(capabilities: &[[u8; CAPABILITY_BYTES]]) -> String {
    let name = |[_, _, _, _, name @ ..]: &[u8; CAPABILITY_BYTES]| crate::text::shown(name);
    let names: Vec<_> = capabilities.iter().take(8).map(name).collect();
    names.join(", ")
}
