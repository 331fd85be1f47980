//! TLS with certificates that a person accepts once: names and issuers do not count, the certificate itself does.

use super::Link;
use super::identity::{Shown, check, fingerprint};
use crate::limits::STEP_LIMIT;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::{Identity, IdentityKind};
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

const STAGE: Stage = Stage::Tls;

/// Goes on inside TLS, if the certificate was accepted. Nothing secret is sent before that is known.
///
/// Answers how the link is protected, in words.
pub async fn upgrade(link: Link, start: &Start) -> Result<(Link, String), SessionError> {
    let verifier = Arc::new(Signatures::new());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            link.fail(
                STAGE,
                FailureKind::Protocol,
                &format!("has no TLS: {error}"),
            )
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    // The name is not checked, so it need not be told either.
    config.enable_sni = false;
    let name = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
    let peer = link.peer().to_owned();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, link.into_stream());
    let stream = match timeout(STEP_LIMIT, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let message =
                format!("could not set up TLS with {peer}: {error}; look into the server's log");
            return Err(SessionError::new(STAGE, FailureKind::Protocol, message));
        }
        Err(_) => {
            let message = format!(
                "{peer} did not finish setting up TLS within {} s; try again",
                STEP_LIMIT.as_secs()
            );
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
    let identity = Identity {
        kind: IdentityKind::Tls,
        host: start.endpoint.host.clone(),
        port: start.endpoint.port,
        algorithm: verifier.algorithm().to_owned(),
        fingerprint: leaf.map(|leaf| fingerprint(&[leaf])).unwrap_or_default(),
    };
    check(identity, Shown::Certificate, start).await?;
    let security = format!("{version}, certificate pinned");
    Ok((Link::new(Box::new(stream), start), security))
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
