//! Deleting by moving into a folder of the machine, where its settings name one.

use super::copy::{make_folder, numbered};
use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use crate::session::Session;
use farwire_model::transfer::{
    Attributes, FileKind, FileStatus, Files, FilesError, Links, RemotePath,
};
use serde_json::Value;

/// Names that are tried for one that is in the folder already.
const MAX_NAMES: u32 = 1000;
/// The folder is its owner's alone: what lay in a closed one must not be open to others there.
const PERMISSIONS: u32 = 0o700;

impl Core {
    /// The trash folder of a session's machine: the setting `ssh.trash`.
    ///
    /// # Errors
    /// There is none.
    pub fn trash_folder(&self, session: &Session) -> Result<String, CoreError> {
        let all = self.saved.read();
        let connection = known_connection(&all, &session.connection)?;
        let settings = all.settings_in_force(&connection);
        let named = settings.get("ssh.trash").and_then(Value::as_str);
        let named = named.filter(|named| !named.is_empty());
        named
            .map(str::to_owned)
            .ok_or_else(|| CoreError::Forbidden {
                property: "ssh.trash",
                message:
                    "this machine has no trash folder: name one in its settings, or delete for good"
                        .to_owned(),
            })
    }
}

/// Moves a file, a link or a folder with all that is in it into a trash folder, which is made where it is not there; answers where
/// it is now. The folder is a path, in the home folder unless it begins with a slash.
///
/// # Errors
/// What is in the trash folder already, or holds it; what the machine refuses.
pub async fn discard(
    files: &dyn Files,
    named: &str,
    path: &RemotePath,
) -> Result<RemotePath, FilesError> {
    let fail = |why: &str| {
        let message = format!("could not move {path} into the trash folder: {why}");
        FilesError::new(FileStatus::Failure, message)
    };
    let name = path
        .name()
        .ok_or_else(|| fail("it is no file or folder with a name"))?;
    // A link is moved, not what it leads to; the folder it lies in is meant however it was reached.
    let parent = files.real_path(&path.parent()).await?;
    let what = parent
        .join(name)
        .map_err(|error| fail(&error.to_string()))?;
    files.attributes(&what, Links::Keep).await?;
    let trash = folder(files, named, &fail).await?;
    if is_within(&what, &trash) {
        return Err(fail("it is in it already; delete it for good instead"));
    }
    if is_within(&trash, &what) {
        return Err(fail(
            "the trash folder lies in it; delete it for good instead",
        ));
    }
    let wanted = trash.join(name).map_err(|error| fail(&error.to_string()))?;
    for number in 1..=MAX_NAMES {
        let target = match number {
            1 => wanted.clone(),
            number => numbered(&wanted, number)?,
        };
        if is_there(files, &target).await? {
            continue;
        }
        match files.rename(&what, &target).await {
            Ok(()) => return Ok(target),
            // Somebody else may have taken the name meanwhile.
            Err(_) if is_there(files, &target).await? => {}
            Err(error) => {
                return Err(FilesError::new(
                    error.status,
                    format!(
                        "could not move {path} to {target}: {}; the trash folder may lie on another disk than it",
                        error.message
                    ),
                ));
            }
        }
    }
    Err(fail("too much of that name is in it: empty it"))
}

/// The trash folder, made where it is not there yet.
async fn folder(
    files: &dyn Files,
    named: &str,
    fail: &impl Fn(&str) -> FilesError,
) -> Result<RemotePath, FilesError> {
    let (mut at, rest) = match named.strip_prefix('/') {
        Some(rest) => (
            RemotePath::new("/").map_err(|error| fail(&error.to_string()))?,
            rest,
        ),
        None => (
            files.home().await?,
            named.strip_prefix("~/").unwrap_or(named),
        ),
    };
    for part in rest
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        at = at
            .join(part.as_bytes())
            .map_err(|_| fail("its name in the settings is no path"))?;
        // What is there may be a link to a folder: a person made it, for the settings name it.
        let there = files.attributes(&at, Links::Follow).await;
        if there.is_ok_and(|there| there.kind() == FileKind::Folder) {
            continue;
        }
        if make_folder(files, &at).await? {
            let closed = Attributes {
                mode: Some(PERMISSIONS),
                ..Attributes::default()
            };
            files.set_attributes(&at, &closed).await?;
        }
    }
    files.real_path(&at).await
}

async fn is_there(files: &dyn Files, path: &RemotePath) -> Result<bool, FilesError> {
    match files.attributes(path, Links::Keep).await {
        Ok(_) => Ok(true),
        Err(error) if error.status == FileStatus::NoSuchFile => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a path is a folder or lies in it. Both are as the machine writes them.
fn is_within(path: &RemotePath, folder: &RemotePath) -> bool {
    let rest = path.as_bytes().strip_prefix(folder.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || folder.as_bytes() == b"/")
}
