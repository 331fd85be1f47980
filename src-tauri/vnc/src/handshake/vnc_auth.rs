//! The VNC password (RFC 6143, section 7.2.2): DES over a challenge. Weak, and what most servers have.

use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

/// Answers a challenge. Only the first eight bytes of the password count, as everywhere.
pub fn respond(password: &str, challenge: [u8; 16]) -> [u8; 16] {
    let mut key = [0; 8];
    for (to, from) in key.iter_mut().zip(password.bytes()) {
        *to = from;
    }
    let cipher = cipher(key);
    let mut response = challenge;
    for part in response.as_chunks_mut::<8>().0 {
        let mut block = (*part).into();
        cipher.encrypt_block(&mut block);
        *part = block.into();
    }
    response
}

/// DES with this key. VNC has always fed it the bits of each byte in reverse.
pub fn cipher(key: [u8; 8]) -> Des {
    Des::new(&key.map(u8::reverse_bits).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_challenge_has_a_known_answer() {
        // From `openssl enc -des-ecb` with the bits of each key byte reversed.
        let challenge: [u8; 16] = std::array::from_fn(|position| position as u8);
        let short = respond("secret12", challenge);
        assert_eq!(short, respond("secret12 and more", challenge));
        assert_ne!(short, respond("secret1", challenge));
        assert_eq!(short, KNOWN);
    }

    const KNOWN: [u8; 16] = [
        0xad, 0xcd, 0x99, 0x7f, 0x8e, 0x16, 0xfe, 0xe5, 0x75, 0xe9, 0x73, 0xf9, 0x3c, 0x2b, 0x62,
        0xb4,
    ];
}
