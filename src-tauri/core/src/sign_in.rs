//! What a connection signs in with, and the machine that may be sent to.

use crate::Core;
use crate::connections::known_connection;
use crate::credentials::{check_field, place};
use crate::error::CoreError;
use crate::sealed::check_value;
use crate::shared_credentials;
use farwire_model::connection::Connection;
use farwire_model::credentials::{Credentials, Endpoint, FIELDS};
use farwire_model::error::Stage;
use farwire_model::ids::{ConnectionId, CredentialId};
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError};

/// Whether a stored secret may go to a machine it was not stored for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// No: nothing is sent.
    Refuse,
    /// Yes: the caller may read secrets anyway.
    Allow,
}

/// What stored secrets may be sent although they are not for that machine: where a caller who may read secrets sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    endpoint: Endpoint,
    /// The shared credentials in use when he did. Others that are chosen later are not meant.
    shared: Option<CredentialId>,
}

impl Core {
    /// What may go to the machine that a connection names now, by the word of a caller who may read secrets.
    ///
    /// # Errors
    /// An unknown connection.
    pub(crate) fn allowed(
        &self,
        id: &ConnectionId,
        redirect: Redirect,
    ) -> Result<Option<Allowed>, CoreError> {
        let all = self.saved.read();
        let connection = known_connection(&all, id)?;
        Ok((redirect == Redirect::Allow).then(|| Allowed {
            endpoint: all.endpoint(&connection),
            shared: all.credential_of(&connection).cloned(),
        }))
    }

    /// What a connection signs in with: its own credentials, and for keys without one those of the credential it uses.
    ///
    /// # Errors
    /// At stage `auth` when something belongs to another machine than the one about to be spoken to; a locked vault.
    pub(crate) fn sign_in(
        &self,
        connection: &Connection,
        allowed: Option<&Allowed>,
    ) -> Result<Credentials, CoreError> {
        let mut credentials = Credentials::default();
        // Held until the secrets are open: the master key is replaced together with the records.
        let all = self.saved.read();
        let own = all.credentials.get(connection.id.as_str());
        let now = all.endpoint(connection);
        let chosen = match &connection.credential {
            Some(used) => Some((&used.id, &used.endpoint)),
            // A group's go to every machine in it: who put this one there decided that, if he may.
            None => all
                .inherited_credential(connection.group.as_ref())
                .map(|id| (id, &now)),
        };
        let shared = match chosen {
            Some((id, machine)) => match all.shared.get(id.as_str()) {
                Some(shared) => Some((machine, shared)),
                None => return Err(gone(id).into()),
            },
            None => None,
        };
        let is_allowed = allowed.is_some_and(|allowed| allowed.endpoint == now);
        let is_shared_allowed = is_allowed
            && allowed.and_then(|allowed| allowed.shared.as_ref()) == chosen.map(|(id, _)| id);
        let protocol = connection.protocol;
        for field in FIELDS
            .into_iter()
            .filter(|field| field.protocol == protocol)
        {
            let key = field.key;
            if let Some(value) = own.and_then(|own| own.plain.get(key)) {
                credentials.set(key, Secret::new(value.clone()));
            } else if let Some(sealed) = own.and_then(|own| own.sealed.get(key)) {
                if sealed.endpoint != now && !is_allowed {
                    let what = format!("the stored {key} was stored");
                    return Err(not_sent(
                        &what,
                        &sealed.endpoint,
                        &now,
                        "enter the credentials again",
                    ));
                }
                let place = place(&connection.id, key, &sealed.endpoint);
                credentials.set(key, self.vault.open(&place, &sealed.record)?);
            } else if let Some((machine, shared)) = shared {
                let key = field.shared_key();
                let (plain, sealed) = (shared.plain.get(key), shared.sealed.get(key));
                if (plain.is_some() || sealed.is_some()) && !is_shared_allowed {
                    if *machine != now {
                        let what = format!("the credential {} was chosen", shared.name);
                        return Err(not_sent(&what, machine, &now, "choose it again"));
                    }
                    if all.is_undecided(connection) {
                        return Err(undecided(&shared.name, &now));
                    }
                }
                if let Some(value) = plain {
                    credentials.set(key, Secret::new(value.clone()));
                }
                if let Some(record) = sealed {
                    let place = shared_credentials::place(&shared.id, key);
                    credentials.set(key, self.vault.open(&place, record)?);
                }
            }
        }
        Ok(credentials)
    }
}

impl Core {
    /// The password that a session of this connection would be opened with now, for a person to take along.
    ///
    /// What would not be sent to the connection's machine is not handed out as its password either: a person would type it
    /// there himself.
    ///
    /// # Errors
    /// An unknown connection, one without a password or whose password belongs elsewhere; a locked vault.
    pub fn password(&self, id: &ConnectionId) -> Result<Secret, CoreError> {
        let connection = known_connection(&self.saved.read(), id)?;
        let credentials = self.sign_in(&connection, None);
        let credentials = credentials.map_err(|error| match error {
            CoreError::Session(kept) => no_password(kept.message),
            error => error,
        })?;
        let none = || no_password(format!("no password is stored for {}", connection.name));
        credentials.password.ok_or_else(none)
    }
}

/// There is no password that could be handed out.
pub(crate) fn no_password(message: impl Into<String>) -> CoreError {
    CoreError::Forbidden {
        property: "credentials",
        message: message.into(),
    }
}

fn not_sent(what: &str, meant: &Endpoint, now: &Endpoint, remedy: &str) -> CoreError {
    let (meant, now) = (machine(meant), machine(now));
    let message = format!("{what} for {meant}, so nothing was sent to {now}: {remedy}");
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message).into()
}

fn undecided(credential: &str, now: &Endpoint) -> CoreError {
    let message = format!(
        "who gave the credential {credential} to {} may not read secrets, so nothing was sent: \
        choose it again in the window or with a token that has the scope reveal",
        machine(now)
    );
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message).into()
}

fn gone(id: &CredentialId) -> SessionError {
    let message = format!(
        "the credential {id} is not saved any more, so nothing was sent: choose another one"
    );
    SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message)
}

/// Credentials for one session, and the machine they were given for.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    credentials: Credentials,
    endpoint: Endpoint,
}

impl Once {
    /// The credentials, for the machine they were given for and no other.
    pub fn for_machine(&self, now: &Endpoint) -> Result<Credentials, CoreError> {
        if self.endpoint == *now {
            return Ok(self.credentials.clone());
        }
        let what = "the credentials were given";
        Err(not_sent(what, &self.endpoint, now, "enter them again"))
    }
}

/// Checks credentials that are used for one session and not stored.
///
/// # Errors
/// A key that is none or another protocol's, a value that is none.
pub(crate) fn once(
    connection: &Connection,
    endpoint: Endpoint,
    values: Vec<(String, Secret)>,
) -> Result<Once, CoreError> {
    let mut credentials = Credentials::default();
    for (key, value) in values {
        check_field(connection, &key)?;
        check_value(&key, Some(&value))?;
        credentials.set(&key, value);
    }
    Ok(Once {
        credentials,
        endpoint,
    })
}

/// A machine in words.
pub(crate) fn machine(endpoint: &Endpoint) -> String {
    let Endpoint {
        protocol,
        host,
        port,
        via,
        through,
    } = endpoint;
    match (via, through.as_slice()) {
        (None, []) => format!("{protocol} {host}:{port}"),
        (Some(via), []) => format!("{protocol} {host}:{port} through {via}"),
        (_, through) => format!("{protocol} {host}:{port} through {}", through.join(", ")),
    }
}
