//! What one batch does to raw keys and values.

use super::batch::{Batch, Tree};
use super::database::RawChange;
use super::record;
use std::collections::BTreeMap;

/// What a batch expects: tree, key, and value or absence.
pub(super) fn expectations(batch: &Batch) -> impl Iterator<Item = (Tree, &str, Option<&[u8]>)> {
    batch.work.iter().flat_map(|(tree, work)| {
        let expected = work.expected.iter();
        expected.map(|(key, value)| (*tree, key.as_str(), value.as_deref()))
    })
}

/// What a batch writes: the last word about each key.
pub(super) fn writes(batch: &Batch) -> BTreeMap<(Tree, &str), Option<&[u8]>> {
    let writes = batch.work.iter().flat_map(|(tree, work)| {
        let writes = work.writes.iter();
        writes.map(|(key, value)| ((*tree, key.as_str()), value.as_deref()))
    });
    writes.collect()
}

/// Adds what turns a record into a new value, or removes it, to `changes`. `before` is what stands under its key now; long
/// values go into the tree `parts`.
pub(super) fn change(
    tree: Tree,
    key: &str,
    value: Option<&[u8]>,
    before: Option<&[u8]>,
    parts: &'static str,
    changes: &mut Vec<RawChange>,
) {
    if value.is_none() && before.is_none() {
        return;
    }
    let part = |number, value| RawChange {
        tree: parts,
        key: record::part_key(tree, key.as_bytes(), number),
        value,
    };
    let sealed = value.map(record::seal);
    let (head, pieces) = sealed.map_or((None, Vec::new()), |sealed| {
        (Some(sealed.head), sealed.parts)
    });
    let part_count = pieces.len();
    let pieces = pieces.into_iter().enumerate();
    changes.extend(pieces.map(|(number, piece)| part(number, Some(piece))));
    let before = before.map_or(0, record::part_count);
    changes.extend((part_count..before).map(|number| part(number, None)));
    changes.push(RawChange {
        tree: tree.name(),
        key: key.as_bytes().to_vec(),
        value: head,
    });
}
