//! The master key; sealing and opening bytes with XChaCha20-Poly1305.
//!
//! A sealed record is a format byte, a random nonce, and the ciphertext with its tag. The format byte and the context
//! are authenticated with it, so a record moved to another place does not open.

use super::error::VaultError;
use crate::random::hex;
use base64ct::{Base64, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use farwire_model::secret::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

/// How many bytes a key has.
pub(super) const KEY_BYTES: usize = 32;

/// A key that is wiped when dropped and never printed. It has a place of its own: moving the bytes would leave copies on the stack.
pub(super) struct SealingKey(Box<Zeroizing<[u8; KEY_BYTES]>>);

impl SealingKey {
    /// A new random key.
    pub(super) fn generate() -> Result<Self, VaultError> {
        let mut key = Box::new(Zeroizing::new([0; KEY_BYTES]));
        fill_random(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// A key from its bytes; `None` when they are not as many as a key has.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != KEY_BYTES {
            return None;
        }
        let mut key = Box::new(Zeroizing::new([0; KEY_BYTES]));
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The key's bytes. Each call site is a place where the key leaves its wrapper.
    pub(super) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Seals bytes for a place.
    pub(super) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let payload = Payload {
            msg: plain,
            aad: &authenticated(context),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| VaultError::system("sealing", error))?;
        Ok([&[FORMAT], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the same place.
    pub(super) fn open(
        &self,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (format, rest) = sealed.split_first().ok_or(VaultError::Unsealable)?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Unsealable)?;
        if *format != FORMAT {
            return Err(VaultError::Unsealable);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &authenticated(context),
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Unsealable)
    }

    /// Seals a secret for a place; returns text for a record.
    pub(super) fn seal_text(&self, context: &str, secret: &Secret) -> Result<String, VaultError> {
        let sealed = self.seal(context.as_bytes(), secret.expose().as_bytes())?;
        Ok(Base64::encode_string(&sealed))
    }

    /// Opens the text of a record that was sealed for the same place.
    pub(super) fn open_text(
        &self,
        context: &str,
        sealed: impl AsRef<[u8]>,
    ) -> Result<Secret, VaultError> {
        let sealed = std::str::from_utf8(sealed.as_ref())
            .ok()
            .and_then(|text| Base64::decode_vec(text).ok())
            .ok_or(VaultError::Unsealable)?;
        let mut plain = self.open(context.as_bytes(), &sealed)?;
        // Takes the allocation over, so that no copy stays behind.
        match String::from_utf8(std::mem::take(&mut *plain)) {
            Ok(text) => Ok(Secret::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(VaultError::Unsealable)
            }
        }
    }

    /// HMAC-SHA-256 in hexadecimal, keyed with a MAC of the purpose by this key.
    pub(super) fn fingerprint(&self, purpose: &str, bytes: &[u8]) -> String {
        let purpose = [b"fingerprint|", purpose.as_bytes()].concat();
        let key = Zeroizing::new(mac(self.expose(), &purpose));
        hex(&mac(&key, bytes))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.expose().into())
    }
}

fn mac(key: &[u8; KEY_BYTES], bytes: &[u8]) -> [u8; KEY_BYTES] {
    // A short key is filled up with zeros to a block of the hash (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Fills a buffer from the system's random source.
pub(super) fn fill_random(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|error| VaultError::system("drawing random bytes", error))
}

fn authenticated(context: &[u8]) -> Vec<u8> {
    [&[FORMAT], context].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_record_opens_only_unchanged_with_its_key_and_place() {
        let key = SealingKey::generate().unwrap();
        let sealed = key
            .seal(b"1|connection|c_1|vnc.password", b"hunter2")
            .unwrap();
        let opened = key.open(b"1|connection|c_1|vnc.password", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"hunter2");

        let refused = |key: &SealingKey, context: &[u8], sealed: &[u8]| {
            matches!(key.open(context, sealed), Err(VaultError::Unsealable))
        };
        assert!(refused(&key, b"1|connection|c_2|vnc.password", &sealed));
        let other = SealingKey::generate().unwrap();
        assert!(refused(&other, b"1|connection|c_1|vnc.password", &sealed));
        for position in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[position] ^= 1;
            assert!(
                refused(&key, b"1|connection|c_1|vnc.password", &bad),
                "byte {position}"
            );
            let cut = &sealed[..position];
            assert!(
                refused(&key, b"1|connection|c_1|vnc.password", cut),
                "cut at {position}"
            );
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let key = SealingKey::generate().unwrap();
        assert_ne!(
            key.seal(b"c", b"hunter2").unwrap(),
            key.seal(b"c", b"hunter2").unwrap()
        );
    }
}
