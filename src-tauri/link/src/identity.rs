//! The identity a machine shows, and whether a person accepted it.

use base64ct::{Base64Unpadded, Encoding};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::{Identity, TrustVerdict};
use sha2::{Digest, Sha256};

/// What was shown, as messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A certificate of TLS.
    Certificate,
    /// An RSA key; the session goes on under it.
    Key,
    /// An RSA key; the session goes on in the clear.
    KeyForSignIn,
}

/// Passes if a person accepted exactly this identity.
///
/// # Errors
/// Stage `tls` with the identity that was shown and, if there is one, the accepted one.
pub async fn check(identity: Identity, shown: Shown, start: &Start) -> Result<(), SessionError> {
    let Identity {
        host,
        port,
        fingerprint,
        ..
    } = &identity;
    let (noun, warning) = match shown {
        Shown::Certificate => ("certificate", ""),
        Shown::Key => ("key", ""),
        Shown::KeyForSignIn => ("key", "; it protects the sign-in, not the session"),
    };
    let (message, known) = match start.trust.check(identity.clone()).await {
        TrustVerdict::Trusted => return Ok(()),
        TrustVerdict::Unknown => (
            format!(
                "nobody has accepted the {noun} of {host}:{port} yet ({fingerprint}); \
                 compare it with the one on the machine and accept it{warning}"
            ),
            None,
        ),
        TrustVerdict::Changed { known } => (
            format!(
                "{host}:{port} shows another {noun} ({fingerprint}) than the accepted one ({known}); \
                 unless it was set up anew, somebody may stand in between{warning}"
            ),
            Some(known),
        ),
    };
    Err(SessionError {
        stage: Stage::Tls,
        kind: FailureKind::Untrusted,
        message,
        identity: Some(identity),
        known,
    })
}

/// The hash of what was shown, as OpenSSH writes those of keys.
pub fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    format!("SHA256:{}", Base64Unpadded::encode_string(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_written_as_openssh_writes_it() {
        // `printf abc | openssl dgst -sha256 -binary | base64`, without the padding.
        assert_eq!(
            fingerprint(&[b"a", b"bc"]),
            "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"
        );
    }
}
