//! Every sign-in of a real TigerVNC server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, Purpose, SessionError, SessionEvent};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Name};
use std::fs;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::session_over;
use tempfile::TempDir;
use tokio::net::UnixStream;

const PASSWORD: &str = "secret12";
const PINNED: &str = "TLS 1.3, certificate pinned";
#[cfg(feature = "anonymous-tls")]
const UNPROVEN: &str = "encrypted (TLS 1.2), but the machine's identity is not proven";
const CLEAR: &str = "not encrypted";

struct Xvnc {
    server: Child,
    folder: TempDir,
    fingerprint: String,
}

/// Missing in CI is a failure, elsewhere a skip that says so.
fn found(what: &str, path: Option<PathBuf>) -> Option<PathBuf> {
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{what} is not installed");
        eprintln!("SKIPPED: {what} is not installed");
    }
    path
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found_at = std::env::split_paths(&path).map(|folder| folder.join(name));
    found(name, found_at.into_iter().find(|path| path.is_file()))
}

/// What gives a server accounts that are no accounts of this machine.
fn accounts() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut paths = folders.map(|folder| folder.path().join("libpam_wrapper.so"));
    found("libpam-wrapper", paths.find(|path| path.is_file()))
}

impl Xvnc {
    /// A desktop on a socket in its own folder, with a password, an account `ann` and a certificate.
    fn start(types: &str) -> Option<Self> {
        let (vncpasswd, accounts) = (program("vncpasswd")?, accounts()?);
        program("Xvnc")?;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut making = Command::new(vncpasswd)
            .arg("-f")
            .stdin(Stdio::piped())
            .stdout(fs::File::create(at("password")).unwrap())
            .spawn()
            .unwrap();
        let mut input = making.stdin.take().unwrap();
        writeln!(input, "{PASSWORD}").unwrap();
        drop(input);
        assert!(making.wait().unwrap().success());
        fs::create_dir(at("services")).unwrap();
        let matrix = accounts.with_file_name("pam_wrapper/pam_matrix.so");
        let service = format!(
            "auth required {0} passdb={1}\naccount required {0} passdb={1}\n",
            matrix.display(),
            at("accounts").display()
        );
        fs::write(at("services/vnc"), service).unwrap();
        fs::write(at("accounts"), format!("ann:{PASSWORD}:vnc\n")).unwrap();
        let fingerprint = certify(&at("certificate"), &at("key"));
        let mut server = Command::new("Xvnc")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-rfbport", "-1"])
            .args(["-geometry", "320x240", "-SecurityTypes", types])
            .args(["-PlainUsers", "*", "-pam_service", "vnc"])
            .arg("-rfbunixpath")
            .arg(at("socket"))
            .arg("-PasswordFile")
            .arg(at("password"))
            .arg("-X509Cert")
            .arg(at("certificate"))
            .arg("-X509Key")
            .arg(at("key"))
            .env("LD_PRELOAD", accounts)
            .env("PAM_WRAPPER", "1")
            .env("PAM_WRAPPER_SERVICE_DIR", at("services"))
            .stdout(Stdio::piped())
            .stderr(fs::File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(
            !line.trim().is_empty(),
            "Xvnc: {}",
            fs::read_to_string(at("log")).unwrap()
        );
        Some(Self {
            server,
            folder,
            fingerprint,
        })
    }

    /// Signs in with an account, a password, both or neither; answers how the link was protected.
    async fn sign_in(
        &self,
        account: Option<&str>,
        password: Option<&str>,
        purpose: Purpose,
    ) -> Result<String, SessionError> {
        let socket = UnixStream::connect(self.folder.path().join("socket"))
            .await
            .unwrap();
        let mut session = session_over(socket, (), |start| {
            start.purpose = purpose;
            start.credentials.username = account.map(str::to_owned);
            start.credentials.password = password.map(Secret::new);
            start.trust = Arc::new(Only(self.fingerprint.clone()));
        });
        let mut protection = String::new();
        while let Some(event) = session.events.recv().await {
            if let SessionEvent::Connected { security, .. } = event {
                protection = security;
                if purpose == Purpose::Live {
                    while session.meter.updates.load(Ordering::Relaxed) == 0 {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    assert!(session.surface.snapshot().size().pixels() > 0);
                    session.cancel.cancel();
                }
            }
        }
        session.run.await.unwrap().map(|()| protection)
    }
}

impl Drop for Xvnc {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// Writes a certificate and its key; answers the fingerprint.
fn certify(certificate: &PathBuf, key: &PathBuf) -> String {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let private = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "desk").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&private).unwrap();
    let (from, until) = (
        Asn1Time::days_from_now(0).unwrap(),
        Asn1Time::days_from_now(2).unwrap(),
    );
    builder.set_not_before(&from).unwrap();
    builder.set_not_after(&until).unwrap();
    builder.sign(&private, MessageDigest::sha256()).unwrap();
    let built = builder.build();
    fs::write(certificate, built.to_pem().unwrap()).unwrap();
    fs::write(key, private.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let hash = built.digest(MessageDigest::sha256()).unwrap();
    let text = openssl::base64::encode_block(&hash);
    format!("SHA256:{}", text.trim_end_matches('='))
}

/// Trusts one fingerprint, without demanding it.
struct Only(String);

impl TrustCheck for Only {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async move {
            match identity.fingerprint == self.0 {
                true => TrustVerdict::Trusted,
                false => TrustVerdict::Unknown,
            }
        })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn every_security_type_signs_in() {
    let (account, password) = (Some("ann"), Some(PASSWORD));
    for (types, account, password, expected) in [
        ("None", None, None, CLEAR),
        ("VncAuth", None, password, CLEAR),
        ("X509None", None, None, PINNED),
        ("X509Vnc", None, password, PINNED),
        ("X509Plain", account, password, PINNED),
        // The best of many, with what is stored.
        ("VncAuth,TLSVnc,X509Vnc", None, password, PINNED),
        ("VncAuth,TLSPlain,X509Plain", account, password, PINNED),
        // Listed among VeNCrypt's kinds, too.
        ("X509Plain,VncAuth", None, password, CLEAR),
        #[cfg(feature = "anonymous-tls")]
        ("TLSNone", None, None, UNPROVEN),
        #[cfg(feature = "anonymous-tls")]
        ("TLSVnc", None, password, UNPROVEN),
        #[cfg(feature = "anonymous-tls")]
        ("TLSPlain", account, password, UNPROVEN),
        // What TigerVNC comes with.
        #[cfg(feature = "anonymous-tls")]
        ("TLSVnc,VncAuth", None, password, UNPROVEN),
        #[cfg(not(feature = "anonymous-tls"))]
        ("TLSVnc,VncAuth", None, password, CLEAR),
    ] {
        let Some(desk) = Xvnc::start(types) else {
            return;
        };
        for purpose in [Purpose::Probe, Purpose::Live] {
            let security = desk.sign_in(account, password, purpose).await;
            assert_eq!(security.as_deref(), Ok(expected), "{types} {purpose:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_every_security_type() {
    for (types, account, text) in [
        ("VncAuth", None, "check the password"),
        ("X509Vnc", None, "check the password"),
        (
            "X509Plain",
            Some("ann"),
            "check the account and the password",
        ),
        (
            "X509Plain",
            Some("eve"),
            "check the account and the password",
        ),
        #[cfg(feature = "anonymous-tls")]
        ("TLSVnc", None, "check the password"),
        #[cfg(feature = "anonymous-tls")]
        (
            "TLSPlain",
            Some("ann"),
            "check the account and the password",
        ),
    ] {
        let Some(desk) = Xvnc::start(types) else {
            return;
        };
        let refused = desk.sign_in(account, Some("wrong"), Purpose::Probe).await;
        let error = refused.expect_err(types);
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Auth, FailureKind::Refused),
            "{types}: {error}"
        );
        assert!(error.message.contains(text), "{types}: {error}");
    }
}
