//! TLS with certificates that a person accepts once: names and issuers do not count, the certificate itself does.

use crate::ByteStream;
use crate::identity::{Shown, check, fingerprint};
use crate::limits::TLS_LIMIT;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::{Identity, IdentityKind};
use std::sync::{Arc, OnceLock};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme, crypto,
};

const STAGE: Stage = Stage::Tls;

/// A link inside TLS.
pub struct Secured {
    /// The link.
    pub stream: Box<dyn ByteStream>,
    /// How it is protected, in words.
    pub version: &'static str,
    /// The certificate that was accepted, in DER; empty where the server has none.
    pub certificate: Vec<u8>,
}

/// Goes on inside TLS, if the certificate was accepted. Nothing secret is sent before that is known.
///
/// `mark` is added to the name of the certificate's algorithm, as the trust store keeps it. `advice` says what to do where
/// TLS cannot be set up.
///
/// # Errors
/// Stage `tls`: TLS fails, or the certificate is unknown or another than the accepted one.
pub async fn upgrade(
    stream: Box<dyn ByteStream>,
    start: &Start,
    mark: &str,
    advice: &str,
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
    // The configuration lives no longer than the connection: there is nothing to take up again.
    config.resumption = Resumption::disabled();
    let name = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = match timeout(TLS_LIMIT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let message = format!("could not set up TLS with {peer}: {error}; {advice}");
            return Err(SessionError::new(STAGE, FailureKind::Protocol, message));
        }
        Err(_) => {
            let limit = TLS_LIMIT.as_secs();
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
    let certificate: Vec<u8> = leaf.map(|leaf| leaf.to_vec()).unwrap_or_default();
    let identity = Identity {
        kind: IdentityKind::Tls,
        host: start.endpoint.host.clone(),
        port: start.endpoint.port,
        algorithm: format!("{}{mark}", verifier.algorithm()),
        fingerprint: fingerprint(&[&certificate]),
    };
    check(identity, Shown::Certificate, start).await?;
    Ok(Secured {
        stream: Box::new(stream),
        version,
        certificate,
    })
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
