//! The packet that wakes a machine, seen at the other end of a cable.

use crate::app::App;
use crate::remote::Remote;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Says that it listens, then shows the first packet to the discard port and where it came from.
const LISTENER: &str = "\
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 9))
s.settimeout(20)
print('ready', flush=True)
data, (host, port) = s.recvfrom(2000)
print(host, data.hex(), flush=True)
";

#[tokio::test]
async fn a_machine_on_the_network_gets_the_packet_that_wakes_it() {
    let Some(remote) = Remote::start("640x480") else {
        return;
    };
    let mut listener = Command::new("ip")
        .args(["netns", "exec", &remote.name, "python3", "-c", LISTENER])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(listener.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "ready");

    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "sleeper", "mac": "3c:ec:ef:10:4b:1f"}))
        .await;
    app.ok("ACTION", &format!("/connection/{uid}/wake"), Value::Null)
        .await;

    let seen = said.next().unwrap().unwrap();
    assert!(listener.wait().unwrap().success());
    let ours = remote.address.strip_suffix('2').unwrap();
    let packet = ["ff".repeat(6), "3cecef104b1f".repeat(16)].concat();
    assert_eq!(seen, format!("{ours}1 {packet}"));
    app.stop().await;
}
