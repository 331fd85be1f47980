//! What was changed, the way back, and who asked for what.

use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use crate::shape::Whole;
use farwire_model::audit::AuditEntry;
use farwire_model::error::ErrorCode;
use farwire_model::history::{ChangeDetails, ChangeView, ThingKind};
use farwire_model::ids::ChangeId;
use farwire_model::token::Scope;
use schemars::JsonSchema;
use serde::Serialize;

/// How many are listed when nothing is said.
const PAGE: usize = 100;
/// How many are listed at most.
const MAX_PAGE: i64 = 1_000;

keys! {
    /// Which changes are listed, the newest first.
    pub(super) struct Changes {
        /// Only those of this run.
        run: Option<String>,
        /// How many of the newest are left out.
        start: Option<Whole<usize, 0, 1_000_000_000>>,
        /// How many are listed at most; 100 when nothing is said.
        limit: Option<Whole<usize, 1, MAX_PAGE>>,
    }
}

keys! {
    /// Which lines of the audit are listed, the newest first.
    pub(super) struct Lines {
        /// Only what this caller asked for: the identifier of a token, `ui` or `page`.
        who: Option<String>,
        /// How many of the newest are left out.
        start: Option<Whole<usize, 0, 1_000_000_000>>,
        /// How many are listed at most; 100 when nothing is said.
        limit: Option<Whole<usize, 1, MAX_PAGE>>,
    }
}

/// What was taken or brought back.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reverted {
    /// How many things are different now.
    count: usize,
}

pub(super) async fn list(call: &Call<(), Changes>) -> Result<Vec<ChangeView>, ApiError> {
    let Changes { run, start, limit } = &call.query;
    let start = start.map_or(0, |start| start.0);
    let limit = limit.map_or(PAGE, |limit| limit.0);
    Ok(call.api.core.history(run.as_deref(), start, limit))
}

pub(super) async fn show(call: &Call) -> Result<ChangeDetails, ApiError> {
    Ok(call.api.core.change_details(&ChangeId::new(call.id()))?)
}

pub(super) async fn undo(call: &Call) -> Result<Reverted, ApiError> {
    let id = ChangeId::new(call.id());
    let change = call.api.core.change_details(&id)?.change;
    check_scopes(call, &change)?;
    let count = call.api.core.undo(&call.by, &[id]).await?;
    Ok(Reverted { count })
}

pub(super) async fn restore(call: &Call) -> Result<Reverted, ApiError> {
    let id = ChangeId::new(call.id());
    let change = call.api.core.change_details(&id)?.change;
    check_scopes(call, &change)?;
    let count = call.api.core.restore(&call.by, &id).await?;
    Ok(Reverted { count })
}

pub(super) async fn undo_run(call: &Call) -> Result<Reverted, ApiError> {
    let changes = call.api.core.run(call.id())?;
    for change in &changes {
        check_scopes(call, change)?;
    }
    let ids: Vec<_> = changes.into_iter().map(|change| change.id).collect();
    let count = call.api.core.undo(&call.by, &ids).await?;
    Ok(Reverted { count })
}

/// Who takes a change back needs the scopes that making it needed.
fn check_scopes(call: &Call, change: &ChangeView) -> Result<(), ApiError> {
    let scopes = change.kinds.iter().map(|kind| match kind {
        ThingKind::Group | ThingKind::Connection => Scope::Write,
        ThingKind::Credentials | ThingKind::Credential => Scope::Credentials,
        ThingKind::Trust => Scope::Trust,
    });
    call.need(scopes)
}

pub(super) async fn audit(call: &Call<(), Lines>) -> Result<Vec<AuditEntry>, ApiError> {
    let Lines { who, start, limit } = &call.query;
    let start = start.map_or(0, |start| start.0);
    let limit = limit.map_or(PAGE, |limit| limit.0);
    let (core, who) = (call.api.core.clone(), who.clone());
    // It reads files.
    let reading = move || core.audit(who.as_deref(), start, limit);
    let read = tokio::task::spawn_blocking(reading).await;
    let read = read.map_err(|error| {
        let message = format!("reading the audit stopped: {error}");
        ApiError::new(500, ErrorCode::GeneralError, message)
    })?;
    Ok(read?)
}
