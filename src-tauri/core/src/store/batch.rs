//! The named trees, and the batch of changes that happens whole or not at all.

use std::collections::{BTreeMap, HashSet};

/// A named part of the store. Fixed and few: each costs sled pages and start-up time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tree {
    /// Facts about the store itself; the keys `schema_version`, `app_version` and `store_uuid` are its own.
    Meta,
    /// Groups.
    Groups,
    /// Saved connections.
    Connections,
    /// Credentials, of connections and shared ones; secrets in them are sealed by the vault before they come here.
    Credentials,
    /// Tokens of the HTTP API, as hashes.
    Tokens,
    /// Decisions about host keys and certificates.
    Trust,
    /// The application's settings.
    Settings,
    /// The vault's sealed master key and key check.
    Vault,
    /// What changes did, so that they can be undone.
    History,
    /// Answers of requests that were told to happen once, in case they come again.
    Answers,
}

impl Tree {
    /// Every tree.
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::Groups,
        Self::Connections,
        Self::Credentials,
        Self::Tokens,
        Self::Trust,
        Self::Settings,
        Self::Vault,
        Self::History,
        Self::Answers,
    ];

    /// The trees that exports and backups hold, in the order they are written.
    ///
    /// History and answers are not among them: they would grow every backup many times over, and mean nothing without
    /// the store they were made in.
    pub const EXPORTED: [Self; 8] = [
        Self::Meta,
        Self::Groups,
        Self::Connections,
        Self::Credentials,
        Self::Tokens,
        Self::Trust,
        Self::Settings,
        Self::Vault,
    ];

    /// Its name on disk and in exports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Groups => "groups",
            Self::Connections => "connections",
            Self::Credentials => "credentials",
            Self::Tokens => "tokens",
            Self::Trust => "trust",
            Self::Settings => "settings",
            Self::Vault => "vault",
            Self::History => "history",
            Self::Answers => "answers",
        }
    }

    /// The tree that stands in exports under a name; `None` when there is none.
    pub fn exported_as(name: &str) -> Option<Self> {
        Self::EXPORTED.into_iter().find(|tree| tree.name() == name)
    }
}

/// What a batch does to one tree.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Keys with the value each must have; `None` = must be absent.
    pub(super) expected: Vec<(String, Option<Vec<u8>>)>,
    /// Keys with their new value in the order given; `None` = delete.
    pub(super) writes: Vec<(String, Option<Vec<u8>>)>,
}

/// Changes that become durable together, or not at all.
///
/// A later change to a key replaces an earlier one of the same batch. Expectations look at the store as it was before the batch.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) work: BTreeMap<Tree, Work>,
    /// Refused unless the store holds no record but its own; for imports.
    pub(super) needs_empty_store: bool,
    /// The sequence goes on from here if it is not beyond already; for imports, so that it never runs backwards.
    pub(super) sequence_floor: u64,
}

impl Batch {
    /// A batch without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a record, whether or not it exists.
    pub fn put(&mut self, tree: Tree, key: &str, value: Vec<u8>) {
        self.work(tree).writes.push((key.to_owned(), Some(value)));
    }

    /// Removes a record; nothing happens when there is none.
    pub fn delete(&mut self, tree: Tree, key: &str) {
        self.work(tree).writes.push((key.to_owned(), None));
    }

    /// Lets the commit fail with `StoreError::Conflict` unless the record is exactly this now (`None` = absent).
    pub fn expect(&mut self, tree: Tree, key: &str, value: Option<Vec<u8>>) {
        self.work(tree).expected.push((key.to_owned(), value));
    }

    /// Whether it changes nothing. Its expectations are checked all the same.
    pub fn is_empty(&self) -> bool {
        self.work.values().all(|work| work.writes.is_empty())
    }

    fn work(&mut self, tree: Tree) -> &mut Work {
        self.work.entry(tree).or_default()
    }
}

/// One durable batch, as subscribers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The number its commit was answered with.
    pub sequence: u64,
    entries: Vec<(Tree, String, bool)>,
}

impl Change {
    pub(super) fn of(batch: &Batch, sequence: u64) -> Self {
        let mut entries = Vec::new();
        for (tree, work) in &batch.work {
            let (mut seen, from) = (HashSet::new(), entries.len());
            // The last change of a key is the one that counts.
            for (key, value) in work.writes.iter().rev() {
                if work.writes.len() == 1 || seen.insert(key.as_str()) {
                    entries.push((*tree, key.clone(), value.is_none()));
                }
            }
            if let Some(of_tree) = entries.get_mut(from..) {
                of_tree.reverse();
            }
        }
        Self { sequence, entries }
    }

    /// The records it touched, each once: tree, key, and whether it is deleted. By tree, within a tree in the order of the batch.
    pub fn keys(&self) -> impl Iterator<Item = (Tree, &str, bool)> {
        self.entries
            .iter()
            .map(|(tree, key, is_deleted)| (*tree, key.as_str(), *is_deleted))
    }
}
