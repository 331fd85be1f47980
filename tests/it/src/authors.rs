//! Shared credentials go where those send them who wrote them, and back where they went when something is taken back.

use crate::decision::{AWAY, HOME, Scene};
use crate::shared::refused;
use crate::xvnc::PASSWORD;
use farwire_model::token::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn who_wrote_credentials_sends_them_where_he_likes_until_somebody_else_writes() {
    let mut scene = Scene::start().await;
    let script = scene.app.token.clone();
    let own = scene
        .app
        .shared(json!({"name": "own", "password": "mine"}))
        .await;
    let credential = format!("/credential/{own}");
    let group = scene.group(&script, json!({"name": "mine"})).await;
    let within = scene
        .save(&script, AWAY, json!({"category_uid": group}))
        .await;
    let path = format!("/group/{group}");
    scene.app.ok("PUT", &path, json!({"credential": own})).await;
    let first = scene.save(&script, AWAY, json!({"credential": own})).await;
    for uid in [&within, &first] {
        scene.is_sent(uid, "own").await;
    }
    // Another token that may not read secrets either is somebody else.
    let all = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Reveal);
    let other = scene.app.token_with(&all.collect::<Vec<_>>()).await;
    let foreign = scene.save(&other, AWAY, json!({"credential": own})).await;
    scene.is_withheld(&foreign, "another token").await;
    scene
        .app
        .ok(
            "PUT",
            &credential,
            json!({"password": "mine too", "key": "k"}),
        )
        .await;
    // Who wrote them notes something, and decides nothing by that.
    scene.put(&foreign, json!({"notes": "seen"})).await;
    scene.is_withheld(&foreign, "noted").await;
    scene.put(&foreign, json!({"credential": own})).await;
    scene.is_sent(&foreign, "chosen again").await;
    scene
        .owns("PUT", &credential, json!({"username": "operator"}))
        .await;
    let named = scene.save(&script, AWAY, json!({"credential": own})).await;
    scene.is_sent(&named, "a user name is no secret").await;
    scene
        .owns("PUT", &credential, json!({"password": PASSWORD}))
        .await;
    // What somebody else writes into them goes to no machine that the script chose.
    for uid in [&first, &within, &named] {
        scene.is_withheld(uid, "there already").await;
    }
    let later = scene.save(&script, AWAY, json!({"credential": own})).await;
    scene.is_withheld(&later, "later").await;
    let into = scene
        .save(&script, AWAY, json!({"category_uid": group}))
        .await;
    scene.is_withheld(&into, "later, in the group").await;
    // Neither writing over them nor bringing the old ones back makes them the script's again.
    for (method, path, body) in [
        (
            "PUT",
            credential.clone(),
            json!({"password": "mine", "key": null}),
        ),
        ("PUT", credential.clone(), json!({"password": "mine again"})),
    ] {
        scene.app.ok(method, &path, body).await;
        let uid = scene.save(&script, AWAY, json!({"credential": own})).await;
        scene.is_withheld(&uid, "written over").await;
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn secrets_that_are_brought_back_are_nobodys_to_send() {
    let mut scene = Scene::start().await;
    let script = scene.app.token.clone();
    let own = scene
        .app
        .shared(json!({"name": "own", "password": "mine"}))
        .await;
    let credential = format!("/credential/{own}");
    scene
        .owns("PUT", &credential, json!({"password": PASSWORD}))
        .await;
    let written = scene.app.newest_change().await;
    let undo = format!("/history/{written}/undo");
    scene.app.ok("ACTION", &undo, Value::Null).await;
    let between = scene.save(&script, AWAY, json!({"credential": own})).await;
    scene.is_withheld(&between, "the script's own again").await;
    let restore = format!("/history/{written}/restore");
    scene.app.ok("ACTION", &restore, Value::Null).await;
    scene.is_withheld(&between, "the owner's again").await;
    // Deleted and back, too.
    scene
        .app
        .ok("DELETE", &format!("/connection/{between}"), Value::Null)
        .await;
    scene.app.ok("DELETE", &credential, Value::Null).await;
    assert_eq!(scene.undo(1).await.0, 200);
    let uid = scene.save(&script, AWAY, json!({"credential": own})).await;
    scene.is_withheld(&uid, "deleted and back").await;
    scene.app.stop().await;
}

#[tokio::test]
async fn who_takes_back_what_he_did_himself_finds_things_as_they_were() {
    let mut scene = Scene::start().await;
    let inside = json!({"category_uid": scene.plant});
    let uid = scene.save(&scene.owner, AWAY, inside.clone()).await;
    let own = scene
        .save(&scene.owner, AWAY, json!({"credential": scene.shared}))
        .await;
    let marked = scene.save(&scene.app.token, AWAY, inside).await;
    let plant = format!("/group/{}", scene.plant);
    let deleted = format!("/connection/{uid}");
    for (method, path, body) in [
        ("DELETE", deleted.clone(), Value::Null),
        ("DELETE", format!("/connection/{own}"), Value::Null),
        ("PUT", deleted.clone(), json!({"category_uid": null})),
        ("PUT", deleted.clone(), json!({"host": HOME})),
        (
            "PUT",
            format!("/connection/{own}"),
            json!({"credential": null}),
        ),
        ("PUT", plant.clone(), json!({"credential": null})),
        ("DELETE", plant.clone(), Value::Null),
        ("DELETE", format!("{plant}?recursive=1"), Value::Null),
    ] {
        let what = format!("{method} {path} {body}");
        scene.app.ok(method, &path, body).await;
        // Something else that happens meanwhile, which the group's own way back would not see through.
        if !path.starts_with(&plant) {
            scene.save(&scene.owner, HOME, json!({})).await;
            let changes = scene.app.ok("GET", "/history?limit=2", Value::Null).await;
            let undo = format!("/history/{}/undo", changes[1]["id"].as_str().unwrap());
            scene.app.ok("ACTION", &undo, Value::Null).await;
        } else {
            assert_eq!(scene.undo(1).await, (200, String::new()), "{what}");
        }
        for uid in [&uid, &own] {
            scene.is_sent(uid, &what).await;
        }
        scene.is_withheld(&marked, &what).await;
    }
    // What somebody else decided is not taken back by the way.
    let path = format!("/connection/{own}");
    scene.owns("PUT", &path, json!({"credential": null})).await;
    assert_eq!(scene.undo(1).await.0, 200);
    scene.is_withheld(&own, "the owner's decision").await;
    scene.owns("PUT", &plant, json!({"credential": null})).await;
    assert_eq!(scene.undo(1).await, refused(403, "reveal"));
    // Nor past a master key that was replaced, after which the history has gaps.
    scene
        .owns("PUT", &plant, json!({"credential": scene.shared}))
        .await;
    scene.is_sent(&uid, "the owner's again").await;
    scene.app.ok("DELETE", &deleted, Value::Null).await;
    let gone = scene.app.newest_change().await;
    let shared = format!("/credential/{}", scene.shared);
    scene.owns("PUT", &shared, json!({"password": "new"})).await;
    let body = json!({"passphrase": "a passphrase for tests"});
    scene.app.ok("ACTION", "/vault/rotate", body).await;
    let undo = format!("/history/{gone}/undo");
    scene.app.ok("ACTION", &undo, Value::Null).await;
    scene.is_withheld(&uid, "past a replaced key").await;
    scene.app.stop().await;
}
