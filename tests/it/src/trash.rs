//! Deleting into a trash folder on a real OpenSSH server.

use crate::privx::Proxy;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

impl Proxy {
    async fn discard(&self, path: &Path) -> (u16, Value) {
        let path = format!("/session/{}/file?path={}", self.connection, path.display());
        let (status, answer) = self.app.call("DELETE", &path, Value::Null).await;
        (status.as_u16(), answer)
    }

    async fn with_trash(&self, folder: &str) {
        let session = format!("/session/{}", self.connection);
        let session = self.app.ok("GET", &session, Value::Null).await;
        let path = format!(
            "/connection/{}",
            session["connection_uid"].as_str().unwrap()
        );
        self.app
            .ok("PUT", &path, json!({"ssh.trash": folder}))
            .await;
    }

    async fn writes(&self, name: &str, text: &str) {
        let step = self.put(&self.home(name)).await;
        let response = self.upload(&step, text.as_bytes().to_vec()).await;
        assert_eq!(response.status(), 200);
    }

    async fn makes(&self, name: &str) {
        let folder = json!({"cmd": "MKDIR", "new_path": self.home(name)});
        assert_eq!(self.run(folder).await.0, 0, "{name}");
    }
}

#[tokio::test]
async fn what_is_deleted_lies_in_the_trash_folder() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let home = proxy.server.home();
    let read = |name: &str| fs::read_to_string(home.join(name)).unwrap();
    proxy.writes("notes.txt", "first").await;
    // Without a folder nothing is touched.
    let (status, answer) = proxy.discard(&home.join("notes.txt")).await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (409, Some("ssh.trash"))
    );
    assert_eq!(read("notes.txt"), "first");

    proxy.with_trash("~/.local/trash").await;
    let (status, answer) = proxy.discard(&home.join("notes.txt")).await;
    assert_eq!(status, 200, "{answer}");
    let there = home.join(".local/trash/notes.txt");
    assert_eq!(answer["display_path"], there.to_str().unwrap());
    assert!(!home.join("notes.txt").exists());
    let mode = fs::metadata(home.join(".local/trash"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700, "others cannot look into it");
    // The same name again takes nothing's place.
    proxy.writes("notes.txt", "second").await;
    assert_eq!(proxy.discard(&home.join("notes.txt")).await.0, 200);
    assert_eq!(read(".local/trash/notes.txt"), "first");
    assert_eq!(read(".local/trash/notes (2).txt"), "second");

    // A folder goes with all that is in it, a link without what it leads to.
    proxy.makes("reports").await;
    proxy.makes("reports/old").await;
    proxy.writes("reports/old/a", "deep").await;
    symlink(home.join("reports/old/a"), home.join("link")).unwrap();
    assert_eq!(proxy.discard(&home.join("link")).await.0, 200);
    assert!(
        fs::symlink_metadata(home.join(".local/trash/link"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(read("reports/old/a"), "deep");
    assert_eq!(proxy.discard(&home.join("reports")).await.0, 200);
    assert_eq!(read(".local/trash/reports/old/a"), "deep");
    assert!(!home.join("reports").exists());

    // What is in it already, or holds it, stays where it is; so does what is not there.
    for refused in [
        ".local/trash/notes.txt",
        ".local/trash",
        ".local",
        "missing",
        ".local/trash/..",
    ] {
        let (status, answer) = proxy.discard(&home.join(refused)).await;
        assert!(
            (400..=424).contains(&status),
            "{refused}: {status} {answer}"
        );
    }
    assert_eq!(read(".local/trash/notes.txt"), "first");
    assert_eq!(proxy.discard(Path::new("/")).await.0, 424);
    // A name that is no path, and one that is taken by a file.
    for folder in ["../up", "taken"] {
        proxy.with_trash(folder).await;
        proxy.writes("taken", "x").await;
        proxy.writes("kept", "x").await;
        let (status, answer) = proxy.discard(&home.join("kept")).await;
        assert_eq!(status, 424, "{folder}: {answer}");
        assert_eq!(read("kept"), "x");
        for name in ["taken", "kept"] {
            assert_eq!(
                proxy
                    .run(json!({"cmd": "RM", "path": home.join(name)}))
                    .await
                    .0,
                0
            );
        }
    }
    // Another disk cannot be moved to: nothing is lost.
    if Path::new("/dev/shm").is_dir() {
        let far = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::set_permissions(far.path(), fs::Permissions::from_mode(0o777)).unwrap();
        proxy.with_trash(far.path().to_str().unwrap()).await;
        proxy.makes("far").await;
        let (status, answer) = proxy.discard(&home.join("far")).await;
        let message = answer["error_message"].as_str().unwrap_or_default();
        assert!(
            status == 424 && message.contains("another disk"),
            "{answer}"
        );
        assert!(home.join("far").is_dir());
    }
    proxy.app.stop().await;
}
