//! Who decides which machines shared credentials go to.
//!
//! Whoever chooses that machine could read them there. So it takes a person, a token that may read secrets, or the token that
//! wrote them all. Others may save what they like: a connection remembers which of them chose its machine, its group or its
//! credentials last, and is sent nothing but what that one wrote, until its credentials are chosen by somebody who may. It
//! remembers also while it has no credentials, which may come to it with a group later. Every change passes [`settle`],
//! whatever made it.

use crate::error::CoreError;
use crate::history::Remembered;
use crate::inheritance::credential;
use crate::lending;
use crate::origin::Origin;
use crate::saved::{All, Change};
use farwire_model::connection::{Connection, ConnectionView};
use farwire_model::credentials::Endpoint;
use farwire_model::group::Group;
use farwire_model::history::ThingKind;
use farwire_model::ids::{CredentialId, GroupId};
use farwire_model::token::Scope;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Machines on the way to a machine; the handler refuses more.
pub(crate) const MAX_ON_THE_WAY: usize = 9;

/// Which shared credentials a connection signs in with, and where they go.
type Use = (CredentialId, Endpoint);

/// Writes down who placed the connections that a change touched.
///
/// # Errors
/// A caller who may not write credentials, and sends some elsewhere; one who may not read secrets, and changes where a whole
/// group's go, or which machine is lent something.
pub(crate) fn settle(change: &mut Change<'_>, by: &Origin) -> Result<(), CoreError> {
    let placed = match by.may_reveal {
        true => decided(change),
        false => {
            let was = Earlier::of(change);
            lending::check(change, by, &was)?;
            let since = Since::of(change, by);
            check_groups(change, by, &was, &since)?;
            placed(change, by, &was, &since)?
        }
    };
    for (connection, placed_by) in placed {
        if connection.placed_by != placed_by {
            change.put(Connection {
                placed_by,
                ..(*connection).clone()
            })?;
        }
    }
    Ok(())
}

/// Connections, and who placed them.
type Placed = Vec<(Arc<Connection>, Option<Arc<str>>)>;

/// After a change by who may decide: his decisions are a choice of credentials, and putting a machine into a group. Other
/// changes are none, nor is what comes with taking something back.
fn decided(change: &Change<'_>) -> Placed {
    let was = Earlier::of(change);
    let takes_back = !change.undoes.is_empty() || change.restores.is_some();
    let decided = touched(change).filter(|(key, now)| {
        let before = was.connections.get(*key);
        let is_moved = before.is_some_and(|before| before.group != now.group);
        change.chosen.contains(*key) || (is_moved && !takes_back)
    });
    decided.map(|(_, now)| (Arc::clone(now), None)).collect()
}

/// After a change by who may not decide.
fn placed(
    change: &Change<'_>,
    by: &Origin,
    was: &Earlier,
    since: &Since,
) -> Result<Placed, CoreError> {
    let all = change.all();
    let is = |id: &str| all.groups.get(id);
    let find = |id: &str| was.group(all, id);
    let who = by.placing();
    let mut placed = Vec::new();
    for (key, now) in touched(change) {
        let before = was.connections.get(key);
        let uses = used(&is, now);
        let used_before = before.and_then(|before| used(&find, before));
        if uses.is_some() && uses != used_before {
            check_may_choose(by)?;
        }
        let is_author = uses
            .as_ref()
            .is_some_and(|(id, _)| all.is_author(&by.who, id));
        let is_author_choice = is_author && change.chosen.contains(key);
        let is_same_place = |before: &Connection| {
            let is_same_use = uses.is_some() && uses == used_before;
            let is_same_group = before.group == now.group && before.credential == now.credential;
            before.own_endpoint() == now.own_endpoint() && (is_same_use || is_same_group)
        };
        let placed_by = match before {
            _ if is_author_choice => who.clone(),
            _ if since.is_as_it_was(key) => now.placed_by.clone(),
            Some(before) if is_same_place(before) => before.placed_by.clone(),
            _ => who.clone(),
        };
        placed.push((Arc::clone(now), placed_by));
    }
    Ok(placed)
}

/// Refuses to let machines of a group be sent other credentials, all at once: there may be 100,000 of them to mark.
fn check_groups(
    change: &Change<'_>,
    by: &Origin,
    was: &Earlier,
    since: &Since,
) -> Result<(), CoreError> {
    if was.groups.is_empty() {
        return Ok(());
    }
    let all = change.all();
    let is = |id: &str| all.groups.get(id);
    let find = |id: &str| was.group(all, id);
    // What a new group holds was put there by this change, and is looked at one by one.
    let known = all
        .groups
        .values()
        .filter(|group| find(group.id.as_str()).is_some());
    let mut turned: HashSet<&GroupId> = HashSet::new();
    for group in known {
        let gets = credential(&is, Some(&group.id));
        let Some(id) = gets.filter(|_| gets != credential(&find, Some(&group.id))) else {
            continue;
        };
        check_may_choose(by)?;
        if !all.is_author(&by.who, id) {
            turned.insert(&group.id);
        }
    }
    if turned.is_empty() || since.is_all_as_it_was() {
        return Ok(());
    }
    let mut held = all.connections.values().filter(|connection| {
        let group = connection.group.as_ref();
        connection.credential.is_none() && group.is_some_and(|group| turned.contains(group))
    });
    let is_touched = |held: &Connection| was.touched.contains(held.id.as_str());
    match held.any(|held| !is_touched(held)) {
        true => Err(CoreError::Denied {
            scope: Scope::Reveal,
        }),
        false => Ok(()),
    }
}

/// Who chooses the machine that secrets go to could read them there, so that writing a connection is not enough.
pub(crate) fn check_may_choose(by: &Origin) -> Result<(), CoreError> {
    if by.may_write_credentials {
        return Ok(());
    }
    Err(CoreError::Denied {
        scope: Scope::Credentials,
    })
}

impl All {
    /// A connection as the API shows it.
    pub fn view(&self, connection: &Connection) -> ConnectionView {
        let used = connection.credential.as_ref();
        let is_elsewhere = used.is_some_and(|used| used.endpoint != self.endpoint(connection));
        ConnectionView {
            credential_withheld: is_elsewhere || self.is_undecided(connection),
            ..ConnectionView::from(connection)
        }
    }

    /// Whether nobody who may has decided that the shared credentials a connection uses go to its machine.
    pub fn is_undecided(&self, connection: &Connection) -> bool {
        let Some(used) = self.credential_of(connection) else {
            return false;
        };
        let is_placed = |placed: &Connection| {
            let who = placed.placed_by.as_ref();
            who.is_some_and(|who| !self.is_author(who, used))
        };
        // What a group gives names no machine, so that one on the way may have been moved since. Own credentials name it.
        let is_inherited = connection.credential.is_none();
        is_placed(connection)
            || (is_inherited && self.way(connection).iter().any(|on_it| is_placed(on_it)))
    }

    /// The SSH connections that one goes through, the nearest machine first. One that is not saved any more is left out.
    pub fn way(&self, connection: &Connection) -> Vec<Arc<Connection>> {
        let mut way = Vec::new();
        let mut next = connection.via.as_ref();
        // A circle cannot be saved; an archive could hold one.
        while let Some(on_it) = next
            .filter(|_| way.len() < MAX_ON_THE_WAY)
            .and_then(|id| self.connections.get(id.as_str()))
        {
            way.push(Arc::clone(on_it));
            next = on_it.via.as_ref();
        }
        way.reverse();
        way
    }

    /// The machine a connection speaks to, with those on the way.
    pub fn endpoint(&self, connection: &Connection) -> Endpoint {
        let own = connection.own_endpoint();
        let way = self.way(connection);
        let way = way.iter().flat_map(|on_it| {
            let before = on_it.addresses_before();
            before.into_iter().chain([on_it.address()])
        });
        Endpoint {
            through: way.chain(own.through).collect(),
            ..own
        }
    }

    /// Whether every secret of these credentials was written by this caller.
    fn is_author(&self, who: &str, id: &CredentialId) -> bool {
        let shared = self.shared.get(id.as_str());
        shared.is_some_and(|shared| shared.author.as_deref() == Some(who))
    }
}

/// The connections that a change made or changed, as they are now.
fn touched<'a>(change: &'a Change<'_>) -> impl Iterator<Item = (&'a String, &'a Arc<Connection>)> {
    let steps = change.steps().list().iter();
    let connections = steps.filter(|step| step.kind == ThingKind::Connection);
    connections.filter_map(|step| change.all().connections.get_key_value(&step.key))
}

fn used<'a>(
    find: &impl Fn(&str) -> Option<&'a Arc<Group>>,
    connection: &Connection,
) -> Option<Use> {
    if let Some(used) = &connection.credential {
        return Some((used.id.clone(), used.endpoint.clone()));
    }
    let id = credential(find, connection.group.as_ref())?;
    Some((id.clone(), connection.own_endpoint()))
}

/// What a change found.
pub(crate) struct Earlier {
    groups: HashMap<String, Option<Arc<Group>>>,
    connections: HashMap<String, Connection>,
    touched: HashSet<String>,
}

impl Earlier {
    fn of(change: &Change<'_>) -> Self {
        let steps = change.steps().list();
        let of_kind = |kind| steps.iter().filter(move |step| step.kind == kind);
        let group = |record: Option<&RawValue>| read(record).map(Arc::new);
        Self {
            groups: of_kind(ThingKind::Group)
                .map(|step| (step.key.clone(), group(step.before.as_deref())))
                .collect(),
            connections: of_kind(ThingKind::Connection)
                .filter_map(|step| Some((step.key.clone(), read(step.before.as_deref())?)))
                .collect(),
            touched: of_kind(ThingKind::Connection)
                .map(|step| step.key.clone())
                .collect(),
        }
    }

    /// Whether any group was touched.
    pub fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// The connections that were made or changed, as they were before, if at all, and as they are now.
    pub fn touched<'a>(
        &'a self,
        all: &'a All,
    ) -> impl Iterator<Item = (Option<&'a Connection>, &'a Connection)> {
        self.touched.iter().filter_map(|key| {
            let now = all.connections.get(key)?;
            Some((self.connections.get(key), &**now))
        })
    }

    /// A connection as it was before.
    pub fn connection<'a>(&'a self, all: &'a All, id: &str) -> Option<&'a Connection> {
        match self.touched.contains(id) {
            true => self.connections.get(id),
            false => all.connections.get(id).map(|connection| &**connection),
        }
    }

    /// A group as it was before.
    pub fn group<'a>(&'a self, all: &'a All, id: &str) -> Option<&'a Arc<Group>> {
        match self.groups.get(id) {
            Some(group) => group.as_ref(),
            None => all.groups.get(id),
        }
    }
}

fn read<T: DeserializeOwned>(record: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(record?.get()).ok()
}

/// What happened since changes that are taken back were made. Who takes back what he did himself decides nothing: where
/// nobody touched anything since, credentials go where they went before.
#[derive(Default)]
struct Since {
    /// The connections that were touched since; none when too much happened to tell.
    touched: Option<BTreeSet<String>>,
}

impl Since {
    fn of(change: &Change<'_>, by: &Origin) -> Self {
        let history = &change.all().history;
        let mut undone = Vec::new();
        for id in &change.undoes {
            match history.get(&Remembered::key_of(id)) {
                Some(known) if known.who == by.who && !known.has_gap_after => undone.push(known),
                _ => return Self::default(),
            }
        }
        let Some(first) = undone.iter().map(|known| &known.key).min() else {
            return Self::default();
        };
        let mut touched = BTreeSet::new();
        for (_, later) in history.range(first.clone()..) {
            if undone.iter().any(|known| known.key == later.key) {
                continue;
            }
            let Some(keys) = later.only_connections() else {
                return Self::default();
            };
            touched.extend(keys.map(str::to_owned));
        }
        Self {
            touched: Some(touched),
        }
    }

    fn is_as_it_was(&self, connection: &str) -> bool {
        self.touched
            .as_ref()
            .is_some_and(|touched| !touched.contains(connection))
    }

    fn is_all_as_it_was(&self) -> bool {
        self.touched.as_ref().is_some_and(BTreeSet::is_empty)
    }
}
