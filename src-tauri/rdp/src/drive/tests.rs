//! The drive as a machine speaks to it: whole messages, byte for byte.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;
use tempfile::TempDir;

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

/// A machine that is lent a folder.
struct Machine {
    /// `lent` is the folder; `secret` and `other/secret` lie beside it.
    outside: TempDir,
    channel: Channel,
    drive: Drive,
    answers: Answers,
}

impl Machine {
    async fn lent(is_read_only: bool) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("lent");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::create_dir(outside.path().join("other")).unwrap();
        for (name, text) in [
            ("secret", "secret"),
            ("other/secret", "secret"),
            ("lent/a.txt", "0123456789"),
            ("lent/sub/b.txt", "b"),
        ] {
            fs::write(outside.path().join(name), text).unwrap();
        }
        let lent = Lent {
            folder: folder.to_str().unwrap().to_owned(),
            is_read_only,
        };
        let opened = lent.open().await.unwrap();
        let (channel, drive, answers) = opened.parts("here".to_owned());
        let mut machine = Self {
            outside,
            channel,
            drive,
            answers,
        };
        machine.begin();
        machine
    }

    /// Begins with the channel: announce, the number confirmed, a user, and the drive taken (MS-RDPEFS 1.3.1).
    fn begin(&mut self) {
        let announce = [1, 0, 12, 0, 7, 0, 0, 0];
        assert_eq!(self.say(*b"rDnI", &announce).len(), 2);
        assert_eq!(self.say(*b"rDCC", &announce).len(), 0);
        let devices = self.say(*b"rDLU", &[]);
        assert_eq!(devices.len(), 1, "the drive is announced");
        let told = devices[0].encode_unframed_pdu().unwrap();
        let name: Vec<u8> = "lent\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        // One device, a file system, its number, its short name, its name.
        let mut expected = b"rDAD\x01\0\0\0\x08\0\0\0\x01\0\0\0lent\0\0\0\0\x0a\0\0\0".to_vec();
        expected.extend(name);
        assert_eq!(told, expected);
        assert!(self.say(*b"rDrd", &[1, 0, 0, 0, 0, 0, 0, 0]).is_empty());
    }

    fn say(&mut self, header: [u8; 4], body: &[u8]) -> Vec<SvcMessage> {
        let message = [&header[..], body].concat();
        self.channel.process(&message).unwrap()
    }

    /// Sends a request: its kind, its file, what it has besides.
    fn send(&mut self, (major, minor): (u32, u32), file: u32, body: &[u8]) -> Vec<SvcMessage> {
        let mut message = Vec::new();
        for number in [DEVICE, file, 9, major, minor] {
            message.extend(number.to_le_bytes());
        }
        message.extend(body);
        self.say(*b"rDRI", &message)
    }

    /// The same, and what came of it: a status and what is behind it.
    async fn ask(&mut self, kind: (u32, u32), file: u32, body: &[u8]) -> (u32, Vec<u8>) {
        let at_once = self.send(kind, file, body);
        let answer = match at_once.into_iter().next() {
            Some(message) => message,
            None => {
                let answer = tokio::time::timeout(Duration::from_secs(20), self.answers.next());
                self.drive.message(answer.await.unwrap()).unwrap()
            }
        };
        let bytes = answer.encode_unframed_pdu().unwrap();
        assert_eq!(bytes[..12], *b"rDCI\x01\0\0\0\x09\0\0\0");
        (number(&bytes[12..]), bytes[16..].to_vec())
    }

    /// Opens a file: which, for what, whether it is made, how. Its number, or why not.
    async fn open(&mut self, path: &str, access: u32, wish: u32, options: u32) -> Result<u32, u32> {
        let mut body = access.to_le_bytes().to_vec();
        body.extend([0; 16]);
        body.extend(wish.to_le_bytes());
        body.extend(options.to_le_bytes());
        body.extend(sized(&format!("{path}\0")));
        match self.ask((0, 0), 0, &body).await {
            (SUCCESS, told) => Ok(number(&told)),
            (status, told) => {
                assert_eq!(told, [0; 5]);
                Err(status)
            }
        }
    }

    async fn close(&mut self, file: u32) -> u32 {
        self.ask((2, 0), file, &[0; 32]).await.0
    }

    async fn read(&mut self, file: u32, length: u32, offset: u64) -> Result<Vec<u8>, u32> {
        let mut body = length.to_le_bytes().to_vec();
        body.extend(offset.to_le_bytes());
        body.extend([0; 20]);
        match self.ask((3, 0), file, &body).await {
            (SUCCESS, told) => Ok(told[4..].to_vec()),
            (status, _) => Err(status),
        }
    }

    async fn write(&mut self, file: u32, bytes: &[u8], offset: u64) -> u32 {
        let mut body = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
        body.extend(offset.to_le_bytes());
        body.extend([0; 20]);
        body.extend(bytes);
        self.ask((4, 0), file, &body).await.0
    }

    async fn set(&mut self, file: u32, class: u32, what: &[u8]) -> u32 {
        let mut body = class.to_le_bytes().to_vec();
        body.extend(u32::try_from(what.len()).unwrap().to_le_bytes());
        body.extend([0; 24]);
        body.extend(what);
        self.ask((6, 0), file, &body).await.0
    }

    async fn rename(&mut self, file: u32, to: &str, replaces: u8) -> u32 {
        let what = [&[replaces, 0][..], &sized(&format!("{to}\0"))].concat();
        self.set(file, 10, &what).await
    }

    /// The names that are told of a folder, sorted.
    async fn names(&mut self, path: &str, pattern: &str) -> Vec<String> {
        let folder = self.open(path, READ, OPEN, FOLDER).await.unwrap();
        let mut names = Vec::new();
        loop {
            let name = format!("{path}\\{pattern}\0");
            let pattern = sized(if names.is_empty() { &name } else { "" });
            let mut body = 12_u32.to_le_bytes().to_vec();
            body.push(u8::from(names.is_empty()));
            body.extend(&pattern[..4]);
            body.extend([0; 23]);
            body.extend(&pattern[4..]);
            let (status, told) = self.ask((12, 1), folder, &body).await;
            if status != SUCCESS {
                let expected = if names.is_empty() {
                    NO_SUCH_FILE
                } else {
                    NO_MORE_FILES
                };
                assert_eq!(status, expected);
                break;
            }
            let units = told[16..].as_chunks::<2>().0.iter();
            let units: Vec<u16> = units.map(|unit| u16::from_le_bytes(*unit)).collect();
            names.push(String::from_utf16(&units).unwrap());
        }
        assert_eq!(self.close(folder).await, SUCCESS);
        names.sort();
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    /// What lies beside the folder is as it was.
    fn is_safe(&self) {
        for name in ["secret", "other/secret"] {
            assert_eq!(fs::read_to_string(self.path(name)).unwrap(), "secret");
        }
        let count = |name| fs::read_dir(self.path(name)).unwrap().count();
        assert_eq!((count(""), count("other")), (3, 1));
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// A text behind its length.
fn sized(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units);
    bytes
}

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
    // Who asks for more than the disk does meanwhile is not read; nobody takes the answers here.
    let body = [&1_u32.to_le_bytes()[..], &[0; 28]].concat();
    let mut count = 0;
    while machine.drive.has_room() {
        assert!(machine.send((3, 0), file, &body).is_empty());
        count += 1;
        assert!(count <= 2 * QUEUE, "there is always room");
    }
    // What was asked before the machine begins anew is not answered any more, and its files are closed.
    let before = machine.answers.next().await;
    let announce = [1, 0, 12, 0, 7, 0, 0, 0];
    machine.say(*b"rDnI", &announce);
    assert!(machine.drive.message(before).is_none());
    while !machine.drive.has_room() {
        assert!(
            machine
                .drive
                .message(machine.answers.next().await)
                .is_none()
        );
    }
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
