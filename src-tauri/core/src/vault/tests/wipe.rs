//! What is left in memory of the key and of secrets after they were used.

use super::{CONTEXT, no_key_store, open_store};
use crate::vault::Vault;
use farwire_model::secret::Secret;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use zeroize::{Zeroize, Zeroizing};

/// Hides what is looked for from the search itself.
const MASK: u8 = 0x5a;

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

/// Whether bytes are anywhere in the memory that this process can write.
fn is_in_memory(wanted: &[u8]) -> bool {
    const CHUNK: usize = 1 << 20;
    let memory = File::open("/proc/self/mem").unwrap();
    let mut chunk = Zeroizing::new(vec![0; CHUNK + wanted.len()]);
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split(' ');
        let (begin, end) = words.next().unwrap().split_once('-').unwrap();
        if !words.next().unwrap().starts_with("rw") {
            continue;
        }
        let [begin, end] = [begin, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        for at in (begin..end).step_by(CHUNK) {
            let length = usize::try_from(end - at).unwrap().min(chunk.len());
            // What is not there to read, such as a stack that just went away, holds nothing.
            if memory.read_exact_at(&mut chunk[..length], at).is_err() {
                continue;
            }
            let first = wanted[0] ^ MASK;
            let mut rest = &chunk[..length];
            while let Some(found) = rest.iter().position(|&byte| byte == first) {
                rest = &rest[found..];
                let is_it = rest.len() >= wanted.len()
                    && rest
                        .iter()
                        .zip(wanted)
                        .all(|(byte, other)| byte ^ MASK == *other);
                if is_it {
                    return true;
                }
                rest = &rest[1..];
            }
        }
        chunk.zeroize();
        chunk.resize(CHUNK + wanted.len(), 0);
    }
    false
}

#[tokio::test]
async fn nothing_of_a_locked_vault_is_left_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::with_keyring(open_store(dir.path()), no_key_store());
    let passphrase = || Secret::new("correct horse");
    vault.unlock_with_passphrase(passphrase()).await.unwrap();
    let key = masked(vault.key().unwrap().expose());
    // Unlike any text of the program, and never whole but in its wrapper.
    let text = masked(b"Kanarienvogel in memory");
    let secret = || {
        let plain = text.iter().map(|byte| char::from(byte ^ MASK));
        let mut whole = String::with_capacity(text.len());
        whole.extend(plain);
        Secret::new(whole)
    };
    let given = secret();
    let sealed = vault.seal(CONTEXT, &given).unwrap();
    drop(given);
    let opened = vault.open(CONTEXT, &sealed).unwrap();
    assert!(is_in_memory(&text) && is_in_memory(&key));
    drop(opened);
    vault.lock();
    assert!(!is_in_memory(&text), "the secret");
    assert!(!is_in_memory(&key), "the master key");
    // The way from the passphrase leaves nothing either.
    vault.unlock_with_passphrase(passphrase()).await.unwrap();
    assert!(is_in_memory(&key));
    vault.lock();
    assert!(!is_in_memory(&key), "the master key after unlocking");
}
