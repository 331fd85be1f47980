//! Everything saved, in memory, and the one way to change it.
//!
//! Reads never touch the disk. A [`Change`] is prepared and queued under one lock, so changes reach the store in the
//! order they were made; it is acknowledged when the store says it is durable.

use crate::answers::Answered;
use crate::backups::unreadable;
use crate::credentials::StoredCredentials;
use crate::decision;
use crate::error::CoreError;
use crate::history::{self, Remembered, Steps, Versioned};
use crate::origin::Origin;
use crate::search::Texts;
use crate::shared_credentials::SharedCredential;
use crate::store::{Batch, MAX_VALUE_BYTES, Store, StoreError, Tree};
use farwire_model::connection::Connection;
use farwire_model::error::ErrorCode;
use farwire_model::group::Group;
use farwire_model::history::ThingKind;
use farwire_model::ids::{ChangeId, ConnectionId, CredentialId};
use farwire_model::settings::Settings;
use farwire_model::token::Token;
use farwire_model::trust::TrustDecision;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// A kind of thing that is saved, one record each.
pub(crate) trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where its records lie.
    const TREE: Tree;
    /// What the keys of its records begin with, where they share a tree with others.
    const PREFIX: &'static str;
    /// What it is called in the history; none for what is not remembered there.
    const KIND: Option<ThingKind>;
    /// Its key.
    fn key(&self) -> &str;
    /// Its place in memory, to read into.
    fn map_mut(all: &mut All) -> &mut BTreeMap<String, Arc<Self>>;
    /// Keeps up what it is found by, once it is there or gone.
    fn index(_all: &mut All, _key: &str, _was: Option<&Self>, _now: Option<&Self>) {}
}

macro_rules! record {
    ($type:ty, $tree:ident, $prefix:expr, $kind:expr, $field:ident, $key:expr $(, $index:expr)?) => {
        impl Record for $type {
            const TREE: Tree = Tree::$tree;
            const PREFIX: &'static str = $prefix;
            const KIND: Option<ThingKind> = $kind;
            fn key(&self) -> &str {
                let key: fn(&Self) -> &str = $key;
                key(self)
            }
            fn map_mut(all: &mut All) -> &mut BTreeMap<String, Arc<Self>> {
                &mut all.$field
            }
            $(fn index(all: &mut All, key: &str, was: Option<&Self>, now: Option<&Self>) {
                let index: fn(&mut All, &str, Option<&Self>, Option<&Self>) = $index;
                index(all, key, was, now);
            })?
        }
    };
}

record!(Group, Groups, "", Some(ThingKind::Group), groups, |group| {
    group.id.as_str()
});
record!(
    Connection,
    Connections,
    "",
    Some(ThingKind::Connection),
    connections,
    |connection| connection.id.as_str(),
    |all, key, was, now| all.texts.keep(key, was, now)
);
record!(
    StoredCredentials,
    Credentials,
    ConnectionId::PREFIX,
    Some(ThingKind::Credentials),
    credentials,
    |stored| stored.connection.as_str()
);
record!(
    SharedCredential,
    Credentials,
    CredentialId::PREFIX,
    Some(ThingKind::Credential),
    shared,
    |shared| shared.id.as_str()
);
record!(
    TrustDecision,
    Trust,
    "",
    Some(ThingKind::Trust),
    trust,
    |decision| decision.id.as_str()
);
// Taking back the deletion of a token, or a switch, would let a script do what only a person may.
record!(
    Token,
    Tokens,
    "",
    None,
    tokens,
    |token| token.id.as_str(),
    |all, _, _, _| {
        all.token_changes.fetch_add(1, Ordering::Release);
    }
);
record!(Settings, Settings, "", None, settings, |_| SETTINGS_KEY);
record!(
    Remembered,
    History,
    history::HEADS,
    None,
    history,
    |change| &change.key
);
record!(Answered, Answers, "", None, answers, |answered| &answered
    .key);

/// There is one settings record.
pub(crate) const SETTINGS_KEY: &str = "application";

/// Everything saved.
#[derive(Default)]
pub(crate) struct All {
    pub groups: BTreeMap<String, Arc<Group>>,
    pub connections: BTreeMap<String, Arc<Connection>>,
    /// What connections are found by.
    pub texts: Texts,
    pub credentials: BTreeMap<String, Arc<StoredCredentials>>,
    pub shared: BTreeMap<String, Arc<SharedCredential>>,
    pub tokens: BTreeMap<String, Arc<Token>>,
    /// Counts the changes of tokens.
    token_changes: Arc<AtomicU64>,
    pub trust: BTreeMap<String, Arc<TrustDecision>>,
    pub settings: BTreeMap<String, Arc<Settings>>,
    /// What was changed, without the details, by key, which grows with time.
    pub history: BTreeMap<String, Arc<Remembered>>,
    /// Requests that must not be carried out twice.
    pub answers: BTreeMap<String, Arc<Answered>>,
}

impl All {
    /// Puts a record in its place, or none; returns the one that was there.
    fn set<T: Record>(&mut self, key: String, now: Option<Arc<T>>) -> Option<Arc<T>> {
        let was = T::map_mut(self).get(&key).cloned();
        T::index(self, &key, was.as_deref(), now.as_deref());
        match now {
            Some(now) => T::map_mut(self).insert(key, now),
            None => T::map_mut(self).remove(&key),
        }
    }

    /// The application's settings; the defaults until a person changed one.
    pub fn app_settings(&self) -> Arc<Settings> {
        self.settings.get(SETTINGS_KEY).cloned().unwrap_or_default()
    }
}

/// Everything saved and the store behind it.
pub(crate) struct Saved {
    all: RwLock<All>,
    /// The same as in `all`, to be read without its lock.
    token_changes: Arc<AtomicU64>,
    // Taken while `all` is held for writing, never the other way round.
    pending: Mutex<Pending>,
    store: Arc<dyn Store>,
}

impl Saved {
    /// Reads everything from the store.
    pub fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let mut all = All::default();
        load_all::<Group>(&*store, &mut all)?;
        load_all::<Connection>(&*store, &mut all)?;
        load_all::<StoredCredentials>(&*store, &mut all)?;
        load_all::<SharedCredential>(&*store, &mut all)?;
        load_all::<Token>(&*store, &mut all)?;
        load_all::<TrustDecision>(&*store, &mut all)?;
        load_all::<Settings>(&*store, &mut all)?;
        load_all::<Remembered>(&*store, &mut all)?;
        load_all::<Answered>(&*store, &mut all)?;
        Ok(Self {
            token_changes: Arc::clone(&all.token_changes),
            all: RwLock::new(all),
            pending: Mutex::default(),
            store,
        })
    }

    /// Everything, to read. Hold it briefly and never over an await.
    pub fn read(&self) -> RwLockReadGuard<'_, All> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes up with each change of a token.
    pub fn token_changes(&self) -> u64 {
        self.token_changes.load(Ordering::Acquire)
    }

    /// The store behind it, for what is not kept in memory.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Changes saved things all together or not at all, remembers the change, and returns when it is durable. A dry run is
    /// prepared and taken back at once, before anybody sees it.
    pub async fn change<R>(
        &self,
        by: &Origin,
        prepare: impl FnOnce(&mut Change<'_>) -> Result<R, CoreError>,
    ) -> Result<R, CoreError> {
        self.carry_out(Some(by), prepare).await
    }

    /// The same for what the program notes by itself, such as when a connection was last up: nothing to remember or take back.
    pub async fn note<R>(
        &self,
        prepare: impl FnOnce(&mut Change<'_>) -> Result<R, CoreError>,
    ) -> Result<R, CoreError> {
        self.carry_out(None, prepare).await
    }

    async fn carry_out<R>(
        &self,
        by: Option<&Origin>,
        prepare: impl FnOnce(&mut Change<'_>) -> Result<R, CoreError>,
    ) -> Result<R, CoreError> {
        let (answer, committed, number) = {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            let mut change = Change {
                all: &mut all,
                batch: Batch::new(),
                back: Vec::new(),
                steps: Steps::default(),
                undoes: Vec::new(),
                restores: None,
                chosen: BTreeSet::new(),
            };
            let answer = prepare(&mut change).and_then(|answer| {
                if let Some(by) = by {
                    decision::settle(&mut change, by)?;
                }
                if let Some(by) = by.filter(|by| !by.is_dry()) {
                    history::remember(&mut change, by)?;
                }
                Ok(answer)
            });
            let Change {
                batch, back, steps, ..
            } = change;
            if let Some(preview) = by.and_then(Origin::preview) {
                back.into_iter().rev().for_each(|undo| undo(&mut all));
                if answer.is_ok() {
                    preview.note(steps.into_list());
                }
                return answer;
            }
            let prepared = answer.and_then(|answer| {
                let committed = match batch.is_empty() {
                    true => None,
                    false => Some(self.store.commit(batch).unless_refused()?),
                };
                Ok((answer, committed))
            });
            match prepared {
                Ok((answer, None)) => return Ok(answer),
                Ok((answer, Some(committed))) => (answer, committed, self.lock_pending().add(back)),
                Err(error) => {
                    back.into_iter().rev().for_each(|undo| undo(&mut all));
                    return Err(error);
                }
            }
        };
        match committed.await {
            Ok(_) => {
                self.lock_pending().back.remove(&number);
                Ok(answer)
            }
            Err(error) => {
                // After a failed write the store takes no more changes, so every change under way fails. None of them may be
                // seen: they are taken back, the newest first. Whoever comes second finds nothing left to take back.
                let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
                let pending = std::mem::take(&mut self.lock_pending().back);
                let newest_first = pending.into_values().rev();
                newest_first
                    .flat_map(|back| back.into_iter().rev())
                    .for_each(|undo| undo(&mut all));
                Err(error.into())
            }
        }
    }

    fn lock_pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How to take back the changes that are not durable yet, in the order they were made.
#[derive(Default)]
struct Pending {
    next: u64,
    back: BTreeMap<u64, Vec<Undo>>,
}

impl Pending {
    fn add(&mut self, back: Vec<Undo>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.back.insert(number, back);
        number
    }
}

fn load_all<T: Record>(store: &dyn Store, all: &mut All) -> Result<(), StoreError> {
    let mut read = Vec::new();
    store.visit(T::TREE, T::PREFIX, &mut |key, value| {
        match serde_json::from_slice::<T>(value) {
            Ok(record) => {
                T::index(all, key, None, Some(&record));
                read.push((key.to_owned(), Arc::new(record)));
            }
            // One record that cannot be read must not take the others away; it stays in the store.
            Err(error) => {
                tracing::error!(tree = ?T::TREE, key, %error, "a saved record cannot be read")
            }
        }
    })?;
    // All at once, in order: the map packs them closer than one by one.
    *T::map_mut(all) = read.into_iter().collect();
    Ok(())
}

type Undo = Box<dyn FnOnce(&mut All) + Send + Sync>;

/// A change being prepared: reads see what it has already changed.
pub(crate) struct Change<'a> {
    all: &'a mut All,
    batch: Batch,
    back: Vec<Undo>,
    steps: Steps,
    /// The changes this one takes back.
    pub undoes: Vec<ChangeId>,
    /// The change whose version this one brings back.
    pub restores: Option<ChangeId>,
    /// The connections whose shared credentials were chosen with this change, for the machines that they speak to now.
    pub chosen: BTreeSet<String>,
}

impl Change<'_> {
    /// Everything as it is with this change.
    pub fn all(&self) -> &All {
        self.all
    }

    /// What was done so far to things the history remembers.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Writes into the store what is not kept in memory.
    pub fn put_raw(&mut self, tree: Tree, key: &str, value: Vec<u8>) {
        self.batch.put(tree, key, value);
    }

    /// Removes from the store what is not kept in memory.
    pub fn delete_raw(&mut self, tree: Tree, key: &str) {
        self.batch.delete(tree, key);
    }

    /// Saves a record.
    pub fn put<T: Record>(&mut self, record: T) -> Result<Arc<T>, CoreError> {
        let key = record.key().to_owned();
        let value = to_bytes(&record)?;
        if value.len() > MAX_VALUE_BYTES {
            let message = format!(
                "{key} would take {} bytes, at most {MAX_VALUE_BYTES} fit",
                value.len()
            );
            return Err(CoreError::field(
                ErrorCode::ValueOutOfBounds,
                "size",
                message,
            ));
        }
        if let Some(kind) = T::KIND {
            let before = T::map_mut(self.all).get(&key).cloned();
            self.steps
                .note(kind, &key, before.as_deref(), Some(&value))?;
        }
        self.batch.put(T::TREE, &key, value);
        let record = Arc::new(record);
        let before = self.all.set(key.clone(), Some(Arc::clone(&record)));
        self.remember::<T>(key, before);
        Ok(record)
    }

    /// Removes a record; nothing happens when there is none.
    pub fn delete<T: Record>(&mut self, key: &str) -> Result<(), CoreError> {
        let Some(before) = self.all.set::<T>(key.to_owned(), None) else {
            return Ok(());
        };
        self.batch.delete(T::TREE, key);
        let noted = match T::KIND {
            Some(kind) => self.steps.note(kind, key, Some(&*before), None),
            None => Ok(()),
        };
        self.remember::<T>(key.to_owned(), Some(before));
        noted
    }

    /// Lets the records of a kind be exactly these; returns how many had to change.
    pub fn replace<'r, T: Versioned>(
        &mut self,
        records: impl Iterator<Item = (&'r str, &'r [u8])>,
    ) -> Result<u64, CoreError> {
        let mut gone: BTreeSet<String> = T::map_mut(self.all).keys().cloned().collect();
        let mut changed = 0;
        for (key, value) in records.filter(|(key, _)| key.starts_with(T::PREFIX)) {
            gone.remove(key);
            let now = T::map(self.all).get(key).cloned();
            let mut record: T = serde_json::from_slice(value).map_err(unreadable)?;
            if now.as_ref().is_none_or(|now| !now.is_alike(&record)) {
                record.renew(now.as_deref());
                self.put(record)?;
                changed += 1;
            }
        }
        for key in gone {
            self.delete::<T>(&key)?;
            changed += 1;
        }
        Ok(changed)
    }

    /// Runs when the change is taken back, under the lock under which it was made.
    pub fn when_undone(&mut self, undo: impl FnOnce() + Send + Sync + 'static) {
        self.back.push(Box::new(move |_| undo()));
    }

    fn remember<T: Record>(&mut self, key: String, before: Option<Arc<T>>) {
        self.back.push(Box::new(move |all| {
            all.set(key, before);
        }));
    }
}

/// A record as the store keeps it.
pub(crate) fn to_bytes(record: &impl Serialize) -> Result<Vec<u8>, CoreError> {
    serde_json::to_vec(record).map_err(|error| CoreError::Internal {
        attempt: "writing a record",
        message: error.to_string(),
    })
}
