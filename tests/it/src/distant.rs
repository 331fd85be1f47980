//! Large files of machines that are far away: over several links at once, and over one where there are no more.

use crate::app::{App, until};
use crate::line::Line;
use crate::sshd::{PASSWORD, Setup, Sshd, USER};
use crate::transfers::{begin, here, rests, there};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One way, so twice as much there and back.
pub const LATE: Duration = Duration::from_millis(20);
/// Slow enough for a copy to be under way when further links come up, on a slow machine too.
pub const BYTES_PER_SEC: u64 = 16 << 20;
/// What is read there goes over several links from this size on.
const LARGE: u64 = 520 << 20;
const SIZE: usize = 48 << 20;

/// A machine that is far away, and a large file.
struct Far {
    server: Sshd,
    line: Line,
    app: App,
    uid: String,
    content: Vec<u8>,
}

impl Far {
    async fn with(setup: Setup<'_>) -> Option<Self> {
        let server = Sshd::with(setup)?;
        let line = Line::far(server.port, LATE, BYTES_PER_SEC).await;
        let app = App::start().await;
        let body = json!({"name": "far", "protocol": "SSH", "host": "127.0.0.1", "port": line.port, "ssh.agent": false});
        let uid = app.connection(body).await;
        let path = format!("/connection/{uid}/credentials");
        let credentials = json!({"ssh.username": USER, "ssh.password": PASSWORD});
        app.ok("PUT", &path, credentials).await;
        let body = json!({"host": "127.0.0.1", "port": line.port, "fingerprint": server.fingerprint("ed25519")});
        app.ok("PUT", "/trust", body).await;
        let content =
            (0..SIZE as u32 / 4).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes());
        let content = content.collect();
        let far = Self {
            server,
            line,
            app,
            uid,
            content,
        };
        fs::write(far.remote("source"), &far.content).unwrap();
        fs::write(far.local("source"), &far.content).unwrap();
        Some(far)
    }

    async fn start() -> Option<Self> {
        Self::with(Setup::default()).await
    }

    fn remote(&self, name: &str) -> PathBuf {
        self.server.home().join(name)
    }

    fn local(&self, name: &str) -> PathBuf {
        self.app.dir.path().join(name)
    }

    async fn down(&self) -> String {
        let from = there(&self.uid, &self.remote("source"));
        begin(
            &self.app,
            json!({"from": from, "to": here(&self.local("down"))}),
        )
        .await
    }

    async fn up(&self, checksum: bool) -> String {
        let to = there(&self.uid, &self.remote("up"));
        let body = json!({"from": here(&self.local("source")), "to": to, "checksum": checksum});
        begin(&self.app, body).await
    }

    async fn asked(&self, links: usize) {
        until("further links are asked for", || async {
            self.line.asked.load(Ordering::SeqCst) >= links
        })
        .await;
    }

    async fn moved(&self, bytes: usize) {
        let bytes = self.line.passed.load(Ordering::SeqCst) + bytes as u64;
        until("more of it went through", || async {
            self.line.passed.load(Ordering::SeqCst) >= bytes
        })
        .await;
    }

    /// The transfer is done, and the copy is what it should be.
    async fn is_copied(&self, id: &str, copy: PathBuf) {
        let view = rests(&self.app, id, "done").await;
        assert_eq!(view["bytes_done"], SIZE, "{view}");
        assert!(fs::read(copy).unwrap() == self.content);
        let folders = [self.server.home(), self.app.dir.path().to_owned()];
        for entry in folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder).unwrap())
        {
            let name = entry.unwrap().file_name();
            assert!(!name.to_string_lossy().starts_with(".farwire"), "{name:?}");
        }
        until("its links are let go of", || async {
            let sessions = self.app.ok("GET", "/sessions", Value::Null).await;
            sessions.as_array().unwrap().is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn a_large_file_goes_over_four_links_both_ways() {
    let Some(far) = Far::start().await else {
        return;
    };
    let id = far.up(true).await;
    far.asked(4).await;
    far.is_copied(&id, far.remote("up")).await;
    assert_eq!(far.line.asked.load(Ordering::SeqCst), 4);

    // What is read there has to be larger.
    let content = far.remote("source");
    File::options()
        .write(true)
        .open(&content)
        .unwrap()
        .set_len(LARGE)
        .unwrap();
    let id = far.down().await;
    far.asked(8).await;
    rests(&far.app, &id, "done").await;
    let mut copy = File::open(far.local("down")).unwrap();
    assert_eq!(copy.metadata().unwrap().len(), LARGE);
    let mut begin = vec![0; SIZE];
    copy.read_exact(&mut begin).unwrap();
    assert!(begin == far.content);
    let mut piece = vec![1; 1 << 20];
    while let Ok(length @ 1..) = copy.read(&mut piece) {
        assert!(piece[..length].iter().all(|byte| *byte == 0));
    }
    assert_eq!(far.line.asked.load(Ordering::SeqCst), 8);
    far.app.stop().await;
}

#[tokio::test]
async fn held_and_gone_on_with_and_ended_over_several_links() {
    let Some(far) = Far::start().await else {
        return;
    };
    let copy = far.remote("up");
    let id = far.up(false).await;
    far.asked(4).await;
    far.moved(SIZE / 8).await;
    let act = async |id: &str, what: &str| {
        let path = format!("/transfer/{id}/{what}");
        far.app.ok("ACTION", &path, Value::Null).await;
    };
    act(&id, "pause").await;
    rests(&far.app, &id, "paused").await;
    assert!(!copy.exists());
    act(&id, "resume").await;
    far.is_copied(&id, copy.clone()).await;
    fs::remove_file(copy).unwrap();

    let id = far.up(false).await;
    far.moved(SIZE / 4).await;
    act(&id, "cancel").await;
    rests(&far.app, &id, "cancelled").await;
    let names = fs::read_dir(far.server.home()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["source"]);
    far.app.stop().await;
}

#[tokio::test]
async fn a_machine_that_lets_in_one_link_gets_it_over_one() {
    let Some(far) = Far::start().await else {
        return;
    };
    far.line.most.send_replace(1);
    let id = far.up(false).await;
    far.asked(4).await;
    far.is_copied(&id, far.remote("up")).await;
    far.app.stop().await;
}

#[tokio::test]
async fn links_that_are_lost_leave_their_part_to_the_first() {
    let Some(far) = Far::start().await else {
        return;
    };
    let id = far.up(false).await;
    far.asked(4).await;
    far.moved(SIZE / 4).await;
    far.line.most.send_replace(1);
    // A transfer that lost its own link would wait before it goes on.
    let path = format!("/transfer/{id}");
    until("it is done", || async {
        let view = far.app.ok("GET", &path, Value::Null).await;
        assert!(
            matches!(view["state"].as_str(), Some("running" | "done")),
            "{view}"
        );
        view["state"] == "done"
    })
    .await;
    far.is_copied(&id, far.remote("up")).await;
    far.app.stop().await;
}

#[tokio::test]
async fn a_machine_that_asks_a_person_is_asked_for_no_more_links() {
    // An expired password is changed by a person.
    let setup = Setup {
        config: "AuthenticationMethods keyboard-interactive",
        prepare: "chage -d 0 alice",
        ..Setup::default()
    };
    let Some(far) = Far::with(setup).await else {
        return;
    };
    let id = far.up(false).await;
    until("it is answered and up", || async {
        let sessions = far.app.ok("GET", "/sessions", Value::Null).await;
        for session in sessions.as_array().unwrap() {
            if let Some(asked) = session["questions"]["questions"].as_array() {
                let path = format!(
                    "/session/{}/answers",
                    session["session_id"].as_str().unwrap()
                );
                let answers: Vec<_> = asked.iter().map(|_| "battery staple 9").collect();
                // It may ask the next thing by now.
                far.app
                    .call("PUT", &path, json!({"answers": answers}))
                    .await;
            }
        }
        let view = far
            .app
            .ok("GET", &format!("/transfer/{id}"), Value::Null)
            .await;
        view["bytes_done"] != 0
    })
    .await;
    far.is_copied(&id, far.remote("up")).await;
    assert_eq!(far.line.asked.load(Ordering::SeqCst), 1);
    far.app.stop().await;
}
