//! Agreement on how to sign in (RFC 6143, section 7.1.2).

use super::Link;
use super::version::Version;
use farwire_model::credentials::Credentials;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

/// The security types we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityType {
    /// No sign-in.
    None,
    /// A password of eight characters, by challenge and response.
    VncAuth,
}

impl SecurityType {
    fn number(self) -> u8 {
        match self {
            Self::None => 1,
            Self::VncAuth => 2,
        }
    }

    /// The best of what is offered: with a password at hand, one that uses it.
    fn choose(offered: &[u8], has_password: bool) -> Option<Self> {
        let order = if has_password {
            [Self::VncAuth, Self::None]
        } else {
            [Self::None, Self::VncAuth]
        };
        order
            .into_iter()
            .find(|known| offered.contains(&known.number()))
    }
}

/// Learns what the server offers and chooses.
pub async fn agree(
    link: &mut Link,
    version: Version,
    credentials: &Credentials,
) -> Result<SecurityType, SessionError> {
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
    let Some(chosen) = SecurityType::choose(&offered, has_password) else {
        let names: Vec<String> = offered.iter().map(|number| name(*number)).collect();
        let what = format!(
            "offers only ways to sign in that are not supported ({}); allow a VNC password (VncAuth) in its settings",
            names.join(", ")
        );
        return Err(link.fail(STAGE, FailureKind::Protocol, &what));
    };
    if version > Version::V3_3 {
        link.write(STAGE, &[chosen.number()]).await?;
    }
    Ok(chosen)
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
    fn a_stored_password_is_used_where_the_server_takes_one() {
        for (offered, has_password, expected) in [
            (&[1, 2][..], true, Some(SecurityType::VncAuth)),
            (&[1, 2], false, Some(SecurityType::None)),
            (&[1], true, Some(SecurityType::None)),
            (&[19, 2], false, Some(SecurityType::VncAuth)),
            (&[5, 30], true, None),
        ] {
            assert_eq!(
                SecurityType::choose(offered, has_password),
                expected,
                "{offered:?}"
            );
        }
    }
}
