//! The same request asked twice, and many at once.

use crate::app::App;
use farwire_model::token::Scope;
use serde_json::{Value, json};

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
async fn a_condition_that_cannot_be_read_is_not_passed_over() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "a"})).await;
    let target = format!("/connection/{uid}");
    let body = "{\"name\": \"b\"}";
    for line in [
        "If-Match: \u{fc}",
        "If-Match: 1\r\nIf-Match: 2",
        "If-Match: 1, 2",
        "If-Match:",
        "Farwire-Run: \u{fc}",
        "Idempotency-Key: \u{fc}",
        "Idempotency-Key: a",
    ] {
        let headers = format!(
            "Host: 127.0.0.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n{line}\r\n",
            app.bearer(),
            body.len()
        );
        let answer = app.ask("PUT", &target, &headers, body).await;
        assert_eq!(answer.status(), 400, "{line}: {}", answer.text);
    }
    assert_eq!(app.ok("GET", &target, Value::Null).await["name"], "a");
    app.stop().await;
}
