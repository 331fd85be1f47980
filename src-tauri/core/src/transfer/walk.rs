//! What lies in a folder, and in the folders in it.

use farwire_model::transfer::{
    Attributes, FileEntry, FileKind, FileStatus, Files, FilesError, RemotePath,
};
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

/// Folders that are listed at once.
const AT_ONCE: usize = 16;
/// More than this is not one transfer: each entry is held in memory until the end.
const MAX_ITEMS: usize = 1_000_000;
/// Deeper than anybody nests folders: a server that invents them without end is stopped.
const MAX_DEPTH: usize = 256;

/// A file or folder on its way.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub from: RemotePath,
    pub to: RemotePath,
    pub attributes: Attributes,
}

/// What there is to copy.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Folders, each before those in it.
    pub folders: Vec<Item>,
    /// Regular files.
    pub files: Vec<Item>,
    /// How many links, devices and the like there are, which are left out: a link could lead out of the folder it is copied to.
    pub left_out: u64,
}

/// Looks at a file or folder and at everything in it. `told` hears of what was found so far.
pub(super) async fn walk(
    files: &dyn Files,
    root: Item,
    told: impl Fn(&Found),
) -> Result<Found, FilesError> {
    let mut found = Found::default();
    match root.attributes.kind() {
        FileKind::Folder => {}
        FileKind::File => {
            found.files.push(root);
            return Ok(found);
        }
        FileKind::Link | FileKind::Other => {
            let message = format!(
                "could not copy {}: it is neither a file nor a folder",
                root.from
            );
            return Err(FilesError::new(FileStatus::Failure, message));
        }
    }
    let mut level = vec![root];
    for _ in 0..MAX_DEPTH {
        if level.is_empty() {
            return Ok(found);
        }
        let mut left = level.iter();
        let mut lists = FuturesUnordered::new();
        let mut next = Vec::new();
        loop {
            let room = AT_ONCE - lists.len();
            lists.extend(left.by_ref().take(room).map(|folder| list(files, folder)));
            let Some((folder, entries)) = lists.try_next().await? else {
                break;
            };
            for entry in entries {
                let too_long = |_| {
                    let message = format!("a path in {} is too long to be copied", folder.from);
                    FilesError::new(FileStatus::Failure, message)
                };
                let item = Item {
                    // A name that is none becomes no part of a path: see `is_name`.
                    from: folder.from.join(&entry.name).map_err(too_long)?,
                    to: folder.to.join(&entry.name).map_err(too_long)?,
                    attributes: entry.attributes,
                };
                match item.attributes.kind() {
                    FileKind::Folder => next.push(item),
                    FileKind::File => found.files.push(item),
                    FileKind::Link | FileKind::Other => found.left_out += 1,
                }
            }
            if found.files.len() + found.folders.len() + next.len() > MAX_ITEMS {
                let message = format!("more than {MAX_ITEMS} files and folders: copy parts of it");
                return Err(FilesError::new(FileStatus::Failure, message));
            }
            told(&found);
        }
        drop(lists);
        found.folders.append(&mut level);
        level = next;
    }
    let message = format!("folders lie more than {MAX_DEPTH} deep in each other");
    Err(FilesError::new(FileStatus::Failure, message))
}

type Listed<'a> = Result<(&'a Item, Vec<FileEntry>), FilesError>;

fn list<'a>(files: &'a dyn Files, folder: &'a Item) -> BoxFuture<'a, Listed<'a>> {
    Box::pin(async move { Ok((folder, files.list(&folder.from).await?)) })
}
