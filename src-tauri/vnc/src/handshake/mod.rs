//! From an open connection to a session: version, security, sign-in, `ServerInit` (RFC 6143, sections 7.1 to 7.3).

mod identity;
mod init;
mod link;
mod security;
mod tls;
mod vencrypt;
mod version;
mod vnc_auth;

pub use link::{ByteStream, Link};
pub use security::Tls;

use crate::options::Options;
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::session::{FailureKind, SessionError, SessionEvent, Start};
use farwire_model::trust::IdentityKind;
use security::{SecurityType, SignIn};
use version::Version;

/// A session that is up.
pub struct Established {
    /// What the session goes on over.
    pub stream: Box<dyn ByteStream>,
    /// The screen's size.
    pub size: Size,
    /// What the machine calls itself.
    pub name: String,
    /// How the link is protected, in words.
    pub security: String,
}

/// What came of a handshake.
pub enum Outcome {
    /// The session is up.
    Up(Established),
    /// The server's TLS is anonymous only, which we do not speak, but it signs in without TLS too. A type that was
    /// chosen cannot be given back, so this takes another connection, with [`Tls::Last`].
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
    begin(start, Stage::Banner).await;
    let version = version::agree(&mut link).await?;
    begin(start, Stage::KeyExchange).await;
    let (host, port) = (&start.endpoint.host, start.endpoint.port);
    let tls = match start.trust.accepted(IdentityKind::Tls, host, port) {
        Some(fingerprint) => Tls::Must(fingerprint),
        None => tls,
    };
    let agreed = security::agree(&mut link, version, &start.credentials, &tls).await?;
    let (sign_in, security) = match agreed.chosen {
        SecurityType::Clear(sign_in) => (sign_in, None),
        SecurityType::VeNCrypt => match vencrypt::agree(&mut link, &start.credentials).await? {
            vencrypt::Agreed::Tls(sign_in) => {
                begin(start, Stage::Tls).await;
                let (inside, security) = tls::upgrade(link, start).await?;
                link = inside;
                (sign_in, Some(security))
            }
            vencrypt::Agreed::Nothing(offered) => {
                return match tls {
                    Tls::Must(known) => Err(security::downgraded(&link, known)),
                    Tls::First | Tls::Last if agreed.has_clear => Ok(Outcome::AgainWithoutTls),
                    Tls::First | Tls::Last => Err(security::unsupported(&link, &offered)),
                };
            }
        },
    };
    begin(start, Stage::Auth).await;
    match sign_in {
        // Before 3.8 there is no result to wait for when nothing was asked; inside TLS there always is.
        SignIn::None if security.is_none() && version < Version::V3_8 => {}
        SignIn::None => security_result(&mut link, version).await?,
        SignIn::VncAuth => {
            vnc_password(&mut link, start).await?;
            security_result(&mut link, version).await?;
        }
        SignIn::Plain => {
            account(&mut link, start).await?;
            security_result(&mut link, version).await?;
        }
    }
    begin(start, Stage::Session).await;
    let (size, name) = init::exchange(&mut link, options.is_shared).await?;
    let in_the_clear = match &start.endpoint.via {
        Some(_) => "inside the SSH connection",
        None => "not encrypted",
    };
    Ok(Outcome::Up(Established {
        stream: link.into_stream(),
        size,
        name,
        security: security.unwrap_or_else(|| in_the_clear.to_owned()),
    }))
}

async fn begin(start: &Start, stage: Stage) {
    // A receiver that is gone cancels the run elsewhere.
    start
        .events
        .send(SessionEvent::Stage(stage))
        .await
        .unwrap_or_default();
}

async fn vnc_password(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let Some(password) = start.credentials.password.as_ref() else {
        let what = "asks for a password and none is stored for it; enter its VNC password";
        return Err(link.fail(Stage::Auth, FailureKind::CredentialsMissing, what));
    };
    let challenge: [u8; 16] = link.read(Stage::Auth).await?;
    let response = vnc_auth::respond(password.expose(), challenge);
    link.write(Stage::Auth, &response).await
}

/// Account and password as they are: two lengths, then both.
async fn account(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let (Some(username), Some(password)) =
        (&start.credentials.username, &start.credentials.password)
    else {
        let what =
            "asks for an account and its password and they are not stored for it; enter both";
        return Err(link.fail(Stage::Auth, FailureKind::CredentialsMissing, what));
    };
    let password = password.expose();
    let lengths = [username.len(), password.len()].map(|length| u32::try_from(length).unwrap_or(0));
    link.write(Stage::Auth, lengths.map(u32::to_be_bytes).as_flattened())
        .await?;
    link.write(Stage::Auth, username.as_bytes()).await?;
    link.write(Stage::Auth, password.as_bytes()).await
}

async fn security_result(link: &mut Link, version: Version) -> Result<(), SessionError> {
    if link.read_u32(Stage::Auth).await? == 0 {
        return Ok(());
    }
    let reason = if version < Version::V3_8 {
        String::new()
    } else {
        link.read_reason(Stage::Auth).await?
    };
    let said = match reason.as_str() {
        "" => "refused the sign-in".to_owned(),
        reason => format!("refused the sign-in and says \"{reason}\""),
    };
    let what = format!("{said}; check the password");
    Err(link.fail(Stage::Auth, FailureKind::Refused, &what))
}
