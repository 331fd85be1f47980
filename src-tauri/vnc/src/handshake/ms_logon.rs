//! MS-Logon II, UltraVNC's sign-in to Windows accounts (rfbproto, "MSLogonII Authentication", type 113).
//!
//! A secret of 64 bits is found within seconds by whoever listens, so this protects next to nothing.

use super::apple::write_text;
use super::sign_in::{account, too_long};
use super::{Link, dh, vnc_auth};
use des::Des;
use des::cipher::BlockCipherEncrypt;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};

const STAGE: Stage = Stage::Auth;

/// Room for an account's name, with the NUL at its end.
const NAME_BYTES: usize = 256;
/// Room for a password, with the NUL at its end.
const PASSWORD_BYTES: usize = 64;

/// Sends account and password.
pub async fn sign_in(link: &mut Link, start: &Start) -> Result<(), SessionError> {
    let (username, password) = account(link, start)?;
    let (mut name_field, mut password_field) = ([0; NAME_BYTES], [0; PASSWORD_BYTES]);
    let broken = |link: &Link| {
        let what = "could not be signed in to: the system gave no random bytes; try again";
        link.fail(STAGE, FailureKind::Protocol, what)
    };
    for (field, text, what) in [
        (&mut name_field[..], username, "account name"),
        (&mut password_field, password, "password"),
    ] {
        aws_lc_rs::rand::fill(field).map_err(|_| broken(link))?;
        let room = field.len().saturating_sub(1);
        write_text(field, text).ok_or_else(|| too_long(link, what, room))?;
    }
    let [generator, modulus, public] = *link.read::<24>(STAGE).await?.as_chunks::<8>().0 else {
        return Err(broken(link));
    };
    let Some(offer) = dh::Offer::new(&generator, &modulus, &public) else {
        let what = "offers numbers of which no secret can come, so nothing was sent; somebody may stand in between";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    };
    let answer = offer.answer().ok_or_else(|| broken(link))?;
    let Some(&shared) = answer.shared.first_chunk() else {
        return Err(broken(link));
    };
    let cipher = vnc_auth::cipher(shared);
    seal(&cipher, shared, &mut name_field);
    seal(&cipher, shared, &mut password_field);
    let message = [&answer.public[..], &name_field, &password_field].concat();
    link.write(STAGE, &message).await
}

/// DES over a field, each block mixed with the one before; the secret is before the first.
fn seal(cipher: &Des, secret: [u8; 8], field: &mut [u8]) {
    let mut before = secret;
    for part in field.as_chunks_mut::<8>().0 {
        for (byte, other) in part.iter_mut().zip(before) {
            *byte ^= other;
        }
        let mut block = (*part).into();
        cipher.encrypt_block(&mut block);
        *part = block.into();
        before = *part;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_has_a_known_answer() {
        // From `openssl enc -des-cbc -nopad` with the bits of each key byte reversed, and the secret as it is as the
        // vector before the first block, over 16 As.
        let secret = *b"a secret";
        let mut field = [b'A'; 16];
        seal(&vnc_auth::cipher(secret), secret, &mut field);
        assert_eq!(field, KNOWN);
    }

    const KNOWN: [u8; 16] = [
        0x90, 0x6a, 0x63, 0x12, 0x4c, 0x71, 0x0b, 0x6e, 0x1a, 0xaa, 0x14, 0x3c, 0x2e, 0xeb, 0x28,
        0xd3,
    ];
}
