//! TLS in which the machine proves nothing: it keeps listeners out, not who stands in between.
//!
//! The one TLS we use elsewhere has no such ciphers, so these come from the system's OpenSSL.

use super::Link;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};

const STAGE: Stage = Stage::Tls;

/// Without authentication by their nature; those that would not encrypt either are left out. The strictest level that
/// has any of them is 0.
#[cfg(feature = "anonymous-tls")]
const CIPHERS: &str = "aNULL:!eNULL:@SECLEVEL=0";

/// Goes on inside TLS. Answers how the link is protected, in words.
#[cfg(feature = "anonymous-tls")]
pub async fn upgrade(link: Link, start: &Start) -> Result<(Link, String), SessionError> {
    use crate::limits::STEP_LIMIT;
    use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
    use std::pin::Pin;
    use tokio::time::timeout;
    use tokio_openssl::SslStream;

    let prepared = || {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::NONE);
        // TLS 1.3 has no anonymous ciphers; what is older than 1.2 is broken.
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
        context.set_cipher_list(CIPHERS)?;
        Ssl::new(&context.build())
    };
    let failed = |peer: &str, error: &dyn std::fmt::Display| {
        let message = format!(
            "could not set up anonymous TLS with {peer}: {error}; look into the server's log, or give it a certificate \
             (X509Vnc)"
        );
        SessionError::new(STAGE, FailureKind::Protocol, message)
    };
    let peer = link.peer().to_owned();
    let mut stream = prepared()
        .and_then(|ssl| SslStream::new(ssl, link.into_stream()))
        .map_err(|error| failed(&peer, &error))?;
    match timeout(STEP_LIMIT, Pin::new(&mut stream).connect()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(failed(&peer, &error)),
        Err(_) => {
            let message = format!(
                "{peer} did not finish setting up TLS within {} s; try again",
                STEP_LIMIT.as_secs()
            );
            return Err(SessionError::new(STAGE, FailureKind::Unreachable, message));
        }
    }
    let security = "encrypted (TLS 1.2), but the machine's identity is not proven".to_owned();
    Ok((Link::new(Box::new(stream), start), security))
}

/// Never chosen in this build.
#[cfg(not(feature = "anonymous-tls"))]
pub async fn upgrade(link: Link, _: &Start) -> Result<(Link, String), SessionError> {
    let what = "has TLS without a certificate, which this build does not speak; allow X509Vnc in its settings";
    Err(link.fail(STAGE, FailureKind::Protocol, what))
}
