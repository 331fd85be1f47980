//! Keys to sign in with: the stored one, one in a file, those of this computer's agent, and certificates for them.

use super::Outcome;
use crate::guard::Guard;
use crate::limits::{AGENT_LIMIT, AUTH_LIMIT, MAX_AGENT_KEYS, MAX_KEY_BYTES};
use crate::options::Options;
use farwire_model::credentials::Credentials;
use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError};
use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// A key that can be offered.
pub struct Candidate {
    /// What messages call it.
    pub name: String,
    what: What,
}

enum What {
    Key(Arc<PrivateKey>),
    Certified(Arc<PrivateKey>, Box<Certificate>),
    Agent(Box<AgentIdentity>, PathBuf),
}

/// The keys that were not offered yet.
#[derive(Default)]
pub struct Keys {
    waiting: VecDeque<Candidate>,
    hints: Vec<String>,
}

/// Why a key could not be offered.
pub enum OfferError {
    /// This key cannot be used; others can.
    Useless(String),
    /// The link ended.
    Link(russh::Error),
    /// No answer in time.
    Late,
}

impl From<russh::SendError> for OfferError {
    fn from(_: russh::SendError) -> Self {
        Self::Link(russh::Error::SendError)
    }
}

impl Keys {
    /// Opens the stored key and the key files, and lists the agent's keys.
    ///
    /// # Errors
    /// Stage `auth`: a stored key that cannot be opened, or a key file that cannot while there is no other key. An agent that is
    /// not there is no error.
    pub async fn gather(
        credentials: &Credentials,
        options: &Options,
    ) -> Result<Self, SessionError> {
        let mut keys = Self::default();
        if let Some(text) = credentials.key.as_ref().filter(|key| !key.is_empty()) {
            let opened = open(
                text.clone(),
                credentials.passphrase.clone(),
                "the stored key",
            )
            .await?;
            keys.push(
                opened,
                certificate_in(text.expose()),
                "the stored key".to_owned(),
            );
        }
        let mut unopened = None;
        for path in &options.key_files {
            if let Err(error) = keys.add_file(path, credentials).await {
                keys.hints.push(error.message.clone());
                unopened.get_or_insert(error);
            }
        }
        if options.uses_agent {
            keys.list_agent().await;
        }
        match unopened {
            // The agent may have the same key, open.
            Some(error) if keys.is_empty() => Err(error),
            _ => Ok(keys),
        }
    }

    async fn add_file(
        &mut self,
        path: &Path,
        credentials: &Credentials,
    ) -> Result<(), SessionError> {
        let name = format!("the key file {}", path.display());
        let text = read(path, &name).await?;
        let opened = open(text, credentials.passphrase.clone(), &name).await?;
        let mut beside = path.to_owned().into_os_string();
        beside.push("-cert.pub");
        let certificate = read(Path::new(&beside), &name).await.ok();
        let certificate = certificate.and_then(|text| certificate_in(text.expose()));
        self.push(opened, certificate, name);
        Ok(())
    }

    fn push(&mut self, key: PrivateKey, certificate: Option<Certificate>, name: String) {
        let key = Arc::new(key);
        let fits =
            |certificate: &Certificate| certificate.public_key() == key.public_key().key_data();
        if let Some(certificate) = certificate.filter(fits) {
            self.waiting.push_back(Candidate {
                name: format!("{name} with its certificate"),
                what: What::Certified(Arc::clone(&key), Box::new(certificate)),
            });
        }
        self.waiting.push_back(Candidate {
            name,
            what: What::Key(key),
        });
    }

    async fn list_agent(&mut self) {
        let Some(path) = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()) else {
            return;
        };
        let path = PathBuf::from(path);
        let listed = timeout(AUTH_LIMIT, async {
            agent(&path).await?.request_identities().await
        });
        match listed.await {
            Ok(Ok(identities)) => {
                for identity in identities.into_iter().take(MAX_AGENT_KEYS) {
                    let key = identity.public_key();
                    self.waiting.push_back(Candidate {
                        name: format!("the agent's key {}", key.fingerprint(HashAlg::Sha256)),
                        what: What::Agent(Box::new(identity), path.clone()),
                    });
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the agent was not asked");
                self.hints
                    .push("the SSH agent of this computer does not answer".to_owned());
            }
            Err(_) => {
                self.hints
                    .push("the SSH agent of this computer did not answer in time".to_owned());
            }
        }
    }

    /// The next key; none when all were offered.
    pub fn next(&mut self) -> Option<Candidate> {
        self.waiting.pop_front()
    }

    /// Whether all were offered.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Why there are fewer keys than one would think.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

async fn agent(path: &Path) -> Result<Agent, russh::keys::Error> {
    #[cfg(unix)]
    {
        Ok(AgentClient::connect_uds(path).await?.dynamic())
    }
    #[cfg(not(unix))]
    {
        Ok(AgentClient::connect_named_pipe(path).await?.dynamic())
    }
}

/// Offers one key and signs with it if the server takes it.
pub async fn offer(
    handle: &mut Handle<Guard>,
    user: &str,
    key: Candidate,
) -> Result<Outcome, OfferError> {
    let is_rsa = match &key.what {
        What::Key(key) | What::Certified(key, _) => key.algorithm().is_rsa(),
        What::Agent(identity, _) => identity.public_key().algorithm().is_rsa(),
    };
    let hash = if is_rsa {
        let best = timeout(AUTH_LIMIT, handle.best_supported_rsa_hash()).await;
        match best
            .map_err(|_| OfferError::Late)?
            .map_err(OfferError::Link)?
        {
            // A server that does not say is most likely new enough; SHA-1 is never used.
            None | Some(None) => Some(HashAlg::Sha512),
            Some(hash) => hash,
        }
    } else {
        None
    };
    match key.what {
        What::Key(key) => {
            let key = PrivateKeyWithHashAlg::new(key, hash);
            let sent = handle.authenticate_publickey(user, key);
            let result = timeout(AUTH_LIMIT, sent)
                .await
                .map_err(|_| OfferError::Late)?;
            Ok(result.map_err(OfferError::Link)?.into())
        }
        What::Certified(key, certificate) => {
            let sent = handle.authenticate_openssh_cert(user, key, *certificate);
            let result = timeout(AUTH_LIMIT, sent)
                .await
                .map_err(|_| OfferError::Late)?;
            Ok(result.map_err(OfferError::Link)?.into())
        }
        What::Agent(identity, path) => {
            let connected = timeout(AUTH_LIMIT, agent(&path)).await;
            let mut agent = match connected {
                Ok(Ok(agent)) => agent,
                Ok(Err(_)) | Err(_) => {
                    return Err(OfferError::Useless("the agent does not answer".to_owned()));
                }
            };
            let signed = async {
                match *identity {
                    AgentIdentity::PublicKey { key, .. } => {
                        handle
                            .authenticate_publickey_with(user, key, hash, &mut agent)
                            .await
                    }
                    AgentIdentity::Certificate { certificate, .. } => {
                        handle
                            .authenticate_certificate_with(user, certificate, hash, &mut agent)
                            .await
                    }
                }
            };
            match timeout(AGENT_LIMIT, signed).await {
                Ok(Ok(result)) => Ok(result.into()),
                Ok(Err(_)) => Err(OfferError::Useless(
                    "the agent did not sign with it".to_owned(),
                )),
                Err(_) => Err(OfferError::Late),
            }
        }
    }
}

fn missing(message: String) -> SessionError {
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message)
}

/// Reads a key's file, of at most [`MAX_KEY_BYTES`].
async fn read(path: &Path, name: &str) -> Result<Secret, SessionError> {
    let fail = |why: String| missing(format!("{name} could not be read: {why}"));
    let path = match path.strip_prefix("~") {
        Ok(rest) => std::env::home_dir()
            .map(|home| home.join(rest))
            .unwrap_or_else(|| path.to_owned()),
        Err(_) => path.to_owned(),
    };
    let file = tokio::fs::File::open(&path)
        .await
        .map_err(|error| fail(error.to_string()))?;
    // A pipe or a device could be read for ever.
    let is_file = file.metadata().await.is_ok_and(|known| known.is_file());
    if !is_file {
        return Err(fail("it is no file".to_owned()));
    }
    let mut text = String::new();
    file.take(MAX_KEY_BYTES)
        .read_to_string(&mut text)
        .await
        .map_err(|error| fail(error.to_string()))?;
    Ok(Secret::new(text))
}

/// Opens a private key. Deriving the key of a passphrase takes a processor for up to a second.
async fn open(
    text: Secret,
    passphrase: Option<Secret>,
    name: &str,
) -> Result<PrivateKey, SessionError> {
    let has_passphrase = passphrase.as_ref().is_some_and(|secret| !secret.is_empty());
    let opened = tokio::task::spawn_blocking(move || {
        let passphrase = passphrase.as_ref().map(Secret::expose);
        let passphrase = passphrase.filter(|text| !text.is_empty());
        russh::keys::decode_secret_key(private_part(text.expose()), passphrase)
    })
    .await;
    let why = match opened {
        Ok(Ok(key)) if !key.is_encrypted() => return Ok(key),
        Ok(Ok(_) | Err(russh::keys::Error::KeyIsEncrypted)) => {
            "it is encrypted: enter its passphrase"
        }
        Ok(Err(_)) if has_passphrase => {
            "its passphrase is wrong, or it is no private key: enter them again"
        }
        Ok(Err(_)) => "it is no private key of a kind that is known, or encrypted: check it",
        Err(_) => "it could not be read",
    };
    Err(missing(format!("{name} cannot be used: {why}")))
}

/// The private key in a text that may also hold its certificate.
fn private_part(text: &str) -> &str {
    let begin = text.find("-----BEGIN").unwrap_or_default();
    let rest = text.get(begin..).unwrap_or_default();
    let end = rest
        .find("-----END")
        .and_then(|at| rest.get(at..)?.find('\n').map(|line| at + line + 1));
    match end {
        Some(end) if begin > 0 || end < rest.len() => rest.get(..end).unwrap_or(text),
        _ => text,
    }
}

/// The certificate in a text, one line of an OpenSSH `…-cert.pub`.
fn certificate_in(text: &str) -> Option<Certificate> {
    let mut lines = text
        .lines()
        .filter(|line| line.contains("-cert-v01@openssh.com "));
    lines.find_map(|line| Certificate::from_openssh(line.trim()).ok())
}
