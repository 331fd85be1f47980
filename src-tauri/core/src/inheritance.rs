//! What connections take over from the groups they lie in: settings, and credentials to sign in with.
//!
//! The nearest group that says something counts. A group's credentials go to every machine in it, so that not everybody puts
//! a machine there: see [`crate::decision`].

use crate::saved::All;
use farwire_model::connection::Connection;
use farwire_model::group::Group;
use farwire_model::ids::{CredentialId, GroupId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Groups are no deeper than this many; a circle, which no change can make, would have no end.
const MAX_DEPTH: usize = 1_000;

impl All {
    /// The settings in force: a connection's own, and for what it does not say those of its groups.
    pub fn settings_in_force(&self, connection: &Connection) -> BTreeMap<String, Value> {
        let mut settings = connection.settings.clone();
        let find = |id: &str| self.groups.get(id);
        for group in lineage(&find, connection.group.as_ref()) {
            for (key, value) in &group.settings {
                settings.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        settings
    }

    /// The shared credentials a connection signs in with, chosen for it or taken over from a group.
    pub fn credential_of<'a>(&'a self, connection: &'a Connection) -> Option<&'a CredentialId> {
        let own = connection.credential.as_ref().map(|used| &used.id);
        own.or_else(|| self.inherited_credential(connection.group.as_ref()))
    }

    /// The shared credentials that what lies in a group signs in with.
    pub fn inherited_credential(&self, group: Option<&GroupId>) -> Option<&CredentialId> {
        credential(&|id| self.groups.get(id), group)
    }
}

/// A setting in force: one's own, or that of the nearest group that has it.
pub(crate) fn setting<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    own: &'a BTreeMap<String, Value>,
    group: Option<&GroupId>,
    key: &str,
) -> Option<&'a Value> {
    own.get(key)
        .or_else(|| lineage(find, group).find_map(|group| group.settings.get(key)))
}

/// A group and those around it, the nearest first.
fn lineage<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    first: Option<&GroupId>,
) -> impl Iterator<Item = &'a Group> {
    let first = first.and_then(|id| find(id.as_str()));
    std::iter::successors(first, move |group| find(group.parent.as_ref()?.as_str()))
        .take(MAX_DEPTH)
        .map(Arc::as_ref)
}

/// The credentials of the nearest group that has some.
pub(crate) fn credential<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    group: Option<&GroupId>,
) -> Option<&'a CredentialId> {
    lineage(find, group).find_map(|group| group.credential.as_ref())
}
