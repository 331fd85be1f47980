//! The files dialect on a real OpenSSH server: names, ranges, two steps, broken links.

use crate::app::App;
use crate::sshd::Sshd;
use crate::transfers::saved;
use farwire_core::wake::{Clock, SystemClock};
use reqwest::Response;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub struct Proxy {
    pub app: App,
    pub connection: String,
    /// The path of everything in the channel.
    pub file: String,
    pub server: Sshd,
}

/// A first step: the identifier for the second, and the cookie.
pub struct Step {
    pub id: String,
    pub cookie: String,
}

impl Proxy {
    pub async fn start() -> Option<Self> {
        Self::with_clock(Arc::new(SystemClock::default())).await
    }

    pub async fn with_clock(clock: Arc<dyn Clock>) -> Option<Self> {
        let server = Sshd::start()?;
        let app = App::with_clock(clock).await;
        let uid = saved(&app, &server).await;
        let path = format!("/connection/{uid}/ft?wait=1");
        let opened = app.ok("ACTION", &path, Value::Null).await;
        let connection = opened["connection_id"].as_str().unwrap().to_owned();
        let channel = opened["channel_id"].as_str().unwrap();
        let session = app
            .ok("GET", &format!("/session/{connection}"), Value::Null)
            .await;
        assert_eq!(session["channel_id"], channel, "the session names both too");
        let file = format!("/ssh-proxy/api/v1/connections/{connection}%3A{channel}/file");
        Some(Self {
            app,
            connection,
            file,
            server,
        })
    }

    pub async fn post(&self, body: Value) -> Response {
        let request = self.app.request("POST", &self.file);
        request
            .bearer_auth(&self.app.token)
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    /// Does something that goes through; answers its SFTP status too.
    pub async fn run(&self, body: Value) -> (u64, Value) {
        let response = self.post(body.clone()).await;
        assert_eq!(response.status(), 200, "{body}");
        let answer: Value = response.json().await.unwrap();
        (answer["status"]["status_code"].as_u64().unwrap(), answer)
    }

    pub async fn list(&self, folder: &Path) -> Vec<Value> {
        let (status, answer) = self.run(json!({"cmd": "LS", "display_path": folder})).await;
        assert_eq!(status, 0, "{answer}");
        answer["files"].as_array().unwrap().clone()
    }

    pub async fn step(&self, body: Value) -> Step {
        let response = self.post(body).await;
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            cookie.ends_with("; Path=/ssh-proxy/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        let answer: Value = response.json().await.unwrap();
        let id = answer["download_id"]
            .as_str()
            .or(answer["upload_id"].as_str());
        Step {
            id: id.unwrap_or_else(|| panic!("{answer}")).to_owned(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Step {
        self.step(json!({"cmd": "GET", "path": path})).await
    }

    pub async fn put(&self, path: &Path) -> Step {
        self.step(json!({"cmd": "PUT", "new_path": path})).await
    }

    pub async fn download(&self, step: &Step, range: Option<&str>) -> Response {
        let path = format!("{}/download/{}", self.file, step.id);
        let request = self.app.request("GET", &path).bearer_auth(&self.app.token);
        let request = request.header("cookie", &step.cookie);
        let request = match range {
            Some(range) => request.header("range", range),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub async fn upload(&self, step: &Step, content: Vec<u8>) -> Response {
        let path = format!("{}/upload/{}", self.file, step.id);
        let request = self.app.request("POST", &path).bearer_auth(&self.app.token);
        let request = request.header("cookie", &step.cookie).body(content);
        request.send().await.unwrap()
    }

    /// A file in the account's home.
    pub fn home(&self, name: impl AsRef<Path>) -> std::path::PathBuf {
        self.server.home().join(name)
    }

    /// What is in the account's home.
    pub fn names(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(self.server.home()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().as_bytes().to_vec());
        names.collect()
    }
}

#[tokio::test]
async fn names_that_are_no_text_are_listed_moved_downloaded_and_removed() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let home = proxy.server.home();
    fs::write(proxy.home(OsStr::from_bytes(b"caf\xe9")), "inside").unwrap();
    let entries = proxy.list(&home).await;
    assert_eq!(entries[0]["filename"], "caf\u{fffd}");
    let handle = entries[0]["path"].as_str().unwrap();
    let answer = proxy.download(&proxy.get(handle).await, None).await;
    let named = answer.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(
        named,
        "attachment; filename=\"caf_\"; filename*=UTF-8''caf%EF%BF%BD"
    );
    assert_eq!(answer.text().await.unwrap(), "inside");
    // A new name that is no text either, spelled as a handle.
    let moved = handle.replace("%E9", "%FE");
    let (status, _) = proxy
        .run(json!({"cmd": "MV", "path": handle, "new_path": moved}))
        .await;
    assert_eq!((status, proxy.names()), (0, vec![b"caf\xfe".to_vec()]));
    let (status, _) = proxy.run(json!({"cmd": "RM", "path": moved})).await;
    assert_eq!((status, proxy.names().len()), (0, 0));

    // Text that is not ASCII goes by its display path.
    let path = proxy.home("żółw \"1\".txt");
    assert_eq!(
        proxy
            .upload(&proxy.put(&path).await, b"x".to_vec())
            .await
            .status(),
        200
    );
    let step = proxy
        .step(json!({"cmd": "GET", "display_path": path}))
        .await;
    let answer = proxy.download(&step, None).await;
    let named = answer.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(
        named,
        "attachment; filename=\"___w _1_.txt\"; filename*=UTF-8''%C5%BC%C3%B3%C5%82w%20%221%22.txt"
    );
    assert_eq!(answer.headers()["content-transfer-encoding"], "binary");
    proxy.app.stop().await;
}

#[tokio::test]
async fn empty_huge_and_many_files_are_what_they_are() {
    const SIZE: u64 = 5 << 30;
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    File::create(proxy.home("empty")).unwrap();
    let mut huge = File::create(proxy.home("huge")).unwrap();
    huge.set_len(SIZE - 3).unwrap();
    std::io::Seek::seek(&mut huge, std::io::SeekFrom::End(0)).unwrap();
    std::io::Write::write_all(&mut huge, b"end").unwrap();
    let folder = proxy.home("many");
    fs::create_dir(&folder).unwrap();
    for index in 0..10_000 {
        File::create(folder.join(format!("{index}"))).unwrap();
    }
    let begun = Instant::now();
    assert_eq!(proxy.list(&folder).await.len(), 10_000);
    eprintln!("10,000 entries through the API in {:?}", begun.elapsed());

    let mut sizes: Vec<_> = proxy
        .list(&proxy.server.home())
        .await
        .iter()
        .map(|entry| {
            (
                entry["filename"].clone(),
                entry["filesize"].as_u64().unwrap(),
                entry["is_dir"] == true,
                entry["owner"].clone(),
            )
        })
        .collect();
    sizes.sort_by_key(|(name, ..)| name.to_string());
    assert_eq!(sizes[0], (json!("empty"), 0, false, json!("root")));
    assert_eq!(sizes[1], (json!("huge"), SIZE, false, json!("root")));
    assert!(sizes[2].2, "{sizes:?}");

    let step = proxy
        .step(json!({"cmd": "GET", "display_path": proxy.home("empty")}))
        .await;
    let answer = proxy.download(&step, None).await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-length"].clone()
        ),
        (200, "0".parse().unwrap())
    );
    assert_eq!(proxy.download(&step, Some("bytes=0-")).await.status(), 416);
    let step = proxy
        .step(json!({"cmd": "GET", "display_path": proxy.home("huge")}))
        .await;
    let answer = proxy
        .download(&step, Some(&format!("bytes={}-", SIZE - 5)))
        .await;
    let range = format!("bytes {}-{}/{SIZE}", SIZE - 5, SIZE - 1);
    assert_eq!(answer.headers()["content-range"].to_str().unwrap(), range);
    assert_eq!(&answer.bytes().await.unwrap()[..], b"\0\0end");
    let answer = proxy.download(&step, Some(&format!("bytes={SIZE}-"))).await;
    assert_eq!(answer.status(), 416);
    assert_eq!(
        answer.headers()["content-range"].to_str().unwrap(),
        format!("bytes */{SIZE}")
    );
    // A file of no bytes is uploaded too.
    assert_eq!(
        proxy
            .upload(&proxy.put(&proxy.home("huge")).await, Vec::new())
            .await
            .status(),
        200
    );
    assert_eq!(fs::metadata(proxy.home("huge")).unwrap().len(), 0);
    proxy.app.stop().await;
}

#[tokio::test]
async fn ranges_come_alone_together_and_at_once() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let content: Vec<u8> = (0..2_000_000_u32).map(|at| (at >> 4) as u8).collect();
    fs::write(proxy.home("file"), &content).unwrap();
    let step = proxy
        .step(json!({"cmd": "GET", "display_path": proxy.home("file")}))
        .await;
    let ranges: Vec<_> = (0..20)
        .map(|part| format!("bytes={}-{}", part * 100_000, part * 100_000 + 99_999))
        .collect();
    let parts = ranges
        .iter()
        .map(|range| proxy.download(&step, Some(range)));
    let mut whole = Vec::new();
    for part in futures_util::future::join_all(parts).await {
        assert_eq!(part.status(), 206);
        whole.extend(part.bytes().await.unwrap());
    }
    assert!(whole == content, "parts that come at once make the file");

    let answer = proxy
        .download(&step, Some("bytes=0-4,1000000-1000003,-2"))
        .await;
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap()
        .to_owned();
    assert_eq!(answer.status(), 206);
    let body = answer.bytes().await.unwrap();
    let mut expected = Vec::new();
    for (from, to) in [(0, 5), (1_000_000, 1_000_004), (1_999_998, 2_000_000)] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{}/2000000\r\n\r\n",
            to - 1
        );
        expected.extend(head.as_bytes());
        expected.extend(&content[from..to]);
    }
    expected.extend(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(body == expected);

    // A part of another version of the file is no use to who has the first half of this one.
    let whole = proxy.download(&step, None).await;
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let path = format!("{}/download/{}", proxy.file, step.id);
    for (known, status) in [(tag.as_str(), 206), ("\"other\"", 200)] {
        let request = proxy
            .app
            .request("GET", &path)
            .bearer_auth(&proxy.app.token);
        let request = request
            .header("cookie", &step.cookie)
            .header("range", "bytes=5-");
        let answer = request.header("if-range", known).send().await.unwrap();
        assert_eq!(answer.status(), status, "{known}");
    }
    let request = proxy
        .app
        .request("HEAD", &path)
        .bearer_auth(&proxy.app.token);
    let answer = request.header("cookie", &step.cookie).send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-length"].to_str().unwrap()
        ),
        (200, "2000000")
    );
    proxy.app.stop().await;
}
