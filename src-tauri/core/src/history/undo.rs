//! Listing changes, taking them back, bringing a version back.

use super::fields;
use super::remember::Remembered;
use super::step::Step;
use super::version::Versioned;
use crate::Core;
use crate::credentials::StoredCredentials;
use crate::error::CoreError;
use crate::groups::check_parent;
use crate::origin::Origin;
use crate::saved::{All, Change};
use crate::shared_credentials::{SharedCredential, check_unused};
use farwire_model::connection::Connection;
use farwire_model::credentials::CredentialUse;
use farwire_model::error::{ErrorBody, ErrorCode};
use farwire_model::group::Group;
use farwire_model::history::{ChangeDetails, ChangeView, ChangedThingFields, ThingKind};
use farwire_model::ids::{ChangeId, ConnectionId, CredentialId, GroupId};
use farwire_model::trust::TrustDecision;
use serde_json::value::RawValue;
use std::sync::Arc;

/// How many of the things that stand in the way of an undo are named.
const NAMED_CONFLICTS: usize = 20;

impl Core {
    /// Remembered changes, the newest first; only those of a run, where one is named.
    pub fn history(&self, run: Option<&str>, start: usize, limit: usize) -> Vec<ChangeView> {
        let all = self.saved.read();
        let newest_first = all.history.values().rev();
        newest_first
            .filter(|change| run.is_none() || change.run.as_deref() == run)
            .skip(start)
            .take(limit)
            .map(|change| view(&all, change))
            .collect()
    }

    /// One remembered change with all it did.
    ///
    /// # Errors
    /// An unknown change; the store.
    pub fn change_details(&self, id: &ChangeId) -> Result<ChangeDetails, CoreError> {
        let known = known_change(&self.saved.read(), id)?;
        let steps = known.steps(self.saved.store())?;
        let all = self.saved.read();
        Ok(ChangeDetails {
            change: view(&all, &known),
            changes: steps
                .iter()
                .map(|step| fields::thing_fields(&all, step))
                .collect(),
        })
    }

    /// What a dry run would have done.
    pub fn previewed(&self, by: &Origin) -> Vec<ChangedThingFields> {
        let steps = by
            .preview()
            .map(|preview| preview.take())
            .unwrap_or_default();
        let all = self.saved.read();
        steps
            .iter()
            .map(|step| fields::thing_fields(&all, step))
            .collect()
    }

    /// Takes changes back, the newest first, all or none; itself a change, so it can be taken back too. Answers how many
    /// things are different now.
    ///
    /// # Errors
    /// An unknown change, one that was taken back before, things that were changed again since, a use of shared credentials
    /// that the caller may not choose, shared credentials that are used; the store.
    pub async fn undo(&self, by: &Origin, ids: &[ChangeId]) -> Result<usize, CoreError> {
        let mut changes = Vec::new();
        for id in ids {
            let change = known_change(&self.saved.read(), id)?;
            let steps = change.steps(self.saved.store())?;
            changes.push((change, steps));
        }
        changes.sort_by(|(a, _), (b, _)| b.key.cmp(&a.key));
        let gone = self
            .saved
            .change(by, |saving| {
                let mut conflicts = Vec::new();
                for (change, steps) in &changes {
                    if is_undone(saving.all(), &change.id()) {
                        let message = format!("change {} was taken back before", change.id());
                        return Err(CoreError::Forbidden {
                            property: "history",
                            message,
                        });
                    }
                    for step in steps.iter().rev() {
                        if !take_back(saving, by, step)? {
                            conflicts.push(fields::thing(saving.all(), step).name);
                        }
                    }
                    saving.undoes.push(change.id());
                }
                // Nothing would be left that credentials written since belong to.
                let all = saving.all();
                let steps = changes.iter().flat_map(|(_, steps)| steps);
                let orphaning = steps.filter(|step| {
                    step.kind == ThingKind::Connection
                        && all.credentials.contains_key(&step.key)
                        && !all.connections.contains_key(&step.key)
                });
                conflicts.extend(orphaning.map(|step| fields::thing(all, step).name));
                refuse_conflicts(conflicts)?;
                settle(saving)
            })
            .await?;
        Ok(self.end_deleted(by, gone).await)
    }

    /// Brings every thing of a change back to how the change left it; what the change deleted, to how it was before. Nothing is
    /// deleted by this. Answers how many things are different now.
    ///
    /// # Errors
    /// An unknown change, a use of shared credentials that the caller may not choose; the store.
    pub async fn restore(&self, by: &Origin, id: &ChangeId) -> Result<usize, CoreError> {
        let change = known_change(&self.saved.read(), id)?;
        let steps = change.steps(self.saved.store())?;
        let gone = self
            .saved
            .change(by, |saving| {
                for step in &steps {
                    let version = step.after.as_deref().or(step.before.as_deref());
                    match step.kind {
                        ThingKind::Group => put_version::<Group>(saving, by, step, version)?,
                        ThingKind::Connection => {
                            put_version::<Connection>(saving, by, step, version)?
                        }
                        ThingKind::Credentials => {
                            put_version::<StoredCredentials>(saving, by, step, version)?;
                        }
                        ThingKind::Credential => {
                            put_version::<SharedCredential>(saving, by, step, version)?;
                        }
                        ThingKind::Trust => {
                            put_version::<TrustDecision>(saving, by, step, version)?
                        }
                    }
                }
                saving.restores = Some(change.id());
                settle(saving)
            })
            .await?;
        Ok(self.end_deleted(by, gone).await)
    }

    /// The changes of a run that were not taken back yet, the newest first.
    ///
    /// # Errors
    /// No remembered change belongs to it, or all were taken back.
    pub fn run(&self, run: &str) -> Result<Vec<ChangeView>, CoreError> {
        let changes = self.history(Some(run), 0, usize::MAX);
        if changes.is_empty() {
            return Err(CoreError::unknown("change of run", run));
        }
        let open: Vec<_> = changes
            .into_iter()
            .filter(|change| !change.undone)
            .collect();
        if open.is_empty() {
            return Err(CoreError::Forbidden {
                property: "history",
                message: format!("run {run} was taken back before"),
            });
        }
        Ok(open)
    }

    /// Ends the sessions of connections that an undo deleted.
    async fn end_deleted(&self, by: &Origin, (count, gone): (usize, Vec<ConnectionId>)) -> usize {
        if !by.is_dry() {
            for id in gone {
                self.disconnect(&id).await;
            }
        }
        count
    }
}

fn known_change(all: &All, id: &ChangeId) -> Result<Arc<Remembered>, CoreError> {
    let known = all.history.get(&Remembered::key_of(id)).cloned();
    known.ok_or_else(|| CoreError::unknown("change", id))
}

fn view(all: &All, change: &Remembered) -> ChangeView {
    ChangeView {
        id: change.id(),
        at: change.at,
        who: change.who.clone(),
        who_name: change.who_name.clone(),
        run: change.run.clone(),
        undoes: change.undoes.clone(),
        restores: change.restores.clone(),
        undone: is_undone(all, &change.id()),
        kinds: change.kinds.clone(),
        count: change.count,
        things: change.things.clone(),
    }
}

/// Whether a later change took it back and was not taken back itself.
fn is_undone(all: &All, id: &ChangeId) -> bool {
    let later = all.history.range(Remembered::key_of(id)..).rev();
    let mut undoing = later.filter(|(_, change)| change.undoes.contains(id));
    undoing.any(|(_, change)| !is_undone(all, &change.id()))
}

/// Takes one step back; `false` when the thing is not as the step left it.
fn take_back(saving: &mut Change<'_>, by: &Origin, step: &Step) -> Result<bool, CoreError> {
    match step.kind {
        ThingKind::Group => take_back_one::<Group>(saving, by, step),
        ThingKind::Connection => take_back_one::<Connection>(saving, by, step),
        ThingKind::Credentials => take_back_one::<StoredCredentials>(saving, by, step),
        ThingKind::Credential => take_back_one::<SharedCredential>(saving, by, step),
        ThingKind::Trust => take_back_one::<TrustDecision>(saving, by, step),
    }
}

fn take_back_one<T: Versioned>(
    saving: &mut Change<'_>,
    by: &Origin,
    step: &Step,
) -> Result<bool, CoreError> {
    let now = T::map(saving.all()).get(&step.key).cloned();
    let after: Option<T> = read(step.after.as_deref())?;
    let is_as_left = match (&now, &after) {
        (None, None) => true,
        (Some(now), Some(after)) => now.is_alike(after),
        _ => false,
    };
    if is_as_left {
        match step.before {
            Some(_) => put_version::<T>(saving, by, step, step.before.as_deref())?,
            None => saving.delete::<T>(&step.key)?,
        }
    }
    Ok(is_as_left)
}

/// Saves a thing as it once was, as its newest revision.
fn put_version<T: Versioned>(
    saving: &mut Change<'_>,
    by: &Origin,
    step: &Step,
    version: Option<&RawValue>,
) -> Result<(), CoreError> {
    let now = T::map(saving.all()).get(&step.key).cloned();
    match read::<T>(version)? {
        Some(mut version) if now.as_ref().is_none_or(|now| !now.is_alike(&version)) => {
            version.check_may_return(now.as_deref(), by)?;
            version.renew(now.as_deref());
            saving.put(version).map(drop)
        }
        _ => Ok(()),
    }
}

fn read<T: Versioned>(record: Option<&RawValue>) -> Result<Option<T>, CoreError> {
    let read = record.map(|record| serde_json::from_str(record.get()));
    read.transpose().map_err(|error| CoreError::Internal {
        attempt: "reading a remembered change",
        message: error.to_string(),
    })
}

fn refuse_conflicts(names: Vec<String>) -> Result<(), CoreError> {
    let Some(first) = names.first() else {
        return Ok(());
    };
    let more = match names.len() {
        1 => String::new(),
        count => format!(" and {} more", count.saturating_sub(1)),
    };
    let message = format!(
        "{first}{more} changed again since, so nothing was taken back: undo the newer changes first"
    );
    let mut body = ErrorBody::new(ErrorCode::ConfigurationError, message).about("history");
    let named = names.into_iter().take(NAMED_CONFLICTS);
    body.details = named
        .map(|name| ErrorBody::new(ErrorCode::ConfigurationError, name).about("history"))
        .collect();
    Err(CoreError::Conflict { body })
}

/// Lets go of groups and shared credentials that are not there any more, and finds the connections that are gone.
fn settle(saving: &mut Change<'_>) -> Result<(usize, Vec<ConnectionId>), CoreError> {
    let touched: Vec<_> = saving
        .steps()
        .list()
        .iter()
        .map(|step| (step.kind, step.key.clone()))
        .collect();
    let mut gone = Vec::new();
    for (kind, key) in &touched {
        let all = saving.all();
        match kind {
            ThingKind::Connection => match all.connections.get(key) {
                Some(connection) => {
                    let mut kept = (**connection).clone();
                    kept.group = kept.group.filter(|group| !is_lost(all, Some(group)));
                    let is_saved = |used: &CredentialUse| all.shared.contains_key(used.id.as_str());
                    kept.credential = kept.credential.filter(is_saved);
                    if kept != **connection {
                        saving.put(kept)?;
                    }
                }
                None => gone.push(ConnectionId::new(key)),
            },
            ThingKind::Group => {
                if let Some(group) = all.groups.get(key) {
                    let mut kept = (**group).clone();
                    kept.parent = kept.parent.filter(|group| !is_lost(all, Some(group)));
                    let is_saved = |id: &CredentialId| all.shared.contains_key(id.as_str());
                    kept.credential = kept.credential.filter(is_saved);
                    check_parent(all, &kept)?;
                    if kept != **group {
                        saving.put(kept)?;
                    }
                }
            }
            ThingKind::Credential if !all.shared.contains_key(key) => {
                check_unused(all, &CredentialId::new(key), key)?;
            }
            ThingKind::Credential | ThingKind::Credentials | ThingKind::Trust => {}
        }
    }
    empty_deleted_groups(saving, &touched)?;
    Ok((touched.len(), gone))
}

fn is_lost(all: &All, group: Option<&GroupId>) -> bool {
    group.is_some_and(|group| !all.groups.contains_key(group.as_str()))
}

/// What was put into a group since it was made stays when the making of the group is taken back.
fn empty_deleted_groups(
    saving: &mut Change<'_>,
    touched: &[(ThingKind, String)],
) -> Result<(), CoreError> {
    let is_deleted = |all: &All, key: &String| !all.groups.contains_key(key);
    let groups = touched.iter().filter(|(kind, _)| *kind == ThingKind::Group);
    for (_, key) in groups {
        if is_deleted(saving.all(), key) {
            crate::groups::keep_contents(saving, &GroupId::new(key), None)?;
        }
    }
    Ok(())
}
