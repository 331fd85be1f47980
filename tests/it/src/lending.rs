//! Who decides that a machine is lent this computer's agent or display: a person, or a token that may read secrets.

use crate::app::App;
use crate::shared::refused;
use farwire_model::token::Scope;
use serde_json::{Value, json};

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
