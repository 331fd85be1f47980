//! Signing in (RFC 4252): one way after the other, as the server allows, until it lets us in.

mod keys;
mod prompts;

use crate::connect::{Call, link_words};
use crate::guard::{Ear, Fault, Guard};
use crate::limits::{AUTH_LIMIT, MAX_ATTEMPTS};
use crate::options::Options;
use crate::text;
use farwire_model::credentials::{Endpoint, Hop};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};
use keys::Keys;
use russh::client::{AuthResult, Handle};
use russh::{MethodKind, MethodSet};
use std::fmt::Write as _;
use tokio::time::timeout;

/// What came of one way of signing in.
#[derive(Debug)]
enum Outcome {
    /// Signed in.
    Success,
    /// The server goes on with these; `is_partial` when this way was right and another must follow.
    More {
        remaining: MethodSet,
        is_partial: bool,
    },
    /// There is nothing to try this way with.
    Nothing,
}

impl From<AuthResult> for Outcome {
    fn from(result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Self::Success,
            AuthResult::Failure {
                remaining_methods,
                partial_success,
            } => Self::More {
                remaining: remaining_methods,
                is_partial: partial_success,
            },
        }
    }
}

/// One sign-in on its way.
struct SignIn<'a> {
    handle: &'a mut Handle<Guard>,
    hop: &'a Hop,
    call: &'a Call,
    ear: &'a Ear,
    user: String,
    keys: Keys,
    /// Whether the stored password was refused: sent another way it would be refused again.
    is_password_refused: bool,
    /// What was tried and did not work, in words.
    tried: Vec<String>,
    /// Whether somebody was asked and did not answer.
    is_unanswered: bool,
}

/// Signs in to a server whose key was accepted.
///
/// # Errors
/// Stage `auth`: refused, something missing, or no answer in time.
pub async fn sign_in(
    handle: &mut Handle<Guard>,
    hop: &Hop,
    options: &Options,
    call: &Call,
    ear: &Ear,
) -> Result<(), SessionError> {
    let Endpoint { host, port, .. } = &hop.endpoint;
    let Some(user) = hop
        .credentials
        .username
        .clone()
        .filter(|name| !name.is_empty())
    else {
        let message = format!("{host}:{port} needs a user name to sign in with: enter one");
        return Err(SessionError::new(
            Stage::Auth,
            FailureKind::CredentialsMissing,
            message,
        ));
    };
    let keys = Keys::gather(&hop.credentials, options).await?;
    let mut sign_in = SignIn {
        handle,
        hop,
        call,
        ear,
        user,
        keys,
        is_password_refused: false,
        tried: Vec::new(),
        is_unanswered: false,
    };
    sign_in.run().await
}

impl SignIn<'_> {
    async fn run(&mut self) -> Result<(), SessionError> {
        // Which ways there are is only told after a first try.
        let none = self.handle.authenticate_none(self.user.clone());
        let first = timeout(AUTH_LIMIT, none).await;
        let mut remaining = match Outcome::from(self.answer(first)?) {
            Outcome::Success => return Ok(()),
            Outcome::More { remaining, .. } => remaining,
            Outcome::Nothing => MethodSet::empty(),
        };
        self.check_alive()?;
        let mut done = Vec::new();
        for _ in 0..MAX_ATTEMPTS {
            let Some(method) = next(&remaining, &done) else {
                break;
            };
            let outcome = match method {
                MethodKind::PublicKey => self.public_key().await?,
                MethodKind::KeyboardInteractive => self.keyboard_interactive().await?,
                _ => self.password().await?,
            };
            match outcome {
                Outcome::Success => return Ok(()),
                Outcome::More {
                    remaining: next,
                    is_partial,
                } => {
                    self.check_alive()?;
                    if is_partial {
                        // What else is needed may be a way that was useless before, such as a second key.
                        done.clear();
                        self.tried.clear();
                        remaining = next;
                    } else if method != MethodKind::PublicKey || self.keys.is_empty() {
                        done.push(method);
                    }
                }
                Outcome::Nothing => done.push(method),
            }
        }
        Err(self.failed(&remaining))
    }

    /// Offers the next key.
    async fn public_key(&mut self) -> Result<Outcome, SessionError> {
        let Some(key) = self.keys.next() else {
            return Ok(Outcome::Nothing);
        };
        let name = key.name.clone();
        let offered = keys::offer(self.handle, &self.user, key).await;
        match offered {
            Ok(outcome) => {
                if matches!(
                    &outcome,
                    Outcome::More {
                        is_partial: false,
                        ..
                    }
                ) {
                    self.tried.push(name);
                }
                Ok(outcome)
            }
            Err(keys::OfferError::Useless(why)) => {
                self.tried.push(format!("{name} ({why})"));
                Ok(Outcome::More {
                    remaining: MethodSet::empty(),
                    is_partial: false,
                })
            }
            Err(keys::OfferError::Link(error)) => Err(self.lost(&error)),
            Err(keys::OfferError::Late) => Err(self.late()),
        }
    }

    async fn password(&mut self) -> Result<Outcome, SessionError> {
        let password = self.hop.credentials.password.clone();
        let Some(password) = password.filter(|_| !self.is_password_refused) else {
            return Ok(Outcome::Nothing);
        };
        let sent = self
            .handle
            .authenticate_password(self.user.clone(), password.expose());
        let result = timeout(AUTH_LIMIT, sent).await;
        let outcome = Outcome::from(self.answer(result)?);
        if matches!(
            &outcome,
            Outcome::More {
                is_partial: false,
                ..
            }
        ) {
            self.is_password_refused = true;
            self.tried.push("the password".to_owned());
        }
        Ok(outcome)
    }

    /// The link ended while signing in: the library tells this as a refusal without ways left.
    fn check_alive(&self) -> Result<(), SessionError> {
        let said = self.ear.said();
        if said.goodbye.is_some() || self.handle.is_closed() {
            return Err(self.lost(&russh::Error::Disconnect));
        }
        Ok(())
    }

    fn answer<T>(
        &self,
        result: Result<Result<T, russh::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, SessionError> {
        match result {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(self.lost(&error)),
            Err(_) => Err(self.late()),
        }
    }

    fn machine(&self) -> String {
        let Endpoint { host, port, .. } = &self.hop.endpoint;
        format!("{}@{host}:{port}", self.user)
    }

    fn late(&self) -> SessionError {
        let message = format!(
            "{} got no answer while signing in within {} s; the server may wait for a directory service, or wants the password \
             changed in a way it cannot tell us",
            self.machine(),
            AUTH_LIMIT.as_secs()
        );
        SessionError::new(Stage::Auth, FailureKind::Unreachable, message)
    }

    fn lost(&self, error: &russh::Error) -> SessionError {
        let why = match self.ear.said().goodbye {
            Some(goodbye) if !goodbye.is_empty() => format!("it said: {goodbye}"),
            _ => link_words(error),
        };
        let tried = self.tried_words();
        let message = format!(
            "the server hung up while {} was signing in: {why}{tried}",
            self.machine()
        );
        let kind = match self.tried.is_empty() {
            true => FailureKind::Unreachable,
            false => FailureKind::Refused,
        };
        SessionError::new(Stage::Auth, kind, message)
    }

    fn tried_words(&self) -> String {
        match self.tried.as_slice() {
            [] => String::new(),
            tried => format!("; refused: {}", tried.join(", ")),
        }
    }

    fn failed(&self, remaining: &MethodSet) -> SessionError {
        let ways: Vec<_> = remaining.iter().map(<&str>::from).collect();
        let mut message = format!("could not sign in as {}", self.machine());
        let kind = if self.tried.is_empty() {
            FailureKind::CredentialsMissing
        } else {
            FailureKind::Refused
        };
        message.push_str(&self.tried_words());
        let _ = match (ways.as_slice(), kind) {
            ([], _) => write!(message, "; the server offers no way to sign in"),
            (ways, FailureKind::CredentialsMissing) => write!(
                message,
                "; the server takes {}: enter what is missing",
                ways.join(", ")
            ),
            (ways, _) => write!(
                message,
                "; the server takes {}: check the user name, the password and the keys",
                ways.join(", ")
            ),
        };
        if self.is_unanswered {
            message.push_str("; it asked questions that nobody answered");
        }
        for hint in self.keys.hints() {
            let _ = write!(message, "; {}", text::line(hint, 400));
        }
        let banner = self.ear.said().banner;
        if !banner.is_empty() {
            let _ = write!(message, "; it says: {}", text::line(&banner, 300));
        }
        SessionError::new(Stage::Auth, kind, message)
    }
}

/// The next way, in OpenSSH's order: keys ask nobody, questions can also change a password, and a bare password is last.
fn next(remaining: &MethodSet, done: &[MethodKind]) -> Option<MethodKind> {
    [
        MethodKind::PublicKey,
        MethodKind::KeyboardInteractive,
        MethodKind::Password,
    ]
    .into_iter()
    .find(|method| remaining.contains(method) && !done.contains(method))
}

impl From<Fault> for russh::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Link(error) => error,
            Fault::Untrusted(_) => Self::UnknownKey,
        }
    }
}
