//! The master key sealed by a passphrase: argon2id makes a key of the passphrase, and that key seals the master key.

use super::error::VaultError;
use super::seal::{KEY_BYTES, SealingKey, fill_random};
use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64, Encoding};
use farwire_model::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Where in the vault's tree the sealed master key is.
pub(crate) const RECORD: &str = "passphrase";

const VERSION: u32 = 1;
const KDF: &str = "argon2id";
const SALT_BYTES: usize = 16;

/// 64 MiB and three passes: some 150 ms on a desktop, and too much memory for many guesses at once.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// Limits for what a record may ask for: it may come from an imported file, and must not take the machine down.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 20;
const MAX_LANES: u32 = 16;

/// The master key sealed by a passphrase, as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedKey {
    #[serde(flatten)]
    header: Header,
    /// The sealed master key in base64: format byte, nonce, ciphertext. The header is authenticated with it.
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

impl SealedKey {
    /// Seals the master key. Takes as long as one guess at the passphrase is meant to take.
    pub(super) fn seal(master: &SealingKey, passphrase: &Secret) -> Result<Self, VaultError> {
        let mut salt = [0; SALT_BYTES];
        fill_random(&mut salt)?;
        let header = Header {
            version: VERSION,
            kdf: KDF.to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: Base64::encode_string(&salt),
        };
        let sealed = header
            .derive(passphrase)?
            .seal(&header.context(), master.expose())?;
        Ok(Self {
            header,
            sealed: Base64::encode_string(&sealed),
        })
    }

    /// Opens the master key.
    pub(super) fn open(&self, passphrase: &Secret) -> Result<SealingKey, VaultError> {
        let bad_record = VaultError::BadRecord { record: RECORD };
        if self.header.version != VERSION || self.header.kdf != KDF {
            return Err(bad_record);
        }
        let sealed = Base64::decode_vec(&self.sealed).map_err(|_| bad_record.clone())?;
        let master = self
            .header
            .derive(passphrase)?
            .open(&self.header.context(), &sealed)
            .map_err(|_| VaultError::WrongPassphrase)?;
        SealingKey::from_bytes(&master).ok_or(bad_record)
    }

    /// The record's bytes.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, VaultError> {
        serde_json::to_vec(self)
            .map_err(|error| VaultError::system("writing the sealed key", error))
    }

    /// A record from its bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        serde_json::from_slice(bytes).map_err(|_| VaultError::BadRecord { record: RECORD })
    }
}

impl Header {
    fn derive(&self, passphrase: &Secret) -> Result<SealingKey, VaultError> {
        let bad_record = || VaultError::BadRecord { record: RECORD };
        if self.memory_kib > MAX_MEMORY_KIB || self.passes > MAX_PASSES || self.lanes > MAX_LANES {
            return Err(bad_record());
        }
        let salt = Base64::decode_vec(&self.salt).map_err(|_| bad_record())?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES))
            .map_err(|_| bad_record())?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, key.as_mut_slice())
            .map_err(|error| VaultError::system("deriving a key", error))?;
        SealingKey::from_bytes(key.as_slice()).ok_or_else(bad_record)
    }

    fn context(&self) -> Vec<u8> {
        let Self {
            version,
            kdf,
            memory_kib,
            passes,
            lanes,
            salt,
        } = self;
        format!("vault|{RECORD}|{version}|{kdf}|{memory_kib}|{passes}|{lanes}|{salt}").into_bytes()
    }
}
