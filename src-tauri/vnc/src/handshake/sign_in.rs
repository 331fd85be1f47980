//! Carries a sign-in out, and learns what came of it (RFC 6143, sections 7.1.3 and 7.2).

use super::choice::SignIn;
use super::version::Version;
use super::{Link, apple, ms_logon, rsa_aes, vnc_auth};
use farwire_link::{ByteStream, begin};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};

const STAGE: Stage = Stage::Auth;

/// Signs in. `tls` says how the link is protected already, if TLS does.
///
/// Answers the link to go on over and how it is protected, in words.
pub async fn carry_out(
    mut link: Link,
    start: &Start,
    version: Version,
    sign_in: SignIn,
    tls: Option<String>,
) -> Result<(Link, String), SessionError> {
    let is_covered = tls.is_some();
    let mut security = match (tls, &start.endpoint.via) {
        (Some(tls), _) => tls,
        (None, Some(_)) => "inside the SSH connection".to_owned(),
        (None, None) => "not encrypted".to_owned(),
    };
    let is_clear = !is_covered && start.endpoint.via.is_none();
    if !matches!(sign_in, SignIn::Rsa(_)) {
        begin(&start.events, STAGE).await;
    }
    match sign_in {
        // Before 3.8 there is no result to wait for when nothing was asked; inside TLS there always is.
        SignIn::None if !is_covered && version < Version::V3_8 => return Ok((link, security)),
        SignIn::None => {}
        SignIn::VncAuth => vnc_password(&mut link, start).await?,
        SignIn::Plain => plain(&mut link, start).await?,
        SignIn::Apple => {
            apple::sign_in(&mut link, start).await?;
            if is_clear {
                security =
                    "not encrypted after the sign-in; going through an SSH connection protects it"
                        .to_owned();
            }
        }
        SignIn::MsLogon => {
            ms_logon::sign_in(&mut link, start).await?;
            if is_clear {
                security = "not encrypted, and the password hardly; going through an SSH connection protects both"
                    .to_owned();
            }
        }
        SignIn::Rsa(rsa) => {
            link = rsa_aes::sign_in(link, start, rsa).await?;
            security = match (rsa.covers_session, rsa.is_256) {
                (true, true) => "RSA-AES with 256 bits, key pinned".to_owned(),
                (true, false) => "RSA-AES with 128 bits, key pinned".to_owned(),
                (false, _) if is_clear => {
                    "not encrypted after the sign-in, key pinned; going through an SSH connection protects it".to_owned()
                }
                (false, _) => security,
            };
        }
    }
    let hint = match sign_in {
        SignIn::None => "look into the server's log",
        SignIn::VncAuth => "check the password",
        SignIn::Plain | SignIn::Apple | SignIn::MsLogon | SignIn::Rsa(_) => {
            "check the account and the password"
        }
    };
    result(&mut link, version, hint).await?;
    Ok((link, security))
}

/// The stored password, or the error that there is none.
pub fn password<'a>(
    link: &Link<impl ByteStream>,
    start: &'a Start,
) -> Result<&'a str, SessionError> {
    let missing = || {
        let what = "asks for a password and none is stored for it; enter its VNC password";
        link.fail(STAGE, FailureKind::CredentialsMissing, what)
    };
    let password = start.credentials.password.as_ref().ok_or_else(missing)?;
    Ok(password.expose())
}

/// The stored account and its password, or the error that either is missing.
pub fn account<'a>(
    link: &Link<impl ByteStream>,
    start: &'a Start,
) -> Result<(&'a str, &'a str), SessionError> {
    let (Some(username), Some(password)) =
        (&start.credentials.username, &start.credentials.password)
    else {
        let what =
            "asks for an account and its password and they are not stored for it; enter both";
        return Err(link.fail(STAGE, FailureKind::CredentialsMissing, what));
    };
    Ok((username, password.expose()))
}

/// The error for a name or password that does not fit what this server's sign-in has room for.
pub fn too_long(link: &Link<impl ByteStream>, what: &str, limit: usize) -> SessionError {
    let what = format!("takes no {what} over {limit} bytes; store a shorter one");
    link.fail(STAGE, FailureKind::Refused, &what)
}

/// The VNC password, over the server's challenge.
async fn vnc_password(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let password = password(link, start)?;
    let challenge: [u8; 16] = link.read(STAGE).await?;
    let response = vnc_auth::respond(password, challenge);
    link.write(STAGE, &response).await
}

/// Account and password as they are: two lengths, then both.
async fn plain(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let (username, password) = account(link, start)?;
    let lengths = [username.len(), password.len()].map(|length| u32::try_from(length).unwrap_or(0));
    link.write(STAGE, lengths.map(u32::to_be_bytes).as_flattened())
        .await?;
    link.write(STAGE, username.as_bytes()).await?;
    link.write(STAGE, password.as_bytes()).await
}

async fn result(link: &mut Link, version: Version, hint: &str) -> Result<(), SessionError> {
    if link.read_u32(STAGE).await? == 0 {
        return Ok(());
    }
    let reason = if version < Version::V3_8 {
        String::new()
    } else {
        // Some close without the reason they owe. That they refuse is known all the same.
        link.read_reason(STAGE).await.unwrap_or_default()
    };
    let said = match reason.as_str() {
        "" => "refused the sign-in".to_owned(),
        reason => format!("refused the sign-in and says \"{reason}\""),
    };
    let what = format!("{said}; {hint}");
    Err(link.fail(STAGE, FailureKind::Refused, &what))
}
