//! The RSA keys of RSA-AES: a length in bits, the modulus, the exponent, both as long as the modulus.

use super::Link;
use crate::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{
    KeySize, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey, PublicKeyComponents,
};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError};

const STAGE: Stage = Stage::Tls;

/// The exponent of every key we make.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// The server's key.
pub struct ServerKey {
    /// Its modulus' length in bits.
    pub bits: u32,
    /// As it was sent.
    pub wire: Vec<u8>,
    key: Pkcs1PublicEncryptingKey,
}

impl ServerKey {
    /// Reads it.
    pub async fn read(link: &mut Link) -> Result<Self, SessionError> {
        let bits = link.read_u32(STAGE).await?;
        if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
            let what = format!(
                "shows an RSA key of {bits} bits, where {MIN_RSA_BITS} to {MAX_RSA_BITS} are supported; \
                 make it another key"
            );
            return Err(link.fail(STAGE, FailureKind::Protocol, &what));
        }
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or_default();
        let mut wire = bits.to_be_bytes().to_vec();
        let start = wire.len();
        wire.resize(start + 2 * length, 0);
        let numbers = wire.get_mut(start..).unwrap_or_default();
        link.read_into(STAGE, numbers).await?;
        let (modulus, exponent) = numbers.split_at_checked(length).unwrap_or_default();
        match public_key(modulus, exponent) {
            Ok(key) if key.key_size_bytes() == length => Ok(Self { bits, wire, key }),
            Ok(_) | Err(_) => {
                let what = "shows an RSA key that is none; look into the server's log";
                Err(link.fail(STAGE, FailureKind::Protocol, what))
            }
        }
    }

    /// Encrypts a few bytes for the server alone (PKCS #1 v1.5).
    pub fn encrypt(&self, bytes: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = vec![0; self.key.ciphertext_size()];
        let length = self.key.encrypt(bytes, &mut sealed)?.len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

fn public_key(modulus: &[u8], exponent: &[u8]) -> Result<Pkcs1PublicEncryptingKey, Unspecified> {
    let components = PublicKeyComponents {
        n: without_zeros(modulus),
        e: without_zeros(exponent),
    };
    // By way of this form, because only there the numbers are checked.
    let form: PublicKeyX509Der<'_> = components.as_der()?;
    let key = PublicEncryptingKey::from_der(form.as_ref()).map_err(|_| Unspecified)?;
    Pkcs1PublicEncryptingKey::new(key)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Our key, made for one sign-in.
pub struct OurKey {
    /// As it is sent.
    pub wire: Vec<u8>,
    key: Pkcs1PrivateDecryptingKey,
}

impl OurKey {
    /// Makes one as long as the server's, which some servers expect, where that takes no more than a second or two.
    pub fn generate(server_bits: u32) -> Result<Self, Unspecified> {
        let (bits, size) = match server_bits {
            3072 => (3072, KeySize::Rsa3072),
            4096 => (4096, KeySize::Rsa4096),
            _ => (2048_u32, KeySize::Rsa2048),
        };
        let key = PrivateDecryptingKey::generate(size)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
        // This form ends with the modulus, then the exponent behind its type and its length.
        let modulus = public
            .as_ref()
            .strip_suffix(&EXPONENT)
            .and_then(|rest| rest.strip_suffix(&[2, 3]))
            .and_then(|rest| rest.rchunks(key.key_size_bytes()).next())
            .ok_or(Unspecified)?;
        let padding = modulus.len().saturating_sub(EXPONENT.len());
        let mut wire = bits.to_be_bytes().to_vec();
        wire.extend(modulus);
        wire.extend(std::iter::repeat_n(0, padding));
        wire.extend(EXPONENT);
        Ok(Self {
            wire,
            key: Pkcs1PrivateDecryptingKey::new(key)?,
        })
    }

    /// How long what was encrypted for this key is.
    pub fn sealed_bytes(&self) -> usize {
        self.key.key_size_bytes()
    }

    /// Decrypts what was encrypted for this key.
    pub fn decrypt(&self, sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut bytes = vec![0; self.key.min_output_size()];
        let length = self.key.decrypt(sealed, &mut bytes)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_ours_opens_what_is_sealed_for_its_wire_form() {
        let ours = OurKey::generate(2048).unwrap();
        assert_eq!(ours.wire.len(), 4 + 256 + 256);
        let (modulus, exponent) = ours.wire[4..].split_at(256);
        let key = public_key(modulus, exponent).unwrap();
        let mut sealed = vec![0; 256];
        key.encrypt(b"sixteen bytes it", &mut sealed).unwrap();
        assert_eq!(ours.decrypt(&sealed).unwrap(), b"sixteen bytes it");
        assert!(ours.decrypt(&sealed[..255]).is_err());
    }

    #[test]
    fn numbers_that_are_no_key_are_refused() {
        let mut odd = vec![0xff; 256];
        for (modulus, exponent) in [
            (&[0; 256][..], &EXPONENT[..]),
            (&[], &EXPONENT),
            (&[0xff; 255], &[]),
            (&odd, &[0]),
            (&odd, &[1]),
            (&odd, &[2]),
            (&odd, &[0xff; 256]),
        ] {
            assert!(public_key(modulus, exponent).is_err(), "{exponent:?}");
        }
        odd[255] = 0;
        assert!(public_key(&odd, &EXPONENT).is_err(), "an even modulus");
    }
}
