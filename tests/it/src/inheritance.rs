//! What connections take over from the groups they lie in.

use crate::app::App;
use crate::shared::refused;
use crate::xvnc::{PASSWORD, Xvnc};
use farwire_model::token::Scope;
use serde_json::{Value, json};

impl App {
    async fn group(&self, body: Value) -> String {
        let made = self.ok("PUT", "/group", body).await;
        made["group_uid"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn machines_take_settings_and_credentials_over_from_the_nearest_group() {
    let Some(desk) = Xvnc::start() else { return };
    let app = App::start().await;
    let wrong = app
        .shared(json!({"name": "wrong", "password": "wrong"}))
        .await;
    let right = app
        .shared(json!({"name": "right", "password": PASSWORD}))
        .await;
    let plant = app
        .group(
            json!({"name": "plant", "credential": wrong, "vnc.view_only": true, "vnc.quality": 3}),
        )
        .await;
    let hall = app
        .group(json!({"name": "hall", "parent_uid": plant, "credential": right, "vnc.quality": 5}))
        .await;
    let listed = app.ok("GET", "/groups", Value::Null).await;
    assert_eq!(listed[0]["settings"], json!({"vnc.quality": 5}), "{listed}");
    assert_eq!(listed[0]["credential"], right.as_str());
    let uid = app
        .connection(
            json!({"name": "desk", "host": "127.0.0.1", "port": desk.port, "category_uid": hall}),
        )
        .await;
    let path = format!("/connection/{uid}");
    let opened = async || {
        let session = app.open(&uid).await;
        let view = app
            .ok("GET", &format!("/session/{session}"), Value::Null)
            .await;
        app.ok("ACTION", &format!("{path}/disconnect"), Value::Null)
            .await;
        (view["view_only"].clone(), view["quality"].clone())
    };
    // Its own record says nothing of it.
    assert_eq!(
        app.ok("GET", &path, Value::Null).await["settings"],
        json!({})
    );
    assert_eq!(opened().await, (json!(true), json!(5)));
    // A word of its own goes first, also one that is the usual one; null gives it back.
    app.ok(
        "PUT",
        &path,
        json!({"vnc.view_only": false, "vnc.quality": "auto", "vnc.compression": "auto"}),
    )
    .await;
    assert_eq!(opened().await, (json!(false), json!("auto")));
    app.ok(
        "PUT",
        &path,
        json!({"vnc.view_only": null, "vnc.quality": null, "vnc.compression": null}),
    )
    .await;
    app.ok(
        "PUT",
        &format!("/group/{hall}"),
        json!({"vnc.quality": null}),
    )
    .await;
    assert_eq!(opened().await, (json!(true), json!(3)));
    // Credentials of its own too.
    let connect = format!("{path}/connect?wait=1");
    let open = ("ACTION", connect.as_str());
    app.ok(
        "PUT",
        &format!("{path}/credentials"),
        json!({"vnc.password": "own"}),
    )
    .await;
    assert_eq!(
        app.refusal(&app.token, open, Value::Null).await,
        refused(424, "auth")
    );
    app.ok("DELETE", &format!("{path}/credentials"), Value::Null)
        .await;
    app.ok("PUT", &path, json!({"credential": wrong})).await;
    assert_eq!(
        app.refusal(&app.token, open, Value::Null).await,
        refused(424, "auth")
    );
    app.ok("PUT", &path, json!({"credential": null})).await;
    assert_eq!(opened().await, (json!(true), json!(3)));
    // The group around it, once the nearest says nothing.
    app.ok(
        "PUT",
        &format!("/group/{hall}"),
        json!({"credential": null}),
    )
    .await;
    assert_eq!(
        app.refusal(&app.token, open, Value::Null).await,
        refused(424, "auth")
    );
    // What a group gives is counted, and not deleted under it.
    let one = app
        .ok("GET", &format!("/credential/{wrong}"), Value::Null)
        .await;
    assert_eq!(one["used_by"], 1, "{one}");
    let counts = app.ok("GET", "/credentials", Value::Null).await;
    let used: Vec<_> = counts
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["name"], &one["used_by"]))
        .collect();
    assert_eq!(
        used,
        [(&json!("right"), &json!(0)), (&json!("wrong"), &json!(1))]
    );
    let delete = format!("/credential/{wrong}");
    let answer = app
        .refusal(&app.token, ("DELETE", &delete), Value::Null)
        .await;
    assert_eq!(answer, refused(409, "credential"));
    // Changes of groups are remembered with what they say.
    let change = app.newest_change().await;
    let shown = app
        .ok("GET", &format!("/history/{change}"), Value::Null)
        .await;
    let fields = json!([{"key": "credential", "from": right, "to": null, "secret": false}]);
    assert_eq!(shown["changes"][0]["fields"], fields);
    app.ok("ACTION", &format!("/history/{change}/undo"), Value::Null)
        .await;
    assert_eq!(opened().await, (json!(true), json!(3)));
    let app = app.restart().await;
    app.open(&uid).await;
    app.stop().await;
}

#[tokio::test]
async fn a_group_refuses_what_a_connection_would() {
    let app = App::start().await;
    let group = app.group(json!({"name": "plant"})).await;
    let path = format!("/group/{group}");
    for (body, refusal) in [
        (json!({"vnc.quality": 10}), refused(400, "vnc.quality")),
        (
            json!({"vnc.compression": 10}),
            refused(400, "vnc.compression"),
        ),
        (
            json!({"vnc.compression": "lossless"}),
            refused(400, "vnc.compression"),
        ),
        (json!({"vnc.colours": true}), refused(400, "vnc.colours")),
        (json!({"host": "a"}), refused(400, "host")),
        (json!({"credential": "k_none"}), refused(400, "credential")),
    ] {
        for path in [path.as_str(), "/group"] {
            let mut body = body.clone();
            body["name"] = "plant".into();
            assert_eq!(
                app.refusal(&app.token, ("PUT", path), body.clone()).await,
                refusal,
                "{body}"
            );
        }
    }
    app.stop().await;
}

/// A group's password goes to every machine in it: who could put his own machine there could read it.
#[tokio::test]
async fn who_may_only_write_turns_a_groups_credentials_to_no_other_machine() {
    let app = App::start().await;
    let shared = app.shared(json!({"name": "s", "password": PASSWORD})).await;
    let plant = app
        .group(json!({"name": "plant", "credential": shared}))
        .await;
    let hall = app
        .group(json!({"name": "hall", "parent_uid": plant}))
        .await;
    let place = json!({"name": "desk", "host": "desk.example", "category_uid": hall});
    let desk = app.connection(place).await;
    let writer = app.token_with(&[Scope::Read, Scope::Write]).await;
    let mine = json!({"name": "mine", "host": "mine.example"});
    let (_, made) = app.call_as(&writer, "PUT", "/connection", mine).await;
    let mine = made["uid"].as_str().unwrap().to_owned();
    let (_, made) = app
        .call_as(&writer, "PUT", "/group", json!({"name": "trap"}))
        .await;
    let trap = made["group_uid"].as_str().unwrap().to_owned();
    let into_trap = json!({"category_uid": trap});
    let (status, _) = app
        .call_as(&writer, "PUT", &format!("/connection/{mine}"), into_trap)
        .await;
    assert_eq!(status, 200);
    let desk_path = format!("/connection/{desk}");
    let attempts = [
        ("PUT", desk_path.clone(), json!({"host": "mine.example"})),
        ("PUT", desk_path.clone(), json!({"port": 5999})),
        ("PUT", desk_path.clone(), json!({"protocol": "APPLE"})),
        (
            "PUT",
            "/connection".to_owned(),
            json!({"name": "new", "host": "mine.example", "category_uid": hall}),
        ),
        (
            "PUT",
            format!("/connection/{mine}"),
            json!({"category_uid": plant}),
        ),
        ("PUT", format!("/group/{trap}"), json!({"parent_uid": hall})),
        (
            "PUT",
            format!("/group/{trap}"),
            json!({"credential": shared}),
        ),
        ("PUT", format!("/group/{hall}"), json!({"credential": null})),
        (
            "PUT",
            "/group".to_owned(),
            json!({"name": "new", "credential": shared}),
        ),
    ];
    for (method, path, body) in attempts {
        for path in [path.clone(), format!("{path}?dry_run=1")] {
            let answer = app.refusal(&writer, (method, &path), body.clone()).await;
            assert_eq!(
                answer,
                refused(403, "credentials"),
                "{method} {path} {body}"
            );
        }
    }
    // What sends nothing elsewhere is free: other fields, a way out, a group beside it.
    for (path, body) in [
        (
            desk_path.clone(),
            json!({"notes": "by the door", "vnc.quality": 4}),
        ),
        (
            format!("/group/{hall}"),
            json!({"name": "hall 2", "vnc.quality": 3}),
        ),
        (
            "/group".to_owned(),
            json!({"name": "empty", "parent_uid": plant}),
        ),
        (desk_path.clone(), json!({"category_uid": null})),
        (desk_path.clone(), json!({"host": "mine.example"})),
    ] {
        let (status, answer) = app.call_as(&writer, "PUT", &path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    // Nor by the back door: moved while it was out, the way out cannot be taken back past that, nor by who may only write.
    let newest = async |skipped: usize| {
        let path = format!("/history?limit={}", skipped + 1);
        let changes = app.ok("GET", &path, Value::Null).await;
        changes[skipped]["id"].as_str().unwrap().to_owned()
    };
    let back = format!("/history/{}/undo", newest(1).await);
    let answer = app.refusal(&writer, ("ACTION", &back), Value::Null).await;
    assert_eq!(answer, refused(409, "history"));
    let moved = format!("/history/{}/undo", newest(0).await);
    let (status, answer) = app.call_as(&writer, "ACTION", &moved, Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    let home = app.refusal(&writer, ("ACTION", &back), Value::Null).await;
    assert_eq!(home, refused(403, "credentials"));
    app.ok("ACTION", &back, Value::Null).await;
    assert_eq!(
        app.ok("GET", &desk_path, Value::Null).await["category_uid"],
        hall.as_str()
    );
    app.stop().await;
}
