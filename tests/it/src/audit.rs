//! The audit: who did what and what came of it, and nobody passes it by or floods it.

use crate::app::App;
use farwire_model::token::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn the_audit_names_who_did_what_and_what_came_of_it() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "127.0.0.1", "port": 1}))
        .await;
    app.call_with(
        ("farwire-run", "evening"),
        "PUT",
        &format!("/connection/{uid}/credentials"),
        json!({"vnc.password": "Kanarienvogel"}),
    )
    .await;
    app.ok("GET", "/connections", Value::Null).await;
    let reader = app.token_with(&[Scope::Read, Scope::Reveal]).await;
    let (status, _) = app
        .call_as(
            &reader,
            "GET",
            &format!("/connection/{uid}/credentials?reveal=1"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 200);
    app.call_as(
        &reader,
        "DELETE",
        &format!("/connection/{uid}"),
        Value::Null,
    )
    .await;
    app.call(
        "ACTION",
        &format!("/connection/{uid}/connect?wait=1"),
        Value::Null,
    )
    .await;
    let audit = app.ok("GET", "/audit", Value::Null).await;
    let lines: Vec<_> = audit.as_array().unwrap().iter().rev().collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let path = line["path"].as_str().unwrap().replace(&uid, "UID");
            format!(
                "{} {path} {} {}",
                line["method"].as_str().unwrap(),
                line["status"],
                line["error_code"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "PUT /connection/ 200 null",
            "PUT /connection/UID/credentials 200 null",
            "GET /connection/UID/credentials?reveal=1 200 null",
            "DELETE /connection/UID 403 \"PERMISSION_DENIED\"",
            "ACTION /connection/UID/connect 424 \"INTRA_SERVICE_COMMUNICATION_ERROR\"",
        ]
    );
    assert_eq!(lines[1]["run"], "evening");
    assert_eq!(lines[0]["who_name"], "tests");
    let who = lines[3]["who"].as_str().unwrap();
    let theirs = app
        .ok("GET", &format!("/audit?who={who}"), Value::Null)
        .await;
    assert_eq!(theirs.as_array().unwrap().len(), 2);
    assert!(!audit.to_string().contains("Kanarienvogel"));
    app.stop().await;
}

#[tokio::test]
async fn no_change_passes_the_audit_by() {
    let app = App::start().await;
    for (path, is_told) in [
        ("/group?dry_run=0", true),
        ("/group?dry_run=false", true),
        ("/group?dry_run=1", false),
        ("/group?dry_run=true", false),
        ("/group?dry_run", false),
    ] {
        app.ok("PUT", path, json!({"name": "x"})).await;
        let audit = app.ok("GET", "/audit?limit=1", Value::Null).await;
        let newest = audit[0]["path"] == "/group";
        let count = app.ok("GET", "/audit", Value::Null).await;
        let count = count.as_array().unwrap().len();
        let groups = app.ok("GET", "/groups", Value::Null).await;
        let made = groups.as_array().unwrap().len();
        assert_eq!((newest, count), (true, made), "{path} {is_told}");
    }
    assert_eq!(
        app.ok("GET", "/groups", Value::Null)
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
    app.stop().await;
}

#[tokio::test]
async fn nobody_floods_the_audit() {
    let app = App::start().await;
    let long = "x".repeat(20_000);
    let run = format!("Host: 127.0.0.1\r\nFarwire-Run: {long}\r\n");
    let body = "Content-Type: application/json\r\nContent-Length: 12\r\n";
    // Somebody without a token leaves no line where he is refused.
    let stranger = format!("{run}{body}");
    let refused = app
        .ask("PUT", "/ui/signin", &stranger, "{\"code\":\"a\"}")
        .await;
    assert!(
        [400, 401].contains(&refused.status()),
        "{}",
        refused.status()
    );
    assert_eq!(app.ok("GET", "/audit", Value::Null).await, json!([]));
    // Whoever has one leaves a short line, however long what he asks for is.
    let headers = format!("{run}{}", app.bearer());
    let path = format!("/connection/{long}");
    let refused = app.ask("DELETE", &path, &headers, "").await;
    assert_eq!(refused.status(), 400);
    let headers = format!("Host: 127.0.0.1\r\n{}", app.bearer());
    let refused = app.ask("DELETE", &path, &headers, "").await;
    assert_eq!(refused.status(), 404);
    let audit = app.ok("GET", "/audit", Value::Null).await;
    assert_eq!(audit.as_array().unwrap().len(), 2);
    for line in audit.as_array().unwrap() {
        assert!(line.to_string().len() < 1000, "a short line");
    }
    app.stop().await;
}
