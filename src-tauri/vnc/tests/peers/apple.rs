//! A Mac's half of security type 30.

use super::{Pipe, take, text};
use openssl::bn::{BigNum, BigNumContext};
use openssl::hash::{MessageDigest, hash};
use openssl::symm::{Cipher, Crypter, Mode};
use tokio::io::AsyncWriteExt;

/// Speaks it over the well-known prime of 2048 or 4096 bits (RFC 3526); answers the account and the password.
pub async fn serve(pipe: &mut impl Pipe, prime_bytes: usize) -> (String, String) {
    let prime = match prime_bytes {
        256 => BigNum::get_rfc3526_prime_2048().unwrap(),
        512 => BigNum::get_rfc3526_prime_4096().unwrap(),
        _ => panic!("no such prime"),
    };
    let mut context = BigNumContext::new().unwrap();
    let generator = BigNum::from_u32(5).unwrap();
    let mut secret = BigNum::new().unwrap();
    prime.rand_range(&mut secret).unwrap();
    let mut public = BigNum::new().unwrap();
    public
        .mod_exp(&generator, &secret, &prime, &mut context)
        .unwrap();
    let length = prime_bytes as i32;
    let mut offer = vec![0, 5];
    offer.extend((prime_bytes as u16).to_be_bytes());
    offer.extend(prime.to_vec_padded(length).unwrap());
    offer.extend(public.to_vec_padded(length).unwrap());
    pipe.write_all(&offer).await.unwrap();

    let sealed = take(pipe, 128).await;
    let theirs = BigNum::from_slice(&take(pipe, prime_bytes).await).unwrap();
    let mut shared = BigNum::new().unwrap();
    shared
        .mod_exp(&theirs, &secret, &prime, &mut context)
        .unwrap();
    let key = hash(MessageDigest::md5(), &shared.to_vec_padded(length).unwrap()).unwrap();
    let mut crypter = Crypter::new(Cipher::aes_128_ecb(), Mode::Decrypt, &key, None).unwrap();
    crypter.pad(false);
    let mut open = vec![0; 128 + 16];
    let count = crypter.update(&sealed, &mut open).unwrap();
    assert_eq!(count, 128);
    (text(&open[..64]), text(&open[64..128]))
}
