//! The server's list of security types, and what is chosen from it (RFC 6143, section 7.1.2).

use super::Link;
use super::advice;
use super::choice::{Cover, Rsa, SignIn, Tls, Way, Wish};
use super::version::Version;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

/// The security types we speak, by their number in the community's registry.
pub const TYPES: [(u8, Way); 10] = [
    (1, Way::In(Cover::Clear, SignIn::None)),
    (2, Way::In(Cover::Clear, SignIn::VncAuth)),
    (5, rsa(false, true)),
    (6, rsa(false, false)),
    (16, Way::Tight),
    (19, Way::VeNCrypt),
    (30, Way::In(Cover::Clear, SignIn::Apple)),
    (113, Way::In(Cover::Clear, SignIn::MsLogon)),
    (129, rsa(true, true)),
    (130, rsa(true, false)),
];

const fn rsa(is_256: bool, covers_session: bool) -> Way {
    Way::In(
        Cover::Clear,
        SignIn::Rsa(Rsa {
            is_256,
            covers_session,
        }),
    )
}

/// What came of the list of security types.
pub struct Agreed {
    /// The way in, or where it is agreed on.
    pub chosen: Way,
    /// Whether another attempt could do without VeNCrypt.
    pub has_others: bool,
}

/// Learns what the server offers and chooses.
pub async fn agree(link: &mut Link, version: Version, wish: &Wish) -> Result<Agreed, SessionError> {
    const STAGE: Stage = Stage::KeyExchange;
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
    let known = || {
        TYPES
            .into_iter()
            .filter(|(number, _)| offered.contains(number))
    };
    let Some((number, chosen)) = wish.best(known()) else {
        return Err(match &wish.tls {
            Tls::Must(accepted) => downgraded(link, accepted.clone()),
            Tls::First | Tls::Last => {
                let offered: Vec<u32> = offered.into_iter().map(u32::from).collect();
                advice::unsupported(link, &offered)
            }
        });
    };
    if version > Version::V3_3 {
        link.write(STAGE, &[number]).await?;
    }
    let has_others = known().any(|(_, way)| way != Way::VeNCrypt);
    Ok(Agreed { chosen, has_others })
}

/// The error for a machine that showed its certificate or key before and now would be spoken to without.
pub fn downgraded(link: &Link, known: String) -> SessionError {
    let what = "offered no TLS although its certificate or key was accepted before, so nothing was sent: somebody may \
                stand in between; if the machine really changed, forget its certificate on the Trust page";
    let mut error = link.fail(Stage::Tls, FailureKind::Untrusted, what);
    error.known = Some(known);
    error
}
