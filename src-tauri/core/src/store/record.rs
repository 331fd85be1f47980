//! What a value looks like in the database: a checksum, and long values in parts.
//!
//! sled puts a page over 128 KiB into a file of its own, a blob. Those files are written, replaced and removed without
//! regard to how much of the log is on the disk yet: 7 of 410 simulated power cuts tore a batch that touched one.
//! A page holds some 20 records, so none may be longer than a few KiB.

use super::batch::{Batch, Tree};
use super::error::StoreError;
use std::borrow::Cow;

/// Longest key. Identifiers have some 30 bytes; two of them and a field name fit.
pub const MAX_KEY_BYTES: usize = 256;

/// Longest value. A private key has 3 KiB, a page of notes less; bigger things belong into files.
pub const MAX_VALUE_BYTES: usize = 256 * 1024;

/// Longest piece of a value that one of sled's records holds: 20 of them with their keys stay below a blob.
const PART_BYTES: usize = 4096;

const CRC_BYTES: usize = 4;
const WHOLE: u8 = 0;
const SPLIT: u8 = 1;

/// A value as the database keeps it.
pub(super) struct Sealed {
    /// What stands under the record's key: the value, or what its parts add up to.
    pub(super) head: Vec<u8>,
    /// The parts, which stand in a tree of their own under [`part_key`].
    pub(super) parts: Vec<Vec<u8>>,
}

/// What stands under a record's key.
enum Head<'a> {
    Whole(&'a [u8]),
    Split { bytes: usize, crc: u32 },
}

/// Puts a checksum before some bytes.
pub(super) fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    [crc32fast::hash(bytes).to_le_bytes().as_slice(), bytes].concat()
}

/// Takes the checksum off; `None` when it does not fit.
pub(super) fn without_checksum(bytes: &[u8]) -> Option<&[u8]> {
    let (crc, bytes) = bytes.split_first_chunk::<CRC_BYTES>()?;
    (u32::from_le_bytes(*crc) == crc32fast::hash(bytes)).then_some(bytes)
}

/// Makes of a value what the database keeps.
pub(super) fn seal(value: &[u8]) -> Sealed {
    if value.len() <= PART_BYTES {
        return Sealed {
            head: with_checksum(&[&[WHOLE], value].concat()),
            parts: Vec::new(),
        };
    }
    let bytes = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let head = [
        [SPLIT].as_slice(),
        &bytes.to_le_bytes(),
        &crc32fast::hash(value).to_le_bytes(),
    ];
    Sealed {
        head: with_checksum(&head.concat()),
        parts: value.chunks(PART_BYTES).map(with_checksum).collect(),
    }
}

/// The value of a record, its parts fetched by `part`; `None` when they cannot be what was written.
pub(super) fn unseal<'a, B: AsRef<[u8]>, E>(
    tree: Tree,
    key: &[u8],
    record: &'a [u8],
    mut part: impl FnMut(Vec<u8>) -> Result<Option<B>, E>,
) -> Result<Option<Cow<'a, [u8]>>, E> {
    let (bytes, crc) = match head(record) {
        None => return Ok(None),
        Some(Head::Whole(value)) => return Ok(Some(Cow::Borrowed(value))),
        Some(Head::Split { bytes, crc }) => (bytes, crc),
    };
    let mut value = Vec::with_capacity(bytes);
    for number in 0..bytes.div_ceil(PART_BYTES) {
        let Some(stored) = part(part_key(tree, key, number))? else {
            return Ok(None);
        };
        let Some(piece) = without_checksum(stored.as_ref()) else {
            return Ok(None);
        };
        value.extend_from_slice(piece);
    }
    let is_whole = value.len() == bytes && crc32fast::hash(&value) == crc;
    Ok(is_whole.then_some(Cow::Owned(value)))
}

/// How many parts a record has.
pub(super) fn part_count(record: &[u8]) -> usize {
    match head(record) {
        Some(Head::Split { bytes, .. }) => bytes.div_ceil(PART_BYTES),
        _ => 0,
    }
}

/// Where a part stands. Two records never share one: keys of the same length differ before the number begins.
pub(super) fn part_key(tree: Tree, key: &[u8], number: usize) -> Vec<u8> {
    let number = u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    [tree.name().as_bytes(), &[0], key, &number].concat()
}

fn head(record: &[u8]) -> Option<Head<'_>> {
    match without_checksum(record)?.split_first()? {
        (&WHOLE, value) => Some(Head::Whole(value)),
        (&SPLIT, sum) => {
            let (bytes, crc) = sum.split_first_chunk::<4>()?;
            let bytes = usize::try_from(u32::from_le_bytes(*bytes)).ok()?;
            let crc = u32::from_le_bytes(crc.try_into().ok()?);
            (bytes <= MAX_VALUE_BYTES).then_some(Head::Split { bytes, crc })
        }
        _ => None,
    }
}

/// The error for a record that cannot be what was written.
pub(super) fn damaged(tree: Tree, key: &[u8]) -> StoreError {
    StoreError::Damaged {
        tree,
        key: String::from_utf8_lossy(key).into_owned(),
    }
}

/// Whether every key and value of a batch keeps its limit.
pub(super) fn check_sizes(batch: &Batch) -> Result<(), StoreError> {
    for (tree, work) in &batch.work {
        for (key, value) in &work.writes {
            let value_bytes = value.as_ref().map_or(0, Vec::len);
            let (bytes, limit) = if key.len() > MAX_KEY_BYTES {
                (key.len(), MAX_KEY_BYTES)
            } else if value_bytes > MAX_VALUE_BYTES {
                (value_bytes, MAX_VALUE_BYTES)
            } else {
                continue;
            };
            return Err(StoreError::TooLarge {
                tree: *tree,
                key: key.chars().take(40).collect(),
                bytes,
                limit,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    /// Seals a value, lets the test change what is stored, and opens it.
    fn opened(value: &[u8], change: impl FnOnce(&mut Sealed)) -> Option<Vec<u8>> {
        let mut sealed = seal(value);
        change(&mut sealed);
        let parts: BTreeMap<_, _> = sealed
            .parts
            .iter()
            .enumerate()
            .map(|(number, part)| (part_key(Tree::Trust, b"h_1", number), part.clone()))
            .collect();
        assert_eq!(part_count(&seal(value).head), seal(value).parts.len());
        let fetch = |key: Vec<u8>| Ok::<_, Infallible>(parts.get(&key));
        unseal(Tree::Trust, b"h_1", &sealed.head, fetch)
            .unwrap()
            .map(Cow::into_owned)
    }

    #[test]
    fn values_of_any_length_come_back() {
        for length in [
            0,
            1,
            PART_BYTES,
            PART_BYTES + 1,
            3 * PART_BYTES,
            MAX_VALUE_BYTES,
        ] {
            let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert!(opened(&value, |_| ()).as_ref() == Some(&value), "{length}");
            let longest = seal(&value).parts.iter().map(Vec::len).max();
            assert!(
                longest.unwrap_or(0).max(seal(&value).head.len()) <= PART_BYTES + 5,
                "{length}"
            );
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        for value in [b"{\"name\":\"kitchen\"}".to_vec(), vec![7; PART_BYTES + 9]] {
            for bit in 0..seal(&value).head.len() * 8 {
                let found = opened(&value, |sealed| sealed.head[bit / 8] ^= 1 << (bit % 8));
                assert_eq!(found, None, "bit {bit}");
            }
        }
        let long = vec![7; 2 * PART_BYTES];
        assert_eq!(opened(&long, |sealed| sealed.parts[1][77] ^= 1), None);
        assert_eq!(opened(&long, |sealed| sealed.parts.truncate(1)), None);
        assert_eq!(
            opened(&long, |sealed| sealed.parts[1] = with_checksum(b"older")),
            None
        );
        assert_eq!(opened(b"x", |sealed| sealed.head.truncate(3)), None);
    }
}
