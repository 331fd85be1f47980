//! VeNCrypt 0.2: TLS around another sign-in (the registry's "VeNCrypt").
//!
//! Of its kinds we take those whose server shows a certificate. The others are anonymous: nobody could tell the
//! machine from an attacker, and our TLS has no such ciphers.

use super::Link;
use super::security::{SignIn, joined};
use farwire_model::credentials::Credentials;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

const STAGE: Stage = Stage::KeyExchange;
const VERSION: [u8; 2] = [0, 2];

/// The kinds with a certificate, and what is inside.
const KINDS: [(u32, SignIn); 3] = [
    (260, SignIn::None),
    (261, SignIn::VncAuth),
    (262, SignIn::Plain),
];

/// What came of it.
pub enum Agreed {
    /// TLS begins now; inside follows this sign-in.
    Tls(SignIn),
    /// Nothing in common; what the server offers, by name.
    Nothing(String),
}

/// Agrees on a kind, up to where TLS begins.
pub async fn agree(link: &mut Link, credentials: &Credentials) -> Result<Agreed, SessionError> {
    let version: [u8; 2] = link.read(STAGE).await?;
    if version < VERSION {
        return Ok(Agreed::Nothing("VeNCrypt 0.1".to_owned()));
    }
    link.write(STAGE, &VERSION).await?;
    let [is_refused] = link.read(STAGE).await?;
    if is_refused != 0 {
        let what = "takes back its offer of TLS (VeNCrypt 0.2); look into the server's log";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    }
    let [count] = link.read(STAGE).await?;
    let mut bytes = vec![0; usize::from(count) * 4];
    link.read_into(STAGE, &mut bytes).await?;
    let offered: Vec<u32> = bytes
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(u32::from_be_bytes)
        .collect();
    let Some((kind, sign_in)) = choose(&offered, credentials) else {
        return Ok(Agreed::Nothing(joined(offered.into_iter().map(name))));
    };
    link.write(STAGE, &kind.to_be_bytes()).await?;
    let [is_ready] = link.read(STAGE).await?;
    if is_ready == 0 {
        let what = "cannot begin TLS; look into the server's log for its certificate and key";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    }
    Ok(Agreed::Tls(sign_in))
}

/// The kind that uses most of the credentials at hand.
fn choose(offered: &[u32], credentials: &Credentials) -> Option<(u32, SignIn)> {
    let has_password = credentials
        .password
        .as_ref()
        .is_some_and(|password| !password.is_empty());
    let order = match (&credentials.username, has_password) {
        (Some(_), true) => [SignIn::Plain, SignIn::VncAuth, SignIn::None],
        (None, true) => [SignIn::VncAuth, SignIn::None, SignIn::Plain],
        (_, false) => [SignIn::None, SignIn::VncAuth, SignIn::Plain],
    };
    order.into_iter().find_map(|wanted| {
        KINDS
            .into_iter()
            .find(|(kind, sign_in)| *sign_in == wanted && offered.contains(kind))
    })
}

fn name(kind: u32) -> String {
    let known = match kind {
        256 => "Plain",
        257 => "TLSNone",
        258 => "TLSVnc",
        259 => "TLSPlain",
        260 => "X509None",
        261 => "X509Vnc",
        262 => "X509Plain",
        263 => "TLSSASL",
        264 => "X509SASL",
        _ => return format!("type {kind}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::secret::Secret;

    #[test]
    fn the_kind_that_uses_the_credentials_at_hand_is_chosen() {
        let all = &[257, 258, 260, 261, 262][..];
        for (offered, username, password, expected) in [
            (all, None, None, Some(260)),
            (all, None, Some("p"), Some(261)),
            (all, Some("u"), Some("p"), Some(262)),
            (all, Some("u"), None, Some(260)),
            (&[262], None, None, Some(262)),
            (&[256, 257, 258, 259], Some("u"), Some("p"), None),
        ] {
            let credentials = Credentials {
                username: username.map(str::to_owned),
                password: password.map(Secret::new),
                ..Credentials::default()
            };
            let chosen = choose(offered, &credentials).map(|(kind, _)| kind);
            assert_eq!(chosen, expected, "{offered:?} {username:?} {password:?}");
        }
    }
}
