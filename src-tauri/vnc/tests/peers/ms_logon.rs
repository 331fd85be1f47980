//! UltraVNC's half of security type 113.

use super::{Pipe, take, text};
use openssl::provider::Provider;
use openssl::symm::{Cipher, Crypter, Mode};
use tokio::io::AsyncWriteExt;

/// A prime below 2^31, as long as UltraVNC makes them.
const PRIME: u64 = 2_147_483_647;
const GENERATOR: u64 = 7;
const SECRET: u64 = 1_234_567_891;

/// Speaks it; answers the account and the password.
pub async fn serve(pipe: &mut impl Pipe) -> (String, String) {
    for number in [GENERATOR, PRIME, power(GENERATOR, SECRET)] {
        pipe.write_all(&number.to_be_bytes()).await.unwrap();
    }
    let answer = take(pipe, 8 + 256 + 64).await;
    let public = u64::from_be_bytes(answer[..8].try_into().unwrap());
    let shared = power(public, SECRET).to_be_bytes();
    let name = open(&answer[8..264], shared);
    let password = open(&answer[264..], shared);
    (text(&name), text(&password))
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let times = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64;
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent /= 2;
    }
    result
}

fn open(sealed: &[u8], secret: [u8; 8]) -> Vec<u8> {
    // Single DES is among what OpenSSL calls legacy.
    let _legacy = Provider::try_load(None, "legacy", true).unwrap();
    let key = secret
        .map(|byte| (0..8).fold(0, |reversed, bit| reversed | (byte >> bit & 1) << (7 - bit)));
    let mut crypter = Crypter::new(Cipher::des_cbc(), Mode::Decrypt, &key, Some(&secret)).unwrap();
    crypter.pad(false);
    let mut open = vec![0; sealed.len() + 8];
    let count = crypter.update(sealed, &mut open).unwrap();
    open.truncate(count);
    open
}
