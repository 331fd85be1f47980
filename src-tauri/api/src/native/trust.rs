//! Decisions about host keys and certificates.

use crate::answer::Done;
use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use crate::shape::Whole;
use crate::text::{Fingerprint, Host};
use farwire_model::ids::TrustId;
use farwire_model::trust::TrustView;
use schemars::JsonSchema;
use serde::Serialize;

keys! {
    /// A host key or certificate to accept.
    pub(super) struct NewTrust {
        /// Where the machine is, as its connection says.
        host: Host,
        /// Its TCP port.
        port: Whole<u16, 1, 65535>,
        /// The fingerprint to accept.
        fingerprint: Fingerprint,
    }
}

/// The decision that was saved.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SavedTrust {
    /// Its identifier.
    id: TrustId,
}

pub(super) async fn list(call: &Call) -> Result<Vec<TrustView>, ApiError> {
    Ok(call.api.core.trust())
}

pub(super) async fn accept(call: &Call<NewTrust>) -> Result<SavedTrust, ApiError> {
    let NewTrust {
        host,
        port,
        fingerprint,
    } = call.body()?;
    let id = call
        .api
        .core
        .accept(&call.by, host.0, port.0, fingerprint.0)
        .await?;
    Ok(SavedTrust { id })
}

pub(super) async fn forget(call: &Call) -> Result<Done, ApiError> {
    call.api
        .core
        .forget(&call.by, &TrustId::new(call.id()))
        .await?;
    Ok(Done {})
}
