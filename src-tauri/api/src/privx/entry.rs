//! What is said of a file.

use farwire_model::transfer::{Attributes, FileEntry, FileKind, RemotePath};
use schemars::JsonSchema;
use serde::Serialize;

/// A file as it is listed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Entry {
    /// Whether it is a folder.
    is_dir: bool,
    /// Whether it is a symbolic link.
    is_link: bool,
    /// Its name, for people.
    filename: String,
    /// Its path: a handle, which carries the exact bytes.
    path: String,
    /// Bytes.
    filesize: u64,
    /// The owner's name, or number where the server tells no name.
    owner: String,
    /// The group's name or number.
    group: String,
    /// Permissions as a number, `0o7777` at most.
    permissions: u32,
    /// When it was made: this protocol does not tell.
    createtime: Option<u32>,
    /// Last read, in Unix seconds.
    atime: Option<u32>,
    /// When its attributes changed last: this protocol does not tell.
    ctime: Option<u32>,
    /// Last changed, in Unix seconds.
    mtime: Option<u32>,
    /// Type and permissions as `ls` writes them: `-rw-r--r--`.
    attributes: String,
}

impl Entry {
    /// An entry of a folder.
    pub fn of(folder: &RemotePath, entry: FileEntry) -> Self {
        let FileEntry {
            name,
            attributes,
            owner_names,
        } = entry;
        let numbers = || {
            let (user, group) = attributes.owner?;
            Some((user.to_string(), group.to_string()))
        };
        let (owner, group) = owner_names.or_else(numbers).unwrap_or_default();
        Self {
            is_dir: attributes.kind() == FileKind::Folder,
            is_link: attributes.kind() == FileKind::Link,
            filename: String::from_utf8_lossy(&name).into_owned(),
            // Too long a path cannot be asked for anyway.
            path: folder
                .join(&name)
                .map(|path| path.handle())
                .unwrap_or_default(),
            filesize: attributes.size.unwrap_or(0),
            owner,
            group,
            permissions: attributes.permissions().unwrap_or(0),
            createtime: None,
            atime: attributes.times.map(|(accessed, _)| accessed),
            ctime: None,
            mtime: attributes.times.map(|(_, modified)| modified),
            attributes: letters(&attributes),
        }
    }
}

fn letters(attributes: &Attributes) -> String {
    let mode = attributes.mode.unwrap_or(0);
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o060_000 => 'b',
        0o020_000 => 'c',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '-',
    };
    let bits = (0..9).map(|place| {
        let letter = ['r', 'w', 'x']
            .into_iter()
            .cycle()
            .nth(place)
            .unwrap_or('-');
        let is_set = mode & (0o400 >> place) != 0;
        // Acting as the owner, as the group, and the sticky bit stand in the place of each x.
        match (
            place,
            mode & 0o4000 != 0,
            mode & 0o2000 != 0,
            mode & 0o1000 != 0,
        ) {
            (2, true, ..) | (5, _, true, _) => {
                if is_set {
                    's'
                } else {
                    'S'
                }
            }
            (8, _, _, true) => {
                if is_set {
                    't'
                } else {
                    'T'
                }
            }
            _ if is_set => letter,
            _ => '-',
        }
    });
    std::iter::once(kind).chain(bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_does() {
        for (mode, expected) in [
            (0o100_644, "-rw-r--r--"),
            (0o040_755, "drwxr-xr-x"),
            (0o120_777, "lrwxrwxrwx"),
            (0o104_755, "-rwsr-xr-x"),
            (0o102_644, "-rw-r-Sr--"),
            (0o041_777, "drwxrwxrwt"),
        ] {
            let mode = Some(mode);
            let attributes = Attributes {
                mode,
                ..Attributes::default()
            };
            assert_eq!(letters(&attributes), expected);
        }
    }
}
