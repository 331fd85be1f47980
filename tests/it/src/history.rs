//! What was changed can be taken back.

use crate::app::App;
use farwire_model::token::Scope;
use serde_json::{Value, json};

impl App {
    /// Calls with one more header; answers status and JSON.
    pub async fn call_with(
        &self,
        (name, value): (&str, &str),
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let request = self.request(method, path).bearer_auth(&self.token);
        let response = request
            .header(name, value)
            .json(&body)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn newest_change(&self) -> String {
        let history = self.ok("GET", "/history?limit=1", Value::Null).await;
        history[0]["id"].as_str().unwrap().to_owned()
    }

    async fn undo(&self, change: &str) -> (u16, Value) {
        let path = format!("/history/{change}/undo");
        let (status, answer) = self.call("ACTION", &path, Value::Null).await;
        (status.as_u16(), answer)
    }

    /// Everything a person can see of saved things, without what counts changes.
    pub async fn everything(&self) -> Value {
        let mut connections = self.ok("GET", "/connections", Value::Null).await;
        let mut groups = self.ok("GET", "/groups", Value::Null).await;
        let things = connections.as_array_mut().unwrap().iter_mut();
        for thing in things.chain(groups.as_array_mut().unwrap()) {
            let fields = thing.as_object_mut().unwrap();
            fields.retain(|key, _| !["revision", "modified"].contains(&key.as_str()));
        }
        json!({ "connections": connections, "groups": groups, "trust": self.ok("GET", "/trust", Value::Null).await })
    }
}

#[tokio::test]
async fn every_kind_of_change_can_be_taken_back_and_brought_back() {
    let app = App::start().await;
    let group = app.ok("PUT", "/group", json!({"name": "hall"})).await["group_uid"].clone();
    let group = group.as_str().unwrap();
    let uid = app
        .connection(json!({"name": "a", "host": "a.example", "category_uid": group}))
        .await;
    let connection = format!("/connection/{uid}");
    let credentials = format!("{connection}/credentials");
    app.ok(
        "PUT",
        &credentials,
        json!({"vnc.username": "u", "vnc.password": "first"}),
    )
    .await;
    let fingerprint = format!("SHA256:{}", "A".repeat(43));
    let trust = app
        .ok(
            "PUT",
            "/trust",
            json!({"host": "a.example", "port": 5900, "fingerprint": fingerprint}),
        )
        .await["id"]
        .clone();
    let other = format!("SHA256:{}", "B".repeat(43));
    for (method, path, body) in [
        (
            "PUT",
            connection.clone(),
            json!({"name": "b", "port": 5901, "vnc.quality": 3, "tags": ["x"]}),
        ),
        (
            "PUT",
            credentials.clone(),
            json!({"vnc.username": "v", "vnc.password": "second"}),
        ),
        ("PUT", format!("/group/{group}"), json!({"name": "yard"})),
        (
            "PUT",
            "/trust".to_owned(),
            json!({"host": "a.example", "port": 5900, "fingerprint": other}),
        ),
        (
            "DELETE",
            format!("/trust/{}", trust.as_str().unwrap()),
            Value::Null,
        ),
        ("DELETE", credentials.clone(), Value::Null),
        ("DELETE", connection.clone(), Value::Null),
        ("DELETE", format!("/group/{group}"), Value::Null),
        ("DELETE", format!("/group/{group}?recursive=1"), Value::Null),
        ("PUT", "/group".to_owned(), json!({"name": "new"})),
        ("PUT", "/connection".to_owned(), json!({"name": "new"})),
        ("ACTION", format!("{connection}/duplicate"), Value::Null),
    ] {
        let what = format!("{method} {path} {body}");
        let before = app.everything().await;
        let secrets = app
            .api
            .core()
            .credentials(&uid.as_str().into_id(), true)
            .unwrap()
            .values;
        app.ok(method, &path, body).await;
        let change = app.newest_change().await;
        let after = app.everything().await;
        let (status, answer) = app.undo(&change).await;
        assert_eq!(status, 200, "{what}: {answer}");
        assert_eq!(app.everything().await, before, "{what} taken back");
        let now = app
            .api
            .core()
            .credentials(&uid.as_str().into_id(), true)
            .unwrap()
            .values;
        assert_eq!(format!("{now:?}"), format!("{secrets:?}"), "{what}");
        let (status, answer) = app.undo(&change).await;
        assert_eq!(
            (status, answer["property"].as_str()),
            (409, Some("history")),
            "{what} twice"
        );
        // Taking back the taking back is doing it again.
        let (status, answer) = app.undo(&app.newest_change().await).await;
        assert_eq!(status, 200, "{what} again: {answer}");
        assert_eq!(app.everything().await, after, "{what} done again");
        let (status, _) = app.undo(&change).await;
        assert_eq!(status, 200, "{what} taken back for good");
        assert_eq!(app.everything().await, before, "{what}");
    }
    app.stop().await;
}

trait IntoId {
    fn into_id(self) -> farwire_model::ids::ConnectionId;
}

impl IntoId for &str {
    fn into_id(self) -> farwire_model::ids::ConnectionId {
        farwire_model::ids::ConnectionId::new(self)
    }
}

#[tokio::test]
async fn a_password_that_was_overwritten_comes_back() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "a.example"}))
        .await;
    let path = format!("/connection/{uid}/credentials");
    app.ok("PUT", &path, json!({"vnc.password": "first"})).await;
    app.ok("PUT", &path, json!({"vnc.password": "second"}))
        .await;
    let change = app.newest_change().await;
    let details = app
        .ok("GET", &format!("/history/{change}"), Value::Null)
        .await;
    let field = &details["changes"][0]["fields"][0];
    assert_eq!(
        *field,
        json!({"key": "vnc.password", "from": null, "to": null, "secret": true})
    );
    assert_eq!(app.undo(&change).await.0, 200);
    let reader = app.token_with(&[Scope::Read, Scope::Reveal]).await;
    let reveal = format!("{path}?reveal=1");
    let (_, shown) = app.call_as(&reader, "GET", &reveal, Value::Null).await;
    assert_eq!(shown["vnc.password"], "first");
    app.stop().await;
}

#[tokio::test]
async fn newer_work_is_never_taken_back_with_older() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "a.example"}))
        .await;
    let path = format!("/connection/{uid}");
    app.ok("PUT", &path, json!({"name": "b"})).await;
    let renamed = app.newest_change().await;
    app.ok("PUT", &path, json!({"notes": "newer"})).await;
    let noted = app.newest_change().await;
    let before = app.everything().await;
    let (status, answer) = app.undo(&renamed).await;
    assert_eq!(
        (status, answer["property"].as_str()),
        (409, Some("history"))
    );
    assert!(
        answer["error_message"]
            .as_str()
            .unwrap()
            .contains("changed again since"),
        "{answer}"
    );
    assert_eq!(answer["details"][0]["error_message"], "b");
    assert_eq!(app.everything().await, before);
    // A version can be brought back all the same: it is a change of its own.
    app.ok(
        "ACTION",
        &format!("/history/{renamed}/restore"),
        Value::Null,
    )
    .await;
    let saved = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        (saved["name"].as_str(), saved["notes"].as_str()),
        (Some("b"), Some(""))
    );
    assert_eq!(app.undo(&app.newest_change().await).await.0, 200);
    assert_eq!(app.everything().await, before);
    for change in [noted, renamed] {
        assert_eq!(app.undo(&change).await.0, 200);
    }
    assert_eq!(app.ok("GET", &path, Value::Null).await["name"], "a");
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_machine_comes_back_with_its_password_after_a_restart() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "a.example"}))
        .await;
    app.ok(
        "PUT",
        &format!("/connection/{uid}/credentials"),
        json!({"vnc.password": "kept"}),
    )
    .await;
    app.ok("DELETE", &format!("/connection/{uid}"), Value::Null)
        .await;
    let deleted = app.newest_change().await;
    let app = app.restart().await;
    app.ok(
        "ACTION",
        &format!("/history/{deleted}/restore"),
        Value::Null,
    )
    .await;
    let shown = app
        .api
        .core()
        .credentials(&uid.as_str().into_id(), true)
        .unwrap();
    assert_eq!(shown.values["vnc.password"].expose(), "kept");
    app.stop().await;
}

#[tokio::test]
async fn a_run_is_taken_back_whole() {
    let app = App::start().await;
    let keep = app.connection(json!({"name": "keep"})).await;
    let before = app.everything().await;
    let run = ("farwire-run", "spring cleaning");
    let (_, made) = app
        .call_with(run, "PUT", "/group", json!({"name": "g"}))
        .await;
    let group = made["group_uid"].as_str().unwrap().to_owned();
    for number in 0..20 {
        let body = json!({"name": format!("m{number}"), "category_uid": group});
        let (status, made) = app.call_with(run, "PUT", "/connection", body).await;
        assert_eq!(status, 200, "{made}");
        let path = format!("/connection/{}/credentials", made["uid"].as_str().unwrap());
        let (status, _) = app
            .call_with(run, "PUT", &path, json!({"vnc.password": "p"}))
            .await;
        assert_eq!(status, 200);
    }
    let path = format!("/connection/{keep}");
    app.call_with(run, "PUT", &path, json!({"category_uid": group}))
        .await;
    app.call_with(run, "PUT", &path, json!({"name": "renamed"}))
        .await;
    let listed = app
        .ok("GET", "/history?run=spring%20cleaning", Value::Null)
        .await;
    assert_eq!(listed.as_array().unwrap().len(), 43);
    let undo = "/run/spring%20cleaning/undo";
    let dry = app
        .ok("ACTION", &format!("{undo}?dry_run=1"), Value::Null)
        .await;
    assert_eq!(dry["changes"].as_array().unwrap().len(), 42, "{dry}");
    app.ok("ACTION", undo, Value::Null).await;
    assert_eq!(app.everything().await, before);
    let (status, _) = app.call("ACTION", undo, Value::Null).await;
    assert_eq!(status, 409, "it was taken back before");
    let (status, _) = app.call("ACTION", "/run/nobody/undo", Value::Null).await;
    assert_eq!(status, 404);
    app.stop().await;
}

#[tokio::test]
async fn taking_back_needs_the_scopes_of_what_was_done() {
    let app = App::start().await;
    let fingerprint = format!("SHA256:{}", "A".repeat(43));
    let uid = app
        .connection(json!({"name": "a", "host": "a.example"}))
        .await;
    let writer = app.token_with(&[Scope::Read, Scope::Write]).await;
    for (path, body, scope) in [
        (
            "/trust".to_owned(),
            json!({"host": "a", "port": 1, "fingerprint": fingerprint}),
            "trust",
        ),
        (
            format!("/connection/{uid}/credentials"),
            json!({"vnc.password": "p"}),
            "credentials",
        ),
    ] {
        app.call_with(("farwire-run", scope), "PUT", &path, body)
            .await;
        let change = app.newest_change().await;
        for path in [
            format!("/history/{change}/undo"),
            format!("/history/{change}/restore"),
            format!("/run/{scope}/undo"),
        ] {
            let (status, answer) = app.call_as(&writer, "ACTION", &path, Value::Null).await;
            assert_eq!(
                (status.as_u16(), answer["property"].as_str()),
                (403, Some(scope))
            );
        }
    }
    app.stop().await;
}

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
async fn a_connection_with_newer_credentials_is_not_taken_back() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "a", "host": "a.example"}))
        .await;
    let made = app.newest_change().await;
    let path = format!("/connection/{uid}/credentials");
    app.ok("PUT", &path, json!({"vnc.password": "p"})).await;
    let stored = app.newest_change().await;
    let (status, answer) = app.undo(&made).await;
    assert_eq!((status, &answer["property"]), (409, &json!("history")));
    assert_eq!(answer["details"][0]["error_message"], "a");
    let left = app.ok("GET", &path, Value::Null).await;
    assert_eq!(left["redacted"], json!(["vnc.password"]));
    for change in [stored, made] {
        assert_eq!(app.undo(&change).await.0, 200);
    }
    app.stop().await;
}
