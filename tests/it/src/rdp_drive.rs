//! A folder of this computer as a drive of a real server.

use crate::app::App;
use crate::rdp::make_file;
use crate::xrdp::{PASSWORD, Xrdp};
use crate::xvnc::has;
use farwire_model::token::Scope;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Runs a script on a server that is lent a folder with this content, in the drive, and says what it printed. `None` where
/// programs cannot mount file systems.
async fn on_the_drive(folder: &Path, read_only: Option<bool>, script: &str) -> Option<String> {
    // A program can be installed wherever tests run, which CI is held to; a container may be refused the device there too.
    if !has("fusermount") {
        return None;
    }
    let fuse = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/fuse");
    if let Err(error) = fuse {
        eprintln!("SKIPPED: xrdp's drives need /dev/fuse: {error}");
        return None;
    }
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("here.txt"), "from here\n").unwrap();
    fs::write(folder.join("sub/large"), [b'x'; 300_000]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    let server = Xrdp::start()?;
    let app = App::start().await;
    let owner = app.token_with(&Scope::ALL).await;
    let uid = app
        .rdp(server.port, PASSWORD, json!({"rdp.keyboard": "us"}))
        .await;
    let mut drive = json!({"rdp.drive": folder});
    if let Some(read_only) = read_only {
        drive["rdp.drive_read_only"] = read_only.into();
    }
    let path = format!("/connection/{uid}");
    let (status, answer) = app.call_as(&owner, "PUT", &path, drive).await;
    assert_eq!(status, 200, "{answer}");
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    // The server mounts its drives once the session is up, and takes one after the other.
    let script = format!(
        "cd ~/thinclient_drives\n\
         tries=0\n\
         until test -e Shared/here.txt || test $tries = 300; do tries=$((tries+1)); sleep 0.1; done\n\
         cd Shared\n{script}\n"
    );
    fs::write(server.home().join("script.sh"), script).unwrap();
    let begin = "test -e ~/begun || { touch ~/begun; sh ~/script.sh > ~/said 2>&1; touch ~/over; }; until test -e ~/over; do sleep 0.1; done; cat ~/said";
    let said = make_file(&app, &session, &server, "told", begin).await;
    assert_eq!(app.view(&session).await["state"], "connected");
    app.stop().await;
    Some(said)
}

#[tokio::test]
async fn a_shared_folder_is_a_drive_that_cannot_be_changed() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("Shared");
    let script = "cat here.txt; ls; wc -c < sub/large\n\
        echo changed > here.txt; echo new > new.txt; mkdir made; rm here.txt; mv -f here.txt there.txt; rmdir sub\n\
        cat link; cat ../Shared/link; echo over";
    let Some(said) = on_the_drive(&folder, None, script).await else {
        return;
    };
    let said: Vec<&str> = said.lines().collect();
    assert!(said.len() > 4, "{said:?}");
    assert_eq!(
        said[..4],
        ["from here", "here.txt", "sub", "300000"],
        "{said:?}"
    );
    assert_eq!(said.last(), Some(&"over"), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("root:")), "{said:?}");
    assert_eq!(
        fs::read_to_string(folder.join("here.txt")).unwrap(),
        "from here\n"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_machine_changes_what_it_is_lent_for_that() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("Shared");
    let script = "cp here.txt sub/copy.txt; echo more >> sub/copy.txt; mkdir made; mv here.txt made/moved.txt\n\
        head -c 300000 /dev/zero > zeros; rm sub/large; ls . made sub; echo over";
    let Some(said) = on_the_drive(&folder, Some(false), script).await else {
        return;
    };
    assert!(said.ends_with("over\n"), "{said}");
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(text("sub/copy.txt"), "from here\nmore\n");
    assert_eq!(text("made/moved.txt"), "from here\n");
    assert_eq!(fs::read(folder.join("zeros")).unwrap(), [0; 300_000]);
    assert!(!folder.join("sub/large").exists() && !folder.join("here.txt").exists());
    assert!(folder.join("link").is_symlink());
}
