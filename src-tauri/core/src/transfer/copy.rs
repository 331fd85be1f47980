//! One file: conflicts, its temporary name, going on where an earlier try ended.

use super::links::{LARGE_TO_READ, LARGE_TO_WRITE, Way};
use super::pipe;
use super::spread::Spread;
use super::walk::Item;
use crate::random;
use farwire_model::ids::TransferId;
use farwire_model::transfer::{
    Attributes, FileFuture, FileKind, FileStatus, Files, FilesError, Links, Open, OpenFile,
    RemotePath,
};
use farwire_model::transfer_view::Conflict;
use futures_util::future;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Other names that are tried: `name (2)` and on.
const MAX_NAMES: u32 = 1000;

/// What a transfer copies with.
pub(super) struct Copier {
    pub id: TransferId,
    pub from: Way,
    pub to: Way,
    pub rule: Conflict,
    /// Whether an earlier try may have copied some: what has the source's size and time is taken as done.
    pub is_again: bool,
    /// Whether each copy is read again and compared.
    pub checksum: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// It is there, or was skipped.
    Done,
    /// Something is there already, and the rule is to ask.
    Asked,
}

/// Where a copy goes.
pub(super) enum Target {
    At(RemotePath),
    Nowhere(Copied),
}

impl Copier {
    /// Copies a file. `told` hears of bytes that are there.
    pub async fn file(&self, item: &Item, told: impl Fn(u64)) -> Result<Copied, FilesError> {
        let to = &*self.to.files;
        let source = self.from.files.open(&item.from, Open::Read).await?;
        let attributes = source.attributes().await?;
        let size = attributes.size.unwrap_or(0);
        let target = match self.target(item, &attributes).await? {
            Target::At(target) => target,
            Target::Nowhere(outcome) => {
                source.close().await?;
                if outcome == Copied::Done {
                    told(size);
                }
                return Ok(outcome);
            }
        };
        let temporary = self.temporary(item, &attributes)?;
        let (copy, offset) = self.begin(&temporary, &attributes).await?;
        told(offset);
        let (source, copy) = (Spread::new(source), Spread::new(copy));
        let marks = Mutex::new(Marks::Allowed);
        let joining = future::join(
            self.read_over_more(item, &source, &attributes, offset),
            self.write_over_more(&temporary, &copy, &marks, &attributes, offset),
        );
        let filled = tokio::select! {
            filled = self.fill(&source, &copy, &marks, offset, &attributes, &told) => filled,
            (never, _) = joining => match never {},
        };
        if let Err(error) = filled {
            // A lost link leaves it for the next try; anything else would go wrong the same way again.
            if !error.status.is_passing() {
                copy.first.close().await.unwrap_or_default();
                to.remove_file(&temporary).await.unwrap_or_default();
            }
            return Err(error);
        }
        copy.first.close().await?;
        source.first.close().await?;
        to.replace(&temporary, &target).await?;
        Ok(Copied::Done)
    }

    async fn fill(
        &self,
        source: &Arc<Spread>,
        copy: &Arc<Spread>,
        marks: &Mutex<Marks>,
        offset: u64,
        attributes: &Attributes,
        told: impl Fn(u64),
    ) -> Result<(), FilesError> {
        let size = attributes.size.unwrap_or(0);
        pipe::copy(source, copy, offset, size, pipe::unsure_bytes(size), told).await?;
        if self.checksum {
            let (theirs, ours) = futures_util::future::try_join(
                pipe::digest(source, size),
                pipe::digest(copy, size),
            )
            .await?;
            if theirs != ours {
                let message = "the copy differs from the source: try again";
                return Err(FilesError::new(FileStatus::Failure, message));
            }
        }
        // What is written last decides the time: a mark that is under way is waited for, and none is after this.
        *marks.lock().await = Marks::Over;
        future::try_join(source.close_others(), copy.close_others()).await?;
        copy.first.set_attributes(&kept(attributes)).await
    }

    /// Reads the source over every further link that comes up.
    async fn read_over_more(
        &self,
        item: &Item,
        source: &Spread,
        attributes: &Attributes,
        offset: u64,
    ) -> Infallible {
        let open = |files: Arc<dyn Files>| -> Opening<'_> {
            Box::pin(async move {
                let again = files.open(&item.from, Open::Read).await?;
                let there = again.attributes().await?;
                // A name can stand for several machines.
                Ok((again, is_same(attributes, &there)))
            })
        };
        if left(attributes, offset) < LARGE_TO_READ {
            return future::pending().await;
        }
        over_more(&self.from, source, open).await
    }

    /// Writes the copy over every further link that comes up.
    async fn write_over_more(
        &self,
        temporary: &RemotePath,
        copy: &Spread,
        marks: &Mutex<Marks>,
        attributes: &Attributes,
        offset: u64,
    ) -> Infallible {
        let open = |files: Arc<dyn Files>| -> Opening<'_> {
            Box::pin(async move {
                let again = files.open(temporary, Open::Write).await?;
                // A name can stand for several machines, and an earlier try may have left a file of this name on each: what
                // is marked over one link must be seen over the other. The times are set at the end anyway.
                let marking = marks.lock().await;
                if *marking == Marks::Over {
                    return Ok((again, false));
                }
                let mark = u32::from_be_bytes(random::bytes::<4>()) >> 1;
                let marked = Attributes {
                    times: Some((mark, mark)),
                    ..Attributes::default()
                };
                again.set_attributes(&marked).await?;
                let seen = copy.first.attributes().await?;
                drop(marking);
                Ok((again, seen.times.is_some_and(|(read, _)| read == mark)))
            })
        };
        if left(attributes, offset) < LARGE_TO_WRITE {
            return future::pending().await;
        }
        over_more(&self.to, copy, open).await
    }

    /// The temporary file, new or from an earlier try, and how much of it is sure to be there.
    async fn begin(
        &self,
        temporary: &RemotePath,
        attributes: &Attributes,
    ) -> Result<(Arc<dyn OpenFile>, u64), FilesError> {
        let size = attributes.size.unwrap_or(0);
        match self.to.files.attributes(temporary, Links::Keep).await {
            Ok(part) if part.kind() == FileKind::File => {
                let there = part.size.unwrap_or(0);
                if there <= size {
                    let copy = self.to.files.open(temporary, Open::Write).await?;
                    return Ok((copy, there.saturating_sub(pipe::unsure_bytes(size))));
                }
                self.to.files.remove_file(temporary).await?;
            }
            Ok(_) => self.to.files.remove_file(temporary).await?,
            Err(error) if error.status == FileStatus::NoSuchFile => {}
            Err(error) => return Err(error),
        }
        // Nobody else reads it before it is whole.
        let how = Open::Create { permissions: 0o600 };
        Ok((self.to.files.open(temporary, how).await?, 0))
    }

    /// Where the copy goes by the rule.
    pub async fn target(&self, item: &Item, source: &Attributes) -> Result<Target, FilesError> {
        let mut target = item.to.clone();
        for number in 2..=MAX_NAMES {
            let there = match self.to.files.attributes(&target, Links::Keep).await {
                Ok(there) => there,
                Err(error) if error.status == FileStatus::NoSuchFile => {
                    return Ok(Target::At(target));
                }
                Err(error) => return Err(error),
            };
            if self.is_again && is_same(source, &there) {
                return Ok(Target::Nowhere(Copied::Done));
            }
            let is_newer = || modified(source) > modified(&there);
            match self.rule {
                Conflict::Ask => return Ok(Target::Nowhere(Copied::Asked)),
                Conflict::Skip => return Ok(Target::Nowhere(Copied::Done)),
                Conflict::Newer if !is_newer() => return Ok(Target::Nowhere(Copied::Done)),
                Conflict::Newer | Conflict::Overwrite if there.kind() == FileKind::Folder => {
                    let message = format!("could not copy to {target}: a folder is there");
                    return Err(FilesError::new(FileStatus::Failure, message));
                }
                Conflict::Newer | Conflict::Overwrite => return Ok(Target::At(target)),
                Conflict::Rename => target = numbered(&item.to, number)?,
            }
        }
        let message = format!("could not find another name for {}", item.to);
        Err(FilesError::new(FileStatus::Failure, message))
    }

    /// The name until the copy is whole: the same for the same source in every try, and another when the source changed.
    pub fn temporary(&self, item: &Item, source: &Attributes) -> Result<RemotePath, FilesError> {
        let mut sha = Sha256::new();
        sha.update(item.from.as_bytes());
        sha.update(source.size.unwrap_or(0).to_be_bytes());
        sha.update(modified(source).to_be_bytes());
        let hash = random::hex(sha.finalize().get(..6).unwrap_or_default());
        let name = format!(".farwire-{}-{hash}.part", self.id);
        beside(&item.to, name.as_bytes())
    }
}

/// Bytes that are still to be copied.
fn left(attributes: &Attributes, offset: u64) -> u64 {
    attributes.size.unwrap_or(0).saturating_sub(offset)
}

/// Whether links that come up may still mark the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    Allowed,
    /// The copy gets its own times.
    Over,
}

/// A file opened over another link, and whether it is the same one.
type Opening<'a> = FileFuture<'a, (Arc<dyn OpenFile>, bool)>;

/// Opens a file again over every further link that comes up. What is not the same file
/// there, or cannot be opened, is left alone.
async fn over_more<'a>(
    way: &Way,
    file: &Spread,
    open: impl Fn(Arc<dyn Files>) -> Opening<'a>,
) -> Infallible {
    let mut more = way.more();
    let mut seen = 0;
    loop {
        let new = more
            .borrow_and_update()
            .get(seen..)
            .unwrap_or_default()
            .to_vec();
        seen += new.len();
        for opened in future::join_all(new.into_iter().map(&open)).await {
            match opened {
                Ok((again, true)) => file.add(again),
                Ok((_, false)) => tracing::debug!("another link leads to another file"),
                Err(error) => tracing::debug!(%error, "a file goes over fewer links"),
            }
        }
        if more.changed().await.is_err() {
            return future::pending().await;
        }
    }
}

/// A path in the same folder.
pub(super) fn beside(path: &RemotePath, name: &[u8]) -> Result<RemotePath, FilesError> {
    path.parent().join(name).map_err(|error| {
        let message = format!("could not write beside {path}: {error}");
        FilesError::new(FileStatus::Failure, message)
    })
}

/// What of a source its copy gets: permissions without those to act as somebody else, and times.
pub(super) fn kept(attributes: &Attributes) -> Attributes {
    Attributes {
        mode: attributes.mode.map(|mode| mode & 0o777),
        times: attributes.times,
        ..Attributes::default()
    }
}

fn modified(attributes: &Attributes) -> u32 {
    attributes.times.map_or(0, |(_, modified)| modified)
}

fn is_same(source: &Attributes, there: &Attributes) -> bool {
    there.kind() == FileKind::File
        && source.size == there.size
        && modified(source) == modified(there)
}

/// `name (2).txt` for `name.txt`.
pub(super) fn numbered(path: &RemotePath, number: u32) -> Result<RemotePath, FilesError> {
    let name = path.name().unwrap_or_default();
    // A name's own first dot, as in `.profile`, begins no extension.
    let dot = name
        .iter()
        .rposition(|byte| *byte == b'.')
        .filter(|at| *at > 0);
    let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
    let number = format!(" ({number})");
    beside(path, &[stem, number.as_bytes(), extension].concat())
}

/// Gives a folder its permissions and times, once everything is in it.
pub(super) async fn finish_folder(files: &dyn Files, item: &Item) {
    let attributes = kept(&item.attributes);
    if let Err(error) = files.set_attributes(&item.to, &attributes).await {
        tracing::debug!(%error, "a folder keeps its own permissions and times");
    }
}

/// Makes a folder where there is none; answers whether it is new. What stands in its place is an error, also a link: it could
/// lead out of the folder that was chosen.
pub(super) async fn make_folder(files: &dyn Files, path: &RemotePath) -> Result<bool, FilesError> {
    let Err(error) = files.make_folder(path).await else {
        return Ok(true);
    };
    match files
        .attributes(path, Links::Keep)
        .await
        .map(|there| there.kind())
    {
        Ok(FileKind::Folder) => Ok(false),
        Ok(_) => {
            let message = format!("could not make the folder {path}: something else is there");
            Err(FilesError::new(FileStatus::Failure, message))
        }
        Err(_) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_keeps_the_extension() {
        for (name, expected) in [
            (&b"/a/x.tar.gz"[..], &b"/a/x.tar (2).gz"[..]),
            (b"/a/x", b"/a/x (2)"),
            (b"/a/.profile", b"/a/.profile (2)"),
            (b"/a/\xff.b", b"/a/\xff (2).b"),
        ] {
            let path = RemotePath::new(name).unwrap();
            assert_eq!(numbered(&path, 2).unwrap().as_bytes(), expected);
        }
    }
}
