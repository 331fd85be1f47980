//! A machine that is lent a folder, as it speaks.

use super::super::{Answer, Answers, Channel, DEVICE, Drive, Lent};
use super::{FOLDER, NO_MORE_FILES, NO_SUCH_FILE, OPEN, READ, SUCCESS};
use ironrdp_svc::{SvcMessage, SvcProcessor};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A machine that is lent a folder.
pub struct Machine {
    /// `lent` is the folder; `secret` and `other/secret` lie beside it.
    pub outside: TempDir,
    pub channel: Channel,
    pub drive: Drive,
    pub answers: Answers,
}

impl Machine {
    pub async fn lent(is_read_only: bool) -> Self {
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
    pub fn begin(&mut self) {
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

    pub fn say(&mut self, header: [u8; 4], body: &[u8]) -> Vec<SvcMessage> {
        let message = [&header[..], body].concat();
        self.channel.process(&message).unwrap()
    }

    /// Sends a request: its kind, its file, what it has besides.
    pub fn send(&mut self, (major, minor): (u32, u32), file: u32, body: &[u8]) -> Vec<SvcMessage> {
        let mut message = Vec::new();
        for number in [DEVICE, file, 9, major, minor] {
            message.extend(number.to_le_bytes());
        }
        message.extend(body);
        self.say(*b"rDRI", &message)
    }

    /// The same, and what came of it: a status and what is behind it.
    pub async fn ask(&mut self, kind: (u32, u32), file: u32, body: &[u8]) -> (u32, Vec<u8>) {
        let at_once = self.send(kind, file, body);
        let answer = match at_once.into_iter().next() {
            Some(message) => message,
            None => loop {
                let answer = self.answer().await;
                // What was asked before the machine began anew is passed over.
                if let Some(message) = self.drive.message(answer) {
                    break message;
                }
            },
        };
        let bytes = answer.encode_unframed_pdu().unwrap();
        assert_eq!(bytes[..12], *b"rDCI\x01\0\0\0\x09\0\0\0");
        (number(&bytes[12..]), bytes[16..].to_vec())
    }

    /// The disk's next answer.
    pub async fn answer(&mut self) -> Answer {
        let answer = tokio::time::timeout(Duration::from_secs(20), self.answers.next());
        answer.await.unwrap()
    }

    /// Opens a file: which, for what, whether it is made, how. Its number, or why not.
    pub async fn open(
        &mut self,
        path: &str,
        access: u32,
        wish: u32,
        options: u32,
    ) -> Result<u32, u32> {
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

    pub async fn close(&mut self, file: u32) -> u32 {
        self.ask((2, 0), file, &[0; 32]).await.0
    }

    pub async fn read(&mut self, file: u32, length: u32, offset: u64) -> Result<Vec<u8>, u32> {
        let mut body = length.to_le_bytes().to_vec();
        body.extend(offset.to_le_bytes());
        body.extend([0; 20]);
        match self.ask((3, 0), file, &body).await {
            (SUCCESS, told) => Ok(told[4..].to_vec()),
            (status, _) => Err(status),
        }
    }

    pub async fn write(&mut self, file: u32, bytes: &[u8], offset: u64) -> u32 {
        let mut body = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
        body.extend(offset.to_le_bytes());
        body.extend([0; 20]);
        body.extend(bytes);
        self.ask((4, 0), file, &body).await.0
    }

    pub async fn set(&mut self, file: u32, class: u32, what: &[u8]) -> u32 {
        let mut body = class.to_le_bytes().to_vec();
        body.extend(u32::try_from(what.len()).unwrap().to_le_bytes());
        body.extend([0; 24]);
        body.extend(what);
        self.ask((6, 0), file, &body).await.0
    }

    pub async fn rename(&mut self, file: u32, to: &str, replaces: u8) -> u32 {
        let what = [&[replaces, 0][..], &sized(&format!("{to}\0"))].concat();
        self.set(file, 10, &what).await
    }

    /// The names that are told of a folder, sorted.
    pub async fn names(&mut self, path: &str, pattern: &str) -> Vec<String> {
        let folder = self.open(path, READ, OPEN, FOLDER).await.unwrap();
        let mut names = Vec::new();
        loop {
            let name = format!("{path}\\{pattern}");
            let first = names.is_empty().then_some(name.as_str());
            let (status, told) = self.list(folder, first).await;
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

    /// Asks for the next name in a folder, or for the first one of these.
    pub async fn list(&mut self, folder: u32, first: Option<&str>) -> (u32, Vec<u8>) {
        let name = first.map(|name| format!("{name}\0")).unwrap_or_default();
        let pattern = sized(&name);
        let mut body = 12_u32.to_le_bytes().to_vec();
        body.push(u8::from(first.is_some()));
        body.extend(&pattern[..4]);
        body.extend([0; 23]);
        body.extend(&pattern[4..]);
        self.ask((12, 1), folder, &body).await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    /// What lies beside the folder is as it was.
    pub fn is_safe(&self) {
        for name in ["secret", "other/secret"] {
            assert_eq!(fs::read_to_string(self.path(name)).unwrap(), "secret");
        }
        let count = |name| fs::read_dir(self.path(name)).unwrap().count();
        assert_eq!((count(""), count("other")), (3, 1));
    }
}

pub fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// A text behind its length.
pub fn sized(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units);
    bytes
}
