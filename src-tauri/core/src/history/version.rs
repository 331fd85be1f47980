//! Earlier versions of things, and when two are equal to a person.

use crate::credentials::StoredCredentials;
use crate::decision::check_may_choose;
use crate::error::CoreError;
use crate::origin::Origin;
use crate::random;
use crate::saved::{All, Record};
use crate::shared_credentials::SharedCredential;
use farwire_model::connection::Connection;
use farwire_model::group::Group;
use farwire_model::trust::TrustDecision;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A thing whose earlier versions can be brought back.
pub(crate) trait Versioned: Record + Clone + PartialEq {
    /// Its place in memory.
    fn map(all: &All) -> &BTreeMap<String, Arc<Self>>;
    /// The same with everything that changes by itself, such as revisions, made equal to the other's.
    fn leveled(&self, other: &Self) -> Self;
    /// Becomes the newest version, after what is there now.
    fn renew(&mut self, now: Option<&Self>);
    /// Refuses to bring it back in the place of what is there now, to who may not do what that amounts to.
    fn check_may_return(&self, _now: Option<&Self>, _by: &Origin) -> Result<(), CoreError> {
        Ok(())
    }
    /// Whether a person would call them equal.
    fn is_alike(&self, other: &Self) -> bool {
        self.leveled(other) == *other
    }
}

/// Things that only count their changes by themselves.
macro_rules! counted {
    ($($kind:ty, $field:ident;)*) => {$(
        impl Versioned for $kind {
            fn map(all: &All) -> &BTreeMap<String, Arc<Self>> {
                &all.$field
            }
            fn leveled(&self, other: &Self) -> Self {
                let revision = other.revision;
                Self {
                    revision,
                    ..self.clone()
                }
            }
            fn renew(&mut self, now: Option<&Self>) {
                self.revision = next_revision(self.revision, now.map(|now| now.revision));
            }
        }
    )*};
}

counted! {
    Group, groups;
    StoredCredentials, credentials;
}

impl Versioned for SharedCredential {
    fn map(all: &All) -> &BTreeMap<String, Arc<Self>> {
        &all.shared
    }
    fn leveled(&self, other: &Self) -> Self {
        Self {
            author: other.author.clone(),
            revision: other.revision,
            ..self.clone()
        }
    }
    fn renew(&mut self, now: Option<&Self>) {
        self.revision = next_revision(self.revision, now.map(|now| now.revision));
        // There is a version with somebody else's secrets, or was: who brings versions back must not choose machines between.
        self.author = None;
    }
}

impl Versioned for Connection {
    fn map(all: &All) -> &BTreeMap<String, Arc<Self>> {
        &all.connections
    }
    fn leveled(&self, other: &Self) -> Self {
        Self {
            revision: other.revision,
            created: other.created,
            modified: other.modified,
            last_connected: other.last_connected,
            ..self.clone()
        }
    }
    fn renew(&mut self, now: Option<&Self>) {
        self.revision = next_revision(self.revision, now.map(|now| now.revision));
        self.modified = random::now();
        if let Some(now) = now {
            self.last_connected = now.last_connected;
        }
    }
    fn check_may_return(&self, now: Option<&Self>, by: &Origin) -> Result<(), CoreError> {
        // An earlier version may use credentials, or for a machine, that somebody has since decided against.
        match now.and_then(|now| now.credential.as_ref()) == self.credential.as_ref() {
            true => Ok(()),
            false => check_may_choose(by),
        }
    }
}

impl Versioned for TrustDecision {
    fn map(all: &All) -> &BTreeMap<String, Arc<Self>> {
        &all.trust
    }
    fn leveled(&self, other: &Self) -> Self {
        Self {
            // What a machine showed since is no decision.
            seen: other.seen.clone(),
            last_seen: other.last_seen,
            ..self.clone()
        }
    }
    fn renew(&mut self, now: Option<&Self>) {
        if let Some(now) = now {
            self.seen = now.seen.clone();
            self.last_seen = now.last_seen;
        }
    }
}

/// Higher than both, so that nobody takes the thing for one he has seen. Where nothing is now, other versions may have been since:
/// it goes on from the clock, in milliseconds, which no count of changes reaches.
pub(crate) fn next_revision(then: u64, now: Option<u64>) -> u64 {
    let seen = now.unwrap_or_else(|| random::now_micros() / 1000);
    then.max(seen).saturating_add(1)
}
