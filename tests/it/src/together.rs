//! Many small files as one stream, beside servers that can and cannot.

use crate::app::App;
use crate::sshd::{Setup, Sshd};
use crate::transfers::{Copied, begin, here, rests, saved, set, there, tree};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// More than what waits on any way between the two machines.
const MANY: usize = 1500;

/// Files that are hard to name, to read and to tell apart.
fn fill(source: &Path, count: usize) {
    for folder in ["", "-deep/it's here", "empty"] {
        fs::create_dir_all(source.join(folder)).unwrap();
    }
    for index in 0..count {
        fs::write(
            source.join(format!("-deep/{index}")),
            vec![b'x'; index % 200 * 37],
        )
        .unwrap();
    }
    for name in [
        &b"caf\xe9 \xff"[..],
        b"-rf",
        b"a\nb",
        b"$HOME",
        b"it's",
        b"\\141",
        &[b'n'; 250],
    ] {
        let path = source.join("-deep/it's here").join(OsStr::from_bytes(name));
        fs::write(path, name).unwrap();
    }
    fs::write(source.join("large"), vec![7; 400_000]).unwrap();
    fs::hard_link(source.join("-deep/5"), source.join("-deep/same as 5")).unwrap();
    set(&source.join("-deep/7"), 0o755, 1_111_111_111);
    set(&source.join("-deep/8"), 0o4711, 4_000_000_000);
    set(&source.join("-deep"), 0o750, 999_999_999);
}

/// As [`tree`] says it, without the rights to act as somebody else.
fn harmless(root: &Path) -> Vec<Copied> {
    let all = tree(root).into_iter();
    all.map(|(name, mode, time, content)| (name, mode & !0o7000, time, content))
        .collect()
}

/// How often the server was asked to run `tar`.
fn runs(server: &Sshd) -> usize {
    server.log().matches("Starting session: command").count()
}

async fn there_and_back(app: &App, server: &Sshd, count: usize) {
    let uid = saved(app, server).await;
    let source = app.dir.path().join("source");
    fill(&source, count);
    let up = server.home().join("copy");
    let id = begin(app, json!({"from": here(&source), "to": there(&uid, &up)})).await;
    let view = rests(app, &id, "done").await;
    assert_eq!(view["files"], view["files_done"], "{view}");
    assert_eq!(view["bytes"], view["bytes_done"], "{view}");
    assert_eq!(tree(&up), harmless(&source));
    let down = app.dir.path().join("down");
    let id = begin(app, json!({"from": there(&uid, &up), "to": here(&down)})).await;
    let view = rests(app, &id, "done").await;
    assert_eq!(view["files"], view["files_done"], "{view}");
    assert_eq!(view["bytes"], view["bytes_done"], "{view}");
    assert_eq!(tree(&down), harmless(&source));
}

#[tokio::test]
async fn many_small_files_go_as_one_stream_and_come_back_as_they_were() {
    let setup = Setup {
        config: "LogLevel VERBOSE",
        ..Setup::default()
    };
    let Some(server) = Sshd::with(setup) else {
        return;
    };
    let app = App::start().await;
    there_and_back(&app, &server, MANY).await;
    assert_eq!(runs(&server), 2, "{}", server.log());
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_runs_nothing_gets_them_one_by_one() {
    for config in [
        // Nothing but files.
        "ForceCommand internal-sftp",
        // It answers, and is no tar.
        "ForceCommand /bin/sh -c 'case \"$SSH_ORIGINAL_COMMAND\" in *sftp*) exec /usr/lib/openssh/sftp-server;; *) echo welcome; exit 1;; esac'",
    ] {
        let setup = Setup {
            config,
            ..Setup::default()
        };
        let Some(server) = Sshd::with(setup) else {
            return;
        };
        let app = App::start().await;
        there_and_back(&app, &server, 120).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn conflicts_are_decided_in_a_stream_as_one_by_one() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = saved(&app, &server).await;
    let source = app.dir.path().join("source");
    let up = server.home().join("copy");
    fs::create_dir(&source).unwrap();
    for index in 0..MANY {
        fs::write(source.join(index.to_string()), "ours").unwrap();
    }
    let copy =
        |rule: &str| json!({"from": here(&source), "to": there(&uid, &up), "conflict": rule});
    let id = begin(&app, copy("ask")).await;
    rests(&app, &id, "done").await;
    let at = |name: &str| fs::read_to_string(up.join(name)).unwrap();
    for (rule, state, kept, new) in [
        ("ask", "asking", "theirs", None),
        ("skip", "done", "theirs", None),
        ("rename", "done", "theirs", Some("ours")),
        ("overwrite", "done", "ours", None),
    ] {
        fs::write(up.join("5"), "theirs").unwrap();
        fs::remove_file(up.join("6")).unwrap();
        let id = begin(&app, copy(rule)).await;
        let view = rests(&app, &id, state).await;
        assert_eq!(at("5"), kept, "{rule}");
        assert_eq!(at("6"), "ours", "{rule}: the rest is copied: {view}");
        if let Some(new) = new {
            assert_eq!(at("5 (2)"), new, "{rule}");
        }
        if state == "asking" {
            // All that was there is asked about, and nothing else.
            let asked = view["asked"].as_array().unwrap();
            assert_eq!(asked.len(), 100, "the first hundred are named: {view}");
        }
    }
    let left = fs::read_dir(&up).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.as_bytes().starts_with(b".farwire")
    });
    assert_eq!(left.count(), 0, "nothing half copied stays");
    assert_eq!(
        app.ok("GET", "/sessions", Value::Null).await,
        json!([]),
        "each link is closed"
    );
    app.stop().await;
}
