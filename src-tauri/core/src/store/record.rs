//! The envelope around each value: a CRC-32 of the value, little-endian, then the value.

use super::batch::{Batch, Tree};
use super::error::StoreError;

/// Longest key. Identifiers have some 30 bytes; two of them and a field name fit.
pub const MAX_KEY_BYTES: usize = 512;

/// Longest value. sled rewrites pages of up to 16 values whole, so big values make every change near them slow; files belong into files.
pub const MAX_VALUE_BYTES: usize = 256 * 1024;

const CRC_BYTES: usize = 4;

/// Puts a value into its envelope.
pub(super) fn seal(value: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(CRC_BYTES.saturating_add(value.len()));
    record.extend_from_slice(&crc32fast::hash(value).to_le_bytes());
    record.extend_from_slice(value);
    record
}

/// Takes a value out of its envelope; `None` when the checksum does not fit.
pub(super) fn unseal(record: &[u8]) -> Option<&[u8]> {
    let (crc, value) = record.split_first_chunk::<CRC_BYTES>()?;
    (u32::from_le_bytes(*crc) == crc32fast::hash(value)).then_some(value)
}

/// Takes the value of a named record out of its envelope.
pub(super) fn value(tree: Tree, key: &[u8], record: &[u8]) -> Result<Vec<u8>, StoreError> {
    match unseal(record) {
        Some(value) => Ok(value.to_vec()),
        None => Err(damaged(tree, key)),
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

    #[test]
    fn any_flipped_bit_is_noticed() {
        let record = seal(b"{\"name\":\"kitchen\"}");
        assert_eq!(unseal(&record), Some(b"{\"name\":\"kitchen\"}".as_slice()));
        for bit in 0..record.len() * 8 {
            let mut bad = record.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(&bad), None, "bit {bit}");
        }
        assert_eq!(unseal(&record[..3]), None);
    }
}
