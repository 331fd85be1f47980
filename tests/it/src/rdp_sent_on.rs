//! RDP sessions that go on elsewhere, or again: what a broker says, the cookie after a cut link, the administrative session.

use crate::app::{App, until};
use crate::rdp_server::{Hello, Security, Server, Told};
use crate::rdp_server_parts::{cookie, sent_on};
use crate::xrdp::{PASSWORD, USER};
use ironrdp_pdu::rdp::server_redirection::ServerRedirectionPdu;
use ironrdp_pdu::rdp::session_info::ServerAutoReconnect;
use serde_json::{Value, json};

const WIDTH: u16 = 320;
const HEIGHT: u16 = 200;

/// A session on a server whose certificate is accepted, and what it said when it began.
async fn begin(app: &App, server: &mut Server, settings: Value) -> (String, Hello) {
    let uid = app.rdp(server.port, PASSWORD, settings).await;
    app.accept(&uid, server.port).await;
    let session = app.open(&uid).await;
    (session, server.begun().await)
}

/// Waits until the session asks something, answers it, and tells what was asked.
async fn answer(app: &App, session: &str, answer: &str) -> String {
    let asked = || async { app.view(session).await["questions"].clone() };
    until("it asks", || async { asked().await.is_object() }).await;
    let asked = asked().await;
    let path = format!("/session/{session}/answers");
    app.ok("PUT", &path, json!({"answers": [answer]})).await;
    asked.to_string()
}

#[tokio::test]
async fn a_broker_sends_a_session_on_but_not_the_password() {
    let Some((broker, mut target)) = Server::two(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let sent = || ServerRedirectionPdu {
        session_id: 7,
        target_net_address: Some("127.0.0.2".to_owned()),
        username: Some("bob".to_owned()),
        domain: Some("CORP".to_owned()),
        ..ServerRedirectionPdu::default()
    };
    let app = App::start().await;
    let uid = app.rdp(broker.port, PASSWORD, json!({})).await;
    app.accept(&uid, broker.port).await;
    broker.sends_on(sent());
    let path = format!("/connection/{uid}/connect");
    let opened = app.ok("ACTION", &path, Value::Null).await;
    let session = opened["session_id"].as_str().unwrap().to_owned();

    let asked = answer(&app, &session, "typed for there").await;
    for part in ["bob", "127.0.0.2", "is not sent there"] {
        assert!(asked.contains(part), "{asked}");
    }
    // Its certificate is asked about like any other.
    until("it stops at the certificate", || async {
        app.view(&session).await["state"] == "failed"
    })
    .await;
    let error = app.view(&session).await["error"].clone();
    assert_eq!(error["property"], "tls", "{error}");
    let message = error["error_message"].as_str().unwrap();
    assert!(message.contains("127.0.0.2"), "{message}");
    let shown = &error["details"][0]["error_message"];
    let trusted = json!({"host": "127.0.0.2", "port": target.port, "fingerprint": shown});
    app.ok("PUT", "/trust", trusted).await;
    assert_eq!(target.told().await, Told::Ended);

    broker.sends_on(sent());
    let path = format!("/session/{session}/reconnect");
    app.ok("ACTION", &path, Value::Null).await;
    answer(&app, &session, "typed for there").await;
    let hello = target.begun().await;
    let account = hello.account.unwrap();
    assert_eq!(
        (account.username.as_str(), account.password.as_str()),
        ("bob", "typed for there")
    );
    assert_eq!(account.domain.as_deref(), Some("CORP"));
    assert_eq!(hello.session, Some(7));
    until("it is up", || async {
        app.view(&session).await["state"] == "connected"
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_session_that_goes_on_at_the_same_machine_says_what_it_was_given() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let (session, first) = begin(&app, &mut server, json!({})).await;
    let account = first.account.unwrap();
    assert_eq!(
        (account.username.as_str(), account.password.as_str()),
        (USER, PASSWORD)
    );
    assert_eq!(
        (first.session, first.routing, first.cookie),
        (None, None, None)
    );
    let routing = "3640205228.15629.0000";
    server.say(sent_on(ServerRedirectionPdu {
        session_id: 0x0102_0304,
        load_balance_info: Some(format!("Cookie: msts={routing}\r\n").into_bytes()),
        password: Some(b"for this once".to_vec()),
        ..ServerRedirectionPdu::default()
    }));
    let second = server.begun().await;
    assert_eq!(second.session, Some(0x0102_0304));
    assert_eq!(second.routing.as_deref(), Some(routing));
    assert_eq!(second.cookie.as_deref(), Some(&b"for this once"[..]));
    assert_eq!(app.view(&session).await["error"], Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn a_session_is_taken_up_again_by_the_newest_cookie() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let (session, first) = begin(&app, &mut server, json!({})).await;
    assert_eq!(first.resumed, None);
    let made = |logon_id| ServerAutoReconnect {
        logon_id,
        random_bits: [logon_id as u8; 16],
    };
    for number in [3, 5] {
        server.say(cookie(made(number)));
    }
    server.draw(0, 0, 1, &[[9, 8, 7]]);
    until("what was sent is read", || async {
        app.screenshot(&session).await.get_pixel(0, 0).0 == [9, 8, 7, 255]
    })
    .await;
    server.cut();
    let again = server.begun().await;
    let resumed = again.resumed.expect("it says that it was there before");
    assert!(resumed.verify(&made(5)), "{resumed:?}");
    app.stop().await;
}

#[tokio::test]
async fn the_administrative_session_is_asked_for_where_it_is_wanted_alone() {
    let Some(mut server) = Server::start(Security::Tls, WIDTH, HEIGHT) else {
        return;
    };
    let app = App::start().await;
    let (session, usual) = begin(&app, &mut server, json!({})).await;
    assert_eq!(usual.session, None);
    app.ok("DELETE", &format!("/session/{session}"), Value::Null)
        .await;
    while server.told().await != Told::Ended {}
    let uid = app
        .rdp(server.port, PASSWORD, json!({"rdp.admin": true}))
        .await;
    app.open(&uid).await;
    assert_eq!(server.begun().await.session, Some(0));
    app.stop().await;
}
