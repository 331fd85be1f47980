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

#[tokio::test]
async fn a_revision_that_somebody_knows_never_comes_again() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "a", "host": "a"})).await;
    let path = format!("/connection/{uid}");
    let credentials = format!("{path}/credentials");
    let revision =
        async |path: &str| app.ok("GET", path, Value::Null).await["revision"].to_string();
    let set = |name: &str| json!({"vnc.username": name});

    // Credentials that were deleted and written anew.
    app.ok("PUT", &credentials, set("first")).await;
    let known = revision(&credentials).await;
    app.ok("DELETE", &credentials, Value::Null).await;
    app.ok("PUT", &credentials, set("second")).await;
    let stale = ("if-match", known.as_str());
    assert_eq!(
        app.call_with(stale, "PUT", &credentials, set("third"))
            .await
            .0,
        412
    );
    let newest = revision(&credentials).await;
    let (status, _) = app
        .call_with(("if-match", &newest), "PUT", &credentials, set("third"))
        .await;
    assert_eq!(status, 200);

    // A machine that an old backup brings back.
    let backup = app.ok("ACTION", "/backups", Value::Null).await;
    app.ok("PUT", &path, json!({"host": "b"})).await;
    let known = revision(&path).await;
    app.ok("PUT", &path, json!({"host": "c"})).await;
    app.ok("DELETE", &path, Value::Null).await;
    let restore = format!("/backup/{}/restore", backup["id"].as_str().unwrap());
    app.ok("ACTION", &restore, Value::Null).await;
    assert_eq!(app.ok("GET", &path, Value::Null).await["host"], "a");
    let stale = ("if-match", known.as_str());
    assert_eq!(
        app.call_with(stale, "PUT", &path, json!({"host": "d"}))
            .await
            .0,
        412
    );
    app.stop().await;
}

#[tokio::test]
async fn another_password_under_the_same_key_is_another_request() {
    let app = App::start().await;
    let key = ("idempotency-key", "order-1");
    let create = async |body: Value| app.call_with(key, "PUT", "/credential", body).await;
    let (status, first) = create(json!({"name": "a", "password": "first"})).await;
    assert_eq!(status, 200);
    let again = json!({"name": "a", "password": "first"});
    assert_eq!(create(again).await, (200, first));
    for other in [
        json!({"name": "a", "password": "second"}),
        json!({"name": "a", "password": null}),
        json!({"name": "a", "key": "first"}),
        json!({"name": "ap", "assword": "first"}),
        json!({"name": "b", "password": "first"}),
    ] {
        let (status, _) = create(other.clone()).await;
        let expected = if other.get("assword").is_some() {
            400
        } else {
            409
        };
        assert_eq!(status, expected, "{other}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_run_has_a_name_that_can_be_taken_back() {
    let app = App::start().await;
    let change = async |run: &str| {
        let body = json!({"name": "of a run"});
        app.call_with(("farwire-run", run), "PUT", "/group", body)
            .await
            .0
    };
    for run in ["a/b c", "..", ".", ".hidden", "/"] {
        assert_eq!(change(run).await, 400, "{run}");
    }
    for (run, path) in [("a b%2F", "a%20b%252F"), ("a\\..?#", "a%5C..%3F%23")] {
        assert_eq!(change(run).await, 200, "{run}");
        app.ok("ACTION", &format!("/run/{path}/undo"), Value::Null)
            .await;
    }
    assert_eq!(app.ok("GET", "/groups", Value::Null).await, json!([]));
    app.stop().await;
}

#[tokio::test]
async fn who_may_read_secrets_gives_that_to_nobody_else_over_the_network() {
    let app = App::with_every_scope().await;
    let body = json!({"name": "x", "scopes": ["read", "reveal"]});
    let (status, answer) = app.call("PUT", "/tokens", body).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (403, Some("scopes"))
    );
    let body = json!({"name": "x", "scopes": ["read", "admin"]});
    app.ok("PUT", "/tokens", body).await;
    app.stop().await;
}
