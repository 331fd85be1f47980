//! Who decides that shared credentials go to a machine: a person, whoever wrote them, or a token that may read secrets.

use crate::app::App;
use crate::secrets::{Thief, Visit};
use crate::shared::refused;
use crate::xvnc::PASSWORD;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::time::Duration;

/// A machine of an intruder's, credentials that are none of the intruder's business, and who is who. The intruder has the
/// application's token, which may do everything but read secrets.
pub struct Scene {
    pub app: App,
    pub thief: Thief,
    /// A token that may read secrets.
    pub owner: String,
    /// The owner's credentials.
    pub shared: String,
    /// A group that gives them.
    pub plant: String,
}

impl Scene {
    pub async fn start() -> Self {
        let (app, thief) = (App::start().await, Thief::start().await);
        let owner = app.token_with(&Scope::ALL).await;
        let mut scene = Self {
            app,
            thief,
            owner,
            shared: String::new(),
            plant: String::new(),
        };
        scene.shared = scene.credentials("plant's").await;
        let group = json!({"name": "plant", "credential": scene.shared});
        scene.plant = scene.owns("PUT", "/group", group).await["group_uid"]
            .as_str()
            .unwrap()
            .to_owned();
        scene
    }

    /// What the owner asks for.
    pub async fn owns(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.app.call_as(&self.owner, method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// Credentials that the owner wrote.
    pub async fn credentials(&self, name: &str) -> String {
        let body = json!({"name": name, "password": PASSWORD});
        let made = self.owns("PUT", "/credential", body).await;
        made["credential_uid"].as_str().unwrap().to_owned()
    }

    /// The intruder's machine, or a machine nobody listens on.
    fn machine(&self, host: &str, more: Value) -> Value {
        let mut body = json!({"name": "desk", "host": host, "port": self.thief.port});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    }

    pub async fn save(&self, token: &str, host: &str, more: Value) -> String {
        let body = self.machine(host, more);
        let (status, made) = self.app.call_as(token, "PUT", "/connection", body).await;
        assert_eq!(status, 200, "{made}");
        made["uid"].as_str().unwrap().to_owned()
    }

    pub async fn group(&self, token: &str, body: Value) -> String {
        let (status, made) = self.app.call_as(token, "PUT", "/group", body).await;
        assert_eq!(status, 200, "{made}");
        made["group_uid"].as_str().unwrap().to_owned()
    }

    pub async fn put(&self, uid: &str, body: Value) {
        let path = format!("/connection/{uid}");
        self.app.ok("PUT", &path, body).await;
    }

    /// Takes the newest changes back, as the intruder.
    pub async fn undo(&self, count: usize) -> (u16, String) {
        let path = format!("/history?limit={count}");
        let changes = self.app.ok("GET", &path, Value::Null).await;
        let mut answer = (200, String::new());
        for change in changes.as_array().unwrap() {
            let undo = format!("/history/{}/undo", change["id"].as_str().unwrap());
            let asked = ("ACTION", undo.as_str());
            answer = self.app.refusal(&self.app.token, asked, Value::Null).await;
        }
        answer
    }

    /// Nothing is sent, however a token that may not read secrets asks, and it is said.
    pub async fn is_withheld(&mut self, uid: &str, what: &str) {
        let path = format!("/connection/{uid}");
        let shown = self.app.ok("GET", &path, Value::Null).await;
        assert_eq!(shown["credential_withheld"], true, "{what}");
        for action in ["connect", "connect?wait=1", "observe", "test"] {
            let path = format!("{path}/{action}");
            let asked = self.app.call("ACTION", &path, Value::Null).await;
            let (status, answer) = asked;
            match action {
                "test" => assert_eq!(answer["ok"], false, "{what}: {answer}"),
                _ => {
                    let answered = (status.as_u16(), answer["property"].as_str());
                    assert_eq!(answered, (424, Some("auth")), "{what} {action}: {answer}");
                }
            }
        }
        assert_eq!(self.thief.visits().await, [], "{what}");
    }

    /// They are sent, to the token that may not read secrets too.
    pub async fn is_sent(&mut self, uid: &str, what: &str) {
        self.is_sent_for(&self.app.token.clone(), uid, what).await;
        let path = format!("/connection/{uid}");
        let shown = self.app.ok("GET", &path, Value::Null).await;
        assert_eq!(shown["credential_withheld"], false, "{what}");
    }

    pub async fn is_sent_for(&mut self, token: &str, uid: &str, what: &str) {
        let path = format!("/connection/{uid}/connect");
        let (status, answer) = self.app.call_as(token, "ACTION", &path, Value::Null).await;
        assert_eq!(status, 200, "{what}: {answer}");
        let visit = tokio::time::timeout(Duration::from_secs(30), self.thief.visits.recv());
        assert_eq!(visit.await.expect(what), Some(Visit::Told), "{what}");
        let path = format!("/connection/{uid}/disconnect");
        self.app.ok("ACTION", &path, Value::Null).await;
        self.thief.visits().await;
    }
}

pub const AWAY: &str = "127.0.0.1";
pub const HOME: &str = "127.0.0.2";

#[tokio::test]
async fn who_may_not_read_secrets_sends_those_of_others_to_no_machine() {
    let mut scene = Scene::start().await;
    let script = scene.app.token.clone();
    let chosen = json!({"credential": scene.shared});
    let inside = json!({"category_uid": scene.plant});
    for way in [
        "made with them",
        "chosen",
        "chosen where they were moved to",
        "made in the group",
        "put into the group",
        "moved in the group",
        "moved in a group in the group",
        "given up for the group's",
        "copied in the group",
        "deleted and brought back into the group",
        "deleted and restored into the group",
        "taken back from a group that gave nothing",
    ] {
        let uid = match way {
            "made with them" => scene.save(&script, AWAY, chosen.clone()).await,
            "chosen" => {
                let uid = scene.save(&script, AWAY, json!({})).await;
                scene.put(&uid, chosen.clone()).await;
                uid
            }
            "chosen where they were moved to" => {
                let uid = scene.save(&scene.owner, HOME, chosen.clone()).await;
                scene.put(&uid, json!({"host": AWAY})).await;
                scene.put(&uid, chosen.clone()).await;
                uid
            }
            "made in the group" => scene.save(&script, AWAY, inside.clone()).await,
            "put into the group" => {
                let uid = scene.save(&script, AWAY, json!({})).await;
                scene.put(&uid, inside.clone()).await;
                uid
            }
            "moved in the group" => {
                let uid = scene.save(&scene.owner, HOME, inside.clone()).await;
                scene.put(&uid, json!({"host": AWAY})).await;
                uid
            }
            "moved in a group in the group" => {
                let hall = json!({"name": "hall", "parent_uid": scene.plant});
                let hall = json!({"category_uid": scene.group(&script, hall).await});
                let uid = scene.save(&scene.owner, HOME, hall).await;
                scene.put(&uid, json!({"host": AWAY})).await;
                uid
            }
            "given up for the group's" => {
                let own = json!({"name": "own", "password": "mine"});
                let own = scene.app.shared(own).await;
                let both = json!({"credential": own, "category_uid": scene.plant});
                let uid = scene.save(&script, AWAY, both).await;
                scene.put(&uid, json!({"credential": null})).await;
                uid
            }
            "copied in the group" => {
                let uid = scene.save(&script, AWAY, inside.clone()).await;
                let path = format!("/connection/{uid}/duplicate");
                let copy = scene.app.ok("ACTION", &path, Value::Null).await;
                copy["uid"].as_str().unwrap().to_owned()
            }
            "taken back from a group that gave nothing" => {
                let bare = scene.group(&scene.owner, json!({"name": "bare"})).await;
                let uid = scene
                    .save(&script, AWAY, json!({"category_uid": bare}))
                    .await;
                scene.put(&uid, json!({"category_uid": null})).await;
                let left = scene.app.newest_change().await;
                let path = format!("/group/{bare}");
                scene.owns("PUT", &path, chosen.clone()).await;
                let undo = format!("/history/{left}/undo");
                scene.app.ok("ACTION", &undo, Value::Null).await;
                uid
            }
            _ => {
                let bare = scene.group(&scene.owner, json!({"name": "bare"})).await;
                let uid = scene
                    .save(&script, AWAY, json!({"category_uid": bare}))
                    .await;
                let path = format!("/connection/{uid}");
                scene.app.ok("DELETE", &path, Value::Null).await;
                let deleted = scene.app.newest_change().await;
                let path = format!("/group/{bare}");
                scene.owns("PUT", &path, chosen.clone()).await;
                let verb = if way.contains("restored") {
                    "restore"
                } else {
                    "undo"
                };
                let path = format!("/history/{deleted}/{verb}");
                scene.app.ok("ACTION", &path, Value::Null).await;
                uid
            }
        };
        scene.is_withheld(&uid, way).await;
        // Other fields and a second try decide nothing.
        let path = format!("/connection/{uid}");
        let own = scene.app.ok("GET", &path, Value::Null).await;
        let again = json!({"credential": own["credential"]});
        for change in [json!({"notes": "mine"}), again.clone()] {
            scene.put(&uid, change).await;
        }
        scene.is_withheld(&uid, way).await;
        // A token that may read secrets is free, and what it chooses counts for everybody.
        scene.is_sent_for(&scene.owner.clone(), &uid, way).await;
        scene.is_withheld(&uid, way).await;
        scene.owns("PUT", &path, again).await;
        scene.is_sent(&uid, way).await;
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_person_decides_in_the_page_and_it_outlives_a_restart() {
    let mut scene = Scene::start().await;
    let inside = json!({"category_uid": scene.plant});
    let uid = scene.save(&scene.app.token, AWAY, inside).await;
    let kept = scene
        .save(&scene.app.token, AWAY, json!({"credential": scene.shared}))
        .await;
    scene.app = scene.app.restart().await;
    scene.is_withheld(&uid, "restarted").await;
    let link = scene.app.api.codes.issue();
    let asking = scene.app.request("PUT", "/ui/signin");
    let asking = asking.json(&json!({ "code": link })).send().await.unwrap();
    let signed: Value = asking.json().await.unwrap();
    let person = signed["token"].as_str().unwrap().to_owned();
    let path = format!("/connection/{uid}");
    let (status, _) = scene
        .app
        .call_as(&person, "PUT", &path, json!({"credential": null}))
        .await;
    assert_eq!(status, 200);
    scene.is_sent(&uid, "decided").await;
    scene.app = scene.app.restart().await;
    scene.is_sent(&uid, "restarted").await;
    scene.is_withheld(&kept, "the other one").await;
    scene.app.stop().await;
}

#[tokio::test]
async fn what_was_placed_while_a_group_gave_nothing_gets_nothing_when_it_gives_again() {
    let mut scene = Scene::start().await;
    let script = scene.app.token.clone();
    let inside = json!({"category_uid": scene.plant});
    let moved = scene.save(&scene.owner, HOME, inside.clone()).await;
    let marked = scene.save(&script, AWAY, inside.clone()).await;
    let plant = format!("/group/{}", scene.plant);
    scene
        .app
        .ok("PUT", &plant, json!({"credential": null}))
        .await;
    let emptied = scene.app.newest_change().await;
    scene.put(&moved, json!({"host": AWAY})).await;
    scene.put(&marked, json!({"notes": "laundered"})).await;
    let made = scene.save(&script, AWAY, inside).await;
    // The owner takes the group's change back, and names the machines without a look at where they are.
    let undo = format!("/history/{emptied}/undo");
    scene.owns("ACTION", &undo, Value::Null).await;
    for uid in [&moved, &marked, &made] {
        let path = format!("/connection/{uid}");
        scene.owns("PUT", &path, json!({"name": "press"})).await;
        scene.is_withheld(uid, "given back").await;
    }
    // Credentials of the group's that the owner chooses anew go where the owner put machines.
    let other = scene.credentials("other").await;
    scene
        .owns("PUT", &plant, json!({"credential": other}))
        .await;
    scene.is_withheld(&moved, "given anew").await;
    let path = format!("/connection/{made}");
    for group in [Value::Null, json!(scene.plant)] {
        scene
            .owns("PUT", &path, json!({"category_uid": group}))
            .await;
    }
    scene.is_sent(&made, "put there by the owner").await;
    scene.app.stop().await;
}

#[tokio::test]
async fn where_a_whole_groups_credentials_go_is_decided_by_who_may_read_secrets() {
    let mut scene = Scene::start().await;
    let script = scene.app.token.clone();
    let trap = scene.group(&script, json!({"name": "trap"})).await;
    let inner = scene
        .group(&script, json!({"name": "inner", "parent_uid": trap}))
        .await;
    let uid = scene
        .save(&script, AWAY, json!({"category_uid": inner}))
        .await;
    let own = scene
        .app
        .shared(json!({"name": "own", "password": "mine"}))
        .await;
    let hall = json!({"name": "hall", "parent_uid": scene.plant, "credential": own});
    let hall = scene.group(&script, hall).await;
    let inside = scene
        .save(&script, AWAY, json!({"category_uid": hall}))
        .await;
    for (path, body) in [
        (
            format!("/group/{trap}"),
            json!({"credential": scene.shared}),
        ),
        (
            format!("/group/{inner}"),
            json!({"credential": scene.shared}),
        ),
        (format!("/group/{trap}"), json!({"parent_uid": scene.plant})),
        (
            format!("/group/{inner}"),
            json!({"parent_uid": scene.plant}),
        ),
        (format!("/group/{hall}"), json!({"credential": null})),
    ] {
        for path in [path.clone(), format!("{path}?dry_run=1")] {
            let answer = scene
                .app
                .refusal(&script, ("PUT", &path), body.clone())
                .await;
            assert_eq!(answer, refused(403, "reveal"), "{path} {body}");
        }
    }
    scene.is_sent(&inside, "what the script wrote").await;
    // An empty group may have them: what comes into it later is looked at one by one.
    let empty = json!({"name": "empty", "credential": scene.shared});
    let empty = scene.group(&script, empty).await;
    scene.put(&uid, json!({"category_uid": empty})).await;
    scene.is_withheld(&uid, "into the empty group").await;
    // The group's credentials change, by who may: the machine that was withheld stays so.
    let other = scene.credentials("other").await;
    let path = format!("/group/{empty}");
    scene.owns("PUT", &path, json!({"credential": other})).await;
    scene.is_withheld(&uid, "other credentials").await;
    // Out and in again is no way around.
    for group in [json!(null), json!(empty)] {
        scene.put(&uid, json!({"category_uid": group})).await;
    }
    scene.is_withheld(&uid, "out and in").await;
    // Nor is a detour by credentials of the script's, all of which is taken back.
    let chosen = format!("/connection/{uid}");
    for (path, body) in [
        (&path, json!({"credential": own})),
        (&chosen, json!({"credential": null})),
    ] {
        let asked = scene.app.request("PUT", path).bearer_auth(&script);
        let asked = asked.header("farwire-run", "detour").json(&body);
        assert_eq!(asked.send().await.unwrap().status(), 200, "{path}");
    }
    scene.is_sent(&uid, "the script's own").await;
    scene
        .app
        .ok("ACTION", "/run/detour/undo", Value::Null)
        .await;
    scene.is_withheld(&uid, "the detour is taken back").await;
    scene.app.stop().await;
}
