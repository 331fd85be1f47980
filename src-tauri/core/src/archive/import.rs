//! Taking over what is in an archive.

use super::error::ArchiveError;
use super::line::{Carried, CarriedShared};
use super::read::Archive;
use crate::Core;
use crate::credentials::{Sealed, StoredCredentials, place};
use crate::error::CoreError;
use crate::history::next_revision;
use crate::inheritance;
use crate::origin::Origin;
use crate::saved::{All, Change, Record, SETTINGS_KEY};
use crate::shared_credentials::{self, SharedCredential};
use crate::vault::{Vault, VaultError};
use farwire_model::connection::Connection;
use farwire_model::group::Group;
use farwire_model::ids::CredentialId;
use farwire_model::settings::Settings;
use farwire_model::trust::TrustDecision;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use tokio::runtime::Handle;

/// What becomes of things whose identifier is taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameId {
    /// What is here stays.
    Skip,
    /// What is in the archive takes its place.
    Replace,
}

/// How many things of a kind came, and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New here.
    pub added: u64,
    /// In the place of what was here.
    pub replaced: u64,
    /// Left as they were here.
    pub skipped: u64,
}

/// What an import did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Groups.
    pub groups: Tally,
    /// Connections.
    pub connections: Tally,
    /// Credentials of connections.
    pub credentials: Tally,
    /// Shared credentials. Connections are only let use those of their own archive.
    pub shared: Tally,
    /// Decisions about host keys and certificates.
    pub trust: Tally,
    /// The application's settings: one thing. The HTTP API's switch and port are never taken over.
    pub settings: Tally,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:>8} {:>8} {:>8}",
            "", "added", "replaced", "skipped"
        )?;
        for (name, tally) in [
            ("groups", self.groups),
            ("connections", self.connections),
            ("credentials", self.credentials),
            ("shared", self.shared),
            ("trust", self.trust),
            ("settings", self.settings),
        ] {
            let Tally {
                added,
                replaced,
                skipped,
            } = tally;
            writeln!(f, "{name:<12} {added:>8} {replaced:>8} {skipped:>8}")?;
        }
        Ok(())
    }
}

impl Core {
    /// What an import would do now.
    pub fn preview_import(&self, archive: &Archive, same_id: SameId) -> Imported {
        let all = self.saved.read();
        plan(archive, &all, same_id).1
    }

    /// Takes over what is in an archive, all of it or nothing. Its secrets are sealed with the master key of here.
    ///
    /// # Errors
    /// A locked vault; a thing that is too large; the store.
    pub async fn import_archive(
        &self,
        by: &Origin,
        archive: Archive,
        same_id: SameId,
    ) -> Result<Imported, ArchiveError> {
        let (saved, vault) = (Arc::clone(&self.saved), Arc::clone(&self.vault));
        // Off the runtime's workers, as thousands of secrets take a while. They are sealed under the lock: the master key could
        // be replaced between sealing and saving.
        let by = by.clone();
        let importing = move || {
            let change = saved.change(&by, |saving| {
                let (wanted, imported) = plan(&archive, saving.all(), same_id);
                for wanted in wanted {
                    wanted.save(saving, &vault)?;
                }
                Ok(imported)
            });
            Handle::current().block_on(change)
        };
        let imported = tokio::task::spawn_blocking(importing)
            .await
            .map_err(|error| CoreError::Internal {
                attempt: "importing",
                message: error.to_string(),
            })??;
        Ok(imported)
    }
}

/// One thing that is to be saved.
enum Wanted<'a> {
    Group(Box<Group>),
    Connection(Box<Connection>),
    Credentials(&'a Carried, u64),
    Shared(&'a CarriedShared, u64),
    Trust(&'a TrustDecision),
    Settings(Settings),
}

impl Wanted<'_> {
    fn save(self, saving: &mut Change<'_>, vault: &Vault) -> Result<(), CoreError> {
        match self {
            Self::Group(group) => saving.put(*group).map(drop),
            Self::Connection(connection) => saving.put(*connection).map(drop),
            Self::Credentials(carried, revision) => {
                saving.put(seal(carried, revision, vault)?).map(drop)
            }
            Self::Shared(carried, revision) => {
                saving.put(seal_shared(carried, revision, vault)?).map(drop)
            }
            Self::Trust(decision) => saving.put(decision.clone()).map(drop),
            Self::Settings(settings) => saving.put(settings).map(drop),
        }
    }
}

/// What is to be saved, and how much of it is new.
fn plan<'a>(archive: &'a Archive, all: &All, same_id: SameId) -> (Vec<Wanted<'a>>, Imported) {
    let mut wanted = Vec::new();
    let mut imported = Imported::default();
    let mut taken: BTreeSet<&CredentialId> = BTreeSet::new();
    for carried in &archive.shared {
        let known = all.shared.get(carried.id.as_str());
        if imported.shared.takes(known.is_some(), same_id) {
            taken.insert(&carried.id);
            let revision = next_revision(0, known.map(|known| known.revision));
            wanted.push(Wanted::Shared(carried, revision));
        }
    }
    let mut groups: BTreeMap<&str, Arc<Group>> = BTreeMap::new();
    for group in &archive.groups {
        let is_known = all.groups.contains_key(group.key());
        if imported.groups.takes(is_known, same_id) {
            let id = group.key();
            let mut group = (**group).clone();
            group.credential = group.credential.filter(|id| taken.contains(id));
            wanted.push(Wanted::Group(Box::new(group.clone())));
            groups.insert(id, Arc::new(group));
        }
    }
    for connection in &archive.connections {
        let is_known = all.connections.contains_key(connection.key());
        if imported.connections.takes(is_known, same_id) {
            let mut connection = (**connection).clone();
            // Who wrote the archive named the machine: he must not get secrets of here that he only knows the identifier of.
            connection.credential = connection
                .credential
                .filter(|used| taken.contains(&used.id));
            // The same for those of a group that is here already.
            let find = |id: &str| groups.get(id).or_else(|| all.groups.get(id));
            let inherited = inheritance::credential(&find, connection.group.as_ref());
            connection.group = connection
                .group
                .filter(|_| inherited.is_none_or(|id| taken.contains(id)));
            wanted.push(Wanted::Connection(Box::new(connection)));
        }
    }
    for carried in &archive.credentials {
        let known = all.credentials.get(carried.connection.as_str());
        if imported.credentials.takes(known.is_some(), same_id) {
            let revision = next_revision(0, known.map(|known| known.revision));
            wanted.push(Wanted::Credentials(carried, revision));
        }
    }
    for decision in &archive.trust {
        let is_known = all.trust.contains_key(decision.key());
        if imported.trust.takes(is_known, same_id) {
            wanted.push(Wanted::Trust(decision));
        }
    }
    if let Some(settings) = &archive.settings {
        let is_known = all.settings.contains_key(SETTINGS_KEY);
        if imported.settings.takes(is_known, same_id) {
            let mut settings = (**settings).clone();
            // A port that opens itself on another machine would be a surprise.
            settings.api = all.app_settings().api.clone();
            wanted.push(Wanted::Settings(settings));
        }
    }
    (wanted, imported)
}

impl Tally {
    /// Counts one thing; returns whether it is to be saved.
    fn takes(&mut self, is_known: bool, same_id: SameId) -> bool {
        let (count, is_taken) = match (is_known, same_id) {
            (false, _) => (&mut self.added, true),
            (true, SameId::Replace) => (&mut self.replaced, true),
            (true, SameId::Skip) => (&mut self.skipped, false),
        };
        *count = count.saturating_add(1);
        is_taken
    }
}

fn seal(carried: &Carried, revision: u64, vault: &Vault) -> Result<StoredCredentials, VaultError> {
    let mut stored = StoredCredentials {
        connection: carried.connection.clone(),
        plain: carried.plain.clone(),
        sealed: Default::default(),
        revision,
    };
    for (key, carried) in &carried.secrets {
        let endpoint = carried.endpoint.clone();
        let place = place(&stored.connection, key, &endpoint);
        let record = vault.seal(&place, &carried.secret)?;
        stored
            .sealed
            .insert(key.clone(), Sealed { endpoint, record });
    }
    Ok(stored)
}

fn seal_shared(
    carried: &CarriedShared,
    revision: u64,
    vault: &Vault,
) -> Result<SharedCredential, VaultError> {
    let secrets = carried.secrets.iter();
    let sealed = secrets.map(|(key, secret)| {
        let place = shared_credentials::place(&carried.id, key);
        Ok((key.clone(), vault.seal(&place, &secret.0)?))
    });
    Ok(SharedCredential {
        id: carried.id.clone(),
        name: carried.name.clone(),
        plain: carried.plain.clone(),
        sealed: sealed.collect::<Result<_, VaultError>>()?,
        author: None,
        revision,
    })
}
