//! The drive as a machine speaks to it: whole messages, byte for byte.

#[path = "tests/machine.rs"]
mod machine;

use super::*;
use machine::{Machine, number};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

const SUCCESS: u32 = 0;
const NO_MORE_FILES: u32 = 0x8000_0006;
const INVALID_HANDLE: u32 = 0xc000_0008;
const INVALID_PARAMETER: u32 = 0xc000_000d;
const NO_SUCH_FILE: u32 = 0xc000_000f;
const ACCESS_DENIED: u32 = 0xc000_0022;
const NAME_INVALID: u32 = 0xc000_0033;
const COLLISION: u32 = 0xc000_0035;
const RESOURCES: u32 = 0xc000_009a;
const PROTECTED: u32 = 0xc000_00a2;
const NOT_EMPTY: u32 = 0xc000_0101;

const READ: u32 = 0x0012_0089;
const ALL: u32 = 0x1000_0000;
const OPEN: u32 = 1;
const CREATE: u32 = 2;
const OPEN_IF: u32 = 3;
const OVERWRITE_IF: u32 = 5;
const FOLDER: u32 = 1;
const DELETE_ON_CLOSE: u32 = 0x1000;

#[tokio::test]
async fn a_folder_is_read_and_listed() {
    let mut machine = Machine::lent(true).await;
    symlink(machine.path("secret"), machine.path("lent/link")).unwrap();
    assert_eq!(machine.names("", "*").await, ["a.txt", "sub"]);
    assert_eq!(machine.names("\\sub", "*").await, ["b.txt"]);
    assert_eq!(machine.names("", "A.*").await, ["a.txt"]);
    assert!(machine.names("", "none").await.is_empty());
    let file = machine.open("\\a.txt", READ, OPEN, 0).await.unwrap();
    assert_eq!(machine.read(file, 4, 3).await.unwrap(), b"3456");
    assert_eq!(machine.read(file, 4096, 8).await.unwrap(), b"89");
    assert_eq!(machine.read(file, 4096, u64::MAX).await.unwrap(), b"");
    // FileStandardInformation: its length, one name, not to be deleted, no folder.
    let body = [&5_u32.to_le_bytes()[..], &[0; 28]].concat();
    let (status, told) = machine.ask((5, 0), file, &body).await;
    assert_eq!((status, number(&told)), (SUCCESS, 22));
    assert_eq!(told[12..], [10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    // FileFsAttributeInformation: the volume may only be read.
    let (status, told) = machine.ask((10, 0), file, &body).await;
    assert_eq!(status, SUCCESS);
    assert_eq!(number(&told[4..]), 0x0008_0007);
    assert_eq!(machine.close(file).await, SUCCESS);
    assert_eq!(machine.read(file, 4, 0).await, Err(INVALID_HANDLE));
    assert_eq!(machine.close(file).await, INVALID_HANDLE);
}

#[tokio::test]
async fn files_are_made_written_renamed_and_removed() {
    let mut machine = Machine::lent(false).await;
    let file = machine.open("\\new.txt", ALL, CREATE, 0).await.unwrap();
    assert_eq!(machine.write(file, b"hello", 2).await, SUCCESS);
    assert_eq!(machine.rename(file, "\\sub\\moved.txt", 0).await, SUCCESS);
    assert_eq!(machine.close(file).await, SUCCESS);
    assert_eq!(
        fs::read(machine.path("lent/sub/moved.txt")).unwrap(),
        b"\0\0hello"
    );
    assert!(!machine.path("lent/new.txt").exists());

    let again = machine.open("\\sub\\moved.txt", ALL, CREATE, 0).await;
    assert_eq!(again, Err(COLLISION));
    let file = machine
        .open("\\sub\\moved.txt", ALL, OPEN_IF, 0)
        .await
        .unwrap();
    // FileEndOfFileInformation, then a time (FileBasicInformation).
    assert_eq!(machine.set(file, 20, &3_i64.to_le_bytes()).await, SUCCESS);
    let mut times = [0; 36];
    times[16..24].copy_from_slice(&133_486_238_456_000_000_i64.to_le_bytes());
    assert_eq!(machine.set(file, 4, &times).await, SUCCESS);
    let known = fs::metadata(machine.path("lent/sub/moved.txt")).unwrap();
    let written = known
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH);
    assert_eq!(
        (known.len(), written.unwrap().as_millis()),
        (3, 1_704_150_245_600)
    );
    assert_eq!(machine.rename(file, "\\a.txt", 0).await, COLLISION);
    assert_eq!(machine.rename(file, "\\a.txt", 1).await, SUCCESS);
    assert_eq!(machine.close(file).await, SUCCESS);
    assert_eq!(fs::read(machine.path("lent/a.txt")).unwrap(), b"\0\0h");

    let file = machine.open("\\a.txt", ALL, OVERWRITE_IF, 0).await.unwrap();
    assert_eq!(fs::read(machine.path("lent/a.txt")).unwrap(), b"");
    // FileDispositionInformation.
    assert_eq!(machine.set(file, 13, &[1]).await, SUCCESS);
    assert!(machine.path("lent/a.txt").exists());
    assert_eq!(machine.close(file).await, SUCCESS);
    assert!(!machine.path("lent/a.txt").exists());

    let made = machine.open("\\made", ALL, CREATE, FOLDER).await.unwrap();
    assert_eq!(machine.close(made).await, SUCCESS);
    let full = machine.open("\\sub", ALL, OPEN, FOLDER).await.unwrap();
    assert_eq!(machine.set(full, 13, &[1]).await, NOT_EMPTY);
    assert_eq!(machine.close(full).await, SUCCESS);
    let made = machine
        .open("\\made", ALL, OPEN, FOLDER | DELETE_ON_CLOSE)
        .await
        .unwrap();
    assert_eq!(machine.close(made).await, SUCCESS);
    assert_eq!(machine.names("", "*").await, ["sub"]);
    machine.is_safe();
}

#[tokio::test]
async fn nothing_outside_the_folder_is_reached() {
    let mut machine = Machine::lent(false).await;
    let outside = machine.outside.path().to_str().unwrap().to_owned();
    symlink(machine.path("secret"), machine.path("lent/link")).unwrap();
    symlink(machine.path("other"), machine.path("lent/way")).unwrap();
    symlink("..", machine.path("lent/sub/up")).unwrap();
    symlink("/", machine.path("lent/root")).unwrap();
    symlink("/proc/self/cwd", machine.path("lent/magic")).unwrap();
    symlink("new-by-link", machine.path("lent/dangling")).unwrap();
    for path in [
        "\\..\\secret",
        "\\..",
        "..\\secret",
        "\\sub\\..\\..\\secret",
        "/../secret",
        "/sub/../../secret",
        "/link",
        "/way/secret",
        "\\../secret",
        "\\sub/../../secret",
        "\\.\\..\\secret",
        "\\link",
        "\\way\\secret",
        "\\way",
        "\\sub\\up\\..\\secret",
        "\\sub\\up\\a.txt",
        "\\root\\etc\\passwd",
        "\\magic\\secret",
        "\\dangling",
        "\\a.txt\0\\..\\..\\secret",
        &format!("\\..\\..\\..\\..\\..\\..{}", outside.replace('/', "\\")),
        &format!("{outside}/secret"),
        &outside.replace('/', "\\"),
        "\\\\localhost\\share",
        "C:\\secret",
    ] {
        for (access, wish, options) in [
            (READ, OPEN, 0),
            (READ, OPEN, FOLDER),
            (ALL, OPEN, DELETE_ON_CLOSE),
            (ALL, OVERWRITE_IF, 0),
            (ALL, OPEN_IF, 0),
            (ALL, CREATE, 0),
            (ALL, CREATE, FOLDER),
        ] {
            let opened = machine.open(path, access, wish, options).await;
            let refusals = [
                NAME_INVALID,
                ACCESS_DENIED,
                NO_SUCH_FILE,
                COLLISION,
                0xc000_003a,
            ];
            let status = opened.expect_err(path);
            assert!(refusals.contains(&status), "{path} {wish}: {status:x}");
        }
        let file = machine.open("\\a.txt", ALL, OPEN, 0).await.unwrap();
        for replaces in [0, 1] {
            // What is renamed to a link replaces the link itself, in the folder: that is no way out. Nor is what is left of a
            // name before its NUL.
            if !["\\link", "/link", "\\way", "\\dangling"].contains(&path) && !path.contains('\0') {
                assert_ne!(
                    machine.rename(file, path, replaces).await,
                    SUCCESS,
                    "{path}"
                );
            }
        }
        assert_eq!(machine.close(file).await, SUCCESS);
        machine.is_safe();
    }
    assert!(!machine.path("lent/new-by-link").exists());
    // The folder itself is neither removed nor given another name.
    let root = machine.open("\\", ALL, OPEN, FOLDER).await.unwrap();
    assert_eq!(machine.set(root, 13, &[1]).await, ACCESS_DENIED);
    assert_eq!(machine.rename(root, "\\b", 1).await, ACCESS_DENIED);
    assert_eq!(machine.close(root).await, SUCCESS);
    machine.is_safe();
}

#[tokio::test]
async fn what_is_put_into_its_way_meanwhile_leads_nowhere() {
    let mut machine = Machine::lent(false).await;
    let file = machine
        .open("\\sub\\b.txt", ALL, OPEN, DELETE_ON_CLOSE)
        .await
        .unwrap();
    fs::rename(machine.path("lent/sub"), machine.path("lent/away")).unwrap();
    symlink(machine.path("other"), machine.path("lent/sub")).unwrap();
    fs::write(machine.path("lent/away/secret"), "x").unwrap();
    assert_eq!(
        machine.rename(file, "\\sub\\secret", 1).await,
        ACCESS_DENIED
    );
    assert_eq!(
        machine.open("\\sub\\new", ALL, CREATE, 0).await,
        Err(ACCESS_DENIED)
    );
    assert_eq!(machine.close(file).await, ACCESS_DENIED);
    machine.is_safe();
    // Another file under the name is not the one that was to be removed.
    let file = machine
        .open("\\a.txt", ALL, OPEN, DELETE_ON_CLOSE)
        .await
        .unwrap();
    fs::rename(machine.path("lent/a.txt"), machine.path("lent/kept.txt")).unwrap();
    fs::write(machine.path("lent/a.txt"), "another").unwrap();
    assert_eq!(machine.close(file).await, NO_SUCH_FILE);
    assert_eq!(fs::read(machine.path("lent/a.txt")).unwrap(), b"another");
    assert_eq!(
        fs::read(machine.path("lent/kept.txt")).unwrap(),
        b"0123456789"
    );
}

#[tokio::test]
async fn nothing_is_changed_where_only_reading_is_lent() {
    let mut machine = Machine::lent(true).await;
    for (path, wish, options) in [
        ("\\new", CREATE, 0),
        ("\\new", CREATE, FOLDER),
        ("\\new", OPEN_IF, 0),
        ("\\new", OVERWRITE_IF, 0),
        ("\\new", 0, 0),
        ("\\a.txt", 0, 0),
        ("\\a.txt", 4, 0),
        ("\\a.txt", OVERWRITE_IF, 0),
        ("\\a.txt", OPEN, DELETE_ON_CLOSE),
        ("\\a.txt", OPEN, 0),
        ("\\a.txt", OPEN_IF, 0),
        ("\\sub", OPEN, FOLDER | DELETE_ON_CLOSE),
    ] {
        let opened = machine.open(path, ALL, wish, options).await;
        assert_eq!(opened, Err(PROTECTED), "{path} {wish} {options}");
    }
    for (path, wish) in [
        ("\\new", CREATE),
        ("\\new", OPEN_IF),
        ("\\a.txt", OVERWRITE_IF),
    ] {
        let opened = machine.open(path, READ, wish, 0).await;
        assert_eq!(opened, Err(PROTECTED), "{path} {wish}");
    }
    // Who asked for reading alone gets no further by it.
    let file = machine.open("\\a.txt", READ, OPEN_IF, 0).await.unwrap();
    assert_eq!(machine.write(file, b"x", 0).await, PROTECTED);
    assert_eq!(machine.rename(file, "\\b.txt", 1).await, PROTECTED);
    for (class, what) in [(4, &[1; 36][..]), (13, &[1]), (19, &[0; 8]), (20, &[0; 8])] {
        assert_eq!(machine.set(file, class, what).await, PROTECTED, "{class}");
    }
    assert_eq!(machine.close(file).await, SUCCESS);
    assert_eq!(fs::read(machine.path("lent/a.txt")).unwrap(), b"0123456789");
    assert_eq!(machine.names("", "*").await, ["a.txt", "sub"]);
}

#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let mut machine = Machine::lent(false).await;
    let pipe = machine.path("lent/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(machine.path("lent/socket")).unwrap();
    for name in ["\\pipe", "\\socket"] {
        for access in [READ, ALL] {
            let opened = machine.open(name, access, OPEN, 0).await;
            assert_eq!(opened, Err(ACCESS_DENIED), "{name}");
        }
    }
    assert_eq!(machine.names("", "*").await, ["a.txt", "sub"]);
    let stream = machine.open("\\a.txt:stream", ALL, CREATE, 0).await;
    assert_eq!(stream, Err(NAME_INVALID));
}

#[tokio::test]
async fn there_is_a_limit_to_everything() {
    let mut machine = Machine::lent(false).await;
    let file = machine.open("\\a.txt", ALL, OPEN, 0).await.unwrap();
    assert_eq!(
        machine.read(file, u32::MAX, 0).await,
        Err(INVALID_PARAMETER)
    );
    let most = u32::try_from(MAX_BYTES).unwrap();
    assert_eq!(machine.read(file, most, 0).await.unwrap(), b"0123456789");
    let long = vec![1; MAX_BYTES + 1];
    assert_eq!(machine.write(file, &long, 0).await, INVALID_PARAMETER);
    assert_eq!(machine.write(file, b"x", u64::MAX).await, INVALID_PARAMETER);
    assert_eq!(
        machine.set(file, 20, &(-1_i64).to_le_bytes()).await,
        INVALID_PARAMETER
    );
    for _ in 1..files::MAX_OPEN {
        machine.open("\\a.txt", READ, OPEN, 0).await.unwrap();
    }
    assert_eq!(machine.open("\\a.txt", READ, OPEN, 0).await, Err(RESOURCES));
}

#[tokio::test]
async fn folders_are_told_a_few_at_a_time() {
    let mut machine = Machine::lent(true).await;
    let mut first = None;
    for _ in 0..files::MAX_LISTINGS {
        let folder = machine.open("", READ, OPEN, FOLDER).await.unwrap();
        assert_eq!(machine.list(folder, Some("\\*")).await.0, SUCCESS);
        first = first.or(Some(folder));
    }
    let further = machine.open("", READ, OPEN, FOLDER).await.unwrap();
    assert_eq!(machine.list(further, Some("\\*")).await.0, RESOURCES);
    // Who was told everything holds nothing any more.
    let first = first.unwrap();
    assert_eq!(machine.list(first, None).await.0, SUCCESS);
    for _ in 0..2 {
        assert_eq!(machine.list(first, None).await.0, NO_MORE_FILES);
    }
    assert_eq!(machine.list(further, Some("\\*")).await.0, SUCCESS);
    let long = "?".repeat(256);
    assert_eq!(machine.list(further, Some(&long)).await.0, NAME_INVALID);
}

#[tokio::test]
async fn a_machine_that_asks_for_too_much_is_refused_and_may_begin_anew() {
    let mut machine = Machine::lent(false).await;
    let file = machine.open("\\a.txt", ALL, OPEN, 0).await.unwrap();
    let body = [&1_u32.to_le_bytes()[..], &[0; 28]].concat();
    // Nobody takes the answers here.
    let mut count = 0;
    let refused = loop {
        if let Some(refused) = machine.send((3, 0), file, &body).pop() {
            break refused;
        }
        count += 1;
        assert!(count <= 2 * QUEUE, "there is always room");
    };
    assert!(count >= WAITING_REQUESTS);
    let refused = refused.encode_unframed_pdu().unwrap();
    assert_eq!(number(&refused[12..]), RESOURCES);
    // Closing is for nothing else to take the place of.
    while machine.send((2, 0), file, &[0; 32]).is_empty() {
        count += 1;
        assert!(count <= 2 * QUEUE, "there is always room");
    }
    // What was asked before the machine begins anew is not answered any more, and its files are closed.
    let before = machine.answer().await;
    machine.begin();
    assert!(machine.drive.message(before).is_none());
    let load = Arc::clone(machine.drive.0.as_ref().unwrap());
    let drained = async {
        while load.requests.load(Ordering::Relaxed) > 0 {
            // Not for each of them there is an answer.
            let answer = timeout(Duration::from_millis(10), machine.answers.next());
            if let Ok(answer) = answer.await {
                assert!(machine.drive.message(answer).is_none());
            }
        }
    };
    timeout(Duration::from_secs(20), drained).await.unwrap();
    assert_eq!(load.bytes.load(Ordering::Relaxed), 0);
    assert_eq!(machine.read(file, 1, 0).await, Err(INVALID_HANDLE));
    let again = machine.open("\\a.txt", READ, OPEN, 0).await.unwrap();
    assert_eq!(machine.read(again, 1, 0).await.unwrap(), b"0");
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_does_not_answer_is_waited_for_no_longer() {
    let (hold, held) = blocking::channel::<()>();
    let open = move || {
        held.recv().unwrap_or_default();
        Err(Errno::NOENT)
    };
    let (_opened, is_open) = Opened::begin("lent".to_owned(), open).unwrap();
    assert!(timeout(STEP_LIMIT, is_open).await.is_err());
    drop(hold);
}

#[tokio::test]
async fn what_cannot_be_read_or_is_not_done_ends_nothing() {
    let mut machine = Machine::lent(false).await;
    for message in [
        &b""[..],
        b"rD",
        b"xxxx",
        b"rDRI\x01\0\0\0",
        b"rDRI\x01\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\xff\xff\xff\xff",
    ] {
        assert!(machine.channel.process(message).unwrap().is_empty());
    }
    let file = machine.open("\\a.txt", READ, OPEN, 0).await.unwrap();
    // A control request, a lock, a watch on a folder, its security.
    for (kind, body) in [((14, 0), [0; 32]), ((17, 0), [0; 32]), ((12, 2), [0; 32])] {
        let mut body = body.to_vec();
        if kind.0 == 17 {
            body[0] = 2;
        }
        let (status, _) = machine.ask(kind, file, &body).await;
        assert_eq!(status, 0xc000_00bb, "{kind:?}");
    }
    assert_eq!(machine.read(file, 1, 0).await.unwrap(), b"0");
}

#[tokio::test]
async fn why_a_folder_is_not_shared_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let inside = |name| folder.path().join(name).to_str().unwrap().to_owned();
    for (named, why) in [
        ("lent".to_owned(), "its whole path is needed"),
        (inside("none"), "there is none"),
        (inside("file"), "it is no folder"),
    ] {
        let lent = Lent {
            folder: named.clone(),
            is_read_only: true,
        };
        let said = lent.open().await.unwrap_err();
        assert_eq!(said, format!("The folder {named} is not shared: {why}."));
    }
}

#[test]
fn a_drive_is_called_by_its_folder() {
    for (path, expected) in [
        ("/home/me/Documents", "Documents"),
        ("/home/me/a:b|c", "abc"),
        ("/", "Farwire"),
        ("/home/me/Büro 2", "Büro 2"),
    ] {
        assert_eq!(label(Path::new(path)), expected);
    }
}
