//! Copies of files between machines.

use crate::answer::Done;
use crate::error::ApiError;
use crate::keys::keys;
use crate::route::Call;
use crate::shape::words;
use crate::text::FilePath;
use farwire_core::transfer::NewTransfer;
use farwire_model::error::ErrorCode;
use farwire_model::ids::{ConnectionId, TransferId};
use farwire_model::transfer::RemotePath;
use farwire_model::transfer_view::{Conflict, FilePlace, TransferView};

words!(Conflict);

keys! {
    /// Where a file or folder is.
    pub(super) struct NewPlace passing over "display_path" {
        /// The connection to its machine; absent or null means this computer.
        uid: Option<Option<ConnectionId>>,
        /// The path there: a handle, or a text as a person types it.
        path: FilePath,
    }
}

keys! {
    /// What is to be copied.
    pub(super) struct NewCopy {
        /// The file or folder.
        from: NewPlace,
        /// The copy itself; with a slash at the end of its path, the source's name in that folder.
        to: NewPlace,
        /// What happens where something is there already; ask when absent.
        conflict: Option<Conflict>,
        /// Whether each copy is read again and compared with its source.
        checksum: Option<bool>,
    }
}

keys! {
    /// How a transfer goes on.
    pub(super) struct Resumed {
        /// What happens from now on where something is there already; as before when absent.
        conflict: Option<Conflict>,
    }
}

/// A path that a caller sends.
pub(crate) fn read_path(FilePath(text): &FilePath, property: &str) -> Result<RemotePath, ApiError> {
    RemotePath::parse(text).map_err(|error| {
        let code = ErrorCode::ValueIncorrectFormat;
        ApiError::new(400, code, format!("{property}: {error}")).about(property)
    })
}

fn place(place: NewPlace, property: &str) -> Result<FilePlace, ApiError> {
    let path = read_path(&place.path, &format!("{property}.path"))?;
    Ok(FilePlace {
        uid: place.uid.flatten(),
        display_path: path.to_string(),
        path,
    })
}

pub(super) async fn list(call: &Call) -> Result<Vec<TransferView>, ApiError> {
    Ok(call.api.core.transfers())
}

pub(super) async fn show(call: &Call) -> Result<TransferView, ApiError> {
    Ok(call.api.core.transfer(&TransferId::new(call.id()))?)
}

pub(super) async fn create(call: &Call<NewCopy>) -> Result<TransferView, ApiError> {
    let NewCopy {
        from,
        to,
        conflict,
        checksum,
    } = call.body()?;
    let new = NewTransfer {
        from: place(from, "from")?,
        to: place(to, "to")?,
        conflict: conflict.unwrap_or_default(),
        checksum: checksum.unwrap_or_default(),
    };
    Ok(call.api.core.start_transfer(new).await?)
}

pub(super) async fn pause(call: &Call) -> Result<TransferView, ApiError> {
    Ok(call.api.core.pause_transfer(&TransferId::new(call.id()))?)
}

pub(super) async fn resume(call: &Call<Resumed>) -> Result<TransferView, ApiError> {
    let id = TransferId::new(call.id());
    call.api.core.transfer(&id)?;
    let rule = call.body()?.conflict;
    Ok(call.api.core.resume_transfer(&id, rule)?)
}

pub(super) async fn cancel(call: &Call) -> Result<TransferView, ApiError> {
    Ok(call.api.core.cancel_transfer(&TransferId::new(call.id()))?)
}

pub(super) async fn forget(call: &Call) -> Result<Done, ApiError> {
    call.api.core.forget_transfer(&TransferId::new(call.id()))?;
    Ok(Done {})
}
