//! Identifiers between the two steps of moving a file.

use crate::auth::random_hex;
use crate::error::ApiError;
use crate::request::Caller;
use farwire_model::error::ErrorCode;
use farwire_model::ids::SessionId;
use farwire_model::transfer::RemotePath;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long an identifier is good after its last use.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);
/// More than this at once is a script that forgets its second steps.
const MAX_STEPS: usize = 10_000;
/// What the cookie is called.
const COOKIE: &str = "farwire-files";
/// Its value: 16 random bytes in hexadecimal digits.
const COOKIE_DIGITS: usize = 32;

/// What the second step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Download,
    Upload,
}

/// A file that is to be moved.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub does: Does,
    pub session: SessionId,
    pub path: RemotePath,
}

/// Who takes a step, as far as it is the same for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    caller: String,
    cookie: String,
}

impl Who {
    /// Who takes a first step: a cookie he brings along is used on, so that one serves many files at once.
    pub fn first(caller: &Caller, cookies: Option<&str>) -> Self {
        Self {
            caller: name(caller),
            cookie: cookie(cookies).unwrap_or_else(random_hex::<16>),
        }
    }

    /// Who takes a second step; none without a cookie.
    pub fn second(caller: &Caller, cookies: Option<&str>) -> Option<Self> {
        Some(Self {
            caller: name(caller),
            cookie: cookie(cookies)?,
        })
    }

    /// The header that hands the cookie out.
    pub fn set_cookie(&self) -> (&'static str, String) {
        let value = format!(
            "{COOKIE}={}; Path=/ssh-proxy/; HttpOnly; SameSite=Strict",
            self.cookie
        );
        ("set-cookie", value)
    }
}

fn name(caller: &Caller) -> String {
    match caller {
        Caller::Ui => "ui".to_owned(),
        Caller::Page(token) | Caller::Token(token) => token.id.to_string(),
        Caller::Nobody => String::new(),
    }
}

/// Our cookie out of a `Cookie` header.
fn cookie(header: Option<&str>) -> Option<String> {
    let pairs = header?.split([';', ',']);
    let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    let value = values.find(|value| {
        value.len() == COOKIE_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    value.map(str::to_owned)
}

#[derive(Debug)]
struct Step {
    target: Target,
    who: Who,
    used: Duration,
}

/// The identifiers there are.
#[derive(Debug, Default)]
pub(crate) struct Steps(Mutex<HashMap<String, Step>>);

impl Steps {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a first step; answers the identifier for the second. `now` is the time since any fixed moment.
    pub(super) fn begin(
        &self,
        target: Target,
        who: &Who,
        now: Duration,
    ) -> Result<String, ApiError> {
        let mut all = self.all();
        if all.len() >= MAX_STEPS {
            all.retain(|_, step| step.is_good(now));
        }
        if all.len() >= MAX_STEPS {
            let message = format!("{MAX_STEPS} files wait to be moved: move some first");
            return Err(ApiError::new(503, ErrorCode::MaxLoad, message));
        }
        let id = random_hex::<16>();
        let step = Step {
            target,
            who: who.clone(),
            used: now,
        };
        all.insert(id.clone(), step);
        Ok(id)
    }

    /// Takes a second step. An upload's identifier is used up by it.
    pub(super) fn go_on(
        &self,
        id: &str,
        does: Does,
        who: Option<&Who>,
        now: Duration,
    ) -> Result<Target, ApiError> {
        let mut all = self.all();
        let known = all.get_mut(id);
        let known = known.filter(|step| step.target.does == does && step.is_good(now));
        let Some(step) = known else {
            let message =
                "this file is not waiting to be moved, or not any more: take the first step again";
            return Err(ApiError::new(404, ErrorCode::BadRequest, message));
        };
        let is_same = who.is_some_and(|who| {
            let same_cookie = who.cookie.as_bytes().ct_eq(step.who.cookie.as_bytes());
            who.caller == step.who.caller && bool::from(same_cookie)
        });
        if !is_same {
            let message = "the second step brings the cookie of the first one along";
            return Err(ApiError::new(403, ErrorCode::PermissionDenied, message));
        }
        step.used = now;
        let target = step.target.clone();
        if does == Does::Upload {
            all.remove(id);
        }
        Ok(target)
    }

    /// Notes that an identifier was in use until now.
    pub(super) fn note_use(&self, id: &str, now: Duration) {
        if let Some(step) = self.all().get_mut(id) {
            step.used = now;
        }
    }
}

impl Step {
    fn is_good(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) <= GOOD_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(does: Does) -> Target {
        Target {
            does,
            session: SessionId::new("s_1"),
            path: RemotePath::new("/x").unwrap(),
        }
    }

    fn status(answer: Result<Target, ApiError>) -> u16 {
        answer.map_or_else(|error| error.status, |_| 200)
    }

    #[test]
    fn a_second_step_needs_the_cookie_and_its_time() {
        let steps = Steps::default();
        let at = Duration::from_secs;
        let who = Who::first(&Caller::Ui, None);
        let stranger = Who::first(&Caller::Ui, None);
        let down = steps.begin(target(Does::Download), &who, at(0)).unwrap();
        let go =
            |id: &str, does, who: Option<&Who>, now| status(steps.go_on(id, does, who, at(now)));
        assert_eq!(go(&down, Does::Download, None, 1), 403);
        assert_eq!(go(&down, Does::Download, Some(&stranger), 1), 403);
        assert_eq!(go(&down, Does::Upload, Some(&who), 1), 404);
        assert_eq!(go(&down, Does::Download, Some(&who), 600), 200);
        assert_eq!(
            go(&down, Does::Download, Some(&who), 1200),
            200,
            "ten minutes after its last use"
        );
        steps.note_use(&down, at(1500));
        assert_eq!(go(&down, Does::Download, Some(&who), 2100), 200);
        assert_eq!(go(&down, Does::Download, Some(&who), 2701), 404);
        let up = steps.begin(target(Does::Upload), &who, at(0)).unwrap();
        assert_eq!(
            go(&up, Does::Upload, Some(&stranger), 1),
            403,
            "and it is not used up"
        );
        assert_eq!(go(&up, Does::Upload, Some(&who), 1), 200);
        assert_eq!(go(&up, Does::Upload, Some(&who), 1), 404);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_used_on() {
        let first = Who::first(&Caller::Ui, None);
        let (_, header) = first.set_cookie();
        let pair = header.split(';').next().unwrap();
        let cookies = format!("a=b; {pair}; c=d");
        assert_eq!(
            Who::second(&Caller::Ui, Some(&cookies)),
            Some(first.clone())
        );
        assert_eq!(Who::first(&Caller::Ui, Some(&cookies)), first);
        for other in [
            "",
            "a=b",
            "farwire-files=short",
            "xfarwire-files=0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(Who::second(&Caller::Ui, Some(other)), None, "{other}");
        }
    }
}
