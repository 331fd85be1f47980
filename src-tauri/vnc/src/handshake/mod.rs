//! From an open connection to a session: version, security, sign-in, `ServerInit` (RFC 6143, sections 7.1 to 7.3).

mod init;
mod link;
mod security;
mod version;
mod vnc_auth;

pub use link::{ByteStream, Link};

use crate::options::Options;
use farwire_model::error::Stage;
use farwire_model::frame::Size;
use farwire_model::session::{FailureKind, SessionError, SessionEvent, Start};
use security::SecurityType;
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

/// Goes through every stage from the greeting to `ServerInit`.
///
/// # Errors
/// Stage `banner`, `key_exchange`, `auth` or `session`; every wait has a limit.
pub async fn establish(
    stream: Box<dyn ByteStream>,
    start: &Start,
    options: &Options,
) -> Result<Established, SessionError> {
    let mut link = Link::new(stream, start);
    begin(start, Stage::Banner).await;
    let version = version::agree(&mut link).await?;
    begin(start, Stage::KeyExchange).await;
    let security = security::agree(&mut link, version, &start.credentials).await?;
    begin(start, Stage::Auth).await;
    sign_in(&mut link, version, security, start).await?;
    begin(start, Stage::Session).await;
    let (size, name) = init::exchange(&mut link, options.is_shared).await?;
    let security = match &start.endpoint.via {
        Some(_) => "inside the SSH connection".to_owned(),
        None => "not encrypted".to_owned(),
    };
    Ok(Established {
        stream: link.into_stream(),
        size,
        name,
        security,
    })
}

async fn begin(start: &Start, stage: Stage) {
    // A receiver that is gone cancels the run elsewhere.
    start
        .events
        .send(SessionEvent::Stage(stage))
        .await
        .unwrap_or_default();
}

async fn sign_in(
    link: &mut Link,
    version: Version,
    security: SecurityType,
    start: &Start,
) -> Result<(), SessionError> {
    match security {
        // Before 3.8 there is no result to wait for when nothing was asked.
        SecurityType::None if version < Version::V3_8 => Ok(()),
        SecurityType::None => security_result(link, version).await,
        SecurityType::VncAuth => {
            let Some(password) = start.credentials.password.as_ref() else {
                return Err(link.fail(
                    Stage::Auth,
                    FailureKind::CredentialsMissing,
                    "asks for a password and none is stored for it; enter its VNC password",
                ));
            };
            let challenge: [u8; 16] = link.read(Stage::Auth).await?;
            let response = vnc_auth::respond(password.expose(), challenge);
            link.write(Stage::Auth, &response).await?;
            security_result(link, version).await
        }
    }
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
    Err(link.fail(
        Stage::Auth,
        FailureKind::Refused,
        &format!("{said}; check the password"),
    ))
}
