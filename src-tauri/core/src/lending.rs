//! Who decides which machines are lent this computer's SSH agent, its X display or one of its folders.
//!
//! Whoever is lent the agent signs in as its owner elsewhere, whoever is lent the display sees and types what he does, and whoever
//! is lent a folder has what is in it. So letting a machine have them, or letting another machine have what one has, takes a person or a token that may read secrets,
//! whatever makes the change: settings, a group, another address, taking something back.

use crate::decision::{Earlier, MAX_ON_THE_WAY};
use crate::error::CoreError;
use crate::inheritance::setting;
use crate::origin::{CONFIGURATION, Origin};
use crate::saved::Change;
use farwire_model::connection::{Connection, ProtocolKind};
use farwire_model::credentials::Endpoint;
use farwire_model::group::Group;
use farwire_model::ids::GroupId;
use farwire_model::token::Scope;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::iter;
use std::sync::Arc;

/// What is lent, each by a setting of machines of a protocol; of a folder also that it may be changed.
const LENDING: [(&str, ProtocolKind); 4] = [
    ("ssh.forward_agent", ProtocolKind::Ssh),
    ("ssh.forward_x11", ProtocolKind::Ssh),
    ("rdp.drive", ProtocolKind::Rdp),
    ("rdp.drive_read_only", ProtocolKind::Rdp),
];

/// The machine and those on the way to it, each with what the owner's configuration is asked for: it can say at each connect where
/// the machine is.
type Place<'a> = Vec<(Endpoint, Option<&'a Value>)>;

/// Which machine a setting lends what to.
type Lent<'a> = Option<(Place<'a>, &'a Value)>;

/// Refuses a change after which a machine is lent what it was not before.
///
/// # Errors
/// The caller may not read secrets.
pub(crate) fn check(change: &Change<'_>, by: &Origin, was: &Earlier) -> Result<(), CoreError> {
    // Who writes the owner's own configuration needs no agent to be him.
    if by.may_reveal || by.who == CONFIGURATION {
        return Ok(());
    }
    let all = change.all();
    let is = |id: &str| all.groups.get(id);
    let find = |id: &str| was.group(all, id);
    let on_way = |id: &str| all.connections.get(id).map(|on_it| &**on_it);
    let was_on_way = |id: &str| was.connection(all, id);
    // Those behind a machine that is elsewhere now are elsewhere, too.
    let moved = was
        .touched(all)
        .filter(|(before, now)| before.is_none_or(|before| one(before) != one(now)));
    let moved: HashSet<&str> = moved.map(|(_, now)| now.id.as_str()).collect();
    let chained = all.connections.values();
    let chained = chained.filter(|connection| !moved.is_empty() && connection.via.is_some());
    let behind: Vec<_> = chained
        .filter(|connection| {
            let mut before = way(&on_way, connection).skip(1);
            before.any(|on_it| moved.contains(on_it.id.as_str()))
        })
        .map(|connection| (was.connection(all, connection.id.as_str()), &**connection))
        .collect();
    for lending @ (key, _) in LENDING {
        let mut groups = all.groups.values().filter(|_| was.has_groups());
        let turned = groups.any(|group| {
            // What lies in a new group was put there by this change, and is looked at one by one.
            let is_known = find(group.id.as_str()).is_some();
            let parent = group.parent.as_ref().filter(|_| is_known);
            let before = find(group.id.as_str())
                .and_then(|before| lends(&find, &before.settings, before.parent.as_ref(), key));
            let now = lends(&is, &group.settings, parent, key);
            now.is_some() && now != before
        });
        let mut looked_at = was.touched(all).chain(behind.iter().copied());
        let is_lent = looked_at.any(|(before, now)| {
            let lent = lent(&is, &on_way, now, lending);
            let before = || self::lent(&find, &was_on_way, before?, lending);
            lent.is_some() && lent != before()
        });
        if turned || is_lent {
            return Err(CoreError::Denied {
                scope: Scope::Reveal,
            });
        }
    }
    Ok(())
}

/// What a setting in force lends, if it lends anything.
fn lends<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    own: &'a BTreeMap<String, Value>,
    group: Option<&GroupId>,
    key: &str,
) -> Option<&'a Value> {
    setting(find, own, group, key).filter(|value| match value {
        Value::Bool(is) => *is != (key == "rdp.drive_read_only"),
        Value::String(folder) => !folder.trim().is_empty(),
        _ => false,
    })
}

fn lent<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    on_way: &impl Fn(&str) -> Option<&'a Connection>,
    connection: &'a Connection,
    (key, protocol): (&str, ProtocolKind),
) -> Lent<'a> {
    let own = &connection.settings;
    let group = connection.group.as_ref();
    let value = lends(find, own, group, key).filter(|_| connection.protocol == protocol)?;
    Some((way(on_way, connection).map(one).collect(), value))
}

/// A machine and those on the way to it, the nearest to it first.
fn way<'a>(
    find: &impl Fn(&str) -> Option<&'a Connection>,
    connection: &'a Connection,
) -> impl Iterator<Item = &'a Connection> {
    let before = |on_it: &&'a Connection| find(on_it.via.as_ref()?.as_str());
    iter::successors(Some(connection), before).take(MAX_ON_THE_WAY + 1)
}

fn one(connection: &Connection) -> (Endpoint, Option<&Value>) {
    (
        connection.own_endpoint(),
        connection.settings.get("ssh.config"),
    )
}
