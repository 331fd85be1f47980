//! Groups: a tree that connections hang in.

use crate::Core;
use crate::connections::apply_setting;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Change};
use crate::shared_credentials::check_choice;
use crate::text::checked_name;
use farwire_model::connection::{Connection, OWN_SETTINGS};
use farwire_model::error::ErrorCode;
use farwire_model::group::{Group, GroupView};
use farwire_model::ids::{ConnectionId, CredentialId, GroupId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a change of a group says; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// A new name.
    pub name: Option<String>,
    /// Another group to lie in; `Some(None)` moves it to the top.
    pub parent: Option<Option<GroupId>>,
    /// Dotted settings for what lies in it; `None` as a value means that it says nothing.
    pub settings: Vec<(String, Option<Value>)>,
    /// Shared credentials for what lies in it; `Some(None)` means none.
    pub credential: Option<Option<CredentialId>>,
    /// The revision the caller knows; the change is refused when it is old.
    pub if_revision: Option<u64>,
}

/// What happens to what lies in a deleted group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupContents {
    /// Connections stay, without a group; subgroups move up.
    Keep,
    /// Subgroups and connections go with it.
    Delete,
}

impl Core {
    /// Every group, by name.
    pub fn groups(&self) -> Vec<GroupView> {
        let all = self.saved.read();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for group in all
            .connections
            .values()
            .filter_map(|connection| connection.group.as_ref())
        {
            *counts.entry(group.as_str()).or_default() += 1;
        }
        let mut views: Vec<_> = all
            .groups
            .values()
            .map(|group| GroupView {
                group_uid: group.id.clone(),
                name: group.name.clone(),
                parent_uid: group.parent.clone(),
                settings: group.settings.clone(),
                credential: group.credential.clone(),
                count: counts.get(group.id.as_str()).copied().unwrap_or_default(),
                revision: group.revision,
            })
            .collect();
        views.sort_by_cached_key(|view| view.name.to_lowercase());
        views
    }

    /// Makes a group.
    ///
    /// # Errors
    /// A field that cannot be taken; the store.
    pub async fn create_group(
        &self,
        by: &Origin,
        change: GroupChange,
    ) -> Result<GroupId, CoreError> {
        if change.name.is_none() {
            return Err(CoreError::field(
                ErrorCode::RequiredValueMissing,
                "name",
                "a group needs a name",
            ));
        }
        let id = GroupId::new(random::id(GroupId::PREFIX));
        let mut group = Group {
            id: id.clone(),
            name: String::new(),
            parent: None,
            settings: BTreeMap::new(),
            credential: None,
            revision: 1,
        };
        let made = self.saved.create(by, |saving| {
            apply(saving.all(), by, &mut group, change)?;
            saving.put(group)?;
            Ok(id.as_str().to_owned())
        });
        made.await.map(GroupId::new)
    }

    /// Renames or moves a group.
    ///
    /// # Errors
    /// An unknown group, a field that cannot be taken, an old revision; the store.
    pub async fn update_group(
        &self,
        by: &Origin,
        id: &GroupId,
        change: GroupChange,
    ) -> Result<(), CoreError> {
        self.saved
            .change(by, |saving| {
                let mut group = (*known_group(saving.all(), id)?).clone();
                check_revision("group", id.as_str(), change.if_revision, group.revision)?;
                apply(saving.all(), by, &mut group, change)?;
                group.revision += 1;
                saving.put(group).map(|_| ())
            })
            .await
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// An unknown group; the store.
    pub async fn delete_group(
        &self,
        by: &Origin,
        id: &GroupId,
        contents: GroupContents,
    ) -> Result<(), CoreError> {
        let gone = self
            .saved
            .change(by, |saving| {
                let group = known_group(saving.all(), id)?;
                let gone = match contents {
                    GroupContents::Keep => {
                        keep_contents(saving, id, group.parent.as_ref())?;
                        Vec::new()
                    }
                    GroupContents::Delete => delete_contents(saving, id)?,
                };
                saving.delete::<Group>(id.as_str())?;
                Ok(gone)
            })
            .await?;
        for connection in gone.iter().filter(|_| !by.is_dry()) {
            self.disconnect(connection).await;
        }
        Ok(())
    }
}

/// The group with this identifier.
pub(crate) fn known_group(all: &All, id: &GroupId) -> Result<std::sync::Arc<Group>, CoreError> {
    all.groups
        .get(id.as_str())
        .cloned()
        .ok_or_else(|| CoreError::unknown("group", id))
}

/// Refuses an old revision.
pub(crate) fn check_revision(
    kind: &'static str,
    id: &str,
    expected: Option<u64>,
    actual: u64,
) -> Result<(), CoreError> {
    match expected {
        Some(expected) if expected != actual => Err(CoreError::Stale {
            kind,
            id: id.to_owned(),
            expected,
            actual,
        }),
        _ => Ok(()),
    }
}

/// Refuses a parent that does not exist or that lies inside the group itself.
pub(crate) fn check_parent(all: &All, group: &Group) -> Result<(), CoreError> {
    let mut next = group.parent.clone();
    let mut is_first = true;
    while let Some(parent) = next {
        if parent == group.id {
            return Err(CoreError::field(
                ErrorCode::InvalidRequestData,
                "parent_uid",
                format!("group {} cannot lie inside itself", group.id),
            ));
        }
        let Some(found) = all.groups.get(parent.as_str()) else {
            // Only the named parent can be the caller's mistake; above it the tree was checked before.
            if is_first {
                return Err(CoreError::field(
                    ErrorCode::InvalidRequestData,
                    "parent_uid",
                    format!("no group {parent} is saved"),
                ));
            }
            return Ok(());
        };
        next = found.parent.clone();
        is_first = false;
    }
    Ok(())
}

fn apply(all: &All, by: &Origin, group: &mut Group, change: GroupChange) -> Result<(), CoreError> {
    if let Some(name) = change.name {
        group.name = checked_name(name)?;
    }
    if let Some(parent) = change.parent {
        group.parent = parent;
        check_parent(all, group)?;
    }
    for (key, value) in change.settings {
        let is_given = OWN_SETTINGS.contains(&key.as_str()) && value.is_some();
        apply_setting(&mut group.settings, key.clone(), value)?;
        if is_given {
            let message =
                format!("{key} is a connection's own: what lies in a group does not take it over");
            return Err(CoreError::field(
                ErrorCode::ValueIncorrectFormat,
                key,
                message,
            ));
        }
    }
    if let Some(credential) = change.credential {
        check_choice(all, by, credential.as_ref())?;
        group.credential = credential;
    }
    Ok(())
}

/// Moves what lies in a group that goes away: connections to no group, subgroups into `parent`.
pub(crate) fn keep_contents(
    saving: &mut Change<'_>,
    group: &GroupId,
    parent: Option<&GroupId>,
) -> Result<(), CoreError> {
    let inside = Some(group);
    let connections: Vec<_> = saving
        .all()
        .connections
        .values()
        .filter(|connection| connection.group.as_ref() == inside)
        .cloned()
        .collect();
    for connection in connections {
        let mut connection = (*connection).clone();
        connection.group = None;
        connection.revision += 1;
        saving.put(connection)?;
    }
    let subgroups: Vec<_> = saving
        .all()
        .groups
        .values()
        .filter(|subgroup| subgroup.parent.as_ref() == inside)
        .cloned()
        .collect();
    for subgroup in subgroups {
        let mut subgroup = (*subgroup).clone();
        subgroup.parent = parent.cloned();
        subgroup.revision += 1;
        saving.put(subgroup)?;
    }
    Ok(())
}

/// Deletes what lies in a group; answers the connections that are gone.
fn delete_contents(saving: &mut Change<'_>, id: &GroupId) -> Result<Vec<ConnectionId>, CoreError> {
    let mut doomed = BTreeSet::from([id.clone()]);
    loop {
        let found: Vec<_> = saving
            .all()
            .groups
            .values()
            .filter(|group| {
                group
                    .parent
                    .as_ref()
                    .is_some_and(|parent| doomed.contains(parent))
            })
            .map(|group| group.id.clone())
            .filter(|group| !doomed.contains(group))
            .collect();
        if found.is_empty() {
            break;
        }
        doomed.extend(found);
    }
    let connections: Vec<_> = saving
        .all()
        .connections
        .values()
        .filter(|connection| {
            connection
                .group
                .as_ref()
                .is_some_and(|group| doomed.contains(group))
        })
        .map(|connection| connection.id.clone())
        .collect();
    for connection in &connections {
        saving.delete::<crate::credentials::StoredCredentials>(connection.as_str())?;
        saving.delete::<Connection>(connection.as_str())?;
    }
    for group in doomed {
        saving.delete::<Group>(group.as_str())?;
    }
    Ok(connections)
}
