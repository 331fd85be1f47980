//! What a shell prints, kept in a file.

use crate::app::{App, until};
use crate::sshd::Sshd;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

#[tokio::test]
async fn a_log_has_all_that_a_shell_printed_and_nothing_is_kept_unasked() {
    let Some(server) = Sshd::start() else { return };
    let app = App::start().await;
    let uid = app.ssh(&server, json!({})).await;
    app.trust(&server).await;
    let open = async |uid: &str| {
        let path = format!("/connection/{uid}/terminal?wait=1");
        let opened = app.ok("ACTION", &path, Value::Null).await;
        opened["session_id"].as_str().unwrap().to_owned()
    };
    let plain = open(&uid).await;
    let view = app
        .ok("GET", &format!("/session/{plain}"), Value::Null)
        .await;
    assert_eq!(view.get("log"), None, "{view}");
    let logs = app.api.core().data_dir().join("logs");
    assert!(!logs.exists());

    let changed = json!({"ssh.log": true});
    app.ok("PUT", &format!("/connection/{uid}"), changed).await;
    let logged = open(&uid).await;
    let view = app
        .ok("GET", &format!("/session/{logged}"), Value::Null)
        .await;
    let path = view["log"].as_str().unwrap().to_owned();
    assert!(Path::new(&path).starts_with(&logs), "{path}");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    app.typed(&logged, "seq 1 20000; printf '\\033[31mred\\n'\n")
        .await;
    until("the log has the last line", || async {
        let text = fs::read_to_string(&path).unwrap();
        text.contains("\n20000\r\n\u{1b}[31mred\r\n")
    })
    .await;
    let text = fs::read_to_string(&path).unwrap();
    // What shells do to their screen stands before the first.
    let numbers = text.lines().filter_map(|line| line.trim().parse().ok());
    let numbers = numbers.filter(|number: &u32| *number > 1);
    assert!(numbers.eq(2..=20_000), "every line is there, in order");

    // Whoever wants a log gets no shell without it.
    fs::remove_dir_all(&logs).unwrap();
    symlink("/proc/none", &logs).unwrap();
    let path = format!("/connection/{uid}/terminal?wait=1");
    let (status, answer) = app.call("ACTION", &path, Value::Null).await;
    assert!(status.is_client_error(), "{status} {answer}");
    assert_eq!(answer["property"], "ssh.log", "{answer}");
}
