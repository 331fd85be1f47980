//! One batch as one sled transaction over all its trees.

use super::batch::{Batch, Tree};
use super::error::StoreError;
use super::record;
use sled::transaction::{
    ConflictableTransactionError, TransactionError, Transactional, TransactionalTree,
};

type Step<T> = Result<T, ConflictableTransactionError<StoreError>>;

/// Checks a batch's expectations and makes its changes, or does neither. `trees` are those the batch touches, in its
/// order; `parts` is where long values are.
pub(super) fn apply(
    batch: &Batch,
    mut trees: Vec<sled::Tree>,
    parts: &sled::Tree,
) -> Result<(), StoreError> {
    trees.push(parts.clone());
    // The closure may run more than once; it has no effect outside the transaction.
    let outcome = trees.as_slice().transaction(|views| {
        let Some((parts, views)) = views.split_last() else {
            return Ok(());
        };
        for ((tree, work), view) in batch.work.iter().zip(views) {
            for (key, expected) in &work.expected {
                if read(*tree, key, view, parts)? != *expected {
                    let (tree, key) = (*tree, key.clone());
                    return refuse(StoreError::Conflict { tree, key });
                }
            }
        }
        for ((tree, work), view) in batch.work.iter().zip(views) {
            for (key, value) in &work.writes {
                write(*tree, key, value.as_deref(), view, parts)?;
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TransactionError::Abort(refusal)) => Err(refusal),
        Err(TransactionError::Storage(error)) => Err(StoreError::failed("writing")(error.into())),
    }
}

fn read(
    tree: Tree,
    key: &str,
    view: &TransactionalTree,
    parts: &TransactionalTree,
) -> Step<Option<Vec<u8>>> {
    let Some(stored) = view.get(key)? else {
        return Ok(None);
    };
    match record::unseal(tree, key.as_bytes(), &stored, |part| parts.get(part))? {
        Some(value) => Ok(Some(value)),
        None => refuse(record::damaged(tree, key.as_bytes())),
    }
}

fn write(
    tree: Tree,
    key: &str,
    value: Option<&[u8]>,
    view: &TransactionalTree,
    parts: &TransactionalTree,
) -> Step<()> {
    let (before, part_count) = match value.map(record::seal) {
        Some(sealed) => {
            let part_count = sealed.parts.len();
            for (number, part) in sealed.parts.into_iter().enumerate() {
                parts.insert(record::part_key(tree, key.as_bytes(), number), part)?;
            }
            (view.insert(key, sealed.head)?, part_count)
        }
        None => (view.remove(key)?, 0),
    };
    let before = before.map_or(0, |head| record::part_count(&head));
    for number in part_count..before {
        parts.remove(record::part_key(tree, key.as_bytes(), number))?;
    }
    Ok(())
}

fn refuse<T>(refusal: StoreError) -> Step<T> {
    Err(ConflictableTransactionError::Abort(refusal))
}
