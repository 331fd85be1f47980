//! Addresses that nobody saved yet.

use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use crate::text::Address;
use farwire_model::ids::ConnectionId;
use farwire_model::token::Scope;
use schemars::JsonSchema;
use serde::Serialize;

keys! {
    /// Where somebody wants to.
    pub(super) struct NewAddress {
        /// `[user@]host[:port]` of an SSH server, with `ssh` or `ssh://` before it or not.
        address: Address,
    }
}

/// The connection that an address stands for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Addressed {
    /// Its identifier.
    uid: ConnectionId,
    /// Whether it was made for this address; otherwise it was there.
    is_new: bool,
    /// What `~/.ssh/config` says of it that is not supported, or could not be read.
    notes: Vec<String>,
}

pub(super) async fn save(call: &Call<NewAddress>) -> Result<Addressed, ApiError> {
    // It may come with a user name, which is a credential.
    call.need([Scope::Credentials])?;
    let NewAddress { address } = call.body()?;
    let saved = call.api.core.save_address(&call.by, &address.0).await?;
    Ok(Addressed {
        uid: saved.connection,
        is_new: saved.is_new,
        notes: saved.notes,
    })
}
