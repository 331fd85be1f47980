//! Creates that are asked for twice and happen once.

use crate::error::CoreError;
use crate::origin::{OnceKey, Origin};
use crate::random;
use crate::saved::{Change, Saved};
use farwire_model::error::{ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};

/// How long an answer is remembered.
const KEPT_SECS: i64 = 24 * 3600;
/// How many are remembered at most; the oldest go first.
const MAX_ANSWERS: usize = 10_000;
/// How many old ones one create removes, so that none takes long.
const SWEPT_AT_ONCE: usize = 64;

/// A create that was carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The caller's key together with whose it is, hashed.
    pub key: String,
    /// What was asked, hashed.
    pub request: String,
    /// What was made.
    pub made: String,
    /// In Unix seconds.
    pub at: i64,
}

impl Saved {
    /// Makes a thing and answers its identifier. Asked again with the same key, it answers the same and makes nothing.
    pub async fn create(
        &self,
        by: &Origin,
        make: impl FnOnce(&mut Change<'_>) -> Result<String, CoreError>,
    ) -> Result<String, CoreError> {
        self.change(by, |saving| {
            let Some(once) = &by.once else {
                return make(saving);
            };
            let now = random::now();
            let known = saving.all().answers.get(&once.key).cloned();
            if let Some(known) = known.filter(|known| now - known.at < KEPT_SECS) {
                if known.request != once.request {
                    return Err(reused());
                }
                let made = known.made.clone();
                // Saved again: the first answer may not be durable yet, and this one is not to be given before it is.
                saving.put((*known).clone())?;
                return Ok(made);
            }
            let made = make(saving)?;
            remember(saving, once, &made, now)?;
            Ok(made)
        })
        .await
    }
}

fn remember(
    saving: &mut Change<'_>,
    once: &OnceKey,
    made: &str,
    now: i64,
) -> Result<(), CoreError> {
    let answers = &saving.all().answers;
    let mut by_age: Vec<_> = answers
        .values()
        .map(|known| (known.at, known.key.clone()))
        .collect();
    by_age.sort_unstable();
    let surplus = answers.len().saturating_sub(MAX_ANSWERS.saturating_sub(1));
    let doomed = by_age
        .into_iter()
        .enumerate()
        .take_while(|(place, (at, _))| *place < surplus || now - at >= KEPT_SECS)
        .take(SWEPT_AT_ONCE.max(surplus));
    for (_, (_, key)) in doomed {
        saving.delete::<Answered>(&key)?;
    }
    let answered = Answered {
        key: once.key.clone(),
        request: once.request.clone(),
        made: made.to_owned(),
        at: now,
    };
    saving.put(answered).map(drop)
}

fn reused() -> CoreError {
    let message =
        "this Idempotency-Key was used for another request within the last 24 hours: use a new one";
    CoreError::Conflict {
        body: ErrorBody::new(ErrorCode::ValueDuplicate, message).about("Idempotency-Key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::ConnectionChange;
    use crate::{Config, Core};

    fn asked(request: &str) -> Origin {
        let mut by = Origin::window();
        by.once = Some(OnceKey {
            key: "key".to_owned(),
            request: request.to_owned(),
        });
        by
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(Config::at(dir.path())).await.unwrap();
        let create = async |request| {
            let change = ConnectionChange {
                name: Some("desk".to_owned()),
                ..ConnectionChange::default()
            };
            core.create_connection(&asked(request), change).await
        };
        // Time goes by: what was remembered gets older.
        let wait = async |secs| {
            let age = |saving: &mut Change<'_>| {
                let mut known = (*saving.all().answers["key"]).clone();
                known.at -= secs;
                saving.put(known).map(drop)
            };
            core.saved.change(&Origin::window(), age).await.unwrap();
        };
        let first = create("a").await.unwrap();
        wait(KEPT_SECS - 60).await;
        assert_eq!(create("a").await.unwrap(), first);
        assert!(matches!(create("b").await, Err(CoreError::Conflict { .. })));
        wait(60).await;
        let second = create("b").await.unwrap();
        assert_ne!(second, first, "a day later the key is a new one");
        assert_eq!(create("b").await.unwrap(), second);
        core.close().await;
    }
}
