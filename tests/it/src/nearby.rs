//! A machine that announces itself is found.

use crate::app::{App, until};
use mdns_sd::{ServiceDaemon, ServiceInfo};
use serde_json::{Value, json};

#[tokio::test]
async fn a_machine_that_announces_itself_is_found_and_recognised_when_saved() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "kept", "host": "127.0.0.1", "port": 5977}))
        .await;
    let daemon = ServiceDaemon::new().unwrap();
    daemon
        .enable_interface(mdns_sd::IfKind::LoopbackV4)
        .unwrap();
    let service = ServiceInfo::new(
        "_rfb._tcp.local.",
        "farwire test desk",
        "farwire-test.local.",
        "127.0.0.1",
        5977,
        None,
    )
    .unwrap();
    let name = service.get_fullname().to_owned();
    daemon.register(service).unwrap();
    let app_ref = &app;
    let (name_ref, uid_ref) = (&name, &uid);
    until("the announced machine is listed", || async move {
        let machines = app_ref.ok("GET", "/nearby", Value::Null).await;
        let found = machines
            .as_array()
            .unwrap()
            .iter()
            .find(|machine| machine["uid"] == name_ref.as_str())
            .cloned();
        found.is_some_and(|machine| {
            assert_eq!(machine["name"], "farwire test desk");
            assert_eq!(machine["protocol"], "VNC");
            assert_eq!(machine["port"], 5977);
            assert_eq!(machine["saved_as"], uid_ref.as_str(), "{machine}");
            true
        })
    })
    .await;
    daemon.unregister(&name).unwrap().recv().unwrap();
    daemon.shutdown().unwrap();
    app.stop().await;
}
