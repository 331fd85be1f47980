//! Agreement on how to sign in (RFC 6143, section 7.1.2).

use super::Link;
use super::version::Version;
use farwire_model::credentials::Credentials;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

/// How to sign in, in the clear or inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Not at all.
    None,
    /// A password of eight characters, by challenge and response.
    VncAuth,
    /// Account and password as they are; inside TLS only.
    Plain,
}

/// The security types we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityType {
    /// This sign-in, in the clear.
    Clear(SignIn),
    /// TLS first; what follows is agreed on there.
    VeNCrypt,
}

const TYPES: [(u8, SecurityType); 3] = [
    (1, SecurityType::Clear(SignIn::None)),
    (2, SecurityType::Clear(SignIn::VncAuth)),
    (19, SecurityType::VeNCrypt),
];

/// When TLS is chosen where it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Or nothing: a person accepted the machine's certificate, which has this fingerprint. Whoever could take TLS out
    /// of the list of types would otherwise be told the password, and never have to show the certificate.
    Must(String),
    /// First of all.
    First,
    /// If there is nothing else: the link is protected already, or the server's TLS turned out to be none of ours.
    Last,
}

/// What came of the list of security types.
pub struct Agreed {
    /// The type.
    pub chosen: SecurityType,
    /// Whether another attempt could do without TLS.
    pub has_clear: bool,
}

/// The best of what is offered: TLS, then, with a password at hand, what uses it.
fn choose(offered: &[u8], has_password: bool, tls: &Tls) -> Option<(u8, SecurityType)> {
    let clear = if has_password {
        [SignIn::VncAuth, SignIn::None]
    } else {
        [SignIn::None, SignIn::VncAuth]
    };
    let [first, second] = clear.map(SecurityType::Clear);
    let order = match tls {
        Tls::Must(_) | Tls::First => [SecurityType::VeNCrypt, first, second],
        Tls::Last => [first, second, SecurityType::VeNCrypt],
    };
    order.into_iter().find_map(|wanted| {
        TYPES
            .into_iter()
            .find(|(number, known)| *known == wanted && offered.contains(number))
    })
}

/// Learns what the server offers and chooses.
pub async fn agree(
    link: &mut Link,
    version: Version,
    credentials: &Credentials,
    tls: &Tls,
) -> Result<Agreed, SessionError> {
    const STAGE: Stage = Stage::KeyExchange;
    let has_password = credentials
        .password
        .as_ref()
        .is_some_and(|password| !password.is_empty());
    let offered = if version == Version::V3_3 {
        // The server decides alone; 0 is a refusal. Types over 255 do not exist before 3.7.
        match u8::try_from(link.read_u32(STAGE).await?).unwrap_or(u8::MAX) {
            0 => Vec::new(),
            only => vec![only],
        }
    } else {
        let [count] = link.read(STAGE).await?;
        let mut offered = vec![0; usize::from(count)];
        link.read_into(STAGE, &mut offered).await?;
        offered
    };
    if offered.is_empty() {
        let reason = link.read_reason(STAGE).await?;
        let what = format!("refuses this connection and says \"{reason}\"");
        return Err(link.fail(STAGE, FailureKind::Refused, &what));
    }
    let Some((number, chosen)) = choose(&offered, has_password, tls) else {
        return Err(unsupported(link, &joined(offered.into_iter().map(name))));
    };
    if let (Tls::Must(known), SecurityType::Clear(_)) = (tls, chosen) {
        return Err(downgraded(link, known.clone()));
    }
    if version > Version::V3_3 {
        link.write(STAGE, &[number]).await?;
    }
    let has_clear = TYPES
        .into_iter()
        .any(|(number, known)| known != SecurityType::VeNCrypt && offered.contains(&number));
    Ok(Agreed { chosen, has_clear })
}

/// The error for a server with which we have no way to sign in in common.
pub fn unsupported(link: &Link, offered: &str) -> SessionError {
    let what = format!(
        "offers only ways to sign in that are not supported ({offered}); \
         allow TLS with a certificate (X509Vnc) or a VNC password (VncAuth) in its settings"
    );
    link.fail(Stage::KeyExchange, FailureKind::Protocol, &what)
}

/// The error for a machine that showed its certificate before and now would be spoken to without.
pub fn downgraded(link: &Link, known: String) -> SessionError {
    let what = "offered no TLS although its certificate was accepted before, so nothing was sent: somebody may stand \
                in between; if the machine really changed, forget its certificate on the Trust page";
    let mut error = link.fail(Stage::Tls, FailureKind::Untrusted, what);
    error.known = Some(known);
    error
}

/// Names in a row.
pub fn joined(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A security type's name in the community's registry.
fn name(number: u8) -> String {
    let known = match number {
        1 => "None",
        2 => "VncAuth",
        5 => "RA2",
        6 => "RA2ne",
        16 => "Tight",
        17 => "Ultra",
        18 => "TLS",
        19 => "VeNCrypt",
        20 => "SASL",
        22 => "XVP",
        30 => "Apple account (DH)",
        33 => "Apple account (RSA)",
        35 => "Apple Kerberos",
        36 => "Apple account (SRP)",
        113 => "MS-Logon II",
        129 => "RA2_256",
        130 => "RA2ne_256",
        _ => return format!("type {number}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_chosen_first_and_a_stored_password_is_used() {
        for (offered, has_password, tls, expected) in [
            (&[1, 2][..], true, Tls::First, Some(2)),
            (&[1, 2], false, Tls::First, Some(1)),
            (&[1], true, Tls::First, Some(1)),
            (&[2, 19], true, Tls::First, Some(19)),
            (&[19, 2], false, Tls::Last, Some(2)),
            (&[19], false, Tls::Last, Some(19)),
            (&[5, 30], true, Tls::First, None),
            (
                &[1, 2, 19],
                true,
                Tls::Must("SHA256:known".to_owned()),
                Some(19),
            ),
        ] {
            let chosen = choose(offered, has_password, &tls).map(|(number, _)| number);
            assert_eq!(chosen, expected, "{offered:?} {has_password} {tls:?}");
        }
    }
}
