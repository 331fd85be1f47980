//! What an RDP session is asked for besides its picture.

use crate::app::{App, until};
use crate::xrdp::{PASSWORD, Xrdp};
use serde_json::json;

#[tokio::test]
async fn a_program_is_started_in_its_folder_instead_of_the_desktop() {
    let Some(server) = Xrdp::start() else { return };
    let app = App::start().await;
    let wishes = json!({"rdp.program": "pwd > ~/where; exec xterm -e sh", "rdp.folder": "/usr", "rdp.admin": true, "rdp.effects": "none"});
    let uid = app.rdp(server.port, PASSWORD, wishes).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    let told = server.home().join("where");
    until("the program tells where it is", || async {
        std::fs::read_to_string(&told).is_ok_and(|folder| folder == "/usr\n")
    })
    .await;
    assert_eq!(app.view(&session).await["state"], "connected");
    app.stop().await;
}

#[tokio::test]
async fn a_broker_is_told_before_anything_else() {
    let app = App::start().await;
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let broker = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 512];
        let count = std::io::Read::read(&mut stream, &mut bytes).unwrap();
        bytes[..count].to_vec()
    });
    let farm = "tsv://MS Terminal Services Plugin.1.Farm";
    let uid = app.rdp(port, PASSWORD, json!({"rdp.balance": farm})).await;
    let path = format!("/connection/{uid}/connect?wait=1");
    let (status, answer) = app.call("ACTION", &path, serde_json::Value::Null).await;
    assert_eq!(status, 424, "{answer}");
    let told = broker.join().unwrap();
    // MS-RDPBCGR 2.2.1.1: it stands after the header of X.224, up to the end of its line.
    assert!(
        told[11..].starts_with(format!("{farm}\r\n").as_bytes()),
        "{told:x?}"
    );
    app.stop().await;
}
