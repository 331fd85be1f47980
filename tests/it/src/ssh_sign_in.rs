//! Every way of signing in to a real SSH server.

use crate::ssh_connect::{hop, password, reach_asking};
use crate::sshd::{PASSWORD, Setup, Sshd, USER, keygen};
use farwire_model::ask::{Ask, Nobody, Questions};
use farwire_model::credentials::Credentials;
use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError};
use farwire_ssh::Connection;
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Answers questions from a list, and notes what was asked.
#[derive(Default)]
struct Answers {
    known: Vec<(&'static str, &'static str)>,
    asked: Mutex<Vec<String>>,
}

impl Ask for Answers {
    fn ask(
        &self,
        questions: Questions,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Secret>>> + Send + '_>> {
        let answer = |text: &str| {
            self.asked.lock().unwrap().push(text.to_owned());
            let known = self.known.iter().find(|(asked, _)| text.contains(asked));
            known.map(|(_, answer)| Secret::new(*answer))
        };
        let answers = questions.questions.iter().map(|one| answer(&one.text));
        Box::pin(std::future::ready(answers.collect()))
    }
}

async fn sign_in(server: &Sshd, credentials: Credentials) -> Result<Connection, SessionError> {
    sign_in_asking(server, credentials, Arc::new(Nobody)).await
}

async fn sign_in_asking(
    server: &Sshd,
    credentials: Credentials,
    ask: Arc<dyn Ask>,
) -> Result<Connection, SessionError> {
    let trusted = vec![server.fingerprint("ed25519")];
    reach_asking(&[hop(server, credentials)], trusted, ask)
        .await
        .0
}

fn server(config: &str) -> Option<Sshd> {
    Sshd::with(Setup {
        config,
        ..Setup::default()
    })
}

/// Makes a key pair; answers the private key and the public line.
fn key(server: &Sshd, name: &str, options: &[&str], passphrase: &str) -> (String, String) {
    let path = server.dir.path().join(name);
    let path = path.to_str().unwrap();
    keygen(&[options, &["-N", passphrase, "-f", path]].concat());
    let public = fs::read_to_string(format!("{path}.pub")).unwrap();
    (fs::read_to_string(path).unwrap(), public)
}

fn with_key(text: &str, passphrase: Option<&str>) -> Credentials {
    Credentials {
        username: Some(USER.to_owned()),
        key: Some(Secret::new(text)),
        passphrase: passphrase.map(Secret::new),
        ..Credentials::default()
    }
}

async fn whoami(connection: Connection) -> String {
    let output = connection.exec("whoami").await.unwrap();
    connection.close().await;
    assert_eq!(output.status, Some(0));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_password_by_each_of_its_ways() {
    for config in [
        "PasswordAuthentication yes\nKbdInteractiveAuthentication no",
        "PasswordAuthentication no\nKbdInteractiveAuthentication yes",
    ] {
        let Some(server) = server(config) else { return };
        let connection = sign_in(&server, password(PASSWORD)).await;
        let connection = connection.unwrap_or_else(|error| panic!("{config}: {error}"));
        assert_eq!(whoami(connection).await, USER, "{config}");
        let error = sign_in(&server, password("wrong")).await.err().unwrap();
        assert_eq!(
            (error.stage, error.kind),
            (Stage::Auth, FailureKind::Refused),
            "{config}: {error}"
        );
        let nothing = Credentials {
            username: Some(USER.to_owned()),
            ..Credentials::default()
        };
        let error = sign_in(&server, nothing).await.err().unwrap();
        assert_eq!(
            error.kind,
            FailureKind::CredentialsMissing,
            "{config}: {error}"
        );
        let nobody = sign_in(&server, Credentials::default())
            .await
            .err()
            .unwrap();
        assert!(nobody.message.contains("user name"), "{nobody}");
    }
}

#[tokio::test]
async fn keys_of_every_type_with_and_without_a_passphrase() {
    let Some(server) = server("AuthenticationMethods publickey") else {
        return;
    };
    let mut lines = String::new();
    let mut all = Vec::new();
    for (name, options) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("ecdsa", &["-t", "ecdsa"]),
        ("rsa", &["-t", "rsa", "-b", "3072"]),
        ("rsa-pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ] {
        for passphrase in ["", "open sesame"] {
            let name = format!("{name}{}", passphrase.len());
            let (private, public) = key(&server, &name, options, passphrase);
            lines.push_str(&public);
            all.push((name, private, passphrase));
        }
    }
    server.authorize(&lines);
    for (name, private, passphrase) in &all {
        let given = Some(*passphrase).filter(|text| !text.is_empty());
        let connection = sign_in(&server, with_key(private, given)).await;
        let connection = connection.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(whoami(connection).await, USER, "{name}");
        if given.is_none() {
            continue;
        }
        for (wrong, says) in [
            (None, "enter its passphrase"),
            (Some("wrong"), "passphrase is wrong"),
        ] {
            let error = sign_in(&server, with_key(private, wrong))
                .await
                .err()
                .unwrap();
            assert_eq!(
                error.kind,
                FailureKind::CredentialsMissing,
                "{name}: {error}"
            );
            if !name.contains("pem") {
                assert!(error.message.contains(says), "{name}: {error}");
            }
        }
    }
    let (stranger, _) = key(&server, "stranger", &["-t", "ed25519"], "");
    let error = sign_in(&server, with_key(&stranger, None))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, FailureKind::Refused, "{error}");
}

#[tokio::test]
async fn a_key_in_a_file() {
    let Some(server) = server("AuthenticationMethods publickey") else {
        return;
    };
    let (_, public) = key(&server, "id", &["-t", "ed25519"], "");
    server.authorize(&public);
    let mut hop = hop(&server, with_key("", None));
    let path = server.dir.path().join("id");
    hop.settings
        .insert("ssh.key_file".to_owned(), path.to_str().unwrap().into());
    let trusted = vec![server.fingerprint("ed25519")];
    let connection = reach_asking(&[hop.clone()], trusted.clone(), Arc::new(Nobody))
        .await
        .0;
    assert_eq!(whoami(connection.unwrap()).await, USER);
    hop.settings
        .insert("ssh.key_file".to_owned(), "/nowhere/id".into());
    let error = reach_asking(&[hop], trusted, Arc::new(Nobody))
        .await
        .0
        .err()
        .unwrap();
    assert!(error.message.contains("/nowhere/id"), "{error}");
}

#[tokio::test]
async fn a_certificate_of_an_authority() {
    let Some(server) = Sshd::with(Setup {
        config: "AuthenticationMethods publickey\nTrustedUserCAKeys /etc/ca.pub",
        prepare: "ssh-keygen -q -t ed25519 -N '' -f \"$D/ca\"; cp \"$D/ca.pub\" /etc/ca.pub",
        ..Setup::default()
    }) else {
        return;
    };
    let ca = server.dir.path().join("ca");
    let ca = ca.to_str().unwrap();
    let (private, _) = key(&server, "id", &["-t", "ed25519"], "");
    // Without the certificate the key is a stranger's.
    let error = sign_in(&server, with_key(&private, None))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, FailureKind::Refused, "{error}");
    let public = server.dir.path().join("id.pub");
    keygen(&["-s", ca, "-I", "test", "-n", USER, public.to_str().unwrap()]);
    let certificate = fs::read_to_string(server.dir.path().join("id-cert.pub")).unwrap();
    let both = format!("{private}{certificate}");
    let connection = sign_in(&server, with_key(&both, None)).await;
    let connection = connection.unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    assert_eq!(whoami(connection).await, USER);
}

#[tokio::test]
async fn two_factors_one_after_the_other() {
    for methods in [
        "publickey,keyboard-interactive",
        "publickey,password",
        "password,publickey",
    ] {
        let config = format!("AuthenticationMethods {methods}");
        let Some(server) = server(&config) else {
            return;
        };
        let (private, public) = key(&server, "id", &["-t", "ed25519"], "");
        server.authorize(&public);
        let both = Credentials {
            password: Some(Secret::new(PASSWORD)),
            ..with_key(&private, None)
        };
        let connection = sign_in(&server, both).await;
        let connection = connection.unwrap_or_else(|error| panic!("{methods}: {error}"));
        assert_eq!(whoami(connection).await, USER, "{methods}");
        let error = sign_in(&server, with_key(&private, None))
            .await
            .err()
            .unwrap();
        assert_eq!(error.stage, Stage::Auth, "{methods}: {error}");
    }
}

#[tokio::test]
async fn an_expired_password_is_changed_by_the_person() {
    const NEW: &str = "battery staple 9";
    let Some(server) = Sshd::with(Setup {
        config: "AuthenticationMethods keyboard-interactive",
        prepare: "chage -d 0 alice",
        ..Setup::default()
    }) else {
        return;
    };
    let nobody = sign_in(&server, password(PASSWORD)).await.err().unwrap();
    assert_eq!(nobody.kind, FailureKind::CredentialsMissing, "{nobody}");
    assert!(
        nobody.message.to_lowercase().contains("new password"),
        "{nobody}"
    );
    let answers = Arc::new(Answers {
        known: vec![("New password", NEW), ("new password", NEW)],
        ..Answers::default()
    });
    let connection = sign_in_asking(&server, password(PASSWORD), Arc::clone(&answers) as _).await;
    let asked = answers.asked.lock().unwrap().clone();
    let connection = connection.unwrap_or_else(|error| panic!("{error} after {asked:?}"));
    assert_eq!(whoami(connection).await, USER);
    assert_eq!(asked.len(), 2, "the new one and once more: {asked:?}");
    let error = sign_in(&server, password(PASSWORD)).await.err().unwrap();
    assert_eq!(error.kind, FailureKind::Refused, "the old one: {error}");
    assert!(sign_in(&server, password(NEW)).await.is_ok());
}
