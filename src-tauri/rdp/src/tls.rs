//! TLS with certificates that a person accepts once: names and issuers do not count, the certificate itself does.

use crate::limits::STEP_LIMIT;
use crate::link::ByteStream;
use base64ct::{Base64Unpadded, Encoding};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::{Identity, IdentityKind, TrustVerdict};
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme, crypto,
};
use x509_cert::der::Decode;

const STAGE: Stage = Stage::Tls;

/// What the trust store calls a certificate's algorithm where the machine asks for Network Level Authentication. A machine
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
/// Stage `tls`: TLS fails, or the certificate is unknown or another than the accepted one.
pub async fn upgrade(
    stream: Box<dyn ByteStream>,
    start: &Start,
    has_nla: bool,
) -> Result<Secured, SessionError> {
    let peer = format!("{}:{}", start.endpoint.host, start.endpoint.port);
    let verifier = Arc::new(Signatures::new());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            let message = format!("{peer} has no TLS: {error}");
            SessionError::new(STAGE, FailureKind::Protocol, message)
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    // The name is not checked, so it need not be told either.
    config.enable_sni = false;
    // Windows keeps its session in TLS' hands only as long as the connection: there is nothing to take up again.
    config.resumption = tokio_rustls::rustls::client::Resumption::disabled();
    let name = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = match timeout(STEP_LIMIT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let message = format!(
                "could not set up TLS with {peer}: {error}; it needs TLS 1.2 or newer, look into the machine's log"
            );
            return Err(SessionError::new(STAGE, FailureKind::Protocol, message));
        }
        Err(_) => {
            let limit = STEP_LIMIT.as_secs();
            let message =
                format!("{peer} did not finish setting up TLS within {limit} s; try again");
            return Err(SessionError::new(STAGE, FailureKind::Unreachable, message));
        }
    };
    let (_, session) = stream.get_ref();
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let leaf = session.peer_certificates().and_then(|chain| chain.first());
    let leaf: Vec<u8> = leaf.map(|leaf| leaf.to_vec()).unwrap_or_default();
    let suffix = if has_nla { WITH_NLA } else { "" };
    let identity = Identity {
        kind: IdentityKind::Tls,
        host: start.endpoint.host.clone(),
        port: start.endpoint.port,
        algorithm: format!("{}{suffix}", verifier.algorithm()),
        fingerprint: fingerprint(&leaf),
    };
    check(identity, start).await?;
    let public_key = public_key(&leaf).ok_or_else(|| {
        let message = format!("{peer} shows a certificate that cannot be read; give it a new one");
        SessionError::new(STAGE, FailureKind::Protocol, message)
    })?;
    Ok(Secured {
        stream: Box::new(stream),
        version,
        public_key,
    })
}

/// Passes if a person accepted exactly this certificate.
async fn check(identity: Identity, start: &Start) -> Result<(), SessionError> {
    let Identity {
        host,
        port,
        fingerprint,
        ..
    } = &identity;
    let (message, known) = match start.trust.check(identity.clone()).await {
        TrustVerdict::Trusted => return Ok(()),
        TrustVerdict::Unknown => (
            format!(
                "nobody has accepted the certificate of {host}:{port} yet ({fingerprint}); \
                 compare it with the one on the machine and accept it"
            ),
            None,
        ),
        TrustVerdict::Changed { known } => (
            format!(
                "{host}:{port} shows another certificate ({fingerprint}) than the accepted one ({known}); \
                 unless it was set up anew, somebody may stand in between"
            ),
            Some(known),
        ),
    };
    Err(SessionError {
        stage: STAGE,
        kind: FailureKind::Untrusted,
        message,
        identity: Some(identity),
        known,
    })
}

/// A certificate's hash, as OpenSSH writes those of keys.
fn fingerprint(certificate: &[u8]) -> String {
    let hash = Sha256::digest(certificate);
    format!("SHA256:{}", Base64Unpadded::encode_string(&hash))
}

/// The key in a certificate, without what says which kind it is (MS-CSSP 3.1.5).
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    Some(key.subject_public_key.as_bytes()?.to_vec())
}

/// Checks that the server holds its certificate's key. Whether the certificate is the right one is asked afterwards.
#[derive(Debug)]
struct Signatures {
    provider: Arc<CryptoProvider>,
    scheme: OnceLock<SignatureScheme>,
}

impl Signatures {
    fn new() -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            scheme: OnceLock::new(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.scheme.get() {
            Some(SignatureScheme::ED25519) => "Ed25519",
            Some(SignatureScheme::ECDSA_NISTP256_SHA256) => "ECDSA P-256",
            Some(SignatureScheme::ECDSA_NISTP384_SHA384) => "ECDSA P-384",
            Some(SignatureScheme::ECDSA_NISTP521_SHA512) => "ECDSA P-521",
            Some(_) => "RSA",
            None => "X.509",
        }
    }

    fn note(&self, signature: &DigitallySignedStruct) {
        self.scheme.get_or_init(|| signature.scheme);
    }
}

impl ServerCertVerifier for Signatures {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // `check` decides on the fingerprint, once the handshake has proven who holds the key.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.note(signature);
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.note(signature);
        let known = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
