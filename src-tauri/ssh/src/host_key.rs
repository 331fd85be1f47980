//! The key a server shows, and whether a person accepted it.

use farwire_model::credentials::Endpoint;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use farwire_model::trust::{Identity, IdentityKind, KnownHost, TrustCheck, TrustVerdict};
use russh::Preferred;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKeyOrCertificate};
use std::time::{SystemTime, UNIX_EPOCH};

/// Passes if a person accepted exactly this key, or an authority he trusts vouches for it.
///
/// # Errors
/// Stage `host_key` with the key that was shown and, if there is one, the accepted one.
pub async fn check(
    shown: &PublicKeyOrCertificate,
    endpoint: &Endpoint,
    known: &KnownHost,
    trust: &dyn TrustCheck,
) -> Result<(), SessionError> {
    let Endpoint { host, port, .. } = endpoint;
    let key = shown.public_key();
    let identity = Identity {
        kind: IdentityKind::Ssh,
        host: host.clone(),
        port: *port,
        algorithm: key.algorithm().as_str().to_owned(),
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
    };
    let fail = |message: String, known: Option<String>| SessionError {
        stage: Stage::HostKey,
        kind: FailureKind::Untrusted,
        message,
        identity: Some(identity.clone()),
        known,
    };
    let authority = shown
        .certificate()
        .map(|certificate| fingerprint(certificate.signature_key()));
    let is_revoked = |fingerprint: &String| known.revoked.contains(fingerprint);
    if is_revoked(&identity.fingerprint) || authority.as_ref().is_some_and(is_revoked) {
        let message = format!(
            "the key of {host}:{port} ({}) is marked as revoked in the list of known hosts, so nothing was sent",
            identity.fingerprint
        );
        return Err(fail(message, None));
    }
    if shown
        .certificate()
        .is_some_and(|certificate| is_vouched_for(certificate, host, known))
    {
        return Ok(());
    }
    let fingerprint = &identity.fingerprint;
    match trust.check(identity.clone()).await {
        TrustVerdict::Trusted => Ok(()),
        TrustVerdict::Unknown => Err(fail(
            format!(
                "nobody has accepted the host key of {host}:{port} yet ({fingerprint}); \
                 compare it with the one on the machine and accept it"
            ),
            None,
        )),
        TrustVerdict::Changed { known } => Err(fail(
            format!(
                "{host}:{port} shows another host key ({fingerprint}) than the accepted one ({known}); \
                 unless it was set up anew, somebody may stand in between"
            ),
            Some(known),
        )),
    }
}

fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Whether a host certificate (OpenSSH's PROTOCOL.certkeys) is good for this host now. One without names is good for none.
fn is_vouched_for(certificate: &Certificate, host: &str, known: &KnownHost) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let authorities = known.authorities.iter();
    let authorities: Vec<_> = authorities.filter_map(|text| text.parse().ok()).collect();
    certificate.cert_type() == CertType::Host
        && certificate.critical_options().is_empty()
        && certificate
            .valid_principals()
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
        && certificate.validate_at(now, &authorities).is_ok()
}

/// What is asked of a server: AES-GCM first, which this computer does in hardware, and keys of the accepted types first, so
/// that a server with several does not look changed.
pub fn preferred(known: &KnownHost) -> Preferred {
    let mut keys = Preferred::DEFAULT.key.to_vec();
    // Never SHA-1.
    keys.retain(|algorithm| *algorithm != Algorithm::Rsa { hash: None });
    let is_known = |algorithm: &Algorithm| {
        let names = known.algorithms.iter();
        let mut names = names.map(|name| name.replace("rsa-sha2-256", "ssh-rsa"));
        match algorithm {
            Algorithm::Rsa { .. } => names.any(|name| name == "ssh-rsa"),
            algorithm => names.any(|name| name == algorithm.as_str()),
        }
    };
    keys.sort_by_key(|algorithm| !is_known(algorithm));
    let certificates = if known.authorities.is_empty() {
        Vec::new()
    } else {
        keys.clone()
    };
    let mut ciphers = Preferred::DEFAULT.cipher.to_vec();
    ciphers.sort_by_key(|cipher| *cipher != russh::cipher::AES_256_GCM);
    Preferred {
        key: keys.into(),
        host_key_certificates: certificates.into(),
        cipher: ciphers.into(),
        // Compression before encryption tells lengths; terminals gain little by it.
        compression: vec![russh::compression::NONE].into(),
        ..Preferred::DEFAULT
    }
}
