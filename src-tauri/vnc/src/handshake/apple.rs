//! Signing in to an account by Diffie-Hellman, as Macs have it (rfbproto, "Diffie-Hellman Authentication", type 30).
//!
//! Only what is sent here is encrypted, and the machine proves nothing: whoever stands in between learns the password.

use super::sign_in::{account, too_long};
use super::{Link, dh};
use crate::limits::{MAX_PRIME_BYTES, MIN_PRIME_BYTES};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, UnboundCipherKey};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use md5::{Digest, Md5};

const STAGE: Stage = Stage::Auth;

/// Room for a name or a password, with the NUL at its end.
const FIELD_BYTES: usize = 64;

/// Sends account and password.
pub async fn sign_in(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let (username, password) = account(link, start)?;
    let mut fields = [[0; FIELD_BYTES]; 2];
    let broken = |link: &Link| {
        let what = "could not be signed in to: the system gave no random bytes; try again";
        link.fail(STAGE, FailureKind::Protocol, what)
    };
    aws_lc_rs::rand::fill(fields.as_flattened_mut()).map_err(|_| broken(link))?;
    for (field, (text, what)) in fields
        .iter_mut()
        .zip([(username, "account name"), (password, "password")])
    {
        write_text(field, text).ok_or_else(|| too_long(link, what, FIELD_BYTES - 1))?;
    }
    let [g0, g1, l0, l1] = link.read(STAGE).await?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if !(MIN_PRIME_BYTES..=MAX_PRIME_BYTES).contains(&length) {
        let what = format!(
            "wants to agree on a secret over a prime of {length} bytes, where {MIN_PRIME_BYTES} to {MAX_PRIME_BYTES} \
             can be right; sign in another way"
        );
        return Err(link.fail(STAGE, FailureKind::Protocol, &what));
    }
    let (mut prime, mut public) = (vec![0; length], vec![0; length]);
    link.read_into(STAGE, &mut prime).await?;
    link.read_into(STAGE, &mut public).await?;
    let Some(offer) = dh::Offer::new(&[g0, g1], &prime, &public) else {
        let what = "offers numbers of which no secret can come, so nothing was sent; somebody may stand in between";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    };
    let sealed = tokio::task::spawn_blocking(move || {
        let answer = offer.answer()?;
        seal(&mut fields, &answer.shared)?;
        Some([fields.as_flattened(), &answer.public].concat())
    });
    match sealed.await {
        Ok(Some(message)) => link.write(STAGE, &message).await,
        Ok(None) | Err(_) => Err(broken(link)),
    }
}

/// Puts text and a NUL over a field's random bytes; `None` when it has not the room.
pub fn write_text(field: &mut [u8], text: &str) -> Option<()> {
    let room = field.get_mut(..=text.len())?;
    let (end, text_room) = room.split_last_mut()?;
    text_room.copy_from_slice(text.as_bytes());
    *end = 0;
    Some(())
}

/// AES-128 over the fields, each block for itself, under the hash of the secret.
fn seal(fields: &mut [[u8; FIELD_BYTES]; 2], shared: &[u8]) -> Option<()> {
    let key = UnboundCipherKey::new(&AES_128, &Md5::digest(shared)).ok()?;
    let key = EncryptingKey::ecb(key).ok()?;
    key.encrypt(fields.as_flattened_mut()).ok()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_needs_room_for_its_end() {
        let mut field = [7; 4];
        assert_eq!(write_text(&mut field, "ab"), Some(()));
        assert_eq!(field, *b"ab\0\x07");
        assert_eq!(write_text(&mut field, "abc"), Some(()));
        assert_eq!(write_text(&mut field, "abcd"), None);
    }

    #[test]
    fn a_known_secret_has_a_known_answer() {
        // From `openssl enc -aes-128-ecb -nopad -K $(printf secret | openssl dgst -md5 -r | cut -c1-32)` over 128 As.
        let mut fields = [[b'A'; FIELD_BYTES]; 2];
        seal(&mut fields, b"secret").unwrap();
        assert_eq!(fields.as_flattened()[..16], KNOWN);
        assert_eq!(fields.as_flattened()[112..], KNOWN);
    }

    const KNOWN: [u8; 16] = [
        0x45, 0x15, 0xf9, 0x64, 0x71, 0xca, 0xdc, 0x55, 0x5a, 0xed, 0x39, 0x2a, 0x98, 0x5d, 0xaf,
        0xe8,
    ];
}
