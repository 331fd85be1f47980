//! AES-EAX over numbered messages, as RSA-AES uses it (Bellare, Rogaway and Wagner, "The EAX Mode of Operation").

use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::cmac::{self, Context};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::Unspecified;

/// The bytes that prove a message, after it.
pub const PROOF_BYTES: usize = 16;

/// One direction of a link: a key, and which message comes next.
pub struct Eax {
    cipher: EncryptingKey,
    mac: cmac::Key,
    /// INVARIANT: never the same for two messages; little-endian it is what EAX calls the nonce.
    next: u128,
}

impl Eax {
    /// Starts with the first message. The key has 16 or 32 bytes.
    pub fn new(key: &[u8]) -> Result<Self, Unspecified> {
        let (cipher, mac) = match key.len() {
            16 => (&cipher::AES_128, cmac::AES_128),
            _ => (&cipher::AES_256, cmac::AES_256),
        };
        Ok(Self {
            cipher: EncryptingKey::ctr(UnboundCipherKey::new(cipher, key)?)?,
            mac: cmac::Key::new(mac, key)?,
            next: 0,
        })
    }

    /// Encrypts the next message in place. `header` is proven with it.
    pub fn seal(
        &mut self,
        header: &[u8],
        message: &mut [u8],
    ) -> Result<[u8; PROOF_BYTES], Unspecified> {
        let nonce = self.nonce()?;
        self.apply(nonce, message)?;
        self.proof(nonce, header, message)
    }

    /// Decrypts the next message in place, unless it or its header was changed or it is not the next.
    pub fn open(
        &mut self,
        header: &[u8],
        message: &mut [u8],
        proof: &[u8],
    ) -> Result<(), Unspecified> {
        let nonce = self.nonce()?;
        verify_slices_are_equal(&self.proof(nonce, header, message)?, proof)?;
        self.apply(nonce, message)
    }

    fn nonce(&mut self) -> Result<[u8; PROOF_BYTES], Unspecified> {
        let number = self.next;
        self.next = number.checked_add(1).ok_or(Unspecified)?;
        self.hash(0, &number.to_le_bytes())
    }

    fn apply(&self, nonce: [u8; PROOF_BYTES], message: &mut [u8]) -> Result<(), Unspecified> {
        if !message.is_empty() {
            let start = EncryptionContext::Iv128(nonce.into());
            self.cipher.less_safe_encrypt(message, start)?;
        }
        Ok(())
    }

    fn proof(
        &self,
        nonce: [u8; PROOF_BYTES],
        header: &[u8],
        sealed: &[u8],
    ) -> Result<[u8; PROOF_BYTES], Unspecified> {
        let (header, sealed) = (self.hash(1, header)?, self.hash(2, sealed)?);
        let mut proof = nonce;
        for ((byte, header), sealed) in proof.iter_mut().zip(header).zip(sealed) {
            *byte ^= header ^ sealed;
        }
        Ok(proof)
    }

    /// CMAC over a number of the size of a block, which tells the three uses apart, and the bytes.
    fn hash(&self, which: u8, bytes: &[u8]) -> Result<[u8; PROOF_BYTES], Unspecified> {
        let mut block = [0; PROOF_BYTES];
        let [.., last] = &mut block;
        *last = which;
        let mut context = Context::with_key(&self.mac);
        context.update(&block)?;
        context.update(bytes)?;
        let tag = context.sign()?;
        tag.as_ref().try_into().map_err(|_| Unspecified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_numbered_and_proven() {
        for key in [&[7; 16][..], &[7; 32]] {
            let (mut ours, mut theirs) = (Eax::new(key).unwrap(), Eax::new(key).unwrap());
            for message in [&b"one"[..], b"", b"one", &[9; 70_000]] {
                let mut bytes = message.to_vec();
                let proof = ours.seal(b"hd", &mut bytes).unwrap();
                theirs.open(b"hd", &mut bytes, &proof).unwrap();
                assert_eq!(bytes, message);
            }
        }
    }

    #[test]
    fn what_was_changed_left_out_or_repeated_is_refused() {
        let key = [7; 16];
        let sealed = |number: u128| {
            let mut eax = Eax::new(&key).unwrap();
            eax.next = number;
            let mut bytes = *b"four";
            let proof = eax.seal(b"hd", &mut bytes).unwrap();
            (bytes, proof)
        };
        let (bytes, proof) = sealed(0);
        let open = |header: &[u8], mut bytes: [u8; 4], proof: &[u8]| {
            Eax::new(&key)
                .unwrap()
                .open(header, &mut bytes, proof)
                .is_ok()
        };
        assert!(open(b"hd", bytes, &proof));
        assert!(!open(b"hx", bytes, &proof));
        assert!(!open(b"hd", *b"xxxx", &proof));
        assert!(!open(b"hd", bytes, &[0; 16]));
        assert!(!open(b"hd", bytes, &proof[..15]));
        let (later, later_proof) = sealed(1);
        assert!(!open(b"hd", later, &later_proof));
        let mut spent = Eax::new(&key).unwrap();
        spent.next = u128::MAX;
        assert!(spent.seal(b"hd", &mut [0; 4]).is_err());
    }

    #[test]
    fn the_first_message_is_sealed_as_the_paper_says() {
        // The paper's first test has a nonce that is no number of ours, so only the parts are compared: the proof of
        // an empty message is the exclusive or of the three hashes.
        let mut eax = Eax::new(&[
            0x23, 0x39, 0x52, 0xde, 0xe4, 0xd5, 0xed, 0x5f, 0x9b, 0x9c, 0x6d, 0x6f, 0xf8, 0x0f,
            0xf4, 0x78,
        ])
        .unwrap();
        eax.next = u128::from_le_bytes([
            0x62, 0xec, 0x67, 0xf9, 0xc3, 0xa4, 0xa4, 0x07, 0xfc, 0xb2, 0xa8, 0xc4, 0x90, 0x31,
            0xa8, 0xb3,
        ]);
        let header = [0x6b, 0xfb, 0x91, 0x4f, 0xd0, 0x7e, 0xae, 0x6b];
        let proof = eax.seal(&header, &mut []).unwrap();
        assert_eq!(
            proof,
            [
                0xe0, 0x37, 0x83, 0x0e, 0x83, 0x89, 0xf2, 0x7b, 0x02, 0x5a, 0x2d, 0x65, 0x27, 0xe7,
                0x9d, 0x01
            ]
        );
    }
}
