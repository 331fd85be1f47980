//! Copies of files to and from a real OpenSSH server: whole trees, conflicts, going on after a kill.

use crate::app::{App, until};
use crate::sshd::{PASSWORD, Sshd, USER};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Saves a connection to a server, with its password and its host key accepted.
pub async fn saved(app: &App, server: &Sshd) -> String {
    let uid = app
        .connection(
            json!({"name": "files", "protocol": "SSH", "host": "127.0.0.1", "port": server.port}),
        )
        .await;
    let path = format!("/connection/{uid}/credentials");
    app.ok(
        "PUT",
        &path,
        json!({"ssh.username": USER, "ssh.password": PASSWORD}),
    )
    .await;
    let key = server.fingerprint("ed25519");
    let trust = json!({"host": "127.0.0.1", "port": server.port, "fingerprint": key});
    app.ok("PUT", "/trust/", trust).await;
    uid
}

pub fn here(path: &Path) -> Value {
    json!({"path": path.to_str().unwrap()})
}

pub fn there(uid: &str, path: &Path) -> Value {
    json!({"uid": uid, "path": path.to_str().unwrap()})
}

pub async fn begin(app: &App, body: Value) -> String {
    let view = app.ok("PUT", "/transfer", body).await;
    view["transfer_id"].as_str().unwrap().to_owned()
}

/// Waits until a transfer rests in this state.
pub async fn rests(app: &App, id: &str, state: &str) -> Value {
    let path = format!("/transfer/{id}");
    until(&format!("the transfer is {state}"), || async {
        let view = app.ok("GET", &path, Value::Null).await;
        let now = view["state"].as_str().unwrap().to_owned();
        assert!(
            now == state || !matches!(now.as_str(), "failed" | "done" | "asking"),
            "{view}"
        );
        now == state
    })
    .await;
    app.ok("GET", &path, Value::Null).await
}

/// A file or folder: path, permissions, time, content.
pub type Copied = (Vec<u8>, u32, i64, Option<Vec<u8>>);

/// Everything in a folder.
pub fn tree(root: &Path) -> Vec<Copied> {
    let mut found = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() {
                continue;
            }
            let content = metadata.is_file().then(|| fs::read(&path).unwrap());
            let name = path
                .strip_prefix(root)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec();
            found.push((name, metadata.mode(), metadata.mtime(), content));
            if metadata.is_dir() {
                left.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn set(path: &Path, mode: u32, modified: u64) {
    let times = FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(modified));
    File::open(path).unwrap().set_times(times).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_tree_goes_there_and_comes_back_as_it_was() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let source = app.dir.path().join("source");
    for folder in ["", "empty", "deep/deeper"] {
        fs::create_dir_all(source.join(folder)).unwrap();
    }
    for index in 0..200 {
        fs::write(
            source.join(format!("deep/{index}")),
            format!("file {index}"),
        )
        .unwrap();
    }
    fs::write(source.join(OsStr::from_bytes(b"caf\xe9 \xff")), "no text").unwrap();
    fs::write(source.join("żółw"), "").unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| (at >> 3) as u8).collect();
    fs::write(source.join("deep/deeper/large"), &large).unwrap();
    set(&source.join("deep/deeper/large"), 0o640, 1_000_000_000);
    set(&source.join("deep/7"), 0o755, 1_111_111_111);
    symlink("/etc/passwd", source.join("link")).unwrap();
    set(&source.join("deep"), 0o755, 999_999_999);

    let up = server.home().join("copy");
    let id = begin(
        &app,
        json!({"from": here(&source), "to": there(&uid, &up), "checksum": true}),
    )
    .await;
    let view = rests(&app, &id, "done").await;
    assert_eq!(
        (view["files"].as_u64(), view["files_done"].as_u64()),
        (Some(203), Some(203)),
        "{view}"
    );
    assert_eq!(view["left_out"], 1);
    assert_eq!(view["bytes"], view["bytes_done"]);
    assert_eq!(tree(&up), tree(&source));
    assert!(!up.join("link").exists());

    let down = app.dir.path().join("down");
    fs::create_dir(&down).unwrap();
    let into = format!("{}/", down.display());
    let id = begin(
        &app,
        json!({"from": there(&uid, &up), "to": {"path": into}}),
    )
    .await;
    rests(&app, &id, "done").await;
    assert_eq!(tree(&down.join("copy")), tree(&source));
    assert_eq!(
        app.ok("GET", "/sessions", Value::Null).await,
        json!([]),
        "each link is closed"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_is_there_already_stays_until_somebody_decides() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let source = server.home().join("source");
    let target = app.dir.path().join("target");
    for folder in [&source, &target] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(source.join("both.txt"), "theirs").unwrap();
    fs::write(source.join("new.txt"), "theirs").unwrap();
    fs::set_permissions(&source, Permissions::from_mode(0o755)).unwrap();
    let reset = |modified| {
        fs::write(target.join("both.txt"), "ours").unwrap();
        set(&target.join("both.txt"), 0o644, modified);
    };
    let both = || fs::read_to_string(target.join("both.txt")).unwrap();
    let copy =
        |rule: &str| json!({"from": there(&uid, &source), "to": here(&target), "conflict": rule});
    let later = 4_000_000_000;

    reset(later);
    let id = begin(&app, copy("ask")).await;
    let view = rests(&app, &id, "asking").await;
    assert_eq!(view["asked"].as_array().unwrap().len(), 1, "{view}");
    assert!(
        view["asked"][0]
            .as_str()
            .unwrap()
            .ends_with("/target/both.txt"),
        "{view}"
    );
    assert_eq!(
        fs::read_to_string(target.join("new.txt")).unwrap(),
        "theirs",
        "the rest is copied"
    );
    assert_eq!(both(), "ours");
    app.ok(
        "ACTION",
        &format!("/transfer/{id}/resume"),
        json!({"conflict": "overwrite"}),
    )
    .await;
    until("it is done", || async {
        app.ok("GET", &format!("/transfer/{id}"), Value::Null).await["state"] == "done"
    })
    .await;
    assert_eq!(both(), "theirs");

    for (rule, modified, expected) in [
        ("skip", 1, "ours"),
        ("newer", later, "ours"),
        ("newer", 1, "theirs"),
        ("overwrite", later, "theirs"),
    ] {
        reset(modified);
        let id = begin(&app, copy(rule)).await;
        rests(&app, &id, "done").await;
        assert_eq!(both(), expected, "{rule} {modified}");
    }
    reset(1);
    let id = begin(&app, copy("rename")).await;
    rests(&app, &id, "done").await;
    assert_eq!(
        (
            both().as_str(),
            fs::read_to_string(target.join("both (2).txt"))
                .unwrap()
                .as_str()
        ),
        ("ours", "theirs")
    );

    // A file that cannot be read holds up nothing else, and is tried again when somebody says so.
    fs::write(source.join("secret"), "s").unwrap();
    fs::set_permissions(source.join("secret"), Permissions::from_mode(0o600)).unwrap();
    let id = begin(&app, copy("overwrite")).await;
    let view = rests(&app, &id, "failed").await;
    assert!(
        view["failed"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("/secret"),
        "{view}"
    );
    assert!(
        view["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("not allowed"),
        "{view}"
    );
    fs::set_permissions(source.join("secret"), Permissions::from_mode(0o644)).unwrap();
    app.ok("ACTION", &format!("/transfer/{id}/retry"), Value::Null)
        .await;
    until("it is done", || async {
        app.ok("GET", &format!("/transfer/{id}"), Value::Null).await["state"] == "done"
    })
    .await;
    assert_eq!(fs::read_to_string(target.join("secret")).unwrap(), "s");
    let (status, _) = app
        .call("ACTION", &format!("/transfer/{id}/pause"), Value::Null)
        .await;
    assert_eq!(status, 409, "it is over");
    app.stop().await;
}

#[tokio::test]
async fn a_link_in_the_place_of_a_folder_leads_nothing_elsewhere() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let source = server.home().join("source");
    fs::create_dir_all(source.join("inner")).unwrap();
    fs::write(source.join("inner/file"), "theirs").unwrap();
    let (target, outside) = (
        app.dir.path().join("target"),
        app.dir.path().join("outside"),
    );
    for folder in [&target, &outside] {
        fs::create_dir(folder).unwrap();
    }
    symlink(&outside, target.join("inner")).unwrap();
    let copy = json!({"from": there(&uid, &source), "to": here(&target), "conflict": "overwrite"});
    let id = begin(&app, copy).await;
    let view = rests(&app, &id, "failed").await;
    let message = view["error"]["error_message"].as_str().unwrap();
    assert!(message.contains("something else is there"), "{view}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    app.stop().await;
}

#[tokio::test]
async fn places_that_are_none_are_named() {
    let app = App::start().await;
    let own = app.dir.path().join("data/api-token");
    let good = json!({"path": "/tmp/x"});
    for (body, property) in [
        (json!({"to": good}), "from"),
        (json!({"from": {"path": "x"}, "to": good}), "from.path"),
        (
            json!({"from": {"path": "path:%zz"}, "to": good}),
            "from.path",
        ),
        (
            json!({"from": {"uid": "c_none", "path": "/x"}, "to": good}),
            "from.uid",
        ),
        (json!({"from": here(&own), "to": good}), "from.path"),
        (json!({"from": good, "to": here(&own)}), "to.path"),
        (json!({"from": {"path": "/"}, "to": good}), "from.path"),
        (json!({"from": good, "to": {"path": "/tmp/.."}}), "to.path"),
        (
            json!({"from": good, "to": {"path": "/tmp/y"}, "conflict": "maybe"}),
            "conflict",
        ),
    ] {
        let (status, answer) = app.call("PUT", "/transfer", body.clone()).await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some(property)),
            "{body}: {answer}"
        );
    }
    // A folder around Farwire's own, such as the home folder, takes copies all the same.
    let around = app.dir.path();
    fs::create_dir(around.join("inner")).unwrap();
    fs::write(around.join("inner/file"), "x").unwrap();
    let into = format!("{}/", around.display());
    let copy = json!({"from": here(&around.join("inner/file")), "to": {"path": into}});
    let id = begin(&app, copy).await;
    rests(&app, &id, "done").await;
    assert_eq!(fs::read_to_string(around.join("file")).unwrap(), "x");
    let (status, _) = app
        .call("ACTION", "/transfer/x_none/pause", Value::Null)
        .await;
    assert_eq!(status, 404);
    app.stop().await;
}
