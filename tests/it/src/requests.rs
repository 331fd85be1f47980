//! How a request is carried out: not at all, once only, at one revision only, and written down.

use crate::app::App;
use farwire_model::token::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "a.example", "vnc.quality": 3}))
        .await;
    let credentials = format!("/connection/{uid}/credentials");
    app.ok("PUT", &credentials, json!({"vnc.password": "p"}))
        .await;
    let before = (app.everything().await, app.newest_change().await);
    let changes = async |method: &str, path: String, body: Value| {
        let answer = app.ok(method, &path, body).await;
        assert_eq!(answer["dry_run"], true);
        answer["changes"].clone()
    };
    let path = format!("/connection/{uid}?dry_run=1");
    let body = json!({"name": "b", "vnc.quality": null, "port": 5901});
    assert_eq!(
        changes("PUT", path.clone(), body).await,
        json!([{"kind": "connection", "id": uid, "name": "b", "action": "update", "fields": [
            {"key": "name", "from": "a", "to": "b", "secret": false},
            {"key": "port", "from": 5900, "to": 5901, "secret": false},
            {"key": "vnc.quality", "from": 3, "to": null, "secret": false},
        ]}])
    );
    let deleted = changes("DELETE", path.clone(), Value::Null).await;
    assert_eq!(deleted.as_array().unwrap().len(), 2, "{deleted}");
    assert_eq!(deleted[0]["action"], "delete");
    let made = changes(
        "PUT",
        "/connection?dry_run".to_owned(),
        json!({"name": "n"}),
    )
    .await;
    assert_eq!(made[0]["action"], "create");
    let written = changes(
        "PUT",
        format!("{credentials}?dry_run=1"),
        json!({"vnc.password": "q"}),
    )
    .await;
    assert_eq!(
        written[0]["fields"],
        json!([{"key": "vnc.password", "from": null, "to": null, "secret": true}])
    );
    let (status, _) = app.call("PUT", &path, json!({"port": 0})).await;
    assert_eq!(status, 400, "mistakes are found");
    let (status, answer) = app
        .call(
            "PUT",
            &format!("/connection/{uid}?dry_run=2"),
            json!({"name": "b"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("dry_run"))
    );
    let (status, answer) = app
        .call("ACTION", "/vault/lock?dry_run=1", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("dry_run"))
    );
    assert_eq!((app.everything().await, app.newest_change().await), before);
    app.stop().await;
}

#[tokio::test]
async fn a_create_asked_for_twice_happens_once() {
    let app = App::start().await;
    let key = ("idempotency-key", "order-4711");
    let create = async |body: Value| app.call_with(key, "PUT", "/connection/", body).await;
    let (status, first) = create(json!({"name": "a"})).await;
    assert_eq!(status, 200);
    assert_eq!(create(json!({"name": "a"})).await, (200, first.clone()));
    let (status, answer) = create(json!({"name": "b"})).await;
    assert_eq!(
        (status, answer["error_code"].as_str()),
        (409, Some("VALUE_DUPLICATE"))
    );
    let (status, _) = app
        .call_with(key, "PUT", "/group", json!({"name": "a"}))
        .await;
    assert_eq!(status, 409, "another path is another request");
    // Many at once, of which none may win twice.
    let many = (0..20).map(|_| {
        app.call_with(
            ("idempotency-key", "many"),
            "PUT",
            "/connection",
            json!({"name": "m"}),
        )
    });
    let made = futures_util::future::join_all(many).await;
    assert!(
        made.iter()
            .all(|answer| answer == &made[0] && answer.0 == 200),
        "{made:?}"
    );
    // Another token's key is another key.
    let other = app.token_with(&[Scope::Write]).await;
    let request = app
        .request("PUT", "/connection")
        .bearer_auth(&other)
        .header(key.0, key.1);
    assert_eq!(
        request
            .json(&json!({"name": "c"}))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        app.everything().await["connections"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let app = app.restart().await;
    let again = app
        .call_with(key, "PUT", "/connection/", json!({"name": "a"}))
        .await;
    assert_eq!(again, (200, first), "also after a restart");
    for (value, path) in [("", "/connection"), ("k", "/settings")] {
        let (status, _) = app
            .call_with((key.0, value), "PUT", path, json!({"name": "x"}))
            .await;
        assert_eq!(status, 400, "{value:?} {path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn of_twenty_who_know_one_revision_one_wins() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "a"})).await;
    for path in [
        format!("/connection/{uid}"),
        format!("/connection/{uid}/credentials"),
    ] {
        let revision = app.ok("GET", &path, Value::Null).await["revision"].to_string();
        let key = if path.ends_with("credentials") {
            "vnc.username"
        } else {
            "name"
        };
        let calls = (0..20).map(|number| {
            let body = json!({ key: format!("writer {number}") });
            app.call_with(("if-match", &revision), "PUT", &path, body)
        });
        // The calls borrow the header's value, so they are driven here.
        let statuses: Vec<_> = futures_util::future::join_all(calls).await;
        let won = statuses.iter().filter(|(status, _)| *status == 200).count();
        let lost = statuses.iter().filter(|(status, _)| *status == 412).count();
        assert_eq!((won, lost), (1, 19), "{path}");
    }
    let (status, _) = app
        .call_with(
            ("if-match", "1"),
            "DELETE",
            &format!("/connection/{uid}"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 400, "a condition that nobody looks at is refused");
    app.stop().await;
}

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
