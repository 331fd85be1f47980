//! A file from a stream of bytes: what is there is replaced only once the new one is whole.

use super::copy::beside;
use super::pipe::{UNSURE_BYTES, Writes};
use super::spread::Spread;
use crate::random;
use bytes::Bytes;
use farwire_model::transfer::{
    Attributes, FileKind, FileStatus, Files, FilesError, Links, Open, RemotePath,
};
use futures_util::{Stream, StreamExt};
use std::sync::Arc;

/// Permissions of a new file where none was before: the server's own mask applies to it as to every program's.
const NEW_FILE: u32 = 0o666;

/// A place a stream of bytes is to go to.
pub struct Upload {
    files: Arc<dyn Files>,
    target: RemotePath,
    /// Of the file that is there; none for a new one.
    permissions: Option<u32>,
}

impl Upload {
    /// Looks at the place: a link is followed, so that it stays one.
    ///
    /// # Errors
    /// A folder is there, the folder for it is missing, or it may not be looked at.
    pub async fn to(files: Arc<dyn Files>, path: &RemotePath) -> Result<Self, FilesError> {
        let there = match files.attributes(path, Links::Follow).await {
            Ok(there) => Some(there),
            Err(error) if error.status == FileStatus::NoSuchFile => None,
            Err(error) => return Err(error),
        };
        let target = match &there {
            Some(there) if there.kind() == FileKind::File => files.real_path(path).await?,
            Some(_) => {
                let message =
                    format!("could not upload to {path}: something that is no file is there");
                return Err(FilesError::new(FileStatus::Failure, message));
            }
            None => {
                files.attributes(&path.parent(), Links::Follow).await?;
                path.clone()
            }
        };
        if target.name().is_none() {
            let message = format!("could not upload to {path}: it ends with no name");
            return Err(FilesError::new(FileStatus::Failure, message));
        }
        Ok(Self {
            permissions: there.and_then(|there| there.permissions()),
            files,
            target,
        })
    }

    /// Writes all of a stream. When it breaks off, or this is dropped, what was there is as it was.
    ///
    /// # Errors
    /// What the server says, or the stream's own error; the temporary file is removed where that can be.
    pub async fn write<E: From<FilesError>>(
        self,
        mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<u64, E> {
        let name = format!(".farwire-{}.part", random::hex(&random::bytes::<8>()));
        let temporary = beside(&self.target, name.as_bytes())?;
        let permissions = self.permissions.unwrap_or(NEW_FILE);
        let how = Open::Create { permissions };
        let file = self.files.open(&temporary, how).await?;
        let whole = Spread::new(Arc::clone(&file));
        let written = async {
            let mut writes = Writes::new(&whole, 0, UNSURE_BYTES);
            let mut length = 0;
            while let Some(piece) = content.next().await {
                length += writes.put(piece?).await?;
            }
            length += writes.finish().await?;
            if self.permissions.is_some() {
                // The server's mask may have taken some away.
                let attributes = Attributes {
                    mode: self.permissions,
                    ..Attributes::default()
                };
                file.set_attributes(&attributes).await?;
            }
            file.sync().await?;
            file.close().await?;
            self.files.replace(&temporary, &self.target).await?;
            Ok(length)
        };
        let written = written.await;
        if written.is_err() {
            self.files.remove_file(&temporary).await.unwrap_or_default();
        }
        written
    }
}
