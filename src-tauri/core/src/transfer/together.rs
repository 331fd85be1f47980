//! Many small files as one stream: `tar` on the machine packs or unpacks them, so that none waits for an answer of its own.
//!
//! The machine must have GNU's `tar` and run commands. Where it does not, or something goes wrong on the way, what was not
//! copied is left to be copied file by file. Nothing that the machine says decides where a file goes: what it packs must be what
//! was asked for, and what it unpacks has numbers for names and gets its own once it is whole.

use super::copy::{Copier, make_folder};
use super::local::system_path;
use super::packing::{Job, Pieces, pack, unpack};
use super::walk::Item;
use bytes::{Bytes, BytesMut};
use farwire_model::transfer::{FileStatus, Files, FilesError, Program, RemotePath};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, future};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

/// A file larger than this goes by itself, many requests at once.
pub(super) const SMALL_BYTES: u64 = 256 << 10;
/// Fewer than this are as quick one by one.
pub(super) const ENOUGH: usize = 24;

/// The bytes of one piece of the stream, and pieces that wait for the other side.
pub(super) const PIECE_BYTES: usize = 256 << 10;
const PIECES: usize = 16;
/// Files that get their names at once.
const RENAMED_AT_ONCE: usize = 64;
/// The longest line of `tar` that is read: a number, or a complaint.
const MAX_LINE_BYTES: u64 = 4096;

/// A file that is to go in the stream, and where its copy goes.
pub(super) struct Wanted<'a> {
    pub item: &'a Item,
    pub target: RemotePath,
}

/// Copies files of another machine here. Answers those that are left.
pub(super) async fn fetch<'a>(
    copier: &Copier,
    root: &Item,
    wanted: Vec<Wanted<'a>>,
    mut done: impl FnMut(&'a Item) + Send,
) -> Result<Vec<&'a Item>, FilesError> {
    let mut list = Vec::new();
    let mut jobs = Vec::new();
    for one in &wanted {
        let Some(name) = inside(&root.from, &one.item.from) else {
            return Ok(items(&wanted));
        };
        // No name begins like an option.
        list.extend_from_slice(b"./");
        list.extend_from_slice(name);
        list.push(0);
        jobs.push(Job {
            name: name.to_vec(),
            temporary: system_path(&copier.temporary(one.item, &one.item.attributes)?),
            target: system_path(&one.target),
        });
    }
    let options = b"--null --no-recursion --hard-dereference --format=gnu -cf - -T -";
    let Ok(program) = run(&*copier.from.files, &root.from, options, b"").await else {
        return Ok(items(&wanted));
    };
    let (mut printed, mut input) = tokio::io::split(program);
    let (pieces, received) = mpsc::channel(PIECES);
    let (told, mut saved) = mpsc::channel(RENAMED_AT_ONCE);
    let unpacking = tokio::task::spawn_blocking(move || unpack(Pieces::of(received), &jobs, &told));
    let ask = async {
        // A program that ended says so on the other side.
        let _ = input.write_all(&list).await;
        let _ = input.shutdown().await;
    };
    let take = async {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            match printed.read_buf(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(_) if pieces.send(piece.freeze()).await.is_err() => break,
                Ok(_) => {}
            }
        }
        drop(pieces);
    };
    let mut is_left = vec![true; wanted.len()];
    let count = async {
        while let Some(index) = saved.recv().await {
            if let (Some(one), Some(is_left)) = (wanted.get(index), is_left.get_mut(index)) {
                *is_left = false;
                done(one.item);
            }
        }
    };
    future::join3(ask, take, count).await;
    match unpacking.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "files go on one by one"),
        Err(fault) => tracing::error!(error = %fault, "unpacking stopped"),
    }
    Ok(left(&wanted, &is_left))
}

/// Copies files of this computer to another machine. Answers those that are left.
pub(super) async fn send<'a>(
    copier: &Copier,
    root: &Item,
    wanted: Vec<Wanted<'a>>,
    mut done: impl FnMut(&'a Item) + Send,
) -> Result<Vec<&'a Item>, FilesError> {
    let staging = staging(copier, &root.to)?;
    make_folder(&*copier.to.files, &staging).await?;
    // Owners are the account's own, times and permissions those of the files.
    let options = b"--warning=no-timestamp -xpvof -";
    let Ok(program) = run(&*copier.to.files, &staging, options, b" 2>&1; echo end $?").await else {
        remove_staging(&*copier.to.files, &staging).await;
        return Ok(items(&wanted));
    };
    let (printed, mut input) = tokio::io::split(program);
    let (pieces, mut packed) = mpsc::channel::<Bytes>(PIECES);
    let sources: Vec<_> = wanted
        .iter()
        .map(|one| system_path(&one.item.from))
        .collect();
    let is_whole: Arc<Vec<_>> = Arc::new(wanted.iter().map(|_| AtomicBool::new(false)).collect());
    let marks = Arc::clone(&is_whole);
    let packing = tokio::task::spawn_blocking(move || pack(&sources, &marks, &pieces));
    let give = async {
        while let Some(piece) = packed.recv().await {
            if input.write_all(&piece).await.is_err() {
                break;
            }
        }
        drop(packed);
        // A program that ended says so on the other side.
        let _ = input.shutdown().await;
    };
    let mut is_left = vec![true; wanted.len()];
    // Room for all that it can have to say: while its words are not read, no answer to a renaming comes over this link.
    let (lines, mut said) = mpsc::channel(wanted.len() + 2);
    let listen = async {
        let mut printed = BufReader::new(printed);
        loop {
            let said = Said::of(&read_line(&mut printed).await);
            let is_over = !matches!(said, Said::Begun(_));
            if lines.try_send(said).is_err() || is_over {
                break;
            }
        }
        drop(lines);
        // What is still printed is read, or the machine would wait.
        let rest = tokio::io::copy(&mut printed, &mut tokio::io::sink()).await;
        rest.unwrap_or_default();
    };
    let name = async {
        let mut renames = FuturesUnordered::new();
        let mut current = None;
        let mut is_over = false;
        while !(is_over && renames.is_empty()) {
            tokio::select! {
                Some(ended) = renames.next(), if !renames.is_empty() => {
                    let (index, renamed): (usize, Result<(), FilesError>) = ended;
                    match (renamed, wanted.get(index), is_left.get_mut(index)) {
                        (Ok(()), Some(one), Some(is_left)) => {
                            *is_left = false;
                            done(one.item);
                        }
                        (Err(error), ..) if error.status.is_passing() => return Err(error),
                        // Why not is found out when it goes by itself.
                        _ => {}
                    }
                }
                next = said.recv(), if !is_over && renames.len() < RENAMED_AT_ONCE => {
                    let next = next.unwrap_or(Said::Trouble);
                    // The next one begins: the one before is whole.
                    let ended = current.take().filter(|_| next != Said::Trouble);
                    let is_sure = |index: usize| is_whole.get(index).is_some_and(|whole| whole.load(Ordering::Acquire));
                    if let Some(index) = ended.filter(|index| is_sure(*index))
                        && let Some(one) = wanted.get(index)
                    {
                        renames.push(rename(&*copier.to.files, &staging, index, &one.target));
                    }
                    match next {
                        Said::Begun(index) => current = Some(index),
                        Said::Trouble | Said::Over => is_over = true,
                    }
                }
            }
        }
        Ok(())
    };
    let (named, (), ()) = future::join3(name, give, listen).await;
    if let Err(fault) = packing.await {
        tracing::error!(error = %fault, "packing stopped");
    }
    named?;
    remove_staging(&*copier.to.files, &staging).await;
    Ok(left(&wanted, &is_left))
}

/// Gives a file its own name, and its number back.
fn rename<'a>(
    files: &'a dyn Files,
    staging: &'a RemotePath,
    index: usize,
    target: &'a RemotePath,
) -> BoxFuture<'a, (usize, Result<(), FilesError>)> {
    Box::pin(async move {
        let renamed = match staging.join(format!("{index:08}").as_bytes()) {
            Ok(staged) => files.replace(&staged, target).await,
            Err(error) => Err(FilesError::new(FileStatus::Failure, error.to_string())),
        };
        (index, renamed)
    })
}

/// What `tar` says of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It begins with the file of this number.
    Begun(usize),
    /// All went well.
    Over,
    /// Something else: nothing after it is sure.
    Trouble,
}

impl Said {
    fn of(line: &str) -> Self {
        match (line, line.parse()) {
            ("end 0", _) => Self::Over,
            (number, Ok(index)) if number.len() == 8 => Self::Begun(index),
            _ => Self::Trouble,
        }
    }
}

async fn read_line<R: tokio::io::AsyncRead + Unpin>(from: &mut BufReader<R>) -> String {
    let mut line = Vec::new();
    // At the end, and where it breaks off, this is no line that means anything.
    let _ = from.take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await;
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// Starts `tar` in a folder.
async fn run(
    files: &dyn Files,
    folder: &RemotePath,
    options: &[u8],
    end: &[u8],
) -> Result<Box<dyn Program>, FilesError> {
    let folder = quoted(folder.as_bytes());
    let command = [b"env LC_ALL=C tar -C ", &*folder, b" ", options, end].concat();
    let started = files.run(&command).await;
    started.inspect_err(|error| tracing::debug!(%error, "files go one by one"))
}

/// A word as every shell reads it.
fn quoted(word: &[u8]) -> Vec<u8> {
    let mut text = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' => text.extend_from_slice(b"'\\''"),
            byte => text.push(*byte),
        }
    }
    text.push(b'\'');
    text
}

/// A path below a folder, without the folder's.
fn inside<'a>(folder: &RemotePath, path: &'a RemotePath) -> Option<&'a [u8]> {
    let folder = folder.as_bytes();
    let rest = path.as_bytes().strip_prefix(folder)?;
    match folder.ends_with(b"/") {
        true => Some(rest),
        false => rest.strip_prefix(b"/"),
    }
}

fn items<'a>(wanted: &[Wanted<'a>]) -> Vec<&'a Item> {
    wanted.iter().map(|one| one.item).collect()
}

fn left<'a>(wanted: &[Wanted<'a>], is_left: &[bool]) -> Vec<&'a Item> {
    let all = wanted.iter().zip(is_left);
    all.filter_map(|(one, is_left)| is_left.then_some(one.item))
        .collect()
}

/// The folder on the machine where files lie until they are whole.
pub(super) fn staging(copier: &Copier, root: &RemotePath) -> Result<RemotePath, FilesError> {
    let name = format!(".farwire-{}.part", copier.id);
    root.join(name.as_bytes()).map_err(|error| {
        let message = format!("could not write in {root}: {error}");
        FilesError::new(FileStatus::Failure, message)
    })
}

/// Removes that folder with what is in it; what cannot be removed stays.
pub(super) async fn remove_staging(files: &dyn Files, staging: &RemotePath) {
    if files.remove_folder(staging).await.is_ok() {
        return;
    }
    for entry in files.list(staging).await.unwrap_or_default() {
        if let Ok(path) = staging.join(&entry.name) {
            files.remove_file(&path).await.unwrap_or_default();
        }
    }
    files.remove_folder(staging).await.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_to_a_shell() {
        for (word, expected) in [
            (&b"a b"[..], &b"'a b'"[..]),
            (b"it's $HOME", b"'it'\\''s $HOME'"),
            (b"\xff\n", b"'\xff\n'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn only_numbers_and_the_end_are_good_news() {
        for (line, said) in [
            ("00000012", Said::Begun(12)),
            ("end 0", Said::Over),
            ("end 2", Said::Trouble),
            ("12", Said::Trouble),
            (
                "tar: 00000012: Cannot write: No space left on device",
                Said::Trouble,
            ),
            ("", Said::Trouble),
        ] {
            assert_eq!(Said::of(line), said, "{line}");
        }
    }
}
