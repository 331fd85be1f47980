//! RSA-AES: keys are shown, two random numbers are exchanged under them, and AES covers the rest (rfbproto, "RSA-AES
//! Security Type" and its kin: types 5, 6, 129 and 130, also called RA2).
//!
//! The server's key is its identity. Nothing of ours is sent before a person has accepted it. What is accepted is the
//! hash of the key as it is sent, and, where AES covers the sign-in alone, of `ne` after it: whoever strips the types
//! that keep the session encrypted then meets an identity that nobody has accepted.

use super::Link;
use super::choice::Rsa;
use super::eax::Eax;
use super::rsa_key::{OurKey, ServerKey};
use super::sealed::Sealed;
use super::sign_in::{account, password, too_long};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::error::Unspecified;
use farwire_link::identity::{Shown, check, fingerprint};
use farwire_link::{ByteStream, begin};
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use farwire_model::trust::{Identity, IdentityKind};

const STAGE: Stage = Stage::Tls;

/// Account and password each have a length of one byte.
const MAX_TEXT_BYTES: usize = 255;

/// Signs in; answers the link to go on over, which is sealed where the type covers the session.
pub async fn sign_in(mut link: Link, start: &Start, rsa: Rsa) -> Result<Link, SessionError> {
    begin(&start.events, STAGE).await;
    let theirs = ServerKey::read(&mut link).await?;
    let (suffix, shown) = match rsa.covers_session {
        true => ("", Shown::Key),
        false => ("ne", Shown::KeyForSignIn),
    };
    let identity = Identity {
        kind: IdentityKind::Tls,
        host: start.endpoint.host.clone(),
        port: start.endpoint.port,
        algorithm: format!("RSA {} (RA2{suffix})", theirs.bits),
        fingerprint: fingerprint(&[&theirs.wire, suffix.as_bytes()]),
    };
    check(identity, shown, start).await?;
    let (mut link, [client_hash, server_hash]) = exchange(link, theirs, rsa).await?;
    link.write(STAGE, client_hash.as_ref()).await?;
    let mut shown_hash = vec![0; server_hash.as_ref().len()];
    link.read_into(STAGE, &mut shown_hash).await?;
    if shown_hash != server_hash.as_ref() {
        let what =
            "saw other keys than were sent, so no password was: somebody may stand in between";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    }
    begin(&start.events, Stage::Auth).await;
    credentials(&mut link, start).await?;
    Ok(match rsa.covers_session {
        true => link.map(|sealed| Box::new(sealed) as Box<dyn ByteStream>),
        false => link.map(Sealed::into_inner),
    })
}

/// Agrees on keys; answers the sealed link, and the hashes that prove both saw the same: ours, then the server's.
async fn exchange(
    mut link: Link,
    theirs: ServerKey,
    rsa: Rsa,
) -> Result<(Link<Sealed>, [Digest; 2]), SessionError> {
    let mut ours_random = vec![0; if rsa.is_256 { 32 } else { 16 }];
    let bits = theirs.bits;
    // Finding primes takes a moment.
    let made = tokio::task::spawn_blocking(move || OurKey::generate(bits)).await;
    let sealed =
        aws_lc_rs::rand::fill(&mut ours_random).and_then(|()| theirs.encrypt(&ours_random));
    let (Ok(Ok(ours)), Ok(sealed)) = (made, sealed) else {
        let what = "could not be signed in to: its key encrypts nothing; make it another key";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    };
    let length = u16::try_from(sealed.len()).unwrap_or_default();
    let message = [&ours.wire[..], &length.to_be_bytes(), &sealed].concat();
    link.write(STAGE, &message).await?;

    let length = usize::from(u16::from_be_bytes(link.read(STAGE).await?));
    if length != ours.sealed_bytes() {
        let what = format!(
            "sends {length} bytes where our key has {}",
            ours.sealed_bytes()
        );
        return Err(link.fail(STAGE, FailureKind::Protocol, &what));
    }
    let mut sealed = vec![0; length];
    link.read_into(STAGE, &mut sealed).await?;
    let keys = ours
        .decrypt(&sealed)
        .and_then(|random| Keys::new(&random, &ours_random, rsa.is_256));
    let Ok(keys) = keys else {
        let what = "sends a secret that cannot be read; try again";
        return Err(link.fail(STAGE, FailureKind::Protocol, what));
    };
    let algorithm = hash(rsa.is_256);
    let hashes = [[&ours.wire, &theirs.wire], [&theirs.wire, &ours.wire]]
        .map(|keys| digest::digest(algorithm, &keys.map(Vec::as_slice).concat()));
    Ok((
        link.map(|stream| Sealed::new(stream, keys.incoming, keys.outgoing)),
        hashes,
    ))
}

/// Both directions' keys.
struct Keys {
    incoming: Eax,
    outgoing: Eax,
}

impl Keys {
    fn new(theirs: &[u8], ours: &[u8], is_256: bool) -> Result<Self, Unspecified> {
        if theirs.len() != ours.len() {
            return Err(Unspecified);
        }
        let key = |randoms: [&[u8]; 2]| {
            let hash = digest::digest(hash(is_256), &randoms.concat());
            Eax::new(hash.as_ref().get(..ours.len()).unwrap_or_default())
        };
        Ok(Self {
            incoming: key([ours, theirs])?,
            outgoing: key([theirs, ours])?,
        })
    }
}

fn hash(is_256: bool) -> &'static digest::Algorithm {
    match is_256 {
        true => &digest::SHA256,
        false => &digest::SHA1_FOR_LEGACY_USE_ONLY,
    }
}

/// Sends what the server asks for: 1 is account and password, 2 the password alone.
async fn credentials(link: &mut Link<Sealed>, start: &Start) -> Result<(), SessionError> {
    let [wanted] = link.read(Stage::Auth).await?;
    let (username, password) = match wanted {
        1 => account(link, start)?,
        2 => ("", password(link, start)?),
        _ => {
            let what = format!("asks for credentials of kind {wanted}, which is unknown");
            return Err(link.fail(Stage::Auth, FailureKind::Protocol, &what));
        }
    };
    let mut message = Vec::with_capacity(2 + username.len() + password.len());
    for (text, what) in [(username, "account name"), (password, "password")] {
        let length = u8::try_from(text.len());
        message.push(length.map_err(|_| too_long(link, what, MAX_TEXT_BYTES))?);
        message.extend(text.as_bytes());
    }
    link.write(Stage::Auth, &message).await
}
