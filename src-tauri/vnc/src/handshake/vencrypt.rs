//! VeNCrypt 0.2: TLS around another sign-in (rfbproto, "VeNCrypt").

use super::Link;
use super::choice::{Cover, SignIn, Way, Wish};
use super::security::TYPES;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

const STAGE: Stage = Stage::KeyExchange;
const VERSION: [u8; 2] = [0, 2];

/// VeNCrypt's own kinds. The list may name any security type besides.
const KINDS: [(u32, Way); 7] = [
    (256, Way::In(Cover::Clear, SignIn::Plain)),
    (257, Way::In(Cover::Anonymous, SignIn::None)),
    (258, Way::In(Cover::Anonymous, SignIn::VncAuth)),
    (259, Way::In(Cover::Anonymous, SignIn::Plain)),
    (260, Way::In(Cover::Certificate, SignIn::None)),
    (261, Way::In(Cover::Certificate, SignIn::VncAuth)),
    (262, Way::In(Cover::Certificate, SignIn::Plain)),
];

/// What came of it.
pub enum Agreed {
    /// This sign-in, inside this, which begins now.
    In(Cover, SignIn),
    /// Nothing in common; what the server offers.
    Nothing(Vec<u32>),
}

/// Agrees on a kind, up to where it begins.
pub async fn agree(link: &mut Link, wish: &Wish) -> Result<Agreed, SessionError> {
    let version: [u8; 2] = link.read(STAGE).await?;
    if version < VERSION {
        let what = "speaks VeNCrypt 0.1, which is not supported; update its VNC server";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
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
    let numbers = bytes.as_chunks().0.iter().copied();
    let offered: Vec<u32> = numbers.map(u32::from_be_bytes).collect();
    let Some((number, Way::In(cover, sign_in))) = choose(&offered, wish) else {
        return Ok(Agreed::Nothing(offered));
    };
    link.write(STAGE, &number.to_be_bytes()).await?;
    if cover != Cover::Clear {
        let [is_ready] = link.read(STAGE).await?;
        if is_ready == 0 {
            let what = "cannot begin TLS; look into the server's log for its certificate and key";
            return Err(link.fail(STAGE, FailureKind::Protocol, what));
        }
    }
    Ok(Agreed::In(cover, sign_in))
}

/// The best of the kinds, and of the security types that are listed among them: TigerVNC lists all it has, so what was
/// offered beside VeNCrypt can still be had.
fn choose(offered: &[u32], wish: &Wish) -> Option<(u32, Way)> {
    let types = TYPES
        .into_iter()
        .filter(|(_, way)| matches!(way, Way::In(..)))
        .map(|(number, way)| (u32::from(number), way));
    let known = KINDS.into_iter().chain(types);
    wish.best(known.filter(|(number, _)| offered.contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::choice::{HAS_ANONYMOUS_TLS, Stored, Tls};

    #[test]
    fn certificates_go_before_keys_and_keys_before_nothing() {
        use Stored::{Account, Nothing, Password};
        let all = &[256, 257, 258, 259, 260, 261, 262, 1, 2, 5, 129][..];
        let anonymous = |kind| HAS_ANONYMOUS_TLS.then_some(kind);
        for (offered, stored, is_inside_ssh, expected) in [
            (all, Nothing, false, Some(260)),
            (all, Password, false, Some(261)),
            (all, Account, false, Some(262)),
            (&[262], Nothing, false, Some(262)),
            (&[261, 259], Account, false, Some(261)),
            (&[5, 129, 258], Password, false, Some(129)),
            (&[257, 258, 259], Nothing, false, anonymous(257)),
            (&[257, 258, 259], Password, false, anonymous(258)),
            (&[257, 258, 259], Account, false, anonymous(259)),
            // Never in the clear.
            (&[256], Account, false, None),
            (&[256, 259], Account, true, Some(256)),
            // Neither leads anywhere from here.
            (&[16, 19], Account, false, None),
            (&[300], Account, false, None),
        ] {
            let wish = Wish {
                stored,
                is_apple: false,
                is_inside_ssh,
                tls: Tls::First,
            };
            let chosen = choose(offered, &wish).map(|(number, _)| number);
            assert_eq!(chosen, expected, "{offered:?} {stored:?} {is_inside_ssh}");
        }
    }
}
