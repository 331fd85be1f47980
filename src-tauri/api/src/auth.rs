//! Tokens of the browser page, one-time sign-in codes, single-use tickets, and what slows those down who guess.

use farwire_core::error::CoreError;
use farwire_core::random::{self, hex};
use farwire_core::vault::VaultError;
use farwire_model::ids::{SessionId, TokenId};
use farwire_model::token::{Scope, TokenView};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// How long a ticket waits to be used.
const TICKET_LIFE: Duration = Duration::from_secs(30);
/// Nobody opens more streams within [`TICKET_LIFE`].
const MAX_TICKETS: usize = 256;
/// How long a sign-in of the browser page lasts.
const PAGE_LIFE: Duration = Duration::from_secs(12 * 3600);
/// More pages than this are not open at once.
const MAX_PAGES: usize = 64;
/// How long a sign-in code waits to be used: the person may read the terminal later.
const CODE_LIFE: Duration = Duration::from_secs(24 * 3600);
const MAX_CODES: usize = 64;

/// Random bytes in hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> String {
    hex(&random::bytes::<N>())
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Things that are held by the hash of a secret and forgotten after a while. Looking up by hash takes no time that
/// depends on the secret.
#[derive(Debug)]
struct Held<T> {
    by_hash: Mutex<HashMap<String, (Instant, T)>>,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self {
            by_hash: Mutex::default(),
        }
    }
}

impl<T: Clone> Held<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, T)>> {
        self.by_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, thing: T, life: Duration, limit: usize) -> String {
        let secret = random_hex::<32>();
        let now = Instant::now();
        let mut held = self.lock();
        held.retain(|_, (until, _)| *until > now);
        if held.len() >= limit {
            // The oldest goes first.
            let oldest = held
                .iter()
                .min_by_key(|(_, (until, _))| *until)
                .map(|(key, _)| key.clone());
            oldest.map(|key| held.remove(&key));
        }
        held.insert(hash(&secret), (now + life, thing));
        secret
    }

    fn take(&self, secret: &str) -> Option<T> {
        let (until, thing) = self.lock().remove(&hash(secret))?;
        (until > Instant::now()).then_some(thing)
    }

    fn look(&self, secret: &str) -> Option<T> {
        if self.lock().is_empty() {
            return None;
        }
        let hash = hash(secret);
        let held = self.lock();
        let (until, thing) = held.get(&hash)?;
        (*until > Instant::now()).then(|| thing.clone())
    }
}

/// What a ticket opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ticket {
    /// The pixels and input of a session.
    Session(SessionId),
    /// The change events.
    Events,
}

/// Single-use tickets for WebSockets.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Held<(Ticket, Option<TokenId>)>);

impl Tickets {
    /// A ticket; what it opens ends with the token that asked for it, if one did.
    pub fn issue(&self, ticket: Ticket, token: Option<TokenId>) -> String {
        self.0.add((ticket, token), TICKET_LIFE, MAX_TICKETS)
    }

    /// Uses a ticket up. One that opens something else is used up too.
    pub fn redeem(&self, secret: &str) -> Option<(Ticket, Option<TokenId>)> {
        self.0.take(secret)
    }
}

/// One-time sign-in codes for the browser page.
#[derive(Debug, Default)]
pub struct Codes(Held<()>);

impl Codes {
    /// A new code; it signs one page in, once.
    pub fn issue(&self) -> String {
        self.0.add((), CODE_LIFE, MAX_CODES)
    }

    pub(crate) fn redeem(&self, code: &str) -> bool {
        self.0.take(code).is_some()
    }
}

/// Tokens of signed-in browser pages. They live in memory: a restart signs every page out.
#[derive(Debug, Default)]
pub(crate) struct PageTokens(Held<Arc<TokenView>>);

impl PageTokens {
    /// A token that may do what the window may.
    pub fn issue(&self) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let view = TokenView {
            id: TokenId::new("page"),
            name: "browser page".to_owned(),
            scopes: Scope::ALL
                .into_iter()
                .filter(|scope| *scope != Scope::Reveal)
                .collect(),
            created: i64::try_from(now).unwrap_or(i64::MAX),
            expires: None,
            last_used: None,
        };
        self.0.add(Arc::new(view), PAGE_LIFE, MAX_PAGES)
    }

    pub fn find(&self, token: &str) -> Option<Arc<TokenView>> {
        self.0.look(token)
    }
}

/// Proves to a client that we know its token, without the token being sent: HMAC-SHA-256 over the client's nonce,
/// keyed with the SHA-256 of the token in hexadecimal.
pub(crate) fn proof(token_hash: &str, nonce: &str) -> String {
    // HMAC takes keys of every length.
    match Hmac::<Sha256>::new_from_slice(token_hash.as_bytes()) {
        Ok(mut mac) => {
            mac.update(nonce.as_bytes());
            hex(&mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    }
}

/// How many wrong tokens a minute are answered at full speed.
const FREE_MISTAKES: u32 = 10;
const MISTAKE_DELAY: Duration = Duration::from_secs(1);
/// Slows answers to wrong tokens down. Right ones never wait.
///
/// Each waiting answer holds a connection; there are few of these, and others take the places of such as waited longest.
#[derive(Debug)]
pub(crate) struct Mistakes {
    minute: Mutex<(Instant, u32)>,
}

impl Default for Mistakes {
    fn default() -> Self {
        Self {
            minute: Mutex::new((Instant::now(), 0)),
        }
    }
}

impl Mistakes {
    /// Counts a wrong token and waits, where there were many.
    pub async fn note(&self) {
        let is_many = {
            let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
            if minute.0.elapsed() > Duration::from_secs(60) {
                *minute = (Instant::now(), 0);
            }
            minute.1 = minute.1.saturating_add(1);
            minute.1 > FREE_MISTAKES
        };
        if is_many {
            tokio::time::sleep(MISTAKE_DELAY).await;
        }
    }
}

/// Guesses at the vault's passphrase, one after the other. After many wrong ones each next one waits, the right one too: it
/// is short enough to be guessed, as a token is not.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    turn: tokio::sync::Mutex<()>,
    mistakes: Mistakes,
}

impl Guesses {
    /// Makes one guess, when it is its turn.
    pub async fn make<T, E: Into<CoreError>>(
        &self,
        guess: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CoreError> {
        let _turn = self.turn.lock().await;
        let outcome = guess.await.map_err(Into::into);
        if let Err(CoreError::Vault {
            source: VaultError::WrongPassphrase,
        }) = &outcome
        {
            self.mistakes.note().await;
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_one_thing_once() {
        let tickets = Tickets::default();
        let secret = tickets.issue(Ticket::Events, None);
        assert_eq!(tickets.redeem("other"), None);
        assert_eq!(tickets.redeem(&secret), Some((Ticket::Events, None)));
        assert_eq!(tickets.redeem(&secret), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_ends_in_its_time() {
        let (tickets, pages, codes) = (Tickets::default(), PageTokens::default(), Codes::default());
        let instant = Duration::from_millis(1);
        let wait = tokio::time::advance;
        let [early, late] = [(); 2].map(|()| tickets.issue(Ticket::Events, None));
        wait(Duration::from_secs(30) - instant).await;
        assert!(tickets.redeem(&early).is_some());
        wait(instant).await;
        assert_eq!(tickets.redeem(&late), None);
        let page = pages.issue();
        let [early, late] = [(); 2].map(|()| codes.issue());
        wait(Duration::from_secs(12 * 3600) - instant).await;
        assert!(pages.find(&page).is_some());
        wait(instant).await;
        assert!(pages.find(&page).is_none());
        wait(Duration::from_secs(12 * 3600) - instant).await;
        assert!(codes.redeem(&early));
        wait(instant).await;
        assert!(!codes.redeem(&late));
    }

    #[tokio::test]
    async fn guesses_at_the_passphrase_wait_for_each_other_after_many_wrong_ones() {
        let guesses = Guesses::default();
        let begun = Instant::now();
        let wrong = || guesses.make(async { Err::<(), _>(VaultError::WrongPassphrase) });
        for _ in 0..FREE_MISTAKES {
            assert!(wrong().await.is_err());
        }
        assert!(begun.elapsed() < MISTAKE_DELAY);
        let right = guesses.make(async { Ok::<_, VaultError>(()) });
        let (first, second, right) = tokio::join!(wrong(), wrong(), right);
        assert!(first.is_err() && second.is_err() && right.is_ok());
        assert!(begun.elapsed() >= MISTAKE_DELAY * 2);
    }

    #[test]
    fn a_proof_is_the_standard_hmac() {
        // RFC 4231, test case 2.
        assert_eq!(
            proof("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
