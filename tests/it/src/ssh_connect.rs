//! Links to real SSH servers: signing in, host keys, machines in between.

use crate::sshd::{PASSWORD, Sshd, USER};
use farwire_model::ask::{Ask, Nobody};
use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::{Credentials, Endpoint, Hop};
use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError, SessionEvent};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use farwire_ssh::{Call, Connection, connect};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// Accepts these fingerprints and notes what was shown.
#[derive(Default)]
struct Accepts {
    fingerprints: Vec<String>,
    shown: Mutex<Vec<Identity>>,
}

impl TrustCheck for Accepts {
    fn check(&self, identity: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        let is_known = self.fingerprints.contains(&identity.fingerprint);
        self.shown.lock().unwrap().push(identity);
        Box::pin(async move {
            match is_known {
                true => TrustVerdict::Trusted,
                false => TrustVerdict::Unknown,
            }
        })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

pub fn hop(server: &Sshd, credentials: Credentials) -> Hop {
    Hop {
        endpoint: Endpoint {
            protocol: ProtocolKind::Ssh,
            host: "127.0.0.1".to_owned(),
            port: server.port,
            via: None,
            through: Vec::new(),
        },
        credentials,
        settings: BTreeMap::from([("ssh.agent".to_owned(), false.into())]),
    }
}

pub fn password(text: &str) -> Credentials {
    Credentials {
        username: Some(USER.to_owned()),
        password: Some(Secret::new(text)),
        ..Credentials::default()
    }
}

/// Connects; the stages that began are in the answer.
async fn reach(
    hops: &[Hop],
    fingerprints: Vec<String>,
) -> (Result<Connection, SessionError>, Vec<Stage>) {
    reach_asking(hops, fingerprints, Arc::new(Nobody)).await
}

/// The same, with somebody who answers questions.
pub async fn reach_asking(
    hops: &[Hop],
    fingerprints: Vec<String>,
    ask: Arc<dyn Ask>,
) -> (Result<Connection, SessionError>, Vec<Stage>) {
    let (events, mut told) = mpsc::channel(64);
    let call = Call {
        trust: Arc::new(Accepts {
            fingerprints,
            ..Accepts::default()
        }),
        ask,
        events,
        meter: Arc::default(),
        window: None,
    };
    let result = connect(&call, hops).await;
    drop(call);
    let mut stages = Vec::new();
    while let Ok(event) = told.try_recv() {
        if let SessionEvent::Stage(stage) = event {
            stages.push(stage);
        }
    }
    (result, stages)
}

#[tokio::test]
async fn a_password_signs_in_and_a_subsystem_opens() {
    let Some(server) = Sshd::start() else { return };
    let trusted = vec![server.fingerprint("ed25519")];
    let (connection, stages) = reach(&[hop(&server, password(PASSWORD))], trusted).await;
    let connection = connection.unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    assert_eq!(
        stages,
        [
            Stage::Resolve,
            Stage::Connect,
            Stage::Banner,
            Stage::KeyExchange,
            Stage::HostKey,
            Stage::Auth
        ]
    );
    let mut sftp = connection.subsystem("sftp").await.unwrap();
    // SSH_FXP_INIT of version 3 and its answer.
    sftp.write_all(&[0, 0, 0, 5, 1, 0, 0, 0, 3]).await.unwrap();
    let mut answer = [0; 9];
    sftp.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[4..], [2, 0, 0, 0, 3]);
    connection.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_at_auth() {
    let Some(server) = Sshd::start() else { return };
    let trusted = vec![server.fingerprint("ed25519")];
    let (result, _) = reach(&[hop(&server, password("wrong"))], trusted).await;
    let error = result.err().expect("refused");
    assert_eq!(
        (error.stage, error.kind),
        (Stage::Auth, FailureKind::Refused),
        "{error}"
    );
    assert!(!error.message.contains("wrong"), "{error}");
}

#[tokio::test]
async fn an_unknown_host_key_stops_before_anything_is_sent() {
    let Some(server) = Sshd::start() else { return };
    let (result, stages) = reach(&[hop(&server, password(PASSWORD))], Vec::new()).await;
    let error = result.err().expect("not trusted");
    assert_eq!(
        (error.stage, error.kind),
        (Stage::HostKey, FailureKind::Untrusted)
    );
    assert_eq!(
        error.identity.unwrap().fingerprint,
        server.fingerprint("ed25519")
    );
    assert!(!stages.contains(&Stage::Auth), "{stages:?}");
    assert!(!server.log().contains(USER), "{}", server.log());
}

#[tokio::test]
async fn a_way_through_two_machines_leads_to_a_third() {
    let (Some(first), Some(second), Some(third)) = (Sshd::start(), Sshd::start(), Sshd::start())
    else {
        return;
    };
    let servers = [&first, &second, &third];
    let hops = servers.map(|server| hop(server, password(PASSWORD)));
    let trusted: Vec<_> = servers.map(|server| server.fingerprint("ed25519")).into();
    let (connection, stages) = reach(&hops, trusted.clone()).await;
    let connection = connection.unwrap();
    assert_eq!(
        stages.iter().filter(|stage| **stage == Stage::Auth).count(),
        3
    );
    let port = third.port.to_string();
    let output = connection.exec("echo $SSH_CONNECTION").await.unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert!(seen.trim().ends_with(&port), "{seen}");
    connection.close().await;
    // One in the middle that is not trusted stops it there.
    let (result, _) = reach(&hops, vec![trusted[0].clone(), trusted[2].clone()]).await;
    let error = result.err().expect("not trusted");
    assert_eq!(error.stage, Stage::HostKey);
    assert!(error.message.contains(&second.port.to_string()), "{error}");
    // What is wrong with its credentials is said with its name.
    let mut wrong = hops.clone();
    wrong[1].credentials = password("wrong");
    let error = reach(&wrong, trusted).await.0.err().expect("refused");
    assert!(error.message.contains(&second.port.to_string()), "{error}");
    assert!(!third.log().contains("wrong") && error.kind == FailureKind::Refused);
}

#[tokio::test]
async fn what_a_command_prints_is_capped_and_its_end_is_told() {
    let Some(server) = Sshd::start() else { return };
    let trusted = vec![server.fingerprint("ed25519")];
    let connection = reach(&[hop(&server, password(PASSWORD))], trusted)
        .await
        .0
        .unwrap();
    let output = connection
        .exec("printf out; printf err >&2; exit 7")
        .await
        .unwrap();
    assert_eq!((output.status, output.is_cut), (Some(7), false));
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"out"[..], &b"err"[..])
    );
    let output = connection.exec("head -c 3000000 /dev/zero").await.unwrap();
    assert_eq!((output.stdout.len(), output.is_cut), (1 << 20, true));
    let output = connection.exec("kill -TERM $$").await.unwrap();
    assert_eq!(
        (output.status, output.signal.as_deref()),
        (None, Some("TERM"))
    );
    // What waits for input gets its end.
    assert_eq!(connection.exec("cat").await.unwrap().status, Some(0));
    connection.close().await;
}

/// A listener that does something with each connection.
async fn hostile<F, R>(talk: F) -> Hop
where
    F: Fn(tokio::net::TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    Hop {
        endpoint: Endpoint {
            protocol: ProtocolKind::Ssh,
            host: "127.0.0.1".to_owned(),
            port,
            via: None,
            through: Vec::new(),
        },
        credentials: password(PASSWORD),
        settings: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_at_its_stage() {
    let silent = hostile(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let greets = hostile(|mut stream| async move {
        stream.write_all(b"SSH-2.0-hostile\r\n").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let silent = [silent];
    let greets = [greets];
    let (silent, greets) = tokio::join!(reach(&silent, Vec::new()), reach(&greets, Vec::new()));
    for ((result, _), stage) in [(silent, Stage::Banner), (greets, Stage::KeyExchange)] {
        let error = result.err().expect("no server");
        assert_eq!(
            (error.stage, error.kind),
            (stage, FailureKind::Unreachable),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_left() {
    for line in [&b"not an SSH server\r\n"[..], b"x"] {
        let endless = hostile(move |mut stream| async move {
            let block = line.repeat(1000);
            while stream.write_all(&block).await.is_ok() {}
        })
        .await;
        let (result, _) = reach(&[endless], Vec::new()).await;
        let error = result.err().expect("no server");
        assert_eq!(error.stage, Stage::Banner, "{error}");
    }
    let http = hostile(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let error = reach(&[http], Vec::new()).await.0.err().expect("no server");
    assert_eq!(error.stage, Stage::Banner, "{error}");
}
