//! Everything in a store as of one moment, between an engine, an export and a restore.

use super::batch::Tree;

/// Everything in a store as of one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// The schema its records are of.
    pub(super) schema: u32,
    /// The store's identity.
    pub(super) uuid: String,
    /// The number of the newest batch in it.
    pub(super) sequence: u64,
    /// The records, the store's own facts about itself not among them.
    pub(super) records: Vec<(Tree, String, Vec<u8>)>,
}

impl Snapshot {
    /// The records of a tree: key and value.
    pub fn records(&self, wanted: Tree) -> impl Iterator<Item = (&str, &[u8])> {
        self.records
            .iter()
            .filter(move |(tree, _, _)| *tree == wanted)
            .map(|(_, key, value)| (key.as_str(), value.as_slice()))
    }
}
