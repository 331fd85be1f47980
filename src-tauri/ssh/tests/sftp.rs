//! The SFTP client against OpenSSH's own server, run as a child over pipes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bytes::Bytes;
use farwire_model::transfer::{
    Attributes, FileKind, FileStatus, Files, Links, Open, OpenFile, RemotePath,
};
use farwire_ssh::sftp::Sftp;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};

const SERVER: &str = "/usr/lib/openssh/sftp-server";

/// A server whose home is a folder of its own; none, and a word about it, where it is not installed.
async fn server(home: &Path) -> Option<(Sftp, Child)> {
    if !Path::new(SERVER).exists() {
        assert!(std::env::var_os("CI").is_none(), "{SERVER} is missing");
        eprintln!("skipped: {SERVER} is missing");
        return None;
    }
    let mut child = Command::new(SERVER)
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stream = tokio::io::join(child.stdout.take().unwrap(), child.stdin.take().unwrap());
    Some((Sftp::start(stream).await.unwrap(), child))
}

fn at(folder: &Path, name: &[u8]) -> RemotePath {
    let folder = RemotePath::new(folder.as_os_str().as_bytes()).unwrap();
    folder.join(name).unwrap()
}

async fn write_all(file: &dyn OpenFile, bytes: &[u8]) {
    let size = file.write_size() as usize;
    let parts = bytes.chunks(size).enumerate();
    let writes = parts.map(|(index, part)| {
        let part = Bytes::copy_from_slice(part);
        file.write((index * size) as u64, part)
    });
    let writing = stream::iter(writes).buffered(64);
    writing.try_for_each(async |()| Ok(())).await.unwrap();
}

#[tokio::test]
async fn names_that_are_no_text_are_listed_read_renamed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, _server)) = server(dir.path()).await else {
        return;
    };
    let name = b"caf\xe9 \xff\xfe\n";
    fs::write(dir.path().join(OsStr::from_bytes(name)), "inside").unwrap();
    let home = files.home().await.unwrap();
    assert_eq!(
        home.as_bytes(),
        dir.path().canonicalize().unwrap().as_os_str().as_bytes()
    );
    let entries = files.list(&home).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].name, name);
    assert_eq!(entries[0].attributes.kind(), FileKind::File);
    assert!(entries[0].owner_names.is_some());
    // As it goes through JSON and back.
    let handle = home.join(&entries[0].name).unwrap().handle();
    let path = RemotePath::parse(&handle).unwrap();
    let file = files.open(&path, Open::Read).await.unwrap();
    assert_eq!(&file.read(0, 100).await.unwrap()[..], b"inside");
    assert!(file.read(6, 100).await.unwrap().is_empty());
    file.close().await.unwrap();
    let other = home.join(b"\xfe other").unwrap();
    files.rename(&path, &other).await.unwrap();
    assert!(dir.path().join(OsStr::from_bytes(b"\xfe other")).exists());
    files.remove_file(&other).await.unwrap();
    assert_eq!(files.list(&home).await.unwrap(), []);
}

#[tokio::test]
async fn a_folder_of_ten_thousand_entries_is_listed_whole() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, _server)) = server(dir.path()).await else {
        return;
    };
    for index in 0..10_000 {
        fs::write(dir.path().join(format!("file number {index}")), "").unwrap();
    }
    let begun = std::time::Instant::now();
    let home = files.home().await.unwrap();
    let mut names: Vec<_> = files
        .list(&home)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    eprintln!("10,000 entries in {:?}", begun.elapsed());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 10_000);
    let missing = files.list(&at(dir.path(), b"missing")).await.unwrap_err();
    assert_eq!(missing.status, FileStatus::NoSuchFile);
}

#[tokio::test]
async fn bytes_arrive_as_they_were_sent_many_requests_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, _server)) = server(dir.path()).await else {
        return;
    };
    let bytes: Vec<u8> = (0..20_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let path = at(dir.path(), b"made");
    let file = files
        .open(&path, Open::Create { permissions: 0o640 })
        .await
        .unwrap();
    write_all(&*file, &bytes).await;
    let times = Attributes {
        mode: Some(0o600),
        times: Some((1_000_000, 2_000_000)),
        ..Attributes::default()
    };
    file.set_attributes(&times).await.unwrap();
    assert!(file.sync().await.unwrap());
    file.close().await.unwrap();
    assert_eq!(fs::read(dir.path().join("made")).unwrap(), bytes);
    let made = fs::metadata(dir.path().join("made")).unwrap();
    assert_eq!((made.mode() & 0o7777, made.mtime()), (0o600, 2_000_000));

    let file = files.open(&path, Open::Read).await.unwrap();
    assert_eq!(file.attributes().await.unwrap().size, Some(20_000_000));
    let size = file.read_size();
    assert_eq!(size, 255 * 1024, "the server says so in its limits");
    let offsets = (0..bytes.len() as u64).step_by(size as usize);
    let reads = offsets.map(|offset| file.read(offset, size));
    let read: Vec<Bytes> = stream::iter(reads)
        .buffered(64)
        .try_collect()
        .await
        .unwrap();
    assert!(read.concat() == bytes);
    assert_eq!(
        files
            .space(&path)
            .await
            .unwrap()
            .map(|space| space.total > space.free),
        Some(true)
    );
}

#[tokio::test]
async fn five_gigabytes_of_nothing_have_their_size_and_their_end() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, _server)) = server(dir.path()).await else {
        return;
    };
    const SIZE: u64 = 5 << 30;
    fs::File::create(dir.path().join("sparse"))
        .unwrap()
        .set_len(SIZE)
        .unwrap();
    fs::File::create(dir.path().join("empty")).unwrap();
    let path = at(dir.path(), b"sparse");
    assert_eq!(
        files.attributes(&path, Links::Follow).await.unwrap().size,
        Some(SIZE)
    );
    let file = files.open(&path, Open::Read).await.unwrap();
    assert_eq!(file.read(SIZE - 3, 100).await.unwrap().len(), 3);
    assert!(file.read(SIZE, 100).await.unwrap().is_empty());
    let file = files.open(&path, Open::Write).await.unwrap();
    file.write(SIZE, Bytes::from_static(b"end")).await.unwrap();
    file.close().await.unwrap();
    assert_eq!(
        fs::metadata(dir.path().join("sparse")).unwrap().len(),
        SIZE + 3
    );
    let file = files
        .open(&at(dir.path(), b"empty"), Open::Read)
        .await
        .unwrap();
    assert!(file.read(0, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn renaming_refuses_what_is_there_and_replacing_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, _server)) = server(dir.path()).await else {
        return;
    };
    fs::write(dir.path().join("new"), "new").unwrap();
    fs::write(dir.path().join("old"), "old").unwrap();
    let (new, old) = (at(dir.path(), b"new"), at(dir.path(), b"old"));
    let refused = files.rename(&new, &old).await.unwrap_err();
    assert_eq!(refused.status, FileStatus::Failure);
    assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "old");
    files.replace(&new, &old).await.unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "new");
    assert!(!dir.path().join("new").exists());

    let folder = at(dir.path(), b"folder");
    files.make_folder(&folder).await.unwrap();
    fs::write(dir.path().join("folder/inside"), "").unwrap();
    assert_eq!(
        files.remove_folder(&folder).await.unwrap_err().status,
        FileStatus::Failure
    );
    files
        .remove_file(&folder.join(b"inside").unwrap())
        .await
        .unwrap();
    files.remove_folder(&folder).await.unwrap();

    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    let link = at(dir.path(), b"link");
    assert_eq!(
        files.attributes(&link, Links::Keep).await.unwrap().kind(),
        FileKind::Link
    );
    assert_eq!(
        files.attributes(&link, Links::Follow).await.unwrap().kind(),
        FileKind::File
    );
    assert_eq!(
        files.read_link(&link).await.unwrap().as_bytes(),
        b"/etc/passwd"
    );
    assert_eq!(
        files.real_path(&link).await.unwrap().as_bytes(),
        b"/etc/passwd"
    );
    // A new file is never written through a link that somebody put there.
    let through = files.open(&link, Open::Create { permissions: 0o600 }).await;
    assert_eq!(
        through.err().map(|error| error.status),
        Some(FileStatus::Failure)
    );
    files.remove_file(&link).await.unwrap();
    files
        .set_attributes(
            &old,
            &Attributes {
                mode: Some(0o4751),
                ..Attributes::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(
        fs::metadata(dir.path().join("old"))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777,
        0o4751
    );
}

#[tokio::test]
async fn a_killed_server_ends_what_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, mut server)) = server(dir.path()).await else {
        return;
    };
    fs::File::create(dir.path().join("sparse"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let file = files
        .open(&at(dir.path(), b"sparse"), Open::Read)
        .await
        .unwrap();
    let size = u64::from(file.read_size());
    let mut reads = stream::iter(0..)
        .map(|part| file.read(part * size, file.read_size()))
        .buffered(64);
    assert!(reads.next().await.unwrap().is_ok());
    server.start_kill().unwrap();
    let error = loop {
        if let Err(error) = reads.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(error.status, FileStatus::ConnectionLost);
    assert_eq!(files.ended().await.status, FileStatus::ConnectionLost);
    assert_eq!(
        files.home().await.unwrap_err().status,
        FileStatus::ConnectionLost
    );
}

#[tokio::test]
async fn nothing_stays_open_on_the_server_for_who_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let Some((files, server)) = server(dir.path()).await else {
        return;
    };
    let open = || {
        fs::read_dir(format!("/proc/{}/fd", server.id().unwrap()))
            .unwrap()
            .count()
    };
    let path = at(dir.path(), b"file");
    fs::write(dir.path().join("file"), "").unwrap();
    let home = files.home().await.unwrap();
    let before = open();
    for _ in 0..100 {
        let (file, listing) = (files.open(&path, Open::Read), files.list(&home));
        // Each is asked once, and then nobody waits for it any more.
        let both = futures_util::future::join(file, listing);
        let mut both = Box::pin(both);
        let _ = futures_util::poll!(both.as_mut());
        drop(both);
        drop(files.open(&path, Open::Read).await.unwrap());
    }
    files.home().await.unwrap();
    // Closing is asked for by then, and requests are answered in order.
    files.home().await.unwrap();
    assert_eq!(open(), before);
}
