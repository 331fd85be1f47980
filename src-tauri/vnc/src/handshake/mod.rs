//! From an open connection to a session: version, security, sign-in, `ServerInit` (RFC 6143, sections 7.1 to 7.3).

mod advice;
mod anonymous;
mod apple;
mod choice;
mod dh;
mod eax;
mod init;
mod link;
mod ms_logon;
mod rsa_aes;
mod rsa_key;
mod sealed;
mod security;
mod sign_in;
mod tight;
mod vencrypt;
mod version;
mod vnc_auth;

pub use choice::Tls;
pub use link::Link;

use crate::options::Options;
use crate::pixel_format::PixelFormat;
use choice::{Cover, HAS_ANONYMOUS_TLS, Way, Wish};
use farwire_link::{ByteStream, begin, tls};
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::session::{SessionError, Start};
use farwire_model::trust::IdentityKind;
use init::Init;

/// A session that is up.
pub struct Established {
    /// What the session goes on over.
    pub stream: Box<dyn ByteStream>,
    /// The screen's size.
    pub size: Size,
    /// How its pixels lie in bytes.
    pub pixels: PixelFormat,
    /// What the machine calls itself.
    pub name: String,
    /// How the link is protected, in words.
    pub security: String,
}

/// What came of a handshake.
pub enum Outcome {
    /// The session is up.
    Up(Established),
    /// The server's TLS is anonymous only, which this build does not speak, but it signs in without TLS too. A type
    /// that was chosen cannot be given back, so this takes another connection, with [`Tls::Last`].
    AgainWithoutTls,
}

/// Goes through every stage from the greeting to `ServerInit`.
///
/// # Errors
/// Stage `banner`, `key_exchange`, `tls`, `auth` or `session`; every wait has a limit.
pub async fn establish(
    stream: Box<dyn ByteStream>,
    start: &Start,
    options: &Options,
    tls: Tls,
) -> Result<Outcome, SessionError> {
    let mut link = Link::new(stream, start);
    begin(&start.events, Stage::Banner).await;
    let version = version::agree(&mut link).await?;
    begin(&start.events, Stage::KeyExchange).await;
    let (host, port) = (&start.endpoint.host, start.endpoint.port);
    let tls = match start.trust.accepted(IdentityKind::Tls, host, port) {
        Some(fingerprint) => Tls::Must(fingerprint),
        None => tls,
    };
    let wish = Wish::of(start, tls);
    let agreed = security::agree(&mut link, version, &wish).await?;
    let mut init = Init::Plain;
    let (cover, sign_in) = match agreed.chosen {
        Way::In(cover, sign_in) => (cover, sign_in),
        Way::Tight => {
            init = Init::WithCapabilities;
            (Cover::Clear, tight::agree(&mut link, &wish).await?)
        }
        Way::VeNCrypt => match vencrypt::agree(&mut link, &wish).await? {
            vencrypt::Agreed::In(cover, sign_in) => (cover, sign_in),
            vencrypt::Agreed::Nothing(offered) => {
                return match wish.tls {
                    Tls::Must(known) => Err(security::downgraded(&link, known)),
                    Tls::First if agreed.has_others && !HAS_ANONYMOUS_TLS => {
                        Ok(Outcome::AgainWithoutTls)
                    }
                    Tls::First | Tls::Last => Err(advice::unsupported(&link, &offered)),
                };
            }
        },
    };
    let (link, tls) = match cover {
        Cover::Clear => (link, None),
        Cover::Certificate => {
            begin(&start.events, Stage::Tls).await;
            let advice = "look into the server's log";
            let secured = tls::upgrade(link.into_stream(), start, "", advice).await?;
            let security = format!("{}, certificate pinned", secured.version);
            (Link::new(secured.stream, start), Some(security))
        }
        Cover::Anonymous => {
            begin(&start.events, Stage::Tls).await;
            let (link, security) = anonymous::upgrade(link, start).await?;
            (link, Some(security))
        }
    };
    let (mut link, security) = sign_in::carry_out(link, start, version, sign_in, tls).await?;
    begin(&start.events, Stage::Session).await;
    let (size, theirs, name) = init::exchange(&mut link, options.is_shared, init).await?;
    let pixels = match PixelFormat::asked(options.depth) {
        Some(asked) => asked,
        None => init::followed(&link, theirs)?,
    };
    Ok(Outcome::Up(Established {
        stream: link.into_stream(),
        size,
        pixels,
        name,
        security,
    }))
}
