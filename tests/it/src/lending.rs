//! Who decides that a machine is lent this computer's agent or display: a person, or a token that may read secrets.

use crate::app::App;
use crate::shared::refused;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::path::PathBuf;

/// An owner, who may read secrets, and a script that may do everything else.
struct Scene {
    app: App,
    owner: String,
}

impl Scene {
    async fn owns(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.app.call_as(&self.owner, method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    async fn save(&self, more: Value) -> String {
        let mut body = json!({"name": "far", "protocol": "SSH", "host": "far.example"});
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let made = self.owns("PUT", "/connection", body).await;
        made["uid"].as_str().unwrap().to_owned()
    }

    async fn group(&self, body: Value) -> String {
        let made = self.owns("PUT", "/group", body).await;
        made["group_uid"].as_str().unwrap().to_owned()
    }

    async fn is_refused(&self, method: &str, path: &str, body: Value) {
        let asked = format!("{method} {path} {body}");
        let answer = self
            .app
            .refusal(&self.app.token, (method, path), body)
            .await;
        assert_eq!(answer, refused(403, "reveal"), "{asked}");
    }
}

#[tokio::test]
async fn who_may_not_read_secrets_lends_no_machine_anything() {
    let app = App::start().await;
    let owner = app.token_with(&Scope::ALL).await;
    let scene = Scene { app, owner };
    for key in ["ssh.forward_agent", "ssh.forward_x11"] {
        let (lent, kept) = (json!({key: true}), json!({key: false}));
        let group = scene.group(json!({"name": "lent", key: true})).await;
        let inside = json!({"category_uid": group});
        let new = |more: &Value| {
            let mut body = json!({"name": "new", "protocol": "SSH", "host": "evil.example"});
            let fields = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(fields);
            body
        };
        scene.is_refused("PUT", "/connection", new(&lent)).await;
        scene.is_refused("PUT", "/connection", new(&inside)).await;
        let plain = format!("/connection/{}", scene.save(json!({})).await);
        scene.is_refused("PUT", &plain, lent.clone()).await;
        scene.is_refused("PUT", &plain, inside.clone()).await;
        // What is lent to one machine is not lent to another.
        for lending in [&lent, &inside] {
            let path = format!("/connection/{}", scene.save(lending.clone()).await);
            for moved in [
                json!({"host": "evil.example"}),
                json!({"port": 2222}),
                json!({"ssh.jump": "me@evil.example"}),
                json!({"ssh.config": "evil"}),
            ] {
                scene.is_refused("PUT", &path, moved).await;
            }
            let duplicate = format!("{path}/duplicate");
            scene.is_refused("ACTION", &duplicate, json!({})).await;
            // All else about it is anybody's who may write, and so is lending it no more.
            let harmless = json!({"name": "near", "ssh.keepalive": 5});
            scene.app.ok("PUT", &path, harmless).await;
            scene.app.ok("PUT", &path, kept.clone()).await;
            let moved = json!({"host": "evil.example"});
            scene.app.ok("PUT", &path, moved).await;
            scene.is_refused("PUT", &path, lent.clone()).await;
            if lending == &inside {
                // The group's would be in force again.
                scene.is_refused("PUT", &path, json!({key: null})).await;
            }
        }
        let other = scene.group(json!({"name": "other"})).await;
        let path = format!("/group/{other}");
        let settings = lent.clone();
        scene.is_refused("PUT", &path, settings.clone()).await;
        scene
            .is_refused("PUT", &path, json!({"parent_uid": group}))
            .await;
        scene
            .is_refused(
                "PUT",
                "/group",
                json!({"name": "new", key: true, "parent_uid": other}),
            )
            .await;
        scene.owns("PUT", &path, settings).await;
        scene.app.ok("PUT", &path, json!({"name": "another"})).await;
        // Taking back what ended it would begin it again.
        scene.app.ok("PUT", &path, kept.clone()).await;
        let changes = scene.app.ok("GET", "/history?limit=1", Value::Null).await;
        let undo = format!("/history/{}/undo", changes[0]["id"].as_str().unwrap());
        scene.is_refused("ACTION", &undo, Value::Null).await;
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn who_may_not_read_secrets_shares_no_folder_with_a_machine() {
    let app = App::start().await;
    let owner = app.token_with(&Scope::ALL).await;
    let scene = Scene { app, owner };
    let remote = |more: Value| {
        let mut body = json!({"name": "far", "protocol": "RDP", "host": "far.example"});
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        body
    };
    let lent = json!({"rdp.drive": "/srv/shared"});
    scene
        .is_refused("PUT", "/connection", remote(lent.clone()))
        .await;
    let made = scene.app.ok("PUT", "/connection", remote(json!({}))).await;
    let plain = format!("/connection/{}", made["uid"].as_str().unwrap());
    scene.is_refused("PUT", &plain, lent.clone()).await;
    scene.app.ok("PUT", &plain, json!({"rdp.drive": ""})).await;

    let made = scene.owns("PUT", "/connection", remote(lent.clone())).await;
    let path = format!("/connection/{}", made["uid"].as_str().unwrap());
    for change in [
        json!({"host": "evil.example"}),
        json!({"port": 3390}),
        json!({"rdp.drive": "/"}),
        json!({"rdp.drive": "~/"}),
        json!({"rdp.drive_read_only": false}),
    ] {
        scene.is_refused("PUT", &path, change).await;
    }
    let duplicate = format!("{path}/duplicate");
    scene.is_refused("ACTION", &duplicate, json!({})).await;
    let harmless = json!({"name": "near", "rdp.width": 800, "rdp.drive_read_only": true});
    scene.app.ok("PUT", &path, harmless).await;

    // Farwire's own folder is shared by nobody, nor is one around it.
    for folder in [scene.app.dir.path().join("data"), PathBuf::from("/")] {
        scene.owns("PUT", &path, json!({"rdp.drive": folder})).await;
        let connect = format!("{path}/connect?wait=1");
        let (status, answer) = scene.app.call("ACTION", &connect, Value::Null).await;
        assert_eq!(
            (status.as_u16(), &answer["property"]),
            (409, &json!("rdp.drive")),
            "{answer}"
        );
    }
    scene.owns("PUT", &path, lent.clone()).await;

    // The machine on the way decides where it is.
    let gate = json!({"name": "gate", "protocol": "SSH", "host": "gate.example"});
    let gate = scene.app.ok("PUT", "/connection", gate).await["uid"].take();
    scene.owns("PUT", &path, json!({"via": gate})).await;
    let gate = format!("/connection/{}", gate.as_str().unwrap());
    let elsewhere = [
        json!({"host": "evil.example"}),
        json!({"port": 2222}),
        json!({"ssh.jump": "me@evil.example"}),
        json!({"ssh.config": "evil"}),
    ];
    for change in &elsewhere {
        scene.is_refused("PUT", &gate, change.clone()).await;
    }
    scene
        .app
        .ok("PUT", &gate, json!({"name": "the gate"}))
        .await;
    scene.app.ok("PUT", &path, json!({"rdp.drive": null})).await;
    for change in elsewhere {
        scene.app.ok("PUT", &gate, change).await;
    }
    scene
        .owns(
            "PUT",
            &path,
            json!({"via": null, "rdp.drive": "/srv/shared"}),
        )
        .await;

    // What a group lends, and whether it may be changed, are the same.
    let group = scene
        .group(json!({"name": "lent", "rdp.drive": "/srv"}))
        .await;
    let group = format!("/group/{group}");
    for change in [
        json!({"rdp.drive": "/"}),
        json!({"rdp.drive_read_only": false}),
    ] {
        scene.is_refused("PUT", &group, change).await;
    }
    scene
        .app
        .ok("PUT", &group, json!({"rdp.drive": null}))
        .await;
    scene
        .is_refused("PUT", &group, json!({"rdp.drive": "/srv"}))
        .await;

    scene
        .owns("PUT", &path, json!({"rdp.drive_read_only": false}))
        .await;
    scene
        .app
        .ok("PUT", &path, json!({"rdp.drive_read_only": true}))
        .await;
    scene
        .is_refused("PUT", &path, json!({"rdp.drive_read_only": false}))
        .await;
    scene.app.ok("PUT", &path, json!({"rdp.drive": null})).await;
    scene
        .app
        .ok("PUT", &path, json!({"host": "other.example"}))
        .await;
    scene.app.stop().await;
}
