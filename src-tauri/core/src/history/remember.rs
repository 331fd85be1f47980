//! Keeping a change with the batch that makes it, and dropping the oldest.

use super::fields;
use super::step::Step;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Change, to_bytes};
use crate::store::{Store, StoreError, Tree};
use farwire_model::history::{ChangeAction, ChangedThing, ThingKind};
use farwire_model::ids::ChangeId;
use serde::{Deserialize, Serialize};

/// What the keys of changes begin with; their details stand beside them under other keys and are read when they are asked for.
pub(crate) const HEADS: &str = "h";
const PARTS: &str = "p";

/// How many changes are remembered: some weeks of daily work.
const MAX_CHANGES: usize = 5_000;
/// How much of the disk their details may take. The newest change is remembered whatever its size.
const MAX_BYTES: u64 = 64 << 20;
/// How many of the things a change touched are named without its details.
const NAMED_THINGS: usize = 8;
/// Details are kept in pieces of this size, each well below what one record takes.
const PART_BYTES: usize = 64 << 10;

/// A remembered change without its details.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// [`HEADS`] and a number that grows with time.
    pub key: String,
    /// In Unix seconds.
    pub at: i64,
    pub who: String,
    pub who_name: String,
    pub run: Option<String>,
    /// The changes it took back.
    pub undoes: Vec<ChangeId>,
    /// The change whose version it brought back.
    pub restores: Option<ChangeId>,
    pub count: u64,
    pub kinds: Vec<ThingKind>,
    pub things: Vec<ChangedThing>,
    /// Whether changes that came after it were forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_gap_after: bool,
    parts: usize,
    bytes: u64,
}

impl Remembered {
    /// The identifier, as the API writes it.
    pub fn id(&self) -> ChangeId {
        ChangeId::new(self.key.replacen(HEADS, ChangeId::PREFIX, 1))
    }

    /// The key of a change.
    pub fn key_of(id: &ChangeId) -> String {
        id.as_str().replacen(ChangeId::PREFIX, HEADS, 1)
    }

    /// What it did, from the store.
    pub fn steps(&self, store: &dyn Store) -> Result<Vec<Step>, CoreError> {
        let mut text = Vec::new();
        for part in 0..self.parts {
            let key = self.part_key(part);
            let bytes = store.get(Tree::History, &key)?;
            let tree = Tree::History;
            text.extend(bytes.ok_or(StoreError::Damaged { tree, key })?);
        }
        serde_json::from_slice(&text).map_err(|error| CoreError::Internal {
            attempt: "reading a remembered change",
            message: error.to_string(),
        })
    }

    /// The connections it touched, where it touched nothing that others take credentials over from and all of them are named.
    pub fn only_connections(&self) -> Option<impl Iterator<Item = &str>> {
        let giving = [ThingKind::Group, ThingKind::Credential];
        let is_told = self.things.len() as u64 == self.count;
        let is_plain = is_told && !giving.iter().any(|kind| self.kinds.contains(kind));
        let things = self.things.iter();
        let connections = things.filter(|thing| thing.kind == ThingKind::Connection);
        is_plain.then(|| connections.map(|thing| thing.id.as_str()))
    }

    fn part_key(&self, part: usize) -> String {
        format!("{}.{part:06}", self.key.replacen(HEADS, PARTS, 1))
    }
}

/// Remembers what a change has done so far, in its own batch.
pub(crate) fn remember(change: &mut Change<'_>, by: &Origin) -> Result<(), CoreError> {
    let steps = change.steps().list();
    if steps.is_empty() {
        return Ok(());
    }
    let details = to_bytes(&steps)?;
    let mut kinds: Vec<ThingKind> = Vec::new();
    for step in steps {
        if !kinds.contains(&step.kind) {
            kinds.push(step.kind);
        }
    }
    let remembered = Remembered {
        key: next_key(change.all()),
        at: random::now(),
        who: by.who.clone(),
        who_name: by.who_name.clone(),
        run: by.run.clone(),
        undoes: change.undoes.clone(),
        restores: change.restores.clone(),
        count: steps.len() as u64,
        kinds,
        things: most_telling(steps)
            .map(|step| fields::thing(change.all(), step))
            .collect(),
        has_gap_after: false,
        parts: details.len().div_ceil(PART_BYTES),
        bytes: details.len() as u64,
    };
    for (number, part) in details.chunks(PART_BYTES).enumerate() {
        change.put_raw(Tree::History, &remembered.part_key(number), part.to_vec());
    }
    drop_oldest(change, remembered.bytes)?;
    change.put(remembered).map(drop)
}

/// The steps that a change is named after. What was made or is gone says more than what only changed with it: the group that was
/// deleted comes before the machines that it held.
fn most_telling(steps: &[Step]) -> impl Iterator<Item = &Step> {
    let mut sorted: Vec<_> = steps.iter().collect();
    sorted.sort_by_key(|step| (step.action() == ChangeAction::Update, step.kind));
    sorted.into_iter().take(NAMED_THINGS)
}

/// Later than every key there is, also when the clock went back.
fn next_key(all: &All) -> String {
    let now = random::now_micros();
    let newest = all.history.last_key_value().and_then(|(key, _)| {
        let number = key.strip_prefix(HEADS)?;
        u64::from_str_radix(number, 16).ok()
    });
    let number = newest.map_or(now, |newest| now.max(newest.saturating_add(1)));
    format!("{HEADS}{number:016x}")
}

/// Makes room for one more change with details of this many bytes.
fn drop_oldest(change: &mut Change<'_>, bytes: u64) -> Result<(), CoreError> {
    let history = &change.all().history;
    let (mut count, mut total) = (history.len().saturating_add(1), bytes);
    total = history
        .values()
        .fold(total, |total, known| total.saturating_add(known.bytes));
    let mut gone = Vec::new();
    for known in history.values() {
        if count <= MAX_CHANGES && total <= MAX_BYTES {
            break;
        }
        count = count.saturating_sub(1);
        total = total.saturating_sub(known.bytes);
        gone.push(known.clone());
    }
    gone.iter().try_for_each(|known| forget(change, known))
}

/// Forgets every change that touched secrets.
pub(crate) fn forget_secrets(change: &mut Change<'_>) -> Result<(), CoreError> {
    let history = change.all().history.values();
    let secret = [ThingKind::Credentials, ThingKind::Credential];
    let touching = history.filter(|known| secret.iter().any(|kind| known.kinds.contains(kind)));
    let touching: Vec<_> = touching.cloned().collect();
    touching
        .iter()
        .try_for_each(|known| forget(change, known))?;
    let Some(newest) = touching.last() else {
        return Ok(());
    };
    let history = &change.all().history;
    let older = history.range(..newest.key.clone()).map(|(_, known)| known);
    let older: Vec<_> = older
        .filter(|known| !known.has_gap_after)
        .cloned()
        .collect();
    for known in older {
        let has_gap_after = true;
        change.put(Remembered {
            has_gap_after,
            ..(*known).clone()
        })?;
    }
    Ok(())
}

fn forget(change: &mut Change<'_>, known: &Remembered) -> Result<(), CoreError> {
    for part in 0..known.parts {
        change.delete_raw(Tree::History, &known.part_key(part));
    }
    change.delete::<Remembered>(&known.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Steps;

    #[test]
    fn a_change_is_named_after_what_is_gone_and_not_after_what_it_held() {
        let mut steps = Steps::default();
        let mut note = |kind, key: &str, after: Option<&[u8]>| {
            steps.note(kind, key, Some(&"before"), after).unwrap();
        };
        for number in 0..20 {
            note(ThingKind::Connection, &format!("c_{number}"), Some(b"1"));
        }
        note(ThingKind::Credentials, "c_gone", None);
        note(ThingKind::Connection, "c_gone", None);
        note(ThingKind::Group, "g_gone", None);
        let named: Vec<_> = most_telling(steps.list()).collect();
        assert_eq!(named.len(), NAMED_THINGS);
        let first: Vec<_> = named.iter().take(4).map(|step| step.key.as_str()).collect();
        assert_eq!(first, ["g_gone", "c_gone", "c_gone", "c_0"]);
        assert_eq!(named[1].kind, ThingKind::Connection);
    }
}
