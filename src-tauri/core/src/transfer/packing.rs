//! This computer's side of a stream of files: packing them, and saving what comes.

use super::copy::kept;
use super::local::{apply, attributes_of};
use super::tar::{self, BLOCK, Member};
use super::together::{PIECE_BYTES, SMALL_BYTES};
use bytes::{Bytes, BytesMut};
use farwire_model::transfer::Attributes;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// A file that is to come.
pub(super) struct Job {
    /// Its path below the folder.
    pub name: Vec<u8>,
    pub temporary: PathBuf,
    pub target: PathBuf,
}

/// Saves what comes, in the order it was asked for; some may be missing. Stops at what was not asked for.
pub(super) fn unpack(from: Pieces, jobs: &[Job], saved: &mpsc::Sender<usize>) -> io::Result<()> {
    let mut members = tar::Reader::new(from);
    let mut next = 0;
    while let Some(member) = members.next()? {
        let name = member.name.strip_prefix(b"./").unwrap_or(&member.name);
        let mut rest = jobs.iter().enumerate().skip(next);
        let Some((index, job)) = rest.find(|(_, job)| job.name == name) else {
            let message = "the machine packed what nobody asked for";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        next = index + 1;
        // What cannot be saved is tried by itself, which says why.
        let is_saved = member.is_file && save(job, &member, &mut members).is_ok();
        if is_saved && saved.blocking_send(index).is_err() {
            break;
        }
    }
    Ok(())
}

fn save(job: &Job, member: &Member, content: &mut impl Read) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Nobody else reads it before it is whole.
    options.write(true).create_new(true).mode(0o600);
    let file = match options.open(&job.temporary) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&job.temporary)?;
            options.open(&job.temporary)?
        }
        file => file?,
    };
    let filled =
        fill(&file, member, content).and_then(|()| fs::rename(&job.temporary, &job.target));
    if filled.is_err() {
        let _ = fs::remove_file(&job.temporary);
    }
    filled
}

fn fill(mut file: &File, member: &Member, content: &mut impl Read) -> io::Result<()> {
    if io::copy(&mut content.take(member.size), &mut file)? != member.size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let attributes = Attributes {
        mode: Some(member.mode),
        times: Some((member.modified, member.modified)),
        ..Attributes::default()
    };
    apply(file, &kept(&attributes))
}

/// Packs files; each is marked once all of it is in the stream. What cannot be read is left out, or filled up and not marked.
pub(super) fn pack(sources: &[PathBuf], is_whole: &[AtomicBool], to: &mpsc::Sender<Bytes>) {
    let mut piece = BytesMut::with_capacity(PIECE_BYTES);
    for (index, (source, is_whole)) in sources.iter().zip(is_whole).enumerate() {
        let Ok((mut file, attributes)) = open(source) else {
            continue;
        };
        let size = attributes.size.unwrap_or(0);
        let attributes = kept(&attributes);
        let modified = attributes.times.map_or(0, |(_, modified)| modified);
        let header = tar::header(index, size, attributes.mode.unwrap_or(0o600), modified);
        piece.extend_from_slice(&header);
        let start = piece.len();
        let end = start + usize::try_from(size).unwrap_or(0);
        piece.resize(end, 0);
        let content = piece.get_mut(start..end).unwrap_or_default();
        let is_read = file.read_exact(content).is_ok();
        piece.resize(end + tar::padding(size), 0);
        is_whole.store(is_read, Ordering::Release);
        if piece.len() >= PIECE_BYTES && to.blocking_send(piece.split().freeze()).is_err() {
            return;
        }
    }
    piece.resize(piece.len() + 2 * BLOCK, 0);
    // Whoever takes no more has ended.
    let _ = to.blocking_send(piece.freeze());
}

/// Opens a small regular file.
fn open(source: &PathBuf) -> io::Result<(File, Attributes)> {
    let file = File::open(source)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > SMALL_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let attributes = attributes_of(&metadata);
    Ok((file, attributes))
}

/// The stream as blocking code reads it.
pub(super) struct Pieces {
    from: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Pieces {
    pub fn of(from: mpsc::Receiver<Bytes>) -> Self {
        Self {
            from,
            piece: Bytes::new(),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.from.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let taken = self.piece.split_to(self.piece.len().min(buffer.len()));
        buffer
            .get_mut(..taken.len())
            .unwrap_or_default()
            .copy_from_slice(&taken);
        Ok(taken.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_not_asked_for_is_not_saved() {
        let dir = tempfile::tempdir().unwrap();
        let job = |name: &str| Job {
            name: name.as_bytes().to_vec(),
            temporary: dir.path().join(format!("{name}.part")),
            target: dir.path().join(name),
        };
        let jobs = [job("00000000"), job("00000002")];
        let mut bytes = Vec::new();
        for number in [0, 1, 2] {
            bytes.extend_from_slice(&tar::header(number, 1, 0o4755, 1));
            bytes.resize(bytes.len() + BLOCK, b'x');
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        let (send, receive) = mpsc::channel(1);
        send.try_send(Bytes::from(bytes)).unwrap();
        drop(send);
        let (told, mut saved) = mpsc::channel(8);
        let error = unpack(Pieces::of(receive), &jobs, &told).unwrap_err();
        assert!(error.to_string().contains("nobody asked"), "{error}");
        assert_eq!(saved.try_recv(), Ok(0));
        assert!(saved.try_recv().is_err());
        assert_eq!(fs::read(dir.path().join("00000000")).unwrap(), b"x");
        let mode = fs::metadata(dir.path().join("00000000"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o755, "nothing acts as somebody else");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
