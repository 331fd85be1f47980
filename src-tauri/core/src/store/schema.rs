//! What a store says about itself: the schema of its records, who wrote it last, and its identity.

use super::batch::{Batch, Tree};
use super::engine::Engine;
use super::error::StoreError;

/// The schema this build reads and writes.
///
/// A build that raises it converts older stores in [`prepare`]: after a backup, in one batch that also sets the new number.
///
/// | schema | what it brought |
/// | --- | --- |
/// | 1 | the first released one |
/// | 2 | the trees of history and answers; no older record changed |
/// | 3 | shared credentials, which an older build would leave under the old key when it replaces the master key |
pub const SCHEMA_VERSION: u32 = 3;

/// Where in [`Tree::Meta`] the store's identity is: 32 hexadecimal digits as a JSON string. Restoring and importing keep it.
pub const META_STORE_UUID: &str = "store_uuid";

const META_SCHEMA: &str = "schema_version";
const META_APP: &str = "app_version";

/// The number of the newest batch, to compare with the witness.
pub(super) const META_SEQUENCE: &str = "sequence";

/// The application's version, as stores and exports name it.
pub(super) const APP_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether a record of [`Tree::Meta`] belongs to the store itself and is no part of an export.
pub(super) fn is_own(tree: Tree, key: &str) -> bool {
    tree == Tree::Meta && [META_SCHEMA, META_APP, META_STORE_UUID, META_SEQUENCE].contains(&key)
}

/// Refuses a schema newer than this build knows.
pub(super) fn check(found: u32) -> Result<(), StoreError> {
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema {
            found,
            supported: SCHEMA_VERSION,
        });
    }
    Ok(())
}

/// The schema of the store's records; `None` in a new store.
///
/// # Errors
/// `NewerSchema`, or it cannot be read.
pub(super) fn version(engine: &Engine) -> Result<Option<u32>, StoreError> {
    let found = read(engine, META_SCHEMA)?;
    found.map_or(Ok(()), check)?;
    Ok(found)
}

/// What has to be written before the store is used.
pub(super) fn prepare(engine: &Engine) -> Result<Batch, StoreError> {
    let mut batch = Batch::new();
    if version(engine)? != Some(SCHEMA_VERSION) {
        // From 1 to 3 there is nothing to convert.
        put(&mut batch, META_SCHEMA, SCHEMA_VERSION);
    }
    if read::<String>(engine, META_APP)?.as_deref() != Some(APP_VERSION) {
        put(&mut batch, META_APP, APP_VERSION);
    }
    if read::<String>(engine, META_STORE_UUID)?.is_none() {
        put_uuid(&mut batch, &new_uuid()?);
    }
    Ok(batch)
}

/// The store's identity.
pub(super) fn uuid(engine: &Engine) -> Result<String, StoreError> {
    Ok(read(engine, META_STORE_UUID)?.unwrap_or_default())
}

/// The number of the newest batch.
pub(super) fn sequence(engine: &Engine) -> Result<u64, StoreError> {
    Ok(read(engine, META_SEQUENCE)?.unwrap_or_default())
}

/// Gives the store an identity.
pub(super) fn put_uuid(batch: &mut Batch, uuid: &str) {
    put(batch, META_STORE_UUID, uuid);
}

fn new_uuid() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::failed("naming")(std::io::Error::other(error)))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn read<T: serde::de::DeserializeOwned>(
    engine: &Engine,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = engine.get(Tree::Meta, key)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| StoreError::failed("reading")(error.into()))
}

fn put(batch: &mut Batch, key: &str, value: impl Into<serde_json::Value>) {
    batch.put(Tree::Meta, key, value.into().to_string().into_bytes());
}
