//! Diffie-Hellman over a server's numbers: what the sign-ins of Macs and of UltraVNC share.

use num_bigint::BigUint;

/// The private number's length. Twice the 128 bits of the key that is made would do; it bounds what a long prime costs.
const SECRET_BYTES: usize = 64;

/// A server's side of the exchange.
#[derive(Clone, Debug)]
pub struct Offer {
    generator: BigUint,
    prime: BigUint,
    public: BigUint,
    /// How long the numbers are on the wire.
    length: usize,
}

/// Our side of it.
pub struct Answer {
    /// Our public number, as long as the prime.
    pub public: Vec<u8>,
    /// The secret both know, as long as the prime.
    pub shared: Vec<u8>,
}

impl Offer {
    /// Takes a server's numbers, big-endian; `None` when no secret could come of them.
    ///
    /// 0, 1 and the prime less 1 as public numbers leave two secrets at most, which anybody could try.
    pub fn new(generator: &[u8], prime: &[u8], public: &[u8]) -> Option<Self> {
        let length = prime.len();
        let [generator, prime, public] = [generator, prime, public].map(BigUint::from_bytes_be);
        let two = BigUint::from(2_u8);
        if prime <= BigUint::from(4_u8) || !prime.bit(0) {
            return None;
        }
        let last = &prime - &two;
        let is_sound = |number: &BigUint| *number >= two && *number <= last;
        (is_sound(&generator) && is_sound(&public)).then_some(Self {
            generator,
            prime,
            public,
            length,
        })
    }

    /// Draws a private number and works both results out. Takes some ten milliseconds at most.
    ///
    /// `None` when the system gives no random bytes.
    pub fn answer(&self) -> Option<Answer> {
        let mut secret = vec![0; self.length.min(SECRET_BYTES)];
        aws_lc_rs::rand::fill(&mut secret).ok()?;
        let secret = BigUint::from_bytes_be(&secret);
        let power = |base: &BigUint| {
            let bytes = base.modpow(&secret, &self.prime).to_bytes_be();
            let mut padded = vec![0; self.length.saturating_sub(bytes.len())];
            padded.extend(bytes);
            padded
        };
        Some(Answer {
            public: power(&self.generator),
            shared: power(&self.public),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_secret_are_refused() {
        for (generator, prime, public, is_sound) in [
            (5, 23, 8, true),
            (5, 23, 2, true),
            (5, 23, 21, true),
            (5, 23, 0, false),
            (5, 23, 1, false),
            (5, 23, 22, false),
            (5, 23, 23, false),
            (0, 23, 8, false),
            (1, 23, 8, false),
            (22, 23, 8, false),
            (5, 22, 8, false),
            (1, 1, 1, false),
            (0, 0, 0, false),
            (2, 3, 2, false),
        ] {
            let offer = Offer::new(&[generator], &[prime], &[public]);
            assert_eq!(offer.is_some(), is_sound, "{generator} {prime} {public}");
        }
    }

    #[test]
    fn both_sides_come_to_the_same_secret() {
        // 2^127 - 1, whose powers are shorter than it now and then.
        let prime = (1_u128 << 127) - 1;
        let mut bytes = vec![0; 4];
        bytes.extend(prime.to_be_bytes());
        let power = |base: &BigUint, exponent: u32| {
            base.modpow(&BigUint::from(exponent), &BigUint::from(prime))
        };
        let public = power(&BigUint::from(3_u8), 77).to_bytes_be();
        let offer = Offer::new(&[3], &bytes, &public).unwrap();
        let answer = offer.answer().unwrap();
        assert_eq!((answer.public.len(), answer.shared.len()), (20, 20));
        let theirs = power(&BigUint::from_bytes_be(&answer.public), 77);
        assert_eq!(BigUint::from_bytes_be(&answer.shared), theirs);
    }
}
