//! What a machine's certificate says of how it wants to be spoken to.

use farwire_link::{ByteStream, tls};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::IdentityKind;
use x509_cert::der::Decode;

/// What the trust store adds to a certificate's algorithm where the machine asks for Network Level Authentication. A machine
/// once seen like this is not spoken to without it any more.
const WITH_NLA: &str = ", NLA";

/// A link inside TLS.
pub struct Secured {
    /// The link.
    pub stream: Box<dyn ByteStream>,
    /// How it is protected, in words.
    pub version: &'static str,
    /// The key in the certificate, which the sign-in is tied to.
    pub public_key: Vec<u8>,
}

/// Whether the machine asked for Network Level Authentication when it was last seen.
pub fn had_nla(start: &Start) -> bool {
    let (host, port) = (&start.endpoint.host, start.endpoint.port);
    let seen = start.trust.seen_algorithm(IdentityKind::Tls, host, port);
    seen.is_some_and(|algorithm| algorithm.ends_with(WITH_NLA))
}

/// Goes on inside TLS, if the certificate was accepted. Nothing secret is sent before that is known.
///
/// # Errors
/// Stage `tls`: TLS fails, or the certificate is unknown, another than the accepted one or unreadable.
pub async fn upgrade(
    stream: Box<dyn ByteStream>,
    start: &Start,
    has_nla: bool,
) -> Result<Secured, SessionError> {
    let mark = if has_nla { WITH_NLA } else { "" };
    let advice = "it needs TLS 1.2 or newer, look into the machine's log";
    let secured = tls::upgrade(stream, start, mark, advice).await?;
    let public_key = public_key(&secured.certificate).ok_or_else(|| {
        let (host, port) = (&start.endpoint.host, start.endpoint.port);
        let message =
            format!("{host}:{port} shows a certificate that cannot be read; give it a new one");
        SessionError::new(Stage::Tls, FailureKind::Protocol, message)
    })?;
    Ok(Secured {
        stream: secured.stream,
        version: secured.version,
        public_key,
    })
}

/// The key in a certificate, without what says which kind it is (MS-CSSP 3.1.5).
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    Some(key.subject_public_key.as_bytes()?.to_vec())
}
